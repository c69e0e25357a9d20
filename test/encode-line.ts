import { utf8Decode } from "../src/base/bytes.ts";
import { LineWriter, type RecordPosition } from "../src/io/log/batch.ts";
import type { LogRecord, SealedDraft } from "../src/wire/record.ts";

export function encodeLine(
  sealed: SealedDraft,
  place: RecordPosition,
  durable: number,
): { readonly record: LogRecord; readonly text: string; readonly sizeBytes: number } {
  const writer = new LineWriter();
  const record = writer.add(sealed, place, durable);
  const { sizeBytes } = writer;
  return { record, text: utf8Decode(writer.drain()), sizeBytes };
}
