import { expect, test } from "bun:test";
import fc from "fast-check";
import { PROGRAM_TARGETS, programFile } from "../../../src/cli/serve/offer.ts";
import {
  browserSystem,
  checksumCommand,
  offeredPrograms,
  offeredRelease,
} from "../../../src/web/input/programs.ts";

const SUM = "0a".repeat(32);
const told = (name: unknown, size: unknown = 5, sha256: unknown = SUM) => ({
  programs: [{ name, size, sha256 }],
});

test.each(PROGRAM_TARGETS)("the program for %s is known by its name", (target) => {
  const name = programFile(target);
  expect(offeredPrograms(told(name))).toEqual([
    { name, system: target, sizeBytes: 5, sha256: SUM },
  ]);
});

test("knows the archives of a release that every system can unpack", () => {
  const names = ["chat-0.2.0-linux-x64-musl.tar.gz", "chat-0.2.0-rc.1-windows-x64.zip"];
  const programs = [
    ...names,
    "chat-0.2.0-linux-x64.tar.zst",
    "chat_0.2.0_amd64.deb",
    "install.sh",
    "SHA256SUMS",
  ].map((name) => ({ name, size: 5, sha256: SUM }));
  expect(offeredPrograms({ programs }).map(({ name, system }) => [name, system])).toEqual([
    ["chat-0.2.0-linux-x64-musl.tar.gz", "linux-x64-musl"],
    ["chat-0.2.0-rc.1-windows-x64.zip", "windows-x64"],
  ]);
});

test("accepts a release only with a version and a pin that are safe in a command", () => {
  const pin = `sha256//${"A".repeat(43)}=`;
  expect(offeredRelease({ release: { version: "0.2.0", pin } })).toEqual({ version: "0.2.0", pin });
  expect(offeredRelease({ release: { version: "0.2.0" } })).toEqual({ version: "0.2.0" });
  for (const release of [
    { version: "0.2" },
    { version: "0.2.0", pin: "x" },
    { version: "0.2.0", pin: `${pin}' ; rm -rf ~ #` },
    { version: "0.2.0", pin: 7 },
    { pin },
    "0.2.0",
    null,
  ]) {
    expect(offeredRelease({ release })).toBeUndefined();
  }
  fc.assert(fc.property(fc.anything(), (release) => void offeredRelease({ release })));
});

test("skips invalid entries", () => {
  for (const name of ["x", "../chat-linux-x64", "chat-linux-x64/..", "chat-linux-x64\n", 7, null]) {
    expect(offeredPrograms(told(name))).toEqual([]);
  }
  expect(offeredPrograms(told("chat-linux-x64", "5"))).toEqual([]);
  expect(offeredPrograms(told("chat-linux-x64", 5, `${SUM}"; rm -rf`))).toEqual([]);
  expect(offeredPrograms(undefined)).toEqual([]);
  fc.assert(fc.property(fc.anything(), (value) => void offeredPrograms(value)));
  fc.assert(fc.property(fc.array(fc.anything()), (programs) => void offeredPrograms({ programs })));
});

test.each([
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0", "linux-x64"],
  ["Mozilla/5.0 (X11; Linux aarch64) Chrome/138.0 Safari/537.36", "linux-arm64"],
  ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/138.0", "windows-x64"],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15", "darwin-arm64"],
  ["Mozilla/5.0 (Linux; Android 10; K) Chrome/138.0 Mobile", undefined],
  ["", undefined],
])("for %p it is %p", (agent, system) => {
  expect(browserSystem(agent)).toBe(system);
});

test("gives a checksum command for each system", () => {
  const line = (name: string) => offeredPrograms(told(name)).map(checksumCommand)[0];
  expect(line("chat-darwin-arm64")).toBe(`echo "${SUM}  chat-darwin-arm64" | shasum -a 256 -c`);
  expect(line("chat-windows-x64.exe")).toBe(
    `(Get-FileHash chat-windows-x64.exe).Hash -eq "${SUM.toUpperCase()}"`,
  );
});
