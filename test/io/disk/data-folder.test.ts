import { afterEach, expect, test } from "bun:test";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../../../src/base/fault.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import {
  checkDataFolder,
  FolderFormat,
  openDataFolder,
  readNamedFile,
  readNamedInput,
  readSmallFile,
  writeSmallFile,
} from "../../../src/io/disk/data-folder.ts";
import type { RecordKind } from "../../../src/wire/kinds.ts";
import { type Draft, type LogRecord, SALT_BYTES, sealDraft } from "../../../src/wire/record.ts";
import { faultOf } from "../../fault-code.ts";
import { plantVersion } from "../../plant.ts";
import { rejection } from "../../rejection.ts";

plantVersion();

const folders: string[] = [];

function folder(format?: string): string {
  const path = mkdtempSync(join(tmpdir(), "chat-data-folder-"));
  folders.push(path);
  if (format !== undefined) writeFileSync(join(path, "format.json"), format);
  return path;
}

afterEach(() => {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true });
});

const formatIn = (path: string): unknown =>
  JSON.parse(readFileSync(join(path, "format.json"), "utf8"));

const entropy = () => new Uint8Array(SALT_BYTES);

function recordOf(kind: RecordKind, body: object, seq = 9): LogRecord {
  const draft = { kind, room: "rLLLLLLLLLLL" as RoomId, by: "server", id: "", body } as Draft;
  const { bodyBytes, commit } = sealDraft(draft, entropy(), sha256);
  const head = { v: 1, seq, time: 0, n: 1, ...draft, commit } as const;
  return { head, headBytes: new Uint8Array(), bodyBytes };
}

test("reads a named pipe only where signals are handled", async () => {
  const path = join(folder(), "pipe");
  expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
  expect(() => readNamedFile(path)).toThrow("is a pipe");
  const writer = Bun.spawn(["sh", "-c", 'printf "a\nb" > "$0"', path]);
  expect((await readNamedInput(path))?.toString()).toBe("a\nb");
  expect(await writer.exited).toBe(0);
  expect(readNamedFile("/dev/null")).toBe("");
  expect(await readNamedInput(join(path, "none"))).toBeUndefined();
  expect(await rejection(readNamedInput("/dev/zero", 10))).toMatchObject({
    remedy: "use a smaller file",
  });
});

test("raises the format at the first record that needs it, and keeps the former one", () => {
  const path = folder('{"format":4,"minReader":4}\n');
  expect(checkDataFolder(path)).toBe(path);
  const { isNew, lock } = openDataFolder(path, 0);
  expect([isNew, formatIn(path)]).toEqual([false, { format: 4, minReader: 4 }]);
  const later = { newest: 5, of: { "0.4.0": 4, "0.5.0": 5 } } as const;
  const format = new FolderFormat(path, 4, later);
  const raised: unknown[] = [];
  format.onRaised = (...change) => raised.push(change);
  format.lengths = () => ({ history: 7, accounts: 5 });
  format.admit([recordOf("text", { text: "hi" }, 8), recordOf("room", { name: "open" })]);
  expect([formatIn(path), raised]).toEqual([{ format: 4, minReader: 4 }, []]);
  format.admit([recordOf("text", { text: "hi" }), recordOf("room", { private: true })]);
  format.admit([recordOf("poll", { on: true })]);
  expect([formatIn(path), raised]).toEqual([{ format: 5, minReader: 5 }, [[4, 5, "room"]]]);
  lock.release();
  const kept = JSON.parse(readSmallFile(join(path, "format-4.json")) ?? "");
  // Lengths of the logs before the first record that needs the next format.
  expect(kept).toEqual({ format: 4, minReader: 4, history: 8, accounts: 5 });
  expect(faultOf(() => openDataFolder(path, 0))?.message).toContain("newer version (format 5)");
});

test.each([1, 2, 3])("rejects a folder of format %i, of 0.1 to 0.3, unchanged", (format) => {
  const path = folder(`{"format":${format},"minReader":${format}}\n`);
  const before = readdirSync(path);
  for (const open of [() => openDataFolder(path, 0), () => checkDataFolder(path)])
    expect(faultOf(open)).toMatchObject({
      code: "version-unsupported",
      message: `${path} was written by chat 0.3.0 or earlier (format ${format})`,
      remedy: "export it with that version (chat export), and import it: chat import",
    });
  expect([readdirSync(path), formatIn(path)]).toEqual([before, { format, minReader: format }]);
});

test.each([
  "",
  "{",
  "{}",
  "[4]",
  ...["0", "-1", "4.5", "'4'", "null"].map((n) => `{"format":${n}}`),
])("rejects a folder with the format file %p unchanged", (text) => {
  const path = folder(text);
  expect(faultOf(() => openDataFolder(path, 0))).toMatchObject({
    code: "data-foreign",
    message: `${join(path, "format.json")} is not from a chat server`,
  });
  expect(readFileSync(join(path, "format.json"), "utf8")).toBe(text);
});

test("accepts an empty folder, and rejects one of a later version unchanged", () => {
  const empty = openDataFolder(folder(), 0);
  expect([empty.isNew, formatIn(empty.path)]).toEqual([true, { format: 4, minReader: 4 }]);
  empty.lock.release();
  const path = folder('{"format":5,"minReader":4}\n');
  expect(() => openDataFolder(path, 0)).toThrow(Fault);
  expect(() => openDataFolder(path, 0)).toThrow("written by a newer version (format 5)");
  expect(checkDataFolder(path)).toBe(path);
  expect(formatIn(path)).toEqual({ format: 5, minReader: 4 });
});

test("accepts the root of a volume, with the files of its operating system", () => {
  const path = folder();
  for (const name of ["lost+found", "System Volume Information", "$RECYCLE.BIN", ".Trash-1000"]) {
    mkdirSync(join(path, name));
  }
  const opened = openDataFolder(path, 0);
  expect(opened.isNew).toBe(true);
  opened.lock.release();
  const other = folder();
  mkdirSync(join(other, "lost+found2"));
  expect(() => openDataFolder(other, 0)).toThrow("it contains 'lost+found2'");
});

const TRAPS: readonly (readonly [string, (path: string, ownFile: string) => unknown])[] = [
  ["a link", (path, ownFile) => symlinkSync(ownFile, path)],
  ["a link to a device", (path) => symlinkSync("/dev/zero", path)],
  ["a link to nothing", (path) => symlinkSync("/nowhere", path)],
  ["a pipe", (path) => Bun.spawnSync(["mkfifo", path])],
  ["a folder", (path) => mkdirSync(path)],
];

test.each(TRAPS)("rejects %s in place of a small file", (_, make) => {
  const path = folder();
  const ownFile = join(path, "mine");
  writeFileSync(ownFile, "precious");
  make(join(path, "trap"), ownFile);
  expect(() => readSmallFile(join(path, "trap"))).toThrow("is a link or not a regular file");
  make(join(path, "format.json"), ownFile);
  expect(() => openDataFolder(path, 0)).toThrow("is a link or not a regular file");
  expect(readFileSync(ownFile, "utf8")).toBe("precious");
});

test("replaces files at the path of a temporary file", () => {
  const path = folder();
  const ownFile = join(path, "mine");
  writeFileSync(ownFile, "precious", { mode: 0o644 });
  symlinkSync(ownFile, join(path, "note.tmp"));
  writeSmallFile(join(path, "note"), "hi");
  expect(readFileSync(ownFile, "utf8")).toBe("precious");
  writeFileSync(join(path, "note.tmp"), "left by a killed run", { mode: 0o644 });
  writeSmallFile(join(path, "note"), "hi");
  expect(lstatSync(join(path, "note")).mode & 0o777).toBe(0o600);
});

test.each(["LOCK", "LOCK.json.tmp"])("does not lock through a link: %s", (name) => {
  const path = folder('{"format":3,"minReader":3}\n');
  const ownFile = join(path, "mine");
  writeFileSync(ownFile, "precious");
  symlinkSync(ownFile, join(path, name));
  try {
    openDataFolder(path, 0).lock.release();
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
  }
  expect(readFileSync(ownFile, "utf8")).toBe("precious");
});

test("reads small files without a byte order mark, and names UTF-16", () => {
  const path = join(folder(), "settings.toml");
  for (const read of [readSmallFile, readNamedFile]) {
    writeFileSync(path, '\ufeffname = "lab"\r\n');
    expect(read(path)).toBe('name = "lab"\r\n');
    writeFileSync(path, "\ufeff");
    expect(read(path)).toBe("");
    for (const bytes of [Buffer.from("\ufeffhi", "utf16le"), Buffer.from([0xfe, 0xff, 0, 0x68])]) {
      writeFileSync(path, bytes);
      expect(() => read(path)).toThrow(`${path} is UTF-16`);
    }
  }
});
