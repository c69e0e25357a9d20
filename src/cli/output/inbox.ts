/** Prints the unread messages of an account. */

import { tsvLine } from "../../base/text.ts";
import { formatUtc } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import type { Inbox, InboxCall, InboxPlace } from "../../core/client/inbox.ts";
import { plainLine } from "../../core/markup/plain.ts";
import { roomTitle } from "../../ui/text/target-text.ts";
import { alignedCells, type JsonOutput } from "./render.ts";
import { when } from "./spoken.ts";

/** Sections show the newest rows of longer lists. */
export const INBOX_ROWS_MAX = 20;
/** Calls and messages are cut to one line of a wide terminal. */
const TEXT_UNITS_MAX = 300;

export const CALL_SIGNS: Readonly<Record<InboxCall["reason"], string>> = {
  mention: "@",
  reply: "↪",
  thread: "↪",
  keyword: "∗",
  everyone: "!",
  hand: "✋",
  invite: "+",
};

export interface PlaceNames {
  readonly kind: "room" | "person" | "group";
  /** The field by which scripts find the place again. */
  readonly fields: { readonly room: string; readonly title?: string } | { readonly with: string };
  readonly name: string;
  /** Name on a screen. */
  readonly shown: string;
}

export function placeNames(room: InboxCall["room"]): PlaceNames {
  const { kind, name: own, title, people } = room;
  if (kind === "person") return { kind, fields: { with: own }, name: `@${own}`, shown: `@${own}` };
  if (people === undefined) {
    const fields = { room: own, ...defined({ title }) };
    return { kind, fields, name: `#${own}`, shown: roomTitle(room) };
  }
  const name = people.map((person) => `@${person}`).join(",");
  return { kind: "group", fields: { with: people.join(",") }, name, shown: name };
}

export function inboxJson({ calls, people, threads, rooms, ...counts }: Inbox): JsonOutput[] {
  const { since, callCount, unread } = counts;
  const time = (unixMs: number | undefined) => unixMs && formatUtc(unixMs);
  return [
    ...calls.map(({ reason, seq, timeUnixMs, room, from, text }) =>
      defined({
        kind: "call",
        reason,
        seq,
        time: time(timeUnixMs),
        ...placeNames(room).fields,
        from,
        text,
      }),
    ),
    ...[...people, ...threads, ...rooms].map((place) =>
      defined({
        kind: "unread",
        ...placeNames(place.room).fields,
        thread: place.thread,
        unread: place.unread,
        calls: place.calls,
        firstUnread: place.first,
        sealed: place.room.isSealed === true || undefined,
      }),
    ),
    { kind: "inbox", calls: callCount, unread, ...defined({ since: time(since) }) },
  ];
}

/** Lines with the fields kind, time, place, unread, calls, author and text. */
export function inboxLines({ calls, people, threads, rooms }: Inbox): string {
  const time = (unixMs: number | undefined) => (unixMs === undefined ? "" : formatUtc(unixMs));
  const ofCall = ({ reason, timeUnixMs, room, from = "", text = "" }: InboxCall) => {
    return [reason, time(timeUnixMs), placeNames(room).name, "", "", from, text];
  };
  const ofPlace = ({ room, thread, unread, calls: count, last }: InboxPlace) => {
    const { kind, name } = placeNames(room);
    const place = [thread === undefined ? kind : "thread", time(last?.timeUnixMs), name];
    return [...place, String(unread), String(count), last?.from ?? "", last?.text ?? ""];
  };
  const rows = [...calls.map(ofCall), ...[...people, ...threads, ...rooms].map(ofPlace)];
  return rows.map(tsvLine).join("");
}

export function inboxText(inbox: Inbox, columns: number): string {
  const { calls, people, threads, rooms, since, callCount, unread } = inbox;
  const callRows = calls.map(({ reason, timeUnixMs, room, from = "", text = "" }) => {
    const said = reason === "invite" ? `${from} invites you` : text;
    const called = reason === "hand" ? `${from || "a moderator"} calls on you` : said;
    return [when(timeUnixMs), CALL_SIGNS[reason], placeNames(room).shown, from, oneLine(called)];
  });
  const rowOf = ({ room, thread, unread: count, calls: called, last }: InboxPlace) => {
    const at = thread === undefined && called > 0 ? `@${called} ${count}` : `${count}`;
    // The server sees neither texts nor calls in encrypted rooms.
    const words = room.isSealed === true ? "encrypted" : oneLine(last?.text ?? "");
    const text = last === undefined ? "" : `${last.from ?? ""}: ${words}`;
    return [when(last?.timeUnixMs), at, placeNames(room).shown, text];
  };
  const section = (title: string, rows: readonly (readonly string[])[], all: number) => {
    if (rows.length === 0) return [];
    const shown = alignedCells(rows.slice(0, INBOX_ROWS_MAX), columns - 2).map((row) => `  ${row}`);
    const more = all - Math.min(rows.length, INBOX_ROWS_MAX);
    return [title, ...shown, ...(more > 0 ? [`  ${more} more`] : [])];
  };
  const lines = [
    ...section("For you", callRows, Math.max(callCount, callRows.length)),
    ...section("People", people.map(rowOf), people.length),
    ...section("Threads", threads.map(rowOf), threads.length),
    ...section("Rooms", rooms.map(rowOf), rooms.length),
  ];
  const from = since === undefined ? "" : ` since ${when(since)}`;
  const sum = `${callCount} for you, ${unread} unread${from}. To read: chat join`;
  return `${[...lines, sum].join("\n")}\n`;
}

function oneLine(text: string): string {
  return plainLine(text, TEXT_UNITS_MAX);
}
