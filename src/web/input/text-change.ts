/** Differences between two texts, and the texts that a field has had. */

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

/** The texts of a longer message are no longer noted, and each counts as one of them. */
const NOTED_MAX = 20_000;

/**
 * Texts that a field has had since it was emptied. The browser's undo and redo belong to the whole
 * page: pressed in another field, too, they bring back what was sent from this one.
 */
export class FieldTexts {
  readonly #noted = new Set<number>();

  constructor() {
    this.note("");
  }

  note(text: string): void {
    if (this.#noted.size < NOTED_MAX) this.#noted.add(hashOf(text));
  }

  has(text: string): boolean {
    return this.#noted.size >= NOTED_MAX || this.#noted.has(hashOf(text));
  }
}

function hashOf(text: string): number {
  let hash = text.length;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code < 0xdc00;
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code < 0xe000;
}
