import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/base/fault.ts";
import type { FileId } from "../../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import type { SkippedEntry } from "../../../src/core/transfer/folder-list.ts";
import { signCheckpoint } from "../../../src/crypto/checkpoint.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { type BackupOptions, backUp } from "../../../src/io/backup/backup.ts";
import { type RestoreOptions, restoreBackup } from "../../../src/io/backup/restore.ts";
import { encodeMetadata } from "../../../src/io/blob/blob-store.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { systemDisk } from "../../../src/io/disk/system-disk.ts";
import { systemEntropy } from "../../../src/io/entropy.ts";
import { writeCheckpointFile } from "../../../src/io/log/checkpoints.ts";
import { type LogFile, openLog } from "../../../src/io/log/log-file.ts";
import { Digest, encodeHashLine } from "../../../src/wire/chunks.ts";
import { identityOfSeed } from "../../crypto/seed-identity.ts";
import { ANA, draftOf, LOBBY } from "../log-fixture.ts";

const SERVER = identityOfSeed(new Uint8Array(32).fill(1));
const FILE = "fAAAAAAAAAAA" as FileId;
const SEGMENT_BYTES = 4_000;

let folder = "";
let data = "";
let out = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chat-backup-"));
  data = join(folder, "data");
  out = join(folder, "out");
  mkdirSync(data);
  writeFileSync(join(data, "format.json"), '{"format":4,"minReader":4}\n');
  writeFileSync(join(data, "identity.key"), "a key\n", { mode: 0o600 });
});
afterEach(() => rmSync(folder, { recursive: true }));

async function within(name: string, work: (log: LogFile) => Promise<unknown>): Promise<void> {
  const disk = systemDisk();
  const log = await openLog({
    folder: join(data, name),
    disk,
    clock: systemClock(),
    entropy: systemEntropy(),
    sha256,
    segmentBytes: SEGMENT_BYTES,
  });
  await work(log);
  if (log.head() > 0) {
    const { origin = "", tree } = log;
    const note = signCheckpoint({ origin, size: log.head(), root: tree.root() }, SERVER);
    await writeCheckpointFile(disk, join(data, name), note);
  }
  await log.close();
}

async function say(...texts: readonly string[]): Promise<void> {
  await within("accounts", (log) => log.append({ ...draftOf("x"), kind: "ignore" }));
  await within("history", async (log) => {
    for (const text of texts) await log.append(draftOf(text));
  });
}

async function erase(seq: number): Promise<void> {
  await within("history", async (log) => {
    const draft = { kind: "erase", room: LOBBY, by: ANA, id: "", body: { seq, also: [] } } as const;
    const record = await log.append(draft);
    await log.erase(seq, record.head.seq);
  });
}

async function send(content: Uint8Array): Promise<void> {
  const path = join(data, "files", FILE);
  mkdirSync(path, { recursive: true });
  const digest = new Digest(new Bun.CryptoHasher("sha256"));
  const lines: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += CHUNK_BYTES) {
    const hash = sha256(content.subarray(at, at + CHUNK_BYTES));
    digest.add(hash);
    lines.push(encodeHashLine(hash));
  }
  const about = { file: FILE, by: ANA, name: "a.bin", to: [], sinceMs: 0 };
  writeFileSync(join(path, "about.json"), encodeMetadata(about));
  writeFileSync(join(path, "content"), content);
  writeFileSync(join(path, "chunks.jsonl"), Buffer.concat(lines));
  const size = content.length;
  const fields = { file: FILE, name: "a.bin", size, chunks: lines.length };
  const body = { files: [{ ...fields, digest: toHex(digest.value()) }] };
  await within("history", (log) =>
    log.append({ kind: "file", room: LOBBY, by: ANA, id: FILE, body }),
  );
}

function backup(more: Partial<BackupOptions> = {}) {
  const warnings: string[] = [];
  return backUp({
    disk: systemDisk(),
    sha256,
    clock: systemClock(),
    data,
    out,
    files: true,
    onWarning: (sentence) => warnings.push(sentence),
    onSkipped: ({ reason }) => warnings.push(reason),
    onProgress: () => {},
    ...more,
  }).then((result) => ({ ...result, said: warnings }));
}

function restore(more: Partial<RestoreOptions> = {}) {
  return restoreBackup({
    disk: systemDisk(),
    sha256,
    backup: out,
    data: join(folder, "new"),
    acceptsRollback: false,
    acceptsLoss: false,
    nowUnixMs: 0,
    onWarning: () => {},
    onProgress: () => {},
    finish: () => Promise.resolve(),
    ...more,
  });
}

async function code(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
}

const segments = (at: string, name = "history") =>
  readdirSync(join(at, name)).filter((one) => one.endsWith(".jsonl"));
const textOf = (at: string, name = "history") =>
  segments(at, name)
    .map((one) => readFileSync(join(at, name, one), "utf8"))
    .join("");
function alter(at: string, text: string, by: string): void {
  const path = join(at, "history", "000000000001.jsonl");
  const before = readFileSync(path, "utf8");
  expect(before).toContain(text);
  writeFileSync(path, before.replace(text, by));
}
const MANY = Array.from({ length: 40 }, (_, i) => `message ${i}`);

describe("chat backup", () => {
  test("copies the same bytes, and only new ones the second time, with mode 0600", async () => {
    await say(...MANY);
    const first = await backup();
    expect(first).toMatchObject({ size: 40, said: [] });
    expect(segments(data).length).toBeGreaterThan(2);
    expect(textOf(out)).toBe(textOf(data));
    expect(textOf(out, "accounts")).toBe(textOf(data, "accounts"));
    expect(readFileSync(join(out, "identity.key"), "utf8")).toBe("a key\n");
    for (const name of ["identity.key", "backup.json", "history/000000000001.jsonl"]) {
      expect(statSync(join(out, name)).mode & 0o777).toBe(0o600);
    }
    const idle = await backup();
    expect(idle).toMatchObject({ copiedBytes: 0, bytes: first.bytes, root: first.root });
    const before = textOf(data).length;
    await within("history", (log) => log.append(draftOf("one more")));
    const next = await backup();
    expect(next.copiedBytes).toBe(textOf(data).length - before);
    expect(textOf(out)).toBe(textOf(data));
  });

  test("copies GroupInfos of encrypted rooms, but neither key packages nor leases", async () => {
    await say(...MANY);
    const sealed = join(data, "sealed");
    for (const name of ["keys", "leases"]) mkdirSync(join(sealed, name), { recursive: true });
    writeFileSync(join(sealed, "rA.one.group"), "first");
    writeFileSync(join(sealed, "keys", "device.json"), "[]");
    await backup();
    expect(readdirSync(join(out, "sealed"))).toEqual(["rA.one.group"]);
    rmSync(join(sealed, "rA.one.group"));
    writeFileSync(join(sealed, "rA.two.group"), "second");
    await backup();
    expect(readdirSync(join(out, "sealed"))).toEqual(["rA.two.group"]);
    const target = join(folder, "new");
    await restore();
    expect(readFileSync(join(target, "sealed", "rA.two.group"), "utf8")).toBe("second");
    rmSync(join(out, "sealed"), { recursive: true });
    rmSync(target, { recursive: true });
    await restore();
    expect(existsSync(join(target, "sealed"))).toBe(false);
  });

  test("copies erasures and removals of files", async () => {
    await say("a secret", ...MANY);
    await send(new Uint8Array(CHUNK_BYTES + 7).fill(5));
    expect(await backup()).toMatchObject({ damagedFiles: 0 });
    const content = join(out, "files", FILE, "content");
    expect(readFileSync(content)).toEqual(readFileSync(join(data, "files", FILE, "content")));
    await erase(1);
    await erase(42);
    rmSync(join(data, "files"), { recursive: true });
    await backup();
    expect(textOf(out)).not.toContain("a secret");
    expect(textOf(out)).toBe(textOf(data));
    expect(readdirSync(join(out, "files"))).toEqual([]);
  });

  test("reports and omits damaged contents", async () => {
    await say("hi");
    await send(new Uint8Array(100));
    writeFileSync(join(data, "files", FILE, "content"), new Uint8Array(100).fill(1));
    const result = await backup();
    expect(result.damagedFiles).toBe(1);
    expect(result.said.join()).toContain("damaged");
    expect(readdirSync(join(out, "files"))).toEqual([]);
    const without = join(folder, "without");
    expect(await backup({ files: false, out: without })).toMatchObject({ damagedFiles: 0 });
  });

  test("stops at the durable end and omits a torn tail", async () => {
    await say(...MANY);
    const last = join(data, "history", segments(data).at(-1) ?? "");
    const complete = readFileSync(last, "utf8");
    await within("history", async (log) => {
      await Promise.all([log.append(draftOf("late 1")), log.append(draftOf("late 2"))]);
    });
    const note = join(data, "history", "checkpoint");
    const size = Number(readFileSync(note, "utf8").split("\n")[1]);
    expect(size).toBe(42);
    rmSync(note);
    writeFileSync(last, `${readFileSync(last, "utf8")}{"head":{"v":1,`);
    expect(await backup()).toMatchObject({ size: 42 });
    expect(textOf(out).startsWith(textOf(data).slice(0, complete.length))).toBe(true);
    expect(textOf(out).endsWith("}\n")).toBe(true);
  });

  test("copies to the root of a volume, and restores into a folder of it", async () => {
    await say("hi");
    mkdirSync(join(out, "lost+found"), { recursive: true });
    await backup();
    await backup();
    const volume = join(folder, "volume");
    mkdirSync(join(volume, "lost+found"), { recursive: true });
    const refused = await restore({ data: volume }).catch((error: Fault) => error);
    expect(refused).toMatchObject({
      message: `${volume} is the root of a volume`,
      remedy: `use a folder in it: --data ${volume}/data`,
    });
    await restore({ data: join(volume, "data") });
    expect(textOf(join(volume, "data"))).toBe(textOf(data));
  });

  test("rejects a folder that is not a backup, or of another or newer server", async () => {
    await say("hi");
    mkdirSync(out);
    writeFileSync(join(out, "letters.txt"), "mine");
    expect(await code(backup())).toBe("data-foreign");
    expect(readdirSync(out)).toEqual(["letters.txt"]);
    rmSync(out, { recursive: true });
    await backup();
    const other = join(folder, "other");
    cpSync(out, other, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(other, "backup.json"), "utf8"));
    const write = (value: object) =>
      writeFileSync(join(other, "backup.json"), JSON.stringify(value));
    write({ ...manifest, server: "00" });
    expect(await code(backup({ out: other }))).toBe("data-foreign");
    write({ ...manifest, format: 2 });
    expect(await code(backup({ out: other }))).toBe("version-unsupported");
    expect(await code(restore({ backup: other }))).toBe("version-unsupported");
    write(manifest);
    writeFileSync(join(other, "format.json"), '{"format":99,"minReader":99}');
    expect(await code(backup({ out: other }))).toBe("version-unsupported");
    expect(await code(backup({ out: join(data, "inside") }))).toBe("data-foreign");
    expect(await code(backup({ data: folder }))).toBe("data-foreign");
  });

  test("protects its backup from a server that was rolled back", async () => {
    await say(...MANY);
    const old = join(folder, "old");
    cpSync(data, old, { recursive: true });
    await within("history", (log) => log.append(draftOf("only in the backup")));
    await backup();
    const stored = textOf(out);
    expect(await code(backup({ data: old }))).toBe("data-foreign");
    [data] = [old];
    await within("history", async (log) => {
      for (const text of MANY) await log.append(draftOf(`other ${text}`));
    });
    expect(await code(backup())).toBe("data-foreign");
    expect(textOf(out)).toBe(stored);
  });

  test.each(["kind", "salt"])("rejects a server log with a damaged %s", async (field) => {
    await say(...MANY);
    await backup();
    const stored = textOf(out);
    const first = join(data, "history", "000000000001.jsonl");
    const bytes = readFileSync(first);
    bytes.write("X", bytes.indexOf(`"${field}"`) + 1);
    writeFileSync(first, bytes);
    expect(await code(backup())).toBe("log-corrupt");
    expect(textOf(out)).toBe(stored);
    expect(await restore()).toMatchObject({ size: 40 });
  });

  test("reports a damaged body of the server, and repairs one of the backup", async () => {
    await say(...MANY);
    await backup();
    alter(out, "message 3", "nothing 3");
    expect(await backup()).toMatchObject({ damagedRecords: 0 });
    expect(textOf(out)).toBe(textOf(data));
    alter(data, "message 5", "nothing 5");
    rmSync(out, { recursive: true });
    const { damagedRecords, said } = await backup();
    expect([damagedRecords, said]).toEqual([
      1,
      ["record 6 of history is damaged in the server's folder"],
    ]);
  });

  test("follows no links in either folder", async () => {
    await say("hi");
    const mine = join(folder, "mine");
    writeFileSync(mine, "precious");
    rmSync(join(data, "settings.json"), { force: true });
    symlinkSync(mine, join(data, "settings.json"));
    expect(await code(backup())).toBe("data-foreign");
    rmSync(join(data, "settings.json"));
    await backup();
    for (const name of ["backup.json.tmp", "identity.key.tmp", "history/checkpoint.tmp"]) {
      symlinkSync(mine, join(out, name));
    }
    await say("more");
    writeFileSync(join(data, "identity.key"), "another key\n");
    await backup();
    expect(readFileSync(mine, "utf8")).toBe("precious");
    expect(lstatSync(join(out, "backup.json")).isFile()).toBe(true);
  });

  test("copies settings that the operator linked into the data folder", async () => {
    await say("hi");
    writeFileSync(join(folder, "etc.toml"), "port = 2500\n");
    symlinkSync(join("..", "etc.toml"), join(data, "settings.toml"));
    await backup();
    expect(lstatSync(join(out, "settings.toml")).isFile()).toBe(true);
    expect(readFileSync(join(out, "settings.toml"), "utf8")).toBe("port = 2500\n");
    rmSync(join(folder, "etc.toml"));
    await backup();
    expect(existsSync(join(out, "settings.toml"))).toBe(false);
  });

  test("rejects a mismatched checkpoint", async () => {
    await say(...MANY);
    const note = signCheckpoint(
      { origin: "chat/AAAAAAAAAAAAAAAAAAAAAA", size: 5, root: new Uint8Array(32) },
      SERVER,
    );
    writeFileSync(join(data, "history", "checkpoint"), note);
    expect(await code(backup())).toBe("log-corrupt");
  });
});

describe("chat restore", () => {
  test("restores the same folder, only into a new or empty one", async () => {
    await say(...MANY);
    await send(new Uint8Array(100).fill(5));
    const { root } = await backup();
    const target = join(folder, "new");
    mkdirSync(target);
    const progress: number[] = [];
    const onProgress = (bytes: number) => progress.push(bytes);
    const restored = await restore({ onProgress });
    expect(restored).toMatchObject({ size: 41, root, data: target, missingFiles: 0 });
    expect(Number(progress.at(-1)) - Number(progress.at(-2))).toBe(100);
    expect(textOf(target)).toBe(textOf(data));
    expect(readFileSync(join(target, "files", FILE, "content"))).toEqual(Buffer.alloc(100, 5));
    expect(existsSync(join(target, "backup.json"))).toBe(false);
    expect(readdirSync(folder).sort()).toEqual(["data", "new", "out"]);
    expect(await code(restore())).toBe("data-foreign");
    expect(await code(restore({ backup: data, data: join(folder, "x") }))).toBe("not-found");
  });

  test("rolls back a newer folder only if accepted", async () => {
    await say(...MANY);
    await backup();
    await within("history", (log) => log.append(draftOf("later")));
    const note = readFileSync(join(data, "history", "checkpoint"), "utf8");
    const here = { data };
    expect(await code(restore(here))).toBe("not-allowed");
    const finished: unknown[] = [];
    const finish = (path: string, newest: string | undefined) => {
      finished.push([path, newest]);
      return Promise.resolve();
    };
    const result = await restore({ ...here, acceptsRollback: true, finish });
    expect(result).toMatchObject({ size: 40, aside: `${data}.before-restore` });
    expect(finished).toEqual([[`${data}.restoring`, note]]);
    expect(textOf(`${data}.before-restore`)).toContain("later");
    expect(textOf(data)).not.toContain("later");
  });

  test("rejects damaged, truncated and incomplete backups without leaving files", async () => {
    await say(...MANY);
    await backup();
    truncateSync(join(out, "accounts", "000000000001.jsonl"), 10);
    expect(await code(restore())).toBe("log-corrupt");
    rmSync(join(out, "backup.json"));
    expect(await code(restore())).toBe("not-found");
    writeFileSync(join(out, "backup-begun.json"), '{"server":"00"}');
    expect(await code(restore())).toBe("data-foreign");
    expect(readdirSync(folder).sort()).toEqual(["data", "out"]);
  });

  test("rejects a damaged record unless the loss is accepted", async () => {
    await say(...MANY);
    await backup();
    alter(out, "message 3", "nothing 3");
    const warnings: string[] = [];
    const options = { onWarning: (sentence: string) => warnings.push(sentence) };
    expect(await code(restore(options))).toBe("log-corrupt");
    expect(warnings).toEqual(["record 4 of history is damaged in the backup"]);
    expect(readdirSync(folder).sort()).toEqual(["data", "out"]);
    expect(await restore({ acceptsLoss: true })).toMatchObject({ size: 40, damagedRecords: 1 });
  });

  test("treats a record erased without an order as damaged", async () => {
    await say(...MANY);
    await erase(1);
    await backup();
    expect(await restore({ data: join(folder, "whole") })).toMatchObject({ damagedRecords: 0 });
    const [first = ""] = textOf(out).split("\n");
    const blank = JSON.parse(first);
    const [line = ""] = textOf(out).split("\n").slice(3);
    const { head } = JSON.parse(line);
    alter(out, line, JSON.stringify({ ...blank, head }).padEnd(line.length));
    expect(await code(restore())).toBe("log-corrupt");
  });

  test("rejects damaged or missing contents unless accepted", async () => {
    await say("hi");
    await send(new Uint8Array(100).fill(5));
    await backup();
    const content = join(out, "files", FILE, "content");
    writeFileSync(content, new Uint8Array(100).fill(6));
    expect(await code(restore())).toBe("checksum-wrong");
    expect(readdirSync(folder).sort()).toEqual(["data", "out"]);
    writeFileSync(content, new Uint8Array(100).fill(5));
    writeFileSync(join(out, "files", FILE, "about.json"), "{}\n");
    expect(await code(restore())).toBe("checksum-wrong");
    const lost = { missingFiles: 0, damagedFiles: 1 };
    expect(await restore({ acceptsLoss: true })).toMatchObject(lost);
    rmSync(join(out, "files", FILE), { recursive: true });
    const again = { data: join(folder, "again") };
    expect(await code(restore(again))).toBe("checksum-wrong");
    expect(await restore({ ...again, acceptsLoss: true })).toMatchObject({ missingFiles: 1 });
    rmSync(join(data, "files"), { recursive: true });
    rmSync(out, { recursive: true });
    const skipped: SkippedEntry[] = [];
    await backup({ onSkipped: (entry) => skipped.push(entry) });
    const reason = `the content of ${FILE} is missing`;
    expect(skipped).toEqual([{ path: `files/${FILE}`, reason }]);
    expect(await restore({ data: join(folder, "third") })).toMatchObject({ missingFiles: 1 });
  });

  test.each([
    "backup.json",
    "format.json",
    "identity.key",
    "settings.json",
    "history/checkpoint",
    "history/000000000001.jsonl",
    "accounts/000000000001.jsonl",
    `files/${FILE}/about.json`,
  ])("rejects %s that is a link, a pipe, a device or a folder", async (name) => {
    await say(...MANY);
    writeFileSync(join(data, "settings.json"), "{}");
    await send(new Uint8Array(100));
    await backup();
    const path = join(out, name);
    const aside = join(folder, "aside");
    renameSync(path, aside);
    for (const make of [
      () => symlinkSync(aside, path),
      () => symlinkSync("/dev/zero", path),
      () => Bun.spawnSync(["mkfifo", path]),
      () => mkdirSync(path),
    ]) {
      make();
      expect(["data-foreign", "log-corrupt"]).toContain(await code(restore()));
      expect(existsSync(join(folder, "new"))).toBe(false);
      rmSync(path, { recursive: true });
    }
  });

  test("does not copy bytes after the records of a segment", async () => {
    await say("hi");
    await backup();
    truncateSync(join(out, "history", "000000000001.jsonl"), 2 ** 36);
    let most = 0;
    const onProgress = (bytes: number) => {
      most = bytes;
      if (bytes > 1 << 20) throw new Fault("store-full", "too much");
    };
    expect(await restore({ onProgress })).toMatchObject({ size: 1 });
    expect(most).toBeLessThan(10_000);
  });

  test("leaves a staging folder that the next run replaces", async () => {
    await say(...MANY);
    await backup();
    const finish = () => Promise.reject(new Fault("store-full", "no space"));
    expect(await code(restore({ finish }))).toBe("store-full");
    expect(existsSync(join(folder, "new"))).toBe(false);
    const part = join(folder, "new.restoring");
    mkdirSync(part);
    writeFileSync(join(part, "letters.txt"), "mine");
    expect(await code(restore())).toBe("data-foreign");
    expect(readdirSync(part)).toEqual(["letters.txt"]);
    writeFileSync(join(part, "restore-begun"), "");
    expect(await restore()).toMatchObject({ size: 40 });
  });
});
