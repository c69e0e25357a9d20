/** Former names of accounts or rooms, which still resolve. */

import { FORMER_NAMES_MAX } from "../../base/limits.ts";
import type { FoldedName } from "../../base/names.ts";
import { setNewest } from "../evict.ts";

export class FormerNames<Holder> {
  readonly #holders = new Map<FoldedName, Holder>();
  /** Names by holder; `undefined` until it is asked for after a change. */
  #byHolder: Map<Holder, FoldedName[]> | undefined;

  get(name: FoldedName): Holder | undefined {
    return this.#holders.get(name);
  }

  /** Adds the newest name. Beyond FORMER_NAMES_MAX, the oldest one is forgotten. */
  add(name: FoldedName, holder: Holder): void {
    this.#byHolder = undefined;
    setNewest(this.#holders, name, holder, FORMER_NAMES_MAX);
  }

  delete(name: FoldedName): void {
    if (this.#holders.delete(name)) this.#byHolder = undefined;
  }

  /** Returns the former names of a holder, the oldest first. */
  of(holder: Holder): readonly FoldedName[] {
    if (this.#byHolder === undefined) {
      this.#byHolder = new Map();
      for (const [name, other] of this.#holders) {
        const names = this.#byHolder.get(other);
        if (names === undefined) this.#byHolder.set(other, [name]);
        else names.push(name);
      }
    }
    return this.#byHolder.get(holder) ?? [];
  }

  [Symbol.iterator](): Iterator<readonly [FoldedName, Holder]> {
    return this.#holders.entries();
  }
}
