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
/** Added to the number of the reason of a mention that is an answer. */
const ANSWER_BIT = 8;

/** Per account of a room, the seqs, ns, reasons, authors and roots of calls, in this order. */
export const CALLS = v.object({
  format: v.literal(1),
  head: count,
  authors: v.array(v.string()),
  calls: tableOf(tableOf(v.array(count))),
});

interface CallsInRoom {
  readonly byUser: Map<UserId, Call[]>;
  size: number;
}

/**
 * A call takes about 100 bytes. Beyond CALLS_MAX, the room with the most calls loses its oldest
 * ones, so that a flood displaces no calls of other rooms.
 */
export class Calls {
  readonly #rooms = new Map<RoomId, CallsInRoom>();
  #size = 0;
  /** Seq of the last record that was searched for calls. */
  head = 0;

  get size(): number {
    return this.#size;
  }

  /** Returns the calls of the account that are noted, the oldest first. */
  of(user: UserId, room: RoomId): readonly Call[] {
    const { byUser } = this.#rooms.get(room) ?? {};
    const own = byUser?.get(user) ?? [];
    const all = byUser?.get(EVERYONE) ?? [];
    if (all.length === 0) return own;
    const seqs = new Set(own.map(({ seq }) => seq));
    const others = all.filter(({ seq, by }) => by !== user && !seqs.has(seq));
    return [...own, ...others].sort((a, b) => a.seq - b.seq);
  }

  add(room: RoomId, user: UserId, call: Call): void {
    const calls = this.#rooms.get(room) ?? { byUser: new Map<UserId, Call[]>(), size: 0 };
    this.#rooms.set(room, calls);
    const own = calls.byUser.get(user) ?? [];
    calls.byUser.set(user, own);
    // An answer is found later than a mention.
    const at = own.findLastIndex(({ seq }) => seq <= call.seq);
    const known = own[at];
    if (known?.seq === call.seq) {
      const isAnswer = known.reason === "mention" && call.reason === "reply";
      if (isAnswer) own[at] = { ...known, isAnswer };
      return;
    }
    own.splice(at + 1, 0, call);
    this.#count(calls, 1);
    if (own.length > CALLS_PER_ACCOUNT_MAX) {
      own.shift();
      this.#count(calls, -1);
    }
    if (this.#size > CALLS_MAX) this.#shrinkLargest();
  }

  /** @returns whether there were such calls */
  drop(room: RoomId, isDropped: (call: Call, user: UserId) => boolean, user?: UserId): boolean {
    const calls = this.#rooms.get(room);
    if (calls === undefined) return false;
    const before = this.#size;
    for (const each of user === undefined ? [...calls.byUser.keys()] : [user]) {
      const own = calls.byUser.get(each) ?? [];
      const left = own.filter((call) => !isDropped(call, each));
      this.#count(calls, left.length - own.length);
      if (left.length === 0) calls.byUser.delete(each);
      else if (left.length < own.length) calls.byUser.set(each, left);
    }
    if (calls.size === 0) this.#rooms.delete(room);
    return this.#size < before;
  }

  /** Ends the mentions in a message, which was edited. */
  endMentions(room: RoomId, seq: number, isNamed: (user: UserId) => boolean): void {
    const isEnded = (call: Call, user: UserId) =>
      call.seq === seq && call.reason === "mention" && user !== EVERYONE && !isNamed(user);
    for (const [user, own] of this.#rooms.get(room)?.byUser ?? []) {
      const at = own.findIndex((call) => call.isAnswer === true && isEnded(call, user));
      const { isAnswer: _, ...call } = own[at] ?? {};
      if (at >= 0) own[at] = { ...call, reason: "reply" } as Call;
    }
    this.drop(room, isEnded);
  }

  /** Forgets calls by records that the log has lost. */
  limit(end: number): void {
    if (this.head <= end) return;
    this.head = end;
    for (const room of [...this.#rooms.keys()]) this.drop(room, ({ seq }) => seq > end);
  }

  #count(calls: CallsInRoom, change: number): void {
    calls.size += change;
    this.#size += change;
  }

  #shrinkLargest(): void {
    let largest: readonly [RoomId, CallsInRoom] | undefined;
    for (const entry of this.#rooms) {
      if (largest === undefined || entry[1].size > largest[1].size) largest = entry;
    }
    if (largest === undefined) return;
    const [room, { byUser }] = largest;
    const seqs = [...byUser.values()].flatMap((own) => own.map(({ seq }) => seq));
    seqs.sort((a, b) => a - b);
    const end = seqs[Math.ceil(seqs.length / 4)] ?? Number.POSITIVE_INFINITY;
    this.drop(room, ({ seq }) => seq <= end);
  }

  format(): string {
    const numbers = new Map<UserId, number>();
    const numberOf = (by: UserId) => {
      const number = numbers.get(by) ?? numbers.size;
      numbers.set(by, number);
      return number;
    };
    const packed = (own: readonly Call[]) =>
      own.flatMap(({ seq, n, reason, by, root = 0, isAnswer }) => {
        const why = CALL_REASONS.indexOf(reason) + (isAnswer === true ? ANSWER_BIT : 0);
        return [seq, n, why, numberOf(by), root];
      });
    const calls: Record<string, Record<string, number[]>> = {};
    for (const [room, { byUser }] of this.#rooms) {
      calls[room] = Object.fromEntries([...byUser].map(([user, own]) => [user, packed(own)]));
    }
    const { head } = this;
    return `${JSON.stringify({ format: 1, head, authors: [...numbers.keys()], calls })}\n`;
  }

  load({ head, authors, calls }: v.InferOutput<typeof CALLS>): void {
    this.head = head;
    for (const [room, users] of Object.entries(calls)) {
      for (const [user, numbers] of Object.entries(users)) {
        for (let at = 0; at < numbers.length; at += NUMBERS_PER_CALL) {
          const [seq = 0, n = 0, why = 0, author = 0, root = 0] = numbers.slice(
            at,
            at + NUMBERS_PER_CALL,
          );
          const isAnswer = why >= ANSWER_BIT || undefined;
          const reason = CALL_REASONS[why % ANSWER_BIT];
          const by = authors[author] as UserId | undefined;
          if (reason === undefined || by === undefined) continue;
          const call = defined({ seq, n, reason, by, isAnswer, root: root || undefined });
          this.add(room as RoomId, user as UserId, call);
        }
      }
    }
  }
}
