import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../../../src/base/fault.ts";
import { SEALED_STATE_FILE, SealedStateStore } from "../../../src/io/state/sealed-store.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

const OWNER = {
  fingerprint: "F",
  formers: [],
  account: "a",
  device: "d",
} as unknown as ConstructorParameters<typeof SealedStateStore>[1];

test("close refuses queued transactions and lets the current one finish", async () => {
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
  const pending = store.transact(async () => "late").catch((error: unknown) => error);
  store.close();
  store.close();
  const later = store.transact(async () => "later").catch((error: unknown) => error);
  held.resolve();
  expect(await begun).toEqual(new Uint8Array([1]));
  for (const refused of [await pending, await later]) {
    expect(refused).toBeInstanceOf(Fault);
    expect((refused as Fault).code).toBe("interrupted");
  }
});

test("reports a database held by another process", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chat-sealed-store-"));
  const clock = new VirtualClock();
  const store = new SealedStateStore(folder, OWNER, clock);
  using other = new Database(join(folder, SEALED_STATE_FILE));
  other.run("BEGIN IMMEDIATE");
  const pending = store.transact(async () => "done").catch((error: Fault) => error);
  await clock.advance(60_000);
  const fault = await pending;
  expect(fault).toBeInstanceOf(Fault);
  expect((fault as Fault).message).toContain("in use by another process");
  other.run("ROLLBACK");
  expect(await store.transact(async () => "done")).toBe("done");
  store.close();
  rmSync(folder, { recursive: true });
});

test("opens a database held by another process, and waits for it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chat-sealed-store-"));
  const clock = new VirtualClock();
  const first = new SealedStateStore(folder, OWNER, clock);
  const held = Promise.withResolvers<void>();
  const begun = first.transact(() => held.promise);
  const startedAt = performance.now();
  const second = new SealedStateStore(folder, { ...OWNER, formers: ["E"] as never }, clock);
  const pending = second.transact(async () => "its turn");
  await clock.advance(1_000);
  expect(performance.now() - startedAt).toBeLessThan(4_000);
  held.resolve();
  await begun;
  await clock.advance(1_000);
  expect(await pending).toBe("its turn");
  first.close();
  second.close();
  rmSync(folder, { recursive: true });
});

test("archives rows of another device key except pins, and restores them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chat-sealed-store-"));
  const clock = new VirtualClock();
  const open = (device: string) => new SealedStateStore(folder, { ...OWNER, device }, clock);
  const keys = (store: SealedStateStore) =>
    store.transact(async (rows) =>
      rows.list({ from: "", to: "~", limit: 9 }).map(({ key }) => key),
    );
  const value = new Uint8Array([1]);
  const one = open("one");
  await one.transact(async (rows) => {
    for (const key of ["pin/vault", "room/r", "state/r"]) rows.put(key, value);
  });
  one.close();
  const two = open("two");
  expect(await keys(two)).toEqual(["device/two", "pin/vault"]);
  await two.transact(async (rows) => rows.put("room/q", value));
  two.close();
  const again = open("one");
  expect(await keys(again)).toEqual(["device/one", "pin/vault", "room/r", "state/r"]);
  again.close();
  const second = open("two");
  expect(await keys(second)).toEqual(["device/two", "pin/vault", "room/q"]);
  second.close();
  rmSync(folder, { recursive: true });
});
