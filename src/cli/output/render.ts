/** Output of commands: text on a terminal, TSV when piped, NDJSON with `--json`. */

import { unreachable } from "../../base/assert.ts";
import { isGroupName } from "../../base/names.ts";
import { counted, formatSize } from "../../base/sizes.ts";
import { cleanText, jsonLine, tsvLine } from "../../base/text.ts";
import {
  dateOf,
  formatLocal,
  formatLocalClock,
  formatUtc,
  MINUTE_MS,
  type OffsetMinutes,
} from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import type { EventKind } from "../../core/client/event-facts.ts";
import { isSameName } from "../../core/model/item.ts";
import { ENGLISH } from "../../ui/messages/en/page.ts";
import { eventPhrase, membershipTexts } from "../../ui/text/event-text.ts";
import { detailTexts } from "../../ui/text/file-text.ts";
import { timesIn } from "../../ui/text/times.ts";
import type { FileDetails } from "../../wire/file-details.ts";
import { MESSAGE_KINDS } from "../../wire/kinds.ts";
import type { Context } from "../context.ts";
import { cutToWidth, wrapMarked } from "../word-wrap.ts";
import { clockColor, eventColor, type Hits, markHits, nameColor } from "./color.ts";
import { paintedText } from "./painted-text.ts";
import { bodyJson, type DisplayBody, type FileFacts, fileJson } from "./records.ts";

/** `title`: of a group, or the display name of a room. */
export type Destination =
  | { readonly room: string; readonly title?: string }
  | { readonly to: string };

export type DisplayRecord = {
  readonly sealed?: true;
  /** The author's key has changed, and the user has not accepted it. */
  readonly newKey?: true;
  /** Number of earlier messages from the author's device that this device never received. */
  readonly withheld?: number;
  readonly seq: number;
  readonly timeUnixMs: number;
  readonly destination: Destination;
  readonly from: string;
} & DisplayBody;

type FileMessage = Extract<DisplayRecord, { kind: "file" }>;

/** File of a message, with the fields of the message. */
export type DisplayFile = Omit<FileMessage, "files"> & FileFacts;

/** Returns the files of a message; none if it was erased. */
export function displayFiles(record: DisplayRecord): readonly DisplayFile[] {
  if (record.kind !== "file") return [];
  const { files, ...message } = record;
  return files.map((file) => ({ ...message, ...file }));
}

export interface Style {
  readonly format: "text" | "tsv" | "json";
  readonly color: boolean;
  readonly offsetMinutes: OffsetMinutes;
  readonly me: string | undefined;
  /** `date` is for history, `clock` for live events. */
  readonly stamp: "date" | "clock";
  /** Screen width; absent if the output is not a screen, and lines are then not wrapped. */
  readonly columns?: (() => number) | undefined;
  /** Returns the author of a message in the room or conversation of the record. */
  readonly authorOf?: (seq: number, record: DisplayRecord) => string | undefined;
  /** Returns the name under which the output shows an account. Default: the account name. */
  readonly nameOf?: (account: string) => string;
  /** Whether lines in a pipe end with number, kind and thread. */
  readonly hasColumns?: boolean;
  readonly hidesPlace?: boolean;
  readonly hidesNumber?: boolean;
  /** Parts of messages to mark on a colour terminal. */
  readonly hits?: Hits | undefined;
}

export function styleOf(
  context: Pick<Context, "json" | "color" | "stdout" | "offsetMinutes">,
  options: { readonly me?: string | undefined; readonly stamp?: Style["stamp"] } = {},
): Style {
  return {
    format: context.json ? "json" : context.stdout.isTerminal ? "text" : "tsv",
    color: context.color,
    offsetMinutes: context.offsetMinutes,
    me: options.me,
    stamp: options.stamp ?? "date",
    columns:
      context.json || !context.stdout.isTerminal ? undefined : () => context.stdout.columns(),
  };
}

export function formatTimestamp(unixMs: number, { format, offsetMinutes }: Style): string {
  return format === "text" ? formatLocal(unixMs, offsetMinutes) : formatUtc(unixMs);
}

/** The result ends with a line feed, and spans several lines only on a terminal. */
export function renderRecord(record: DisplayRecord, style: Style): string {
  switch (style.format) {
    case "json":
      return renderJson(recordJson(record));
    case "tsv": {
      const line = (text: string) => [
        ...[formatUtc(record.timeUnixMs), destinationName(record, style.me)],
        ...[authorName(record, style), text],
        ...(style.hasColumns === true ? columnsOf(record) : []),
      ];
      const before = record.withheld === undefined ? "" : tsvLine(line(withheldBefore(record)));
      return before + tsvLine(line(recordText(record, style)));
    }
    case "text":
      return screenText(record, style);
    default:
      return unreachable(style.format);
  }
}

/** Columns for scripts that answer, in further cells so that older scripts keep theirs. */
function columnsOf(record: DisplayRecord): readonly string[] {
  const thread = "thread" in record ? record.thread : undefined;
  return [String(record.seq), record.kind, thread === undefined ? "" : String(thread)];
}

/** A day such as `Fri 27 Nov 2026`. */
export function formatLongDay(unixMs: number, offsetMinutes: OffsetMinutes): string {
  const local = dateOf(unixMs + offsetMinutes(unixMs) * MINUTE_MS);
  return local.toUTCString().slice(0, 16).replace(",", "");
}

export type JsonOutput = { readonly kind: string } & Readonly<Record<string, unknown>>;

export function renderJson(value: JsonOutput): string {
  return jsonLine(value);
}

/** Scripts depend on the field order. */
export function recordJson(record: DisplayRecord): JsonOutput {
  const { seq, timeUnixMs, destination, ...content } = record;
  const { kind, from, ...body } = bodyJson(content);
  return { kind, seq, time: formatUtc(timeUnixMs), ...destination, from, ...body };
}

/** The line of one file in a list of files. Scripts depend on the field order. */
export function displayFileJson(file: DisplayFile): JsonOutput {
  const { kind, seq, timeUnixMs, destination, sealed, newKey, withheld, from, ...fields } = file;
  const { text, re, thread, mentions, ...facts } = fields;
  const marks = defined({ sealed, newKey, withheld });
  const { id, name, sizeBytes, digest, chunks, folder, ...details } = fileJson(facts);
  const listed = { id, name, sizeBytes, digest, chunks, folder, text };
  const reply = { re, thread, mentions };
  const place = { ...destination, from, ...marks };
  return { kind, seq, time: formatUtc(timeUnixMs), ...place, ...listed, ...reply, ...details };
}

/**
 * On a terminal, a row is never longer than the screen: its last cell is cut. Columns that are
 * empty in every row are omitted, and numbers are aligned at their ends, with `-` for none.
 */
export function renderTable(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  style: Pick<Style, "format" | "color" | "columns">,
): string {
  if (style.format !== "text") return rows.map(tsvLine).join("");
  const columns = heading
    .map((title, at) => shownColumn(title, at, rows))
    .filter((column) => column !== undefined);
  const widths = columns.map(({ title, cells }) =>
    Math.max(Bun.stringWidth(title), ...cells.map((cell) => Bun.stringWidth(cell))),
  );
  const line = (cellOf: (column: ShownColumn) => string) => {
    const cells = columns.map((column, i) => {
      const [cell, width] = [cellOf(column), widths[i] ?? 0];
      return column.isNumber ? cell.padStart(width) : padded(cell, width);
    });
    const text = cells.join("  ").trimEnd();
    return style.columns === undefined ? text : cutToWidth(text, Math.max(1, style.columns()));
  };
  const lines = rows.map((_, at) => line(({ cells }) => cells[at] ?? ""));
  const title = eventColor(
    line(({ title }) => title),
    style.color,
  );
  return `${[title, ...lines].join("\n")}\n`;
}

interface ShownColumn {
  readonly title: string;
  readonly cells: readonly string[];
  readonly isNumber: boolean;
}

/** @returns `undefined` for a column that says nothing in any row */
function shownColumn(
  title: string,
  at: number,
  rows: readonly (readonly string[])[],
): ShownColumn | undefined {
  const cells = rows.map((row) => cleanText(row[at] ?? ""));
  const isNumber =
    cells.every((cell) => /^(?:\d*|-)$/.test(cell)) && cells.some((cell) => /\d/.test(cell));
  const isNone = (cell: string) => ["", "-", "0", "0 B"].includes(cell);
  if (at > 0 && rows.length > 0 && cells.every(isNone)) return undefined;
  if (!isNumber) return { title, cells, isNumber };
  return { title, cells: cells.map((cell) => (isNone(cell) ? "-" : cell)), isNumber };
}

/** Aligns the cells of rows, and cuts the last one of each to the width of the terminal. */
export function alignedCells(rows: readonly (readonly string[])[], columns: number): string[] {
  const cleaned = rows.map((row) => row.map((cell) => cleanText(cell)));
  const widths = (rows[0] ?? []).map((_, i) =>
    Math.max(...cleaned.map((row) => Bun.stringWidth(row[i] ?? ""))),
  );
  return cleaned.map((row) => {
    const first = row.slice(0, -1).map((cell, i) => `${padded(cell, widths[i] ?? 0)}  `);
    const start = first.join("");
    const left = Math.max(1, columns - Bun.stringWidth(start));
    return (start + cutToWidth(row.at(-1) ?? "", left)).trimEnd();
  });
}

/** Name by which scripts find the place again; the title of a group, whose name nobody types. */
export function destinationName(
  { destination, from }: Pick<DisplayRecord, "destination" | "from">,
  me?: string,
): string {
  if (!("room" in destination)) return `@${destination.to === me ? from : destination.to}`;
  const { room, title = room } = destination;
  return isGroupName(room) ? title : room;
}

/** Name of the place on a screen. Two rooms can have the same. */
export function destinationTitle(record: Pick<DisplayRecord, "destination" | "from">, me?: string) {
  const { title } = { title: undefined, ...record.destination };
  return cleanText(title ?? destinationName(record, me));
}

function padded(cell: string, width: number): string {
  return cell + " ".repeat(Math.max(0, width - Bun.stringWidth(cell)));
}

function screenText(record: DisplayRecord, style: Style): string {
  const { timeUnixMs } = record;
  const stamp = style.stamp === "date" ? formatLocal : formatLocalClock;
  const number = style.hidesNumber === true ? "" : numberOf(record);
  const stampText = stamp(timeUnixMs, style.offsetMinutes) + number;
  const time = clockColor(stampText, style.color);
  const place = destinationTitle(record, style.me);
  const destination = style.hidesPlace === true ? "" : `${clockColor(place, style.color)} `;
  const author = nameColor(cleanText(authorName(record, style)), style.color);
  const isText = record.kind === "text";
  const withheldText = eventColor(withheldBefore(record), style.color);
  const before =
    record.withheld === undefined
      ? ""
      : `${withContinuations(`${time} ${destination}* ${withheldText}`, style)}\n`;
  const plainText = cleanText(expandTabs(recordText(record, style)), { lines: isText });
  const isPainted = style.color && record.kind === "text";
  const me = mentionsMe(record, style) ? style.me : undefined;
  const painted = isPainted ? expandTabs(paintedText(record.text, me)) : plainText;
  const body = style.color && style.hits !== undefined ? markHits(painted, style.hits) : painted;
  const text = replyPrefix(record, style) + body;
  const event = eventColor(text, style.color);
  const by = record.kind === "gap" ? "" : `${author} `;
  const notice = isText && record.notice === true ? eventColor(" (notice)", style.color) : "";
  const content = isText ? `${author}${notice}: ${text}` : `* ${by}${event}`;
  return `${before}${withContinuations(`${time} ${destination}${content}`, style)}\n`;
}

/** Number of a message for commands such as `/reply SEQ`. LAN messages have none. */
function numberOf({ kind, seq }: DisplayRecord): string {
  return seq > 0 && MESSAGE_KINDS.has(kind) ? ` #${seq}` : "";
}

export function withheldBefore({ withheld = 0, from }: DisplayRecord): string {
  return `${counted(withheld, "message")} from ${cleanText(from)} withheld`;
}

/** Notes about an author contain brackets, which no account name contains. */
export function authorName(record: DisplayRecord, style: Style): string {
  if (record.kind === "gap") return "";
  const { nameOf = cleanText } = style;
  const imported = "imported" in record ? record.imported : undefined;
  if (imported === undefined) {
    const name = nameOf(record.from);
    return record.newKey === true ? `${name} (${ENGLISH.newKey})` : name;
  }
  const time = formatTimestamp(Date.parse(imported.time), style);
  return `${imported.from} (${time}, imported by ${record.from})`;
}

/** Prevents a continuation line from imitating another record. */
const CONTINUATION = "  | ";

export function withContinuations(text: string, { columns }: Pick<Style, "columns">): string {
  const [first = "", ...more] = text.split("\n");
  const lines = [first, ...more.map((line) => CONTINUATION + line)];
  if (columns === undefined) return lines.join("\n");
  return lines.map((line) => wrapMarked(line, columns(), CONTINUATION)).join("\n");
}

const TAB_COLUMNS = 4;

/**
 * Expands tabs from the start of the text. The terminal would expand them from the start of the
 * line, which contains the author's name.
 */
export function expandTabs(text: string): string {
  if (!text.includes("\t")) return text;
  const expanded = (line: string) => {
    let [expandedText, columns] = ["", 0];
    for (const segment of line.split(/(?<=\t)/)) {
      const isTabbed = segment.endsWith("\t");
      const untabbed = isTabbed ? segment.slice(0, -1) : segment;
      columns += Bun.stringWidth(untabbed);
      const blanks = isTabbed ? TAB_COLUMNS - (columns % TAB_COLUMNS) : 0;
      expandedText += untabbed + " ".repeat(blanks);
      columns += blanks;
    }
    return expandedText;
  };
  return text.split("\n").map(expanded).join("\n");
}

function replyPrefix(record: DisplayRecord, { authorOf }: Style): string {
  const isMessage = record.kind === "text" || record.kind === "action" || record.kind === "file";
  if (!isMessage || record.re === undefined) return "";
  if (record.thread === true) return threadPrefix(record.re);
  return `↪ ${cleanText(authorOf?.(record.re, record) ?? `#${record.re}`)}: `;
}

export function threadPrefix(root: number): string {
  return `↪ thread #${root}: `;
}

function mentionsMe(record: DisplayRecord, { color, me }: Style): boolean {
  if (!color || me === undefined || record.kind !== "text" || record.notice === true) return false;
  return record.mentions?.some((name) => isSameName(name, me)) === true;
}

export function plainEventText(record: DisplayRecord): string {
  return `${authorName(record, PLAIN)} ${recordText(record, PLAIN)}`.trim();
}

/** Text of the joins, departures and removals in a room; `undefined` if they cancel out. */
export function membershipText(
  records: readonly DisplayRecord[],
  style: Style = PLAIN,
): string | undefined {
  const { nameOf = cleanText } = style;
  const events = records.map((record) => {
    const { kind, from } = record;
    return { kind, from, subject: "event" in record ? record.event.subject : undefined, record };
  });
  const [text] = membershipTexts(events, {
    texts: ENGLISH,
    list: timesIn(ENGLISH).list,
    nameOf,
    single: ({ record }) => `${authorName(record, style)} ${recordText(record, style)}`,
  });
  return text;
}

/** The line of `membershipText` for a terminal, with the time of the last record; "" if none. */
export function renderMembership(records: readonly DisplayRecord[], style: Style): string {
  const [last, text] = [records.at(-1), membershipText(records, style)];
  if (last === undefined || text === undefined) return "";
  const time = clockColor(formatLocalClock(last.timeUnixMs, style.offsetMinutes), style.color);
  const destination = clockColor(destinationTitle(last, style.me), style.color);
  const line = `${time} ${destination} * ${eventColor(cleanText(text), style.color)}`;
  return `${withContinuations(line, style)}\n`;
}

const PLAIN: Style = {
  format: "tsv",
  color: false,
  offsetMinutes: () => 0,
  me: undefined,
  stamp: "date",
};

export function recordText(record: DisplayRecord, style: Style): string {
  switch (record.kind) {
    case "text":
    case "action":
      return record.text;
    case "reaction": {
      const author = record.re === undefined ? undefined : style.authorOf?.(record.re, record);
      return `reacted ${record.react} to ${author ?? `#${record.re ?? "?"}`}`;
    }
    case "edited":
      return record.text === ""
        ? `removed the caption of #${record.of}`
        : `edited #${record.of}: ${record.text}`;
    case "remove":
      return "removed the room";
    case "wall":
      return "changed the wall";
    case "gap":
      return record.waitsFor === undefined
        ? ENGLISH.unreadableMessages(record.count)
        : ENGLISH.waitingMessages(record.count, cleanText(record.waitsFor));
    case "poll":
      return `closed the poll #${record.of}`;
    case "vote": {
      const chosen = shownChoices(record);
      const voted = record.voter === undefined ? "voted" : "counted an anonymous vote";
      const what = chosen === undefined ? "" : ` for ${chosen}`;
      return `${voted}${what} in the poll #${record.re}`;
    }
    case "file":
      return filesText(record, style);
    case "damaged":
    case "unreadable":
      return `(${record.kind}: ${record.reason})`;
    case "room":
      return "created the room";
    case "erased":
      return goneWord(record);
    case "erased-files":
      return `deleted ${record.files.length === 1 ? "a file" : "files"} of #${record.seq}`;
    default:
      return eventPhraseOf(record, style);
  }
}

/** Stands in place of an erased message. */
export function goneWord({ expired }: Extract<DisplayBody, { kind: "erased" }>): string {
  return expired === true ? "(expired)" : "(deleted)";
}

/** Returns what a vote chose, unless its poll hides that. */
export function shownChoices({
  choices,
  hidden,
}: Extract<DisplayBody, { kind: "vote" }>): string | undefined {
  if (choices?.length === 0) return "nothing";
  return hidden === true ? undefined : choices?.join(", ");
}

function eventPhraseOf(
  record: Extract<DisplayRecord, { readonly kind: EventKind }>,
  style: Style,
): string {
  const { kind, from, event } = record;
  const phrase = eventPhrase(
    { ...event, kind, from },
    {
      texts: ENGLISH,
      nameOf: style.nameOf ?? cleanText,
      timeOf: (unixMs) => formatTimestamp(unixMs, style),
      isRaw: true,
    },
  );
  if (kind !== "pin" || event.re === undefined) return phrase;
  const author = style.authorOf?.(event.re, record);
  return `${phrase}${author === undefined ? "" : ` from ${author}`} (#${event.re})`;
}

/** Returns a label such as `photo.jpg (2.1 MB)` or `notes (folder of 12, 3.4 MB)`. */
export function fileLabel(file: {
  readonly name: string;
  readonly sizeBytes?: number | undefined;
  readonly folder?: { readonly entries: number } | undefined;
  readonly details?: FileDetails | undefined;
}): string {
  const { name, sizeBytes, folder } = file;
  const details = [
    ...(folder === undefined ? [] : [`folder of ${folder.entries}`]),
    ...(sizeBytes === undefined ? [] : [formatSize(sizeBytes)]),
    ...detailTexts(file.details, ENGLISH),
  ];
  return details.length === 0 ? name : `${name} (${details.join(", ")})`;
}

/** The caption is printed last, so that it cannot imitate the fields before it. */
function filesText({ from, files, erasedFiles = [], text }: FileMessage, style: Style): string {
  const sent = [
    ...files.map((file) => `${fileLabel(file)}; ${downloadHint(from, file, style)}`),
    ...erasedFiles.map(({ name }) => `${cleanText(name)} (deleted)`),
  ];
  const caption = text === undefined ? "" : `; caption: ${text}`;
  return `sent ${sent.length === 0 ? "a file" : sent.join(", ")}${caption}`;
}

function downloadHint(from: string, { id }: FileFacts, { me, stamp }: Style): string {
  if (from === me) return `id: ${id}`;
  return stamp === "clock" ? `download: /get ${id}` : `download: chat get-file ${id}`;
}
