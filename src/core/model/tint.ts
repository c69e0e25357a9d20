/** Colours of names. */

/** Number of colours in each UI. */
const TINT_COUNT = 7;

/** Returns the colour of a name, from 0. The same in every UI. Not unique. */
export function tintOf(name: string): number {
  let sum = 0;
  for (const point of name.toLowerCase()) sum = (sum * 31 + (point.codePointAt(0) ?? 0)) % 9973;
  return sum % TINT_COUNT;
}
