/** Finder on the full screen: the field in the first row, and what it finds below. */

import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { matchSegments } from "../../../core/markup/match.ts";
import { plainLine } from "../../../core/markup/plain.ts";
import { lastUnignored, roomOf } from "../../../core/model/selectors.ts";
import type { FoundItem, Model } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import type { PlaceRow } from "../../../ui/finder/places.ts";
import { answerText } from "../../../ui/help/help.ts";
import { terminalName } from "../../../ui/settings.ts";
import { authorText, briefText, lastLine } from "../../../ui/text/event-text.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { targetTitle } from "../../../ui/text/target-text.ts";
import { dayAndClock, type Times } from "../../../ui/text/times.ts";
import {
  type FileTexts,
  type FinderChoice,
  type FinderLine,
  type FinderOverlay,
  type FinderRow,
  finderActions,
  finderLines,
  groupRows,
  isFinderChoice,
  isHelpQuery,
  selectedChoice,
} from "../state/finder.ts";
import type { ScreenTexts } from "../text/texts.ts";
import type { Entry } from "./overlay.ts";
import { nickRole } from "./palette.ts";
import { countText, limitedCount } from "./panels.ts";
import { cutLine, cutTo, fitTo, type Span, type StyledLine, widthOf } from "./style.ts";
import { wrapSpans } from "./wrap.ts";

export interface FinderOptions {
  readonly overlay: FinderOverlay;
  readonly model: Model;
  readonly texts: ScreenTexts;
  readonly times: Times;
  /** Rows of the screen. */
  readonly rows: number;
  readonly isWide: boolean;
  /** Whether a row has only its name and its count. */
  readonly isNarrow: boolean;
  readonly isMuted: (target: string) => boolean;
  /** Names in lower case. */
  readonly online: ReadonlySet<string>;
  readonly fileTexts: FileTexts;
}

/** Below this height, a result has one row. */
const TALL_FROM_ROWS = 16;
/** Before a name: the cursor, and a blank for the sign of its group. */
const INDENT = 3;
/** A name and its counts. */
const NAME_COLUMNS = 20;
const LABEL_COLUMNS = 21;
const PLACE_COLUMNS_MAX = 16;
const KEY_COLUMNS = 24;
const CHORD_COLUMNS = 11;

/** Returns exactly `height` entries around the selected row. Lays out only these. */
export function finderEntries(
  options: FinderOptions,
  columns: number,
  height: number,
): readonly Entry[] {
  const { overlay, model, rows } = options;
  if (overlay.action !== undefined) return filled(actionEntries(options), columns, height);
  const lines = finderLines(overlay, model, groupRows(rows));
  const selected = selectedChoice(overlay, model, groupRows(rows));
  const at = selected === undefined ? 0 : lines.indexOf(selected);
  const from = firstLine(lines, at, height);
  const shown = lines.slice(from, from + height + 1);
  const widths = resultWidths(shown, options);
  let choice = lines.slice(0, from).filter(isFinderChoice).length - 1;
  const entries: Entry[] = [];
  let until = 0;
  for (const line of shown) {
    if (isFinderChoice(line)) choice++;
    const isSelected = line === selected;
    for (const [i, styled] of linesOf(
      line,
      isSelected,
      { ...options, ...widths },
      columns,
    ).entries()) {
      // The text of an answer is below its row.
      const isRow = isFinderChoice(line) && (i === 0 || (line.kind === "row" && line.isTall));
      entries.push({
        line: styled,
        ...(isFinderChoice(line) ? { choice } : {}),
        ...(isSelected && isRow ? { background: "selected" } : {}),
      });
    }
    if (isSelected) until = entries.length;
  }
  return filled(entries.slice(Math.max(0, until - height)), columns, height);
}

/** Index of the first visible line, so that the selected one is in the middle. */
function firstLine(lines: readonly FinderLine[], at: number, height: number): number {
  const heightOf = (line: FinderLine | undefined) => (line?.kind === "row" && line.isTall ? 2 : 1);
  let [from, used] = [at, heightOf(lines[at])];
  while (from > 0 && used + heightOf(lines[from - 1]) <= height / 2)
    used += heightOf(lines[--from]);
  // The end of the list stays at the lower edge.
  let [to, below] = [at + 1, used];
  while (to < lines.length && below < height) below += heightOf(lines[to++]);
  while (from > 0 && below + heightOf(lines[from - 1]) <= height) below += heightOf(lines[--from]);
  return from;
}

function filled(entries: readonly Entry[], columns: number, height: number): readonly Entry[] {
  const visible = entries.slice(0, height);
  while (visible.length < height) visible.push({ line: [] });
  return visible.map(({ line, ...entry }) => ({ ...entry, line: cutLine(line, columns) }));
}

function actionEntries(options: FinderOptions): readonly Entry[] {
  const { overlay, model, texts, rows, isWide } = options;
  const choice = selectedChoice(overlay, model, groupRows(rows));
  return finderActions(choice, isWide).map((action, i): Entry => {
    const isSelected = i === overlay.action;
    const line: StyledLine = [
      { text: isSelected ? "▸  " : "   ", role: "prompt" },
      { text: texts.keys.finder.actions[action] },
    ];
    return { line, choice: i, ...(isSelected ? ({ background: "selected" } as const) : {}) };
  });
}

interface ResultWidths {
  readonly timeColumns: number;
  readonly placeColumns: number;
}

type RowOptions = FinderOptions & ResultWidths;

/** Columns of results with one row each. */
function resultWidths(lines: readonly FinderLine[], { model, times }: FinderOptions): ResultWidths {
  const widths = { timeColumns: 0, placeColumns: 0 };
  for (const line of lines) {
    if (line.kind !== "row" || line.row.kind !== "messages" || line.isTall) continue;
    const { item, target } = line.row.found;
    const time = widthOf(dayAndClock(times, item.timeUnixMs));
    const place = widthOf(cutTo(targetTitle(model, target), PLACE_COLUMNS_MAX));
    widths.timeColumns = Math.max(widths.timeColumns, time);
    widths.placeColumns = Math.max(widths.placeColumns, place);
  }
  return widths;
}

/** Keys of the selected row, for the status line. */
export function finderKeys({ overlay, model, texts, rows }: FinderOptions): string {
  const { keysOf } = texts.keys.finder;
  if (overlay.action !== undefined) return keysOf.actions;
  const choice = selectedChoice(overlay, model, groupRows(rows));
  if (choice === undefined) return keysOf.nothing;
  if (choice.kind === "more") return keysOf.more;
  return keysOfRow(choice.row, choice, overlay, texts);
}

function keysOfRow(
  { kind }: FinderRow,
  { group }: FinderChoice,
  { result, unfolded }: FinderOverlay,
  { keys: { finder } }: ScreenTexts,
): string {
  const { keysOf } = finder;
  if (group === "first") return keysOf.first;
  switch (kind) {
    case "messages":
      return unfolded === "messages" && !result.isSearch ? keysOf.unfolded : keysOf.message;
    case "threads":
      return keysOf.thread;
    case "commands":
      return keysOf.command;
    case "settings":
      return keysOf.setting;
    case "values":
      return keysOf.value;
    case "keys":
      return keysOf.key;
    case "answers":
      return isHelpQuery(result.query) ? keysOf.answer : keysOf.answerInList;
    case "shorter":
      return keysOf.shorter;
    case "filters":
      return keysOf.filter;
    case "more-help":
      return keysOf.first;
    default:
      return keysOf.open;
  }
}

function linesOf(
  line: FinderLine,
  isSelected: boolean,
  options: RowOptions,
  columns: number,
): readonly StyledLine[] {
  const { finder } = options.texts.keys;
  switch (line.kind) {
    case "heading":
      return [headingLine(line, options)];
    case "more":
      return [
        [
          cursor(isSelected),
          { text: `  ${options.texts.screen.inboxMore(line.count)}`, role: "dim" },
        ],
      ];
    case "nothing":
      return wrapSpans([{ text: finder.nothingFound, role: "dim" }], columns - 2).map((text) => [
        { text: " " },
        ...text,
      ]);
    case "hints":
      return hintLines(line.hints, options);
    default:
      return rowLines(line, isSelected, options, columns);
  }
}

function hintLines(
  hints: Extract<FinderLine, { readonly kind: "hints" }>["hints"],
  { texts: { keys } }: FinderOptions,
): readonly StyledLine[] {
  const { finder } = keys;
  if (hints === "threads") return [[{ text: ` ${finder.noThreads}`, role: "dim" }]];
  const tries = hints === "all" ? finder.tries : finder.searchTries;
  const heading: StyledLine = [{ text: ` ${finder.groups.try}`, role: "title" }];
  return [heading, ...tries.map((text): StyledLine => [{ text: `   ${text}`, role: "dim" }])];
}

function headingLine(
  { group, title, count, state }: Extract<FinderLine, { readonly kind: "heading" }>,
  { overlay, model, texts }: FinderOptions,
): StyledLine {
  const { finder } = texts.keys;
  const own = group === "first" || group === "values" ? "" : finder.groups[group];
  const heading: StyledLine = [{ text: ` ${title ?? own}`, role: "title" }];
  if (group !== "messages") return heading;
  const target = overlay.result.search?.target;
  const place = target === undefined ? "" : ` ${finder.in(targetTitle(model, target))}`;
  const number = count === undefined ? "" : ` ${count}`;
  if (state === "searching") return [...heading, { text: `${place} …`, role: "dim" }];
  if (state === undefined) return [...heading, { text: `${number}${place}` }];
  return [...heading, { text: `${number}${place}, ${finder.notConnected}`, role: "dim" }];
}

type RowLine = Extract<FinderLine, { readonly kind: "row" }>;

function rowLines(
  line: RowLine,
  isSelected: boolean,
  options: RowOptions,
  columns: number,
): readonly StyledLine[] {
  const { row, group } = line;
  const before: Span = cursor(isSelected);
  const { finder } = options.texts.keys;
  const { isNarrow } = options;
  const query = options.overlay.result.query.text;
  switch (row.kind) {
    case "people":
    case "rooms":
      return [[before, ...placeLine(row, group, options, columns)]];
    case "joinable": {
      const text = row.topic === "" ? finder.notJoined : `${finder.notJoined} · ${row.topic}`;
      return [[before, ...named(`#${row.target}`, query), ...dimText(text, isNarrow)]];
    }
    case "threads":
      return threadLines(row, before, options, line.isTall, columns);
    case "files": {
      const { item, file, target } = row;
      const from = finder.fileFrom(
        authorText(item, options.texts, options.model),
        targetTitle(options.model, target),
      );
      const facts = [from, options.times.brief(item.timeUnixMs), formatSize(file.size)];
      return [
        [before, ...named(cleanText(file.name), query), ...dimText(facts.join(", "), isNarrow)],
      ];
    }
    case "commands":
      return [
        [
          before,
          ...named(`/${row.name}`, query, LABEL_COLUMNS),
          ...(isNarrow ? [] : hits(row.summary, query, columns - INDENT - LABEL_COLUMNS)),
        ],
      ];
    case "settings": {
      const [about = ""] = finder.settings[terminalName(row.setting)] ?? [];
      return [
        [
          before,
          ...named(terminalName(row.setting), query, LABEL_COLUMNS),
          ...(isNarrow ? [] : hits(about, query, columns)),
        ],
      ];
    }
    case "values": {
      const { value, isPresent, setting } = row;
      const [, values = {}] = finder.settings[terminalName(setting)] ?? [];
      return [
        [
          before,
          { text: isPresent ? "● " : "  ", role: "online" },
          { text: fitTo(value, LABEL_COLUMNS) },
          { text: isNarrow ? "" : (values[value] ?? ""), role: "dim" },
        ],
      ];
    }
    case "keys":
      return [[before, ...keyLine(row, group, query, options, columns)]];
    case "answers":
      return answerLines(row, before, isSelected, options, columns);
    case "messages":
      if (group === "calls") return [[before, ...callLine(row.found, options)]];
      return messageLines(row.found, line, before, options, columns);
    case "shorter":
      return [
        [
          before,
          { text: "  " },
          { text: cleanText(row.query) },
          { text: ` ${row.count}`, role: "dim" },
        ],
      ];
    case "filters":
      return [[before, { text: "  " }, { text: cleanText(row.word) }]];
    default:
      return [[before, { text: `${finder.more}   ${finder.moreOf}`, role: "dim" }]];
  }
}

function cursor(isSelected: boolean): Span {
  return { text: isSelected ? "▸" : " ", role: "prompt" };
}

/** The columns of a name behind the cursor, with the letters that were found. */
function named(name: string, query: string, columns = NAME_COLUMNS + 2): StyledLine {
  const shown = cutTo(name, columns - 2);
  const line = hits(shown, query, shown.length + 1);
  const rest = Math.max(2, columns - widthOf(shown));
  return [{ text: "  " }, ...line, { text: " ".repeat(rest) }];
}

function dimText(text: string, isNarrow: boolean): StyledLine {
  return isNarrow ? [] : [{ text: cleanText(text), role: "dim" }];
}

/** Marks the words of a query; a long text begins near the first of them. */
function hits(text: string, query: string, columns: number): StyledLine {
  if (query.trim() === "") return [{ text }];
  return matchSegments(text, query, Math.max(1, columns)).map(
    ({ text, isMatch }): Span => (isMatch ? { text, role: "hit" } : { text }),
  );
}

function placeLine(
  row: PlaceRow,
  group: RowLine["group"],
  options: RowOptions,
  columns: number,
): StyledLine {
  const { model, overlay, isMuted, isNarrow, online } = options;
  const { target, unread, calls } = row;
  const isPerson = row.kind === "people";
  const width = isNarrow ? columns - INDENT - 1 : NAME_COLUMNS;
  const isHere = isPerson && online.has(target.slice(1).toLowerCase());
  const sign: StyledLine = isPerson
    ? [isHere ? { text: "●", role: "online" } : { text: "○", role: "dim" }]
    : [];
  const shown = isPerson ? personText(model, target.slice(1)) : targetTitle(model, target);
  const isQuiet = isMuted(target);
  const total = row.unread === 0 ? "" : countText(isPerson ? 0 : calls, unread);
  const count = isQuiet && total !== "" ? `⊘ ${limitedCount(unread)}` : total;
  const nameColumns = width - widthOf(count) - (count === "" ? 0 : 1) - (isPerson ? 1 : 0);
  const name = cutTo(shown, Math.max(1, nameColumns));
  const rest = width - (isPerson ? 1 : 0) - widthOf(name) - widthOf(count);
  const line: StyledLine = [
    { text: "  " },
    ...sign,
    ...hits(name, overlay.result.query.text, name.length + 1).map(
      (span): Span => (unread > 0 && span.role === undefined ? { ...span, role: "busy" } : span),
    ),
    { text: " ".repeat(Math.max(0, rest)) },
    count === ""
      ? { text: "" }
      : { text: count, role: calls > 0 && !isPerson && !isQuiet ? "calls" : "count" },
  ];
  if (isNarrow) return line;
  const text = placeText(row, group, options);
  return [...line, { text: "  " }, { text: cleanText(text), role: "dim" }];
}

/** The last message, or the topic or status of a row that was found. */
function placeText(
  { kind, target, texts: about = [] }: PlaceRow,
  group: RowLine["group"],
  { model, overlay, texts, times }: FinderOptions,
): string {
  const { finder } = texts.keys;
  const [subtitle = ""] = about;
  if (group === "here") {
    const writes = [...model.rooms.values()].find(({ typing }) =>
      typing.some((name) => `@${name}`.toLowerCase() === target.toLowerCase()),
    );
    return writes === undefined ? subtitle : finder.typesIn(targetTitle(model, writes.target));
  }
  if (group !== "recent" && subtitle !== "") return plainLine(subtitle, 200);
  const last = lastUnignored(model, target);
  if (last !== undefined) {
    return lastLine(last, texts, times, {
      displayNames: model.displayNames,
      isDirect: kind === "people",
    });
  }
  if (kind !== "people" || roomOf(model, target) !== undefined) return plainLine(subtitle, 200);
  const name = target.slice(1).toLowerCase();
  const common = [...model.rooms.values()].filter(
    ({ members = [], kind }) => kind === "room" && overlay.source.cache.namesOf(members).has(name),
  );
  return common.length === 0 ? "" : finder.roomsInCommon(common.length);
}

function threadLines(
  row: PlaceRow,
  before: Span,
  { model, texts, times, overlay }: FinderOptions,
  isTall: boolean,
  columns: number,
): readonly StyledLine[] {
  const { finder } = texts.keys;
  const [text = ""] = row.texts ?? [];
  const query = overlay.result.query.text.replace(/^in:threads\s*/i, "");
  const place = cutTo(targetTitle(model, row.target), PLACE_COLUMNS_MAX);
  const title = plainLine(text, 300);
  if (!isTall) {
    const count = row.unread === 0 ? "" : `@${limitedCount(row.unread)}`;
    return [
      [
        before,
        { text: "  " },
        { text: fitTo(count, 6), role: count === "" ? "dim" : "calls" },
        { text: `${place}  `, role: "accent" },
        ...hits(title, query, columns - 12 - widthOf(place)),
      ],
    ];
  }
  const count = row.unread === 0 ? "" : finder.newReplies(row.unread);
  const room = roomOf(model, row.target);
  const root = row.root ?? 0;
  const item = room?.tail.items.find(({ seq }) => seq === root);
  const author = item === undefined ? "" : `${authorText(item, texts, model)}: `;
  const first: StyledLine = [
    before,
    { text: "  " },
    { text: fitTo(count, 8), role: count === "" ? "dim" : "count" },
    { text: `${place}  `, role: "accent" },
    { text: author },
    ...hits(title, query, columns),
  ];
  const replies = item?.replies;
  const last = room?.tail.items.findLast((each) => each.re === root);
  const facts = [
    ...(replies === undefined
      ? []
      : [finder.replies(replies.count), dayAndClock(times, replies.lastUnixMs)]),
    ...(last === undefined
      ? []
      : [`${authorText(last, texts, model)}: ${briefText(last, texts, times, 200)}`]),
  ];
  const second: StyledLine = [{ text: `             ${facts.join(" · ")}`, role: "dim" }];
  return [first, second];
}

function keyLine(
  { chord, label, about }: Extract<FinderRow, { readonly kind: "keys" }>,
  group: RowLine["group"],
  query: string,
  { isNarrow }: RowOptions,
  columns: number,
): StyledLine {
  if (group === "first") {
    const width = isNarrow ? KEY_COLUMNS + 2 : KEY_COLUMNS;
    return [
      { text: fitTo(label, width) },
      { text: fitTo(chord, CHORD_COLUMNS), role: "prompt" },
      { text: isNarrow ? "" : about, role: "dim" },
    ];
  }
  return [
    { text: "  " },
    { text: fitTo(chord, LABEL_COLUMNS), role: "prompt" },
    ...hits(label, query, columns),
    { text: isNarrow ? "" : `  ${about}`, role: "dim" },
  ];
}

function answerLines(
  { entry, related }: Extract<FinderRow, { readonly kind: "answers" }>,
  before: Span,
  isSelected: boolean,
  { overlay, texts: { keys } }: FinderOptions,
  columns: number,
): readonly StyledLine[] {
  const first: StyledLine = [
    before,
    { text: "  " },
    ...hits(entry.question, overlay.result.query.text, 200),
  ];
  if (!isSelected || !isHelpQuery(overlay.result.query)) return [first];
  const text = answerText(entry);
  const lines = wrapSpans([{ text }], Math.max(2, columns - 6));
  const others = related();
  const also: StyledLine[] =
    others.length === 0
      ? []
      : [[{ text: `     ${keys.finder.related}  ` }, { text: others.join(" · "), role: "dim" }]];
  return [first, ...lines.map((line): StyledLine => [{ text: "     " }, ...line]), ...also];
}

function callLine(found: FoundItem, options: RowOptions): StyledLine {
  const { texts, times, model, isNarrow } = options;
  const { item, target } = found;
  const time = dayAndClock(times, item.timeUnixMs);
  const author = authorText(item, texts, model);
  const text = plainLine(briefText(item, texts, times, 1_000), 1_000);
  const head: StyledLine = [
    { text: "  " },
    { text: "@", role: "call" },
    { text: ` ${time}  `, role: "dim" },
  ];
  if (isNarrow) return [...head, { text: `${author}: ${text}` }];
  return [
    ...head,
    { text: `${targetTitle(model, target)}  `, role: "accent" },
    { text: `${author}: `, bold: true },
    { text },
  ];
}

function messageLines(
  { item, target }: FoundItem,
  { isTall, isDim }: RowLine,
  before: Span,
  options: RowOptions,
  columns: number,
): readonly StyledLine[] {
  const { texts, times, model, overlay, rows, timeColumns, placeColumns, isNarrow } = options;
  const query = overlay.result.search?.text ?? "";
  const { finder } = texts.keys;
  const time = dayAndClock(times, item.timeUnixMs);
  const place = cutTo(targetTitle(model, target), PLACE_COLUMNS_MAX);
  const from = authorText(item, texts, model);
  const author: Span = { text: from, role: nickRole(tintOf(item.from ?? "")) };
  const text = briefText(item, texts, times, 65_536);
  const dim = (line: StyledLine) =>
    isDim ? line.map((span): Span => ({ ...span, role: "dim" })) : line;
  if (isNarrow || (isTall && rows < TALL_FROM_ROWS) || !isTall) {
    const head: StyledLine = isNarrow
      ? [{ text: ` ${time} `, role: "dim" }, author, { text: ": " }]
      : [
          { text: `  ${fitTo(time, timeColumns)}  `, role: "dim" },
          { text: `${fitTo(place, placeColumns)}  `, role: "accent" },
          author,
          { text: ": " },
        ];
    const used = head.reduce((sum, span) => sum + widthOf(span.text), 1);
    return [dim([before, ...head, ...hits(text, query, columns - used)])];
  }
  const isReply = item.isInThread === true;
  const first: StyledLine = [
    before,
    { text: `  ${time}  `, role: "dim" },
    { text: `${place}  `, role: "accent" },
    author,
    { text: isReply ? ` · ${finder.inThread}` : "", role: "dim" },
  ];
  const second: StyledLine = [{ text: "     " }, ...hits(text, query, columns - 6)];
  return [dim(first), dim(second)];
}
