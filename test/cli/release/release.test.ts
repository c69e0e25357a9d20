import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { concatBytes, utf8Encode } from "../../../src/base/bytes.ts";
import {
  checkReleaseFile,
  parseRelease,
  readRelease,
  releaseKey,
  SIGNATURE_NAME,
  SUMS_NAME,
} from "../../../src/cli/release/release.ts";
import { Identity } from "../../../src/crypto/identity.ts";
import { parseReleaseKey } from "../../../src/crypto/minisign.ts";
import { faultCode } from "../../fault-code.ts";
import { rejection } from "../../rejection.ts";
import { tempFolder } from "../../temp-folder.ts";

const signer = Identity.generate();
const ID = new Uint8Array(8).fill(7);
const encode = (...parts: Uint8Array[]) => concatBytes(...parts).toBase64();
const PUBLIC_KEY = encode(utf8Encode("Ed"), ID, signer.publicKey);
const KEY = parseReleaseKey(PUBLIC_KEY);

/** Signs as minisign does. */
function sign(text: string, comment: string): string {
  const own = signer.sign(createHash("blake2b512").update(text).digest());
  const covering = signer.sign(concatBytes(own, utf8Encode(comment)));
  const lines = [encode(utf8Encode("ED"), ID, own), `trusted comment: ${comment}`];
  return ["untrusted comment: x", ...lines, encode(covering), ""].join("\n");
}

const sumOf = (content: string) => createHash("sha256").update(content).digest("hex");

function release(files: Readonly<Record<string, string>>, comment = "chat 0.2.0"): string {
  const folder = tempFolder();
  const sums = Object.entries(files).map(([name, content]) => `${sumOf(content)}  ${name}\n`);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  writeFileSync(join(folder, SUMS_NAME), sums.join(""));
  writeFileSync(join(folder, SIGNATURE_NAME), sign(sums.join(""), comment));
  return folder;
}

test("verifies the files of a release", async () => {
  const folder = release({ "chat-0.2.0-linux-x64.tar.gz": "abc", "chat_0.2.0_amd64.deb": "" });
  const read = readRelease(KEY, folder);
  expect(read.version).toBe("0.2.0");
  for (const name of read.files.keys()) {
    expect(await checkReleaseFile(read, join(folder, name))).toBe(true);
  }
});

test("refuses a truncated file, a link, and a file that is not listed", async () => {
  const folder = release({ "a.zip": "abc", "b.zip": "def", "c.zip": "" });
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
  expect(faultCode(() => parseRelease(KEY, sums, sign(sums, comment)))).toBe("release-untrusted");
});

test("names what is missing", () => {
  expect(faultCode(() => readRelease(KEY, tempFolder()))).toBe("not-found");
  expect(faultCode(() => releaseKey(undefined))).toBe("usage");
  expect(faultCode(() => releaseKey("/nowhere/key.pub"))).toBe("not-found");
});
