import { describe, expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../../src/base/fault.ts";
import { loadIdentity } from "../../../src/cli/serve/identity.ts";
import { Registry } from "../../../src/core/rooms/accounts.ts";
import type { Identity } from "../../../src/crypto/identity.ts";
import { lineage } from "../../../src/crypto/succession.ts";
import type { Draft } from "../../../src/wire/record.ts";
import { Ledger } from "../../core/ledger.ts";
import { tempFolder } from "../../temp-folder.ts";

class Folder {
  readonly path = tempFolder();
  readonly #ledger = new Ledger();
  stops: "before" | "after" | undefined;

  registry(): Registry {
    const registry = new Registry();
    for (const record of this.#ledger.records) registry.apply(record);
    return registry;
  }

  start(renew: boolean, isUsed = true): Promise<Identity> {
    const append = async (draft: Draft) => {
      if (this.stops === "before") throw new Fault("store-failed", "power");
      const record = this.#ledger.append(draft);
      if (this.stops === "after") throw new Fault("store-failed", "power");
      return record;
    };
    const registry = this.registry();
    return loadIdentity({ path: this.path, isUsed, renew, accounts: { append }, registry });
  }

  get hasDraft(): boolean {
    return existsSync(join(this.path, "identity.key.next"));
  }
}

describe("the server's key", () => {
  test("stays the same at each start, and is not replaced after a loss", async () => {
    const folder = new Folder();
    const first = await folder.start(false, false);
    expect((await folder.start(false)).fingerprint).toBe(first.fingerprint);
    rmSync(join(folder.path, "identity.key"));
    expect(await folder.start(true).catch((fault: Fault) => fault.code)).toBe("data-foreign");
  });

  test("is signed by its predecessor when renewed; eight predecessors are listed", async () => {
    const folder = new Folder();
    const keys = [await folder.start(true, false)];
    expect(folder.registry().predecessors).toEqual([]);
    for (let i = 0; i < 10; i++) keys.unshift(await folder.start(true));
    const { predecessors } = folder.registry();
    const [present, ...formers] = keys;
    expect(lineage(present?.publicKey ?? new Uint8Array(32), predecessors)).toEqual(
      formers.slice(0, 8).map(({ fingerprint }) => fingerprint),
    );
    expect((await folder.start(false)).fingerprint).toBe(present?.fingerprint as never);
    expect(folder.hasDraft).toBe(false);
  });

  test("is not renewed if the machine stops before the record", async () => {
    const folder = new Folder();
    const old = await folder.start(false, false);
    folder.stops = "before";
    expect(await folder.start(true).catch((fault: Fault) => fault.code)).toBe("store-failed");
    expect(folder.hasDraft).toBe(true);
    folder.stops = undefined;
    expect((await folder.start(false)).fingerprint).toBe(old.fingerprint);
    expect(folder.hasDraft).toBe(false);
  });

  test("is renewed at the next start if the machine stops after the record", async () => {
    const folder = new Folder();
    const old = await folder.start(false, false);
    folder.stops = "after";
    expect(await folder.start(true).catch((fault: Fault) => fault.code)).toBe("store-failed");
    folder.stops = undefined;
    const next = await folder.start(false);
    expect(next.fingerprint).not.toBe(old.fingerprint);
    expect(lineage(next.publicKey, folder.registry().predecessors)).toEqual([old.fingerprint]);
    expect(folder.hasDraft).toBe(false);
    expect((await folder.start(false)).fingerprint).toBe(next.fingerprint);
  });
});
