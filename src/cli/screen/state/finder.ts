/** Finder of the full screen: what it offers, what a query finds, and the rows that it lists. */

import type { Candidate, Finder, RankedHit } from "../../../core/finder/finder.ts";
import { type LocalResults, mergedResults } from "../../../core/finder/messages.ts";
import { isErased, isIgnored } from "../../../core/model/selectors.ts";
import type {
  FoundItem,
  Member,
  Model,
  SearchQuery,
  SearchView,
} from "../../../core/model/state.ts";
import type { FoundFile } from "../../../ui/finder/files.ts";
import type { PlaceRow } from "../../../ui/finder/places.ts";
import type { FinderKind, FinderQuery } from "../../../ui/finder/query.ts";
import type { HelpAnswer } from "../../../ui/help/help.ts";
import type { FinderTexts } from "../../../ui/messages/en/finder.ts";
import type { TerminalSettings } from "../../../ui/settings.ts";
import type { Editor } from "../editor/editor.ts";
import type { CommandName } from "./screen-state.ts";

/** A room that the user may join. */
export interface JoinableRow extends Candidate {
  readonly kind: "joinable";
  readonly target: string;
  readonly topic: string;
}

export interface SlashCommandRow extends Candidate {
  readonly kind: "commands";
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
}

export interface SettingRow extends Candidate {
  readonly kind: "settings";
  readonly setting: keyof TerminalSettings;
}

export interface ValueRow extends Candidate {
  readonly kind: "values";
  readonly setting: keyof TerminalSettings;
  readonly value: string;
  readonly isPresent: boolean;
}

export interface KeyRow extends Candidate {
  readonly kind: "keys";
  readonly command: CommandName;
  /** As displayed, such as `Ctrl-K`. */
  readonly chord: string;
  /** The action; in the first page of the help, the purpose. */
  readonly label: string;
  readonly about: string;
  /** Text that it puts into the input line in place of running the command. */
  readonly line?: string | undefined;
}

export interface AnswerRow extends Candidate {
  readonly kind: "answers";
  readonly entry: HelpAnswer;
  /** Other questions that share its words. */
  readonly related: () => readonly string[];
}

/** Everything that is found by its names and texts. */
export type NamedRow =
  | PlaceRow
  | FoundFile
  | JoinableRow
  | SlashCommandRow
  | SettingRow
  | KeyRow
  | AnswerRow;

export type FinderRow =
  | NamedRow
  | ValueRow
  | { readonly kind: "messages"; readonly found: FoundItem }
  /** A query with a word less, and what it finds. */
  | { readonly kind: "shorter"; readonly query: string; readonly count: number }
  /** A filter, or one with its value. */
  | { readonly kind: "filters"; readonly word: string }
  | { readonly kind: "more-help" };

export type FinderGroupKind = keyof FinderTexts["groups"] | "first" | "values";

export interface FinderGroup {
  readonly kind: FinderGroupKind;
  readonly rows: readonly FinderRow[];
  /** Overrides the title, such as the name of a setting. */
  readonly title?: string;
  /** Whether all rows are listed. */
  readonly isWhole?: true;
}

/** Results of a query, as of when it was typed. */
export interface FinderResult {
  readonly query: FinderQuery;
  /** Without the messages, which are last. */
  readonly groups: readonly FinderGroup[];
  /** `undefined` if no message is searched. */
  readonly search: SearchQuery | undefined;
  readonly local: LocalResults;
  /** Whether only messages are searched, so that all of them are listed. */
  readonly isSearch: boolean;
  /** Groups for a query that finds nothing; `undefined` if it has found something here. */
  readonly suggestions: (() => readonly FinderGroup[]) | undefined;
  /** Hints below an empty query. */
  readonly hints: "all" | "search" | "threads" | undefined;
}

/** Everything that can be found by name. Built when the finder opens. */
export interface FinderSource {
  readonly finder: Finder<NamedRow>;
  readonly rows: readonly NamedRow[];
  readonly joinable: readonly JoinableRoom[];
  readonly cache: FinderCache;
}

/** A room of the server that the user is not in. */
export interface JoinableRoom {
  readonly room: string;
  readonly topic: string;
}

/** Texts of small files by their ids; empty if a file is no text. */
export type FileTexts = ReadonlyMap<string, string>;

export const FINDER_ACTIONS = [
  ...(["open", "open-beside", "fill", "mark-read", "mute", "save-file"] as const),
  ...(["copy-name", "copy-text", "copy-number"] as const),
];
export type FinderAction = (typeof FINDER_ACTIONS)[number];

export interface FinderOverlay {
  readonly kind: "finder";
  readonly query: Editor;
  /** Index from which on the query is selected, so that typing replaces it. */
  readonly selectedFrom: number | undefined;
  /** Index among the rows that can be chosen. */
  readonly selectedIndex: number;
  readonly source: FinderSource;
  readonly result: FinderResult;
  readonly unfolded: FinderGroupKind | undefined;
  /** Index of the action, while the actions of the selected row are listed. */
  readonly action: number | undefined;
  /** Query to which Esc returns. */
  readonly back: string | undefined;
  /** Keys of the state in which the help was opened. */
  readonly stateKeys: FinderGroup | undefined;
}

/** Query and cursor of the finder when it was closed. */
export interface LastFinder {
  readonly text: string;
  /** Seq of the message that was opened from it. */
  readonly openedSeq: number | undefined;
  readonly isUnfolded: boolean;
}

export type FinderLine =
  | {
      readonly kind: "heading";
      readonly group: FinderGroupKind;
      readonly title?: string | undefined;
      /** Number of all rows; `undefined` if it is not known, or all are listed. */
      readonly count?: string | undefined;
      readonly state?: "searching" | "not-connected" | undefined;
    }
  | {
      readonly kind: "row";
      readonly row: FinderRow;
      readonly group: FinderGroupKind;
      readonly isDim: boolean;
      /** Whether the row has a second line with its text. */
      readonly isTall: boolean;
    }
  | { readonly kind: "more"; readonly group: FinderGroupKind; readonly count: string }
  | { readonly kind: "hints"; readonly hints: NonNullable<FinderResult["hints"]> }
  | { readonly kind: "nothing" };

export type FinderChoice = Extract<FinderLine, { readonly kind: "row" | "more" }>;

/** Rows of a group before it is unfolded, by the height of the screen. */
export function groupRows(rows: number): number {
  if (rows >= 40) return 6;
  return rows < 18 ? 2 : 3;
}

/** Number of messages from which on only `500+` is said. */
const COUNTED_MAX = 500;

function countedTo(count: number, hasMore: boolean): string {
  return count >= COUNTED_MAX || hasMore ? `${Math.min(count, COUNTED_MAX)}+` : `${count}`;
}

export function isSameSearch(view: SearchView | undefined, query: SearchQuery | undefined) {
  return (
    view !== undefined &&
    query !== undefined &&
    view.query.input === query.input &&
    view.query.target === query.target
  );
}

/** Messages that were found here, then those of the server, without what was erased since. */
export function foundMessages({ result }: FinderOverlay, model: Model): readonly FoundItem[] {
  const { search, local } = result;
  if (search === undefined) return [];
  const isAnswered = isSameSearch(model.search, search);
  const all = isAnswered ? mergedResults(local.found, model.search?.found ?? []) : local.found;
  return all.filter(
    ({ room, item }) =>
      !isErasedIn(model, room, item.seq) &&
      (search.from !== undefined || !isIgnored(model, item.from)),
  );
}

function isErasedIn({ rooms }: Model, id: FoundItem["room"], seq: number): boolean {
  const room = rooms.get(id);
  return room?.changes.has(seq) === true && isErased({ rooms: new Map([[id, room]]) }, seq);
}

/** Lines of the last overlay, which a frame needs several times, and names of members. */
export class FinderCache {
  #of: readonly unknown[] = [];
  #lines: readonly FinderLine[] = [];
  readonly #names = new WeakMap<readonly Member[], ReadonlySet<string>>();

  lines(overlay: FinderOverlay, model: Model, rowsPerGroup: number): readonly FinderLine[] {
    const of = [overlay, model, rowsPerGroup];
    if (!of.every((value, i) => value === this.#of[i])) {
      this.#lines = linesOf(overlay, model, rowsPerGroup);
      this.#of = of;
    }
    return this.#lines;
  }

  /** In lower case. */
  namesOf(members: readonly Member[]): ReadonlySet<string> {
    const known = this.#names.get(members);
    if (known !== undefined) return known;
    const names = new Set(members.map(({ name }) => name.toLowerCase()));
    this.#names.set(members, names);
    return names;
  }
}

/** Returns the listed lines, in order. */
export function finderLines(
  overlay: FinderOverlay,
  model: Model,
  rowsPerGroup: number,
): readonly FinderLine[] {
  return overlay.source.cache.lines(overlay, model, rowsPerGroup);
}

function linesOf(
  overlay: FinderOverlay,
  model: Model,
  rowsPerGroup: number,
): readonly FinderLine[] {
  const { result, unfolded } = overlay;
  const lines: FinderLine[] = [];
  for (const group of result.groups) {
    if (unfolded !== undefined && unfolded !== group.kind) continue;
    const isWhole = group.isWhole === true || unfolded === group.kind;
    pushGroup(lines, group, isWhole ? Number.POSITIVE_INFINITY : rowsPerGroup);
  }
  if (unfolded === undefined || unfolded === "messages") {
    pushMessages(lines, overlay, model, rowsPerGroup);
  }
  const { hints, suggestions } = result;
  const isFound = lines.some(({ kind }) => kind === "row" || kind === "more");
  const isSearching = lines.some((line) => line.kind === "heading" && line.state === "searching");
  if (hints !== undefined) return [...lines, { kind: "hints", hints }];
  if (isFound || isSearching) return lines;
  for (const group of suggestions?.() ?? []) pushGroup(lines, group, Number.POSITIVE_INFINITY);
  const isSuggested = lines.some(({ kind }) => kind === "row");
  return isSuggested ? lines : [...lines, { kind: "nothing" }];
}

/** Groups of the empty finder, of which only the first rows are listed. */
const LATEST: ReadonlySet<FinderGroupKind> = new Set(["calls", "recent", "here"]);

function pushGroup(lines: FinderLine[], group: FinderGroup, max: number): void {
  const { kind, rows, title } = group;
  if (LATEST.has(kind)) {
    lines.push({ kind: "heading", group: kind });
    for (const row of rows.slice(0, kind === "recent" ? max + 1 : max)) {
      lines.push({ kind: "row", row, group: kind, isDim: false, isTall: false });
    }
    return;
  }
  const visible = rows.length === max + 1 ? rows : rows.slice(0, max);
  if (kind !== "first" && kind !== "filters") lines.push({ kind: "heading", group: kind, title });
  for (const row of visible) {
    lines.push({ kind: "row", row, group: kind, isDim: false, isTall: isTallRow(row, max) });
  }
  const rest = rows.length - visible.length;
  if (rest > 0) lines.push({ kind: "more", group: kind, count: `${rest}` });
}

/** Threads of a whole list have a second line. */
function isTallRow({ kind }: FinderRow, max: number): boolean {
  return kind === "threads" && max === Number.POSITIVE_INFINITY;
}

function pushMessages(
  lines: FinderLine[],
  overlay: FinderOverlay,
  model: Model,
  rowsPerGroup: number,
): void {
  const { result, unfolded } = overlay;
  const { search, local, isSearch } = result;
  if (search === undefined) return;
  const isAnswered = isSameSearch(model.search, search) && model.search?.isLoading === false;
  const isOnline = model.connection.kind === "online";
  const hasFailed = isSameSearch(model.search, search) && model.search?.fault !== undefined;
  const found = foundMessages(overlay, model);
  const state = !isOnline || hasFailed ? "not-connected" : isAnswered ? undefined : "searching";
  if (found.length === 0 && state !== "searching") return;
  const hasMore = isAnswered && model.search?.hasMore === true;
  const beyond = local.count - local.found.length;
  const total = found.length + beyond;
  const isWhole = isSearch || unfolded === "messages";
  const max = isWhole ? Number.POSITIVE_INFINITY : rowsPerGroup;
  const visible =
    found.length === max + 1 && !hasMore && beyond === 0 ? found : found.slice(0, max);
  const isCounted = state !== "searching" && (total > 1 || hasMore);
  const count = isCounted ? countedTo(total, hasMore) : undefined;
  lines.push({ kind: "heading", group: "messages", count, state });
  for (const item of visible) {
    const row = { kind: "messages", found: item } as const;
    lines.push({ kind: "row", row, group: "messages", isDim: false, isTall: isWhole });
  }
  const rest = total - visible.length;
  if (!isWhole && rest > 0) {
    lines.push({ kind: "more", group: "messages", count: countedTo(rest, hasMore) });
  }
}

export function isFinderChoice(line: FinderLine): line is FinderChoice {
  return line.kind === "row" || line.kind === "more";
}

export function finderChoices(
  overlay: FinderOverlay,
  model: Model,
  rowsPerGroup: number,
): readonly FinderChoice[] {
  return finderLines(overlay, model, rowsPerGroup).filter(isFinderChoice);
}

/** The row on which the cursor is; the last one if fewer are left. */
export function selectedChoice(
  overlay: FinderOverlay,
  model: Model,
  rowsPerGroup: number,
): FinderChoice | undefined {
  const choices = finderChoices(overlay, model, rowsPerGroup);
  return choices[Math.min(overlay.selectedIndex, choices.length - 1)];
}

export function isHelpQuery({ kinds }: FinderQuery): boolean {
  return kinds?.includes("answers") === true;
}

/**
 * Actions that apply to a row.
 * @param isWide whether the screen has room for a second pane
 */
export function finderActions(
  choice: FinderChoice | undefined,
  isWide: boolean,
): readonly FinderAction[] {
  if (choice?.kind !== "row") return [];
  const { row } = choice;
  const open: readonly FinderAction[] = isWide ? ["open", "open-beside"] : ["open"];
  switch (row.kind) {
    case "people":
    case "rooms":
      return [...open, "mark-read", "mute", "copy-name"];
    case "threads":
      return open;
    case "files":
      return [...open, "save-file", "copy-name"];
    case "messages":
      return [...open, "copy-text", "copy-number"];
    case "commands":
      return ["fill", "copy-name"];
    default:
      return [];
  }
}

/** Kinds in the order in which groups of equal rank are listed. */
export const FINDER_ORDER: readonly NamedRow["kind"][] = [
  ...(["rooms", "people", "joinable", "threads", "files"] as const),
  ...(["commands", "settings", "keys", "answers"] as const),
];

export function kindsOf(kinds: readonly FinderKind[] | undefined, { kind }: NamedRow): boolean {
  if (kinds === undefined) return true;
  return kinds.includes(kind === "joinable" ? "rooms" : kind);
}

export type NamedHit = RankedHit<NamedRow>;
