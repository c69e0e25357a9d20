/** Opens the finder, and finds what is typed into it. */

import { Finder } from "../../../core/finder/finder.ts";
import { groupHits } from "../../../core/finder/groups.ts";
import { nearNames, shorterQueries } from "../../../core/finder/near.ts";
import { isSameName } from "../../../core/model/item.ts";
import { loadedItem } from "../../../core/model/room.ts";
import { onlineNames, roomOf } from "../../../core/model/selectors.ts";
import type { FoundItem, Model, SearchQuery } from "../../../core/model/state.ts";
import { fileRows } from "../../../ui/finder/files.ts";
import { type PlaceRow, placeRows } from "../../../ui/finder/places.ts";
import { type FinderQuery, parseFinder, searchOf } from "../../../ui/finder/query.ts";
import { HELP_EN } from "../../../ui/help/en.ts";
import { findAnswers, type HelpTexts, helpEntries, relatedAnswers } from "../../../ui/help/help.ts";
import { HELP_ID } from "../../../ui/help/id.ts";
import { searchCompletions } from "../../../ui/search-query.ts";
import { SETTINGS, TERMINAL_KEYS, terminalName } from "../../../ui/settings.ts";
import { type Editor, editorOf } from "../editor/editor.ts";
import {
  type AnswerRow,
  FINDER_ORDER,
  type FinderChoice,
  type FinderGroup,
  type FinderOverlay,
  type FinderResult,
  type FinderRow,
  type FinderSource,
  finderChoices,
  isHelpQuery,
  type KeyRow,
  kindsOf,
  type NamedHit,
  type NamedRow,
  type SettingRow,
  selectedChoice,
  type ValueRow,
} from "../state/finder.ts";
import type { Action, CommandName, ScreenState } from "../state/screen-state.ts";
import { type HandlerContext, openTarget, type UpdateResult, withChange } from "./handler.ts";
import { chordName, type KeyGroup } from "./keymap.ts";

/** Longer queries are cut, because nobody types them. */
const QUERY_UNITS_MAX = 256;
const MESSAGES_LISTED_MAX = 500;
const FILTERS_LISTED_MAX = 8;
const RECENT_MAX = 8;
/** Hits that have only the letters of the query in its order. */
const SUBSEQUENCE_RANK = 5;
const THREADS_FILTER = /^in:threads(?:\s+|$)/i;
const TARGET_FILTER = /^in:\S+\s*$/i;
const FILTER_WORD = /(?<!\S)[a-z]+:\S*$/i;
const NO_RESULTS = { found: [], count: 0 };

export interface FinderOpening {
  readonly text: string;
  /** Whether only messages are searched. */
  readonly isSearch?: boolean;
  readonly selectedFrom?: number | undefined;
  readonly stateKeys?: FinderGroup | undefined;
}

/** Opens the finder in place of another overlay. */
export function openFinder(
  state: ScreenState,
  { text, selectedFrom, stateKeys, isSearch = false }: FinderOpening,
  context: HandlerContext,
): UpdateResult {
  const source = finderSource(context);
  const query = editorOf(text);
  const result = resultOf(text, source, stateKeys, state, context);
  const overlay: FinderOverlay = {
    kind: "finder",
    query,
    selectedFrom,
    selectedIndex: 0,
    source,
    result,
    unfolded: isSearch && !result.isSearch && result.search !== undefined ? "messages" : undefined,
    action: undefined,
    back: undefined,
    stateKeys,
  };
  const selectedIndex = firstChoice(overlay, context);
  const change = { overlay: { ...overlay, selectedIndex }, completion: undefined };
  return withChange(state, change, { kind: "finder-opened" }, searchAction(result));
}

/** The query of the last use is selected, and the message that was opened from it. */
export function reopenFinder(state: ScreenState, context: HandlerContext): UpdateResult {
  const { lastFinder } = state;
  if (lastFinder === undefined) return openFinder(state, { text: "" }, context);
  const { text, openedSeq, isUnfolded } = lastFinder;
  const opened = openFinder(state, { text, selectedFrom: 0, isSearch: isUnfolded }, context);
  const { overlay } = opened.state;
  if (overlay?.kind !== "finder" || openedSeq === undefined) return opened;
  const choices = choicesIn(overlay, context);
  const at = choices.findIndex(
    (choice) =>
      choice.kind === "row" &&
      choice.row.kind === "messages" &&
      choice.row.found.item.seq === openedSeq,
  );
  const change = { overlay: { ...overlay, selectedIndex: Math.max(0, at) } };
  return { state: { ...opened.state, ...change }, actions: opened.actions };
}

/** Finds in the open room; the words of the last use there are selected. */
export function findHere(state: ScreenState, context: HandlerContext): UpdateResult {
  const { lastFinder } = state;
  const isSame = lastFinder?.text.startsWith(IN_HERE) === true;
  if (!isSame) return openFinder(state, { text: IN_HERE }, context);
  const opened = reopenFinder(state, context);
  const { overlay } = opened.state;
  if (overlay?.kind !== "finder") return opened;
  const selected = { ...overlay, selectedFrom: IN_HERE.length };
  return { state: { ...opened.state, overlay: selected }, actions: opened.actions };
}

const IN_HERE = "in:here ";

/** The first row, or in the empty finder the place that was open before this one. */
function firstChoice(overlay: FinderOverlay, context: HandlerContext): number {
  if (overlay.result.groups[0]?.kind !== "calls") return 0;
  const choices = choicesIn(overlay, context);
  return Math.max(
    0,
    choices.findIndex(({ group }) => group === "recent"),
  );
}

export function choicesIn(overlay: FinderOverlay, { model, layout }: HandlerContext) {
  return finderChoices(overlay, model, layout.finderRows ?? DEFAULT_ROWS);
}

export function choiceIn(
  overlay: FinderOverlay,
  { model, layout }: HandlerContext,
): FinderChoice | undefined {
  return selectedChoice(overlay, model, layout.finderRows ?? DEFAULT_ROWS);
}

const DEFAULT_ROWS = 3;

/** Replaces the query, and finds it. */
export function withQuery(
  state: ScreenState,
  overlay: FinderOverlay,
  query: Editor,
  context: HandlerContext,
  change: Partial<FinderOverlay> = {},
): UpdateResult {
  const isRenewed = overlay.source.joinable !== context.joinable;
  const source = isRenewed ? finderSource(context) : overlay.source;
  const result = resultOf(query.text, source, overlay.stateKeys, state, context);
  const next: FinderOverlay = {
    ...overlay,
    query,
    source,
    result,
    selectedFrom: undefined,
    selectedIndex: 0,
    unfolded: undefined,
    action: undefined,
    back: undefined,
    ...change,
  };
  const selectedIndex = change.selectedIndex ?? firstChoice(next, context);
  return withChange(
    state,
    { overlay: { ...next, selectedIndex }, completion: undefined },
    searchAction(result),
  );
}

function searchAction({ search }: FinderResult): Action {
  return { kind: "find-messages", query: search };
}

function finderSource(context: HandlerContext): FinderSource {
  const { model, source, texts, joinable, titles } = context;
  const { finder } = texts;
  const commands = source.commands.map(({ name, usage, summary }): NamedRow => {
    const purpose = finder.purposes[name] ?? "";
    const all = { name, usage, summary, names: [name], texts: [summary, purpose] };
    return { kind: "commands", id: `/${name}`, ...all };
  });
  const known = new Set([...model.rooms.values()].map(({ target }) => target.toLowerCase()));
  const others = joinable
    .filter(({ room }) => !known.has(room.toLowerCase()))
    .map(({ room, topic }): NamedRow => {
      const texts = topic === "" ? [] : [topic];
      return { kind: "joinable", id: `+${room}`, target: room, topic, names: [room], texts };
    });
  const rows: readonly NamedRow[] = [
    ...placeRows(model, titles),
    ...others,
    ...fileRows(model),
    ...commands,
    ...settingRows(context),
    ...keyRows(context),
    ...answerRows(source.language),
  ];
  return { finder: new Finder(rows), rows, joinable, cache: context.finderCache };
}

function settingRows({ texts }: HandlerContext): readonly SettingRow[] {
  return TERMINAL_KEYS.map((setting) => {
    const name = terminalName(setting);
    const [about = "", values = {}] = texts.finder.settings[name] ?? [];
    const words = Object.entries(values).flat().join(" ");
    return { kind: "settings", id: `=${name}`, setting, names: [name], texts: [about, words] };
  });
}

function valueRows(setting: SettingRow["setting"], context: HandlerContext): FinderGroup {
  const { settings, texts } = context;
  const name = terminalName(setting);
  const [about = ""] = texts.finder.settings[name] ?? [];
  const rows = SETTINGS[setting].terminal.map((each): ValueRow => {
    const value = each === true ? "on" : each === false ? "off" : String(each);
    const isPresent = settings[setting] === each;
    return { kind: "values", id: `=${name} ${value}`, setting, value, isPresent, names: [] };
  });
  const title = texts.finder.setting(name, about);
  return { kind: "values", rows, title, isWhole: true };
}

function keyRows({ keymap, texts }: HandlerContext): readonly KeyRow[] {
  return [...keymap.groups()].flatMap(([group]) => keysOfGroup(group, { keymap, texts }));
}

/** Commands with the same description, such as those of ten rooms, are one row. */
export function keysOfGroup(
  group: KeyGroup,
  { keymap, texts }: Pick<HandlerContext, "keymap" | "texts">,
): readonly KeyRow[] {
  const rows = new Map<string, KeyRow>();
  for (const [command, chords] of keymap.groups().get(group) ?? []) {
    const label = texts.commands[command];
    const [chord] = chords;
    if (chord === undefined) continue;
    const before = rows.get(label);
    const text =
      before === undefined
        ? chords.slice(0, 2).map(chordName).join(", ")
        : `${before.chord.split(" … ")[0]} … ${chordName(chord)}`;
    rows.set(label, {
      kind: "keys",
      id: `${group} ${command}`,
      command: before?.command ?? command,
      chord: text,
      label,
      about: texts.groups[group],
      names: [],
      texts: [label, texts.groups[group], text],
    });
  }
  return [...rows.values()];
}

function helpIn(language: string | undefined): HelpTexts {
  return language === "id" ? HELP_ID : HELP_EN;
}

function answerRows(language: string | undefined): readonly AnswerRow[] {
  const texts = helpIn(language);
  return helpEntries(texts).map((entry) => ({
    kind: "answers",
    id: `?${entry.question}`,
    entry,
    related: () => relatedAnswers(texts, entry).map(({ question }) => question),
    names: [],
    texts: [entry.question, entry.words, entry.answer],
  }));
}

/** The first page of the help. Rows without a bound key name a command. */
function firstPage({ keymap, texts }: HandlerContext): FinderGroup {
  const { first } = texts.finder;
  const row = (
    key: keyof typeof first,
    group: KeyGroup,
    command: CommandName,
    line?: string,
  ): KeyRow => {
    const [label = "", about = ""] = first[key];
    const chords = keymap.groups().get(group)?.get(command) ?? [];
    const chord = key === "go" ? chords.at(-1) : chords[0];
    const shown = line ?? (chord === undefined ? "" : chordName(chord));
    return {
      kind: "keys",
      id: `first ${key}`,
      command,
      chord: shown,
      label,
      about,
      line,
      names: [],
    };
  };
  const rows: readonly FinderRow[] = [
    row("go", "rooms", "switcher"),
    row("missed", "rooms", "inbox"),
    row("readOn", "reading", "read-on"),
    row("forYou", "reading", "result-next"),
    row("newLine", "writing", "new-line"),
    row("correct", "reading", "select"),
    row("answer", "reading", "select"),
    row("files", "writing", "complete", "/send"),
    row("hand", "writing", "send", "/hand"),
    row("leave", "everywhere", "leave"),
    { kind: "more-help" },
  ];
  return { kind: "first", rows, isWhole: true };
}

function resultOf(
  input: string,
  source: FinderSource,
  stateKeys: FinderGroup | undefined,
  state: ScreenState,
  context: HandlerContext,
): FinderResult {
  const cut = input.slice(0, QUERY_UNITS_MAX);
  const query = parseFinder(cut);
  const nothing: FinderResult = {
    query,
    groups: [],
    search: undefined,
    local: NO_RESULTS,
    isSearch: false,
    suggestions: undefined,
    hints: undefined,
  };
  if (THREADS_FILTER.test(query.text)) {
    const rows = threadRows(query.text.replace(THREADS_FILTER, ""), source);
    const title = context.texts.finder.followedThreads;
    const hasNone = rows.length === 0 && !source.rows.some(({ kind }) => kind === "threads");
    const groups: readonly FinderGroup[] =
      rows.length === 0 ? [] : [{ kind: "threads", rows, title, isWhole: true }];
    return { ...nothing, groups, hints: hasNone ? "threads" : undefined };
  }
  const filters = filterGroup(query, context.model);
  const { search, isTarget } = searchFor(query, context);
  if (filters !== undefined && search === undefined) return { ...nothing, groups: [filters] };
  const local =
    search === undefined
      ? NO_RESULTS
      : context.messages.find(context.model, search, MESSAGES_LISTED_MAX);
  if (search !== undefined && hasFilters(search)) {
    const groups = filters === undefined ? [] : [filters];
    const found = { ...nothing, groups, search, local, isSearch: true };
    return local.count > 0
      ? found
      : { ...found, suggestions: () => suggestionsOf(query, source, context) };
  }
  if (isTarget) return { ...nothing, hints: "search" };
  const isEmpty = query.text.trim() === "";
  if (isEmpty && query.kinds === undefined) {
    return { ...nothing, groups: emptyGroups(source, state, context), hints: "all" };
  }
  const groups = isEmpty
    ? listedGroups(query, source, stateKeys, context)
    : foundGroups(query, source, context);
  const found = { ...nothing, groups, search, local };
  const isFound = groups.some(({ rows }) => rows.length > 0) || local.count > 0;
  return isFound ? found : { ...found, suggestions: () => suggestionsOf(query, source, context) };
}

/** The search for messages, and whether only a place was typed in which to search. */
function searchFor(
  { kinds, text }: FinderQuery,
  { model, times }: HandlerContext,
): { readonly search: SearchQuery | undefined; readonly isTarget: boolean } {
  if (kinds !== undefined) return { search: undefined, isTarget: false };
  const search = searchOf(text, { open: openTarget(model), ...times });
  const isAlone = search !== undefined && isTargetAlone(search);
  const isTarget = TARGET_FILTER.test(text) && (search === undefined || isAlone);
  return { search: isAlone ? undefined : search, isTarget };
}

function isTargetAlone({ text, input: _, target, words, grep, ...others }: SearchQuery): boolean {
  const { ignoreCase: __, ...filters } = others;
  const hasText = text !== "" || (words ?? []).length > 0 || (grep ?? "") !== "";
  return target !== undefined && !hasText && Object.keys(filters).length === 0;
}

function hasFilters(search: SearchQuery): boolean {
  const { target, from, sinceUnixMs, untilUnixMs, files, re } = search;
  return [target, from, sinceUnixMs, untilUnixMs, files, re].some((value) => value !== undefined);
}

function filterGroup({ kinds, text }: FinderQuery, model: Model): FinderGroup | undefined {
  const word = FILTER_WORD.exec(text)?.[0];
  if (kinds !== undefined || word === undefined) return undefined;
  const words = searchCompletions(word, model).filter(
    (found) => found.toLowerCase() !== word.toLowerCase(),
  );
  const rows = words
    .slice(0, FILTERS_LISTED_MAX)
    .map((found): FinderRow => ({ kind: "filters", word: found }));
  return rows.length === 0 ? undefined : { kind: "filters", rows, isWhole: true };
}

function threadRows(text: string, { finder }: FinderSource): readonly FinderRow[] {
  return finder
    .search(text)
    .map(({ candidate }) => candidate)
    .filter(({ kind }) => kind === "threads");
}

/** Calls, the places of the last use, and people who are online. */
function emptyGroups(
  { rows }: FinderSource,
  { previousTarget }: ScreenState,
  { model }: HandlerContext,
): readonly FinderGroup[] {
  const calls = callRows(model);
  const open = openTarget(model);
  const places = rows.filter(
    (row): row is PlaceRow => row.kind === "rooms" || row.kind === "people",
  );
  const used = places.filter(
    ({ target }) => roomOf(model, target) !== undefined && !isSameName(target, open),
  );
  const previous = used.filter(({ target }) => isSameName(target, previousTarget));
  const recent = [...new Set([...previous, ...used])].slice(0, RECENT_MAX);
  const isListed = (row: PlaceRow) => recent.includes(row) || isSameName(row.target, open);
  const online = onlineNames(model);
  const here: PlaceRow[] = [];
  for (const row of places) {
    if (here.length >= RECENT_MAX) break;
    const isHere = row.kind === "people" && online.has(row.target.slice(1).toLowerCase());
    if (isHere && !isListed(row)) here.push(row);
  }
  const groups: readonly FinderGroup[] = [
    { kind: "calls", rows: calls },
    { kind: "recent", rows: recent },
    { kind: "here", rows: here },
  ];
  return groups.filter(({ rows }) => rows.length > 0);
}

/** Unread messages that call the user, as far as their texts are known; the newest first. */
function callRows(model: Model): readonly FinderRow[] {
  const listed = new Map(model.calls.map((call) => [call.item.seq, call]));
  const found = [...model.rooms.values()].flatMap((room) => {
    if (room.kind === "person") return [];
    return room.mentions.flatMap(({ seq }): readonly FoundItem[] => {
      const item = loadedItem(room, seq) ?? listed.get(seq)?.item;
      return item === undefined ? [] : [{ room: room.id, target: room.target, item }];
    });
  });
  return found
    .sort((a, b) => b.item.seq - a.item.seq)
    .map((item): FinderRow => ({ kind: "messages", found: item }));
}

/** Everything of the kinds that a sign chooses; behind `?`, the first page. */
function listedGroups(
  query: FinderQuery,
  { finder }: FinderSource,
  stateKeys: FinderGroup | undefined,
  context: HandlerContext,
): readonly FinderGroup[] {
  if (isHelpQuery(query)) {
    const own = stateKeys === undefined ? [] : [stateKeys];
    return [...own, firstPage(context)];
  }
  const all = finder.search("").filter(({ candidate }) => kindsOf(query.kinds, candidate));
  return groupsOf(all, true);
}

function foundGroups(
  query: FinderQuery,
  source: FinderSource,
  context: HandlerContext,
): readonly FinderGroup[] {
  const { language } = context.source;
  const { kinds, text } = query;
  const isHelp = isHelpQuery(query);
  const whole = isHelp ? wholeGroup(text, source, context) : undefined;
  if (whole !== undefined) return [whole];
  const hits = source.finder
    .search(text)
    .filter(({ candidate }) => kindsOf(kinds, candidate) && (isHelp || isCommon(candidate)));
  const [best] = hits;
  const groups = groupsOf(hits, kinds?.length === 1);
  const answered = isHelp
    ? answersFirst(groups, () => nearAnswers(text, source, language))
    : groups;
  if (best?.rank !== 0 || best.candidate.kind !== "settings") return answered;
  const values = valueRows(best.candidate.setting, context);
  const others = answered
    .map((group) => ({ ...group, rows: group.rows.filter((row) => row !== best.candidate) }))
    .filter(({ rows }) => rows.length > 0);
  return [values, ...others];
}

/** Keys of editing and of lists are found behind `?` alone. */
function isCommon(row: NamedRow): boolean {
  return row.kind !== "keys" || COMMON_KEYS.has(row.id.split(" ")[0] ?? "");
}

const COMMON_KEYS: ReadonlySet<string> = new Set(["everywhere", "rooms", "reading", "selected"]);

/** Behind `?`, the name of a group lists all of it: `?keys`. */
function wholeGroup(
  text: string,
  { rows }: FinderSource,
  { texts }: HandlerContext,
): FinderGroup | undefined {
  const typed = text.trim().toLowerCase();
  const kind = (["keys", "commands", "settings", "answers"] as const).find(
    (each) => texts.finder.all[each] === typed,
  );
  if (kind === undefined) return undefined;
  return { kind, rows: rows.filter((row) => row.kind === kind), isWhole: true };
}

function answersFirst(
  groups: readonly FinderGroup[],
  near: () => readonly FinderGroup[],
): readonly FinderGroup[] {
  const answers = groups.filter(({ kind }) => kind === "answers");
  const others = groups.filter(({ kind }) => kind !== "answers");
  return [...(answers.length > 0 ? answers : near()), ...others];
}

function nearAnswers(
  text: string,
  { rows }: FinderSource,
  language: string | undefined,
): readonly FinderGroup[] {
  const entries = findAnswers(helpIn(language), text);
  const found = entries.flatMap((entry) =>
    rows.filter((row) => row.kind === "answers" && row.entry.question === entry.question),
  );
  return found.length === 0 ? [] : [{ kind: "answers", rows: found }];
}

/** Rooms that can be joined follow those that the user is in. */
function groupsOf(hits: readonly NamedHit[], isWhole: boolean): readonly FinderGroup[] {
  const groups = groupHits(hits, FINDER_ORDER).map(({ kind, hits: found }) => ({
    kind,
    rows: found.map(({ candidate }) => candidate),
  }));
  const joinable = groups.find(({ kind }) => kind === "joinable")?.rows ?? [];
  const hasRooms = groups.some(({ kind }) => kind === "rooms");
  return groups.flatMap(({ kind, rows }): readonly FinderGroup[] => {
    if (kind === "joinable" && hasRooms) return [];
    const all = kind === "rooms" ? [...rows, ...joinable] : rows;
    const group = kind === "joinable" ? "rooms" : kind;
    return [{ kind: group, rows: all, ...(isWhole ? { isWhole } : {}) }];
  });
}

/** Kinds that people have made, without those of the program. */
const CONTENT: ReadonlySet<NamedRow["kind"]> = new Set(["rooms", "people", "threads", "files"]);

/** Kinds of which a name with one letter wrong is proposed. */
const NEAR: ReadonlySet<NamedRow["kind"]> = new Set(["rooms", "people", "joinable", "commands"]);

/** Other queries, and names with one letter wrong, for a query that finds nothing here. */
function suggestionsOf(
  { kinds, text }: FinderQuery,
  source: FinderSource,
  context: HandlerContext,
): readonly FinderGroup[] {
  const named = source.rows.filter((row) => NEAR.has(row.kind) && kindsOf(kinds, row));
  const near = nearNames(named, text);
  const isCounted = (row: NamedRow) =>
    kindsOf(kinds, row) && (kinds !== undefined || CONTENT.has(row.kind));
  const counted = shorterQueries(text).map((query) => {
    const hits = source.finder
      .search(query)
      .filter(({ candidate, rank }) => rank < SUBSEQUENCE_RANK && isCounted(candidate));
    const { search } = searchFor({ kinds, text: query }, context);
    const hasFilter = search !== undefined && hasFilters(search);
    const messages =
      search === undefined ? 0 : context.messages.find(context.model, search, 1).count;
    return { kind: "shorter" as const, query, count: messages + (hasFilter ? 0 : hits.length) };
  });
  const shorter = counted.filter(({ count }) => count > 0);
  const groups: readonly FinderGroup[] = [
    { kind: "near", rows: near },
    { kind: "shorter", rows: shorter },
  ];
  return groups.filter(({ rows }) => rows.length > 0);
}
