import { expect, test } from "bun:test";
import fc from "fast-check";
import * as v from "valibot";
import { utf8Encode } from "../../src/base/bytes.ts";
import type { FileId } from "../../src/base/ids.ts";
import {
  LINE_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  RECORDS_PER_MESSAGE_MAX,
} from "../../src/base/limits.ts";
import { decode, encode } from "../../src/wire/codec.ts";
import { recordFields } from "../../src/wire/field.ts";
import type { NoticeOf, WireRecord } from "../../src/wire/messages.ts";
import type { LogRecord } from "../../src/wire/record.ts";
import { RecordsFrame, recordBytes } from "../../src/wire/records-frame.ts";
import { anyOf } from "./any-message.ts";
import { VECTORS } from "./vector.ts";

/** Returns a record as read from the log. The frame ignores the parsed head. */
function logged({ head, salt, body, erased, erasedFiles, damaged }: WireRecord): LogRecord {
  return {
    head: undefined as unknown as LogRecord["head"],
    headBytes: head,
    ...(salt === undefined ? {} : { salt }),
    ...(body === undefined ? {} : { bodyBytes: body }),
    ...(erased === undefined ? {} : { erased }),
    ...(erasedFiles === undefined ? {} : { erasedFiles: erasedFiles as FileId[] }),
    ...(damaged === true ? { damaged } : {}),
  };
}

function framed(frame: RecordsFrame, records: readonly WireRecord[]): Uint8Array {
  for (const record of records) frame.add(logged(record), record.from);
  return frame.takeMessage();
}

test("encodes the golden vector", () => {
  const vectors = VECTORS.filter(({ meaning }) => meaning["kind"] === "records");
  expect(vectors).not.toBeEmpty();
  for (const { meaning, hex } of vectors) {
    const { records } = meaning as unknown as NoticeOf<"records">;
    expect(framed(new RecordsFrame(), records).toHex()).toBe(hex);
  }
});

const anyRecord = anyOf(v.object(recordFields)).map(({ damaged, ...record }): WireRecord => {
  const isWhole = record.salt !== undefined && record.body !== undefined;
  const { salt: _salt, body: _body, ...rest } = record;
  const flags = damaged === true ? { damaged } : {};
  return isWhole ? { ...record, ...flags } : { ...rest, ...flags };
});

test("encodes any records like the codec, reusing one frame", () => {
  const frame = new RecordsFrame();
  fc.assert(
    fc.property(fc.array(anyRecord, { minLength: 1, maxLength: 20 }), (records) => {
      const message = { kind: "records", records } as const;
      const bytes = framed(frame, records);
      expect(decode(bytes)).toEqual({ kind: "message", message });
      expect(decode(encode(message))).toEqual({ kind: "message", message });
      expect(bytes.length).toBe(encode(message).length);
    }),
  );
});

const of = (bodyBytes: number, from = "ana"): WireRecord => ({
  head: utf8Encode("{}"),
  salt: new Uint8Array(16),
  body: new Uint8Array(bodyBytes),
  from,
});

test.each([0, 1, 255, 256, 65_535, 65_536, LINE_BYTES_MAX])(
  "encodes a body of %i bytes",
  (sizeBytes) => {
    const records = [of(sizeBytes), of(1)];
    const bytes = framed(new RecordsFrame(), records);
    expect(bytes.toHex()).toBe(encode({ kind: "records", records }).toHex());
    expect(bytes.length).toBeLessThanOrEqual(MESSAGE_BYTES_MAX);
  },
);

test("limits the records of a message", () => {
  const message = (count: number) =>
    encode({ kind: "records", records: Array.from({ length: count }, () => of(1)) });
  expect(decode(message(RECORDS_PER_MESSAGE_MAX)).kind).toBe("message");
  expect(() => decode(message(RECORDS_PER_MESSAGE_MAX + 1))).toThrow("too long");
});

test.each([1, 15, 16, 255, 256, RECORDS_PER_MESSAGE_MAX])("encodes %i records", (count) => {
  const records = Array.from({ length: count }, () => of(3));
  const bytes = framed(new RecordsFrame(), records);
  expect(bytes.toHex()).toBe(encode({ kind: "records", records }).toHex());
});

test.each([1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1])(
  "encodes a record erased by record %i",
  (erased) => {
    const records = [{ head: utf8Encode("{}"), erased, from: "x".repeat(32) }];
    const bytes = framed(new RecordsFrame(), records);
    expect(bytes.toHex()).toBe(encode({ kind: "records", records }).toHex());
  },
);

test("takes no more space for a record than computed", () => {
  const record = { ...of(100, "é".repeat(32)), erased: 2 ** 53 - 1, damaged: true };
  const frame = new RecordsFrame();
  const before = frame.sizeBytes;
  frame.add(logged(record), record.from);
  expect(frame.sizeBytes - before).toBeLessThanOrEqual(recordBytes(logged(record)));
});

test.each([
  [1, 1],
  [1, 0],
  [20, 15],
  [20, 16],
  [20, 4],
  [300, 17],
  [RECORDS_PER_MESSAGE_MAX, RECORDS_PER_MESSAGE_MAX],
])("of %i records, encodes the last %i like the codec", (count, left) => {
  const frame = new RecordsFrame();
  const records = Array.from({ length: count }, (_, i) => of(i));
  for (const record of records.slice(0, count - left)) frame.add(logged(record), record.from);
  const mark = frame.mark();
  for (const record of records.slice(count - left)) frame.add(logged(record), record.from);
  const rest = frame.messageSince(mark);
  const expected = { kind: "records", records: records.slice(count - left) } as const;
  expect(rest.toHex()).toBe(left === 0 ? "" : encode(expected).toHex());
  expect(frame.takeMessage().toHex()).toBe(encode({ kind: "records", records }).toHex());
});
