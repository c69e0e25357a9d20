/** Output of `/rooms`, with unread counts. */

import { type RoomView, shownTitle } from "../../core/client/chat-record.ts";
import type { Model } from "../../core/model/state.ts";
import type { TerminalMessage } from "../../ui/messages/en/terminal.ts";
import type { Answer } from "../../wire/messages.ts";
import type { Destination } from "../output/render.ts";
import { destinationOfTarget } from "./post.ts";

export type Unread = Destination & { readonly count: number };

export function unreadOf(model: Model, rooms: readonly RoomView[]): Unread[] {
  return rooms
    .map((room) => ({ ...destinationOfTarget(room), count: model.rooms.get(room.id)?.unread ?? 0 }))
    .filter(({ count }) => count > 0);
}

export function roomsLine(
  rooms: Answer<"rooms">["rooms"],
  people: readonly { readonly user: string; readonly unread: number }[],
  groups: readonly { readonly title: string; readonly unread: number }[],
): TerminalMessage {
  return (texts) => {
    const unreadText = (unread = 0) => (unread > 0 ? [texts.unread(unread)] : []);
    const roomTexts = rooms.map(({ room, title: sent, members, joined, unread }) => {
      const title = shownTitle(sent);
      const notes = [String(members), ...(joined ? [texts.joined] : []), ...unreadText(unread)];
      if (title !== undefined) notes.unshift(room);
      return `${title ?? room} (${notes.join(", ")})`;
    });
    const names = people.map(({ user, unread }) => ({ title: `@${user}`, unread }));
    const partners = [...names, ...groups].map(({ title, unread }) =>
      [title, ...unreadText(unread)].join(" "),
    );
    const list = texts.roomList(roomTexts.join(", "));
    if (partners.length === 0) return list;
    return `${list}; ${texts.conversationList(partners.join(", "))}`;
  };
}
