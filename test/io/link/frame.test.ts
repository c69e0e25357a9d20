import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MESSAGE_BEFORE_LOGIN_BYTES_MAX, MESSAGE_BYTES_MAX } from "../../../src/base/limits.ts";
import { encodeControlFrame, encodeFrames, FrameReader } from "../../../src/io/link/frame.ts";
import { faultOf } from "../../fault-code.ts";

const CONTROL = 0x80000000;

class Reader extends FrameReader {
  constructor() {
    super((length) => length === CONTROL);
  }

  /** Returns the length of each message; -1 for a control frame. */
  readonly lengths: number[] = [];
  readonly messages: Uint8Array[] = [];

  read(chunk: Uint8Array): void {
    for (const frame of this.feed(chunk)) {
      this.lengths.push(frame.kind === "message" ? frame.bytes.length : -1);
      if (frame.kind === "message") this.messages.push(frame.bytes);
    }
  }
}

function read(stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const reader = new Reader();
  const ends = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const end of [...ends, stream.length]) {
    reader.read(stream.subarray(from, end));
    from = end;
  }
  expect([reader.bufferedBytes, reader.isComplete]).toEqual([0, true]);
  return reader.messages;
}

function header(length: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
}

describe("messages", () => {
  test("are decoded from pieces of any size", () =>
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 9_000 }), { maxLength: 12 }),
        fc.array(fc.nat(60_000), { maxLength: 40 }),
        (messages, cuts) => {
          expect(read(encodeFrames(messages), cuts)).toEqual(messages);
        },
      ),
    ));

  test("match the golden bytes", () => {
    const messages = [Uint8Array.of(0xaa), new Uint8Array(0), Uint8Array.of(1, 2, 3)];
    expect(encodeFrames(messages).toHex()).toBe("00000001aa0000000000000003010203");
  });
});

describe("a length", () => {
  test("of MESSAGE_BYTES_MAX is allowed", () => {
    const complete = new Uint8Array(MESSAGE_BYTES_MAX).fill(3);
    expect(read(encodeFrames([complete]), [1_000, 500_000])).toEqual([complete]);
  });

  test.each([MESSAGE_BYTES_MAX + 1, 0x7fffffff, 0x80000001, 0xffffffff])(
    "of %i is rejected at its fourth byte",
    (length) => {
      const reader = new Reader();
      reader.read(header(length).subarray(0, 3));
      expect(faultOf(() => reader.read(header(length).subarray(3)))?.code).toBe("too-large");
      expect([reader.lengths, reader.bufferedBytes]).toEqual([[], 0]);
    },
  );

  test("can be limited from the next header on", () => {
    const reader = new Reader();
    const [shortBytes, longBytes] = [
      MESSAGE_BEFORE_LOGIN_BYTES_MAX,
      MESSAGE_BEFORE_LOGIN_BYTES_MAX + 1_000,
    ];
    const complete = encodeFrames([new Uint8Array(longBytes)]);
    reader.read(complete.subarray(0, 100));
    reader.messageBytesMax = shortBytes;
    reader.read(complete.subarray(100));
    reader.read(encodeFrames([new Uint8Array(shortBytes)]));
    reader.messageBytesMax = MESSAGE_BYTES_MAX;
    reader.read(complete);
    reader.messageBytesMax = shortBytes;
    const long = header(shortBytes + 1);
    expect(faultOf(() => reader.read(long))?.code).toBe("too-large");
    expect([reader.lengths, reader.bufferedBytes]).toEqual([[longBytes, shortBytes, longBytes], 0]);
  });

  test("allocates nothing before the body arrives", () => {
    const reader = new Reader();
    reader.read(header(MESSAGE_BYTES_MAX));
    expect([reader.bufferedBytes, reader.isComplete]).toEqual([0, false]);
    for (let i = 0; i < 5_000; i++) reader.read(Uint8Array.of(1));
    expect(reader.bufferedBytes).toBeLessThanOrEqual(4 * 5_000);
    expect(reader.lengths).toEqual([]);
  });
});

test.each([1, 2, 3, 8])("reads control frames in pieces of %i bytes", (size) => {
  const reader = new Reader();
  const control = encodeControlFrame(CONTROL);
  const stream = Buffer.concat([encodeFrames([Uint8Array.of(1)]), control, control]);
  for (let at = 0; at < stream.length; at += size) reader.read(stream.subarray(at, at + size));
  expect(reader.lengths).toEqual([1, -1, -1]);
  expect(control.toHex()).toBe("80000000");
});

test("decodes or rejects arbitrary bytes", () =>
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (chunks) => {
      const reader = new Reader();
      const fault = faultOf(() => {
        for (const chunk of chunks) reader.read(chunk);
      });
      expect(fault?.code ?? "too-large").toBe("too-large");
      const readBytes = reader.messages.reduce((sum, { length }) => sum + length, 0);
      expect(readBytes).toBeLessThanOrEqual(chunks.reduce((sum, { length }) => sum + length, 0));
    }),
  ));
