import { assert } from "../../base/assert.ts";
import type { UserId } from "../../base/ids.ts";
import { UNREAD_COUNTED_MAX } from "../../base/limits.ts";

/** Where in a room messages stand, and by whom: how many messages of others are unread. */
export class WordCount {
  /** `n` of each, rising, and beside it who said it. Both bounded by 2 * UNREAD_COUNTED_MAX. */
  readonly #places: number[] = [];
  readonly #authors: UserId[] = [];

  /** Must come in order of `n`. */
  said(n: number, by: UserId): void {
    assert(n > (this.#places.at(-1) ?? 0), "words are counted in their order");
    this.#places.push(n);
    this.#authors.push(by);
    if (this.#places.length < 2 * UNREAD_COUNTED_MAX) return;
    this.#places.splice(0, UNREAD_COUNTED_MAX);
    this.#authors.splice(0, UNREAD_COUNTED_MAX);
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
