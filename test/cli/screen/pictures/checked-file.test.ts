import { expect, test } from "bun:test";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "../../../../src/base/bytes.ts";
import { CHUNK_BYTES } from "../../../../src/base/limits.ts";
import { nativeHashing } from "../../../../src/cli/connect/keys.ts";
import { checkedFile } from "../../../../src/cli/screen/visible-pictures.ts";
import { sha256 } from "../../../../src/crypto/sha256.ts";
import { Digest } from "../../../../src/wire/chunks.ts";
import { tempFolder } from "../../../temp-folder.ts";

const hashing = nativeHashing();
const folder = tempFolder();

const BYTES = crypto.getRandomValues(new Uint8Array(60_000));
const LARGE = Buffer.concat(Array(10).fill(BYTES));

function bodyOf(bytes: Uint8Array) {
  const digest = new Digest(hashing.newHash());
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    digest.add(sha256(bytes.subarray(at, at + CHUNK_BYTES)));
  }
  return { size: bytes.length, digest: toHex(digest.value()) };
}

function writeFileAt(name: string, bytes: Uint8Array): string {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

test("reads a file that matches its message", async () => {
  for (const bytes of [BYTES, LARGE, LARGE.subarray(0, CHUNK_BYTES), LARGE.subarray(0, 1)]) {
    const read = await checkedFile(writeFileAt("a.png", bytes), bodyOf(bytes), hashing);
    expect(read).toEqual(new Uint8Array(bytes));
  }
});

test("rejects any other format", async () => {
  const path = writeFileAt("b.png", LARGE);
  const changed = LARGE.with(300_000, (LARGE[300_000] ?? 0) ^ 1);
  expect(await checkedFile(path, bodyOf(new Uint8Array(changed)), hashing)).toBeUndefined();
  const { digest } = bodyOf(LARGE);
  expect(await checkedFile(path, { size: LARGE.length - 1, digest }, hashing)).toBeUndefined();
  expect(await checkedFile(join(folder, "none"), bodyOf(LARGE), hashing)).toBeUndefined();
  expect(await checkedFile(folder, bodyOf(LARGE), hashing)).toBeUndefined();
});

test("does not block on a pipe or device at that path", async () => {
  const pipe = join(folder, "pipe.png");
  expect(Bun.spawnSync(["mkfifo", pipe]).success).toBe(true);
  expect(await checkedFile(pipe, bodyOf(LARGE), hashing)).toBeUndefined();
  const zero = join(folder, "zero.png");
  symlinkSync("/dev/zero", zero);
  expect(await checkedFile(zero, bodyOf(LARGE), hashing)).toBeUndefined();
});
