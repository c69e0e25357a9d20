/** Reads record heads from a log's segments. */

import { Fault } from "../../base/fault.ts";
import { type LogRecord, parseHead } from "../../wire/record.ts";
import { type Disk, diskFault } from "../disk/disk.ts";
import { linesOf, scanBlocks } from "./scan.ts";
import type { Segment } from "./segment.ts";

const BLOCK_BYTES = 128 << 10;

export function segmentsBetween(
  segments: readonly Segment[],
  from: number,
  last: number,
): Segment[] {
  return segments.filter(({ firstSeq }, index) => {
    const next = segments[index + 1];
    return firstSeq <= last && (next === undefined || next.firstSeq > from);
  });
}

export async function* readHeads(
  disk: Disk,
  segments: readonly Segment[],
  from: number,
  last: number,
): AsyncGenerator<LogRecord> {
  for (const segment of segmentsBetween(segments, from, last)) {
    const { path, sizeBytes } = segment;
    try {
      using file = disk.open(path, "read");
      for await (const block of scanBlocks(file, segment.seek(from), sizeBytes, BLOCK_BYTES)) {
        for (const line of linesOf(block)) {
          const record = parseHead(line.bytes)?.record;
          if (record === undefined) {
            throw new Fault("log-corrupt", `${path} is damaged at byte ${line.offset}`);
          }
          if (record.head.seq > last) return;
          if (record.head.seq >= from) yield record;
        }
      }
    } catch (error) {
      throw diskFault(error, path);
    }
  }
}
