/** Timeline row, with the same texts as in the browser. */

import { unreachable } from "../../../base/assert.ts";
import type { Fault } from "../../../base/fault.ts";
import { FOLDED_LINES_HIDDEN_MIN, FOLDED_LINES_VISIBLE } from "../../../base/limits-screen.ts";
import { formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { drawPeaks } from "../../../core/client/voice.ts";
import { oneLine } from "../../../core/markup/plain.ts";
import { isMessage } from "../../../core/model/item.ts";
import { isMembership, membershipSum } from "../../../core/model/membership.ts";
import type { People } from "../../../core/model/people.ts";
import type { Row } from "../../../core/model/rows.ts";
import type {
  FileView,
  Item,
  Model,
  PendingPost,
  TransferView,
} from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { isStuckView } from "../../../core/model/waiting.ts";
import {
  authorText,
  deletedText,
  eventText,
  goneText,
  hasSum,
  MEMBERSHIP_EVENTS_SHOWN_MAX,
  membershipTexts,
  quotedText,
} from "../../../ui/text/event-text.ts";
import { refusalText } from "../../../ui/text/fault-text.ts";
import { detailTexts } from "../../../ui/text/file-text.ts";
import { personText } from "../../../ui/text/person-text.ts";
import { pollRows } from "../../../ui/text/poll-text.ts";
import type { Times } from "../../../ui/text/times.ts";
import { transferText } from "../../../ui/text/transfer-text.ts";
import { waitingFileText, waitingText } from "../../../ui/text/waiting-text.ts";
import { type PictureSizes, pictureBox, pictureLines } from "../pictures/cells.ts";
import { faultLineIn, type ScreenTexts } from "../text/texts.ts";
import { textLines } from "./message-text.ts";
import { type NewMessagesView, newMessagesLines } from "./new-messages.ts";
import { type ColourRole, nickRole } from "./palette.ts";
import {
  cutLine,
  cutTo,
  lineWidth,
  type Span,
  type StyledLine,
  widthOf,
  withHits,
} from "./style.ts";
import { wrapSpans } from "./wrap.ts";

export interface RowOptions {
  readonly columns: number;
  readonly texts: ScreenTexts;
  readonly times: Times;
  readonly me: string | undefined;
  readonly people: People;
  readonly displayNames: Model["displayNames"];
  readonly isOnline: boolean;
  readonly fetchKey: string | undefined;
  readonly foldKey: string | undefined;
  readonly pictures?: PictureSizes | undefined;
  readonly pictureRows?: number;
  /** Whether consecutive messages of one author share a name and time. Default: true. */
  readonly isGrouping?: boolean;
  /** Whether counts of joins and departures have no words. */
  readonly isNarrow?: boolean;
  /** Searched text to mark; empty without a search. */
  readonly hit?: string;
  /** Columns to the right of the rows for the rail and the blank before it. */
  readonly railColumns?: number;
}

export interface RowLines {
  /** At least one line, each within the columns of the options. */
  readonly lines: readonly StyledLine[];
  /** Number of lines that unfolding adds; 0 if the row cannot be folded. */
  readonly folds: number;
}

export interface RowExtras {
  /** Downloads of the message's files, in their order. */
  readonly transfers: readonly (TransferView | undefined)[];
  readonly isUnfolded: boolean;
  /** Only for the line of new messages. */
  readonly newMessages?: NewMessagesView | undefined;
}

type ItemRow = Extract<Row, { kind: "item" }>;
type PendingRow = Extract<Row, { kind: "pending" }>;
type WaitingRow = Extract<Row, { kind: "waiting" }>;

const COLUMNS_FOR_NAMES = 50;
const COLUMNS_FOR_TIME = 30;
/** Begins a message below one of the same author, which would otherwise look like its next line. */
const GROUPED_SIGN = "·";
const QUOTE_COLUMNS = 200;
const BAR_COLUMNS = 20;
const NAME_COLUMNS_BY_WIDTH = [
  [110, 16],
  [80, 13],
  [64, 11],
  [COLUMNS_FOR_NAMES, 9],
] as const;

const EVENT_SIGNS: Readonly<Record<string, string>> = { join: "-->", leave: "<--" };

function nameColumns(columns: number): number {
  return NAME_COLUMNS_BY_WIDTH.find(([from]) => columns >= from)?.[1] ?? 0;
}

/** Width of a time and the space after it. */
function timeColumns(times: Times): number {
  return times.clockColumns + 1;
}

function headColumns({ columns, times }: RowOptions): number {
  return nameColumns(columns) || columns - timeColumns(times);
}

export function rowLines(row: Row, options: RowOptions, extras: RowExtras): RowLines {
  switch (row.kind) {
    case "day":
      return unfoldable([ruleLine(options.times.day(row.unixMs), "day", options.columns)]);
    case "unread":
      return unfoldable(newMessagesLines(extras.newMessages, options, nameIn(options)));
    case "withheld": {
      const sender = cleanText(row.from ?? options.texts.server);
      return unfoldable([
        ruleLine(options.texts.hiddenMessages(row.count, sender), "unread", options.columns),
      ]);
    }
    case "item":
      return isMessage(row.item)
        ? messageLines(row, options, extras)
        : eventRow(row, options, extras);
    case "pending":
      return pendingLines(row, options, extras);
    case "waiting":
      return waitingLines(row, options, extras);
    default:
      return unreachable(row);
  }
}

function unfoldable(lines: readonly StyledLine[]): RowLines {
  return { lines, folds: 0 };
}

function folded(
  lines: readonly StyledLine[],
  mark: StyledLine,
  { texts, foldKey }: RowOptions,
  columns: number,
  isUnfolded: boolean,
): RowLines {
  const hidden = lines.length - FOLDED_LINES_VISIBLE;
  if (hidden < FOLDED_LINES_HIDDEN_MIN) return unfoldable(lines);
  const folds = hidden - 1;
  if (isUnfolded) return { lines, folds };
  const hint: Span[] = [
    { text: texts.screen.moreLines(hidden), role: "mark", clickAction: "unfold" },
  ];
  if (foldKey !== undefined) {
    hint.push({ text: ` · ${texts.screen.showWith(foldKey)}`, role: "dim", clickAction: "unfold" });
  }
  const last = cutLine([...hint, ...mark], columns);
  return { lines: [...lines.slice(0, FOLDED_LINES_VISIBLE), last], folds };
}

/** Full-width rule with a label, such as `──── Today ────`. */
export function ruleLine(text: string, role: ColourRole, columns: number): StyledLine {
  const label = cutTo(cleanText(text), columns - 4);
  const ruleColumns = columns - widthOf(label) - 2;
  if (ruleColumns < 2) return [{ text: cutTo(label, columns), role }];
  const before = Math.floor(ruleColumns / 2);
  const rule = role === "unread" ? role : "rule";
  return [
    { text: "─".repeat(before), role: rule },
    { text: ` ${label} `, role },
    { text: "─".repeat(ruleColumns - before), role: rule },
  ];
}

interface Head {
  readonly name: string;
  readonly role: ColourRole;
  readonly unixMs: number;
  /** Whether the row above has the same name and time, which are then omitted. */
  readonly isGrouped: boolean;
  /** Whether the name is a sign for an event or action. No `:` follows a sign. */
  readonly isSign: boolean;
}

function withHead(
  head: Head,
  options: RowOptions,
  make: (columns: number) => readonly StyledLine[],
): readonly StyledLine[] {
  const { columns, times } = options;
  const names = nameColumns(columns);
  if (names > 0) {
    const indent = timeColumns(times) + names + 3;
    const first = head.isGrouped ? blankGutter(names, times, true) : gutterOf(head, names, times);
    const blank = blankGutter(names, times);
    return make(Math.max(2, columns - indent)).map((line, i) => [
      ...(i === 0 ? first : blank),
      ...line,
    ]);
  }
  return narrow(head, options, make);
}

function gutterOf({ name, role, unixMs }: Head, names: number, times: Times): StyledLine {
  const cutName = cutTo(name, names);
  const before = " ".repeat(names - widthOf(cutName));
  return [
    { text: times.clock(unixMs).padEnd(timeColumns(times)) + before, role: "dim" },
    { text: cutName, role },
    { text: " │ ", role: "rule" },
  ];
}

function blankGutter(names: number, times: Times, isFirst = false): StyledLine {
  return [
    { text: " ".repeat(timeColumns(times)) },
    edgeSpan(isFirst, names),
    { text: " │ ", role: "rule" },
  ];
}

/** @param isFirst whether the line begins a message without a name */
function edgeSpan(isFirst: boolean, columns: number): Span {
  if (!isFirst) return { text: " ".repeat(columns) };
  return { text: GROUPED_SIGN.padStart(columns), role: "dim" };
}

/**
 * Author and time for a message whose first line is scrolled out of view. On a narrow screen, the
 * name replaces the top line, which the previous page also displays.
 * @param index index of the line within the row
 * @returns `undefined` if the line stays unchanged
 */
export function topLine(
  row: Row,
  index: number,
  line: StyledLine,
  options: RowOptions,
  canReplace: boolean,
): StyledLine | undefined {
  if (row.kind !== "item" && row.kind !== "pending" && row.kind !== "waiting") return undefined;
  if (row.kind === "item" && !isMessage(row.item)) return undefined;
  const head = headOf(row, options);
  if (index === 0 && !head.isGrouped) return undefined;
  const names = nameColumns(options.columns);
  const gutter = gutterOf(head, names, options.times);
  if (names > 0) return [...gutter, ...line.slice(gutter.length)];
  if (!canReplace || line.at(-1)?.picture !== undefined) return undefined;
  return headSpans(head, options, options.columns);
}

function headOf(row: ItemRow | PendingRow | WaitingRow, options: RowOptions): Head {
  const { texts, me, isGrouping = true } = options;
  const isGrouped = row.isGrouped && isGrouping;
  const columns = headColumns(options);
  if (row.kind !== "item") {
    const user = cleanText(me ?? "");
    const { writtenUnixMs: unixMs } = row.kind === "pending" ? row.post : row.message;
    const name = nameWithin(options, user, columns);
    return { name, role: nameRole(user), unixMs, isGrouped, isSign: false };
  }
  const { kind, mentionsMe: callsMe, timeUnixMs: unixMs } = row.item;
  const name = itemAuthor(row.item, options, columns);
  const role = callsMe ? "call" : nameRole(authorText(row.item, texts));
  return { name, role, unixMs, isGrouped: isGrouped && kind !== "action", isSign: false };
}

function headSpans(
  { name, role, unixMs }: Head,
  { columns, times }: RowOptions,
  width: number,
): StyledLine {
  const time = columns >= COLUMNS_FOR_TIME ? timeColumns(times) : 0;
  const timeSpan = { text: times.clock(unixMs).padEnd(time), role: "dim" } as const;
  return [
    ...(time === 0 ? [] : [timeSpan]),
    { text: cutTo(name, Math.max(1, width - time)), role },
  ];
}

function narrow(
  head: Head,
  options: RowOptions,
  make: (columns: number) => readonly StyledLine[],
): readonly StyledLine[] {
  const { columns, times } = options;
  const hasTime = columns >= COLUMNS_FOR_TIME;
  const indent = hasTime ? timeColumns(times) : columns >= 12 ? 2 : 0;
  const lines = make(Math.max(2, columns - indent));
  const body = lines.map((line, i) => [
    ...(indent === 0 ? [] : [edgeSpan(head.isGrouped && i === 0, indent - 1), { text: " " }]),
    ...line,
  ]);
  if (head.isGrouped) return body;
  const headLine = headSpans(head, options, columns - (hasTime ? 2 : indent + 2));
  const [first = []] = lines;
  const mark = head.isSign ? " " : ": ";
  const used = lineWidth(headLine) + mark.length;
  const firstWidth = first.reduce((sum, { text }) => sum + widthOf(text), 0);
  const fitsOnLine = lines.length === 1 && used + firstWidth <= columns;
  if (fitsOnLine) return [[...headLine, { text: mark }, ...first]];
  return [headLine, ...body];
}

function messageLines(row: ItemRow, options: RowOptions, extras: RowExtras): RowLines {
  const { item } = row;
  const { texts, times } = options;
  const from = authorText(item, texts);
  const isAction = item.kind === "action";
  const author = headOf(row, options);
  const head: Head = isAction ? { ...author, name: "*", isSign: true } : author;
  let folds = 0;
  const lines = withHead(head, options, (columns) => {
    const lines = [...quoteLines(row, options, columns)];
    if (item.imported !== undefined && !head.isGrouped) {
      const importedAuthor = cleanText(item.from ?? "");
      const note = texts.importedBy(importedAuthor, times.full(item.imported.timeUnixMs));
      lines.push(...wrapSpans([{ text: note, role: "mark" }], columns));
    }
    const content = contentLines(row, isAction ? from : undefined, options, columns, extras);
    folds = content.folds;
    lines.push(...content.lines);
    lines.push(...reactionLines(item, columns));
    if (row.replies !== undefined) {
      const { count, lastUnixMs } = row.replies;
      const text = `${texts.replyCount(count, times.brief(lastUnixMs))}  /thread ${item.seq}`;
      const mark = row.hasUnreadReplies ? `  ${texts.newReplies}` : "";
      lines.push(
        cutLine(
          [
            { text, role: "quote" },
            { text: mark, role: "call" },
          ],
          columns,
        ),
      );
    }
    return lines;
  });
  return { lines, folds };
}

function contentLines(
  { item, isPinned }: ItemRow,
  actor: string | undefined,
  options: RowOptions,
  columns: number,
  { transfers, isUnfolded }: RowExtras,
): RowLines {
  const { texts } = options;
  if (item.state !== "whole") {
    const text = item.state === "erased" ? deletedText(item, texts, options) : texts.damaged;
    return unfoldable(wrapSpans([{ text, role: "mark" }], columns));
  }
  const { mentions, poll } = item;
  const text = poll?.question ?? item.text;
  const { me } = options;
  const pin: StyledLine = isPinned ? [{ text: ` (${texts.pinned})`, role: "mark" }] : [];
  const key: StyledLine =
    item.hasNewKey === true ? [{ text: ` (${texts.newKey})`, role: "mark" }] : [];
  const edited: StyledLine =
    item.editedUnixMs === undefined ? [] : [{ text: ` (${texts.edited})`, role: "mark" }];
  if (item.kind === "file") {
    const mark = [...key, ...pin];
    const files = item.files.flatMap((file, i) =>
      fileLines(file, i === 0 ? mark : [], options, columns, transfers[i]),
    );
    for (const { name } of item.erasedFiles ?? [])
      files.push(
        cutLine([{ text: oneLine(texts.fileDeleted(name), 1_000), role: "mark" }], columns),
      );
    if (text === "") return unfoldable(files);
    const caption = textLines({ text, mentions, me, mark: edited, hit: options.hit }, columns);
    const content = folded(caption, edited, options, columns, isUnfolded);
    return { ...content, lines: [...files, ...content.lines] };
  }
  const notice: StyledLine =
    item.isNotice === true ? [{ text: ` (${texts.notice})`, role: "mark" }] : [];
  const mark = [...key, ...notice, ...edited, ...pin];
  const author: StyledLine =
    actor === undefined
      ? []
      : [{ text: itemAuthor(item, options, columns), role: nameRole(actor) }, { text: " " }];
  const lines = textLines({ text, mentions, me, author, mark, hit: options.hit }, columns);
  const content = folded(lines, mark, options, columns, isUnfolded);
  if (poll === undefined) return content;
  const results = pollRows(poll, texts, options.times, options).flatMap((row) =>
    wrapSpans([{ text: row, role: "quote" }], columns),
  );
  return { ...content, lines: [...content.lines, ...results] };
}

/** The account name if the display name is too wide: two cut names could be equal. */
export function nameWithin(
  model: Pick<Model, "displayNames">,
  user: string,
  columns: number,
): string {
  const name = personText(model, user);
  return widthOf(name) <= columns ? name : cleanText(user);
}

function itemAuthor(item: Item, options: RowOptions, columns: number): string {
  const { from, imported } = item;
  if (from === undefined || imported !== undefined) return authorText(item, options.texts);
  return nameWithin(options, from, columns);
}

export function nameRole(name: string): ColourRole {
  return nickRole(tintOf(name));
}

function quoteLines(
  row: ItemRow | PendingRow | WaitingRow,
  options: RowOptions,
  columns: number,
): readonly StyledLine[] {
  const { re, answers } = row;
  if (re === undefined) return [];
  const { texts } = options;
  if (answers === undefined)
    return [cutLine([{ text: `┌ ${texts.repliedToEarlier}`, role: "quote" }], columns)];
  const quoted =
    answers.state === "erased" ? goneText(answers, texts) : quotedText(answers, QUOTE_COLUMNS);
  const text = `┌ ${itemAuthor(answers, options, columns)}: ${quoted}`;
  return [cutLine([{ text, role: "quote" }], columns)];
}

function reactionLines({ reactions }: Item, columns: number): readonly StyledLine[] {
  if (reactions.length === 0) return [];
  const spans = reactions.flatMap(({ sign, by, mine }, i): Span[] => {
    // A no-break space keeps an emoji and its count on one line.
    const text = `${cleanText(sign)}\u00a0${by.length}`;
    const role = mine.length === 0 ? "reaction" : "reaction-own";
    return [...(i === 0 ? [] : [{ text: "  " }]), { text, role }];
  });
  return wrapSpans(spans, columns);
}

const WAVE_COLUMNS = 16;

function wave(peaks: string): string {
  return `  ${drawPeaks(peaks, WAVE_COLUMNS)}`;
}

function fileLines(
  { file, name, size, folder, details }: FileView,
  mark: StyledLine,
  options: RowOptions,
  columns: number,
  transfer: TransferView | undefined,
): readonly StyledLine[] {
  const { texts } = options;
  const kind = folder === undefined ? [] : [texts.folderOf(folder.entries)];
  const about = [formatSize(size), ...kind, ...detailTexts(details, texts)].join(" · ");
  const dim = (text: string): Span => ({ text, role: "dim", clickAction: "fetch", file });
  const spans: Span[] = [
    { text: oneLine(name, 1_000), role: "file", clickAction: "fetch", file },
    ...(details?.peaks === undefined ? [] : [dim(wave(details.peaks))]),
    dim(`  ${about}`),
    ...mark,
  ];
  if (transfer === undefined && options.fetchKey !== undefined) {
    spans.push(dim(` · ${texts.screen.fetchWith(options.fetchKey)}`));
  }
  const lines = [...wrapSpans(withHits(spans, options.hit), columns)];
  if (transfer !== undefined) lines.push(cutLine(progressLine(transfer, options), columns));
  const picture = options.pictures?.get(file);
  const box = picture && pictureBox(picture, columns, options.pictureRows ?? 0);
  if (box !== undefined) lines.push(...pictureLines(box));
  return lines;
}

/** Progress bar such as `[████████░░░░] 45 %  1.2 MB / 2.6 MB · 1.2 MB/s · 3 s left`. */
export function progressLine(
  transfer: TransferView,
  options: Pick<RowOptions, "texts">,
): StyledLine {
  const { state, progress } = transfer;
  const { texts } = options;
  const status = transferText(transfer, texts, (fault) => faultLineIn(texts, fault));
  const total = progress?.sizeBytes;
  const hasProgress = state.kind === "running" || state.kind === "paused";
  if (total === undefined || progress === undefined || !hasProgress) {
    return [{ text: status, role: state.kind === "failed" ? "danger" : "dim" }];
  }
  const ratio = total === 0 ? 1 : Math.min(1, Math.max(0, progress.doneBytes / total));
  const full = Math.floor(ratio * BAR_COLUMNS);
  const percent = `${Math.floor(ratio * 100)}`.padStart(3);
  return [
    { text: "█".repeat(full), role: "progress" },
    { text: "░".repeat(BAR_COLUMNS - full), role: "rule" },
    { text: ` ${percent} %`, role: "progress" },
    { text: `  ${status}`, role: "dim" },
  ];
}

function eventRow(row: ItemRow, options: RowOptions, { isUnfolded }: RowExtras): RowLines {
  const { item, earlier } = row;
  if (earlier.length === 0 || !hasSum(item)) {
    const text = eventText(item, options.texts, options.times, {
      earlier,
      nameOf: nameIn(options),
    });
    return unfoldable(eventLines(item, text, options));
  }
  const events = [...earlier, item];
  const listed = events.slice(0, MEMBERSHIP_EVENTS_SHOWN_MAX).flatMap((event) => {
    const text = eventText(event, options.texts, options.times, { nameOf: nameIn(options) });
    return eventLines(event, text, options);
  });
  const hidden = events.length - MEMBERSHIP_EVENTS_SHOWN_MAX;
  if (hidden > 0) {
    const text = `${options.texts.moreEvents(hidden)} · chat history --kind join`;
    listed.push(...eventLines({ ...item, kind: "" }, text, options));
  }
  const folds = listed.length - 1;
  return { lines: isUnfolded ? listed : [sumLine(row, options)], folds };
}

/** The longest text that fits on one line. */
function sumLine({ item, earlier }: ItemRow, options: RowOptions): StyledLine {
  const { columns, texts, times } = options;
  const events = [...earlier, item];
  const { joined, left } = membershipSum(events);
  const membership = joined.length > 0 ? "join" : left.length > 0 ? "leave" : "kick";
  const head = eventHead(isMembership(item) ? { ...item, kind: membership } : item);
  const names = nameColumns(columns);
  const before: StyledLine =
    names > 0
      ? gutterOf(head, names, times)
      : [...headSpans(head, options, columns), { text: " " }];
  const nameOf = nameIn(options);
  const single = (event: Item) => eventText(event, texts, times, { nameOf });
  const { isNarrow } = options;
  const all = isMembership(item)
    ? membershipTexts(events, { texts, list: times.list, nameOf, single, isNarrow })
    : [eventText(item, texts, times, { earlier, nameOf })];
  const isFitting = (text: string) => widthOf(text) <= columns - lineWidth(before);
  const text = all.find(isFitting) ?? all.at(-1) ?? "";
  const spans = withHits([{ text, role: "event", clickAction: "unfold" }], options.hit);
  return cutLine([...before, ...spans], columns);
}

function nameIn(options: RowOptions): (account: string) => string {
  return (account) => nameWithin(options, account, headColumns(options));
}

function eventHead({ kind, timeUnixMs }: Pick<Item, "kind" | "timeUnixMs">): Head {
  const name = EVENT_SIGNS[kind] ?? "--";
  return { name, role: "event", unixMs: timeUnixMs, isGrouped: false, isSign: true };
}

function eventLines(
  event: Pick<Item, "kind" | "timeUnixMs">,
  text: string,
  options: RowOptions,
): readonly StyledLine[] {
  return withHead(eventHead(event), options, (columns) => {
    return wrapSpans(withHits([{ text, role: "event" }], options.hit), columns);
  });
}

function pendingLines(row: PendingRow, options: RowOptions, { isUnfolded }: RowExtras): RowLines {
  const { post } = row;
  const { texts } = options;
  const head = headOf(row, options);
  let folds = 0;
  const lines = withHead(head, options, (columns) => {
    const pendingText = options.isOnline ? texts.pending : texts.pendingOffline;
    const isWaiting = post.state.kind === "waiting";
    const mark: StyledLine = isWaiting ? [{ text: ` (${pendingText}…)`, role: "mark" }] : [];
    const { text, mentions = [] } = post.body;
    const textRows = textLines({ text, mentions, me: options.me, role: "pending", mark }, columns);
    const content = folded(textRows, mark, options, columns, isUnfolded);
    folds = content.folds;
    return [
      ...quoteLines(row, options, columns),
      ...content.lines,
      ...refusedLines(post, texts, columns),
    ];
  });
  return { lines, folds };
}

function waitingLines(row: WaitingRow, options: RowOptions, { isUnfolded }: RowExtras): RowLines {
  const { message } = row;
  const { texts, isOnline, me } = options;
  let folds = 0;
  const reasonOf = (fault: Fault) => faultLineIn(texts, fault);
  const lines = withHead(headOf(row, options), options, (columns) => {
    const files = message.files.flatMap((file) => {
      const role = file.fault === undefined ? "dim" : "danger";
      const name = { text: oneLine(file.name, 1_000), role: "pending" } as const;
      return wrapSpans(
        [name, { text: `  ${waitingFileText(file, texts, reasonOf)}`, role }],
        columns,
      );
    });
    const { text, fault } = message;
    const textRows =
      text === "" ? [] : textLines({ text, mentions: [], me, role: "pending", mark: [] }, columns);
    const content = folded(textRows, [], options, columns, isUnfolded);
    folds = content.folds;
    const state = waitingText(message, isOnline, texts, reasonOf);
    const isStuck = isStuckView(message);
    const spans: Span[] = [
      { text: state ?? "", role: isStuck && fault !== undefined ? "danger" : "mark" },
      { text: isStuck ? ` (${texts.screen.stuckHint})` : "", role: "dim" },
    ];
    const stateLines = state === undefined ? [] : wrapSpans(spans, columns);
    return [...quoteLines(row, options, columns), ...files, ...content.lines, ...stateLines];
  });
  return { lines, folds };
}

function refusedLines(
  { state }: PendingPost,
  texts: ScreenTexts,
  columns: number,
): readonly StyledLine[] {
  if (state.kind !== "refused") return [];
  const reason = refusalText(state.fault, texts, (fault) => faultLineIn(texts, fault));
  const text = `${texts.refused}: ${reason}`;
  const hint = ` (${texts.screen.refusedHint})`;
  return wrapSpans(
    [
      { text, role: "danger" },
      { text: hint, role: "dim" },
    ],
    columns,
  );
}
