/** QR codes. */

import { encode } from "uqr";

/** Quiet zone in modules. Readers need fewer than the four that the standard requires. */
const MARGIN = 2;

/** Lines of one module's width, for the stroke of a path in an SVG of `size` by `size`. */
export function qrPath(text: string): { readonly size: number; readonly path: string } {
  const dots = qrDots(text);
  const path = dots.map((line, row) => {
    const runs = line
      .map((isDark) => (isDark ? "1" : "0"))
      .join("")
      .matchAll(/1+/g);
    let end = 0;
    const strokes = [...runs].map(({ 0: run, index }, at) => {
      const move = at === 0 ? `M${index} ${row}.5` : `m${index - end} 0`;
      end = index + run.length;
      return `${move}h${run.length}`;
    });
    return strokes.join("");
  });
  return { size: dots.length, path: path.join("") };
}

export function qrDots(text: string): readonly (readonly boolean[])[] {
  return encode(text, { ecc: "L", border: MARGIN }).data;
}
