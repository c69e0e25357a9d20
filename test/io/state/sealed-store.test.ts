import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { SealedStateStore } from "../../../src/io/state/sealed-store.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

const OWNER = { fingerprint: "F", formers: [], account: "a" } as unknown as ConstructorParameters<
  typeof SealedStateStore
>[1];

test("who leaves ends what waits by a fault, and nothing in the middle", async () => {
  const store = new SealedStateStore(undefined, OWNER, new VirtualClock());
  const started = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const begun = store.transact(async (rows) => {
    started.resolve();
    await held.promise;
    rows.put("key", new Uint8Array([1]));
    return rows.get("key");
  });
  await started.promise;
  const waiting = store.transact(async () => "late").catch((error: unknown) => error);
  store.close();
  store.close();
  const later = store.transact(async () => "later").catch((error: unknown) => error);
  held.resolve();
  expect(await begun).toEqual(new Uint8Array([1]));
  for (const refused of [await waiting, await later]) {
    expect(refused).toBeInstanceOf(Fault);
    expect((refused as Fault).code).toBe("interrupted");
  }
});
