/** Ids with small numbers, which take 16 bytes each; a `Map` takes 40. */

const LENGTH_MIN = 16;
const GROWTH_DIVISOR = 8;
/** Part of the slots that is in use after a growth. */
const LOAD = 0.7;
/** FNV-1a. */
const HASH_START = 0x81_1c_9d_c5;
const HASH_FACTOR = 0x01_00_01_93;

/** Numbers ids from 0 in the order in which they were added. */
export class NumberedIds {
  readonly #ids: string[] = [];
  /** Hash table of the numbers, each plus 1; 0 if a slot is unused. */
  #slots = new Uint32Array(LENGTH_MIN);
  #capacity = Math.floor(LENGTH_MIN * LOAD);

  get length(): number {
    return this.#ids.length;
  }

  id(number: number): string {
    return this.#ids[number] ?? "";
  }

  find(id: string): number | undefined {
    const number = this.#slots[this.#slotOf(id)] ?? 0;
    return number === 0 ? undefined : number - 1;
  }

  add(id: string): number {
    const known = this.find(id);
    if (known !== undefined) return known;
    if (this.#ids.length >= this.#capacity)
      this.reserve(Math.ceil(this.#ids.length / GROWTH_DIVISOR));
    this.#slots[this.#slotOf(id)] = this.#ids.push(id);
    return this.#ids.length - 1;
  }

  /** Makes space for ids that will be added. */
  reserve(count: number): void {
    if (this.#ids.length + count <= this.#capacity) return;
    this.#capacity = this.#ids.length + count;
    this.#slots = new Uint32Array(Math.ceil(this.#capacity / LOAD));
    for (let number = 0; number < this.#ids.length; number++) {
      this.#slots[this.#slotOf(this.id(number))] = number + 1;
    }
  }

  /** Slot of the id, or the unused one for it. */
  #slotOf(id: string): number {
    const { length } = this.#slots;
    let slot = hashOf(id) % length;
    for (;;) {
      const number = this.#slots[slot] ?? 0;
      if (number === 0 || this.#ids[number - 1] === id) return slot;
      slot = slot + 1 === length ? 0 : slot + 1;
    }
  }
}

function hashOf(id: string): number {
  let hash = HASH_START;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), HASH_FACTOR);
  return hash >>> 0;
}
