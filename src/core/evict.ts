/** Eviction of the oldest entries from a full map or set. */

interface Entries<Key> {
  readonly size: number;
  keys(): Iterable<Key>;
  delete(key: Key): boolean;
}

export function setNewest<Key, Value>(
  entries: Map<Key, Value>,
  key: Key,
  value: Value,
  sizeMax: number,
): void {
  entries.delete(key);
  entries.set(key, value);
  dropOldest(entries, sizeMax);
}

export function dropOldest<Key>(entries: Entries<Key>, sizeMax: number): void {
  for (const key of entries.keys()) {
    if (entries.size <= sizeMax) return;
    entries.delete(key);
  }
}
