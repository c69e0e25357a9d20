import { Fault } from "../../../src/base/fault.ts";
import type { Bucket, Value } from "../../../src/io/bucket/bucket.ts";
import type { Random } from "../disk/sim-file.ts";

export class MemoryBucket implements Bucket {
  readonly values = new Map<string, Value>();
  readonly #random: Random;
  #revision = 0;
  losesPercent = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  async read(name: string): Promise<Value | undefined> {
    await this.#turns();
    const value = this.values.get(name);
    await this.#turns();
    return value;
  }

  async write(name: string, bytes: Uint8Array, before: Value | undefined): Promise<boolean> {
    const percent = this.#random() * 100;
    await this.#turns();
    if (percent < this.losesPercent / 2) throw lost();
    if (this.values.get(name)?.revision !== before?.revision) return false;
    this.values.set(name, { bytes: new Uint8Array(bytes), revision: `${++this.#revision}` });
    await this.#turns();
    if (percent < this.losesPercent) throw lost();
    return true;
  }

  async remove(name: string): Promise<void> {
    await this.#turns();
    this.values.delete(name);
  }

  async sweep(isKept: (name: string) => boolean): Promise<void> {
    for (const name of [...this.values.keys()]) if (!isKept(name)) this.values.delete(name);
  }

  async #turns(): Promise<void> {
    for (let turn = Math.floor(this.#random() * 20); turn > 0; turn--) await undefined;
  }
}

function lost(): Fault {
  return new Fault("no-majority", "nobody answers", { retryAfterMs: 1_000 });
}
