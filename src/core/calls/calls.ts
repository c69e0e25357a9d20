/** Unread messages that call an account: it is mentioned or answered, or they have its keyword. */

import * as v from "valibot";
import type { RoomId, UserId } from "../../base/ids.ts";
import { CALLS_MAX, CALLS_PER_ACCOUNT_MAX, CALLS_SEARCHED_CHARS } from "../../base/limits.ts";
import { isName, type Name } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import { count, tableOf } from "../../wire/field.ts";
import type { Body, KindWith } from "../../wire/kinds.ts";
import { CALL_REASONS, type CallReason } from "../../wire/messages.ts";
import { withMentions } from "../client/mentions.ts";
import { keywordSearch } from "../rooms/keywords.ts";
import type { Room } from "../rooms/rooms.ts";
import { ANSWER_BIT, type CallRow, CallTable } from "./call-table.ts";

export type MessageBody = Body<KindWith<"message">>;

export interface Call {
  readonly seq: number;
  readonly n: number;
  readonly reason: CallReason;
  readonly by: UserId;
  /** Whether a message that mentions the account also answers it, and calls it without the name. */
  readonly isAnswer?: true;
  /** Root of the thread that the message is in. */
  readonly root?: number;
}

export interface Readers {
  readonly find: (name: Name) => UserId | undefined;
  readonly isOnline: (user: UserId) => boolean;
  /** Only the users who have keywords, of all rooms. */
  readonly keywords: ReadonlyMap<UserId, readonly string[]>;
}

/** Stands for all members of a room, so that a call of all takes the space of one. */
const EVERYONE = "everyone" as UserId;

/**
 * Returns the members whom a message calls, each for the strongest reason, without the author of
 * the message that it answers.
 */
export function calledBy(
  room: Pick<Room, "members">,
  body: MessageBody,
  readers: Readers,
): Map<UserId, CallReason> {
  const called = new Map<UserId, CallReason>();
  const call = (user: UserId, reason: CallReason) => {
    if (!called.has(user) && room.members.has(user)) called.set(user, reason);
  };
  for (const name of mentionsIn(body)) {
    const user = isName(name) ? readers.find(name) : undefined;
    if (user !== undefined) call(user, "mention");
  }
  const hasKeyword = keywordSearch((body.text ?? "").slice(0, CALLS_SEARCHED_CHARS));
  if (body.everyone === "all") called.set(EVERYONE, "everyone");
  if (body.everyone === "here") {
    for (const user of room.members) if (readers.isOnline(user)) call(user, "everyone");
  }
  for (const [user, keywords] of readers.keywords) {
    if (room.members.has(user) && hasKeyword(keywords)) call(user, "keyword");
  }
  return called;
}

/** Falls back to mentions at the start of the text, for scripts that list no mentions. */
export function mentionsIn({ text, mentions }: MessageBody): readonly string[] {
  if (mentions !== undefined) return mentions.filter((name) => typeof name === "string");
  if (text === undefined) return [];
  return withMentions({ text: text.slice(0, CALLS_SEARCHED_CHARS) }).mentions ?? [];
}

const NUMBERS_PER_CALL = 5;

/** Per account of a room, the seqs, ns, reasons, authors and roots of calls, in this order. */
export const CALLS = v.object({
  format: v.literal(1),
  head: count,
  authors: v.array(v.string()),
  calls: tableOf(tableOf(v.array(count))),
});

/**
 * Beyond CALLS_MAX, the room with the most calls loses its oldest ones, so that a flood displaces
 * no calls of other rooms.
 */
export class Calls {
  readonly #table = new CallTable();
  /** Seq of the last record that was searched for calls. */
  head = 0;

  get size(): number {
    return this.#table.size;
  }

  /** Returns the calls of the account that are noted, the oldest first. */
  of(user: UserId, room: RoomId): readonly Call[] {
    const own = this.#table.of(room, user).slice(-CALLS_PER_ACCOUNT_MAX);
    const all = this.#table.of(room, EVERYONE).slice(-CALLS_PER_ACCOUNT_MAX);
    if (all.length === 0) return own.map(callOf);
    const seqs = new Set(own.map(({ seq }) => seq));
    const others = all.filter(({ seq, by }) => by !== user && !seqs.has(seq));
    return [...own, ...others].sort((a, b) => a.seq - b.seq).map(callOf);
  }

  add(room: RoomId, user: UserId, call: Call): void {
    // An answer is found later than a mention.
    const known = this.#table.find(room, user, call.seq);
    if (known !== undefined) {
      const isAnswer = known.reason === "mention" && call.reason === "reply";
      if (isAnswer) this.#table.set(room, user, { ...known, isAnswer: true });
      return;
    }
    this.#table.set(room, user, rowOf(call));
    this.#table.limit(room, user, CALLS_PER_ACCOUNT_MAX);
    if (this.size > CALLS_MAX) this.#shrinkLargest();
  }

  /** Drops calls of the account in the room. */
  drop(room: RoomId, user: UserId, isDropped: (call: Call) => boolean = () => true): void {
    this.#table.dropOf(room, user, (row) => isDropped(callOf(row)));
  }

  dropRoom(room: RoomId): void {
    this.#table.dropBy(() => true, room);
  }

  /** Drops the calls by messages that were erased. */
  dropErased(room: RoomId, seqs: ReadonlySet<number>): void {
    this.#table.dropBy((seq) => seqs.has(seq), room);
  }

  /** Ends the mentions in a message, which was edited. */
  endMentions(room: RoomId, edited: number, isNamed: (user: UserId) => boolean): void {
    const answers: [user: UserId, call: CallRow][] = [];
    const isEnded = (call: CallRow, user: string) => {
      if (call.reason !== "mention" || isNamed(user as UserId)) return false;
      if (call.isAnswer) answers.push([user as UserId, call]);
      return true;
    };
    this.#table.dropBy((seq) => seq === edited, room, isEnded);
    for (const [user, call] of answers)
      this.#table.set(room, user, { ...call, reason: "reply", isAnswer: false });
  }

  /** Forgets calls by records that the log has lost. */
  limit(end: number): void {
    if (this.head <= end) return;
    this.head = end;
    this.#table.dropBy((seq) => seq > end);
  }

  #shrinkLargest(): void {
    const { room, seqs } = this.#table.largest();
    const sorted = Float64Array.from(seqs).sort();
    const end = sorted[Math.ceil(sorted.length / 4)] ?? Number.POSITIVE_INFINITY;
    this.#table.dropBy((seq) => seq <= end, room);
  }

  format(): string {
    const numbers = new Map<string, number>();
    const numberOf = (by: string) => {
      const number = numbers.get(by) ?? numbers.size;
      numbers.set(by, number);
      return number;
    };
    const packed = (own: readonly CallRow[]) =>
      own.flatMap(({ seq, n, reason, by, root, isAnswer }) => {
        const why = CALL_REASONS.indexOf(reason) + (isAnswer ? ANSWER_BIT : 0);
        return [seq, n, why, numberOf(by), root];
      });
    const calls: Record<string, Record<string, number[]>> = {};
    for (const { room, user, calls: own } of this.#table) {
      const users = calls[room] ?? {};
      calls[room] = users;
      users[user] = packed(own);
    }
    const { head } = this;
    return `${JSON.stringify({ format: 1, head, authors: [...numbers.keys()], calls })}\n`;
  }

  /** @param idOf returns the string of an id that is in use anyway */
  load(
    { head, authors, calls }: v.InferOutput<typeof CALLS>,
    idOf: (id: string) => string = (id) => id,
  ): void {
    this.head = head;
    const authorIds = authors.map(idOf);
    const lists = Object.values(calls).map((users) => Object.values(users));
    const total = lists.flat().reduce((sum, { length }) => sum + length / NUMBERS_PER_CALL, 0);
    const users = lists.reduce((most, { length }) => Math.max(most, length), 0);
    this.#table.reserve(Math.min(CALLS_MAX, Math.ceil(total)), users);
    for (const [room, users] of Object.entries(calls)) {
      for (const [user, numbers] of Object.entries(users)) {
        const [roomId, id] = [idOf(room), idOf(user)];
        const oldest = numbers.length - CALLS_PER_ACCOUNT_MAX * NUMBERS_PER_CALL;
        for (let at = Math.max(0, oldest); at < numbers.length; at += NUMBERS_PER_CALL) {
          const [seq = 0, n = 0, why = 0, author = 0, root = 0] = numbers.slice(
            at,
            at + NUMBERS_PER_CALL,
          );
          const reason = CALL_REASONS[why % ANSWER_BIT];
          const by = authorIds[author];
          if (reason === undefined || by === undefined || seq === 0 || root >= seq) continue;
          this.#table.set(roomId, id, { seq, n, reason, by, isAnswer: why >= ANSWER_BIT, root });
        }
      }
    }
    if (this.size > CALLS_MAX) this.#shrinkLargest();
  }
}

function callOf({ seq, n, reason, by, isAnswer, root }: CallRow): Call {
  const call = { seq, n, reason, by: by as UserId };
  return defined({
    ...call,
    isAnswer: isAnswer ? (true as const) : undefined,
    root: root || undefined,
  });
}

function rowOf({ seq, n, reason, by, isAnswer, root = 0 }: Call): CallRow {
  return { seq, n, reason, by, isAnswer: isAnswer === true, root };
}
