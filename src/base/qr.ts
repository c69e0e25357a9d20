/** QR codes. */

import { encode } from "uqr";

/** Quiet zone. Readers need fewer modules than the standard's four. */
const MARGIN = 2;

export function qrDots(text: string): readonly (readonly boolean[])[] {
  return encode(text, { ecc: "L", border: MARGIN }).data;
}
