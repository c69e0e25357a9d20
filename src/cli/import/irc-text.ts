/**
 * Logs of irssi and of ZNC's module `log`, whose lines are a time and a text. They differ in their
 * events and in where the date is: irssi writes it between the lines, ZNC into the file's name.
 * @see https://irssi.org/documentation/settings/ (log_*)
 * @see https://wiki.znc.in/Log
 */

import type { SourceLine } from "./line-reader.ts";
import type { LogClock } from "./log-clock.ts";
import { eventKind, type LogEntries, type LogOwner, type LogParser } from "./log-entries.ts";
import type { MonthNames } from "./month-names.ts";
import type { LogDay, LogTime, TimeParser } from "./time-format.ts";

/** Matches `--- Log opened Sat Nov 21 01:36:03 2026` and `--- Day changed Sun Nov 22 2026`. */
const DAY_LINE = /^--- (?:Log opened|Log closed|Day changed) +(.*)$/;
/** Date line in words that the user has chosen (`log_open_string`, `log_day_changed`). */
const CHOSEN_DAY_LINE = /^[-=#*+~]{1,8} +(.*\d.*?)[-=#*+~ ]*$/;
const ISO_DAY = /(?:^|\s)(\d{4})-(\d\d)-(\d\d)(?:\s|T|$)/;
const DOTTED_DAY = /(?:^|\s)(\d{1,2})\.(\d{1,2})\.(\d{4})(?:\s|$)/;
const NAMED_DAY = /^(\S(?:.{0,60}\S)?) +(\d{1,2}),? +(?:\d\d:\d\d(?::\d\d)? +)?(\d{4})$/;
const DAY_FIRST = new RegExp(
  [
    "^((?:.{0,60}\\S)?) *(?<!\\d)(\\d{1,2})\\.? +",
    "(\\D{0,40}[^\\d\\s,]),? +(\\d{4})(?: +\\d\\d:\\d\\d(?::\\d\\d)?)?$",
  ].join(""),
);

const NICK = "[^\\s<>()[\\]:|│]+";
const MODE = "[ @+%&~!.*]*";
const EVENT = /^\s?(?:-!-|\*\*\*|!!!|===|=!=) (.*)$/s;
const MESSAGE = new RegExp(`^\\s?<${MODE}([^<>]+?)> ?(.*)$`, "s");
const ACTION = /^\s{0,2}(?:\*|\(\*\)|\(\*dcc\*\)) (\S+)(?: (.*))?$/s;
/** Own notices and messages to others, which do not name their author. */
const OWN = /^\[(?:notice|msg|dcc)\([^)]*\)\] ?(.*)$/s;
const OWN_CTCP = /^\[ctcp\([^)]*\)\] ?(.*)$/s;
const NOTICE = /^-(\S+?)(?:\([^)]*\))?(?::[#&+!]\S*?)?- (.*)$/s;
const SERVER_NOTICE = /^!\S+ (.*)$/s;
const PRIVATE = /^\[([^\s()[\]]+)\([^)]*\)\] ?(.*)$/s;
const CTCP = /^>\S+< /;
const MEMBERS = /^\[(?:Users[ (]|[ @+%&~][^\]]*\] *(?:\[|$))/;
const CONNECTION = /^(?:(?:Connected to|Disconnected from) IRC \(|Broadcast: )/;
/** Notations of themes other than the default one. */
const THEMES: readonly RegExp[] = [
  new RegExp(`^\\s*${MODE}(${NICK})\\s* [|│┃»›] ?(.*)$`, "s"),
  new RegExp(`^\\s*${MODE}([^\\s<>()[\\]:│»›«‹-][^\\s<>()[\\]:│»›]*)[|│┃»›>] (.*)$`, "s"),
  new RegExp(`^\\s*[«‹{│┃|]${MODE}([^\\s<>()[\\]{}:│┃|»›]+)[»›}│┃|] ?(.*)$`, "s"),
  new RegExp(`^\\s*\\[${MODE}(${NICK})\\] (.+)$`, "s"),
  new RegExp(`^\\s*\\(${MODE}(${NICK})\\) (.+)$`, "s"),
  new RegExp(`^\\s*${MODE}(${NICK}): (.+)$`, "s"),
];

/** Action or event of a theme, behind a sign of its own: `• ana waves`. */
const SIGNED = /^\s{0,2}[^\p{L}\p{N}\s<()[\]"'#]{1,3} (\S+) (.+)$/su;

interface IrcTextOptions {
  readonly entries: LogEntries;
  readonly clock: LogClock;
  readonly times: TimeParser;
  readonly months: MonthNames;
  readonly owner: LogOwner;
  readonly format: string;
  /** Day in the name of the file. */
  readonly day: LogDay | undefined;
}

export class IrcTextParser implements LogParser {
  #day: LogDay | undefined;

  constructor(private readonly options: IrcTextOptions) {
    this.#day = options.day;
  }

  line({ location, text, problem }: SourceLine): void {
    const { entries, times, clock, format } = this.options;
    if (problem !== undefined) return entries.problem(location, problem);
    if (text.trim() === "") return;
    if (text.startsWith("--- ")) return this.#dayLine(location, text);
    const parsed = times.parse(text, this.#day ?? NO_DAY);
    if (parsed === undefined) return this.#otherLine(location, text);
    const { time, rest } = parsed;
    const entryTime = hasDate(time) ? clock.at(time) : undefined;
    if (this.#skipEvent(location, rest)) return;
    const message = messageIn(rest, this.options.owner);
    if (message === undefined) return entries.problem(location, `not a line of ${format}`);
    if (entryTime === undefined) {
      return entries.problem(location, "no date line before it, and no date in the file's name");
    }
    entries.message(location, entryTime, message.kind, message.from, message.text);
  }

  end(): void {
    this.options.entries.flush();
  }

  #dayLine(location: string, text: string): void {
    const { entries, months } = this.options;
    const day = DAY_LINE.exec(text)?.[1];
    const chosen = day === undefined ? chosenDay(text, months) : undefined;
    const found = chosen ?? (day === undefined ? "unknown" : dayIn(day.trim(), months));
    if (typeof found !== "string") {
      this.#day = found;
      return entries.skip("dates", location, text);
    }
    // The messages below must not be dated with the day above.
    this.#day = undefined;
    const reason = found === "unknown" ? "invalid date" : `unknown name of a month: ${found}`;
    entries.problem(location, `${reason}; write it as in --- Day changed Mon Oct 05 2026`);
  }

  #otherLine(location: string, text: string): void {
    const { entries, months } = this.options;
    const day = chosenDay(text, months);
    if (day === undefined) return entries.problem(location, `${noTime(text)} at the start`);
    this.#day = day;
    entries.skip("dates", location, text);
  }

  #skipEvent(location: string, rest: string): boolean {
    const { entries } = this.options;
    const event = EVENT.exec(rest)?.[1];
    if (event !== undefined) entries.skip(eventKind(event), location, rest);
    else if (SERVER_NOTICE.test(rest)) entries.skip("notices of servers", location, rest);
    else if (OWN_CTCP.test(rest) || CTCP.test(rest)) entries.skip("CTCP requests", location, rest);
    else if (MEMBERS.test(rest)) entries.skip("lists of members", location, rest);
    else if (CONNECTION.test(rest)) entries.skip("connections", location, rest);
    else if (isSignedEvent(rest)) entries.skip(eventKind(rest), location, rest);
    else return false;
    return true;
  }
}

/** Stands for the missing date of a line, to distinguish a time without a date from no time. */
const NO_DAY: LogDay = [1000, 1, 1];
const YEAR_1500_MS = Date.UTC(1500, 0, 1);

/** @returns true for NaN, the time of a date that does not exist */
function hasDate({ unixMs }: LogTime): boolean {
  return !(unixMs < YEAR_1500_MS);
}

function noTime(text: string): string {
  return /\d:\d\d/.test(text.slice(0, 40)) ? "unknown time" : "no time";
}

/** @returns the name of the month if it is unknown, or `unknown` */
function dayIn(text: string, months: MonthNames): LogDay | string {
  const iso = ISO_DAY.exec(text);
  if (iso !== null) return [Number(iso[1]), Number(iso[2]), Number(iso[3])];
  const dotted = DOTTED_DAY.exec(text);
  if (dotted !== null) return [Number(dotted[3]), Number(dotted[2]), Number(dotted[1])];
  const [, weekdayName = "", dayFirst, monthName = "", yearLast] = DAY_FIRST.exec(text) ?? [];
  if (monthName !== "") {
    const month = months.find(monthName, weekdayName, Number(yearLast), Number(dayFirst));
    return month === undefined ? monthName : [Number(yearLast), month, Number(dayFirst)];
  }
  const [, names = "", day, year] = NAMED_DAY.exec(text) ?? [];
  const words = names.split(/ +/);
  // Arabic names of months have two words.
  for (let first = words.length - 1; first >= 0; first--) {
    const [weekday, name] = [words.slice(0, first).join(" "), words.slice(first).join(" ")];
    const month = name === "" ? undefined : months.find(name, weekday, Number(year), Number(day));
    if (month !== undefined) return [Number(year), month, Number(day)];
  }
  return words.at(-1) || "unknown";
}

/** Finds the date at the end of the line, whatever words are before it. */
function chosenDay(text: string, months: MonthNames): LogDay | undefined {
  if (text.length > DATE_LINE_CHARS_MAX) return undefined;
  const words = CHOSEN_DAY_LINE.exec(text)?.[1]?.split(/ +/) ?? [];
  for (const [index] of words.entries()) {
    const day = dayIn(words.slice(index).join(" "), months);
    if (typeof day !== "string") return day;
  }
  return undefined;
}

/** No setting is longer; the search takes quadratic time. */
const DATE_LINE_CHARS_MAX = 120;

function isSignedEvent(rest: string): boolean {
  return !ACTION.test(rest) && SIGNED.test(rest) && eventKind(rest) !== "other events";
}

interface IrcMessage {
  readonly kind: "text" | "action";
  readonly from: string;
  readonly text: string;
}

function messageIn(rest: string, owner: LogOwner): IrcMessage | undefined {
  const [, author, said = ""] = MESSAGE.exec(rest) ?? [];
  if (author !== undefined) return { kind: "text", from: withoutTarget(author.trim()), text: said };
  const [, actor, done = ""] = ACTION.exec(rest) ?? [];
  if (actor !== undefined) return { kind: "action", from: withoutTarget(actor), text: done };
  const own = OWN.exec(rest)?.[1];
  if (own !== undefined) return { kind: "text", from: owner.name, text: own };
  for (const pattern of [NOTICE, PRIVATE, ...THEMES]) {
    const [, from, text = ""] = pattern.exec(rest) ?? [];
    if (from !== undefined) return { kind: "text", from, text };
  }
  const [, from, text = ""] = SIGNED.exec(rest) ?? [];
  return from === undefined ? undefined : { kind: "action", from, text };
}

/** irssi adds the channel or nick if its window shows others: `<ana:#chat> hi`. */
function withoutTarget(author: string): string {
  return author.replace(/^([^\s:]+):\S+$/, "$1");
}

/** @returns `undefined` if the line is not from such a log */
export function ircTextFormat(
  text: string,
  times: TimeParser,
  day: LogDay | undefined,
): "irssi" | "ZNC" | undefined {
  if (DAY_LINE.test(text)) return "irssi";
  const parsed = times.parse(text, day ?? NO_DAY);
  if (parsed === undefined) return undefined;
  const { rest } = parsed;
  if (/^\*\*\* /.test(rest)) return "ZNC";
  const isMessage = [EVENT, MESSAGE, ACTION, OWN, NOTICE].some((pattern) => pattern.test(rest));
  const isDated = day !== undefined && text.startsWith("[");
  return isMessage ? (isDated ? "ZNC" : "irssi") : undefined;
}
