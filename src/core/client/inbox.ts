/** Unread messages of an account, in the order in which they concern it. */

import type { Sha256 } from "../../base/ids.ts";
import { defined } from "../../base/values.ts";
import type { Answer, CallReason } from "../../wire/messages.ts";
import { filesIn } from "../rooms/files.ts";
import { type ChatRecord, type RoomView, readPage, roomViewOf } from "./chat-record.ts";

export interface InboxMessage {
  readonly seq: number;
  /** Number in its room, of a message that the server has listed. */
  readonly n?: number;
  readonly timeUnixMs: number;
  readonly from: string | undefined;
  /** Text of the last edit, or else the names of the files. */
  readonly text: string;
}

/** `hand`: a moderator has called on the account, whose hand was raised. */
export interface InboxCall extends Partial<InboxMessage> {
  readonly reason: CallReason | "hand" | "invite";
  /** The room to which the account is invited has no entry. */
  readonly room: Pick<RoomView, "kind" | "name"> & Partial<RoomView>;
  readonly from: string | undefined;
}

export interface InboxPlace {
  readonly room: RoomView;
  /** Root of a followed thread. */
  readonly thread?: number;
  readonly unread: number;
  readonly calls: number;
  /** Seq of the first unread message. */
  readonly first?: number | undefined;
  readonly last?: InboxMessage | undefined;
  readonly isMuted: boolean;
}

export interface Inbox {
  /** A call on a raised hand, then invitations, then messages, the newest first. */
  readonly calls: readonly InboxCall[];
  readonly people: readonly InboxPlace[];
  readonly threads: readonly InboxPlace[];
  /** Rooms with calls come first. */
  readonly rooms: readonly InboxPlace[];
  /** Time of the first unread message in Unix ms. */
  readonly since?: number | undefined;
  /** Exceeds the length of `calls` if the server lists only the newest ones. */
  readonly callCount: number;
  readonly unread: number;
}

type Pages = readonly Answer<"inbox">[];

/** @throws {Fault} frame-malformed if a record is invalid, or of a room that is not listed */
export function inboxRecords(pages: Pages, sha256: Sha256): readonly ChatRecord[] {
  const rooms = pages.flatMap((page) => page.rooms);
  const records = pages.flatMap((page) => page.records);
  return readPage({ rooms, records, more: false }, sha256);
}

/** @throws {Fault} as `inboxRecords` */
export function readInbox(pages: Pages, sha256: Sha256, me: string): Inbox {
  const entries = pages.flatMap((page) => page.rooms);
  const views = new Map(entries.map((entry) => [entry.room, roomViewOf(entry)]));
  const records = inboxRecords(pages, sha256);
  const messages = new Map(records.flatMap((record) => messageOf(record)));
  for (const { kind, body } of records) {
    const { seq, text } = body ?? {};
    const edited = kind === "edit" ? messages.get(Number(seq)) : undefined;
    if (edited !== undefined && typeof text === "string") {
      messages.set(edited.seq, { ...edited, text });
    }
  }
  const placeOf = (id: string) => views.get(id);
  const places = entries.flatMap((entry): InboxPlace[] => {
    const room = placeOf(entry.room);
    const { unread, calls, first, last, muted = false } = entry;
    return room === undefined
      ? []
      : [{ room, unread, calls, first, last: messages.get(last ?? 0), isMuted: muted }];
  });
  const [page] = pages;
  const threads = (page?.threads ?? []).flatMap(({ room: id, seq, unread, last }): InboxPlace[] => {
    const room = placeOf(id);
    return room === undefined
      ? []
      : [{ room, thread: seq, unread, calls: unread, last: messages.get(last), isMuted: false }];
  });
  const called = entries.flatMap(({ room: id, called: user, caller }): InboxCall[] => {
    const room = user === me ? placeOf(id) : undefined;
    return room === undefined ? [] : [{ reason: "hand", room, from: caller }];
  });
  const invitations = (page?.invitations ?? []).map(({ room: name, by }): InboxCall => {
    return { reason: "invite", room: { kind: "room", name }, from: by };
  });
  const calls = pages
    .flatMap((one) => one.calls)
    .flatMap(({ room: id, seq, reason }) => {
      const [room, message] = [placeOf(id), messages.get(seq)];
      return room === undefined || message === undefined ? [] : [{ reason, room, ...message }];
    });
  const isPeople = ({ room }: InboxPlace) => room.kind === "person" || room.people !== undefined;
  const newest = (a: InboxPlace, b: InboxPlace) => (b.last?.seq ?? 0) - (a.last?.seq ?? 0);
  const rooms = places.filter((place) => !isPeople(place) && place.unread + place.calls > 0);
  const counted = entries.reduce((sum, { calls: count }) => sum + count, 0);
  return {
    calls: [...called, ...invitations, ...calls.sort((a, b) => b.seq - a.seq)],
    people: places.filter(isPeople).sort(newest),
    threads: threads.sort(newest),
    rooms: rooms.sort((a, b) => Number(b.calls > 0) - Number(a.calls > 0) || newest(a, b)),
    callCount: counted + invitations.length,
    unread: unreadIn(places),
    ...defined({ since: page?.since }),
  };
}

/** Muted rooms keep what calls the account. */
export function withoutMuted(inbox: Inbox): Inbox {
  const isShown = ({ isMuted }: InboxPlace) => !isMuted;
  const [people, rooms] = [inbox.people.filter(isShown), inbox.rooms.filter(isShown)];
  return { ...inbox, people, rooms, unread: unreadIn([...people, ...rooms]) };
}

export function unreadIn(places: readonly InboxPlace[]): number {
  return places.reduce((sum, { unread }) => sum + unread, 0);
}

function messageOf({ seq, n, timeUnixMs, from, kind, body }: ChatRecord): [number, InboxMessage][] {
  if (kind === "edit") return [];
  const named = filesIn(body ?? {}).map(({ name }) => name);
  const text = typeof body?.["text"] === "string" ? body["text"] : "";
  return [[seq, { seq, n, timeUnixMs, from, text: text === "" ? named.join(", ") : text }]];
}
