/** Padding that hides the length of sealed messages. */

import { SEALED_PADDED_BYTES_MIN } from "../../base/limits-sealed.ts";

const SIGNATURE_BYTES = 2 + 64;

export function paddedBytes(contentBytes: number): number {
  const unframedBytes = lengthBytes(contentBytes) + contentBytes + SIGNATURE_BYTES;
  let padded = SEALED_PADDED_BYTES_MIN;
  while (padded < unframedBytes) padded *= 2;
  return padded;
}

function lengthBytes(length: number): number {
  if (length < 2 ** 6) return 1;
  return length < 2 ** 14 ? 2 : 4;
}
