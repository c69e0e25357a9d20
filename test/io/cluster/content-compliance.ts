import { expect } from "bun:test";
import type { FileId } from "../../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import type { ContentStore } from "../../../src/io/cluster/shared-files.ts";

const ONE = "fAAAAAAAAAA1" as FileId;
const OTHER = "fAAAAAAAAA_2" as FileId;

export async function checkContentStore(store: ContentStore): Promise<void> {
  expect(await store.get(ONE, "about")).toBeUndefined();
  expect(await store.lastPutMs(ONE)).toBeUndefined();
  await store.erase(ONE);

  const complete = new Uint8Array(CHUNK_BYTES).fill(7);
  await store.put(ONE, "c0-_x-", complete);
  await store.put(ONE, "c1", Uint8Array.of(1));
  await store.put(ONE, "c1", Uint8Array.of(2));
  expect(await store.get(ONE, "c0-_x-")).toEqual(complete);
  expect(await store.get(ONE, "c1")).toEqual(Uint8Array.of(2));

  expect(await store.putNew(ONE, "about", Uint8Array.of(1))).toBe(true);
  expect(await store.putNew(ONE, "about", Uint8Array.of(2))).toBe(false);
  expect(await store.get(ONE, "about")).toEqual(Uint8Array.of(1));
  await store.put(OTHER, "about", new Uint8Array());
  expect(await store.get(OTHER, "about")).toEqual(new Uint8Array());

  expect((await store.parts(ONE)).toSorted()).toEqual(["about", "c0-_x-", "c1"]);
  expect((await store.filesWith("about")).toSorted()).toEqual([ONE, OTHER]);
  expect(await store.filesWith("c1")).toEqual([ONE]);
  expect(await store.lastPutMs(ONE)).toBeGreaterThan(1_700_000_000_000);

  await store.erase(ONE);
  expect(await store.parts(ONE)).toEqual([]);
  expect(await store.filesWith("about")).toEqual([OTHER]);
  expect(await store.lastPutMs(ONE)).toBeUndefined();
  expect(await store.putNew(ONE, "about", Uint8Array.of(3))).toBe(true);
}
