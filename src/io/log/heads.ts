/** Reads the heads of records from the segments of a log. */

import { Fault } from "../../base/fault.ts";
import { type LogRecord, parseHead } from "../../wire/record.ts";
import { type Disk, diskFault } from "../disk/disk.ts";
import { linesOf, scanBlocks } from "./scan.ts";
import type { Segment } from "./segment.ts";

/** Bytes per read: proofs need a few hundred. */
const BLOCK_BYTES = 128 << 10;

/** Segments with records `from`..`last`. */
export function segmentsOf(segments: readonly Segment[], from: number, last: number): Segment[] {
  return segments.filter(({ firstSeq }, index) => {
    const next = segments[index + 1];
    return firstSeq <= last && (next === undefined || next.firstSeq > from);
  });
}

/**
 * Records `from`..`last` without their bodies.
 * @throws Fault log-corrupt, store-…
 */
export async function* readHeads(
  disk: Disk,
  segments: readonly Segment[],
  from: number,
  last: number,
): AsyncGenerator<LogRecord> {
  for (const segment of segmentsOf(segments, from, last)) {
    const { path, sizeBytes } = segment;
    try {
      using file = disk.open(path, "read");
      for await (const block of scanBlocks(file, segment.seek(from), sizeBytes, BLOCK_BYTES)) {
        for (const line of linesOf(block)) {
          const found = parseHead(line.bytes)?.record;
          if (found === undefined) {
            throw new Fault("log-corrupt", `${path} is damaged at byte ${line.offset}`);
          }
          if (found.head.seq > last) return;
          if (found.head.seq >= from) yield found;
        }
      }
    } catch (error) {
      throw diskFault(error, path);
    }
  }
}
