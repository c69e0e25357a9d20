/** Assignment of colours to names. */

const TINT_COUNT = 7;

/** Maps a name to a colour, a number from 0. All UIs agree; several names can share a colour. */
export function tintOf(name: string): number {
  let sum = 0;
  for (const point of name.toLowerCase()) sum = (sum * 31 + (point.codePointAt(0) ?? 0)) % 9973;
  return sum % TINT_COUNT;
}
