import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import {
  PREVIEW_BYTES_MAX,
  PREVIEWS_STORED_BYTES_MAX,
  PREVIEWS_STORED_MAX,
} from "../../../src/base/limits-page.ts";
import type { Platform } from "../../../src/web/browser/environment.ts";
import { MemoryStore, type Store } from "../../../src/web/browser/indexed-db.ts";
import { PreviewStore } from "../../../src/web/transfer/preview-store.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

const clock = new VirtualClock();

function open(store: Store, user = "ana"): PreviewStore {
  const platform = { store, clock } as unknown as Platform;
  return new PreviewStore({ platform, owner: { fingerprint: "fp", user } });
}

const pictureOf = (sizeBytes: number) => {
  return { blob: new Blob([new Uint8Array(sizeBytes)]), width: 4, height: 3 };
};

async function putMany(previews: PreviewStore, count: number, sizeBytes: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await clock.advance(1);
    await previews.put(`f${i}`, pictureOf(sizeBytes));
  }
}

test("stores previews up to a number, and removes the oldest first", async () => {
  const store = new MemoryStore();
  const previews = open(store);
  await open(store, "ben").put("f0", pictureOf(1));
  await putMany(previews, PREVIEWS_STORED_MAX + 1, 1);
  const count = async (user: string) => (await store.all("previews", `fp ${user} `)).length;
  expect([await count("ana"), await count("ben")]).toEqual([PREVIEWS_STORED_MAX, 1]);
  expect(await previews.get("f0")).toBeUndefined();
  expect(await open(store).get("f1")).toMatchObject({ width: 4, height: 3 });
  await clock.advance(1);
  await previews.put("f1", pictureOf(2)); // Replaces itself.
  expect(await count("ana")).toBe(PREVIEWS_STORED_MAX);
  expect((await previews.get("f1"))?.blob.size).toBe(2);
  expect(await previews.get("f2")).toBeDefined();
});

test("stores previews up to a size", async () => {
  const store = new MemoryStore();
  const previews = open(store);
  const fitting = Math.floor(PREVIEWS_STORED_BYTES_MAX / PREVIEW_BYTES_MAX);
  await putMany(previews, fitting, PREVIEW_BYTES_MAX);
  expect(await previews.get("f0")).toBeDefined();
  await putMany(previews, 1, 1);
  await clock.advance(1);
  await previews.put("last", pictureOf(PREVIEWS_STORED_BYTES_MAX));
  expect((await store.all("previews", "")).map(([key]) => key)).toEqual(["fp ana last"]);
});

test("ignores foreign values and faults, and stores nothing after close", async () => {
  const store = new MemoryStore();
  const previews = open(store);
  const wrong = [1, "x", {}, { blob: "b", width: 1, height: 1, madeUnixMs: 1 }];
  await store.write(wrong.map((value, i) => ({ table: "previews", key: `fp ana w${i}`, value })));
  for (const i of wrong.keys()) expect(await previews.get(`w${i}`)).toBeUndefined();
  await previews.put("f", pictureOf(1));
  expect((await store.all("previews", "")).map(([key]) => key)).toEqual(["fp ana f"]);
  previews.close();
  await previews.put("g", pictureOf(1));
  expect(await previews.get("g")).toBeUndefined();
  const full = new MemoryStore();
  full.write = () => Promise.reject(new Fault("store-full", "full"));
  await open(full).put("f", pictureOf(1));
  for (const other of [{ isEphemeral: true }, { isExternal: true }]) {
    const outside = Object.assign(new MemoryStore(), other);
    await open(outside).put("f", pictureOf(1));
    expect(await outside.all("previews", "")).toEqual([]);
  }
});
