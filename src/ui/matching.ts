/** Names and targets that match what a user typed. */

import { foldCase } from "../base/case-fold.ts";
import { isGroupName } from "../base/names.ts";
import { displayedLike } from "../core/model/people.ts";
import type { Model } from "../core/model/state.ts";
import { targetTitle } from "./text/target-text.ts";

/**
 * Keeps the original order. With `isAnywhere`, candidates that only contain the query follow those
 * that begin with it.
 * @param skipped pattern to remove from candidates before the comparison
 */
export function matching(
  candidates: readonly string[],
  query: string,
  isAnywhere = false,
  skipped: RegExp | "" = "",
): readonly string[] {
  const folded = query.toLowerCase();
  const foundAt = (candidate: string) =>
    candidate.replace(skipped, "").toLowerCase().indexOf(folded);
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

/** Finds groups by their titles, and people also by their display names. */
export function targetsLike(
  model: Pick<Model, "rooms" | "displayNames">,
  targets: readonly string[],
  query: string,
): readonly string[] {
  const folded = foldCase(query);
  const isGroup = (target: string) => isGroupName(target.replace(/^#/, ""));
  const isTitled = (target: string) => foldCase(targetTitle(model, target)).includes(folded);
  const named = query === "" ? targets : targets.filter((target) => !isGroup(target));
  const found = matching(named, query, true, /^[@#]/);
  const titled = targets.filter((target) => isGroup(target) && isTitled(target));
  return [...new Set([...found, ...titled, ...displayedLike(model, targets, query)])];
}
