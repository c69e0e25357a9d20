import { expect, test } from "bun:test";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { diskFault, errorCode } from "../../../src/io/disk/disk.ts";
import { removePath, renamePath } from "../../../src/io/disk/open-elsewhere.ts";
import {
  BRIEF_WAITS_MS,
  retryWhileOpen,
  retryWhileOpenLater,
} from "../../../src/io/disk/retry-while-open.ts";
import { tempFolder } from "../../temp-folder.ts";
import { unprivileged } from "../../unprivileged.ts";

/** Runs a task that fails a number of times. Returns its waits and the code of its last error. */
function attempt(code: string, failures: number, path: string, platform: NodeJS.Platform) {
  const waits: number[] = [];
  let attempts = 0;
  const task = () => {
    attempts += 1;
    if (attempts <= failures) throw Object.assign(new Error("refused"), { code });
  };
  const system = { platform, sleep: (ms: number) => void waits.push(ms) };
  let failure: unknown;
  try {
    retryWhileOpen(task, [path], undefined, system);
  } catch (error) {
    failure = error;
  }
  return { attempts, waitedMs: waits.reduce((sum, ms) => sum + ms, 0), failure };
}

const CODES = ["EBUSY", "EPERM", "EACCES", "EFAULT"];

test.each(CODES)("Windows tries again after %s, until the file is closed", (code) => {
  const { attempts, waitedMs, failure } = attempt(code, 3, "/nowhere", "win32");
  expect([attempts, waitedMs, failure]).toEqual([4, 70, undefined]);
});

test.each(CODES)("Windows names a file that stays open after a second of %s", (code) => {
  const path = join(tempFolder(), "operator");
  writeFileSync(path, "");
  const { attempts, waitedMs, failure } = attempt(code, 100, path, "win32");
  expect([attempts, waitedMs]).toEqual([9, 1_000]);
  expect(diskFault(failure, path).message).toBe(`${path} is in use by another program`);
});

test.skipIf(process.platform === "win32")("a file that cannot be written is denied", async () => {
  const path = join(tempFolder(), "operator");
  writeFileSync(path, "");
  chmodSync(path, 0o444);
  await unprivileged(() => {
    expect(errorCode(attempt("EFAULT", 100, path, "win32").failure)).toBe("EPERM");
  });
});

test("a server's own functions wait for milliseconds only", () => {
  const waits: number[] = [];
  const refused = Object.assign(new Error("refused"), { code: "EBUSY" });
  const task = () => {
    throw refused;
  };
  const system = { platform: "win32", sleep: (ms: number) => void waits.push(ms) } as const;
  expect(() => retryWhileOpen(task, ["/nowhere"], BRIEF_WAITS_MS, system)).toThrow("EBUSY");
  expect(waits).toEqual([5, 10]);
});

test.each([
  [3, [10, 20, 40], ""],
  [100, [10, 20, 40, 80, 150, 200, 250, 250], "EBUSY"],
])(
  "other tasks continue during the waits of an asynchronous one",
  async (failures, slept, code) => {
    const waits: number[] = [];
    let attempts = 0;
    const task = async () => {
      attempts += 1;
      if (attempts <= failures) throw Object.assign(new Error("refused"), { code: "EBUSY" });
    };
    const sleep = async (ms: number) => void waits.push(ms);
    const done = retryWhileOpenLater(task, ["/nowhere"], { platform: "win32", sleep });
    const failure = await done.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect([waits, errorCode(failure)]).toEqual([slept, code]);
  },
);

test("other systems and other errors are not tried again", () => {
  expect(attempt("EPERM", 1, "/nowhere", "linux").attempts).toBe(1);
  const { attempts, failure } = attempt("ENOSPC", 1, "/nowhere", "win32");
  expect([attempts, errorCode(failure)]).toEqual([1, "ENOSPC"]);
});

test("replaces and removes files", () => {
  const folder = tempFolder();
  const [from, to] = [join(folder, "a"), join(folder, "b")];
  for (const path of [from, to]) writeFileSync(path, path);
  renamePath(from, to);
  expect([existsSync(from), existsSync(to)]).toEqual([false, true]);
  removePath(to);
  removePath(to);
  expect(existsSync(to)).toBe(false);
});
