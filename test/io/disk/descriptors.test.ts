import { expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DESCRIPTORS_RESERVED, DESCRIPTORS_SPARE } from "../../../src/base/limits.ts";
import {
  descriptorLimit,
  isShortOfDescriptors,
  SpareDescriptors,
} from "../../../src/io/disk/descriptors.ts";

function exhausted(): never {
  throw Object.assign(new Error("too many open files"), { code: "EMFILE" });
}

test("reads the soft limit, and nothing where the system does not say", () => {
  const folder = mkdtempSync(join(tmpdir(), "chat-limits-"));
  const path = join(folder, "limits");
  writeFileSync(path, "Max processes  95  95  processes\nMax open files   256    4096  files\n");
  expect(descriptorLimit(path)).toBe(256);
  writeFileSync(path, "Max open files   unlimited    unlimited  files\n");
  expect(descriptorLimit(path)).toBeUndefined();
  expect(descriptorLimit(join(folder, "none"))).toBeUndefined();
  rmSync(folder, { recursive: true });
});

test("is short when the reserve cannot be opened, and keeps none of it", () => {
  const open = (most: number) => {
    let count = 0;
    return () => (++count > most ? exhausted() : openSync("/dev/null", "r"));
  };
  const first = openSync("/dev/null", "r");
  expect(isShortOfDescriptors(open(DESCRIPTORS_RESERVED))).toBe(false);
  expect(isShortOfDescriptors(open(DESCRIPTORS_RESERVED - 1))).toBe(true);
  const second = openSync("/dev/null", "r");
  expect(second).toBe(first + 1);
  for (const descriptor of [first, second]) closeSync(descriptor);
});

test("gives up a spare descriptor for a file, as long as there are any", () => {
  const spare = new SpareDescriptors();
  const openOnSecondTry = () => {
    let tries = 0;
    return () => (++tries === 1 ? exhausted() : tries);
  };
  for (let i = 0; i < DESCRIPTORS_SPARE; i++) expect(spare.use(openOnSecondTry())).toBe(2);
  expect(() => spare.use(exhausted)).toThrow("too many open files");
  expect(spare.use(() => 1)).toBe(1); // There is room again: it takes its spares back.
  expect(spare.use(openOnSecondTry())).toBe(2);
  expect(() =>
    spare.use(() => {
      throw new Error("no such file");
    }),
  ).toThrow("no such file");
});
