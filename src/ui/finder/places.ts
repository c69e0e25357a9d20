/** People, rooms, groups and threads that the finder offers. */

import { isGroupName } from "../../base/names.ts";
import { subtitleOf } from "../../core/client/chat-record.ts";
import type { Candidate } from "../../core/finder/finder.ts";
import { itemAt } from "../../core/model/item.ts";
import { shownName } from "../../core/model/people.ts";
import {
  followedThreads,
  knownNames,
  type RoomListEntry,
  roomList,
  roomOf,
} from "../../core/model/selectors.ts";
import type { Model, RoomState } from "../../core/model/state.ts";
import type { Texts } from "../messages/en/page.ts";
import { placeTitle, withoutSign } from "../text/target-text.ts";

export interface PlaceRow extends Candidate {
  readonly kind: "people" | "rooms" | "threads";
  /** As of a room of the model, such as `lobby` or `@ana`. */
  readonly target: string;
  /** First message of a thread. */
  readonly root?: number;
  readonly unread: number;
  readonly calls: number;
}

type TitleTexts = Pick<Texts, "ownBox" | "boxOf">;

/**
 * Returns places that call, then unread ones, then the last active, then people without a
 * conversation, and the open place last. All are in the model, so that none is hidden from the
 * user.
 */
export function placeRows(model: Model, texts: TitleTexts): readonly PlaceRow[] {
  const { rooms, people } = roomList(model);
  const order = ({ isOpen, isMuted, mentions, badge }: RoomListEntry) =>
    isOpen ? 3 : mentions > 0 && !isMuted ? 0 : badge > 0 ? 1 : 2;
  const listed = [...rooms, ...people].toSorted(
    (a, b) => order(a) - order(b) || b.activeSeq - a.activeSeq,
  );
  const statuses = statusesOf(model);
  const known = new Set(people.map(({ target }) => target.toLowerCase()));
  const others = knownNames(model).filter((name) => !known.has(`@${name}`.toLowerCase()));
  const counts = ({ badge, mentions }: RoomListEntry) => ({ unread: badge, calls: mentions });
  return [
    ...listed.map((line) =>
      line.kind === "person"
        ? personRow(model, line.target.slice(1), statuses, counts(line))
        : roomRow(model, line.target, texts, counts(line)),
    ),
    ...others.map((name) => personRow(model, name, statuses, { unread: 0, calls: 0 })),
    ...threadRows(model, texts),
  ];
}

type Counts = Pick<PlaceRow, "unread" | "calls">;

function personRow(
  model: Model,
  name: string,
  statuses: ReadonlyMap<string, string>,
  counts: Counts,
): PlaceRow {
  const target = `@${name}`;
  const shown = shownName(model, name);
  const status = statuses.get(name.toLowerCase());
  const texts = status === undefined ? [] : [status];
  const names = shown === name ? [name] : [shown, name];
  return { kind: "people", id: target, target, names, texts, ...counts };
}

function roomRow(model: Model, target: string, texts: TitleTexts, counts: Counts): PlaceRow {
  const room = roomOf(model, target);
  const title = withoutSign(target, placeTitle(model, target, texts));
  const names = isGroupName(target) || title === target ? [title] : [title, target];
  const subtitle = room === undefined ? "" : subtitleOf(room);
  return {
    kind: "rooms",
    id: `#${target}`,
    target,
    names,
    texts: subtitle === "" ? [] : [subtitle],
    ...counts,
  };
}

function threadRows(model: Model, texts: TitleTexts): readonly PlaceRow[] {
  return followedThreads(model).flatMap(({ seq, room: id, unread, isUnread }) => {
    const room = model.rooms.get(id);
    const text = room && rootText(room, seq);
    if (room === undefined || text === undefined || text === "") return [];
    const title = placeTitle(model, room.target, texts);
    return [
      {
        kind: "threads" as const,
        id: `#${seq}`,
        target: room.target,
        root: seq,
        names: [],
        texts: [text, title],
        unread: isUnread ? Math.max(1, unread) : 0,
        calls: 0,
      },
    ];
  });
}

/** `undefined` if the first message is not loaded. */
function rootText({ tail, jump, thread }: RoomState, seq: number): string | undefined {
  const ranges = [tail, jump, thread?.root === seq ? thread : undefined];
  const root = ranges.map((range) => range && itemAt(range.items, seq)).find(Boolean);
  return root?.state === "whole" ? root.text : undefined;
}

function statusesOf(model: Model): ReadonlyMap<string, string> {
  const statuses = new Map<string, string>();
  for (const { members = [] } of model.rooms.values())
    for (const { name, status } of members)
      if (status !== undefined) statuses.set(name.toLowerCase(), status);
  return statuses;
}
