import { beforeEach, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import type { FileId } from "../../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { Source } from "../../../src/io/blob/interfaces.ts";
import { systemDisk } from "../../../src/io/disk/system-disk.ts";
import { Digest } from "../../../src/wire/chunks.ts";
import { tempFolder } from "../../temp-folder.ts";
import { pattern } from "../../worlds/disk-files-world.ts";
import { carry, pour, sent, sentFolder, sinkFor } from "../file-carrier.ts";

let root = "";
let inbox = "";

beforeEach(() => {
  root = tempFolder();
  inbox = join(root, "in");
  fs.mkdirSync(inbox);
});

const bytes = pattern(3 * CHUNK_BYTES + 9);
const source = sent("a.bin", bytes);
const other = pattern(3 * CHUNK_BYTES + 9).map((byte, i) => (i === CHUNK_BYTES ? byte ^ 1 : byte));
const AGAIN = { file: "fBBBBBBBBBBB" as FileId, server: "another1234" };

async function digestOf({ read }: Pick<Source, "read">): Promise<Uint8Array> {
  const digest = new Digest(new Bun.CryptoHasher("sha256"));
  for (let index = 0; ; index++) {
    const chunk = await read(index);
    if (chunk === undefined) return digest.value();
    digest.add(sha256(chunk));
  }
}

describe("a file that was received before", () => {
  test("is recognised by size and digest, and not prepared for again", async () => {
    await carry(source, inbox);
    const prepare = () => Promise.reject(new Error("the disk is full"));
    const digest = await digestOf(source);
    const sink = await sinkFor(source, inbox, { ...AGAIN, digest, prepare });
    expect([sink.isExisting, sink.have, sink.sizeBytes]).toEqual([true, 4, bytes.length]);
    expect(sink.digest()).toEqual(digest);
    expect(await sink.finish()).toBe(join(inbox, "a.bin"));
    expect(fs.readdirSync(inbox)).toEqual(["a.bin"]);
  });

  test("is recognised under a number, even if the name without it is free", async () => {
    fs.writeFileSync(join(inbox, "a (1).bin"), bytes);
    const sink = await sinkFor(source, inbox, { digest: await digestOf(source) });
    expect(await sink.finish()).toBe(join(inbox, "a (1).bin"));
    expect(fs.readdirSync(inbox)).toEqual(["a (1).bin"]);
  });

  test("of no bytes is recognised", async () => {
    fs.writeFileSync(join(inbox, "none"), "");
    const none = sent("none", new Uint8Array(0));
    expect((await carry(none, inbox, { digest: await digestOf(none) })).path).toBe(
      join(inbox, "none"),
    );
  });

  test("is recognised at the end of a download whose digest was unknown", async () => {
    await carry(source, inbox);
    const sink = await sinkFor(source, inbox, AGAIN);
    expect([sink.isExisting, sink.have]).toEqual([false, 0]);
    await pour(source, sink);
    expect(await sink.finish()).toBe(join(inbox, "a.bin"));
    expect(sink.isExisting).toBe(true);
    expect(fs.readdirSync(inbox)).toEqual(["a.bin"]);
  });

  test("by another process at the same time is kept once", async () => {
    const sinks = [await sinkFor(source, inbox), await sinkFor(source, inbox, AGAIN)];
    for (const sink of sinks) await pour(source, sink);
    const paths = await Promise.all(sinks.map((sink) => sink.finish()));
    expect(paths).toEqual([join(inbox, "a.bin"), join(inbox, "a.bin")]);
    expect(fs.readdirSync(inbox)).toEqual(["a.bin"]);
  });

  test("keeps one name if the process was killed after the file got it", async () => {
    const sink = await sinkFor(source, inbox);
    await pour(source, sink);
    await sink.sync();
    sink.close();
    fs.linkSync(join(inbox, "a.bin.part"), join(inbox, "a.bin"));
    expect((await carry(source, inbox, { digest: await digestOf(source) })).path).toBe(
      join(inbox, "a.bin"),
    );
    expect(fs.readdirSync(inbox)).toEqual(["a.bin"]);
  });
});

describe("other content", () => {
  test.each([
    ["of the same size", other],
    ["that is longer", Buffer.concat([bytes, Buffer.from("!")])],
    ["that is shorter", bytes.subarray(1)],
  ])("%s is kept beside the file", async (_, content) => {
    fs.writeFileSync(join(inbox, "a.bin"), content);
    const { path } = await carry(source, inbox, { digest: await digestOf(source) });
    expect(path).toBe(join(inbox, "a (1).bin"));
    expect(fs.readFileSync(join(inbox, "a.bin")).equals(content)).toBe(true);
  });

  test("of the same name and size is read once", async () => {
    fs.writeFileSync(join(inbox, "a.bin"), other);
    const real = systemDisk();
    let opened = 0;
    const disk = {
      ...real,
      openPlain: (path: string, access: "read" | "write") => {
        if (path === join(inbox, "a.bin")) opened += 1;
        return real.openPlain(path, access);
      },
    };
    await carry(source, inbox, { disk, digest: await digestOf(source) });
    expect(opened).toBe(1);
  });

  test("behind a link is not compared", async () => {
    fs.writeFileSync(join(root, "elsewhere"), bytes);
    fs.symlinkSync(join(root, "elsewhere"), join(inbox, "a.bin"));
    const { path } = await carry(source, inbox, { digest: await digestOf(source) });
    expect(path).toBe(join(inbox, "a (1).bin"));
  });

  test("is not written into while the digest of a share is unknown", async () => {
    fs.writeFileSync(join(inbox, "a.bin"), other);
    const sink = await sinkFor(source, inbox, { resumesShares: true });
    expect([sink.isExisting, sink.have]).toEqual([true, 4]);
    await sink.restart();
    expect([sink.isExisting, sink.sizeBytes]).toEqual([false, 0]);
    await pour(source, sink);
    expect(await sink.finish()).toBe(join(inbox, "a (1).bin"));
    expect(fs.readFileSync(join(inbox, "a.bin")).equals(other)).toBe(true);
  });
});

describe("a folder that was received before", () => {
  const folder = sentFolder("dir", ["a:b", "a?b", "sub/c", "z"], CHUNK_BYTES);

  test("is recognised by its list, with renamed, new and touched entries", async () => {
    await carry(folder, inbox);
    fs.writeFileSync(join(inbox, "dir", ".DS_Store"), "new");
    fs.utimesSync(join(inbox, "dir", "z"), 1, 1);
    const sink = await sinkFor(folder, inbox, { ...AGAIN, digest: await digestOf(folder) });
    await pour(folder, sink, 1);
    expect([sink.isExisting, sink.sizeBytes]).toEqual([true, folder.sizeBytes]);
    expect(await sink.finish()).toBe(join(inbox, "dir"));
    expect(fs.readdirSync(inbox)).toEqual(["dir"]);
    expect(fs.existsSync(join(inbox, "dir", ".DS_Store"))).toBe(true);
  });

  test.each([
    ["a changed file", (dir: string) => fs.writeFileSync(join(dir, "z"), "y".repeat(CHUNK_BYTES))],
    ["a missing file", (dir: string) => fs.rmSync(join(dir, "z"))],
    [
      "a link in place of a folder",
      (dir: string) => {
        fs.renameSync(join(dir, "sub"), join(root, "sub"));
        fs.symlinkSync(join(root, "sub"), join(dir, "sub"));
      },
    ],
  ])("is kept beside the new one if it has %s", async (_, change) => {
    await carry(folder, inbox);
    change(join(inbox, "dir"));
    const { path } = await carry(folder, inbox, { ...AGAIN, digest: await digestOf(folder) });
    expect(path).toBe(join(inbox, "dir (1)"));
  });

  test("by another process at the same time is kept once", async () => {
    const sinks = [await sinkFor(folder, inbox), await sinkFor(folder, inbox, AGAIN)];
    for (const sink of sinks) await pour(folder, sink);
    for (const sink of sinks) expect(await sink.finish()).toBe(join(inbox, "dir"));
    expect(fs.readdirSync(inbox)).toEqual(["dir"]);
  });
});

describe("a partial file of an ended share", () => {
  const NEXT = { ...AGAIN, resumesShares: true };

  async function leave(from: Source, chunks: number, changes: object = {}): Promise<void> {
    const sink = await sinkFor(from, inbox, changes);
    await pour(from, sink, chunks);
    await sink.sync();
    sink.close();
  }

  test.each([
    ["file", source],
    ["folder", sentFolder("dir", ["a", "b", "c"], CHUNK_BYTES)],
  ])("continues with the next share: a %s", async (_, content) => {
    await leave(content, 2);
    const sink = await sinkFor(content, inbox, NEXT);
    expect(sink.have).toBe(2);
    await sink.foreign?.adopt(2);
    expect(sink.foreign).toBeUndefined();
    await pour(content, sink, 3);
    await sink.sync();
    sink.close();
    const resumed = await sinkFor(content, inbox, NEXT);
    expect([resumed.have, resumed.foreign]).toEqual([3, undefined]);
    await pour(content, resumed);
    await resumed.finish();
    expect(fs.readdirSync(inbox)).toEqual([content.name]);
  });

  test("keeps the chunks that are equal", async () => {
    await leave(sent("a.bin", other), 3);
    const sink = await sinkFor(source, inbox, NEXT);
    const first = new Digest(new Bun.CryptoHasher("sha256"));
    first.add(sha256(bytes.subarray(0, CHUNK_BYTES)));
    expect(await sink.foreign?.digest(1)).toEqual(first.value());
    await sink.foreign?.adopt(1);
    expect([sink.have, sink.sizeBytes]).toEqual([1, CHUNK_BYTES]);
    await pour(source, sink);
    expect(sink.digest()).toEqual(await digestOf(source));
    await sink.finish();
    expect(fs.readFileSync(join(inbox, "a.bin")).equals(bytes)).toBe(true);
    expect(fs.readdirSync(inbox)).toEqual(["a.bin"]);
  });

  test("with files that the folder does not have is left alone", async () => {
    const folder = sentFolder("dir", ["a", "b", "c"], CHUNK_BYTES);
    await leave(folder, 2);
    fs.writeFileSync(join(inbox, "dir.part", "planted.sh"), "rm -rf ~");
    const sink = await sinkFor(folder, inbox, NEXT);
    expect([sink.have, sink.foreign]).toEqual([0, undefined]);
    await pour(folder, sink);
    expect(fs.readdirSync(await sink.finish()).sort()).toEqual(["a", "b", "c"]);
  });

  test("stays as it was if it belongs to another file", async () => {
    await leave(sent("a.bin", other), 3);
    const before = fs.readFileSync(join(inbox, "a.bin.part.journal"));
    const sink = await sinkFor(source, inbox, NEXT);
    expect(sink.have).toBe(3);
    await sink.restart();
    expect(sink.sizeBytes).toBe(0);
    await pour(source, sink);
    await sink.finish();
    expect(fs.readFileSync(join(inbox, "a.bin")).equals(bytes)).toBe(true);
    expect(fs.readFileSync(join(inbox, "a.bin.part.journal")).equals(before)).toBe(true);
    expect(
      fs.readFileSync(join(inbox, "a.bin.part")).equals(other.subarray(0, 3 * CHUNK_BYTES)),
    ).toBe(true);
  });

  test("is not used from its first damaged chunk on", async () => {
    await leave(source, 3);
    const fd = fs.openSync(join(inbox, "a.bin.part"), "r+");
    fs.writeSync(fd, "!", CHUNK_BYTES + 7);
    fs.closeSync(fd);
    const sink = await sinkFor(source, inbox, NEXT);
    expect(sink.have).toBe(1);
    sink.close();
  });

  test.each([
    ["a server's download", { secret: new Uint8Array(32) }, NEXT],
    ["another download that does not resume shares", {}, AGAIN],
    ["a longer file", {}, { ...NEXT, sizeBytes: CHUNK_BYTES }],
  ])("is left alone: %s", async (_, first, second) => {
    await leave(source, 2, first);
    const sink = await sinkFor(source, inbox, second);
    expect([sink.have, sink.foreign]).toEqual([0, undefined]);
    sink.close();
    expect(fs.readdirSync(inbox)).toContain("a (1).bin.part");
  });

  test("is left alone while its process runs", async () => {
    const running = await sinkFor(source, inbox);
    await pour(source, running, 2);
    await running.sync();
    const sink = await sinkFor(source, inbox, NEXT);
    expect([sink.have, sink.foreign]).toEqual([0, undefined]);
    sink.close();
    running.close();
  });

  test("is removed with the complete file, unless it belongs to another file", async () => {
    await leave(source, 1);
    await leave(source, 2, { server: "second12345" });
    await leave(sent("a.bin", other), 3, { server: "third123456" });
    await carry(source, inbox, AGAIN);
    const names = ["", ".journal", ".lock"].map((suffix) => `a (2).bin.part${suffix}`);
    expect(fs.readdirSync(inbox).sort()).toEqual(["a.bin", ...names].sort());
  });

  test("is removed with a file that is complete already", async () => {
    await leave(source, 2);
    fs.writeFileSync(join(inbox, "a.bin"), bytes);
    const sink = await sinkFor(source, inbox, { ...NEXT, digest: await digestOf(source) });
    expect(await sink.finish()).toBe(join(inbox, "a.bin"));
    expect(fs.readdirSync(inbox)).toEqual(["a.bin"]);
  });
});
