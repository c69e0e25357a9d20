/** Counts of unread messages per room. */

import { assert } from "../../base/assert.ts";
import { firstIndex } from "../../base/binary-search.ts";
import type { UserId } from "../../base/ids.ts";
import { UNREAD_COUNTED_MAX } from "../../base/limits.ts";
import { defined } from "../../base/values.ts";
import { isCountedAuthor, type UnreadReader } from "./counted.ts";

/**
 * Snapshot: the gaps between positions and between seqs, and each position's author as an index
 * into `authors`.
 */
export interface MessageCountValue {
  readonly gaps: readonly number[];
  readonly seqGaps: readonly number[];
  readonly by: readonly number[];
  readonly authors: readonly UserId[];
  /** Whether there has ever been a message. */
  readonly isUsed: boolean;
}

export interface CountedMessage {
  readonly n: number;
  readonly seq: number;
  readonly by: UserId;
}

export class MessageCount {
  /** `n` of each message that is not erased, ascending. At most 2 * UNREAD_COUNTED_MAX entries. */
  readonly #positions: number[] = [];
  readonly #seqs: number[] = [];
  readonly #authors: UserId[] = [];
  #byAuthor: Map<UserId, number[]> | undefined;

  #isUsed = false;

  /** Whether there has ever been a message, erased ones included. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  add(n: number, by: UserId, seq: number): void {
    const positions = this.#positions;
    assert(n > (positions[positions.length - 1] ?? 0), "messages are counted in order");
    positions.push(n);
    this.#seqs.push(seq);
    this.#authors.push(by);
    this.#isUsed = true;
    if (this.#byAuthor !== undefined) addTo(this.#byAuthor, by, n);
    if (this.#positions.length < 2 * UNREAD_COUNTED_MAX) return;
    this.#positions.splice(0, UNREAD_COUNTED_MAX);
    this.#seqs.splice(0, UNREAD_COUNTED_MAX);
    this.#authors.splice(0, UNREAD_COUNTED_MAX);
    this.#byAuthor = undefined;
  }

  /** Stops counting a message that was erased. */
  remove(seq: number): void {
    const index = indexFrom(this.#seqs, seq);
    if (this.#seqs[index] !== seq) return;
    for (const list of [this.#positions, this.#seqs, this.#authors]) list.splice(index, 1);
    this.#byAuthor = undefined;
  }

  /** Returns the author of a counted message. */
  authorOf(seq: number): UserId | undefined {
    const index = indexFrom(this.#seqs, seq);
    return this.#seqs[index] === seq ? this.#authors[index] : undefined;
  }

  /** Reports whether a message is among the newest `count`, which clients load at the start. */
  isRecent(seq: number, count: number): boolean {
    return (this.#seqs.at(-count) ?? 0) <= seq;
  }

  #positionsOf(user: UserId): readonly number[] {
    if (this.#byAuthor === undefined) {
      this.#byAuthor = new Map();
      for (const [i, author] of this.#authors.entries()) {
        addTo(this.#byAuthor, author, this.#positions[i] ?? 0);
      }
    }
    return this.#byAuthor.get(user) ?? [];
  }

  value(): MessageCountValue {
    const numbers = new Map<UserId, number>();
    for (const author of this.#authors) {
      if (!numbers.has(author)) numbers.set(author, numbers.size);
    }
    return {
      gaps: gapsIn(this.#positions),
      seqGaps: gapsIn(this.#seqs),
      by: this.#authors.map((author) => numbers.get(author) ?? 0),
      authors: [...numbers.keys()],
      isUsed: this.#isUsed,
    };
  }

  load({ gaps, seqGaps, by, authors, isUsed }: MessageCountValue): void {
    let position = 0;
    let seq = 0;
    this.#isUsed = isUsed;
    for (const [index, gap] of gaps.entries()) {
      const author = authors[by[index] ?? -1];
      assert(author !== undefined, "a snapshot contains the authors to which it refers");
      position += gap;
      seq += seqGaps[index] ?? 1;
      this.#positions.push(position);
      this.#seqs.push(seq);
      this.#authors.push(author);
    }
  }

  /**
   * Counts the messages between `after` and `before` (exclusive) whose authors count for the
   * reader, up to UNREAD_COUNTED_MAX. Uses binary searches, because a list of 1,000 rooms needs one
   * count per room.
   */
  countOthers(
    reader: UnreadReader<UserId>,
    after: number,
    before = Number.POSITIVE_INFINITY,
  ): number {
    const countIn = (positions: readonly number[]) =>
      Math.max(0, indexFrom(positions, before) - indexFrom(positions, after + 1));
    let count = countIn(this.#positions);
    if (count === 0) return 0;
    count -= countIn(this.#positionsOf(reader.id));
    for (const user of reader.ignored) count -= countIn(this.#positionsOf(user));
    return Math.min(count, UNREAD_COUNTED_MAX);
  }

  /**
   * Returns the messages that `countOthers` counts, the newest UNREAD_COUNTED_MAX, oldest first.
   */
  listOthers(reader: UnreadReader<UserId>, after: number): CountedMessage[] {
    const found: CountedMessage[] = [];
    for (let i = this.#positions.length - 1; i >= 0; i--) {
      const [n, seq, by] = [this.#positions[i] ?? 0, this.#seqs[i] ?? 0, this.#authors[i]];
      if (n <= after || found.length === UNREAD_COUNTED_MAX) break;
      if (by !== undefined && isCountedAuthor(by, reader)) found.push({ n, seq, by });
    }
    return found.reverse();
  }

  /** Returns the seqs of the first and the last message that `countOthers` counts. */
  rangeOfOthers(
    reader: UnreadReader<UserId>,
    after: number,
  ): { readonly first?: number; readonly last?: number } {
    const isCounted = (at: number) => {
      const author = this.#authors[at];
      return author !== undefined && isCountedAuthor(author, reader);
    };
    let first = indexFrom(this.#positions, after + 1);
    let last = this.#authors.length - 1;
    while (first <= last && !isCounted(first)) first++;
    while (first <= last && !isCounted(last)) last--;
    return first > last ? {} : defined({ first: this.#seqs[first], last: this.#seqs[last] });
  }

  /** Reports whether a message of the user after `after` is counted. */
  hasAfter(user: UserId, after: number): boolean {
    return (this.#positionsOf(user).at(-1) ?? 0) > after;
  }
}

function gapsIn(numbers: readonly number[]): number[] {
  return numbers.map((number, index) => number - (numbers[index - 1] ?? 0));
}

function addTo(byAuthor: Map<UserId, number[]>, user: UserId, position: number): void {
  const positions = byAuthor.get(user);
  if (positions === undefined) byAuthor.set(user, [position]);
  else positions.push(position);
}

function indexFrom(positions: readonly number[], n: number): number {
  return firstIndex(positions.length, (i) => (positions[i] ?? 0) < n);
}
