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
  if (entries.size <= sizeMax) return;
  for (const key of entries.keys()) {
    if (entries.size <= sizeMax) return;
    entries.delete(key);
  }
}

/** Share of deleted entries at which a full map is copied. */
const DELETED_SHARE = 1 / 16;
const DELETED_MIN = 64;

/**
 * The newest entries, for limits of thousands. A `Map` keeps the places of deleted entries for
 * long, and the search for the oldest entry passes all of them: at a limit of 10,000, `setNewest`
 * takes several microseconds.
 */
export class NewestMap<Key, Value> {
  #entries = new Map<Key, Value>();
  /** Entries deleted since the last copy. */
  #deleted = 0;

  constructor(private readonly sizeMax: number) {}

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  set(key: Key, value: Value): void {
    this.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.sizeMax) return;
    if (this.#deleted > DELETED_MIN + this.sizeMax * DELETED_SHARE) {
      this.#entries = new Map(this.#entries);
      this.#deleted = 0;
    }
    for (const oldest of this.#entries.keys()) return this.delete(oldest);
  }

  delete(key: Key): void {
    if (this.#entries.delete(key)) this.#deleted++;
  }
}
