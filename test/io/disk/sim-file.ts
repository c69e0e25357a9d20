export type Random = () => number;

/** Bytes that a disk writes atomically, even in a power loss. */
const SECTOR_BYTES = 512;

export class SimFile {
  #visible: Uint8Array = new Uint8Array(0);
  #memory: Uint8Array = this.#visible;
  /** Bytes at the start of `#memory` that snapshots share; they are copied before a change. */
  #sharedBytes = 0;
  #durable: Uint8Array = new Uint8Array(0);
  #touchedMs = 0;

  get sizeBytes(): number {
    return this.#visible.length;
  }

  get visible(): Uint8Array {
    return this.#visible;
  }

  read(into: Uint8Array, offset: number): number {
    const part = this.#visible.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  }

  get touchedMs(): number {
    return this.#touchedMs;
  }

  write(bytes: Uint8Array, offset: number, unixMs = 0): void {
    this.#touchedMs = unixMs;
    this.#resize(Math.max(this.#visible.length, offset + bytes.length));
    this.#unshare(offset);
    this.#visible.set(bytes, offset);
  }

  truncate(sizeBytes: number, unixMs = 0): void {
    this.#touchedMs = unixMs;
    this.#resize(sizeBytes);
  }

  snapshot(): Uint8Array {
    this.#sharedBytes = Math.max(this.#sharedBytes, this.#visible.length);
    return this.#visible;
  }

  keep(snapshot: Uint8Array): void {
    this.#durable = snapshot;
  }

  rot(offset: number, bytes: Uint8Array): void {
    this.#unshare(offset);
    this.#visible.set(bytes, offset);
    this.#durable = this.snapshot();
  }

  /**
   * Simulates a power loss: each unsynced sector is written, missing, or (where the file was empty)
   * zeros or garbage. The size is the old one, the new one or in between.
   */
  losePower(random: Random): void {
    const durable = this.#durable;
    const visible = this.#visible;
    const mixed = new Uint8Array(Math.max(durable.length, visible.length));
    for (let at = 0; at < mixed.length; at += SECTOR_BYTES) {
      mixSector(mixed, durable, visible, at, random);
    }
    this.#memory = mixed.slice(0, sizeAfter(durable.length, visible.length, random));
    this.#visible = this.#memory;
    this.#sharedBytes = 0;
    this.#durable = this.snapshot();
  }

  #resize(sizeBytes: number): void {
    const before = this.#visible;
    if (sizeBytes > this.#memory.length) {
      this.#memory = new Uint8Array(2 * sizeBytes);
      this.#memory.set(before);
      this.#sharedBytes = 0;
    } else if (sizeBytes > before.length) this.#unshare(before.length);
    this.#memory.fill(0, before.length, sizeBytes);
    this.#visible = this.#memory.subarray(0, sizeBytes);
  }

  #unshare(from: number): void {
    if (from >= this.#sharedBytes) return;
    this.#memory = this.#memory.slice();
    this.#visible = this.#memory.subarray(0, this.#visible.length);
    this.#sharedBytes = 0;
  }
}

function sizeAfter(durable: number, visible: number, random: Random): number {
  const chance = random();
  if (chance < 0.3) return durable;
  if (chance < 0.7) return visible;
  return Math.min(durable, visible) + Math.floor(random() * (Math.abs(visible - durable) + 1));
}

function mixSector(
  mixed: Uint8Array,
  durable: Uint8Array,
  visible: Uint8Array,
  at: number,
  random: Random,
): void {
  const end = Math.min(at + SECTOR_BYTES, mixed.length);
  const isKeptOnly = random() < 0.35;
  const chance = random();
  for (let i = at; i < end; i++) {
    if (i < durable.length) mixed[i] = (isKeptOnly ? durable[i] : (visible[i] ?? durable[i])) ?? 0;
    else if (isKeptOnly || chance < 0.15) mixed[i] = 0;
    else if (chance < 0.3) mixed[i] = Math.floor(random() * 256);
    else mixed[i] = visible[i] ?? 0;
  }
}
