import type { OpenSealedHome } from "../../../src/client/sealed/sealing.ts";
import type { KeyRange, SealedRow, SealedTables } from "../../../src/client/sealed/store.ts";
import type { Life } from "../life.ts";
import type { SeededRandom } from "../seeded-random.ts";

/**
 * Rows for sealed rooms on a disk that stores only committed transactions. Programs of one home
 * take turns. A program that ends during its turn has changed nothing.
 */
export class SealedRowsOnDisk {
  readonly #random: SeededRandom;
  readonly #delayMsMax: number;
  rows = new Map<string, Uint8Array>();
  #holder: object | undefined;
  readonly #waiting: (() => void)[] = [];
  readonly #stops = new Map<Life, { left: number; readonly stop: () => void }>();

  constructor(random: SeededRandom, delayMsMax: number) {
    this.#random = random;
    this.#delayMsMax = delayMsMax;
  }

  open(life: Life): OpenSealedHome {
    return { transact: (work) => life.hold(this.#transact(life, work)), close: () => undefined };
  }

  peek<Result>(work: (tables: SealedTables) => Promise<Result>): Promise<Result> {
    return work(this.#tables(new Map()));
  }

  async #transact<Result>(
    life: Life,
    work: (tables: SealedTables) => Promise<Result>,
  ): Promise<Result> {
    const turn = {};
    await this.#taken(life, turn);
    try {
      await this.#pass(life);
      const changes = new Map<string, Uint8Array | undefined>();
      const result = await work(this.#tables(changes));
      await this.#pass(life);
      for (const [key, value] of changes) {
        if (value === undefined) this.rows.delete(key);
        else this.rows.set(key, value);
      }
      await this.#pass(life);
      return result;
    } finally {
      this.#release(turn);
    }
  }

  stopWithin(life: Life, left: number, stop: () => void): void {
    this.#stops.set(life, { left, stop });
  }

  calm(): void {
    this.#stops.clear();
  }

  /** If the program ends in this step, the promise never settles. */
  async #pass(life: Life): Promise<void> {
    const planned = this.#stops.get(life);
    if (planned !== undefined && --planned.left === 0) planned.stop();
    const delayMs = this.#random.int(this.#delayMsMax + 1);
    if (delayMs > 0) await new Promise<void>((resolve) => life.clock.after(delayMs, resolve));
    if (!life.isAlive) await new Promise(() => undefined);
  }

  async #taken(life: Life, turn: object): Promise<void> {
    while (this.#holder !== undefined) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (!life.isAlive) return new Promise(() => undefined);
    this.#holder = turn;
    life.onEnd(() => this.#release(turn));
  }

  #release(turn: object): void {
    if (this.#holder !== turn) return;
    this.#holder = undefined;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #tables(changes: Map<string, Uint8Array | undefined>): SealedTables {
    return {
      get: (key) => (changes.has(key) ? changes.get(key) : this.rows.get(key)),
      put: (key, value) => void changes.set(key, new Uint8Array(value)),
      delete: (key) => void changes.set(key, undefined),
      list: (range) => listed(this.rows, changes, range),
    };
  }
}

function listed(
  rows: ReadonlyMap<string, Uint8Array>,
  changes: ReadonlyMap<string, Uint8Array | undefined>,
  { from, to, limit, backwards = false }: KeyRange,
): SealedRow[] {
  const found: SealedRow[] = [];
  for (const key of new Set([...rows.keys(), ...changes.keys()])) {
    if (key < from || key >= to) continue;
    const value = changes.has(key) ? changes.get(key) : rows.get(key);
    if (value !== undefined) found.push({ key, value });
  }
  found.sort((a, b) => (a.key < b.key ? -1 : 1));
  if (backwards) found.reverse();
  return found.slice(0, limit);
}
