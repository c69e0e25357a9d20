/** QR codes. */

import { encode } from "uqr";

/** Quiet zone in modules. Readers need fewer than the four that the standard requires. */
const MARGIN = 2;

export function qrDots(text: string): readonly (readonly boolean[])[] {
  return encode(text, { ecc: "L", border: MARGIN }).data;
}
