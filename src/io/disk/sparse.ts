/** Appends to a file, with long runs of zeros as holes, which use no space on the disk. */

import { type DiskFile, writeBuffers } from "./disk.ts";

/** Block size of most file systems. A hole begins and ends at a multiple of it. */
const BLOCK_BYTES = 4096;
/** A shorter run of zeros is not worth another system call. */
const HOLE_BYTES_MIN = 32 * 1024;
const ZEROS = new Uint8Array(BLOCK_BYTES);

interface DataRun {
  readonly offset: number;
  readonly parts: Uint8Array[];
}

/** @param offset the end of the file, unless the caller overwrites data, which leaves no holes */
export async function appendSparse(
  file: DiskFile,
  parts: readonly Uint8Array[],
  offset: number,
): Promise<void> {
  const runs = dataRuns(parts, offset);
  if (runs === undefined || file.sizeBytes() > offset) return writeBuffers(file, parts, offset);
  for (const run of runs) await writeBuffers(file, run.parts, run.offset);
  const endOffset = parts.reduce((end, { length }) => end + length, offset);
  if (file.sizeBytes() < endOffset) file.truncate(endOffset);
}

/** @returns `undefined` if there is no hole */
function dataRuns(parts: readonly Uint8Array[], offset: number): DataRun[] | undefined {
  const runs: DataRun[] = [];
  let run: DataRun | undefined;
  let hasHole = false;
  let partOffset = offset;
  for (const part of parts) {
    let dataFrom = 0;
    const addData = (to: number) => {
      if (to === dataFrom) return;
      if (run === undefined) {
        run = { offset: partOffset + dataFrom, parts: [] };
        runs.push(run);
      }
      run.parts.push(dataFrom === 0 && to === part.length ? part : part.subarray(dataFrom, to));
    };
    for (let at = mayHaveHole(part) ? 0 : part.length; at < part.length; ) {
      const zerosEnd = endOfZeros(part, at, partOffset);
      if (zerosEnd - at >= HOLE_BYTES_MIN) {
        addData(at);
        run = undefined;
        hasHole = true;
        dataFrom = zerosEnd;
      }
      at = Math.max(zerosEnd, blockEnd(part, at, partOffset));
    }
    addData(part.length);
    partOffset += part.length;
  }
  return hasHole ? runs : undefined;
}

/** Every hole contains two bytes at this distance, so most data is recognised by a few bytes. */
const SAMPLE_DISTANCE = HOLE_BYTES_MIN / 2;

function mayHaveHole(part: Uint8Array): boolean {
  for (let at = 0; at < part.length; at += SAMPLE_DISTANCE) {
    if (part[at] === 0 && part[Math.min(at + SAMPLE_DISTANCE, part.length - 1)] === 0) return true;
  }
  return false;
}

function endOfZeros(part: Uint8Array, from: number, partOffset: number): number {
  let at = from;
  while (at < part.length) {
    const end = blockEnd(part, at, partOffset);
    if (!isZero(part, at, end)) break;
    at = end;
  }
  return at;
}

function blockEnd(part: Uint8Array, at: number, partOffset: number): number {
  return Math.min(part.length, at + BLOCK_BYTES - ((partOffset + at) % BLOCK_BYTES));
}

function isZero(part: Uint8Array, from: number, to: number): boolean {
  // Data rarely has zeros at both ends of a block.
  if (part[from] !== 0 || part[to - 1] !== 0) return false;
  return Buffer.compare(part.subarray(from, to), ZEROS.subarray(0, to - from)) === 0;
}
