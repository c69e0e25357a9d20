import { createHash } from "node:crypto";
import type { Random } from "../io/disk/sim-file.ts";
import { randomOf } from "./disk-world.ts";

export class SeededRandom {
  readonly next: Random;

  constructor(seed: number) {
    this.next = randomOf(seed);
  }

  int(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.int(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  weighted<Kind extends string>(weights: Readonly<Record<Kind, number>>): Kind {
    const kinds = Object.keys(weights) as Kind[];
    let left = this.next() * kinds.reduce((sum, kind) => sum + weights[kind], 0);
    for (const kind of kinds) {
      left -= weights[kind];
      if (left < 0) return kind;
    }
    return this.pick(kinds);
  }

  readonly bytes = (sizeBytes: number): Uint8Array => {
    const bytes = new Uint8Array(sizeBytes);
    for (let at = 0; at < sizeBytes; at++) bytes[at] = this.int(256);
    return bytes;
  };
}

/** Ordered events of a run. Two runs of a seed must have equal traces. */
export class Trace {
  readonly #hash = createHash("sha256");
  readonly #lines: string[] | undefined;

  constructor(keepsLines: boolean) {
    this.#lines = keepsLines ? [] : undefined;
  }

  note(line: string): void {
    this.#hash.update(`${line}\n`);
    this.#lines?.push(line);
  }

  get lines(): readonly string[] {
    return this.#lines ?? [];
  }

  /** Must be called only once, at the end. */
  digest(): string {
    return this.#hash.digest("hex");
  }
}
