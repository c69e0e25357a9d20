/** QR codes. */

import { encode } from "uqr";

/** Quiet zone around the code, in dots; readers need less than the standard's four. */
const MARGIN = 2;

/** The smallest QR code of the text, as rows of dots; true is dark. */
export function qrDots(text: string): readonly (readonly boolean[])[] {
  return encode(text, { ecc: "L", border: MARGIN }).data;
}
