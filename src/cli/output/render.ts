/**
 * Output of commands: text on a terminal, TSV when piped, NDJSON with `--json`.
 *
 *     const style = styleOf(context, { me: "ana" });
 *     context.stdout.write(renderRecord(record, style));
 *     context.stdout.write(renderJson({ kind: "ack", seq, room, text }));
 *     context.stdout.write(renderTable(["user", "online"], rows, style)); // users, rooms, files
 */

import { unreachable } from "../../base/assert.ts";
import { counted, formatDuration, formatSize } from "../../base/sizes.ts";
import { cleanText, jsonLine, tsvLine } from "../../base/text.ts";
import { formatLocal, formatLocalClock, formatUtc, type OffsetMinutes } from "../../base/time.ts";
import type { Context } from "../context.ts";
import { wrapMarked } from "../word-wrap.ts";
import { clockColor, eventColor, personColor } from "./color.ts";
import { paintedWords } from "./words.ts";

export type Destination = { readonly room: string } | { readonly to: string };

export type ShownBody =
  | {
      readonly kind: "text" | "action";
      readonly text: string;
      /** Seq of the answered message. */
      readonly re?: number;
      /** Mentioned names. */
      readonly mentions?: readonly string[];
      readonly imported?: ShownImport;
    }
  /** `of`: seq of the changed message. */
  | { readonly kind: "edited"; readonly of: number; readonly text: string }
  | {
      readonly kind: "reaction";
      readonly re?: number;
      readonly react: string;
      readonly imported?: ShownImport;
    }
  | { readonly kind: "room" | "join" }
  /** `also`: its edits, and other messages that were erased with it. */
  | { readonly kind: "erased"; readonly also?: readonly number[] }
  /** How long the room keeps messages, in milliseconds; absent: permanently. */
  | { readonly kind: "retention"; readonly keepMs?: number }
  /** `of`: seq of the message. */
  | { readonly kind: "pin"; readonly of: number; readonly on: boolean }
  /** Whether authors see who has read their messages. */
  | { readonly kind: "receipts"; readonly on: boolean }
  /** `by`: the user who removed them; absent if they left. `removed`: with their account. */
  | { readonly kind: "leave"; readonly by?: string; readonly removed?: boolean }
  | { readonly kind: "topic"; readonly topic: string }
  /** `until`: as text; absent: permanently. */
  | { readonly kind: "mute"; readonly user: string; readonly on: boolean; readonly until?: string }
  | { readonly kind: "grant"; readonly user: string; readonly on: boolean }
  /** Of the room or, with `user`, of a user in it. */
  | {
      readonly kind: "rename";
      readonly was: string;
      readonly name: string;
      readonly user?: string;
    }
  | { readonly kind: "close"; readonly on: boolean }
  /** Number of devices added to a sealed room's group, and of removed ones. */
  | {
      readonly kind: "group";
      readonly added: number;
      readonly removed: number;
      /** Owners of the devices, if this device could read the change. */
      readonly users?: readonly string[];
    }
  | { readonly kind: "remove" }
  /**
   * Stands for so many messages of a sealed room; `undefined`: an unknown number. Never in JSON.
   */
  | { readonly kind: "gap"; readonly count: number | undefined }
  | ({ readonly kind: "file" } & FileBody)
  | { readonly kind: "damaged" | "unreadable"; readonly reason: string };

/** Original author and time; `from` of the record is the user who imported it. */
export interface ShownImport {
  readonly from: string;
  /** UTC, as text. */
  readonly time: string;
}

/** A file that was sent, as in its record. */
export interface FileBody {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** Hex SHA-256 over the checksums of all chunks. */
  readonly digest: string;
  readonly chunks: number;
  readonly folder?: { readonly entries: number };
  /** Caption. */
  readonly text?: string;
}

/** A record for people and scripts: names instead of ids. */
export type ShownRecord = {
  /** Only this device, and others of its room's group, could read it. */
  readonly sealed?: true;
  /** Earlier messages of its author's device that never arrived. */
  readonly withheld?: number;
  readonly seq: number;
  readonly timeUnixMs: number;
  readonly destination: Destination;
  readonly from: string;
} & ShownBody;

export type ShownFile = Extract<ShownRecord, { kind: "file" }>;

/** Erased files remain as records, but no longer as files. */
export function isFile(record: ShownRecord): record is ShownFile {
  return record.kind === "file";
}

export interface Style {
  readonly format: "text" | "tsv" | "json";
  readonly color: boolean;
  readonly offsetMinutes: OffsetMinutes;
  /** The reading user: a direct message is shown under the name of the other one. */
  readonly me: string | undefined;
  /** `date`: day and seconds, for history; `clock`: hours and minutes, for live events. */
  readonly stamp: "date" | "clock";
  /** Width of the screen; absent if the output is no screen, and lines are not cut. */
  readonly columns?: (() => number) | undefined;
  /** The author of the message with this seq, if it is known here. */
  readonly authorOf?: (seq: number) => string | undefined;
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
    ...(context.json || !context.stdout.isTerminal
      ? {}
      : { columns: () => context.stdout.columns() }),
  };
}

/** Local time on a screen, UTC with milliseconds elsewhere. */
export function moment(unixMs: number, { format, offsetMinutes }: Style): string {
  return format === "text" ? formatLocal(unixMs, offsetMinutes) : formatUtc(unixMs);
}

/** One record with its line feed; several lines only for a text of several lines on a terminal. */
export function renderRecord(record: ShownRecord, style: Style): string {
  switch (style.format) {
    case "json":
      return renderJson(recordJson(record));
    case "tsv": {
      const line = (words: string) => [
        ...[formatUtc(record.timeUnixMs), destinationName(record, style.me)],
        ...[authorName(record, style), words],
      ];
      const before = record.withheld === undefined ? "" : tsvLine(line(withheldBefore(record)));
      return before + tsvLine(line(sentence(record, style)));
    }
    case "text":
      return screenText(record, style);
    default:
      return unreachable(style.format);
  }
}

export type JsonObject = { readonly kind: string } & Readonly<Record<string, unknown>>;

/** One object as a line of NDJSON. */
export function renderJson(value: JsonObject): string {
  return jsonLine(value);
}

/** The fields that scripts rely on, in their order. */
export function recordJson(record: ShownRecord): JsonObject {
  const { kind, seq, timeUnixMs, destination, from, ...body } = record;
  return { kind, seq, time: formatUtc(timeUnixMs), ...destination, from, ...body };
}

/** Columns under a heading on a terminal, TSV without heading when piped. */
export function renderTable(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  style: Pick<Style, "format" | "color" | "columns">,
): string {
  if (style.format !== "text") return rows.map(tsvLine).join("");
  const cleaned = rows.map((row) => row.map((cell) => cleanText(cell)));
  const widths = heading.map((title, i) =>
    Math.max(title.length, ...cleaned.map((row) => Bun.stringWidth(row[i] ?? ""))),
  );
  const line = (row: readonly string[]) => {
    const cells = row.map((cell, i) => padded(cell, widths[i] ?? 0));
    const text = cells.join("  ").trimEnd();
    return style.columns === undefined ? text : wrapMarked(text, style.columns(), FURTHER);
  };
  const title = eventColor(line(heading), style.color);
  return `${[title, ...cleaned.map(line)].join("\n")}\n`;
}

/** The room, or `@peer`: the other user of a direct conversation. */
export function destinationName(
  { destination, from }: Pick<ShownRecord, "destination" | "from">,
  me?: string,
): string {
  if ("room" in destination) return destination.room;
  return `@${destination.to === me ? from : destination.to}`;
}

function padded(cell: string, width: number): string {
  return cell + " ".repeat(Math.max(0, width - Bun.stringWidth(cell)));
}

function screenText(record: ShownRecord, style: Style): string {
  const { timeUnixMs } = record;
  const stamp = style.stamp === "date" ? formatLocal : formatLocalClock;
  const time = clockColor(stamp(timeUnixMs, style.offsetMinutes), style.color);
  const shown = clockColor(cleanText(destinationName(record, style.me)), style.color);
  const person = personColor(cleanText(authorName(record, style)), style.color);
  const said = record.kind === "text";
  const missing = eventColor(withheldBefore(record), style.color);
  const before =
    record.withheld === undefined ? "" : `${marked(`${time} ${shown} * ${missing}`, style)}\n`;
  const plain = cleanText(expandTabs(sentence(record, style)), { lines: said });
  // Without colours, only the marks show the formatting, so they stay.
  const isPainted = style.color && record.kind === "text";
  const me = callsMe(record, style) ? style.me : undefined;
  const shownWords = isPainted ? expandTabs(paintedWords(record.text, me)) : plain;
  const words = answered(record, style) + shownWords;
  const event = eventColor(words, style.color);
  const by = record.kind === "gap" ? "" : `${person} `;
  const rest = said ? `${person}: ${words}` : `* ${by}${event}`;
  return `${before}${marked(`${time} ${shown} ${rest}`, style)}\n`;
}

/** Missing messages of the author's device, in a line before the record. */
function withheldBefore({ withheld = 0, from }: ShownRecord): string {
  return `${counted(withheld, "message")} from ${cleanText(from)} withheld`;
}

/** For imported messages with blanks and brackets, which no account's name contains. */
function authorName(record: ShownRecord, style: Style): string {
  if (record.kind === "gap") return "";
  const imported = "imported" in record ? record.imported : undefined;
  if (imported === undefined) return record.from;
  const time = moment(Date.parse(imported.time), style);
  return `${imported.from} (${time}, imported by ${record.from})`;
}

/** Prefix of further lines and rows, so that no text looks like another record. */
const FURTHER = "  | ";

function marked(text: string, { columns }: Pick<Style, "columns">): string {
  const [first = "", ...more] = text.split("\n");
  const lines = [first, ...more.map((line) => FURTHER + line)];
  if (columns === undefined) return lines.join("\n");
  return lines.map((line) => wrapMarked(line, columns(), FURTHER)).join("\n");
}

const TAB_COLUMNS = 4;

/**
 * Replaces tabs by blanks up to the next stop. Stops are counted from the start of each line's
 * text: the terminal's own stops differ after a name or a bar.
 */
function expandTabs(text: string): string {
  if (!text.includes("\t")) return text;
  const expanded = (line: string) => {
    let [words, columns] = ["", 0];
    for (const part of line.split(/(?<=\t)/)) {
      const isTabbed = part.endsWith("\t");
      const bare = isTabbed ? part.slice(0, -1) : part;
      columns += Bun.stringWidth(bare);
      const blanks = isTabbed ? TAB_COLUMNS - (columns % TAB_COLUMNS) : 0;
      words += bare + " ".repeat(blanks);
      columns += blanks;
    }
    return words;
  };
  return text.split("\n").map(expanded).join("\n");
}

/** `↪ ana: ` before an answer. */
function answered(record: ShownRecord, { authorOf }: Style): string {
  if ((record.kind !== "text" && record.kind !== "action") || record.re === undefined) return "";
  return `↪ ${cleanText(authorOf?.(record.re) ?? `#${record.re}`)}: `;
}

function callsMe(record: ShownRecord, { color, me }: Style): boolean {
  if (!color || me === undefined || record.kind !== "text") return false;
  return record.mentions?.some((name) => name.toLowerCase() === me.toLowerCase()) === true;
}

/** The event as text that follows the name, without styles. */
export function plainSentence(record: ShownRecord): string {
  return sentence(record, PLAIN);
}

const PLAIN: Style = {
  format: "tsv",
  color: false,
  offsetMinutes: () => 0,
  me: undefined,
  stamp: "date",
};

function gapSentence(count: number | undefined): string {
  const messages = count === undefined ? "messages" : counted(count, "message");
  return `${messages} that this device has no key for`;
}

function groupSentence(record: Extract<ShownRecord, { kind: "group" }>): string {
  const { added, removed, users = [], from } = record;
  if (added > 0 && users.length === 1 && users[0]?.toLowerCase() === from.toLowerCase()) {
    return removed > 0
      ? "came back into the sealed room, with new keys"
      : "came into the sealed room with a further device";
  }
  const of = users.length === 0 ? "" : ` of ${users.map((user) => cleanText(user)).join(", ")}`;
  const devices = (count: number) => `${counted(count, "device")}${of}`;
  if (added > 0 && removed > 0) {
    return `let ${devices(added)} into the sealed room, and took ${devices(removed)} out`;
  }
  if (added > 0) return `let ${devices(added)} into the sealed room`;
  if (removed > 0) return `took ${devices(removed)} out of the sealed room`;
  return "renewed the keys of the sealed room";
}

/** The message or event as text that follows the name. */
function sentence(record: ShownRecord, style: Style): string {
  switch (record.kind) {
    case "text":
    case "action":
      return record.text;
    case "reaction": {
      const author = record.re === undefined ? undefined : style.authorOf?.(record.re);
      return `reacted ${record.react} to ${author ?? `#${record.re ?? "?"}`}`;
    }
    case "edited":
      return record.text === ""
        ? `took away what was said with #${record.of}`
        : `changed it to: ${record.text}`;
    case "topic":
      return record.topic === "" ? "cleared the topic" : `set the topic: ${record.topic}`;
    case "leave":
      if (record.removed === true)
        return `is gone: ${record.by ?? "an operator"} removed the account`;
      return record.by === undefined ? "left" : `was put out by ${record.by}`;
    case "rename":
      return record.user === undefined
        ? `renamed the room ${record.was} to ${record.name}`
        : `renamed ${record.was}, who is called ${record.name} now`;
    case "close":
      return record.on
        ? "closed the room: it can be read, not written to"
        : "opened the room again";
    case "remove":
      return "removed the room";
    case "gap":
      return gapSentence(record.count);
    case "group":
      return groupSentence(record);
    case "retention":
      return record.keepMs === undefined
        ? "ended the retention: messages are kept for good from now on"
        : `set the retention: messages are erased after ${formatDuration(record.keepMs)}`;
    case "pin": {
      const author = style.authorOf?.(record.of);
      const what = author === undefined ? `#${record.of}` : `what ${author} said (#${record.of})`;
      return record.on ? `pinned ${what}` : `unpinned ${what}`;
    }
    case "receipts":
      return record.on
        ? "lets authors see who has read what they say"
        : "ended it that authors see who has read";
    case "mute": {
      const end =
        record.until === undefined ? "" : ` until ${moment(Date.parse(record.until), style)}`;
      return record.on ? `muted ${record.user}${end}` : `let ${record.user} speak again`;
    }
    case "grant":
      return record.on
        ? `made ${record.user} a moderator`
        : `took the moderation from ${record.user}`;
    case "file":
      return `sends ${fileWords(record)}; ${takeWords(record, style)}${saysWords(record)}`;
    case "damaged":
    case "unreadable":
      return `(${record.kind}: ${record.reason})`;
    default:
      return PHRASES[record.kind];
  }
}

/** `photo.jpg (2.1 MB)`, `notes (folder of 12, 3.4 MB)`. */
export function fileWords({
  name,
  sizeBytes,
  folder,
}: {
  readonly name: string;
  readonly sizeBytes?: number | undefined;
  readonly folder?: { readonly entries: number } | undefined;
}): string {
  const about = [
    ...(folder === undefined ? [] : [`folder of ${folder.entries}`]),
    ...(sizeBytes === undefined ? [] : [formatSize(sizeBytes)]),
  ];
  return about.length === 0 ? name : `${name} (${about.join(", ")})`;
}

/**
 * The command that downloads the file: a shell command in history, a slash command in a
 * conversation.
 */
function takeWords({ from, id }: { from: string; id: string }, { me, stamp }: Style): string {
  if (from === me) return `its id: ${id}`;
  return stamp === "clock" ? `take it: /get ${id}` : `take it: chat get-file ${id}`;
}

/** Last, so that a caption that imitates our text does not precede it. */
function saysWords({ text }: Pick<FileBody, "text">): string {
  return text === undefined ? "" : `; says: ${text}`;
}

const PHRASES = { room: "made the room", join: "joined", erased: "(erased)" } as const;
