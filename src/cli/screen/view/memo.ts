/** Memoisation of the last value by its inputs. */

import { isSameList } from "../../../core/model/rows.ts";

export function memo<T>(): (from: readonly unknown[], make: () => T) => T {
  let cached: { readonly inputs: readonly unknown[]; readonly value: T } | undefined;
  return (inputs, compute) => {
    if (cached === undefined || !isSameList(cached.inputs, inputs))
      cached = { inputs, value: compute() };
    return cached.value;
  };
}
