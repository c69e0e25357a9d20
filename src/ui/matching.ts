/** Names and targets that match what a user typed. */

/**
 * Keeps the original order. With `isAnywhere`, candidates that only contain the query follow those
 * that begin with it.
 */
export function matching(
  candidates: readonly string[],
  query: string,
  isAnywhere = false,
): readonly string[] {
  const folded = query.toLowerCase();
  const foundAt = (candidate: string) => candidate.toLowerCase().indexOf(folded);
  const beginning = candidates.filter((candidate) => foundAt(candidate) === 0);
  return isAnywhere
    ? [...beginning, ...candidates.filter((candidate) => foundAt(candidate) > 0)]
    : beginning;
}

/** Display names have spaces. A space alone ends a mention. */
const FULL_NAME = /(?:^|[\s(])[@＠]([\p{L}\p{M}\p{N}_-]+ [\p{L}\p{M}\p{N}_. -]{1,40})$/u;

/** Returns the display name, in part or whole, that was typed after an `@`. */
export function typedFullName(beforeCursor: string): string | undefined {
  return FULL_NAME.exec(beforeCursor)?.[1];
}

/** Reports whether the first typed word is somebody's name, which other words may follow. */
export function beginsWithName(typed: string, names: readonly string[]): boolean {
  const [first = ""] = typed.toLowerCase().split(" ");
  return names.some((name) => name.toLowerCase() === first);
}
