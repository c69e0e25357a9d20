/** Padding that hides the length of a sealed message. */

import { SEALED_PADDED_BYTES_MIN } from "../../base/limits-sealed.ts";

/** The signature of a message and its length. */
const SIGNATURE_BYTES = 2 + 64;

/**
 * The padded length of a message's content: the next power of two, so that the size reveals little
 * to the server.
 * @param contentBytes length without the framing of MLS
 */
export function paddedBytes(contentBytes: number): number {
  const inside = lengthBytes(contentBytes) + contentBytes + SIGNATURE_BYTES;
  let padded = SEALED_PADDED_BYTES_MIN;
  while (padded < inside) padded *= 2;
  return padded;
}

function lengthBytes(length: number): number {
  if (length < 2 ** 6) return 1;
  return length < 2 ** 14 ? 2 : 4;
}
