/** Suggestions for a query that finds nothing. */

import { isName } from "../../../base/names.ts";
import { queryParts } from "../../../base/query-words.ts";
import type { Finder } from "../../../core/finder/finder.ts";
import { nearNames, shorterQueries } from "../../../core/finder/near.ts";
import type { PageFinderTexts } from "../../../ui/messages/en/finder-page.ts";
import type { IconName } from "../shell/icons.tsx";
import type { FoundRow } from "./rows.ts";
import type { FinderView } from "./store.ts";

export interface SuggestionRow {
  readonly kind: "suggestion";
  readonly id: string;
  readonly title: string;
  /** Words of the title that are left out. */
  readonly omitted: string;
  /** Words of the title that were corrected. */
  readonly corrected: string;
  readonly about: string;
  readonly count: string;
  readonly icon: IconName;
  /** Person whose face stands for the icon. */
  readonly user?: string | undefined;
  /** Next state of the finder. */
  readonly view: FinderView | undefined;
  readonly run?: () => void;
}

interface Counted {
  readonly messages: number;
  readonly files: number;
  readonly others: number;
}

interface SuggestionOptions {
  readonly view: FinderView;
  readonly text: string;
  readonly rows: readonly FoundRow[];
  readonly finder: Finder<FoundRow>;
  /** Counts what a view finds in this browser. */
  readonly countOf: (view: FinderView) => Counted;
  readonly titleOf: (target: string) => string;
  readonly own: PageFinderTexts;
}

const NEAR_MAX = 2;

/** Returns only suggestions that find something. */
export function suggestions(options: SuggestionOptions): readonly SuggestionRow[] {
  const { view, text, own, countOf, titleOf } = options;
  const base = { kind: "suggestion", omitted: "", corrected: "", icon: "search" } as const;
  const counted = (next: FinderView) => {
    const { messages, files, others } = countOf(next);
    if (messages > 0) return own.messageCount(messages, false);
    if (files > 0) return own.fileCount(files);
    return others > 0 ? own.count(others, false) : undefined;
  };
  const found: SuggestionRow[] = [];
  const add = (row: Omit<SuggestionRow, "count">) => {
    const count = row.view === undefined ? "" : counted(row.view);
    if (count !== undefined) found.push({ ...row, count });
  };
  for (const near of nearQueries(options)) {
    add({
      ...base,
      id: `near ${near.text}`,
      title: near.text,
      corrected: near.word,
      about: own.didYouMean(near.name),
      user: near.user,
      view: { ...view, text: near.text },
    });
  }
  const parts = queryParts(text);
  shorterQueries(text).forEach((shorter, at) => {
    const omitted = parts[at] ?? "";
    const next = { ...view, text: shorter };
    add({
      ...base,
      id: `shorter ${at}`,
      title: text,
      omitted,
      about: own.without(omitted),
      view: next,
    });
  });
  if (view.group !== undefined) {
    const about = own.notOnly(own.groups[view.group]);
    add({
      ...base,
      id: "any group",
      title: text,
      about,
      view: { ...view, text, group: undefined },
    });
  }
  if (view.target !== undefined) {
    const about = own.notOnlyIn(titleOf(view.target));
    const next = { ...view, target: undefined };
    add({ ...base, id: "anywhere", title: text, about, view: next });
  }
  return found;
}

interface NearQuery {
  readonly text: string;
  readonly word: string;
  readonly name: string;
  readonly user: string | undefined;
}

/** Queries with a word replaced by the name of a person or room that it resembles. */
function nearQueries({ text, rows }: SuggestionOptions): readonly NearQuery[] {
  const places = rows.filter(({ kind }) => kind === "people" || kind === "rooms");
  const parts = queryParts(text);
  return parts
    .flatMap((part, at) =>
      nearNames(places, part).map((row) => {
        const [name = ""] = row.names;
        const word = nearestWord(name, part);
        const user = row.kind === "people" ? row.target.slice(1) : undefined;
        return { text: parts.with(at, word).join(" "), word, name, user };
      }),
    )
    .slice(0, NEAR_MAX);
}

function nearestWord(name: string, typed: string): string {
  const words = name.split(/[\s\p{P}]+/u).filter((word) => word !== "");
  const distance = (word: string) =>
    Math.abs(word.length - typed.length) + (sharedStart(word, typed) === 0 ? 2 : 0);
  const nearest = words.toSorted((a, b) => distance(a) - distance(b))[0] ?? name;
  return nearest.toLowerCase();
}

function sharedStart(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at]?.toLowerCase() === b[at]?.toLowerCase()) at++;
  return at;
}

/** Whether a room of this name may be joined or created. */
export function isRoomName(text: string): boolean {
  return isName(text.trim().replace(/^#/, ""));
}
