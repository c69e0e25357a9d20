import { afterEach, beforeEach, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockFile, lockFolder, readLockHolder } from "../../../src/io/disk/lock.ts";
import { faultCode, faultOf } from "../../fault-code.ts";

let folder = "";

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "chat-lock-"));
});

afterEach(() => {
  fs.rmSync(folder, { recursive: true });
});

const LOCK = join(import.meta.dir, "../../../src/io/disk/lock.ts");

test("allows one holder, even within a process, and names it", () => {
  const lock = lockFolder(folder, 1_763_617_717_003);
  const fault = faultOf(() => lockFolder(folder, 0));
  expect(fault?.code).toBe("data-locked");
  expect(fault?.message).toContain(`process ${process.pid} `);
  expect(fault?.message).toContain("2025-11-20T05:48:37.003Z");
  expect(faultCode(() => lockFolder(folder, 0))).toBe("data-locked");
  lock.release();
  lock.release();
  expect(readLockHolder(folder)).toBeUndefined();
  lockFolder(folder, 0).release();
});

test("excludes other processes, and survives their death", async () => {
  const script = `
    import { lockFolder } from ${JSON.stringify(LOCK)};
    const lock = lockFolder(process.argv[1] ?? "", 0);
    process.stdout.write("held");
    setInterval(() => lock, 60_000); // Whoever forgets it lets it go.
  `;
  const holder = Bun.spawn([process.execPath, "-e", script, folder], { stdout: "pipe" });
  const reader = holder.stdout.getReader();
  await reader.read();
  const fault = faultOf(() => lockFolder(folder, 0));
  expect(fault?.code).toBe("data-locked");
  expect(fault?.message).toContain(`process ${holder.pid} `);
  holder.kill("SIGKILL");
  await holder.exited;
  expect(readLockHolder(folder)?.pid).toBe(holder.pid);
  const lock = lockFolder(folder, 0);
  expect(readLockHolder(folder)?.pid).toBe(process.pid);
  lock.release();
});

test("does not open a lock file with content or side files", () => {
  const path = join(folder, "x.part.lock");
  for (const [name, words] of [
    ["x.part.lock", "SQLite format 3\0"],
    ["x.part.lock-journal", ""],
    ["x.part.lock-wal", "anything"],
  ] as const) {
    fs.writeFileSync(join(folder, name), words);
    expect(lockFile(path)).toBeUndefined();
    expect(fs.readdirSync(folder)).toEqual([name]);
    fs.rmSync(join(folder, name));
  }
  const lock = lockFile(path);
  expect(lock).toBeDefined();
  lock?.release();
});

test("reports whether its folder is still at its path", () => {
  const path = join(folder, "data");
  fs.mkdirSync(path);
  const lock = lockFolder(path, 0);
  expect(lock.isPresent()).toBe(true);
  fs.renameSync(path, join(folder, "moved"));
  expect(lock.isPresent()).toBe(false);
  fs.cpSync(join(folder, "moved"), path, { recursive: true, preserveTimestamps: true });
  expect(lock.isPresent()).toBe(false);
  fs.rmSync(path, { recursive: true });
  fs.renameSync(join(folder, "moved"), path);
  expect(lock.isPresent()).toBe(true);
  fs.rmSync(path, { recursive: true });
  expect(lock.isPresent()).toBe(false);
  lock.release();
  expect(fs.existsSync(path)).toBe(false);
});

test("is released even if the disk refuses to remove the details", () => {
  const details = join(folder, "LOCK.json");
  const lock = lockFolder(folder, 0);
  fs.rmSync(details);
  fs.mkdirSync(join(details, "folder"), { recursive: true });
  lock.release();
  fs.rmSync(details, { recursive: true });
  lockFolder(folder, 0).release();
});

test("does not remove the details of the lock of a folder that replaced its own", () => {
  const path = join(folder, "data");
  fs.mkdirSync(path);
  const lock = lockFolder(path, 0);
  fs.renameSync(path, join(folder, "moved"));
  fs.mkdirSync(path);
  const next = lockFolder(path, 5);
  lock.release();
  expect(readLockHolder(path)?.started).toBe("1970-01-01T00:00:00.005Z");
  next.release();
});
