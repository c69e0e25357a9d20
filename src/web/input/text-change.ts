/** Differences between two texts. */

export interface TextRange {
  readonly from: number;
  readonly to: number;
}

/** Returns the part of `before` that differs from `after`, without cutting a character in two. */
export function changedRange(before: string, after: string): TextRange {
  const max = Math.min(before.length, after.length);
  let from = 0;
  while (from < max && before[from] === after[from]) from++;
  if (isHighSurrogate(before.charCodeAt(from - 1))) from--;
  let same = 0;
  while (same < max - from && before.at(-1 - same) === after.at(-1 - same)) same++;
  if (same > 0 && isLowSurrogate(before.charCodeAt(before.length - same))) same--;
  return { from, to: before.length - same };
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code < 0xdc00;
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code < 0xe000;
}
