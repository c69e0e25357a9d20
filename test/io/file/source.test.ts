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
    await source.check();
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

  test("keeps its stamp until its content changes", async () => {
    const path = planted("a", pattern(100));
    const stamps: (string | undefined)[] = [];
    const note = async () => {
      const source = await openSource(path);
      stamps.push(source.stamp);
      source.close();
    };
    await note();
    await note();
    fs.chmodSync(path, 0o400);
    await note();
    fs.utimesSync(path, 1, 1);
    await note();
    fs.appendFileSync(path, "more");
    await note();
    expect(stamps[1]).toBe(stamps[0] ?? "");
    expect(stamps[2]).toBe(stamps[0] ?? "");
    expect(new Set(stamps).size).toBe(3);
  });

  const changes: readonly [string, (path: string) => void][] = [
    ["grows", (path) => fs.appendFileSync(path, "x")],
    ["shrinks", (path) => fs.truncateSync(path, 9 * CHUNK_BYTES + 1)],
    ["is rewritten", (path) => fs.writeFileSync(path, pattern(10 * CHUNK_BYTES, 9))],
  ];
  test.each(changes)("that %s during the upload is rejected", async (_, change) => {
    const chunks = 10;
    const path = planted("a", pattern(chunks * CHUNK_BYTES));
    fs.utimesSync(path, 1, 1); // An old time: the clock may not advance before the change.
    const source = await openSource(path);
    await source.read(0);
    change(path);
    const readOn = async () => {
      for (let index = 1; index < chunks; index++) await source.read(index);
    };
    expect(await rejection(readOn())).toMatchObject(changed);
    expect(await rejection(source.check())).toMatchObject(changed);
    source.close();
  });

  test("that is replaced is detected at the end", async () => {
    const path = planted("a", pattern(100));
    const source = await openSource(path);
    fs.renameSync(planted("b", pattern(100)), path);
    expect((await source.read(0))?.length).toBe(100);
    expect(await rejection(source.check())).toMatchObject(changed);
    fs.rmSync(path);
    expect(await rejection(source.check())).toMatchObject(changed);
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

test("that is unreadable in a folder is named", async () => {
  const secret = join(root, "secret");
  fs.chmodSync(root, 0o755);
  fs.mkdirSync(secret, { mode: 0 });
  const refused = await unprivileged(() => openSource(root).catch((error) => error));
  expect(refused).toMatchObject({ code: "store-denied" });
  expect(refused.message).toContain(secret);
});

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

  test("that changes during the upload is rejected", async () => {
    const home = plant();
    fs.utimesSync(join(home, "b", "big"), 1, 1);
    const source = await openSource(home);
    await source.read(0);
    await source.check();
    fs.appendFileSync(join(home, "b", "big"), "x");
    expect(await rejection(source.read(1))).toMatchObject(changed);
    expect(await rejection(source.check())).toMatchObject(changed);
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
    await source.check();
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
