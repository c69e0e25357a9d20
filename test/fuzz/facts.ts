import type { SeededRandom } from "../worlds/seeded-random.ts";

const KEPT = 200;

export class Facts {
  readonly #pools = new Map<string, unknown[]>();
  readonly #never: ReadonlySet<unknown>;

  /**
   * @param never values that no request may contain, so that an operator does not ban a test user
   */
  constructor(never: readonly unknown[]) {
    this.#never = new Set(never);
  }

  learn(pool: string, ...values: readonly unknown[]): void {
    const known = this.#pools.get(pool) ?? [];
    for (const value of values) {
      if (!known.includes(value) && !this.#never.has(value)) known.push(value);
    }
    if (known.length > KEPT) known.splice(KEPT / 2, known.length - KEPT);
    this.#pools.set(pool, known);
  }

  learnFrom(answer: unknown, depth = 0): void {
    if (typeof answer !== "object" || answer === null || depth > 4) return;
    if (answer instanceof Uint8Array) return;
    for (const [name, value] of Object.entries(answer)) {
      if (Array.isArray(value))
        for (const item of value.slice(0, 20)) this.learnFrom(item, depth + 1);
      else if (typeof value === "object") this.learnFrom(value, depth + 1);
      else if (typeof value === "string" || typeof value === "number") this.learn(name, value);
    }
  }

  draw(pool: string, random: SeededRandom): unknown {
    const known = this.#pools.get(pool);
    return known === undefined || known.length === 0 ? undefined : random.pick(known);
  }
}
