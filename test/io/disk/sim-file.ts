export type Random = () => number;

/** Bytes that a disk writes atomically, even in a power loss. */
const SECTOR_BYTES = 512;

/** Content of a simulated file, in memory and on disk. */
export class SimFile {
  #shown: Uint8Array = new Uint8Array(0);
  #memory: Uint8Array = this.#shown;
  #kept: Uint8Array = new Uint8Array(0);
  #touchedMs = 0;

  get sizeBytes(): number {
    return this.#shown.length;
  }

  get shown(): Uint8Array {
    return this.#shown;
  }

  read(into: Uint8Array, offset: number): number {
    const part = this.#shown.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  }

  get touchedMs(): number {
    return this.#touchedMs;
  }

  write(bytes: Uint8Array, offset: number, unixMs = 0): void {
    this.#touchedMs = unixMs;
    this.#resize(Math.max(this.#shown.length, offset + bytes.length));
    this.#shown.set(bytes, offset);
  }

  truncate(sizeBytes: number, unixMs = 0): void {
    this.#touchedMs = unixMs;
    this.#resize(sizeBytes);
  }

  snapshot(): Uint8Array {
    return this.#shown.slice();
  }

  keep(snapshot: Uint8Array): void {
    this.#kept = snapshot;
  }

  rot(offset: number, bytes: Uint8Array): void {
    this.#shown.set(bytes, offset);
    this.#kept = this.#shown.slice();
  }

  /**
   * Simulates a power loss: each unsynced sector is written, missing, or (where the file was empty)
   * zeros or garbage. The size is the old one, the new one or between.
   */
  losePower(random: Random): void {
    const kept = this.#kept;
    const shown = this.#shown;
    const mixed = new Uint8Array(Math.max(kept.length, shown.length));
    for (let at = 0; at < mixed.length; at += SECTOR_BYTES) {
      mixSector(mixed, kept, shown, at, random);
    }
    this.#memory = mixed.slice(0, sizeAfter(kept.length, shown.length, random));
    this.#shown = this.#memory;
    this.#kept = this.#shown.slice();
  }

  #resize(sizeBytes: number): void {
    const before = this.#shown;
    if (sizeBytes > this.#memory.length) {
      this.#memory = new Uint8Array(2 * sizeBytes);
      this.#memory.set(before);
    }
    this.#memory.fill(0, before.length, sizeBytes);
    this.#shown = this.#memory.subarray(0, sizeBytes);
  }
}

function sizeAfter(kept: number, shown: number, random: Random): number {
  const chance = random();
  if (chance < 0.3) return kept;
  if (chance < 0.7) return shown;
  return Math.min(kept, shown) + Math.floor(random() * (Math.abs(shown - kept) + 1));
}

function mixSector(
  mixed: Uint8Array,
  kept: Uint8Array,
  shown: Uint8Array,
  at: number,
  random: Random,
): void {
  const end = Math.min(at + SECTOR_BYTES, mixed.length);
  const isKeptOnly = random() < 0.35;
  const chance = random();
  for (let i = at; i < end; i++) {
    // An existing sector is written atomically; a new one may contain anything.
    if (i < kept.length) mixed[i] = (isKeptOnly ? kept[i] : (shown[i] ?? kept[i])) ?? 0;
    else if (isKeptOnly || chance < 0.15) mixed[i] = 0;
    else if (chance < 0.3) mixed[i] = Math.floor(random() * 256);
    else mixed[i] = shown[i] ?? 0;
  }
}
