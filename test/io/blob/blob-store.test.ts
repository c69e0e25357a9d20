import { beforeEach, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES, UNSYNCED_CHUNKS_MAX } from "../../../src/base/limits.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { openBlobStore } from "../../../src/io/blob/blob-store.ts";
import type { Blob, BlobStore } from "../../../src/io/blob/interfaces.ts";
import { systemDisk } from "../../../src/io/disk/system-disk.ts";
import { HASH_LINE_BYTES } from "../../../src/wire/chunks.ts";
import { rejection } from "../../rejection.ts";
import { tempFolder } from "../../temp-folder.ts";
import { digestOf } from "../../wire/digest.ts";
import { randomOf } from "../../worlds/disk-world.ts";
import { chunkOf, offerOf } from "../blob-fixture.ts";
import { SimDisk } from "../disk/sim.ts";

const SYNC_CHUNKS = TRANSFER_SYNC_BYTES / CHUNK_BYTES;
const ABOUT = offerOf(1);

let root = "";
let folder = "";

beforeEach(() => {
  root = tempFolder();
  folder = join(root, "files");
});

const open = (): BlobStore => openBlobStore({ disk: systemDisk(), folder, sha256 });

async function fill(blob: Blob, chunks: number): Promise<void> {
  while (blob.have < chunks) {
    const bytes = chunkOf(1, blob.have);
    await blob.append(sha256(bytes), bytes);
  }
}

async function openExisting(store: BlobStore): Promise<Blob> {
  const blob = await store.open(ABOUT.file);
  if (blob === undefined) throw new Error("there is no such blob");
  return blob;
}

async function made(chunks: number): Promise<void> {
  const blob = await open().create(ABOUT);
  await fill(blob, chunks);
  await blob.sync();
  blob.close();
}

const place = (name: string) => join(folder, ABOUT.file, name);

test("measures free space without creating a folder", async () => {
  expect(await open().freeBytes()).toBeGreaterThan(0);
  expect(fs.existsSync(folder)).toBe(false);
});

describe("a blob", () => {
  test("drops appends after a disk error, and continues later", async () => {
    const disk = new SimDisk({ random: randomOf(1) });
    const store = openBlobStore({ disk, folder: "/files", sha256 });
    const blob = await store.create(ABOUT);
    await fill(blob, 1);
    const [first, second] = [chunkOf(1, 1), chunkOf(1, 2, 9)];
    disk.leave(CHUNK_BYTES + 3);
    const added = [first, second].map((bytes) => blob.append(sha256(bytes), bytes));
    const outcomes = await Promise.allSettled(added);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect([blob.have, blob.sizeBytes]).toEqual([1, CHUNK_BYTES]);
    disk.leave(Number.POSITIVE_INFINITY);
    await fill(blob, 3);
    expect(Buffer.from(await blob.read(2)).equals(chunkOf(1, 2))).toBe(true);
    blob.close();
  });

  test("returns appended chunks with their checksums and digest", async () => {
    const blob = await open().create(ABOUT);
    await fill(blob, 3);
    const last = chunkOf(1, 3, 1_000);
    await blob.append(sha256(last), last);
    expect([blob.have, blob.durable, blob.sizeBytes]).toEqual([4, 0, 3 * CHUNK_BYTES + 1_000]);
    expect(await blob.sync()).toBe(4);
    const hashes = [0, 1, 2].map((index) => sha256(chunkOf(1, index)));
    expect(Buffer.from(blob.digest()).equals(digestOf([...hashes, sha256(last)], sha256))).toBe(
      true,
    );
    expect(Buffer.from(await blob.read(3)).equals(last)).toBe(true);
    expect(Buffer.from(await blob.read(1)).equals(chunkOf(1, 1))).toBe(true);
    expect(Buffer.from(await blob.hash(2)).equals(hashes[2] ?? last)).toBe(true);
    blob.close();
  });

  test("survives a restart with its digest and time", async () => {
    await made(5);
    fs.utimesSync(place("content"), 4_000_000_000, 4_000_000_000);
    const store = open();
    expect(await store.list()).toEqual([ABOUT]);
    const blob = await openExisting(store);
    expect([blob.have, blob.durable, blob.sizeBytes]).toEqual([5, 5, 5 * CHUNK_BYTES]);
    expect(blob.metadata).toEqual(ABOUT);
    expect(blob.lastAppendMs()).toBe(4_000_000_000_000);
    const hashes = [0, 1, 2, 3, 4].map((index) => sha256(chunkOf(1, index)));
    expect(Buffer.from(blob.digest()).equals(digestOf(hashes, sha256))).toBe(true);
    blob.close();
  });

  test("syncs automatically at UNSYNCED_CHUNKS_MAX chunks", async () => {
    const reader = { read: async () => new Uint8Array(1) };
    const disk = new SimDisk({ random: randomOf(1) });
    const store = openBlobStore({ disk, folder: "/files", sha256, externalReader: () => reader });
    const blob = await store.create(ABOUT);
    const bytes = new Uint8Array(CHUNK_BYTES);
    const hash = sha256(bytes);
    for (let i = 0; i <= UNSYNCED_CHUNKS_MAX; i++) await blob.append(hash, bytes);
    expect(blob.durable).toBe(UNSYNCED_CHUNKS_MAX);
    blob.close();
  });
});

describe("after a crash", () => {
  test("drops chunks without a checksum, and accepts them again", async () => {
    await made(4);
    fs.appendFileSync(place("content"), "never told");
    fs.appendFileSync(place("chunks.jsonl"), '"torn');
    const blob = await openExisting(open());
    expect(blob.have).toBe(4);
    await fill(blob, 6);
    await blob.sync();
    blob.close();
    expect(fs.statSync(place("content")).size).toBe(6 * CHUNK_BYTES);
    expect(fs.statSync(place("chunks.jsonl")).size).toBe(6 * HASH_LINE_BYTES);
    const again = await openExisting(open());
    expect(Buffer.from(await again.read(5)).equals(chunkOf(1, 5))).toBe(true);
    again.close();
  });

  test("verifies only the content of the last TRANSFER_SYNC_BYTES", async () => {
    const chunks = SYNC_CHUNKS + 6;
    await made(chunks);
    const damage = (index: number) => {
      const fd = fs.openSync(place("content"), "r+");
      fs.writeSync(fd, Buffer.from("!"), 0, 1, index * CHUNK_BYTES + 5);
      fs.closeSync(fd);
    };
    damage(2);
    const before = await openExisting(open());
    expect(before.have).toBe(chunks);
    before.close();
    damage(10);
    const after = await openExisting(open());
    expect(after.have).toBe(10);
    after.close();
  });

  test("does not take an old damaged line for the end", async () => {
    const lines = Buffer.from(`"${"A".repeat(43)}"\n`.repeat(UNSYNCED_CHUNKS_MAX + 10));
    await made(1);
    lines[HASH_LINE_BYTES] = 0;
    fs.writeFileSync(place("chunks.jsonl"), lines);
    expect(await rejection(openExisting(open()))).toMatchObject({ code: "store-failed" });
    expect(fs.readFileSync(place("chunks.jsonl")).equals(lines)).toBe(true);
  });

  test("names chunks that are missing on disk", async () => {
    await made(3);
    const blob = await openExisting(open());
    fs.truncateSync(place("content"), CHUNK_BYTES);
    expect(await rejection(blob.read(2))).toMatchObject({ code: "checksum-wrong" });
    blob.close();
  });

  test("removes a folder without metadata", async () => {
    await made(1);
    fs.mkdirSync(join(folder, "fAAAAAAAA009"));
    fs.mkdirSync(join(folder, "notes of somebody"));
    expect(await open().list()).toEqual([ABOUT]);
    expect(fs.readdirSync(folder).sort()).toEqual([ABOUT.file, "notes of somebody"]);
  });
});

describe("a store", () => {
  test("shares one blob among its holders", async () => {
    const store = open();
    const one = await store.create(ABOUT);
    const [two, three] = await Promise.all([openExisting(store), openExisting(store)]);
    expect(two === one && three === one).toBe(true);
    one.close();
    two.close();
    await fill(three, 1);
    three.close();
    const again = await openExisting(store);
    expect(again).not.toBe(one);
    again.close();
  });

  test("removes an open blob", async () => {
    const store = open();
    const blob = await store.create(ABOUT);
    await fill(blob, 2);
    await Promise.all([blob.sync().catch(() => undefined), store.remove(ABOUT.file)]);
    expect(fs.readdirSync(folder)).toEqual([]);
    expect(await rejection(blob.read(0))).toMatchObject({ code: "file-unknown" });
    expect(await rejection(fill(blob, 3))).toMatchObject({ code: "file-unknown" });
    blob.close();
    await store.remove(ABOUT.file);
    (await store.create(ABOUT)).close();
  });

  test("does not store external content", async () => {
    const reader = { read: async (index: number) => chunkOf(1, index) };
    const lend = () =>
      openBlobStore({ disk: systemDisk(), folder, sha256, externalReader: () => reader });
    const blob = await lend().create(ABOUT);
    await fill(blob, 3);
    await blob.sync();
    blob.close();
    expect(fs.existsSync(place("content"))).toBe(false);
    const again = await openExisting(lend());
    expect([again.have, Buffer.from(await again.read(2)).equals(chunkOf(1, 2))]).toEqual([3, true]);
    again.close();
  });

  test("reopens a blob after a failed sync, despite remaining holders", async () => {
    let failing = false;
    const disk = new SimDisk({
      random: randomOf(1),
      failure: (call, path) =>
        failing && call === "sync" && path.endsWith("content") ? "EIO" : undefined,
    });
    const store = openBlobStore({ disk, folder: "/files", sha256 });
    const blob = await store.create(ABOUT);
    await fill(blob, 1);
    await blob.sync();
    await fill(blob, 2);
    failing = true;
    expect(await rejection(blob.sync())).toMatchObject({ code: "store-failed" });
    expect(await rejection(fill(blob, 3))).toMatchObject({ code: "store-failed" });
    failing = false;
    const again = await openExisting(store);
    expect(again.have).toBe(1);
    blob.close();
    await fill(again, 3);
    expect(await again.sync()).toBe(3);
    again.close();
  });
});
