/** Results of this browser, and those that the server adds. */

import { unlessFault } from "../../../base/fault.ts";
import type { Finder, RankedHit } from "../../../core/finder/finder.ts";
import { MessageFinder, mergedResults } from "../../../core/finder/messages.ts";
import { isSameName } from "../../../core/model/item.ts";
import { filesOfItems } from "../../../core/model/selectors.ts";
import type { FoundItem, Item, Model, SearchQuery, SearchView } from "../../../core/model/state.ts";
import { parseFinder, searchOf } from "../../../ui/finder/query.ts";
import { parseSearch, type SearchContext } from "../../../ui/search-query.ts";
import { timesNow } from "../../../ui/text/times.ts";
import { groupedResults, type ResultGroup, withLate } from "./results.ts";
import { type FoundRow, messageRow } from "./rows.ts";
import type { FinderView, FoundKind } from "./store.ts";

const LOCAL_MAX = 200;
/** Rank of a hit by letters that need not be neighbours. */
const RANK_OF_LETTERS = 5;
/** Rank of messages, which have all words somewhere. */
const RANK_OF_MESSAGES = 4;
/** Letters from which a name may have others between them. */
const SPREAD_LETTERS_MIN = 3;

export const messageFinder = new MessageFinder();

/** Typed text and its meaning. */
export interface Asked extends FinderView {
  readonly typed: string;
  readonly query: SearchQuery | undefined;
  /** Only messages and files have what the filters ask for. */
  readonly hasFilters: boolean;
  /** Why a filter is wrong. */
  readonly fault: unknown;
}

const GROUP_OF_SIGN: Partial<Record<string, FoundKind>> = {
  people: "people",
  rooms: "rooms",
  commands: "actions",
  answers: "help",
};

export function askedOf(
  { text: typed, group, target }: FinderView,
  open: string | undefined,
): Asked {
  const { kinds, text } = parseFinder(typed);
  const chosen = group ?? GROUP_OF_SIGN[kinds?.[0] ?? ""];
  const base = { typed, group: chosen, target, text: text.trim() };
  const isSearched = chosen === undefined || chosen === "messages" || chosen === "files";
  const context = { open, ...timesNow() };
  // A search for messages alone takes fewer letters, too.
  const isMessages = chosen === "messages";
  const parsed = isMessages
    ? unlessFault(() => parseSearch(base.text, context))
    : isSearched
      ? searchOf(base.text, context)
      : undefined;
  const fault = isSearched && FILTER.test(base.text) ? faultOf(base.text, context) : undefined;
  const hasFiles = chosen === "files";
  if (parsed === undefined) {
    const query = hasFiles && base.text === "" ? { input: "", text: "", files: true } : undefined;
    return { ...base, query: query && withTarget(query, target), hasFilters: false, fault };
  }
  const { from, sinceUnixMs, untilUnixMs, files, re } = parsed;
  const hasFilters = [from, sinceUnixMs, untilUnixMs, files, re, parsed.target].some(
    (filter) => filter !== undefined,
  );
  const query = withTarget(hasFiles ? { ...parsed, files: true } : parsed, target);
  return { ...base, query, text: parsed.text, hasFilters, fault };
}

/** Word that may be a filter with a value. */
const FILTER = /(?:^|\s)[a-z]+:\S/i;

function faultOf(text: string, context: SearchContext): unknown {
  try {
    parseSearch(text, context);
    return undefined;
  } catch (error) {
    return error;
  }
}

function withTarget(query: SearchQuery, target: string | undefined): SearchQuery {
  return target === undefined || query.target !== undefined ? query : { ...query, target };
}

export function isSameQuery(a: SearchQuery, b: SearchQuery | undefined): boolean {
  return a.input === b?.input && a.target === b.target && a.files === b.files;
}

export interface Sources {
  readonly rows: readonly FoundRow[];
  readonly finder: Finder<FoundRow>;
  readonly commands: Finder<FoundRow>;
}

export interface FoundNow {
  readonly groups: readonly ResultGroup<FoundRow>[];
  readonly whys: Whys;
}

/** Functions that return the text in which a row was found, by the row's id. */
export type Whys = ReadonlyMap<string, () => string | undefined>;

export type Entries = Finder<FoundRow> | undefined;

function isWanted({ kind }: FoundRow, rank: number, { group, text }: Asked): boolean {
  if (group !== undefined && kind !== group) return false;
  const isPlace = kind === "people" || kind === "rooms" || kind === "files";
  return (
    rank < RANK_OF_LETTERS || (isPlace && text.length >= SPREAD_LETTERS_MIN) || group !== undefined
  );
}

/** Finds what this browser knows. */
export function findLocally(
  asked: Asked,
  { finder, commands }: Sources,
  entries: Entries,
  model: Model,
  isConnected: boolean,
): FoundNow {
  const { text, group, target, query, hasFilters } = asked;
  const isEverywhere = target === undefined && !hasFilters;
  const inTarget = (row: FoundRow) =>
    row.kind === "files" && (target === undefined || isSameName(row.target, target));
  const places =
    hasFilters && group !== "files"
      ? []
      : [
          ...finder.search(text),
          ...(isEverywhere && entries !== undefined ? entries.search(text) : []),
          ...(isEverywhere && group === "actions" ? commands.search(text) : []),
        ].filter(
          ({ candidate, rank }) =>
            isWanted(candidate, rank, asked) && (isEverywhere || inTarget(candidate)),
        );
  const isSearched = query !== undefined && group !== "files";
  const local = isSearched ? messageFinder.find(model, query, LOCAL_MAX) : undefined;
  const texts = local?.found.filter(({ item }) => !isListedFile(item, asked)) ?? [];
  const messages: RankedHit<FoundRow>[] = texts.map((found) => ({
    candidate: messageRow(found),
    rank: RANK_OF_MESSAGES,
    text: () => undefined,
  }));
  const hits = [...places, ...messages].toSorted((a, b) => a.rank - b.rank);
  const isSearching = isSearched && isConnected;
  const omitted = (local?.found.length ?? 0) - texts.length;
  const counts = { count: (local?.count ?? 0) - omitted, hasMore: false };
  const groups = groupedResults(hits, { group, messages: counts, isSearching });
  return { groups, whys: new Map(hits.map(({ candidate, text: why }) => [candidate.id, why])) };
}

/** Whether a message is only its files, which have a group of their own. */
function isListedFile({ text, files }: Item, { group, hasFilters }: Asked): boolean {
  return group === undefined && !hasFilters && text === "" && files.length > 0;
}

/** Adds what the server found. */
export function withFound(
  groups: readonly ResultGroup<FoundRow>[],
  asked: Asked,
  { found, hasMore }: SearchView,
): readonly ResultGroup<FoundRow>[] {
  const { group, query } = asked;
  if (query === undefined) return groups;
  const lateFiles = (late: SearchView["found"]) => {
    const files = groups.find(({ kind }) => kind === "files");
    const ids = new Set(files?.rows.map(({ id }) => id));
    return late
      .flatMap(({ item, target }) =>
        filesOfItems([item]).map(
          ({ file }): FoundRow => ({
            kind: "files",
            id: file.file,
            target,
            item,
            file,
            names: [file.name],
          }),
        ),
      )
      .filter(({ id }) => !ids.has(id));
  };
  const known = groups.find(({ kind }) => kind === (group === "files" ? "files" : "messages"));
  if (group === "files") {
    const late = lateFiles(found);
    return withLate(groups, "files", late, { count: (known?.count ?? 0) + late.length, hasMore });
  }
  const local = known?.rows.flatMap((row) => (row.kind === "messages" ? [row.found] : [])) ?? [];
  const isFile = ({ item }: FoundItem) => isListedFile(item, asked);
  const texts = found.filter((one) => !isFile(one));
  const late = mergedResults(local, texts).slice(local.length).map(messageRow);
  const count = Math.max(known?.count ?? 0, local.length + late.length);
  const withMessages = withLate(groups, "messages", late, { count, hasMore });
  return withLate(withMessages, "files", lateFiles(found.filter(isFile)));
}
