/** Reads file descriptors off the event loop. */

import * as fs from "node:fs";
import { skipBytes } from "./disk.ts";

type Callback = (error: Error | null, count?: number) => void;

export function callAsync(call: (done: Callback) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    call((error, count = 0) => (error === null ? resolve(count) : reject(error)));
  });
}

export async function readAt(fd: number, into: Uint8Array, offset: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const [from, remaining] = [done, into.length - done];
    const bytesRead = await callAsync((callback) =>
      fs.read(fd, into, from, remaining, offset + from, callback),
    );
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

export async function readBuffersAt(
  fd: number,
  into: readonly Uint8Array[],
  offset: number,
): Promise<number> {
  let done = 0;
  for (let remaining = into; remaining.length > 0; ) {
    const [parts, from] = [remaining, offset + done];
    const bytesRead = await callAsync((callback) => fs.readv(fd, parts, from, callback));
    if (bytesRead === 0) break;
    done += bytesRead;
    remaining = skipBytes(remaining, bytesRead);
  }
  return done;
}
