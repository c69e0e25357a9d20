/** QR codes. */

import { encode } from "uqr";

/** Quiet zone in modules. Readers need less than the standard's four. */
const MARGIN = 2;

/** Returns the smallest QR code for the text as rows of modules; true is dark. */
export function qrDots(text: string): readonly (readonly boolean[])[] {
  return encode(text, { ecc: "L", border: MARGIN }).data;
}
