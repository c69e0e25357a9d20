/** Colours that names are shown in; each face has as many. */
const TINTS = 7;

/** The same colour for the same name on every face, from 0; it only helps the eye. */
export function tintOf(name: string): number {
  let sum = 0;
  for (const point of name.toLowerCase()) sum = (sum * 31 + (point.codePointAt(0) ?? 0)) % 9973;
  return sum % TINTS;
}
