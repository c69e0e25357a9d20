import { expect, test } from "bun:test";
import { fstatSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DESCRIPTORS_RESERVED } from "../../../src/base/limits.ts";
import {
  areDescriptorsLow,
  descriptorLimit,
  SpareDescriptors,
} from "../../../src/io/disk/descriptors.ts";

function exhausted(): never {
  throw Object.assign(new Error("too many open files"), { code: "EMFILE" });
}

test("reads the soft limit, or nothing if it is unknown", () => {
  const folder = mkdtempSync(join(tmpdir(), "chat-limits-"));
  const path = join(folder, "limits");
  writeFileSync(path, "Max processes  95  95  processes\nMax open files   256    4096  files\n");
  expect(descriptorLimit(path)).toBe(256);
  writeFileSync(path, "Max open files   unlimited    unlimited  files\n");
  expect(descriptorLimit(path)).toBeUndefined();
  expect(descriptorLimit(join(folder, "none"))).toBeUndefined();
  rmSync(folder, { recursive: true });
});

test("reports when the reserve cannot be opened, and releases it", () => {
  const opened: number[] = [];
  const openAtMost = (count: number) => () => {
    if (opened.length === count) exhausted();
    opened.push(openSync("/dev/null", "r"));
    return opened.at(-1) as number;
  };
  for (const count of [DESCRIPTORS_RESERVED, DESCRIPTORS_RESERVED - 1]) {
    const isShort = count < DESCRIPTORS_RESERVED;
    expect(areDescriptorsLow(openAtMost(count))).toBe(isShort);
    expect(opened).toHaveLength(count);
    for (const descriptor of opened) expect(() => fstatSync(descriptor)).toThrow("EBADF");
    opened.length = 0;
  }
});

test("keeps its spare descriptors while none is free", () => {
  const folder = mkdtempSync(join(tmpdir(), "chat-exhausted-"));
  const program = join(import.meta.dir, "exhausted-program.ts");
  const { exitCode, stderr } = Bun.spawnSync(
    ["sh", "-c", 'ulimit -n 128; exec "$0" "$@"', process.execPath, program, folder],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  rmSync(folder, { recursive: true });
  expect([exitCode, stderr.toString()]).toEqual([0, ""]);
});

test("releases a spare descriptor for a file, and fails when that is not enough", () => {
  const spare = new SpareDescriptors();
  const openOnSecondTry = () => {
    let tries = 0;
    return () => (++tries === 1 ? exhausted() : tries);
  };
  expect(spare.use(openOnSecondTry())).toBe(2);
  expect(() => spare.use(exhausted)).toThrow("too many open files");
  const missing = () => {
    throw new Error("no such file");
  };
  expect(() => spare.use(missing)).toThrow("no such file");
});
