/** Formats the target of a message for display. */

import { boxNames } from "../../base/names.ts";
import { cleanText } from "../../base/text.ts";
import { type RoomView, titleOf } from "../../core/client/chat-record.ts";
import { isSameName } from "../../core/model/item.ts";
import { roomOf } from "../../core/model/selectors.ts";
import type { Model } from "../../core/model/state.ts";
import type { Texts } from "../messages/en/page.ts";
import { personText } from "./person-text.ts";

/**
 * Name of a place on a screen: display name of a room, title of a group, or name of a room or user
 * with its sign.
 */
export function targetTitle(model: Pick<Model, "rooms">, target: string): string {
  const room = roomOf(model, target);
  return room === undefined ? targetText(target) : roomTitle(room, target);
}

/** The same for a room that the model may not have. */
export function roomTitle(
  room: Pick<RoomView, "name" | "title"> & Partial<RoomView>,
  target = room.name,
): string {
  const title = titleOf({ topic: "", ...room });
  return title === room.name ? targetText(target) : cleanText(title);
}

/** Title for people, who type no account or box here: display names, and whose work a box holds. */
export function placeTitle(
  model: Pick<Model, "rooms" | "displayNames" | "me">,
  target: string,
  texts: Pick<Texts, "ownBox" | "boxOf">,
): string {
  const box = boxNames(target);
  if (box !== undefined) {
    const room = targetTitle(model, box.room);
    if (isSameName(box.user, model.me)) return texts.ownBox(room);
    return texts.boxOf(personText(model, box.user), room);
  }
  if (!target.startsWith("@")) return targetTitle(model, target);
  const name = target.slice(1);
  const shown = personText(model, name);
  return shown === cleanText(name) ? targetText(target) : shown;
}

/** Title beside an icon with the sign of a room. A person's name may begin with it. */
export function withoutSign(target: string | undefined, title: string): string {
  return target?.startsWith("@") === true ? title : title.replace(/^#/, "");
}

export function targetText(target: string): string {
  const name = cleanText(target);
  return name.startsWith("@") ? name : `#${name}`;
}
