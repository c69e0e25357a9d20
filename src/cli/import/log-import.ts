/** Imports logs of IRC clients: finds the format, checks the whole log, then reads it again. */

import { basename, join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { quoteText } from "../../base/text.ts";
import type { OffsetMinutes } from "../../base/time.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { isZip } from "../zip.ts";
import { EntryList, type ImportEntry, type ImportSummary, unknownFormat } from "./entry.ts";
import { isExport } from "./format.ts";
import { IrcTextParser, ircTextFormat } from "./irc-text.ts";
import { ByteSource, decoderOf, readLines } from "./line-reader.ts";
import { LogClock } from "./log-clock.ts";
import { LogEntries, type LogOwner, type LogParser } from "./log-entries.ts";
import { dayInName, dayOf, logsIn, selectLogs } from "./log-folder.ts";
import { withoutStyles } from "./log-styles.ts";
import type { MonthNames } from "./month-names.ts";
import { type ExportTree, folderTree, isFolder, withLinks } from "./source.ts";
import { type LogDay, TimeParser } from "./time-format.ts";
import { isWeechatLine, WeechatParser } from "./weechat.ts";

export interface LogImportOptions {
  readonly offsetMinutes: OffsetMinutes;
  /** Channel of a folder of logs, as the user named it. */
  readonly channel: string | undefined;
  readonly encoding: string | undefined;
  /** Notation of `strftime`; `undefined` to recognize the usual ones. */
  readonly timeFormat: string | undefined;
  readonly months: MonthNames;
}

/** Something else than a log of an IRC client. */
export interface OtherFile {
  readonly kind: "other";
  /** Content of a pipe, which cannot be read again. */
  readonly bytes: Uint8Array | undefined;
}

interface LogFile {
  readonly source: ByteSource;
  /** Text before the number of a line in its location. */
  readonly prefix: string;
  readonly day: LogDay | undefined;
  readonly format: LogFormat;
}

type LogFormat = "irssi" | "WeeChat" | "ZNC";

/** Beginning of a list or an object. In other logs, a time in brackets begins with a digit. */
const JSON_START = /^\s*(?:\ufeff)?[[{]\s*(?:["{[\]}]|$)/;
const DETECTION_LINES_MAX = 50;
/** A chunk without a line that can be read is no reason to stop. */
const DETECTION_CHUNKS_MAX = 16;
/** Further problems of a file that is refused anyway are not counted. */
const PROBLEMS_MAX = 1_000;
/** With --skip-bad: a log with more lines that cannot be read has another format. */
const SKIPPED_PROBLEMS_MAX = 100_000;

/** Other programs' logs, by a line that only they have. */
const NEIGHBOURS: readonly (readonly [RegExp, string])[] = [
  [/^\*\*\*\* (?:BEGIN|ENDING) LOGGING AT /, "a log of HexChat or XChat"],
  [/^[^\W\d]{3} \d\d \d\d:\d\d:\d\d [<*-][^\t]*\t/, "a log of HexChat or XChat"],
  [/^Session (?:Start|Time|Ident|Close): /, "a log of mIRC"],
  [/^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}\] /, "a log of Textual"],
  [/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t[^\t]*\t[^\t]*\t/, "the output of chat history"],
];
const NEIGHBOUR_REMEDY =
  "rewrite its lines as in a log of irssi, such as '2026-11-21 09:00:00 <ana> text'";

/**
 * @returns `other` if the file may have another format
 * @throws {Fault} usage if the format or encoding is unknown; not-found, too-large, store-…
 */
export async function openLog(
  path: string,
  options: LogImportOptions,
): Promise<LogImport | OtherFile> {
  if (options.encoding !== undefined) decoderOf(options.encoding);
  if (isFolder(path)) {
    const tree = folderTree(path);
    const files = await folderFiles(path, tree, options);
    return files === undefined
      ? { kind: "other", bytes: undefined }
      : new LogImport(files, options, tree);
  }
  const source = await ByteSource.open(path);
  const file = { source, prefix: "", day: dayInName(basename(path)) };
  const format = await formatOf(file, options);
  if (format !== undefined) return new LogImport([{ ...file, format }], options);
  const { pieces } = source;
  return { kind: "other", bytes: pieces === undefined ? undefined : Buffer.concat([...pieces]) };
}

/**
 * Opens the logs of one channel in a folder.
 * @returns `undefined` if the folder has no logs, or is the export of another program
 */
async function folderFiles(
  path: string,
  tree: ExportTree,
  options: LogImportOptions,
): Promise<LogFile[] | undefined> {
  const logs = logsIn(tree.paths);
  if (logs.length === 0 || isExport(tree)) return undefined;
  const selected = selectLogs(path, logs, options.channel);
  const names = new Set(selected.map((log) => basename(log.path)));
  const areNamesUnique = names.size === selected.length;
  const opened: (Omit<LogFile, "format"> & { format: LogFormat | undefined })[] = [];
  for (const log of selected) {
    const source = await ByteSource.open(join(path, log.path));
    const name = areNamesUnique ? basename(log.path) : log.path;
    const file = { source, prefix: `${name}, `, day: dayOf(log.date) };
    opened.push({ ...file, format: await formatOf(file, options) });
  }
  // A log without a usual line, such as one that has only events, is of the others' format.
  const common = opened.find(({ format }) => format !== undefined)?.format;
  if (common === undefined) {
    const [first] = selected;
    throw unknownFormat(quoteText(join(path, first?.path ?? "")));
  }
  return opened.map(({ format = common, ...file }) => ({ ...file, format }));
}

async function formatOf(
  file: Omit<LogFile, "format">,
  options: LogImportOptions,
): Promise<LogFormat | undefined> {
  const { times, columnTimes } = timeParsers(options);
  const { source, day } = file;
  for await (const chunk of source.chunks()) {
    if (isZip(chunk) || JSON_START.test(Buffer.from(chunk.subarray(0, 64)).toString())) {
      return undefined;
    }
    break;
  }
  let count = 0;
  let chunkCount = 0;
  let unreadable: string | undefined;
  for await (const lines of readLines(source, options)) {
    for (const { text: styled, problem, location } of lines) {
      const text = withoutStyles(styled);
      if (problem !== undefined) unreadable ??= `${location}: ${problem}`;
      if (text.trim() === "") continue;
      if (count === 0 && JSON_START.test(text)) return undefined;
      checkNeighbour(text, source.path, options);
      if (isWeechatLine(text, columnTimes, day)) return "WeeChat";
      const format = ircTextFormat(text, times, day);
      if (format !== undefined) return format;
      if (++count === DETECTION_LINES_MAX) return undefined;
    }
    if (++chunkCount === DETECTION_CHUNKS_MAX) break;
  }
  if (count > 0 || unreadable === undefined) return undefined;
  throw new Fault("usage", `${quoteText(source.path)}, ${unreadable}; nothing was imported`, {
    remedy: "check that the file is the log of an IRC client",
  });
}

function checkNeighbour(text: string, path: string, { timeFormat }: LogImportOptions): void {
  const neighbour = NEIGHBOURS.find(([pattern]) => pattern.test(text))?.[1];
  if (neighbour === undefined || timeFormat !== undefined) return;
  const isOwn = neighbour.endsWith("history");
  throw new Fault("usage", `${quoteText(path)} is ${neighbour}, which cannot be imported`, {
    remedy: isOwn ? "import the output of chat history --json" : NEIGHBOUR_REMEDY,
  });
}

function timeParsers({ timeFormat, months }: LogImportOptions) {
  return {
    months,
    times: new TimeParser(timeFormat, months, "prefix"),
    columnTimes: new TimeParser(timeFormat, months, "column"),
  };
}

export class LogImport {
  readonly kind = "log";
  #checkedCount = 0;

  constructor(
    private readonly files: readonly LogFile[],
    private readonly options: LogImportOptions,
    /** Folder of the files. */
    private readonly tree: ExportTree | undefined = undefined,
  ) {}

  /**
   * Reads the whole log without importing anything.
   * @param isBadSkipped whether lines that cannot be read are skipped
   */
  async check(isBadSkipped: boolean, onProgress: (bytes: number) => void): Promise<ImportSummary> {
    const list = new EntryList();
    const problemsMax = isBadSkipped ? SKIPPED_PROBLEMS_MAX : PROBLEMS_MAX;
    let readBytes = 0;
    let count = 0;
    for await (const chunkBytes of this.#read(list, { name: "?" })) {
      readBytes += chunkBytes;
      onProgress(readBytes);
      count += list.entries.splice(0).length;
      if (list.problems.length < problemsMax) continue;
      if (!isBadSkipped) break;
      throw new Fault("usage", `more than ${SKIPPED_PROBLEMS_MAX} lines cannot be parsed`, {
        remedy: "check the format of the log",
      });
    }
    this.#checkedCount = count;
    const digests = this.files.map(({ source }) => source.digest);
    const digest = Buffer.from(sha256(Buffer.from(digests.join()))).toString("base64url");
    const formats = [...new Set(this.files.map(({ format }) => format))].join(" and ");
    const parsed = list.parsed(formats);
    const checked = this.tree === undefined ? parsed : withLinks(parsed, this.tree);
    return { ...checked, count, digest };
  }

  /**
   * Reads the checked log again.
   * @throws {Fault} usage if it changed since
   */
  async *entries(owner: LogOwner): AsyncGenerator<ImportEntry, void, undefined> {
    const list = new EntryList();
    let count = 0;
    for await (const _ of this.#read(list, owner)) {
      for (const entry of list.entries.splice(0)) {
        count++;
        yield entry;
      }
      list.problems.splice(0);
    }
    if (count !== this.#checkedCount) throw new Error("both readings give the same messages");
  }

  /** Adds the entries of each chunk to the list, and returns the chunk's approximate size. */
  async *#read(list: EntryList, owner: LogOwner): AsyncGenerator<number, void, undefined> {
    const parsers = timeParsers(this.options);
    const entries = new LogEntries(list);
    const clock = new LogClock(this.options.offsetMinutes);
    for (const { source, prefix, day, format } of this.files) {
      const shared = { entries, clock, owner, day };
      const parser: LogParser =
        format === "WeeChat"
          ? new WeechatParser({ ...shared, times: parsers.columnTimes })
          : new IrcTextParser({ ...shared, ...parsers, format });
      for await (const lines of readLines(source, { ...this.options, prefix })) {
        let chars = 0;
        for (const line of lines) {
          if (line.isLatin1) list.latin1++;
          chars += line.text.length + 1;
          parser.line({ ...line, text: withoutStyles(line.text) });
        }
        yield chars;
      }
      parser.end();
      yield 0;
    }
  }
}
