/** Colours of names, the same in every user interface. */

/**
 * Colour for dark and for light themes, each with its substitute among a terminal's sixteen.
 * Successive colours differ clearly. The contrast with the page's backgrounds is at least 4.5:1.
 */
export const TINTS = [
  ["#f0a37f|11", "#9a3412|1"],
  ["#6fd0bf|14", "#0f6b5c|6"],
  ["#cba0f2|13", "#6d28a8|5"],
  ["#8fc0f5|12", "#1d5fa8|4"],
  ["#f29ac2|5", "#9d1f5f|13"],
  ["#bcd46a|10", "#4d6600|2"],
  ["#b0b0f5|6", "#5b5bb5|12"],
  ["#edcff4|13", "#583b5f|5"],
  ["#fad4a0|3", "#5e4216|3"],
  ["#f775df|13", "#825979|5"],
  ["#b59a75|3", "#816339|3"],
  ["#78a6bd|6", "#144e66|4"],
  ["#6fb07d|2", "#115629|2"],
  ["#feb9b8|9", "#742d31|1"],
  ["#b3e3fb|14", "#3a708a|4"],
  ["#f9b0fd|13", "#6f1a76|5"],
  ["#c4a1c0|13", "#90108b|5"],
  ["#64a1ee|12", "#02468b|4"],
  ["#62b811|2", "#577249|2"],
  ["#f58a8b|9", "#7a4848|1"],
  ["#f29520|9", "#7d4a07|1"],
  ["#f695ee|13", "#774272|5"],
  ["#c2cbf6|12", "#322bb0|12"],
  ["#12aedb|6", "#246075|6"],
] as const;

/**
 * Maps an account name to an index in `TINTS`. It depends on nothing else, so that a person has one
 * colour everywhere. Several people can share it; their initials usually differ.
 */
export function tintOf(name: string): number {
  let sum = 0;
  for (const point of name.toLowerCase()) sum = (sum * 31 + (point.codePointAt(0) ?? 0)) % 9973;
  return sum % TINTS.length;
}
