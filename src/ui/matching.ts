/** Names and targets that match what a user typed. */

import { isGroupName } from "../base/names.ts";
import { type Candidate, Finder } from "../core/finder/finder.ts";
import { shownName } from "../core/model/people.ts";
import { knownNames } from "../core/model/selectors.ts";
import type { Model } from "../core/model/state.ts";
import { targetTitle } from "./text/target-text.ts";

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

/** Returns the known people, such as `@ana`, that are not among the targets of a list. */
export function otherPeople(model: Model, listed: readonly string[]): readonly string[] {
  const folded = new Set(listed.map((target) => target.toLowerCase()));
  const people = knownNames(model).map((name) => `@${name}`);
  return people.filter((person) => !folded.has(person.toLowerCase()));
}

/** Finds targets as displayed, such as `#lobby` or `@ana`. */
export type TargetFinder = Finder<Candidate>;

/** Finds rooms and people by their account names and titles, and groups by their titles alone. */
export function targetFinder(
  model: Pick<Model, "rooms" | "displayNames" | "me">,
  targets: Iterable<string>,
): TargetFinder {
  return new Finder(
    Array.from(targets, (id) => {
      const bare = id.replace(/^[@#]/, "");
      const title = id.startsWith("@")
        ? shownName(model, bare)
        : targetTitle(model, bare).replace(/^#/, "");
      return { id, names: isGroupName(bare) || title === bare ? [title] : [bare, title] };
    }),
  );
}
