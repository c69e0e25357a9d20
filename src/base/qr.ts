/** QR codes. */

import { encode } from "uqr";

/** Quiet zone in modules. Readers need fewer than the four that the standard requires. */
const MARGIN = 2;

/** Squares of one module each, for an SVG of `size` by `size`. */
export function qrPath(text: string): { readonly size: number; readonly path: string } {
  const dots = qrDots(text);
  const squares = dots.flatMap((line, row) =>
    line.flatMap((isDark, column) => (isDark ? [`M${column} ${row}h1v1h-1z`] : [])),
  );
  return { size: dots.length, path: squares.join("") };
}

export function qrDots(text: string): readonly (readonly boolean[])[] {
  return encode(text, { ecc: "L", border: MARGIN }).data;
}
