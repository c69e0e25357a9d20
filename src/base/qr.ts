/** A text as the dots of a QR code. */

import { encode } from "uqr";

/** Light around the code; readers need less than the standard's four. */
const MARGIN = 2;

/** A QR code of this text, as rows of dots: true is dark. As small as it gets. */
export function qrDots(text: string): readonly (readonly boolean[])[] {
  return encode(text, { ecc: "L", border: MARGIN }).data;
}
