/** Caches the last value as long as its inputs are the same. */

export function memo<T>(): (from: readonly unknown[], make: () => T) => T {
  let known: { readonly from: readonly unknown[]; readonly made: T } | undefined;
  return (from, make) => {
    if (known === undefined || !isEqual(known.from, from)) known = { from, made: make() };
    return known.made;
  };
}

function isEqual(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((one, i) => one === others[i]);
}
