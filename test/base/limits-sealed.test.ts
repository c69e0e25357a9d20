import { expect, test } from "bun:test";
import * as limits from "../../src/base/limits.ts";
import * as sealed from "../../src/base/limits-sealed.ts";

test("no bound has two homes", () => {
  expect(Object.keys(sealed).filter((name) => name in limits)).toEqual([]);
});

test("the longest commit is one line of the log, and one message", () => {
  const base64 = (sizeBytes: number) => Math.ceil((sizeBytes * 4) / 3);
  const devices = 2 * sealed.GROUP_DEVICES_MAX * 80;
  const bytes = sealed.GROUP_COMMIT_BYTES_MAX + sealed.GROUP_WELCOME_BYTES_MAX;
  expect(base64(bytes) + devices).toBeLessThan(limits.LINE_BYTES_MAX - 4_096);
  expect(bytes + sealed.GROUP_INFO_BYTES_MAX + devices).toBeLessThan(limits.MESSAGE_BYTES_MAX);
});

test("the longest sealed message is one line of the log, and holds the longest text", () => {
  const base64 = Math.ceil((sealed.SEALED_BYTES_MAX * 4) / 3);
  expect(base64).toBeLessThan(limits.LINE_BYTES_MAX - 4_096);
  // Padded to the next power of two, beside its frame.
  expect(sealed.SEALED_BYTES_MAX).toBeGreaterThan(2 * limits.TEXT_BYTES_MAX + 4_096);
});

test("all key packages of a device are one message", () => {
  const bytes = sealed.KEY_PACKAGES_MAX * sealed.KEY_PACKAGE_BYTES_MAX;
  expect(bytes).toBeLessThan(limits.MESSAGE_BYTES_MAX);
  const taken = limits.DEVICES_PER_ACCOUNT_MAX * sealed.KEY_PACKAGE_BYTES_MAX;
  expect(taken).toBeLessThan(limits.MESSAGE_BYTES_MAX);
});

test("the longest body is a message, whatever its text is escaped to", () => {
  expect(sealed.SEALED_BODY_BYTES_MAX).toBeGreaterThan(6 * limits.TEXT_BYTES_MAX);
  expect(2 ** Math.ceil(Math.log2(sealed.SEALED_BODY_BYTES_MAX))).toBeLessThan(
    sealed.SEALED_BYTES_MAX,
  );
});

test("the largest file has fewer chunks than the counter can tell apart", () => {
  const chunks = limits.FILE_BYTES_MAX / limits.CHUNK_BYTES;
  expect(chunks).toBeLessThan(sealed.SEALED_FILE_CHUNKS_MAX);
});
