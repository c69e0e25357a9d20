import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { concatBytes, utf8Encode } from "../../src/base/bytes.ts";
import { Fault } from "../../src/base/fault.ts";
import { ENTRIES_MAX, NESTING_MAX } from "../../src/base/limits.ts";
import { checkShape } from "../../src/wire/codec.ts";
import { ANY_CHARACTER } from "../any-character.ts";
import { sampleSize } from "../samples.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));

function refused(bytes: Uint8Array): string {
  try {
    checkShape(bytes);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    expect(error.code).toBe("frame-malformed");
    expect(error.blame).toBe("peer");
    return error.message;
  }
  throw new Error(`${bytes.toHex()} was let through`);
}

function nested(depth: number): Uint8Array {
  return concatBytes(new Uint8Array(depth - 1).fill(0x91), Uint8Array.of(0x90));
}

describe("all forms in the protocol", () => {
  test.each([
    ["nil", "c0"],
    ["false and true", "92 c2 c3"],
    ["small integers", "94 00 7f e0 ff"],
    ["uint 8 to 64", "94 cc80 cdffff ceffffffff cf001fffffffffffff"],
    ["int 8 to 64", "94 d080 d18000 d280000000 d3ffe0000000000001"],
    ["floats", "92 ca3fc00000 cb3ff8000000000000"],
    ["bin 8 to 32", "93 c401aa c50001aa c600000001aa"],
    ["texts", "94 a161 d90161 da000161 db0000000161"],
    ["arrays", "92 dc000100 dd0000000100"],
    ["maps", "93 81a16100 de0001a16100 df00000001a16100"],
    ["a key in its longer forms", "83 d9016100 da00016200 db0000000163 00"],
  ])("accepts %s", (_name, text) => {
    expect(() => checkShape(hex(text))).not.toThrow();
    for (let size = 0; size < hex(text).length; size++) {
      expect(refused(hex(text).subarray(0, size))).toContain("too early");
    }
    expect(refused(concatBytes(hex(text), Uint8Array.of(0)))).toContain("follow");
  });

  test("accepts bytes in the middle of a larger buffer", () => {
    const whole = hex("ff ff 81 a1 61 cd 01 00 ff");
    expect(() => checkShape(whole.subarray(2, 8))).not.toThrow();
    expect(refused(whole.subarray(2, 7))).toContain("too early");
  });
});

describe("rejected forms", () => {
  test.each([
    ["the unused lead byte", "c1"],
    ["fixext 1", "d400ff"],
    ["fixext 16", `d800${"00".repeat(16)}`],
    ["a timestamp", "d6ff00000000"],
    ["ext 8", "c70100ff"],
    ["ext 16", "c8000100ff"],
    ["ext 32", "c90000000100ff"],
    ["an extension inside", "81a161c70100ff"],
  ])("%s", (_name, text) => {
    expect(refused(hex(text))).toContain("does not use");
  });

  test.each([
    ["an integer", "8101c0"],
    ["nil", "81c0c0"],
    ["bytes", "81c40161c0"],
    ["a map", "8180c0"],
    ["a float", "81ca00000000c0"],
  ])("rejects %s as a key", (_name, text) => {
    expect(refused(hex(text))).toContain("key");
  });

  test.each([
    ["a lone continuation", "a180"],
    ["a cut character", "a2e282"],
    ["a surrogate", "a3eda080"],
    ["an overlong slash", "a2c0af"],
    ["above U+10FFFF", "a4f4908080"],
    ["in a key", "81a180c0"],
    ["behind much ASCII", `b0${"61".repeat(15)}ff`],
  ])("rejects UTF-8: %s", (_name, text) => {
    expect(refused(hex(text))).toContain("UTF-8");
  });

  test("limits integers to 2^53", () => {
    expect(() => checkShape(hex("cf 001fffffffffffff"))).not.toThrow();
    expect(refused(hex("cf 0020000000000000"))).toContain("2^53");
    expect(() => checkShape(hex("d3 ffe0000000000001"))).not.toThrow();
    expect(refused(hex("d3 ffe0000000000000"))).toContain("2^53");
    expect(refused(hex("cf ffffffffffffffff"))).toContain("2^53");
  });

  test("limits nesting", () => {
    expect(() => checkShape(nested(NESTING_MAX))).not.toThrow();
    expect(refused(nested(NESTING_MAX + 1))).toContain("deeply");
    expect(refused(new Uint8Array(1_000_000).fill(0x91))).toContain("deeply");
    expect(refused(hex("81a161".repeat(NESTING_MAX + 1)))).toContain("deeply");
  });

  test("limits entries", () => {
    const head = (lead: number, count: number) => Uint8Array.of(lead, count >> 8, count & 0xff);
    const full = concatBytes(head(0xdc, ENTRIES_MAX), new Uint8Array(ENTRIES_MAX));
    expect(() => checkShape(full)).not.toThrow();
    const over = concatBytes(head(0xdc, ENTRIES_MAX + 1), new Uint8Array(ENTRIES_MAX + 1));
    expect(refused(over)).toContain("entries");
    expect(refused(hex("ddffffffff"))).toContain("entries");
    expect(refused(hex("dfffffffff"))).toContain("entries");
    const pairs = concatBytes(...Array.from({ length: ENTRIES_MAX }, () => hex("a16100")));
    expect(() => checkShape(concatBytes(head(0xde, ENTRIES_MAX), pairs))).not.toThrow();
  });

  test("rejects sizes beyond the input without allocating", () => {
    for (const text of ["c6ffffffff", "dbffffffff", "c5ffff", "d9ff", "daffff"]) {
      expect(refused(hex(text))).toContain("too early");
    }
  });
});

describe("properties", () => {
  test("accepts any bytes or throws the peer's fault", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          checkShape(bytes);
        } catch (error) {
          return error instanceof Fault && error.blame === "peer";
        }
        return true;
      }),
      { numRuns: sampleSize(400, 2_000) },
    );
  });

  test("accepts any valid UTF-8", () => {
    fc.assert(
      fc.property(fc.string({ unit: ANY_CHARACTER, maxLength: 50 }), (text) => {
        const bytes = utf8Encode(text.toWellFormed());
        checkShape(concatBytes(Uint8Array.of(0xd9, bytes.length), bytes));
      }),
    );
  });
});
