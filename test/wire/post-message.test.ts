import { expect, test } from "bun:test";
import fc from "fast-check";
import * as v from "valibot";
import { TEXT_BYTES_MAX } from "../../src/base/limits.ts";
import { UNIX_MS_MAX } from "../../src/base/time.ts";
import { encode, packValue, unpackValue } from "../../src/wire/codec.ts";
import { REQUESTS, type RequestOf } from "../../src/wire/messages.ts";
import { checkMessage } from "../../src/wire/messages-incoming.ts";
import { PostCodec } from "../../src/wire/post-message.ts";
import { ANY_CHARACTER } from "../any-character.ts";
import { sampleSize } from "../samples.ts";
import { anyOf } from "./any-message.ts";

const EDGES = [1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1];

function post(given: Partial<RequestOf<"post">> = {}): RequestOf<"post"> {
  const body = { text: "hello" };
  return { kind: "post", ref: 1, outbox: "AAAAAAAAAAA", counter: 1, to: "lobby", body, ...given };
}

function generally(bytes: Uint8Array): unknown {
  return checkMessage(unpackValue(bytes));
}

function read(bytes: Uint8Array, codec: PostCodec = new PostCodec()) {
  return codec.read(bytes);
}

const lately = new PostCodec();
const anyCount = fc.oneof(
  fc.constantFrom(...EDGES, 2 ** 32, UNIX_MS_MAX),
  fc.integer({ min: 1, max: UNIX_MS_MAX }),
);

function agrees(bytes: Uint8Array): void {
  for (const message of [read(bytes), read(bytes, lately)]) {
    if (message !== undefined) expect(generally(bytes)).toEqual({ kind: "message", message });
  }
}

const TEXTS = ["", "a", "x".repeat(31), "x".repeat(32), "x".repeat(255), "x".repeat(256)];
const FOREIGN = ["\ufefföö", "漢字".repeat(40), "👨‍👩‍👧‍👦", '"\\\n\u0000\u2028', "\ufeff"];

test.each([...TEXTS, ...FOREIGN, "x".repeat(TEXT_BYTES_MAX - 1)])(
  "decodes %j without the codec",
  (text) => {
    const message = post({ body: { text } });
    expect(read(encode(message))).toEqual(message);
    expect(generally(encode(message))).toEqual({ kind: "message", message });
  },
);

test.each(EDGES)("decodes the numbers %i without the codec", (value) => {
  const message = post({ ref: value, counter: value });
  expect(read(encode(message))).toEqual(message);
});

test("caches only the strings of the last post", () => {
  const codec = new PostCodec();
  const named = [{}, {}, { to: "lobbx" }, { to: "lob" }, { outbox: "AAAAAAAAAAB" }, {}];
  for (const given of named) {
    const message = post(given);
    expect(read(encode(message), codec)).toEqual(message);
  }
  expect(read(encode(post({ body: { text: "x", action: true } })), codec)).toBeUndefined();
  expect(read(encode(post()), codec)).toEqual(post());
});

test("leaves uncommon posts to the codec", () => {
  const others = [
    post({ body: { text: "hello", action: true } }),
    post({ body: { text: "", react: "+", re: 3 } }),
    post({ body: { text: "hello", mentions: ["ana"] } }),
    post({ counter: 2 ** 32 }),
    post({ to: "x".repeat(40) }),
    post({ to: "ö" }),
  ];
  for (const message of others) expect(read(encode(message))).toBeUndefined();
});

test("decodes any post like the codec, also if cut, extended or changed", () => {
  const anyPost = anyOf(v.object(REQUESTS.post.fields)).map((fields) =>
    encode({ kind: "post", ref: 7, ...fields }),
  );
  const plain = fc
    .string({ unit: ANY_CHARACTER, maxLength: 300 })
    .map((text) => encode(post({ body: { text: text.toWellFormed() } })));
  const anyAnswer = fc
    .tuple(anyCount, anyCount, anyCount)
    .map(([seq, n, time]) => new PostCodec().answer(7, { seq, n, time }));
  const at = fc.nat(400);
  fc.assert(
    fc.property(fc.oneof(anyPost, plain, anyAnswer), at, fc.nat(255), (bytes, index, byte) => {
      agrees(bytes);
      agrees(bytes.subarray(0, index));
      agrees(Uint8Array.of(...bytes, byte));
      const changed = new Uint8Array(bytes);
      changed[index % bytes.length] = byte;
      agrees(changed);
    }),
    { numRuns: sampleSize(400, 2_000) },
  );
});

test("encodes an answer like the codec", () => {
  const ref = fc.integer({ min: 1, max: 2 ** 32 - 1 });
  fc.assert(
    fc.property(ref, anyCount, anyCount, anyCount, (requestRef, seq, n, time) => {
      const message = { seq, n, time, kind: "ok", ref: requestRef } as const;
      const bytes = new PostCodec().answer(requestRef, message);
      expect(bytes.toHex()).toBe(packValue(message).toHex());
      expect(read(bytes)).toEqual(message);
    }),
  );
});
