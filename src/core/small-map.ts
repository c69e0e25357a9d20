/**
 * Map that rarely has more than one entry. While it has at most one, it takes 50 bytes; a `Map`
 * that has ever had an entry takes 270. Iteration follows the order of insertion.
 */
export class SmallMap<Key extends string | number, Value> {
  #key: Key | undefined;
  #value: Value | undefined;
  /** Holds all entries if there was more than one, until none remains. */
  #map: Map<Key, Value> | undefined;

  get size(): number {
    return this.#map?.size ?? (this.#key === undefined ? 0 : 1);
  }

  has(key: Key): boolean {
    return this.#map?.has(key) ?? this.#key === key;
  }

  get(key: Key): Value | undefined {
    if (this.#map !== undefined) return this.#map.get(key);
    return this.#key === key ? this.#value : undefined;
  }

  set(key: Key, value: Value): this {
    if (this.#map !== undefined) this.#map.set(key, value);
    else if (this.#key === undefined || this.#key === key) {
      this.#key = key;
      this.#value = value;
    } else {
      this.#map = new Map([...this, [key, value]]);
      this.#clearSingle();
    }
    return this;
  }

  delete(key: Key): boolean {
    if (this.#map !== undefined) {
      const wasPresent = this.#map.delete(key);
      if (this.#map.size === 0) this.#map = undefined;
      return wasPresent;
    }
    const wasPresent = this.#key === key;
    if (wasPresent) this.#clearSingle();
    return wasPresent;
  }

  clear(): void {
    this.#map = undefined;
    this.#clearSingle();
  }

  *keys(): Generator<Key> {
    for (const [key] of this) yield key;
  }

  *values(): Generator<Value> {
    for (const [, value] of this) yield value;
  }

  *[Symbol.iterator](): Generator<[Key, Value]> {
    if (this.#map !== undefined) yield* this.#map;
    else if (this.#key !== undefined) yield [this.#key, this.#value as Value];
  }

  #clearSingle(): void {
    this.#key = undefined;
    this.#value = undefined;
  }
}
