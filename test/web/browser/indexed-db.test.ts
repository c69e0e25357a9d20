import { expect, test } from "bun:test";
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { Fault } from "../../../src/base/fault.ts";
import { Device } from "../../../src/web/browser/device-key.ts";
import {
  type DatabaseFactory,
  MemoryStore,
  openStore,
  type Store,
} from "../../../src/web/browser/indexed-db.ts";
import { rejection } from "../../rejection.ts";

const between = (low: string, high: string) => IDBKeyRange.bound(low, high);

function opened(factory = new IDBFactory()): Promise<Store> {
  return openStore(factory as unknown as DatabaseFactory, between);
}

test.each([
  ["IndexedDB", () => opened()],
  ["memory", async () => new MemoryStore()],
])("%s keeps, finds by prefix in order, and removes", async (_, open) => {
  const store: Store = await open();
  await store.write([
    { table: "outbox", key: "b 2", value: { text: "two" } },
    { table: "outbox", key: "b 1", value: { text: "one" } },
    { table: "outbox", key: "c 1", value: { text: "other" } },
    { table: "drafts", key: "b 3", value: "draft" },
  ]);
  expect(await store.all("outbox", "b ")).toEqual([
    ["b 1", { text: "one" }],
    ["b 2", { text: "two" }],
  ]);
  await store.write([{ table: "outbox", key: "b 1", value: undefined }]);
  await store.write([]);
  expect(await store.get("outbox", "b 1")).toBeUndefined();
  expect(await store.get("drafts", "b 3")).toBe("draft");
});

test("reports a refused write as a fault, and writes nothing", async () => {
  const store = await opened();
  const bad = { table: "outbox", key: "x", value: () => "no clone" } as const;
  const good = { table: "outbox", key: "y", value: 1 } as const;
  expect(await rejection(store.write([good, bad]))).toBeInstanceOf(Fault);
  expect(await store.get("outbox", "y")).toBeUndefined();
});

test("stores a device key that cannot be exported", async () => {
  const store = new MemoryStore();
  const parts = {
    store,
    subtle: crypto.subtle as never,
    entropy: (n: number) => new Uint8Array(n),
  };
  const [one, other] = [await Device.open(parts), await Device.open(parts)];
  expect(one.canSign).toBe(true);
  expect(one.device.publicKey).toEqual(other.device.publicKey);
  const { privateKey } = (await store.get("keys", "device")) as { privateKey: CryptoKey };
  expect(await rejection(crypto.subtle.exportKey("pkcs8", privateKey))).toBeInstanceOf(Error);
  const without = await Device.open({ ...parts, store: new MemoryStore(), subtle: undefined });
  expect(without.canSign).toBe(false);
  expect(without.device.publicKey).toHaveLength(32);
});
