/** Caches the last value as long as its inputs are the same. */

import { isSameList } from "../../../core/model/rows.ts";

export function memo<T>(): (from: readonly unknown[], make: () => T) => T {
  let known: { readonly from: readonly unknown[]; readonly made: T } | undefined;
  return (from, make) => {
    if (known === undefined || !isSameList(known.from, from)) known = { from, made: make() };
    return known.made;
  };
}
