/**
 * Catching up with many new messages: a card sums them up, and the user walks through a part of
 * them.
 */

import type { Answer } from "../../wire/messages.ts";
import {
  contentsOf,
  newestListed,
  summarizeUnread,
  UNREAD_CONTENTS,
  type UnreadContent,
  type UnreadMessage,
} from "../calls/unread.ts";
import type { ChatRecord } from "../client/chat-record.ts";
import { EVERYWHERE } from "../rooms/prefs.ts";
import { hasNoItem, itemOf, withKeywords } from "./item.ts";
import { isCounted, loadedItem } from "./room.ts";
import { isIgnored } from "./selectors.ts";
import type { Item, Model, RoomState } from "./state.ts";

export interface CatchUpPart {
  readonly kind: "calls" | "moderator" | UnreadContent;
  /** Name of the moderator. */
  readonly user?: string;
  /** The oldest first. */
  readonly messages: readonly UnreadMessage[];
}

export interface RoomCatchUp {
  readonly unread: number;
  readonly sinceUnixMs: number | undefined;
  readonly first: UnreadMessage | undefined;
  readonly last: UnreadMessage | undefined;
  /** Number of people, of whom `people` has those with the most messages, in this order. */
  readonly authors: number;
  readonly people: Answer<"unread">["people"];
  /** Only parts with messages. */
  readonly parts: readonly CatchUpPart[];
  /** In an encrypted room: whether this device cannot read some of the messages. */
  readonly isPartial: boolean;
}

export function catchUpOf(answer: Answer<"unread">): RoomCatchUp {
  const { unread, since, first, last, authors, people, calls, moderators } = answer;
  return {
    unread,
    sinceUnixMs: since,
    first,
    last,
    authors,
    people,
    parts: withMessages([
      { kind: "calls", messages: calls },
      ...moderators.map(({ user, messages }) => ({ kind: "moderator" as const, user, messages })),
      ...UNREAD_CONTENTS.map((kind) => ({ kind, messages: answer[kind] })),
    ]),
    isPartial: false,
  };
}

/**
 * Sums up what this device can read in an encrypted room.
 * @param records after the read position, the oldest first
 */
export function catchUpIn(
  records: readonly ChatRecord[],
  room: RoomState,
  model: Pick<Model, "me" | "prefs" | "ignored">,
): RoomCatchUp {
  const own = new Set<number>();
  const items: Item[] = [];
  const contents = new Map<number, readonly UnreadContent[]>();
  const isReplyToMe = (seq: number) => own.has(seq) || loadedItem(room, seq)?.isMine === true;
  for (const record of records) {
    if (hasNoItem(record)) continue;
    const read = itemOf(record, model.me, isReplyToMe);
    if (read.isMine) own.add(read.seq);
    if (isIgnored(model, read.from)) continue;
    const item = withKeywords(read, model.prefs?.get(EVERYWHERE)?.keywords);
    items.push(item);
    contents.set(item.seq, contentsOf(item.files, record.body?.["poll"]));
  }
  const messages = items
    .filter((item) => isCounted(item, model))
    .map(({ seq, n, from = "" }) => ({ seq, n, by: from }));
  const roles = new Map(room.members?.map(({ name, role }) => [name.toLowerCase(), role]));
  const summary = summarizeUnread(
    messages,
    (author) => roles.get(author.toLowerCase()) === "moderator",
    (seq) => contents.get(seq) ?? [],
  );
  const isCalling = ({ mentionsMe, isMine, state, n }: Item) =>
    mentionsMe && !isMine && state === "whole" && !room.readCalls.includes(n);
  const calls = items.filter(isCalling).map(({ seq, n }) => ({ seq, n }));
  const moderators = summary.moderators.map(([user, own]) => {
    return { kind: "moderator" as const, user, messages: own };
  });
  return {
    ...summary,
    sinceUnixMs: items.find((item) => isCounted(item, model))?.timeUnixMs,
    authors: summary.people.length,
    people: summary.people.map(([user, unread]) => ({ user, unread })),
    parts: withMessages([
      { kind: "calls", messages: newestListed(calls) },
      ...moderators,
      ...UNREAD_CONTENTS.map((kind) => ({ kind, messages: summary.contents[kind] })),
    ]),
    isPartial: items.some(({ kind }) => kind === "sealed"),
  };
}

function withMessages(parts: readonly CatchUpPart[]): readonly CatchUpPart[] {
  return parts.filter(({ messages }) => messages.length > 0);
}

/** Messages through which the user walks. */
export interface WalkedPart<Message> extends Omit<CatchUpPart, "messages"> {
  readonly messages: readonly Message[];
}

/** Place of the user among the messages of a part. */
export interface Walk<Message = UnreadMessage> {
  readonly part: WalkedPart<Message>;
  readonly at: number;
}

/** Steps over messages that were erased; `undefined` if there is no other one. */
export function stepped<
  W extends { readonly part: { readonly messages: readonly Seq[] }; readonly at: number },
>(walk: W, step: -1 | 1, isErased: (seq: number) => boolean): W | undefined {
  for (let at = walk.at + step; ; at += step) {
    const message = walk.part.messages[at];
    if (message === undefined) return undefined;
    if (!isErased(message.seq)) return { ...walk, at };
  }
}

type Seq = Pick<UnreadMessage, "seq">;

/** Returns where a message is between the first and the last new one, from 0 to 1. */
export function railPosition(
  { first, last }: Pick<RoomCatchUp, "first" | "last">,
  n: number,
): number {
  if (first === undefined || last === undefined) return 0;
  const length = last.n - first.n + 1;
  return Math.min(1, Math.max(0, (n - first.n + 1) / length));
}

/** Joins the positions that are closer than `gap`, each with the messages that it stands for. */
export function railTicks(
  range: Pick<RoomCatchUp, "first" | "last">,
  messages: readonly UnreadMessage[],
  gap: number,
): { readonly position: number; readonly end: number; readonly seqs: readonly number[] }[] {
  const ticks: { position: number; end: number; seqs: number[] }[] = [];
  for (const { n, seq } of messages) {
    const position = railPosition(range, n);
    const last = ticks.at(-1);
    if (last === undefined || position - last.end >= gap) {
      ticks.push({ position, end: position, seqs: [seq] });
    } else {
      last.end = position;
      last.seqs.push(seq);
    }
  }
  return ticks;
}
