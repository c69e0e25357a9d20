/** Eviction of the oldest entries from a full map or set. */

interface Entries<Key> {
  readonly size: number;
  keys(): Iterable<Key>;
  delete(key: Key): boolean;
}

/** Sets an entry as the newest, and deletes the oldest entries until at most `sizeMax` remain. */
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

/** Deletes the entries of a map or set that were inserted first until at most `sizeMax` remain. */
export function dropOldest<Key>(entries: Entries<Key>, sizeMax: number): void {
  for (const key of entries.keys()) {
    if (entries.size <= sizeMax) return;
    entries.delete(key);
  }
}
