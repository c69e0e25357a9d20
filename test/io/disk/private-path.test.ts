import { expect, test } from "bun:test";
import { chmodSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { homeKeyWarning, serverKeyWarning } from "../../../src/cli/exposure.ts";
import { exposureOf, isBelow, makePrivateFolder } from "../../../src/io/disk/private-path.ts";
import { tempFolder } from "../../temp-folder.ts";

test.each([
  ["C:\\Konten\\ana\\AppData\\Local\\chat", "C:\\Konten\\ana", true],
  ["c:\\konten\\ANA", "C:\\Konten\\ana", true],
  ["C:\\Konten\\ana\\..data", "C:\\Konten\\ana", true],
  ["C:\\Konten\\anabel\\chat", "C:\\Konten\\ana", false],
  ["C:\\Konten", "C:\\Konten\\ana", false],
  ["D:\\Konten\\ana\\chat", "C:\\Konten\\ana", false],
  ["\\\\server\\share\\chat", "C:\\Konten\\ana", false],
  ["\\\\server\\home\\ana\\chat", "\\\\server\\home\\ana", true],
  ["C:\\chat", "C:\\", false],
  ["D:\\chat", "", false],
])("%s below the profile %s: %p", (path, profile, isInside) => {
  expect(isBelow(path, profile)).toBe(isInside);
});

test.skipIf(process.platform === "win32")("each new folder is private", () => {
  const path = join(tempFolder(), "a", "b");
  makePrivateFolder(path);
  makePrivateFolder(path);
  expect([path, dirname(path)].map((folder) => statSync(folder).mode & 0o777)).toEqual([
    0o700, 0o700,
  ]);
  expect(exposureOf(path)).toBeUndefined();
});

test.skipIf(process.platform === "win32")("warns about keys that others can read", () => {
  const folder = tempFolder();
  expect([serverKeyWarning(folder), homeKeyWarning(folder)]).toEqual([undefined, undefined]);
  for (const name of ["operator", "identity.key", "device.key"]) {
    writeFileSync(join(folder, name), "", { mode: 0o600 });
  }
  expect([serverKeyWarning(folder), homeKeyWarning(folder)]).toEqual([undefined, undefined]);
  const key = join(folder, "identity.key");
  chmodSync(key, 0o640);
  const message = `${key} is readable by others (mode 640)`;
  expect(serverKeyWarning(folder)).toEqual({ message, remedy: `chmod 600 ${key}` });
  expect(homeKeyWarning(folder)).toBeUndefined();
});
