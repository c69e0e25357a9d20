import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { concatBytes } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/base/fault.ts";
import { MESSAGE_BYTES_MAX } from "../../../src/base/limits.ts";
import {
  encodeClose,
  encodeFrame,
  OPCODE,
  WebSocketFrameReader,
} from "../../../src/io/ws/client-link.ts";
import { sampleSize } from "../../samples.ts";

interface Seen {
  readonly messages: Uint8Array[];
  readonly pings: Uint8Array[];
  readonly closes: [number, string][];
}

function read(chunks: readonly Uint8Array[]): Seen {
  const observed: Seen = { messages: [], pings: [], closes: [] };
  const reader = new WebSocketFrameReader({
    message: (bytes) => observed.messages.push(bytes),
    ping: (payload) => observed.pings.push(payload),
    close: (code, reason) => observed.closes.push([code, reason]),
  });
  for (const chunk of chunks) reader.feed(chunk);
  return observed;
}

function frame(first: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const view = new DataView(new ArrayBuffer(10));
  view.setUint8(0, first);
  if (length < 126) view.setUint8(1, length);
  else if (length < 65_536) view.setUint32(0, (first << 24) | (126 << 16) | length);
  else {
    view.setUint8(1, 127);
    view.setUint32(6, length);
  }
  const headerBytes = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  return concatBytes(new Uint8Array(view.buffer, 0, headerBytes), payload);
}

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));
const bytes = (length: number, fill = 1) => new Uint8Array(length).fill(fill);

describe("encodeFrame", () => {
  test.each([
    [0, "8280 00000000"],
    [125, "82fd 00000000"],
    [126, "82fe007e 00000000"],
    [65_535, "82feffff 00000000"],
    [65_536, "82ff0000000000010000 00000000"],
  ])("%i bytes", (length, header) => {
    const payload = bytes(length);
    expect(encodeFrame(OPCODE.binary, payload)).toEqual(concatBytes(hex(header), payload));
  });

  test("encodes the code of a close frame", () => {
    expect(encodeClose(1000)).toEqual(hex("8882 00000000 03e8"));
  });
});

describe("FrameReader", () => {
  test("decodes pieces of any size", () => {
    const stream = concatBytes(
      frame(0x82, bytes(0)),
      frame(0x02, bytes(3, 1)), // First of three fragments, with a ping in between.
      frame(0x89, bytes(125, 9)),
      frame(0x00, bytes(200, 2)),
      frame(0x80, bytes(0)),
      frame(0x8a, bytes(1)),
      frame(0x82, bytes(126, 3)),
      frame(0x82, bytes(70_000, 4)),
      frame(0x88, hex("03e8 6279 65")),
      bytes(50),
    );
    const complete = read([stream]);
    expect(complete.messages.map((message) => message.length)).toEqual([0, 203, 126, 70_000]);
    expect(complete.messages[1]).toEqual(concatBytes(bytes(3, 1), bytes(200, 2)));
    expect(complete.pings).toEqual([bytes(125, 9)]);
    expect(complete.closes).toEqual([[1000, "bye"]]);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 20 }), (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const chunks = edges.slice(1).map((to, i) => stream.subarray(edges[i], to));
        expect(read(chunks)).toEqual(complete);
      }),
      { numRuns: sampleSize(50, 250) },
    );
    const head = stream.subarray(0, 700);
    expect(read([...head].map((byte) => Uint8Array.of(byte)))).toEqual(read([head]));
  });

  test("passes on unshared bytes", () => {
    const stream = frame(0x82, bytes(4, 7));
    const [message] = read([stream]).messages;
    stream.fill(0);
    expect(message).toEqual(bytes(4, 7));
    expect(message?.buffer.byteLength).toBe(4);
  });

  test("accepts a message of the maximum size, whole or fragmented", () => {
    const half = MESSAGE_BYTES_MAX / 2;
    const observed = read([
      frame(0x82, bytes(MESSAGE_BYTES_MAX)),
      frame(0x02, bytes(half)),
      frame(0x80, bytes(half)),
    ]);
    expect(observed.messages.map(({ length }) => length)).toEqual(Array(2).fill(MESSAGE_BYTES_MAX));
  });

  test("joins a million fragments of one byte", () => {
    const stream = new Uint8Array(3 * 100_000).fill(1);
    for (let i = 0; i < stream.length; i += 3) stream[i] = 0;
    stream[0] = 0x02;
    stream[stream.length - 3] = 0x80;
    expect(read([stream]).messages[0]?.length).toBe(100_000);
  });

  const hostile: Record<string, [string, string]> = {
    "a masked frame": ["8281 00000000 01", "masked"],
    "a reserved bit": ["c201 01", "reserved"],
    text: ["8101 61", "text"],
    "an unknown data kind": ["8301 01", "unknown kind 3"],
    "an unknown control kind": ["8b00", "unknown kind 11"],
    "a fragmented ping": ["0900", "fragmented"],
    "a long ping": ["897e 0080", "too long"],
    "a continuation of nothing": ["8001 01", "unexpected fragment"],
    "a message inside a message": ["0201 01 8201 01", "unexpected fragment"],
    "a 16-bit length that fits 7": ["827e 007d", "shortest"],
    "a 64-bit length that fits 16": ["827f 000000000000ffff", "shortest"],
    "a length above the bound": ["827f 0000000000200000", "longer than"],
    "a length of 2^63": ["827f 8000000000000000", "longer than"],
    "half a close code": ["8801 03", "an incomplete status code"],
    "close code 1005": ["8802 03ed", "code 1005"],
    "close code 999": ["8802 03e7", "code 999"],
    "close code 5000": ["8802 1388", "code 5000"],
    "a close reason that is no UTF-8": ["8803 03e8 ff", "UTF-8"],
  };
  test.each(Object.entries(hostile))("rejects %s", (_, [stream, words]) => {
    for (const chunks of [[hex(stream)], [...hex(stream)].map((byte) => Uint8Array.of(byte))]) {
      expect(() => read(chunks)).toThrow(words);
      expect(() => read(chunks)).toThrow(Fault);
    }
  });

  test("rejects fragments above the total limit", () => {
    const part = frame(0x00, bytes(MESSAGE_BYTES_MAX / 4));
    const start = frame(0x02, bytes(MESSAGE_BYTES_MAX / 4));
    expect(() => read([start, part, part, part, frame(0x00, bytes(1))])).toThrow("longer than");
  });

  test("decodes or rejects arbitrary bytes", () => {
    const header = fc.constantFrom(0x82, 0x02, 0x00, 0x80, 0x88, 0x89, 0x8a);
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(header, fc.uint8Array({ maxLength: 300 })).map(([h, data]) => frame(h, data)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          read(pieces);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
          expect(["frame-malformed", "too-large"]).toContain((error as Fault).code);
        }
      }),
      { numRuns: sampleSize(2_000, 10_000) },
    );
  });
});
