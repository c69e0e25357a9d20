import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES, UNSYNCED_CHUNKS_MAX } from "../../../src/base/limits.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { openBlobStore } from "../../../src/io/blob/blob-store.ts";
import type { Blob, BlobStore } from "../../../src/io/blob/interfaces.ts";
import { systemDisk } from "../../../src/io/disk/system-disk.ts";
import { HASH_LINE_BYTES } from "../../../src/wire/chunks.ts";
import { requires } from "../../installed.ts";
import { rejection } from "../../rejection.ts";
import { digestOf } from "../../wire/digest.ts";
import { randomOf } from "../../worlds/disk-world.ts";
import { chunkOf, offerOf } from "../blob-fixture.ts";
import { SimDisk } from "../disk/sim.ts";

const KILLS = Number(process.env["CHAT_KILLS"] ?? 5);
const SYNC_CHUNKS = TRANSFER_SYNC_BYTES / CHUNK_BYTES;
const ABOUT = offerOf(1);

let root = "";
let folder = "";

beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), "chat-blobs-"));
  folder = join(root, "files");
});

afterEach(() => {
  fs.rmSync(root, { recursive: true, force: true });
});

const open = (): BlobStore => openBlobStore({ disk: systemDisk(), folder, sha256 });

async function fill(blob: Blob, chunks: number): Promise<void> {
  while (blob.have < chunks) {
    const bytes = chunkOf(1, blob.have);
    await blob.append(sha256(bytes), bytes);
  }
}

/** Opens what must be there. */
async function openKnown(store: BlobStore): Promise<Blob> {
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

describe("a blob", () => {
  test("writes at once what is added in one tick, and reads several at once", async () => {
    const disk = new SimDisk({ random: randomOf(1) });
    const store = openBlobStore({ disk, folder: "/files", sha256 });
    const blob = await store.create(ABOUT);
    const chunks = [0, 1, 2, 3, 4].map((index) => chunkOf(1, index));
    const last = chunkOf(1, 5, 9);
    await Promise.all([...chunks, last].map((bytes) => blob.append(sha256(bytes), bytes)));
    expect([blob.have, blob.sizeBytes]).toEqual([6, 5 * CHUNK_BYTES + 9]);
    const read = await blob.readSome(1, 5);
    expect(Buffer.concat(read).equals(Buffer.concat([...chunks.slice(1), last]))).toBe(true);
    expect(await blob.sync()).toBe(6);
    blob.close();
  });

  test("that the disk refuses adds nothing of what followed, and goes on later", async () => {
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

  test("gives back what was added, with its checksums and its digest", async () => {
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

  test("is the same over a restart, with its digest and time", async () => {
    await made(5);
    fs.utimesSync(place("content"), 4_000_000_000, 4_000_000_000);
    const store = open();
    expect(await store.list()).toEqual([ABOUT]);
    const blob = await openKnown(store);
    expect([blob.have, blob.durable, blob.sizeBytes]).toEqual([5, 5, 5 * CHUNK_BYTES]);
    expect(blob.about).toEqual(ABOUT);
    expect(blob.touchedMs()).toBe(4_000_000_000_000);
    const hashes = [0, 1, 2, 3, 4].map((index) => sha256(chunkOf(1, index)));
    expect(Buffer.from(blob.digest()).equals(digestOf(hashes, sha256))).toBe(true);
    blob.close();
  });

  test("is on the disk as a person can read it", async () => {
    await made(2);
    expect(fs.readdirSync(join(folder, ABOUT.file)).sort()).toEqual([
      ...["about.json", "chunks.jsonl", "content"],
    ]);
    const lines = fs.readFileSync(place("chunks.jsonl"), "utf8").trimEnd().split("\n");
    const hashes = lines.map((line) => Buffer.from(JSON.parse(line), "base64url"));
    expect(hashes.map((hash) => hash.equals(sha256(chunkOf(1, hashes.indexOf(hash)))))).toEqual([
      ...[true, true],
    ]);
    const modes = ["about.json", "chunks.jsonl", "content"].map((name) => fs.statSync(place(name)));
    expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o600, 0o600, 0o600]);
    expect(fs.statSync(join(folder, ABOUT.file)).mode & 0o777).toBe(0o700);
  });

  test("can be added to while it is read and synced", async () => {
    const blob = await open().create(ABOUT);
    await fill(blob, 2);
    const syncing = blob.sync();
    await fill(blob, 4);
    expect(await syncing).toBe(2);
    const both = Promise.all([blob.sync(), blob.sync(), blob.read(3), blob.hash(3), fill(blob, 6)]);
    for (const upTo of (await both).slice(0, 2)) expect(upTo).toBeGreaterThanOrEqual(4);
    expect(await blob.sync()).toBe(6);
    blob.close();
  });

  test("syncs by itself at UNSYNCED_CHUNKS_MAX chunks", async () => {
    const reader = { read: async () => new Uint8Array(1) };
    const disk = new SimDisk({ random: randomOf(1) });
    const store = openBlobStore({ disk, folder: "/files", sha256, lent: () => reader });
    const blob = await store.create(ABOUT);
    const bytes = new Uint8Array(CHUNK_BYTES);
    const hash = sha256(bytes);
    for (let i = 0; i <= UNSYNCED_CHUNKS_MAX; i++) await blob.append(hash, bytes);
    expect(blob.durable).toBe(UNSYNCED_CHUNKS_MAX);
    blob.close();
  });

  test("has a memory that does not grow with it", async () => {
    const blob = await open().create(ABOUT);
    const bytes = chunkOf(1, 0);
    const hash = sha256(bytes);
    const grow = async (chunks: number) => {
      for (let i = 0; i < chunks; i++) {
        await blob.append(hash, bytes);
        if (i % SYNC_CHUNKS === 0) await blob.sync();
      }
      Bun.gc(true);
      return process.memoryUsage().rss;
    };
    const before = await grow(200);
    expect((await grow(800)) - before).toBeLessThan(64 * 1024 * 1024);
    blob.close();
  });
});

describe("after a crash", () => {
  test("what has no line is cut away, and comes again", async () => {
    await made(4);
    fs.appendFileSync(place("content"), "never told");
    fs.appendFileSync(place("chunks.jsonl"), '"torn');
    const blob = await openKnown(open());
    expect(blob.have).toBe(4);
    await fill(blob, 6);
    await blob.sync();
    blob.close();
    expect(fs.statSync(place("content")).size).toBe(6 * CHUNK_BYTES);
    expect(fs.statSync(place("chunks.jsonl")).size).toBe(6 * HASH_LINE_BYTES);
    const again = await openKnown(open());
    expect(Buffer.from(await again.read(5)).equals(chunkOf(1, 5))).toBe(true);
    again.close();
  });

  test("a line that is torn at any byte counts for nothing", async () => {
    await made(3);
    const whole = fs.readFileSync(place("chunks.jsonl"));
    for (let cut = 0; cut < HASH_LINE_BYTES; cut++) {
      const at = 2 * HASH_LINE_BYTES + cut;
      fs.writeFileSync(
        place("chunks.jsonl"),
        Buffer.concat([whole.subarray(0, at), Buffer.alloc(3)]),
      );
      const blob = await openKnown(open());
      expect(blob.have).toBe(2);
      blob.close();
    }
  });

  test("content of the last TRANSFER_SYNC_BYTES is read again, no more", async () => {
    const chunks = SYNC_CHUNKS + 6;
    await made(chunks);
    const damage = (index: number) => {
      const fd = fs.openSync(place("content"), "r+");
      fs.writeSync(fd, Buffer.from("!"), 0, 1, index * CHUNK_BYTES + 5);
      fs.closeSync(fd);
    };
    damage(2);
    const before = await openKnown(open());
    expect(before.have).toBe(chunks);
    before.close();
    damage(10);
    const after = await openKnown(open());
    expect(after.have).toBe(10);
    after.close();
  });

  test("opening changes nothing: only who adds cuts", async () => {
    await made(4);
    fs.appendFileSync(place("chunks.jsonl"), "garbage");
    const before = fs.readFileSync(place("chunks.jsonl"));
    (await openKnown(open())).close();
    expect(fs.readFileSync(place("chunks.jsonl")).equals(before)).toBe(true);
  });

  test("a line that was damaged long ago is not taken for the end", async () => {
    const lines = Buffer.from(`"${"A".repeat(43)}"\n`.repeat(UNSYNCED_CHUNKS_MAX + 10));
    await made(1);
    lines[HASH_LINE_BYTES] = 0;
    fs.writeFileSync(place("chunks.jsonl"), lines);
    expect(await rejection(openKnown(open()))).toMatchObject({ code: "store-failed" });
    expect(fs.readFileSync(place("chunks.jsonl")).equals(lines)).toBe(true);
  });

  test("chunks that the disk has no more are named", async () => {
    await made(3);
    const blob = await openKnown(open());
    fs.truncateSync(place("content"), CHUNK_BYTES);
    expect(await rejection(blob.read(2))).toMatchObject({ code: "checksum-wrong" });
    blob.close();
  });

  test("a folder that has no offer yet is swept", async () => {
    await made(1);
    fs.mkdirSync(join(folder, "fAAAAAAAA009"));
    fs.mkdirSync(join(folder, "notes of somebody"));
    expect(await open().list()).toEqual([ABOUT]);
    expect(fs.readdirSync(folder).sort()).toEqual([ABOUT.file, "notes of somebody"]);
  });
});

describe("a store", () => {
  test("gives one blob to all who hold it", async () => {
    const store = open();
    const one = await store.create(ABOUT);
    const [two, three] = await Promise.all([openKnown(store), openKnown(store)]);
    expect(two === one && three === one).toBe(true);
    one.close();
    two.close();
    await fill(three, 1);
    three.close();
    const again = await openKnown(store);
    expect(again).not.toBe(one);
    again.close();
  });

  test("has none where none was made, and makes one once", async () => {
    const store = open();
    expect(await store.open(ABOUT.file)).toBeUndefined();
    expect(await store.list()).toEqual([]);
    (await store.create(ABOUT)).close();
    expect(await rejection(store.create(ABOUT))).toMatchObject({ code: "store-failed" });
  });

  test("removes it from under whoever has it open", async () => {
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

  test("closing while work is going on waits for it", async () => {
    const store = open();
    const blob = await store.create(ABOUT);
    await fill(blob, 1);
    const bytes = chunkOf(1, 1);
    const work = Promise.all([blob.append(sha256(bytes), bytes), blob.sync(), blob.read(0)]);
    blob.close();
    await work;
    const again = await openKnown(store);
    expect(again.have).toBeGreaterThanOrEqual(1);
    again.close();
  });

  test("knows how much fits", async () => {
    expect(await open().freeBytes()).toBeGreaterThan(0);
    const disk = new SimDisk({ random: randomOf(1) });
    disk.leave(1_000);
    expect(await openBlobStore({ disk, folder: "/files", sha256 }).freeBytes()).toBe(1_000);
  });

  test("stores no content that is lent", async () => {
    const reader = { read: async (index: number) => chunkOf(1, index) };
    const lend = () => openBlobStore({ disk: systemDisk(), folder, sha256, lent: () => reader });
    const blob = await lend().create(ABOUT);
    await fill(blob, 3);
    await blob.sync();
    blob.close();
    expect(fs.existsSync(place("content"))).toBe(false);
    const again = await openKnown(lend());
    expect([again.have, Buffer.from(await again.read(2)).equals(chunkOf(1, 2))]).toEqual([3, true]);
    again.close();
  });

  test("after a failed sync it is read anew, whoever still holds the old one", async () => {
    let failing = false;
    const disk = new SimDisk({
      random: randomOf(1),
      trouble: (call, path) =>
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
    const again = await openKnown(store);
    expect(again.have).toBe(1);
    blob.close();
    await fill(again, 3);
    expect(await again.sync()).toBe(3);
    again.close();
  });
});

test("a full disk refuses a chunk, keeps what is there, and goes on later", async () => {
  const disk = new SimDisk({ random: randomOf(1) });
  const store = openBlobStore({ disk, folder: "/files", sha256 });
  const blob = await store.create(ABOUT);
  await fill(blob, 2);
  disk.leave(CHUNK_BYTES / 2);
  expect(await rejection(fill(blob, 3))).toMatchObject({ code: "store-full" });
  expect([blob.have, await blob.sync().catch((error) => error.code)]).toEqual([2, "store-full"]);
  disk.leave(Number.POSITIVE_INFINITY);
  await fill(blob, 3);
  expect(await blob.sync()).toBe(3);
  expect(Buffer.from(await blob.read(2)).equals(chunkOf(1, 2))).toBe(true);
  blob.close();
});

requires("mount").test("a full file system does the same", async () => {
  const small = join(root, "small");
  fs.mkdirSync(small);
  const mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", small];
  expect(Bun.spawnSync(mount).success).toBe(true);
  try {
    const store = openBlobStore({ disk: systemDisk(), folder: join(small, "files"), sha256 });
    const blob = await store.create(ABOUT);
    expect(await rejection(fill(blob, 100))).toMatchObject({ code: "store-full" });
    const { have } = blob;
    expect(have).toBeGreaterThan(5);
    expect(Buffer.from(await blob.read(have - 1)).equals(chunkOf(1, have - 1))).toBe(true);
    expect(await rejection(store.create(offerOf(2)))).toMatchObject({ code: "store-full" });
    expect(fs.readdirSync(join(small, "files"))).toEqual([ABOUT.file]);
    await store.remove(ABOUT.file);
    blob.close();
    const again = await store.create(offerOf(2));
    await fill(again, 3);
    expect(await again.sync()).toBe(3);
    again.close();
  } finally {
    Bun.spawnSync(["umount", small]);
  }
});

test(
  `killed ${KILLS} times, a writer loses nothing that it called durable`,
  async () => {
    const durable = new Map<number, number>();
    for (let round = 0; round < KILLS; round++) {
      const script = join(import.meta.dir, "blob-writer-process.ts");
      const writer = Bun.spawn([process.execPath, script, folder], { stdout: "pipe" });
      let said = "";
      for await (const part of writer.stdout) {
        said += Buffer.from(part).toString();
        if (said.length > 40 + round * 17) writer.kill("SIGKILL");
      }
      await writer.exited;
      for (const line of said.split("\n").slice(0, -1)) {
        const [number = 0, upTo = 0] = line.split(" ").map(Number);
        durable.set(number, upTo);
      }
      const store = open();
      for (const [number, upTo] of durable) {
        const blob = await store.open(offerOf(number).file);
        expect(blob?.have ?? 0).toBeGreaterThanOrEqual(upTo);
        for (let index = 0; index < (blob?.have ?? 0); index++) {
          const is = Buffer.from((await blob?.read(index)) ?? []).equals(chunkOf(number, index));
          expect([number, index, is]).toEqual([number, index, true]);
        }
        blob?.close();
      }
    }
    expect(durable.size).toBe(3);
  },
  10_000 + KILLS * 6_000,
);
