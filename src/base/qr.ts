/** QR codes. */

import { encode } from "uqr";

/** Quiet zone around the code, in dots. Readers need less than the standard's four. */
const MARGIN = 2;

/** Returns the smallest QR code of the text as rows of dots; true is dark. */
export function qrDots(text: string): readonly (readonly boolean[])[] {
  return encode(text, { ecc: "L", border: MARGIN }).data;
}
