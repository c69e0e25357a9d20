/** Detects that a file has changed. */

import * as fs from "node:fs";
import { Fault, msg } from "../../base/fault.ts";
import { quoteText } from "../../base/text.ts";

/** Metadata that changes with a file's content, as far as a file system reports it. */
export function stampOf({ dev, ino, size, mtimeNs }: fs.BigIntStats): string {
  return `${dev}.${ino}.${size}.${mtimeNs}`;
}

export function changedFault(path: string): Fault {
  return new Fault("file-changed", msg`${quoteText(path)} changed while it was sent`);
}

/** Fills the buffer off the event loop; reads fewer bytes only at the end of the file. */
export async function readAt(fd: number, into: Uint8Array, offset: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const got = await new Promise<number>((resolve, reject) => {
      fs.read(fd, into, done, into.length - done, offset + done, (error, count) =>
        error === null ? resolve(count) : reject(error),
      );
    });
    if (got === 0) break;
    done += got;
  }
  return done;
}

/**
 * Fills all parts in order in one call.
 * @returns false if the file ends before
 */
export async function fillAt(
  fd: number,
  parts: readonly Uint8Array[],
  offset: number,
): Promise<boolean> {
  let got = await new Promise<number>((resolve, reject) => {
    fs.readv(fd, parts, offset, (error, count) =>
      error === null ? resolve(count) : reject(error),
    );
  });
  let at = offset;
  for (const part of parts) {
    // Usually there is nothing left to read.
    const rest = part.subarray(Math.min(got, part.length));
    if (rest.length > 0 && (await readAt(fd, rest, at + part.length - rest.length)) < rest.length)
      return false;
    got = Math.max(0, got - part.length);
    at += part.length;
  }
  return true;
}
