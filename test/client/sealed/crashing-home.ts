import { Fault } from "../../../src/base/fault.ts";
import type { OpenSealedHome, SealedHome } from "../../../src/client/sealed/sealing.ts";
import type { SealedTables } from "../../../src/client/sealed/store.ts";

/** Whether the process crashes before or after the commit of a transaction. */
type CrashAt = "before" | "after";
/** `full`: the disk rejects the write once, and the process continues. */
export type FailurePoint = CrashAt | "full";

export class Crash {
  readonly kinds: string[] = [];
  isDead = false;
  isFinished = false;
  readonly happened: Promise<"crashed">;
  readonly #at: FailurePoint;
  readonly #n: number;
  readonly #onWrite: (written: readonly string[]) => void;
  readonly #happen: (how: "crashed") => void;

  constructor(
    at: FailurePoint,
    n: number,
    onWrite: (written: readonly string[]) => void = () => undefined,
  ) {
    this.#onWrite = onWrite;
    this.#at = at;
    this.#n = n;
    const { promise, resolve } = Promise.withResolvers<"crashed">();
    this.happened = promise;
    this.#happen = resolve;
  }

  get writes(): number {
    return this.kinds.length;
  }

  readonly between = (home: SealedHome): SealedHome => ({
    exists: () => home.exists(),
    stateKey: () => home.stateKey(),
    open: async (owner) => this.#wrapped(await home.open(owner)),
  });

  #wrapped(home: OpenSealedHome): OpenSealedHome {
    return { transact: (work) => this.#transact(home, work), close: () => home.close() };
  }

  async #transact<Result>(
    home: OpenSealedHome,
    work: (tables: SealedTables) => Promise<Result>,
  ): Promise<Result> {
    if (this.isDead) return never();
    let isLast = false;
    const done = await home
      .transact(async (tables) => {
        const written: string[] = [];
        const result = await work({
          get: (key) => tables.get(key),
          list: (range) => tables.list(range),
          put: (key, value) => {
            written.push(key);
            return tables.put(key, value);
          },
          delete: (key) => {
            written.push(key);
            return tables.delete(key);
          },
        });
        this.#onWrite(written);
        if (written.length > 0 && !this.isDead && !this.isFinished) {
          const kinds = new Set(written.map((key) => key.split("/")[0]));
          this.kinds.push([...kinds].sort().join(" "));
          isLast = this.writes === this.#n;
        }
        if (isLast && this.#at === "full") throw new Fault("store-full", "the disk is full");
        if (isLast) this.isDead = true;
        if (this.isDead && !(isLast && this.#at === "after"))
          throw new Fault("interrupted", "dead");
        return result;
      })
      .catch((error: unknown) => {
        if (!this.isDead) throw error;
        return undefined;
      });
    if (!this.isDead) return done as Result;
    this.#happen("crashed");
    return never();
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
