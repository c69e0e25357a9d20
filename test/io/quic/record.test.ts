import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MESSAGE_BEFORE_LOGIN_BYTES_MAX, MESSAGE_BYTES_MAX } from "../../../src/base/limits.ts";
import { END_RECORD, encodeRecords, RecordReader } from "../../../src/io/quic/record.ts";
import { faultOf } from "../../fault-code.ts";

function readerOf(message: (bytes: Uint8Array) => void, goodbye = () => {}): RecordReader {
  return new RecordReader({ message, end: goodbye });
}

function read(stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const observed: Uint8Array[] = [];
  const reader = readerOf((message) => observed.push(message));
  const ends = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const end of [...ends, stream.length]) {
    reader.feed(stream.subarray(from, end));
    from = end;
  }
  expect(reader.bufferedBytes).toBe(0);
  return observed;
}

function header(length: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
}

describe("records", () => {
  test("are decoded from pieces of any size", () =>
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 9_000 }), { maxLength: 12 }),
        fc.array(fc.nat(60_000), { maxLength: 40 }),
        (messages, cuts) => {
          expect(read(encodeRecords(messages), cuts)).toEqual(messages);
        },
      ),
    ));

  test("match the golden bytes", () => {
    const messages = [Uint8Array.of(0xaa), new Uint8Array(0), Uint8Array.of(1, 2, 3)];
    expect(encodeRecords(messages).toHex()).toBe("00000001aa0000000000000003010203");
  });
});

describe("a length", () => {
  test("of MESSAGE_BYTES_MAX is allowed", () => {
    const complete = new Uint8Array(MESSAGE_BYTES_MAX).fill(3);
    expect(read(encodeRecords([complete]), [1_000, 500_000])).toEqual([complete]);
  });

  test.each([MESSAGE_BYTES_MAX + 1, 0x7fffffff, 0x80000001, 0xffffffff])(
    "of %i is rejected at its fourth byte",
    (length) => {
      const reader = readerOf(() => expect.unreachable());
      reader.feed(header(length).subarray(0, 3));
      expect(faultOf(() => reader.feed(header(length).subarray(3)))?.code).toBe("too-large");
      expect(reader.bufferedBytes).toBe(0);
    },
  );

  test("can be limited from the next header on", () => {
    const observed: number[] = [];
    const reader = readerOf(({ length }) => observed.push(length));
    const complete = encodeRecords([new Uint8Array(9_000)]);
    reader.feed(complete.subarray(0, 100));
    reader.messageBytesMax = MESSAGE_BEFORE_LOGIN_BYTES_MAX;
    reader.feed(complete.subarray(100));
    reader.feed(encodeRecords([new Uint8Array(MESSAGE_BEFORE_LOGIN_BYTES_MAX)]));
    reader.messageBytesMax = MESSAGE_BYTES_MAX;
    reader.feed(complete);
    reader.messageBytesMax = MESSAGE_BEFORE_LOGIN_BYTES_MAX;
    const long = header(MESSAGE_BEFORE_LOGIN_BYTES_MAX + 1);
    expect(faultOf(() => reader.feed(long))?.code).toBe("too-large");
    expect([observed, reader.bufferedBytes]).toEqual([[9_000, 8_192, 9_000], 0]);
  });

  test("allocates nothing before the body arrives", () => {
    const reader = readerOf(() => expect.unreachable());
    reader.feed(header(MESSAGE_BYTES_MAX));
    expect(reader.bufferedBytes).toBe(0);
    for (let i = 0; i < 5_000; i++) reader.feed(Uint8Array.of(1));
    expect(reader.bufferedBytes).toBeLessThanOrEqual(4 * 5_000);
  });
});

test.each([1, 2, 3, 8])("the end record ends the stream, in pieces of %i bytes", (size) => {
  const reports: string[] = [];
  const reader = readerOf(
    ({ length }) => reports.push(`message of ${length}`),
    () => reports.push("goodbye"),
  );
  const tail = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1);
  const stream = Buffer.concat([encodeRecords([Uint8Array.of(1)]), END_RECORD, tail]);
  for (let at = 0; at < stream.length; at += size) reader.feed(stream.subarray(at, at + size));
  expect(reports).toEqual(["message of 1", "goodbye"]);
  expect(END_RECORD.toHex()).toBe("80000000");
});

test("decodes or rejects arbitrary bytes", () =>
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (chunks) => {
      let seenBytes = 0;
      const reader = readerOf(({ length }) => {
        seenBytes += length;
      });
      const fault = faultOf(() => {
        for (const chunk of chunks) reader.feed(chunk);
      });
      expect(fault?.code ?? "too-large").toBe("too-large");
      expect(seenBytes).toBeLessThanOrEqual(chunks.reduce((sum, { length }) => sum + length, 0));
    }),
  ));
