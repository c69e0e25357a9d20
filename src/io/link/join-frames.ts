/** Joins small frames into one write. */

import { assert } from "../../base/assert.ts";
import { concatBytes } from "../../base/bytes.ts";

/** Small frames are joined with later ones in one write, to share a TLS record. */
const JOIN_BYTES = 16 * 1024;

/** @returns the batch, and how many frames from `from` it completes; may shorten the next frame */
export function joinFrames(frames: Uint8Array[], from: number): [Uint8Array, number] {
  const [first, next] = [frames[from], frames[from + 1]];
  assert(first !== undefined, "the queue is not empty");
  if (next === undefined || first.length >= JOIN_BYTES) return [first, 1];
  const parts: Uint8Array[] = [];
  let remaining = JOIN_BYTES;
  for (let i = from; remaining > 0; i++) {
    const frame = frames[i];
    if (frame === undefined) break;
    if (frame.length > remaining) {
      parts.push(frame.subarray(0, remaining));
      frames[i] = frame.subarray(remaining);
      return [concatBytes(...parts), parts.length - 1];
    }
    parts.push(frame);
    remaining -= frame.length;
  }
  return [concatBytes(...parts), parts.length];
}
