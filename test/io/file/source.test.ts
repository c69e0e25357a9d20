import { beforeEach, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import { CHUNK_BYTES, STREAM_RETAINED_CHUNKS_MAX } from "../../../src/base/limits.ts";
import type { Source } from "../../../src/io/blob/interfaces.ts";
import { checkSource, openSource } from "../../../src/io/file/source.ts";
import { streamSource } from "../../../src/io/file/source-stream.ts";
import { rejection } from "../../rejection.ts";
import { tempFolder } from "../../temp-folder.ts";
import { unprivileged } from "../../unprivileged.ts";
import { pattern } from "../../worlds/disk-files-world.ts";

let root = "";

beforeEach(() => {
  root = tempFolder();
});

async function readAll(source: Source): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (let index = 0; ; index++) {
    const bytes = await source.read(index);
    if (bytes === undefined) return Buffer.concat(chunks);
    expect(bytes.length === CHUNK_BYTES || chunks.length === index).toBe(true);
    chunks.push(bytes);
  }
}

function planted(name: string, bytes: Uint8Array): string {
  const path = join(root, name);
  fs.writeFileSync(path, bytes);
  return path;
}

const changed = { code: "file-changed" };

describe("a file", () => {
  test("is read in chunks, in any order, to its end", async () => {
    const bytes = pattern(2 * CHUNK_BYTES + 77);
    const source = await openSource(planted("a.bin", bytes));
    expect([source.name, source.sizeBytes]).toEqual(["a.bin", bytes.length]);
    expect((await source.read(2))?.length).toBe(77);
    expect((await readAll(source)).equals(bytes)).toBe(true);
    expect(await source.read(3)).toBeUndefined();
    expect(source.unproven).toBeUndefined();
    source.close();
  });

  test("names its permission bits and its time", async () => {
    const path = join(root, "tool");
    fs.writeFileSync(path, "x");
    fs.chmodSync(path, 0o4751);
    fs.utimesSync(path, 0, new Date(-1));
    const source = await openSource(path);
    expect(source.details).toEqual({ mode: 0o751, mtimeMs: -1 });
    source.close();
  });

  test("has a stamp that proves an unchanged file, and is unsure of others", async () => {
    const path = planted("a", pattern(100));
    const matchOf = async (stored: string | undefined) => {
      const source = await openSource(path);
      source.close();
      return [source.matchStamp?.(stored ?? ""), source.stamp];
    };
    const [, first] = await matchOf("");
    expect(await matchOf(first)).toEqual(["same", first]);
    const changes: readonly (() => void)[] = [
      () => fs.chmodSync(path, 0o400),
      () => fs.linkSync(path, join(root, "link")),
      () => fs.utimesSync(path, 1, 1),
      () => fs.renameSync(planted("b", pattern(100)), path),
    ];
    let stored = first;
    for (const change of changes) {
      change();
      const [match, stamp] = await matchOf(stored);
      expect(match).toBe("unsure");
      stored = stamp;
    }
    fs.appendFileSync(path, "more");
    expect((await matchOf(stored))[0]).toBe("other");
  });

  const CHUNKS = 10;
  const changes: readonly [string, (path: string) => void][] = [
    ["grows", (path) => fs.appendFileSync(path, "x")],
    ["is rewritten", (path) => fs.writeFileSync(path, pattern(CHUNKS * CHUNK_BYTES, 9))],
    ["changes only its mode", (path) => fs.chmodSync(path, 0o640)],
    [
      "is written and gets its old time back",
      (path) => {
        const { atimeMs, mtimeMs } = fs.statSync(path);
        const fd = fs.openSync(path, "r+");
        fs.writeSync(fd, "other", 0);
        fs.closeSync(fd);
        fs.utimesSync(path, atimeMs / 1_000, mtimeMs / 1_000);
      },
    ],
  ];
  test.each(changes)("that %s during the upload must be read again", async (_, change) => {
    const path = planted("a", pattern(CHUNKS * CHUNK_BYTES));
    fs.utimesSync(path, 1, 1); // An old time: the clock may not advance before the change.
    const source = await openSource(path);
    await source.read(0);
    change(path);
    for (let index = 1; index < CHUNKS; index++) await source.read(index);
    expect(source.unproven).toEqual({ from: 0, end: CHUNKS });
    const again = await readAll(source);
    expect(again.equals(fs.readFileSync(path).subarray(0, CHUNKS * CHUNK_BYTES))).toBe(true);
    source.proven?.();
    expect(source.unproven).toBeUndefined();
    source.close();
  });

  test("that grows is read up to its size when opened, and named", async () => {
    const path = planted("app.log", pattern(100));
    const source = await openSource(path);
    fs.appendFileSync(path, "more");
    expect(await readAll(source)).toEqual(Buffer.from(pattern(100)));
    expect(source.grown).toEqual(["app.log"]);
    source.close();
  });

  test("that shrinks is rejected", async () => {
    const path = planted("a", pattern(CHUNKS * CHUNK_BYTES));
    const source = await openSource(path);
    await source.read(0);
    fs.truncateSync(path, 9 * CHUNK_BYTES + 1);
    const readOn = async () => {
      for (let index = 1; index < CHUNKS; index++) await source.read(index);
    };
    expect(await rejection(readOn())).toMatchObject(changed);
    source.close();
  });

  test("that is replaced is read from its new content, or again if that is shorter", async () => {
    const path = planted("a", pattern(100));
    const source = await openSource(path);
    fs.renameSync(planted("b", pattern(100, 2)), path);
    expect(await readAll(source)).toEqual(Buffer.from(pattern(100)));
    expect(source.unproven).toBeDefined();
    expect(await readAll(source)).toEqual(Buffer.from(pattern(100, 2)));
    fs.renameSync(planted("b", pattern(99)), path);
    expect(await readAll(source)).toEqual(Buffer.from(pattern(100, 2)));
    fs.rmSync(path);
    expect(await readAll(source)).toEqual(Buffer.from(pattern(100, 2)));
    source.close();
  });

  test("that was just written is read when a later change would change its times", async () => {
    const path = planted("a", pattern(100));
    const source = await openSource(path);
    const { ctimeMs } = fs.statSync(path);
    expect(Date.now() - ctimeMs).toBeGreaterThan(15);
    source.close();
  });

  test("that is missing or special is rejected", async () => {
    expect(await rejection(openSource(join(root, "missing")))).toMatchObject({ code: "not-found" });
    const below = join(planted("a", pattern(1)), "below");
    expect(await rejection(openSource(below))).toMatchObject({ code: "not-found" });
    expect(await rejection(openSource("/dev/null"))).toMatchObject({ code: "usage" });
    expect(() => checkSource("/dev/null")).toThrow("neither a file nor a folder");
    expect(() => checkSource(below)).toThrow("no such file");
  });
});

test("entries of a folder that are unreadable are left out and named", async () => {
  fs.chmodSync(root, 0o755);
  fs.mkdirSync(join(root, "closed"), { mode: 0 });
  fs.writeFileSync(join(root, "secret"), "x", { mode: 0 });
  fs.writeFileSync(join(root, "open"), "x");
  const source = await unprivileged(async () => {
    const opened = await openSource(root);
    // Only opening a file shows whether the effective user may read it.
    await readAll(opened).catch(() => opened.relist?.());
    return opened;
  });
  expect(source.folder?.entries).toBe(1);
  const reason = "permission denied";
  expect([...source.skipped].sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
    { path: "closed", reason },
    { path: "secret", reason },
  ]);
  source.close();
});

// Documents on some network drives have no size either.
test.skipIf(process.platform !== "linux")(
  "files of a folder that have content but no size are left out and named",
  async () => {
    const source = await openSource("/proc/self/net/stat");
    expect(source.folder?.entries).toBe(0);
    expect(source.skipped.length).toBeGreaterThan(0);
    const reason = "its size is unknown; pipe its content to standard input: -";
    expect(new Set(source.skipped.map((entry) => entry.reason))).toEqual(new Set([reason]));
    source.close();
  },
);

describe("a folder", () => {
  function plant(): string {
    const home = join(root, "home");
    fs.mkdirSync(join(home, "b", "c"), { recursive: true });
    fs.writeFileSync(join(home, "b", "big"), pattern(3 * CHUNK_BYTES));
    for (let i = 0; i < 40; i++) fs.writeFileSync(join(home, `f${i}`), pattern(i * 100, i));
    return home;
  }

  test("yields the same bytes each time, from any chunk", async () => {
    const [one, two] = [await openSource(plant()), await openSource(join(root, "home"))];
    const bytes = await readAll(one);
    expect(bytes.length).toBe(one.sizeBytes ?? 0);
    expect((await readAll(two)).equals(bytes)).toBe(true);
    const third = bytes.subarray(2 * CHUNK_BYTES, 3 * CHUNK_BYTES);
    expect(Buffer.from((await two.read(2)) ?? []).equals(third)).toBe(true);
    expect(one.stamp).toBe(two.stamp ?? "");
    expect([one.name, one.folder?.entries]).toEqual(["home", 43]);
    for (const source of [one, two]) source.close();
  });

  test("serves the upload and the receivers of a share at once", async () => {
    const source = await openSource(plant());
    const hash = (bytes: Uint8Array = new Uint8Array(0)) => Bun.SHA256.hash(bytes, "hex");
    const reads = [0, 1, 0, 2].map(async (index) => hash(await source.read(index)));
    const together = await Promise.all(reads);
    const apart: string[] = [];
    for (const index of [0, 1, 0, 2]) apart.push(hash(await source.read(index)));
    expect(together).toEqual(apart);
    source.close();
  });

  test("skips unsupported entries, with reasons", async () => {
    const home = plant();
    fs.symlinkSync("b", join(home, "link"));
    Bun.spawnSync(["mkfifo", join(home, "b", "pipe")]);
    const odd = Buffer.concat([Buffer.from(`${home}/odd`), Buffer.of(0xff)]);
    fs.writeFileSync(odd, "x");
    const source = await openSource(home);
    const said = source.skipped.map(({ reason }) => reason);
    expect(said.sort()).toEqual(["its name is not UTF-8", "named pipe", "symbolic link"]);
    expect(source.folder?.entries).toBe(43);
    source.close();
  });

  async function readsAll(source: Source): Promise<void> {
    await readAll(source);
  }

  test("ignores entries that are not listed, and its own time", async () => {
    const home = plant();
    const source = await openSource(home);
    const before = await readAll(source);
    fs.writeFileSync(join(home, "new"), "x");
    fs.rmSync(join(home, "new"));
    fs.writeFileSync(join(home, "b", "new"), "x");
    expect((await readAll(source)).equals(before)).toBe(true);
    expect(source.unproven).toBeUndefined();
    fs.rmSync(join(home, "b", "new"));
    fs.utimesSync(home, 1, 1);
    const again = await openSource(home);
    expect(again.skipped).toEqual([]);
    for (const one of [source, again]) one.close();
  });

  test("reads a file that changed before its first byte, up to its listed size", async () => {
    const home = plant();
    const source = await openSource(home);
    fs.writeFileSync(join(home, "b", "big"), pattern(4 * CHUNK_BYTES, 7));
    const bytes = await readAll(source);
    expect(bytes.includes(pattern(3 * CHUNK_BYTES, 7).subarray(0, 1_000))).toBe(true);
    expect(bytes.length).toBe(source.sizeBytes ?? 0);
    expect([source.unproven, source.grown]).toEqual([undefined, ["b/big"]]);
    source.close();
  });

  test("must read the chunks of a file again that changed while it was read", async () => {
    const home = plant();
    const source = await openSource(home);
    await source.read(0);
    await source.read(1);
    fs.chmodSync(join(home, "b", "big"), 0o600);
    for (let index = 2; (await source.read(index)) !== undefined; index++);
    expect(source.unproven).toEqual({ from: 0, end: 4 });
    source.proven?.();
    await readsAll(source);
    expect(source.unproven).toBeUndefined();
    source.close();
  });

  const losses: readonly [string, (path: string) => void, number][] = [
    ["is removed", (path) => fs.rmSync(path), 42],
    [
      "becomes a link",
      (path) => {
        fs.rmSync(path);
        fs.symlinkSync("/etc/hostname", path);
      },
      42,
    ],
    ["becomes shorter", (path) => fs.truncateSync(path, 5), 43],
  ];
  test.each(losses)("is listed again if a file %s", async (_, lose, entries) => {
    const home = plant();
    const source = await openSource(home);
    lose(join(home, "b", "big"));
    expect(await rejection(readsAll(source))).toMatchObject(changed);
    expect(await source.relist?.()).toBe(true);
    expect(source.folder?.entries).toBe(entries);
    await readsAll(source);
    expect(source.skipped.length).toBe(43 - entries);
    expect(await source.relist?.()).toBe(false);
    source.close();
  });

  test("leaves out a file that keeps changing, and names a removed folder once", async () => {
    const home = plant();
    const source = await openSource(home);
    await readsAll(source);
    expect(source.unstableAt?.(2)).toMatchObject(changed);
    fs.rmSync(join(home, "b", "c"), { recursive: true });
    expect(await source.relist?.()).toBe(true);
    expect(source.skipped).toEqual([
      { path: "b/big", reason: "it kept changing while the folder was sent" },
      { path: "b/c", reason: "it was removed while the folder was sent" },
    ]);
    await readsAll(source);
    source.close();
  });

  test("is listed at most LISTS_MAX times", async () => {
    const home = plant();
    const source = await openSource(home);
    let lists = 1;
    for (let i = 1; i < 40; i++) {
      fs.rmSync(join(home, `f${i}`));
      await rejection(readsAll(source));
      if ((await source.relist?.()) !== true) break;
      lists += 1;
    }
    expect(lists).toBe(12);
    source.close();
  });

  test("with too long a list is refused, with the advice to send an archive", async () => {
    const folder = join(root, ...Array.from({ length: 15 }, () => "d".repeat(250)));
    fs.mkdirSync(folder, { recursive: true });
    for (let i = 0; i < 4_500; i++) fs.writeFileSync(join(folder, `${i}`.padStart(150, "0")), "");
    const fault = await rejection(openSource(root));
    expect(fault).toMatchObject({ code: "too-large", remedy: expect.stringContaining("tar c") });
  });

  test("may be given by a link", async () => {
    fs.mkdirSync(join(root, "dir"));
    fs.writeFileSync(join(root, "dir", "a"), "a");
    fs.symlinkSync("dir", join(root, "link"));
    const source = await openSource(join(root, "link"));
    expect([source.name, (await readAll(source)).toString().endsWith("}a")]).toEqual([
      "link",
      true,
    ]);
    source.close();
  });

  test("follows no link in place of a file", async () => {
    const home = plant();
    const source = await openSource(home);
    fs.renameSync(join(home, "b", "big"), join(root, "big"));
    fs.symlinkSync(join(root, "big"), join(home, "b", "big"));
    expect(await rejection(source.read(1))).toMatchObject(changed);
    source.close();
  });
});

describe("a stream", () => {
  function streamOf(...parts: readonly Uint8Array[]): ReadableStream<Uint8Array> {
    const left = parts.values();
    return new ReadableStream({
      pull: (controller) => {
        const { done, value } = left.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
    });
  }

  test("is cut into chunks of any input, and knows its size at the end", async () => {
    const bytes = pattern(2 * CHUNK_BYTES + 3);
    const parts = [bytes.subarray(0, 1), bytes.subarray(1, 400_000), bytes.subarray(400_000)];
    const source = streamSource(streamOf(...parts), "stdin");
    expect(source.sizeBytes).toBeUndefined();
    expect((await readAll(source)).equals(bytes)).toBe(true);
    expect(source.sizeBytes).toBe(bytes.length);
    expect((await readAll(source)).equals(bytes)).toBe(true);
  });

  test("cannot read released chunks again", async () => {
    const source = streamSource(streamOf(pattern(3 * CHUNK_BYTES)), "stdin");
    await source.read(2);
    source.release(2);
    expect((await source.read(2))?.length).toBe(CHUNK_BYTES);
    expect(await rejection(source.read(1))).toMatchObject(changed);
  });

  test("retains STREAM_RETAINED_CHUNKS_MAX chunks, then waits for a release", async () => {
    let taken = 0;
    const chunk = pattern(CHUNK_BYTES);
    const endless = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          taken += 1;
          controller.enqueue(chunk);
        },
      },
      { highWaterMark: 0 },
    );
    const source = streamSource(endless, "stdin");
    await source.read(STREAM_RETAINED_CHUNKS_MAX - 1);
    const next = source.read(STREAM_RETAINED_CHUNKS_MAX);
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toBe(STREAM_RETAINED_CHUNKS_MAX);
    source.release(1);
    expect((await next)?.length).toBe(CHUNK_BYTES);
    const pending = source.read(STREAM_RETAINED_CHUNKS_MAX + 1);
    source.close();
    expect(await rejection(pending)).toMatchObject({ code: "interrupted" });
  });
});
