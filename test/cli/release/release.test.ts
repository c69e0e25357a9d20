import { expect, test } from "bun:test";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  builtInKey,
  checkReleaseFile,
  parseRelease,
  readRelease,
  releaseKey,
} from "../../../src/cli/release/release.ts";
import { parseReleaseKey } from "../../../src/crypto/minisign.ts";
import { faultCode } from "../../fault-code.ts";
import { rejection } from "../../rejection.ts";
import { ReleaseSigner, sumOf } from "../../signed-release.ts";
import { tempFolder } from "../../temp-folder.ts";

const signer = new ReleaseSigner();
const KEY = parseReleaseKey(signer.publicKey);

test("verifies the files of a release", async () => {
  const folder = signer.release({
    "chat-0.2.0-linux-x64.tar.gz": "abc",
    "chat_0.2.0_amd64.deb": "",
  });
  const read = readRelease(KEY, folder);
  expect(read.version).toBe("0.2.0");
  for (const name of read.files.keys()) {
    expect(await checkReleaseFile(read, join(folder, name))).toBe(true);
  }
});

test("refuses a truncated file, a link, and a file that is not listed", async () => {
  const folder = signer.release({ "a.zip": "abc", "b.zip": "def", "c.zip": "" });
  const read = readRelease(KEY, folder);
  const check = async (name: string) => await rejection(checkReleaseFile(read, join(folder, name)));
  writeFileSync(join(folder, "a.zip"), "ab");
  expect(await check("a.zip")).toMatchObject({ code: "release-untrusted" });
  writeFileSync(join(folder, "d.zip"), "abc");
  expect(await check("d.zip")).toMatchObject({ code: "release-untrusted" });
  const other = tempFolder();
  writeFileSync(join(other, "b.zip"), "def");
  symlinkSync(join(other, "b.zip"), join(folder, "link"));
  const linked = { ...read, files: new Map([["link", sumOf("def")]]) };
  expect(await rejection(checkReleaseFile(linked, join(folder, "link")))).toMatchObject({
    code: "data-foreign",
  });
  expect(await checkReleaseFile(read, join(other, "c.zip"))).toBe(false);
});

test.each([
  ["", "chat 0.2.0"],
  ["abc  a.zip\n", "chat 0.2.0"],
  [`${sumOf("")}  ../a.zip\n`, "chat 0.2.0"],
  [`${sumOf("")}  a.zip\n${sumOf("")}  a.zip\n`, "chat 0.2.0"],
  [`${sumOf("")}  a.zip\n`, "ghat 0.2.0"],
  [`${sumOf("")}  a.zip\n`, "chat 0.2"],
])("refuses the signed list %j with the comment %j", (sums, comment) => {
  expect(faultCode(() => parseRelease(KEY, sums, signer.sign(sums, comment)))).toBe(
    "release-untrusted",
  );
});

test("names what is missing", async () => {
  expect(faultCode(() => readRelease(KEY, tempFolder()))).toBe("not-found");
  expect(faultCode(builtInKey)).toBe("usage");
  expect(await rejection(releaseKey("/nowhere/key.pub"))).toMatchObject({ code: "not-found" });
});
