import { assert } from "../../base/assert.ts";
import type { UserId } from "../../base/ids.ts";
import { UNREAD_COUNTED_MAX } from "../../base/limits.ts";

/** Distances between the places, and by whom each is: a number in the list of authors. */
export interface WordCountValue {
  readonly gaps: readonly number[];
  readonly by: readonly number[];
  readonly authors: readonly UserId[];
}

/** Where in a room messages stand, and by whom: how many messages of others are unread. */
export class WordCount {
  /** `n` of each, rising, and beside it who said it. Both bounded by 2 * UNREAD_COUNTED_MAX. */
  readonly #places: number[] = [];
  readonly #authors: UserId[] = [];

  get isEmpty(): boolean {
    return this.#places.length === 0;
  }

  /** Must come in order of `n`. */
  said(n: number, by: UserId): void {
    assert(n > (this.#places.at(-1) ?? 0), "words are counted in their order");
    this.#places.push(n);
    this.#authors.push(by);
    if (this.#places.length < 2 * UNREAD_COUNTED_MAX) return;
    this.#places.splice(0, UNREAD_COUNTED_MAX);
    this.#authors.splice(0, UNREAD_COUNTED_MAX);
  }

  /** For a snapshot; read back by `load`. */
  value(): WordCountValue {
    const numbers = new Map<UserId, number>();
    for (const author of this.#authors) {
      if (!numbers.has(author)) numbers.set(author, numbers.size);
    }
    return {
      gaps: this.#places.map((place, index) => place - (this.#places[index - 1] ?? 0)),
      by: this.#authors.map((author) => numbers.get(author) ?? 0),
      authors: [...numbers.keys()],
    };
  }

  /** Only into one that is as new. */
  load({ gaps, by, authors }: WordCountValue): void {
    let place = 0;
    for (const [index, gap] of gaps.entries()) {
      const author = authors[by[index] ?? -1];
      assert(author !== undefined, "a snapshot has the authors that it names");
      place += gap;
      this.#places.push(place);
      this.#authors.push(author);
    }
  }

  /** Words of others than `reader` behind `after` and before `before`; UNREAD_COUNTED_MAX. */
  ofOthers(reader: UserId, after: number, before = Number.POSITIVE_INFINITY): number {
    let count = 0;
    for (let i = this.#places.length - 1; i >= 0; i--) {
      const n = this.#places[i] ?? 0;
      if (n <= after || count === UNREAD_COUNTED_MAX) break;
      if (n < before && this.#authors[i] !== reader) count++;
    }
    return count;
  }
}
