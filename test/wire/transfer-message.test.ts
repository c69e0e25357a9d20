import { expect, test } from "bun:test";
import fc from "fast-check";
import { concatBytes } from "../../src/base/bytes.ts";
import { CHUNK_BYTES, FILE_BYTES_MAX } from "../../src/base/limits.ts";
import { decode, encode, packValue, unpackValue } from "../../src/wire/codec.ts";
import type { NoticeOf } from "../../src/wire/messages.ts";
import {
  encodeAck,
  encodeChunkHead,
  readTransferMessage,
} from "../../src/wire/transfer-message.ts";
import { VECTORS } from "./vector.ts";

const file = "fAQIDBAUGBwg";
const sha256 = new Uint8Array(32).fill(1);
const ack = { kind: "ack", file, index: 7 } as const;
const chunk = {
  kind: "chunk",
  file,
  index: 7,
  sha256,
  bytes: new Uint8Array(300).fill(2),
} as const;

test.each([0, 127, 128, 255, 256, 65_535, 65_536, 0xffff_ffff])("decodes index %i", (index) => {
  for (const message of [
    { ...ack, index },
    { ...chunk, index },
  ]) {
    expect(readTransferMessage(encode(message))).toEqual(message);
  }
});

test.each([0, 1, 255, 256, 65_535, 65_536, CHUNK_BYTES])("decodes a chunk of %i bytes", (size) => {
  const message = { ...chunk, bytes: new Uint8Array(size).fill(3) };
  expect(readTransferMessage(encode(message))).toEqual(message);
});

test("agrees with the general codec on every message with one changed byte", () => {
  for (const message of [ack, { ...chunk, bytes: new Uint8Array(3) }]) {
    const bytes = encode(message);
    for (let at = 0; at < bytes.length; at++) {
      for (let value = 0; value < 256; value++) {
        const changed = bytes.slice();
        changed[at] = value;
        const read = readTransferMessage(changed);
        if (read !== undefined) expect(unpackValue(changed)).toEqual({ ...read });
      }
    }
  }
});

test("leaves every other message to the general codec", () => {
  const [ackBytes, chunkBytes] = [encode(ack), encode(chunk)];
  const others = [
    ...[ackBytes, chunkBytes].flatMap((bytes) =>
      Array.from({ length: bytes.length }, (_, length) => bytes.subarray(0, length)),
    ),
    ...[ackBytes, chunkBytes].map((bytes) => concatBytes(bytes, Uint8Array.of(0))),
    packValue({ ...ack, file: "gAQIDBAUGBwg" }),
    packValue({ ...ack, index: null }),
    packValue({ ...ack, index: -1 }),
    packValue({ ...ack, index: 1.5 }),
    packValue({ ...chunk, sha256: sha256.subarray(1) }),
    packValue({ ...chunk, bytes: new Uint8Array(CHUNK_BYTES + 1) }),
    packValue({ file, index: 7, kind: "ack" }),
    encode({ kind: "durable", file, upTo: 3 }),
  ];
  for (const bytes of others) expect(readTransferMessage(bytes)).toBeUndefined();
  expect(() => decode(packValue({ ...ack, index: null }))).toThrow("index");
  expect(decode(packValue({ file, index: 7, kind: "ack" }))).toEqual({
    kind: "message",
    message: ack,
  });
});

const LAST_INDEX = FILE_BYTES_MAX / CHUNK_BYTES - 1;
const content = new Uint8Array(CHUNK_BYTES).fill(7);

const whole = (chunk: NoticeOf<"chunk">) => concatBytes(encodeChunkHead(chunk), chunk.bytes);

function chunkOf(index: number, sizeBytes: number, byte = 1): NoticeOf<"chunk"> {
  const sha256 = new Uint8Array(32).fill(byte);
  return {
    kind: "chunk",
    file: "fAQIDBAUGBwg",
    index,
    sha256,
    bytes: content.subarray(0, sizeBytes),
  };
}

test("encodes the golden vector, with its content at the end", () => {
  const vectors = VECTORS.filter(({ meaning }) => meaning["kind"] === "chunk");
  expect(vectors).not.toBeEmpty();
  for (const { meaning, hex } of vectors) {
    expect(whole(meaning as unknown as NoticeOf<"chunk">).toHex()).toBe(hex);
  }
});

const EDGES = [0, 1, 127, 128, 255, 256, 65_535, 65_536];

test.each([...EDGES, LAST_INDEX])("encodes chunk %i like the codec", (index) => {
  for (const sizeBytes of [1, CHUNK_BYTES]) {
    expect(whole(chunkOf(index, sizeBytes))).toEqual(encode(chunkOf(index, sizeBytes)));
  }
});

test("encodes any chunk so that it decodes to the same value", () => {
  const sizes = fc.integer({ min: 0, max: CHUNK_BYTES });
  const indexes = fc.integer({ min: 0, max: LAST_INDEX });
  fc.assert(
    fc.property(indexes, sizes, fc.integer({ min: 0, max: 255 }), (index, sizeBytes, byte) => {
      const chunk = chunkOf(index, sizeBytes, byte);
      const bytes = whole(chunk);
      expect(bytes.toHex()).toBe(encode(chunk).toHex());
      expect(decode(bytes)).toEqual({ kind: "message", message: chunk });
    }),
  );
});

test.each([...EDGES, LAST_INDEX])(
  "encodes the acknowledgement of chunk %i like the codec",
  (index) => {
    expect(encodeAck({ ...ack, index })).toEqual(encode({ ...ack, index }));
  },
);
