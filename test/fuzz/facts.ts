import type { SeededRandom } from "../worlds/seeded-random.ts";

/** Maximum values per pool. */
const KEPT = 200;

/** What is known of the server under fuzz: names, ids, tokens and numbers that mean something. */
export class Facts {
  readonly #pools = new Map<string, unknown[]>();
  readonly #never: ReadonlySet<unknown>;

  /** @param never what no request is to name: that an operator bans somebody is no finding */
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

  /** Everything that an answer names, by the names of its fields. */
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

  /** Undefined: nothing is known of such a field. */
  draw(pool: string, random: SeededRandom): unknown {
    const known = this.#pools.get(pool);
    return known === undefined || known.length === 0 ? undefined : random.pick(known);
  }
}
