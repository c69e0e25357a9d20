import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../src/base/fault.ts";
import { MESSAGE_BYTES_MAX } from "../../src/base/limits.ts";
import { decode, encode, type Outgoing } from "../../src/wire/codec.ts";
import { NOTICES, REQUESTS, type RequestKind, type RequestOf } from "../../src/wire/messages.ts";
import { checkAnswer } from "../../src/wire/messages-incoming.ts";
import { RECORDS_GOLDEN } from "../golden.ts";
import { sampleSize } from "../samples.ts";
import { recordHex, VECTORS } from "./vector.ts";

describe("golden vectors", () => {
  test.each(VECTORS.map((vector) => [vector.name, vector] as const))(
    "encodes and decodes %s",
    (name, { hex, meaning, answers }) => {
      const bytes = encode(meaning as unknown as Outgoing);
      if (RECORDS_GOLDEN) recordHex(name, bytes.toHex());
      const incoming = decode(Uint8Array.fromHex(hex));
      if (incoming.kind !== "message") throw new Error(`it was ${incoming.kind}`);
      expect(incoming.message).toEqual(meaning as never);
      expect(bytes.toHex()).toBe(hex);
      if (answers === undefined) return;
      const { kind, ref, ...answer } = meaning;
      expect([kind, typeof ref]).toEqual(["ok", "number"]);
      expect(checkAnswer(answers as RequestKind, incoming.message)).toEqual(answer as never);
    },
  );

  test("exist for each kind and each answer", () => {
    const kinds = new Set(VECTORS.map(({ meaning }) => meaning["kind"]));
    const all = new Set([...Object.keys(REQUESTS), ...Object.keys(NOTICES)]);
    expect([...kinds].sort()).toEqual([...all].sort());
    for (const kind of Object.keys(NOTICES).filter((kind) => Object.hasOwn(REQUESTS, kind))) {
      const both = VECTORS.filter(({ meaning }) => meaning["kind"] === kind);
      expect(new Set(both.map(({ meaning }) => "ref" in meaning)).size).toBe(2);
    }
    const answered = new Set(VECTORS.map(({ answers }) => answers).filter(Boolean));
    expect([...answered].sort() as string[]).toEqual(Object.keys(REQUESTS).sort());
  });
});

function post(textBytes: number): RequestOf<"post"> {
  const body = { text: "x".repeat(textBytes) };
  return { kind: "post", ref: 1, outbox: "abcdefghijk", counter: 1, to: "lobby", body };
}

describe("message sizes", () => {
  test("accepts the maximum size given by the session", () => {
    const bytes = encode(post(10_000));
    expect(decode(bytes, bytes.length).kind).toBe("message");
    const tooLarge = () => decode(bytes, bytes.length - 1);
    expect(tooLarge).toThrow(Fault);
    expect(tooLarge).toThrow("exceeds the limit");
  });

  test("accepts the maximum message size if none is given", () => {
    const over = new Uint8Array(MESSAGE_BYTES_MAX + 1);
    expect(() => decode(over)).toThrow("exceeds the limit");
    expect(() => decode(over.subarray(1))).toThrow("malformed");
  });

  test("asserts that sent messages do not exceed the maximum", () => {
    expect(() => encode(post(MESSAGE_BYTES_MAX))).toThrow("too large to send");
  });

  test("copies even small encoded messages", () => {
    const first = encode({ kind: "ping" });
    const copy = first.slice();
    for (let i = 0; i < 100; i++) encode(post(i));
    expect(first).toEqual(copy);
    expect(first.buffer.byteLength).toBe(first.length);
  });
});

describe("compatibility with other languages", () => {
  test("omits undefined fields at any depth", () => {
    const bare = { kind: "post", ref: 1, outbox: "o", counter: 1, to: "lobby", body: { text: "" } };
    const body = { text: "", re: undefined };
    expect(encode({ ...bare, body } as Outgoing)).toEqual(encode(bare as Outgoing));
  });

  test("encodes small integers as integers after any earlier message", () => {
    // With shared structures, msgpackr would use 0x40 to 0x7f for the shapes of objects.
    for (let i = 0; i < 200; i++) encode(post(i));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (ref) => {
        const message = { kind: "leave", ref, room: "lobby" } as const;
        expect(decode(encode(message))).toEqual({ kind: "message", message });
      }),
    );
  });

  test("accepts an integer encoded as a float, but no fraction", () => {
    const bytes = (float: string) => Uint8Array.fromHex(`82a46b696e64a377686fa3726566cb${float}`);
    const message = { kind: "who", ref: 1 } as const;
    expect(decode(bytes("3ff0000000000000"))).toEqual({ kind: "message", message });
    expect(() => decode(bytes("3ff8000000000000"))).toThrow("ref");
  });

  test("decodes 64-bit integers below 2^53 as numbers", () => {
    const seq = (wide: string) =>
      decode(Uint8Array.fromHex(`82a46b696e64a9636175676874${"2d7570"}a3736571${wide}`));
    const message = { kind: "caught-up", seq: Number.MAX_SAFE_INTEGER } as const;
    expect(seq("cf001fffffffffffff")).toEqual({ kind: "message", message });
    expect(seq("d3001fffffffffffff")).toEqual({ kind: "message", message });
    expect(seq("cb433fffffffffffff")).toEqual({ kind: "message", message });
  });
});

test("decodes any bytes or throws the peer's fault", () => {
  const honest = encode(post(40));
  const damaged = fc
    .tuple(fc.nat(honest.length - 1), fc.integer({ min: 1, max: 255 }))
    .map(([at, flip]) => honest.map((byte, i) => (i === at ? byte ^ flip : byte)));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), damaged), (bytes) => {
      try {
        decode(bytes);
      } catch (error) {
        return error instanceof Fault && (error.blame === "peer" || error.code === "too-large");
      }
      return true;
    }),
    { numRuns: sampleSize(600, 3_000) },
  );
});
