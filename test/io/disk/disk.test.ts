import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RoomId } from "../../../src/base/ids.ts";
import { lineQueryOf } from "../../../src/io/archive/line-query.ts";
import { type Disk, diskFault, errorCode, type TreeDisk } from "../../../src/io/disk/disk.ts";
import { SearchThreads } from "../../../src/io/disk/search-worker.ts";
import { downloadDisk, systemDisk } from "../../../src/io/disk/system-disk.ts";
import type { PageQuery } from "../../../src/io/log/log.ts";
import { linesOf, scanBlocks } from "../../../src/io/log/scan.ts";
import { rejection } from "../../rejection.ts";
import { unprivileged } from "../../unprivileged.ts";
import { randomOf } from "../../worlds/disk-world.ts";
import { SimDisk } from "./sim.ts";

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

function promises(name: string, make: () => { disk: TreeDisk; folder: string }): void {
  describe(`a ${name} disk`, () => {
    const { disk, folder } = make();
    const path = join(folder, "deep", "file");

    test("creates folders and files, and reads them back", async () => {
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

    test("lists names in order, and nothing for a missing folder", () => {
      for (const other of ["b", "a"]) disk.open(join(folder, "deep", other), "write").close();
      expect(disk.list(join(folder, "deep"))).toEqual(["a", "b", "file"]);
      expect(disk.list(join(folder, "none"))).toEqual([]);
    });

    test("renames over existing files, and ignores missing ones on removal", () => {
      disk.rename(path, join(folder, "deep", "a"));
      expect(disk.exists(path)).toBe(false);
      expect(contentOf(disk, join(folder, "deep", "a"))).toBe("hello");
      disk.remove(join(folder, "deep", "a"));
      disk.remove(join(folder, "deep", "a"));
      expect(disk.list(join(folder, "deep"))).toEqual(["b"]);
    });

    test("creates only new entries, and reports the kind of others", async () => {
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
      expect(disk.modifiedMs(path)).toBeNumber();
      expect(disk.modifiedMs(join(folder, "none"))).toBeUndefined();
      expect(await disk.freeBytes(folder)).toBeGreaterThan(0);
      expect(await disk.fileBytesMax(folder)).toBeGreaterThan(2 ** 31);
    });

    test("uses only free names", () => {
      const [from, to, other] = ["new", "named", "other"].map((name) => join(folder, name));
      disk.openNew(other ?? "").close();
      expect(disk.nameNew(from ?? "", other ?? "")).toBe(false);
      expect(disk.nameNew(from ?? "", to ?? "")).toBe(true);
      expect(disk.nameNew(from ?? "", to ?? "")).toBe(true);
      disk.remove(from ?? "");
      expect(contentOf(disk, to ?? "")).toBe("plain");
    });

    test("moves a folder to a free name, and removes it with its content", async () => {
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
  });
}

promises("real", () => ({ disk: systemDisk(), folder: root }));
promises("simulated", () => ({ disk: new SimDisk({ random: randomOf(1) }), folder: "/data" }));

test("the real disk neither opens, changes nor removes the targets of links", async () => {
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

test.each([
  ["EIO", undefined],
  ["ENOSPC", "ENOSPC"],
])("a folder of a download that answers %s to a sync fails with %s", async (code, failed) => {
  const syncFolder = () => Promise.reject(Object.assign(new Error("refused"), { code }));
  const disk = downloadDisk({ ...systemDisk(), syncFolder });
  const outcome = await disk.syncFolder(root).then(
    () => undefined,
    (error: unknown) => errorCode(error),
  );
  expect(outcome).toBe(failed);
});

// A disk that belongs to another user, such as a USB stick mounted with umask=0, refuses the same.
test.skipIf(process.geteuid?.() !== 0)(
  "the real disk names modes and times that it cannot set, and moves a folder without its mode",
  async () => {
    const disk = systemDisk();
    fs.chmodSync(root, 0o777);
    const [file, folder, moved] = ["file", "folder", "moved"].map((name) => join(root, name));
    fs.writeFileSync(file ?? "", "kept", { mode: 0o666 });
    fs.mkdirSync(folder ?? "");
    const metadata = { mode: 0o600, mtimeMs: 1_000 };
    const outcome = await unprivileged(() => [
      disk.metadata(file ?? "", metadata),
      disk.metadata(folder ?? "", { mode: 0o700 }),
      disk.moveFolderNew(folder ?? "", moved ?? ""),
    ]);
    expect(outcome).toEqual([["times", "modes"], ["modes"], true]);
    expect(disk.metadata(file ?? "", metadata)).toEqual([]);
  },
);

test("a scan yields each line once, for any block size", async () => {
  const disk = new SimDisk({ random: randomOf(3) });
  disk.makeFolder("/data");
  const lines = Array.from({ length: 200 }, (_, i) => "z".repeat((i * 31) % 90));
  const complete = `${lines.join("\n")}\n`;
  const file = disk.open("/data/lines", "write");
  file.write(text(`${complete}end`), 0);
  for (const blockBytes of [1, 7, 64, 100, 1_000, 100_000]) {
    const observed: string[] = [];
    let at = 0;
    for await (const block of scanBlocks(file, 0, file.sizeBytes(), blockBytes)) {
      for (const line of linesOf(block)) {
        expect(line.offset).toBe(at);
        expect(line.isComplete).toBe(at < complete.length);
        observed.push(line.bytes.toString());
        at += line.bytes.length + 1;
      }
    }
    expect(observed).toEqual([...lines, "end"]);
  }
});

test("a scan rejects a large file without newlines", async () => {
  const path = join(root, "zeros");
  fs.writeFileSync(path, "");
  fs.truncateSync(path, 2 ** 36);
  const file = systemDisk().open(path, "read");
  const scan = async () => {
    for await (const block of scanBlocks(file, 0, file.sizeBytes())) expect(block).toBeUndefined();
  };
  const fault = diskFault(await rejection(scan()), path);
  expect([fault.code, fault.message]).toEqual(["log-corrupt", `${path} has an overlong line`]);
  file.close();
});

const ERRORS: readonly (readonly [errno: string, code: string, message: string])[] = [
  ["ENOSPC", "store-full", "no space for /d/f"],
  ["EDQUOT", "store-full", "the disk quota is used up; no space for /d/f"],
  ["EFBIG", "store-failed", "f is too large: the disk of /d cannot store files of this size"],
  ["EACCES", "store-denied", "permission denied: /d/f"],
  ["EPERM", "store-denied", "permission denied: /d/f"],
  ["EROFS", "store-denied", "the disk of /d/f is read-only"],
  ["ENAMETOOLONG", "store-failed", "the name of /d/f is too long for its disk"],
  ["EINVAL", "store-failed", "the disk of /d does not accept /d/f"],
  ["EILSEQ", "store-failed", "the disk of /d does not accept /d/f"],
  ["ENOENT", "store-failed", "/d/f does not exist"],
  ["ENOTDIR", "store-failed", "a part of /d/f is not a folder"],
  ["EISDIR", "data-foreign", "/d/f is a folder"],
  ["ELOOP", "data-foreign", "/d/f is a link or not a regular file"],
  ["EEXIST", "store-failed", "/d/f already exists"],
  ["ETXTBSY", "store-failed", "/d/f is a program that is running"],
  ["EBUSY", "store-failed", "/d/f is in use by another program"],
  ["ENOLCK", "store-failed", "the disk of /d does not support what chat needs"],
  ["ENOTSUP", "store-failed", "the disk of /d does not support what chat needs"],
  ["EIO", "store-failed", "the disk failed at /d/f: it cannot be read or written"],
  ["ENXIO", "store-failed", "the drive of /d/f is no longer connected"],
  ["ENODEV", "store-failed", "the drive of /d/f is no longer connected"],
  ["ENOTCONN", "store-failed", "the drive of /d/f is no longer connected"],
  ["ESTALE", "store-failed", "the network drive of /d/f was disconnected or has changed"],
  ["ETIMEDOUT", "store-failed", "the network drive of /d/f does not answer"],
  ["EUCLEAN", "store-failed", "the file system of /d/f is damaged"],
  ["EMFILE", "store-failed", "chat has too many open files to use /d/f"],
  ["ENFILE", "store-failed", "this machine has too many open files to use /d/f"],
  ["ENOMEM", "store-failed", "this machine has too little memory to use /d/f"],
  ["EOWNERDEAD", "store-failed", "the disk failed at /d/f (EOWNERDEAD)"],
  ["toString", "store-failed", "the disk failed at /d/f (toString)"],
];

test.each(ERRORS)("%s is a fault of the disk, not of the history", (errno, code, message) => {
  const fault = diskFault(Object.assign(new Error("refused"), { code: errno }), "/d/f");
  expect([fault.code, fault.message]).toEqual([code, message]);
  expect([fault.exitCode, fault.blame]).toEqual([1, "host"]);
  expect(fault.remedy).not.toContain("backup");
});

test("does not blame a name for a call on an open file", () => {
  const error = (syscall: string) => Object.assign(new Error(""), { code: "EINVAL", syscall });
  expect(diskFault(error("open"), "/d/f").message).toContain("does not accept");
  expect(diskFault(error("fdatasync"), "/d/f").message).toContain("does not support");
  expect(diskFault(error("pwrite"), "/d/f").message).toContain("does not support");
});

describe("search threads", () => {
  const path = join(root, "searched");
  const line = (text: string, room = "rA") =>
    `${JSON.stringify({ head: { room }, body: { text } })}\n`;
  const long = "long ".repeat(50);
  const lines = [
    line("first"),
    line("a needle"),
    line("a needle", "rB"),
    line("ZU\u0308RICH"),
    "{torn needle\n",
    line(`${long}text`),
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
    const lineQuery = lineQueryOf({ ...page, ...query, limit });
    const spans = await threads.search(places, lineQuery);
    return spans.map((one) =>
      one?.starts.map((start, i) => Buffer.from(content).subarray(start, one.ends[i]).toString()),
    );
  };
  const trimmed = (...numbers: number[]) => numbers.map((number) => (lines[number] ?? "").trim());

  test("find matching lines, and unparsable ones", async () => {
    expect((await found({ grep: "needle" }))[0]).toEqual(trimmed(1, 2, 4));
    expect((await found({ grep: "needle", rooms: new Set(["rB" as RoomId]) }))[0]).toEqual(
      trimmed(2, 4),
    );
    expect((await found({ grep: "zürich", ignoreCase: true }))[0]).toEqual(trimmed(3));
    expect((await found({ grep: "A NEEDLES", ignoreCase: true }))[0]).toEqual([]);
    expect((await found({ grep: `${long}text` }))[0]).toEqual(trimmed(5));
    expect((await found({ grep: `${long}word` }))[0]).toEqual([]);
  });

  test("use no module for a room or a kind, whose bytes are in most lines", () => {
    const rooms = new Set(["rB" as RoomId]);
    const unpaired = { grep: "\ud800", ignoreCase: true };
    for (const extra of [{}, { kinds: new Set(["topic"] as const) }, unpaired]) {
      const query = lineQueryOf({ ...page, rooms, ...extra });
      expect(query.needle).toBeDefined();
    }
  });

  test("stop when a page is full", async () => {
    expect(await found({ grep: "needle" }, 2)).toEqual([trimmed(1, 2, 4), undefined]);
  });

  test("find lines in ranges of any size", async () => {
    const largePath = join(root, "searched-large");
    const fillers = Array.from({ length: 2_000 }, (_, i) =>
      line(`${"filler ".repeat(i % 40)}needl`),
    );
    const large = [...fillers, line("a needle"), ...fillers, line("a needle")].join("");
    fs.writeFileSync(largePath, large);
    const hits = [...large.matchAll(/needle/g)].map(
      ({ index }) => large.lastIndexOf("\n", index) + 1,
    );
    const query = lineQueryOf({ ...page, grep: "NEEDLE", ignoreCase: true });
    const starts = async (...ranges: [number, number][]) => {
      const places = ranges.map(([from, to]) => ({ path: largePath, from, to }));
      return (await threads.search(places, query)).map((one) => one?.starts);
    };
    const [first = 0, last = 0] = hits;
    expect(
      await starts([0, first], [0, large.length], [first, last], [last, large.length]),
    ).toEqual([[], [first, last], [0], [0]]);
  });

  test.skipIf(process.platform !== "linux")(
    "work in a process of low priority, which only root may raise",
    () => {
      const program = join(import.meta.dir, "low-priority-program.ts");
      const command = ["nice", "-n", "19", process.execPath, program, path];
      const { stdout } = Bun.spawnSync(command, { stdio: ["ignore", "pipe", "inherit"] });
      expect(JSON.parse(stdout.toString())).toEqual([{ starts: [lines[0]?.length] }]);
    },
  );

  test("report unreadable ranges as possible matches", async () => {
    const missing = { path: join(root, "missing"), from: 0, to: 10 };
    const query = lineQueryOf({ ...page, grep: "x" });
    expect(await threads.search([missing], query)).toEqual([undefined]);
  });
});
