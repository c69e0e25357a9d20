/** Eviction of the oldest entries of a full map or set. */

interface Entries<Key> {
  readonly size: number;
  keys(): Iterable<Key>;
  delete(key: Key): boolean;
}

/** Sets an entry as the newest, and deletes the oldest until `sizeMax` entries remain. */
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

/** Deletes the earliest inserted entries of a map or set until `sizeMax` entries remain. */
export function dropOldest<Key>(entries: Entries<Key>, sizeMax: number): void {
  for (const key of entries.keys()) {
    if (entries.size <= sizeMax) return;
    entries.delete(key);
  }
}
