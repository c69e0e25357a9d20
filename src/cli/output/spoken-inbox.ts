/** The inbox in line mode on a terminal, as a screen reader says it. */

import { cleanText } from "../../base/text.ts";
import { titleOf } from "../../core/client/chat-record.ts";
import type { Inbox, InboxCall, InboxPlace } from "../../core/client/inbox.ts";
import { plainLine } from "../../core/markup/plain.ts";
import { cutToWidth, wrapMarked } from "../word-wrap.ts";
import { INBOX_ROWS_MAX } from "./inbox.ts";
import { when } from "./spoken.ts";

/** The newest call may fill two rows, each other one has one. */
const FIRST_ROWS = 2;
const CALL_UNITS_MAX = 500;

export interface SpokenInboxStyle {
  readonly columns: number;
  readonly nameOf: (account: string) => string;
  /** Returns the text of the message that began a thread, if it is known. */
  readonly rootText: (thread: number) => string | undefined;
}

/** `muted` are places that the inbox does not count. */
export function spokenInbox(
  inbox: Inbox,
  muted: readonly InboxPlace[],
  style: SpokenInboxStyle,
): readonly string[] {
  const { calls, people, threads, rooms, callCount } = inbox;
  const { columns, rootText } = style;
  const listed = calls.slice(0, INBOX_ROWS_MAX);
  const more = Math.max(callCount, calls.length) - listed.length;
  const callRows = listed.flatMap((call, at) => {
    const mark = `  ${at + 1}. `;
    const line = mark + cleanText(plainLine(spokenCall(call, style), CALL_UNITS_MAX));
    const rows = wrapMarked(line, columns, " ".repeat(mark.length)).split("\n");
    return at === 0 && rows.length <= FIRST_ROWS ? rows : [cutToWidth(line, columns)];
  });
  const names = (places: readonly InboxPlace[], nameOf: (place: InboxPlace) => string) => {
    const texts = places.slice(0, INBOX_ROWS_MAX).map(nameOf);
    const others = places.length - texts.length;
    return [...texts, ...(others > 0 ? [`${others} more`] : [])].join(", ");
  };
  const section = (
    title: string,
    places: readonly InboxPlace[],
    nameOf = ({ room, unread }: InboxPlace) => `${spokenPlace(room, style)} ${unread}`,
  ) => {
    if (places.length === 0) return [];
    return wrapMarked(`${title}: ${names(places, nameOf)}.`, columns, "  ").split("\n");
  };
  const ofThread = ({ room, thread = 0, unread }: InboxPlace) => {
    const root = plainLine(rootText(thread) ?? "a thread", ROOT_UNITS_MAX);
    return `${root} ${unread}, in ${spokenPlace(room, style)}`;
  };
  const first = callRows.length === 0 ? "" : " To go to the first: /go 1.";
  return [
    `${inboxSum(inbox)}.`,
    ...(callRows.length === 0 ? [] : ["For you:"]),
    ...callRows,
    ...(more > 0 ? [`  ${more} more.`] : []),
    ...section("People", people),
    ...section("Threads", threads, ofThread),
    ...section("Rooms", rooms),
    ...section("Muted", muted),
    `To read on: an empty line.${first} Help: /help`,
  ];
}

const ROOT_UNITS_MAX = 60;

/** Numbers of what calls the account, and of all unread messages. */
export function inboxSum({ callCount, unread, since }: Inbox): string {
  const calls = callCount > 0 ? `${callCount} for you, ` : "";
  return `${calls}${unread} unread${since === undefined ? "" : ` since ${when(since)}`}`;
}

/** Line of a call, with its whole text. */
export function spokenCall(call: InboxCall, style: Pick<SpokenInboxStyle, "nameOf">): string {
  const { reason, room, timeUnixMs, text = "" } = call;
  const place = spokenPlace(room, style);
  const unknown = reason === "hand" ? "A moderator" : "The server";
  const from = call.from === undefined ? unknown : style.nameOf(call.from);
  if (reason === "hand") return `${from} calls on you in ${place}. To end: /hand`;
  if (reason === "invite") return `${from} invites you to ${place}. To join: /join ${room.name}`;
  return `${from} ${CALL_WORDS[reason]} in ${place}, ${when(timeUnixMs)}: ${text}`;
}

const CALL_WORDS: Readonly<Record<Exclude<InboxCall["reason"], "hand" | "invite">, string>> = {
  mention: "mentions you",
  reply: "answers you",
  thread: "answers in a thread",
  keyword: "names a keyword of yours",
  everyone: "calls everyone",
};

/** Name of a place on a screen, without a sign. */
export function spokenPlace(
  { kind, name, title, topic = "", people }: InboxCall["room"],
  { nameOf }: Pick<SpokenInboxStyle, "nameOf">,
): string {
  return kind === "person" ? nameOf(name) : cleanText(titleOf({ name, title, topic, people }));
}
