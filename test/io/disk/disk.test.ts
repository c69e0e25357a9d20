import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../../../src/base/fault.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import { lineQueryOf } from "../../../src/io/archive/line-query.ts";
import { type Disk, diskFault, type TreeDisk, writeWhole } from "../../../src/io/disk/disk.ts";
import { SearchThreads } from "../../../src/io/disk/search-worker.ts";
import { systemDisk } from "../../../src/io/disk/system-disk.ts";
import type { PageQuery } from "../../../src/io/log/log.ts";
import { linesOf, scanBlocks } from "../../../src/io/log/scan.ts";
import { rejection } from "../../rejection.ts";
import { randomOf } from "../../worlds/disk-world.ts";
import { SimDisk } from "./sim.ts";
import { MachineStopped } from "./sim-tree.ts";

const root = fs.mkdtempSync(join(tmpdir(), "chat-disk-"));
afterAll(() => fs.rmSync(root, { recursive: true }));

const text = (value: string) => Buffer.from(value);

function contentOf(disk: Disk, path: string): string {
  const file = disk.open(path, "read");
  const bytes = Buffer.alloc(file.sizeBytes());
  file.read(bytes, 0);
  file.close();
  return bytes.toString();
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "";
}

/** What the log counts on, of whichever disk. */
function promises(name: string, make: () => { disk: TreeDisk; folder: string }): void {
  describe(`a ${name} disk`, () => {
    const { disk, folder } = make();
    const path = join(folder, "deep", "file");

    test("makes folders and files, and shows what was written", async () => {
      disk.makeFolder(join(folder, "deep"));
      disk.makeFolder(join(folder, "deep"));
      const file = disk.open(path, "write");
      expect(file.write(text("hello"), 0)).toBe(5);
      expect(await file.writeLater(text(" you"), 5)).toBe(4);
      await file.sync();
      await disk.syncFolder(join(folder, "deep"));
      const into = Buffer.alloc(20);
      expect(file.read(into, 6)).toBe(3);
      expect(await file.readLater(into, 0)).toBe(9);
      expect(into.subarray(0, 9).toString()).toBe("hello you");
      expect(file.read(into, 100)).toBe(0);
      file.truncate(5);
      expect(file.sizeBytes()).toBe(5);
      file.close();
      expect(contentOf(disk, path)).toBe("hello");
    });

    test("opens what is there without changing it", () => {
      disk.open(path, "write").close();
      expect(contentOf(disk, path)).toBe("hello");
    });

    test("lists names in order, and nothing where there is no folder", () => {
      for (const other of ["b", "a"]) disk.open(join(folder, "deep", other), "write").close();
      expect(disk.list(join(folder, "deep"))).toEqual(["a", "b", "file"]);
      expect(disk.list(join(folder, "none"))).toEqual([]);
    });

    test("renames over what is there, and removes what is not", () => {
      disk.rename(path, join(folder, "deep", "a"));
      expect(disk.exists(path)).toBe(false);
      expect(contentOf(disk, join(folder, "deep", "a"))).toBe("hello");
      disk.remove(join(folder, "deep", "a"));
      disk.remove(join(folder, "deep", "a"));
      expect(disk.list(join(folder, "deep"))).toEqual(["b"]);
    });

    test("makes new what is not there, and says what is", async () => {
      const path = join(folder, "new");
      disk.openNew(path).close();
      expect(codeOf(() => disk.openNew(path))).toBe("EEXIST");
      expect(codeOf(() => disk.openNew(join(folder, "none", "file")))).toBe("ENOENT");
      const inside = join(folder, "inside");
      expect([disk.makeFolderNew(inside), disk.makeFolderNew(inside)]).toEqual([true, false]);
      expect([disk.kind(path), disk.kind(inside)]).toEqual(["file", "folder"]);
      expect(disk.kind(join(folder, "none"))).toBeUndefined();
      expect(codeOf(() => disk.openPlain(join(folder, "none"), "write"))).toBe("ENOENT");
      const file = disk.openPlain(path, "write");
      file.write(text("plain"), 0);
      file.close();
      expect(disk.touchedMs(path)).toBeNumber();
      expect(disk.touchedMs(join(folder, "none"))).toBeUndefined();
      expect(await disk.freeBytes(folder)).toBeGreaterThan(0);
    });

    test("gives names that are free, and no others", () => {
      const [from, to, other] = ["new", "named", "other"].map((name) => join(folder, name));
      disk.openNew(other ?? "").close();
      expect(disk.nameNew(from ?? "", other ?? "")).toBe(false);
      expect(disk.nameNew(from ?? "", to ?? "")).toBe(true);
      expect(disk.nameNew(from ?? "", to ?? "")).toBe(true); // After a crash in between.
      disk.remove(from ?? "");
      expect(contentOf(disk, to ?? "")).toBe("plain");
    });

    test("moves a folder to a name that is free, and removes it with what is in it", async () => {
      const [from, taken, to] = ["inside", "deep", "moved"].map((name) => join(folder, name));
      disk.openNew(join(from ?? "", "file")).close();
      expect(disk.moveFolderNew(from ?? "", taken ?? "")).toBe(false);
      expect(disk.moveFolderNew(from ?? "", to ?? "")).toBe(true);
      expect([disk.kind(from ?? ""), disk.list(to ?? "")]).toEqual([undefined, ["file"]]);
      disk.metadata(join(to ?? "", "file"), { mode: 0o640, mtimeMs: 1_000 });
      await disk.removeFolder(to ?? "");
      await disk.removeFolder(to ?? "");
      expect(disk.kind(to ?? "")).toBeUndefined();
    });

    test("has no file where none was made", () => {
      expect(codeOf(() => disk.open(path, "read"))).toBe("ENOENT");
      expect(codeOf(() => disk.open(join(folder, "none", "file"), "write"))).toBe("ENOENT");
    });
  });
}

promises("real", () => ({ disk: systemDisk(), folder: root }));
promises("simulated", () => ({ disk: new SimDisk({ random: randomOf(1) }), folder: "/data" }));

test("a real disk opens, dresses and removes no link, nor what it leads to", async () => {
  const disk = systemDisk();
  const [victim, link, inner] = ["victim", "link", "inner"].map((name) => join(root, name));
  fs.mkdirSync(inner ?? "");
  fs.writeFileSync(victim ?? "", "untouched", { mode: 0o600 });
  fs.symlinkSync(victim ?? "", link ?? "");
  fs.symlinkSync(root, join(inner ?? "", "out"));
  expect(disk.kind(link ?? "")).toBe("other");
  expect(codeOf(() => disk.openPlain(link ?? "", "write"))).toBe("ELOOP");
  expect(codeOf(() => disk.openPlain(inner ?? "", "read"))).toBe("ELOOP");
  expect(codeOf(() => disk.openNew(link ?? ""))).toBe("EEXIST");
  expect(codeOf(() => disk.metadata(link ?? "", { mode: 0o777 }))).toBe("ELOOP");
  await disk.removeFolder(inner ?? "");
  expect(fs.readFileSync(victim ?? "", "utf8")).toBe("untouched");
});

test("a real disk gives a file the very millisecond, now and before 1970", () => {
  const path = join(root, "dressed");
  fs.writeFileSync(path, "");
  for (let i = 0; i < 100; i++) {
    const mtimeMs = (i % 2 === 0 ? 1 : -1) * (1_763_617_717_003 + 7 * i);
    systemDisk().metadata(path, { mode: 0o600, mtimeMs });
    expect(fs.statSync(path, { bigint: true }).mtimeNs).toBe(BigInt(mtimeMs) * 1_000_000n);
  }
});

describe("the simulated disk", () => {
  function written(seed: number): SimDisk {
    const disk = new SimDisk({ random: randomOf(seed) });
    disk.makeFolder("/data");
    disk.open("/data/log", "write").write(Buffer.alloc(2_000, "n"), 0);
    return disk;
  }

  test("keeps what was synced with its folders, whatever happens", async () => {
    for (let seed = 1; seed <= 50; seed++) {
      const disk = written(seed);
      await disk.open("/data/log", "write").sync();
      await disk.syncFolder("/data");
      await disk.syncFolder("/");
      disk.open("/data/log", "write").write(Buffer.alloc(700, "m"), 2_000);
      disk.losePower();
      expect(contentOf(disk, "/data/log").slice(0, 2_000)).toBe("n".repeat(2_000));
    }
  });

  test("without a sync of the folder a file may be gone; without one of the file, torn", () => {
    const seen = { gone: 0, whole: 0, torn: 0 };
    for (let seed = 1; seed <= 200; seed++) {
      const disk = written(seed);
      disk.losePower();
      if (!disk.exists("/data/log")) seen.gone += 1;
      else if (contentOf(disk, "/data/log") === "n".repeat(2_000)) seen.whole += 1;
      else seen.torn += 1;
    }
    expect(Math.min(seen.gone, seen.whole, seen.torn)).toBeGreaterThan(0);
  });

  test("a killed process loses nothing, and can do nothing more", async () => {
    const disk = written(1);
    const process = disk.boot();
    const file = process.open("/data/log", "write");
    const syncing = file.sync();
    disk.killProcess();
    expect(await rejection(syncing)).toBeInstanceOf(MachineStopped);
    expect(() => file.write(text("x"), 0)).toThrow(MachineStopped);
    expect(() => process.list("/data")).toThrow(MachineStopped);
    expect(contentOf(disk, "/data/log")).toBe("n".repeat(2_000));
  });

  test("stops at the call it was told, for good", () => {
    const disk = written(1);
    disk.stopAt(disk.calls + 2);
    disk.list("/data");
    expect(() => disk.list("/data")).toThrow(MachineStopped);
    expect(() => disk.exists("/data")).toThrow(MachineStopped);
    expect(disk.isStopped).toBe(true);
  });

  test("is full when it is full", async () => {
    const disk = written(1);
    disk.leave(10);
    const file = disk.open("/data/log", "write");
    expect(file.write(text("0123456789ab"), 2_000)).toBe(10);
    expect(codeOf(() => file.write(text("x"), 2_010))).toBe("ENOSPC");
    expect(file.write(text("over"), 0)).toBe(4);
    const writing = writeWhole(file, text("more"), 2_010, 1_000);
    expect(await rejection(writing)).toMatchObject({ code: "ENOSPC" });
  });
});

test("an error of the system becomes the host's fault", () => {
  const faultOf = (code: string) => diskFault(Object.assign(new Error(), { code }), "/x").code;
  expect(faultOf("ENOSPC")).toBe("store-full");
  expect(faultOf("EDQUOT")).toBe("store-full");
  expect(faultOf("EROFS")).toBe("store-denied");
  expect(faultOf("EACCES")).toBe("store-denied");
  expect(faultOf("EIO")).toBe("store-failed");
  const fault = new Fault("log-corrupt", "kept as it is");
  expect(diskFault(fault, "/x")).toBe(fault);
});

test("a scan gives every line once, however it is cut into blocks", async () => {
  const disk = new SimDisk({ random: randomOf(3) });
  disk.makeFolder("/data");
  const lines = Array.from({ length: 200 }, (_, i) => "z".repeat((i * 31) % 90));
  const whole = `${lines.join("\n")}\n`;
  const file = disk.open("/data/lines", "write");
  file.write(text(`${whole}end`), 0);
  for (const blockBytes of [1, 7, 64, 100, 1_000, 100_000]) {
    const seen: string[] = [];
    let at = 0;
    for await (const block of scanBlocks(file, 0, file.sizeBytes(), blockBytes)) {
      for (const line of linesOf(block)) {
        expect(line.offset).toBe(at);
        expect(line.whole).toBe(at < whole.length);
        seen.push(line.bytes.toString());
        at += line.bytes.length + 1;
      }
    }
    expect(seen).toEqual([...lines, "end"]);
  }
});

test("a scan gives up on a file without lines, however large it is", async () => {
  const path = join(root, "zeros");
  fs.writeFileSync(path, "");
  fs.truncateSync(path, 2 ** 36); // Sparse.
  const file = systemDisk().open(path, "read");
  const scan = async () => {
    for await (const block of scanBlocks(file, 0, file.sizeBytes())) expect(block).toBeUndefined();
  };
  const fault = diskFault(await rejection(scan()), path);
  expect([fault.code, fault.message]).toEqual([
    "log-corrupt",
    `${path} has a line that is far too long`,
  ]);
  file.close();
});

describe("search threads", () => {
  const path = join(root, "searched");
  const line = (text: string, room = "rA") =>
    `${JSON.stringify({ head: { room }, body: { text } })}\n`;
  const lines = [
    line("first"),
    line("a needle"),
    line("a needle", "rB"),
    line("ZU\u0308RICH"),
    "{torn needle\n",
  ];
  const content = lines.join("");
  fs.writeFileSync(path, content);
  const threads = new SearchThreads();
  const all = { path, from: 0, to: Buffer.byteLength(content) };
  const page = { from: "newest", limit: 50, bytesMax: 1 << 20 } as const;
  const found = async (
    query: Partial<PageQuery>,
    limit = 50,
  ): Promise<(string[] | undefined)[]> => {
    const places = [all, all];
    const spans = await threads.search(places, lineQueryOf({ ...page, ...query, limit }));
    return spans.map((one) =>
      one?.starts.map((start, i) => Buffer.from(content).subarray(start, one.ends[i]).toString()),
    );
  };
  const trimmed = (...numbers: number[]) => numbers.map((number) => (lines[number] ?? "").trim());

  test("find the lines that match, and those that make no sense", async () => {
    expect((await found({ grep: "needle" }))[0]).toEqual(trimmed(1, 2, 4));
    expect((await found({ grep: "needle", rooms: new Set(["rB" as RoomId]) }))[0]).toEqual(
      trimmed(2, 4),
    );
    expect((await found({ grep: "zürich", ignoreCase: true }))[0]).toEqual(trimmed(3));
    expect((await found({ grep: "A NEEDLES", ignoreCase: true }))[0]).toEqual([]);
  });

  test("match the whole text, of which a pattern has only the beginning", async () => {
    const beginning = "0123456789abcdef";
    fs.writeFileSync(join(root, "long"), line(`${beginning}X`) + line(`${beginning}Y`));
    const place = { ...all, path: join(root, "long") };
    const query = lineQueryOf({ ...page, grep: `${beginning}y`, ignoreCase: true });
    const [one] = await threads.search([place], query);
    expect(one?.starts).toEqual([line(`${beginning}X`).length]);
  });

  test("stop when a page is full", async () => {
    expect(await found({ grep: "needle" }, 2)).toEqual([trimmed(1, 2, 4), undefined]);
  });

  test("many at once, each with its own answer", async () => {
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) => found({ grep: i % 2 === 0 ? "first" : "second" })),
    );
    for (const [i, answer] of answers.entries()) {
      expect(answer[0]).toEqual(i % 2 === 0 ? trimmed(0) : []);
    }
  });

  test("do not rule out what they cannot read", async () => {
    const missing = { path: join(root, "missing"), from: 0, to: 10 };
    const query = lineQueryOf({ ...page, grep: "x" });
    expect(await threads.search([missing], query)).toEqual([undefined]);
  });
});
