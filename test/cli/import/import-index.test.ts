import { expect, test } from "bun:test";
import { DIGEST_BYTES, ImportIndex } from "../../../src/cli/import/import-index.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";

const hashed = (number: number) =>
  Buffer.from(sha256(Buffer.from(`${number}`))).toString("base64url", 0, DIGEST_BYTES);

/** Digests of small numbers share their first word, the hash in the table. */
const digest = (number: number) => {
  const bytes = Buffer.alloc(DIGEST_BYTES);
  bytes.writeUInt32BE(number, DIGEST_BYTES - 4);
  return bytes.toString("base64url");
};

test("takes each message once, the oldest of a digest first", () => {
  const index = new ImportIndex();
  for (let seq = 1; seq <= 6; seq++) index.add(seq, [digest(seq % 2)]);
  const taken = [1, 1, 0, 1, 1, 0, 0, 0, 2].map((number) => index.take(digest(number)));
  expect(taken).toEqual([1, 3, 2, 5, undefined, 4, 6, undefined, undefined]);
});

test("takes a message by either of its digests, but not by both", () => {
  const index = new ImportIndex();
  index.add(1, [digest(1), digest(2)]);
  index.add(2, [digest(2), digest(3)]);
  expect(index.take(digest(1))).toBe(1);
  expect(index.take(digest(2))).toBe(2);
  expect(index.take(digest(3))).toBeUndefined();
  index.add(3, [digest(3)]);
  expect(index.take(digest(3))).toBe(3);
});

test("agrees with a map of lists as it grows", () => {
  const index = new ImportIndex();
  const lists = new Map<number, number[]>();
  for (let seq = 1; seq <= 5_000; seq++) {
    const number = (seq * 7_919) % 3_000;
    index.add(seq, [hashed(number)]);
    lists.set(number, [...(lists.get(number) ?? []), seq]);
  }
  for (let number = 0; number < 3_000; number++) {
    const expected = [...(lists.get(number) ?? []), undefined];
    expect(expected.map(() => index.take(hashed(number)))).toEqual(expected);
  }
});
