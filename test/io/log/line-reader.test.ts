import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { utf8Encode } from "../../../src/base/bytes.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { LineReader } from "../../../src/io/log/line-reader.ts";
import { bodyMatches, leafHash, parseLine, sealDraft } from "../../../src/wire/record.ts";
import { encodeLine } from "../../encode-line.ts";
import { SWEEP_STEP } from "../../samples.ts";
import { draftOf, lineAt } from "../log-fixture.ts";

const FIRST = lineAt(1, 1).slice(0, -1);
const ERASED = FIRST.replace(/"salt".*$/, (remaining) => `"erased":9}`.padEnd(remaining.length));

function compare(line: Uint8Array): void {
  const before = Buffer.from(`${lineAt(7, 7)}`);
  const block = Buffer.concat([before, line, Buffer.from(`\n${lineAt(8, 8)}`)]);
  const untouched = Buffer.from(block);
  const reader = new LineReader(sha256);
  const isSound = reader.readVerified(block, before.length);
  const isRead = reader.read(block, before.length);
  const parsed = parseLine(line);
  expect(isRead).toBe(parsed.kind === "record");
  expect(isSound).toBe(parsed.kind === "record" && bodyMatches(parsed.record, sha256));
  if (parsed.kind !== "record") return;
  const { head, headBytes, bodyBytes, erased } = parsed.record;
  const { commit: _, ...rest } = head;
  expect(reader.end).toBe(before.length + line.length);
  expect(reader.durable).toBe(parsed.durable);
  expect(reader.leaf()).toEqual(leafHash(headBytes, sha256));
  expect<unknown>(reader.record(false)).toEqual({
    head: rest,
    ...(erased === undefined ? {} : { erased }),
  });
  const record = reader.record(true);
  expect<unknown>(record).toEqual({
    head: rest,
    ...(bodyBytes === undefined ? {} : { bodyBytes }),
    ...(erased === undefined ? {} : { erased }),
  });
  expect(block.equals(untouched)).toBe(true);
  block.fill(0);
  if (bodyBytes !== undefined) expect(record.bodyBytes).toEqual(bodyBytes);
}

describe("reads a line like `parseLine`", () => {
  test("as written, and erased", () => {
    compare(utf8Encode(FIRST));
    compare(utf8Encode(ERASED));
    compare(utf8Encode(ERASED.replace('"erased":9', '"erased":1')));
    compare(utf8Encode(FIRST.replace(/"body":.*$/, '"body":}')));
  });

  test("with bytes changed, removed or inserted", () => {
    const change = fc.record({
      at: fc.nat(FIRST.length),
      take: fc.nat(2),
      put: fc.uint8Array({ maxLength: 2 }).filter((bytes) => !bytes.includes(0x0a)),
    });
    fc.assert(
      fc.property(fc.constantFrom(FIRST, ERASED), change, (text, { at, take, put }) => {
        const line = utf8Encode(text);
        compare(Uint8Array.of(...line.subarray(0, at), ...put, ...line.subarray(at + take)));
      }),
      { numRuns: Math.ceil(6_000 / SWEEP_STEP) },
    );
  });
});

test("requires a newline", () => {
  expect(new LineReader(sha256).read(Buffer.from(FIRST), 0)).toBe(false);
  expect(new LineReader(sha256).readVerified(Buffer.from(FIRST), 0)).toBe(false);
});

test("detects any flipped bit", () => {
  for (const text of [FIRST, ERASED]) {
    const line = Buffer.from(`${text}\n`);
    const reader = new LineReader(sha256);
    expect(reader.readVerified(line, 0)).toBe(true);
    const leaf = reader.leaf().toHex();
    const { durable, erased } = reader;
    for (let bit = 0; bit < 8 * line.length; bit += SWEEP_STEP) {
      const flipped = Buffer.from(line);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (!flipped.subarray(0, -1).includes(0x0a)) compare(flipped.subarray(0, -1));
      if (!reader.readVerified(flipped, 0)) continue;
      const isUnhashed = reader.durable !== durable || reader.erased !== erased;
      expect(reader.leaf().toHex() !== leaf || isUnhashed).toBe(true);
    }
  }
});

test("hashes bodies of any length", () => {
  for (const size of [1, 960, 1_000, 1_024, 5_000, 70_000]) {
    const sealed = sealDraft(draftOf("x".repeat(size)), new Uint8Array(16), sha256);
    const line = Buffer.from(`${encodeLine(sealed, { seq: 1, n: 1, time: 1 }, 0).text}`);
    const reader = new LineReader(sha256);
    expect(reader.readVerified(line, 0)).toBe(true);
    line[line.length - 10] = 0x79;
    expect(reader.readVerified(line, 0)).toBe(false);
  }
});

test("distinguishes names of any length", () => {
  const reader = new LineReader(sha256);
  const rooms = ["a", "aa", "aaa", "aaaa", "aaaaa", "a".repeat(63), "a".repeat(64), "aaba", "aaab"];
  for (const room of [...rooms, ...rooms]) {
    const line = Buffer.from(`${FIRST.replace(/"room":"[^"]+"/, `"room":"${room}"`)}\n`);
    expect(reader.read(line, 0)).toBe(true);
    expect(reader.room).toBe(room);
  }
});

test("interns rooms and authors", () => {
  const reader = new LineReader(sha256);
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 1_000; i++) {
      const line = Buffer.from(`${FIRST.replace(/"room":"[^"]+"/, `"room":"r${i}"`)}\n`);
      expect(reader.read(line, 0)).toBe(true);
      expect(reader.room).toBe(`r${i}`);
    }
  }
});
