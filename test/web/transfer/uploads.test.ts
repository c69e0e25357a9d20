import { expect, test } from "bun:test";
import { makeFileId } from "../../../src/base/ids.ts";
import { UPLOAD_KEEP_MS } from "../../../src/base/limits.ts";
import { MemoryStore, type TableChange } from "../../../src/web/browser/indexed-db.ts";
import { BrowserUploadJournal } from "../../../src/web/transfer/upload-journal.ts";

const OWNER = { fingerprint: "fp", user: "ana" };
const AT = (unixMs: number) => ({ unixMs: () => unixMs });

const KEY = { ...OWNER, path: "k", to: ["lobby"], name: "a.bin" };

class CountingStore extends MemoryStore {
  writes = 0;
  override write(changes: readonly TableChange[]): Promise<void> {
    this.writes += 1;
    return super.write(changes);
  }
}

function hashesFrom(first: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => new Uint8Array(32).fill(first + i));
}

async function leftIn(store: MemoryStore): Promise<readonly number[]> {
  const later = new BrowserUploadJournal(store, OWNER, AT(2));
  await later.adopt(new Set(["k"]));
  return [...(later.find(KEY)?.upload.hashes() ?? [])].map(([first = -1]) => first);
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

test("writes checksums in batches, and restores them in order", async () => {
  const store = new CountingStore();
  const notes = new BrowserUploadJournal(store, OWNER, AT(1));
  const kept = notes.begin(KEY, "s", makeFileId(new Uint8Array(8)));
  await notes.written();
  store.writes = 0;
  for (let at = 0; at < 200; at += 4) kept.addHashes(hashesFrom(at, 4));
  await notes.written();
  expect(kept.upTo).toBe(200);
  expect(store.writes).toBe(3);
  expect(await leftIn(store)).toEqual(upTo(192));
});

test("discards checksums after a cut, and continues from there", async () => {
  const store = new CountingStore();
  const notes = new BrowserUploadJournal(store, OWNER, AT(1));
  const kept = notes.begin(KEY, "s", makeFileId(new Uint8Array(8)));
  kept.addHashes(hashesFrom(0, 130));
  kept.truncate(70);
  await notes.written();
  expect(await leftIn(store)).toEqual(upTo(70));
  for (let at = 70; at < 140; at += 2) kept.addHashes(hashesFrom(at, 2));
  await notes.written();
  expect(await leftIn(store)).toEqual(upTo(134));
  kept.truncate(3);
  await notes.written();
  expect([kept.upTo, await leftIn(store)]).toEqual([3, []]);
});

test("returns the oldest entry first, and deletes expired entries with their rows", async () => {
  const store = new CountingStore();
  const clock = { now: 0, unixMs: () => clock.now };
  const earlier = new BrowserUploadJournal(store, OWNER, clock);
  for (const [key, begunUnixMs] of [
    ["late", 3],
    ["soon", 2],
    ["old", 1],
  ] as const) {
    clock.now = begunUnixMs;
    const kept = earlier.begin({ ...KEY, path: key }, "s", makeFileId(new Uint8Array(8)));
    kept.addHashes(hashesFrom(0, 64));
  }
  await earlier.written();
  const later = new BrowserUploadJournal(store, { ...OWNER, user: "ANA" }, AT(9));
  const left = await later.loadEntries(2 + UPLOAD_KEEP_MS);
  expect(left.map(({ key, upTo }) => [key, upTo])).toEqual([
    ["soon", 64],
    ["late", 64],
  ]);
  await later.written();
  const rows = await store.all("hashes", "");
  expect(rows.map(([key]) => key.split(" ")[2])).toEqual(["late", "soon"]);
  const other = new BrowserUploadJournal(store, { ...OWNER, user: "ben" }, AT(3));
  expect(await other.loadEntries(3)).toEqual([]);
});
