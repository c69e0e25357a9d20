/** Reads of a descriptor, off the event loop. */

import * as fs from "node:fs";
import { partsAfter } from "./disk.ts";

type Done = (error: Error | null, count?: number) => void;

/** Calls a function of `node:fs`. @returns the number of bytes, if it counts them */
export function called(call: (done: Done) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    call((error, count = 0) => (error === null ? resolve(count) : reject(error)));
  });
}

/** Fills the buffer; reads fewer bytes only at the end of the file. */
export async function readAt(fd: number, into: Uint8Array, offset: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const [from, left] = [done, into.length - done];
    const got = await called((end) => fs.read(fd, into, from, left, offset + from, end));
    if (got === 0) break;
    done += got;
  }
  return done;
}

/** Fills all buffers in order, in one trip; reads fewer bytes only at the end of the file. */
export async function readPartsAt(
  fd: number,
  into: readonly Uint8Array[],
  offset: number,
): Promise<number> {
  let done = 0;
  for (let left = into; left.length > 0; ) {
    const [parts, from] = [left, offset + done];
    const got = await called((end) => fs.readv(fd, parts, from, end));
    if (got === 0) break;
    done += got;
    left = partsAfter(left, got);
  }
  return done;
}
