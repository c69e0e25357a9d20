import { createHash } from "node:crypto";
import type { Random } from "../io/disk/sim-file.ts";
import { randomOf } from "./disk-world.ts";

export class Dice {
  readonly random: Random;

  constructor(seed: number) {
    this.random = randomOf(seed);
  }

  /** Uniform in 0..limit-1. */
  int(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.int(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  weighted<Kind extends string>(weights: Readonly<Record<Kind, number>>): Kind {
    const kinds = Object.keys(weights) as Kind[];
    let left = this.random() * kinds.reduce((sum, kind) => sum + weights[kind], 0);
    for (const kind of kinds) {
      left -= weights[kind];
      if (left < 0) return kind;
    }
    return this.pick(kinds);
  }

  readonly bytes = (sizeBytes: number): Uint8Array =>
    Uint8Array.from({ length: sizeBytes }, () => this.int(256));
}

/** What happened, in order: two runs of one seed must agree in each word. */
export class Trace {
  readonly #hash = createHash("sha256");
  readonly #lines: string[] | undefined;

  /** @param isKept keeps the lines, for whoever looks into one seed */
  constructor(isKept: boolean) {
    this.#lines = isKept ? [] : undefined;
  }

  note(line: string): void {
    this.#hash.update(`${line}\n`);
    this.#lines?.push(line);
  }

  get lines(): readonly string[] {
    return this.#lines ?? [];
  }

  /** Once, at the end. */
  digest(): string {
    return this.#hash.digest("hex");
  }
}
