import { beforeEach, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { basename, join } from "node:path";
import { ignoreFault } from "../../../src/base/fault.ts";
import { cleanFileName } from "../../../src/base/file-names.ts";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES } from "../../../src/base/limits.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { DiskFile, TreeDisk } from "../../../src/io/disk/disk.ts";
import { systemDisk } from "../../../src/io/disk/system-disk.ts";
import { encodeHashLine } from "../../../src/wire/chunks.ts";
import { rejection } from "../../rejection.ts";
import { tempFolder } from "../../temp-folder.ts";
import { unprivileged } from "../../unprivileged.ts";
import { pattern } from "../../worlds/disk-files-world.ts";
import { carry, pour, sent, sentFolder, sinkFor } from "../file-carrier.ts";

let root = "";
let inbox = "";

beforeEach(() => {
  root = tempFolder();
  inbox = join(root, "in");
});

const text = (value: string) => sent("note.txt", Buffer.from(value));
const readIn = (...path: string[]) => fs.readFileSync(join(inbox, ...path), "utf8");

describe("a received file", () => {
  test("gets its name, and leaves no other files", async () => {
    const bytes = pattern(3 * CHUNK_BYTES + 5);
    const { path } = await carry(sent("a.bin", bytes), inbox);
    expect(path).toBe(join(inbox, "a.bin"));
    expect(fs.readFileSync(path).equals(bytes)).toBe(true);
    expect(fs.readdirSync(inbox)).toEqual(["a.bin"]);
  });

  test("has the mode and the time that its sender names", async () => {
    for (const [mode, received] of [
      [0o755, 0o755],
      [0o777, 0o755],
      [0o600, 0o600],
      [0o444, 0o444],
      [0o040, 0o440],
    ] as const) {
      const details = { mode, mtimeMs: -278_794_432_877 };
      const { path } = await carry({ ...text("x"), details }, inbox);
      const { mode: observed, mtimeMs } = fs.statSync(path);
      expect([observed & 0o7777, mtimeMs]).toEqual([received, details.mtimeMs]);
      expect(fs.readdirSync(inbox)).toEqual(["note.txt"]);
      fs.rmSync(path);
    }
    const { path } = await carry({ ...text("x"), details: { mtimeMs: 5 } }, inbox);
    const { mode, mtimeMs } = fs.statSync(path);
    expect([mode & 0o7777, mtimeMs]).toEqual([0o666 & ~process.umask(), 5]);
  });

  test("names what the disk refuses to keep of it", async () => {
    const disk: TreeDisk = { ...systemDisk(), metadata: () => ["times", "modes"] };
    for (const [details, notKept] of [
      [{ mode: 0o755, mtimeMs: 5 }, ["times", "modes"]],
      [{ mtimeMs: 5 }, ["times"]],
      [{}, []],
    ] as const) {
      const source = { ...text("x"), details };
      const sink = await sinkFor(source, inbox, { disk });
      await pour(source, sink);
      fs.rmSync(await sink.finish());
      expect(sink.notKept).toEqual([...notKept]);
    }
  });

  test("is as private as its source while it arrives", async () => {
    const bytes = pattern(3 * CHUNK_BYTES);
    const sink = await sinkFor({ ...sent("key", bytes), details: { mode: 0o500 } }, inbox);
    expect(fs.statSync(join(inbox, "key.part")).mode & 0o7777).toBe(0o600);
    sink.close();
    fs.chmodSync(join(inbox, "key.part"), 0o644); // As an older version leaves it.
    const resumed = await sinkFor({ ...sent("key", bytes), details: { mode: 0o500 } }, inbox);
    expect(fs.statSync(join(inbox, "key.part")).mode & 0o7777).toBe(0o600);
    resumed.close();
  });

  test("is complete, even if a program moves it away as soon as it appears", async () => {
    const disk = systemDisk();
    const nameNew: TreeDisk["nameNew"] = (from, to) => {
      const isNamed = disk.nameNew(from, to);
      if (isNamed) fs.renameSync(to, `${to}.moved`);
      return isNamed;
    };
    const details = { mode: 0o444, mtimeMs: 1_000 };
    await carry({ ...text("x"), details }, inbox, { disk: { ...disk, nameNew } });
    expect(fs.readdirSync(inbox)).toEqual(["note.txt.moved"]);
    expect(fs.statSync(join(inbox, "note.txt.moved")).mtimeMs).toBe(1_000);
  });

  test("can be resumed after a crash before it gets its name", async () => {
    const disk = systemDisk();
    const source = { ...text("x"), details: { mode: 0o444, mtimeMs: 1_000 } };
    const crash = () => {
      throw new Error("crash");
    };
    const sink = await sinkFor(source, inbox, { disk: { ...disk, nameNew: crash } });
    await pour(source, sink);
    expect(await rejection(sink.finish())).toMatchObject({ code: "store-failed" });
    expect(fs.statSync(join(inbox, "note.txt.part")).mode & 0o200).toBe(0o200);
    const { path } = await carry(source, inbox);
    expect([path, fs.statSync(path).mode & 0o777]).toEqual([join(inbox, "note.txt"), 0o444]);
  });

  test("never overwrites a file, a folder or a dangling link", async () => {
    fs.mkdirSync(join(inbox, "note (1).txt"), { recursive: true });
    fs.writeFileSync(join(inbox, "note.txt"), "mine");
    fs.symlinkSync(join(root, "nowhere"), join(inbox, "note (2).txt"));
    const { path } = await carry(text("yours"), inbox);
    expect(path).toBe(join(inbox, "note (3).txt"));
    expect([readIn("note.txt"), readIn("note (3).txt")]).toEqual(["mine", "yours"]);
    expect(fs.existsSync(join(root, "nowhere"))).toBe(false);
    expect((await carry(text("again"), inbox)).path).toBe(join(inbox, "note (4).txt"));
  });

  test("does not replace a file created during the download", async () => {
    const sink = await sinkFor(text("late"), inbox);
    await pour(text("late"), sink);
    fs.writeFileSync(join(inbox, "note.txt"), "early");
    expect(await sink.finish()).toBe(join(inbox, "note (1).txt"));
    expect(readIn("note.txt")).toBe("early");
  });

  test.each([
    ["ENOSPC", "the disk is full"],
    ["EDQUOT", "the disk quota is used up"],
  ])("says that a download is incomplete after %s, and resumes it", async (code, reason) => {
    const bytes = pattern(3 * CHUNK_BYTES);
    const secret = new Uint8Array(32);
    const real = systemDisk();
    let isFull = false;
    const fullFile = (file: DiskFile) =>
      new Proxy(file, {
        get: (target, key) => {
          if (isFull && String(key).startsWith("write"))
            throw Object.assign(new Error("no space"), { code });
          const value = Reflect.get(target, key, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    const openPlain: TreeDisk["openPlain"] = (...args) => fullFile(real.openPlain(...args));
    const options = { secret, disk: { ...real, openPlain } };
    const sink = await sinkFor(sent("a.bin", bytes), inbox, options);
    await pour(sent("a.bin", bytes), sink, 1);
    await sink.sync();
    isFull = true;
    const fault = await rejection(pour(sent("a.bin", bytes), sink));
    sink.close();
    expect(fault).toMatchObject({
      code: "store-full",
      message: `${reason}; ${join(inbox, "a.bin")} is incomplete`,
      remedy: "free up disk space, then download it again to resume",
    });
    isFull = false;
    const again = await sinkFor(sent("a.bin", bytes), inbox, options);
    expect(again.have).toBe(1);
    again.close();
  });

  test("stores zeros as holes, and never what an earlier run left in their place", async () => {
    const bytes = new Uint8Array(40 * CHUNK_BYTES);
    bytes.set(pattern(CHUNK_BYTES), CHUNK_BYTES);
    const options = { secret: new Uint8Array(32) };
    const sink = await sinkFor(sent("image", bytes), inbox, options);
    await pour(sent("image", bytes), sink, 4);
    await sink.sync();
    sink.close();
    // As a killed run leaves it: bytes after the last chunk with a checksum.
    fs.appendFileSync(join(inbox, "image.part"), Buffer.alloc(30 * CHUNK_BYTES, 7));
    const again = await sinkFor(sent("image", bytes), inbox, options);
    expect(again.have).toBe(4);
    await pour(sent("image", bytes), again);
    const path = await again.finish();
    expect(fs.readFileSync(path).equals(bytes)).toBe(true);
    expect(fs.statSync(path).blocks * 512).toBeLessThan(3 * CHUNK_BYTES);
  });

  test("names the file, not its journal, if the disk cannot store its size", async () => {
    const bytes = pattern(3 * CHUNK_BYTES);
    const options = { secret: new Uint8Array(32) };
    const real = systemDisk();
    const limited = (file: DiskFile) => {
      const writeBuffersLater = file.writeBuffersLater.bind(file);
      file.writeBuffersLater = (parts, offset) =>
        offset >= CHUNK_BYTES ? Promise.reject(tooBig()) : writeBuffersLater(parts, offset);
      return file;
    };
    const tooBig = () => Object.assign(new Error("too big"), { code: "EFBIG" });
    const openPlain: TreeDisk["openPlain"] = (...args) => limited(real.openPlain(...args));
    const disk = { ...real, openPlain };
    const sink = await sinkFor(sent("a.bin", bytes), inbox, { ...options, disk });
    const fault = await rejection(pour(sent("a.bin", bytes), sink));
    expect(fault).toMatchObject({
      code: "store-failed",
      message: `a.bin is too large: the disk of ${inbox} cannot store files of this size`,
      remedy: "choose a folder on another disk",
    });
    await sink.sync().catch(ignoreFault);
    sink.close();
    const again = await carry(sent("a.bin", bytes), inbox, options);
    expect(fs.readFileSync(again.path).equals(bytes)).toBe(true);
  });

  test.each([
    [".part", ["a.bin", "a.bin.part", "a.bin.part.journal", "a.bin.part.lock"]],
    [".part.journal", ["a.bin", "a.bin.part.journal", "a.bin.part.lock"]],
    [".part.lock", ["a.bin", "a.bin.part.lock"]],
  ])("is complete while another program holds its %s open", async (suffix, left) => {
    const source = sent("a.bin", pattern(2 * CHUNK_BYTES));
    const secret = new Uint8Array(32);
    const system = systemDisk();
    const remove = (path: string) => {
      if (path.endsWith(suffix)) throw Object.assign(new Error("open"), { code: "EBUSY" });
      system.remove(path);
    };
    const sink = await sinkFor(source, inbox, { secret, disk: { ...system, remove } });
    await pour(source, sink);
    const known = sink.digest();
    expect(await sink.finish()).toBe(join(inbox, "a.bin"));
    await sink.sync(); // The client syncs and closes every sink.
    sink.close();
    expect(fs.readdirSync(inbox).sort()).toEqual(left);
    // The next download of the file removes the rest, and transfers nothing.
    const again = await sinkFor(source, inbox, { secret, digest: known });
    expect(again.have).toBe(2);
    expect(await again.finish()).toBe(join(inbox, "a.bin"));
    again.close();
    expect(fs.readdirSync(inbox).filter((name) => !name.endsWith(".lock"))).toEqual(["a.bin"]);
  });

  test("keeps the part if the disk refuses the final name, and finishes it later", async () => {
    const bytes = pattern(2 * CHUNK_BYTES);
    const options = { secret: new Uint8Array(32) };
    const nameNew = () => {
      throw Object.assign(new Error("broken"), { code: "EIO" });
    };
    const disk = { ...systemDisk(), nameNew };
    const sink = await sinkFor(sent("a.bin", bytes), inbox, { ...options, disk });
    await pour(sent("a.bin", bytes), sink);
    expect(await rejection(sink.finish())).toMatchObject({ code: "store-failed" });
    await sink.sync(); // The client syncs and closes every sink.
    sink.close();
    const again = await sinkFor(sent("a.bin", bytes), inbox, options);
    expect(again.have).toBe(2);
    expect(fs.readFileSync(await again.finish()).equals(bytes)).toBe(true);
  });

  test("names the folder, not its lock, if the folder denies access", async () => {
    fs.mkdirSync(inbox, { mode: 0o555 });
    const fault = await unprivileged(() => rejection(sinkFor(text("x"), inbox)));
    expect(fault).toMatchObject({ code: "store-denied", message: `permission denied: ${inbox}` });
  });

  test("follows no links planted at its partial files", async () => {
    fs.mkdirSync(inbox);
    const victim = join(root, "victim");
    fs.writeFileSync(victim, "untouched");
    for (const name of ["note.txt.part", "note (1).txt.part.journal", "note (2).txt.part.lock"]) {
      fs.symlinkSync(victim, join(inbox, name));
    }
    const { path } = await carry(text("safe"), inbox);
    expect(fs.readFileSync(path, "utf8")).toBe("safe");
    expect(fs.readFileSync(victim, "utf8")).toBe("untouched");
  });

  test("does not resume a journal that is a link", async () => {
    const bytes = pattern(2 * CHUNK_BYTES);
    const sink = await sinkFor(sent("a.bin", bytes), inbox);
    await pour(sent("a.bin", bytes), sink, 1);
    await sink.sync();
    sink.close();
    const journal = join(inbox, "a.bin.part.journal");
    fs.renameSync(journal, join(root, "journal"));
    fs.symlinkSync(join(root, "journal"), journal);
    const again = await sinkFor(sent("a.bin", bytes), inbox);
    expect(again.have).toBe(0);
    again.close();
  });

  test.each([
    [
      "case",
      ["README.md", "readme.md", "ReadMe.md"],
      ["README.md", "readme (1).md", "ReadMe (2).md"],
    ],
    ["composition", ["caf\u00e9.txt", "cafe\u0301.txt"], ["caf\u00e9.txt", "cafe\u0301 (1).txt"]],
    ["cleaning", ["a?.tar.gz", "a:.tar.gz"], ["a_.tar.gz", "a_ (1).tar.gz"]],
    ["a numbered file", ["b.txt", "b (1).txt", "B.txt"], ["b.txt", "b (1).txt", "B (2).txt"]],
  ])("gets a name that no disk confuses with another: %s", async (_, names, expected) => {
    for (const name of names) await carry(sent(name, Buffer.from(name)), inbox);
    expect(fs.readdirSync(inbox).toSorted()).toEqual(expected.toSorted());
  });

  test("gets another name than a folder", async () => {
    await carry(sentFolder("Work", ["x"]), inbox);
    await carry(sent("work", Buffer.from("x")), inbox);
    expect(fs.readdirSync(inbox).toSorted()).toEqual(["Work", "work (1)"]);
  });

  test("stays in the folder, for any name", async () => {
    for (const name of ["../../etc/passwd", "/etc/passwd", "..", "a\0b", "CON", "-rf", "a/b\\c"]) {
      const { path } = await carry(sent(name, Buffer.from("x")), inbox);
      expect(join(path, "..")).toBe(inbox);
    }
    expect(fs.readdirSync(root)).toEqual(["in"]);
  });
});

describe("planted download files", () => {
  const chunks = (2 * TRANSFER_SYNC_BYTES) / CHUNK_BYTES + 6;
  const otherContent = pattern(chunks * CHUNK_BYTES, 1);
  const bytes = Buffer.from(otherContent);
  bytes[5] = (bytes[5] ?? 0) ^ 1;
  const source = sent("a.bin", bytes);
  const secret = new Uint8Array(32).fill(7);

  async function planted(head: string): Promise<void> {
    fs.mkdirSync(inbox, { recursive: true });
    const hashes = Buffer.concat(
      Array.from({ length: bytes.length / CHUNK_BYTES }, (_, i) =>
        encodeHashLine(sha256(bytes.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES))),
      ),
    );
    fs.writeFileSync(join(inbox, "a.bin.part"), otherContent);
    fs.writeFileSync(join(inbox, "a.bin.part.journal"), Buffer.concat([Buffer.from(head), hashes]));
  }

  const plain = { v: 1, file: "fAAAAAAAAAAA", server: "fingerprint" };

  test.each([
    ["as the version before wrote it", plain],
    ["with a proof of another home", { ...plain, proof: "A".repeat(43) }],
  ])("are verified instead of trusted: a header %s", async (_what, head) => {
    await planted(`${JSON.stringify(head)}\n`);
    const sink = await sinkFor(source, inbox, { secret });
    expect(sink.have).toBe(0);
    await pour(source, sink);
    const path = await sink.finish();
    expect(fs.readFileSync(path).equals(bytes)).toBe(true);
    expect(fs.readdirSync(inbox)).toEqual(["a.bin"]);
  });

  test("skip verification only for the home and folder that created them", async () => {
    const begin = await sinkFor(source, inbox, { secret });
    await pour(source, begin);
    await begin.sync();
    begin.close();
    fs.writeFileSync(join(inbox, "a.bin.part"), otherContent);
    const have = async (folder: string, changes: object) => {
      const sink = await sinkFor(source, folder, changes);
      sink.close();
      return sink.have;
    };
    expect(await have(inbox, { secret })).toBe(chunks);
    expect(await have(inbox, {})).toBe(0);
    expect(await have(inbox, { secret: new Uint8Array(32) })).toBe(0);
    const elsewhere = join(root, "elsewhere");
    fs.cpSync(inbox, elsewhere, { recursive: true });
    expect(await have(elsewhere, { secret })).toBe(0);
  });

  test.each([
    "a.bin.part",
    "A.BIN.PART.JOURNAL",
    "a.bin.part.lock",
    "a.bin.part.lock-journal",
    "a (1).bin.part.journal",
  ])("are impossible to send as a file called %s", async (name) => {
    const { path } = await carry(sent(name, Buffer.from("theirs")), inbox);
    expect(path).toBe(join(inbox, `${name}_`));
    const again = await carry(sent(name, Buffer.from("again")), inbox);
    expect(cleanFileName(basename(again.path))).toBe(basename(again.path));
    const sink = await sinkFor(source, inbox);
    expect(sink.have).toBe(0);
    expect(fs.readdirSync(inbox)).toContain("a.bin.part");
    sink.close();
  });
});

describe("an interrupted download", () => {
  const bytes = pattern(5 * CHUNK_BYTES + 9);
  const source = sent("a.bin", bytes);

  async function interrupted(chunks: number): Promise<void> {
    const sink = await sinkFor(source, inbox);
    await pour(source, sink, chunks);
    await sink.sync();
    sink.close();
  }

  test("resumes under the same name", async () => {
    await interrupted(3);
    expect(fs.readdirSync(inbox)).toContain("a.bin.part.journal");
    const sink = await sinkFor(source, inbox);
    expect(sink.have).toBe(3);
    await pour(source, sink);
    const path = await sink.finish();
    expect(fs.readFileSync(path).equals(bytes)).toBe(true);
    expect(fs.readdirSync(inbox)).toEqual(["a.bin"]);
  });

  test("loses at most 2 MiB if its process is killed between two syncs", async () => {
    const long = sent("long.bin", pattern(40 * CHUNK_BYTES));
    await pour(long, await sinkFor(long, inbox), 37);
    const sink = await sinkFor(long, inbox, { lock: () => ({ release: () => {} }) });
    expect(37 - sink.have).toBeLessThanOrEqual((2 * 1024 * 1024) / CHUNK_BYTES);
    await pour(long, sink);
    expect(fs.readFileSync(await sink.finish()).equals(pattern(40 * CHUNK_BYTES))).toBe(true);
  });

  test("does not mix equal ids of different servers", async () => {
    await interrupted(3);
    const sink = await sinkFor(source, inbox, { server: "another" });
    expect(sink.have).toBe(0);
    sink.close();
    expect(fs.readdirSync(inbox)).toContain("a (1).bin.part");
  });

  test("excludes a second process", async () => {
    const first = await sinkFor(source, inbox);
    const second = await sinkFor(source, inbox);
    expect(fs.readdirSync(inbox)).toContain("a (1).bin.part");
    first.close();
    second.close();
  });

  test("fetches damaged and missing chunks again", async () => {
    await interrupted(4);
    const part = join(inbox, "a.bin.part");
    const fd = fs.openSync(part, "r+");
    fs.writeSync(fd, "!", 2 * CHUNK_BYTES + 7);
    fs.closeSync(fd);
    const sink = await sinkFor(source, inbox);
    expect(sink.have).toBe(2);
    sink.close();
    fs.truncateSync(part, 0);
    const none = await sinkFor(source, inbox);
    expect(none.have).toBe(0);
    await pour(source, none);
    expect(fs.readFileSync(await none.finish()).equals(bytes)).toBe(true);
  });

  test("can restart", async () => {
    await interrupted(4);
    const sink = await sinkFor(source, inbox);
    await sink.restart();
    expect([sink.have, sink.sizeBytes]).toEqual([0, 0]);
    await pour(source, sink);
    expect(fs.readFileSync(await sink.finish()).equals(bytes)).toBe(true);
  });
});
