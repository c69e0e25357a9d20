/** Holders of names by the skeletons of these names, to find names that look alike. */

import { skeletonsOf } from "../../base/display-names.ts";

export class LookAlikes<Holder> {
  readonly #bySkeleton = new Map<string, Set<Holder>>();

  add(name: string, holder: Holder): void {
    for (const key of skeletonsOf(name)) {
      const holders = this.#bySkeleton.get(key);
      if (holders === undefined) this.#bySkeleton.set(key, new Set([holder]));
      else holders.add(holder);
    }
  }

  delete(name: string, holder: Holder): void {
    for (const key of skeletonsOf(name)) {
      const holders = this.#bySkeleton.get(key);
      holders?.delete(holder);
      if (holders?.size === 0) this.#bySkeleton.delete(key);
    }
  }

  /** Returns another holder of a name that looks like this one. */
  find(name: string, except: Holder | undefined): Holder | undefined {
    for (const key of skeletonsOf(name)) {
      for (const holder of this.#bySkeleton.get(key) ?? []) if (holder !== except) return holder;
    }
    return undefined;
  }
}
