/**
 * irssi and WeeChat logs in their default formats. Times without a zone are in this machine's zone.
 * @see https://irssi.org/documentation/settings/ (log_*)
 * @see https://weechat.org/files/doc/stable/weechat_user.en.html#logger_plugin
 */

import type { OffsetMinutes } from "../../base/time.ts";
import { EntryList, linesIn, localTimeUnixMs, type ParsedFile, type TextLine } from "./entry.ts";

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun"].concat([
  ...["jul", "aug", "sep", "oct", "nov", "dec"],
]);

/** Matches `--- Log opened Sat Nov 21 01:36:03 2026` and `--- Day changed Sun Nov 22 2026`. */
const IRSSI_DAY =
  /^--- (?:Log opened|Log closed|Day changed) \S+ (\S+) +(\d{1,2}) (?:\d\d:\d\d:\d\d )?(\d{4})$/;
const IRSSI_LINE = /^(\d\d):(\d\d)(?::(\d\d))? (.*)$/s;
const IRSSI_MESSAGE = /^<[ @+%&~!]?([^\s<>]+)> (.*)$/s;
const IRSSI_ACTION = /^ ?\* ([^\s]+) (.*)$/s;
const IRSSI_EVENT = /^-(?:!-|[^\s]+-) /;

const WEECHAT_LINE = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)\t([^\t]*)\t(.*)$/s;
const WEECHAT_EVENTS: ReadonlySet<string> = new Set(["-->", "<--", "--", "=!=", ""]);

const STYLES = /\x03(?:\d{1,2}(?:,\d{1,2})?)?|[\x02\x0f\x11\x16\x1d-\x1f]/g;

export function isIrssi(text: string): boolean {
  return IRSSI_DAY.test(text) || IRSSI_LINE.test(text);
}

export function isWeechat(text: string): boolean {
  return WEECHAT_LINE.test(text);
}

export function readIrssi(bytes: Uint8Array, offsetMinutes: OffsetMinutes): ParsedFile {
  const list = new EntryList();
  let day: readonly number[] | undefined;
  for (const line of linesIn(bytes)) {
    noteLine(list, line);
    const { location, text } = line;
    if (text === "") continue;
    if (text.startsWith("--- ")) {
      day = dayOf(text);
      if (day === undefined) list.problem(location, "invalid date");
      else list.skipped++;
      continue;
    }
    const [, hour, minute, second = "0", content = ""] = IRSSI_LINE.exec(text) ?? [];
    if (hour === undefined || minute === undefined) {
      list.problem(location, "no time at the start");
    } else if (IRSSI_EVENT.test(content)) {
      list.skipped++;
    } else if (day === undefined) {
      list.problem(location, "no date line before it");
    } else {
      const clock = [hour, minute, second].map(Number);
      const timeUnixMs = localTimeUnixMs([...day, ...clock], offsetMinutes);
      const [, author, text] = IRSSI_MESSAGE.exec(content) ?? [];
      const [, actor, done] = IRSSI_ACTION.exec(content) ?? [];
      if (author !== undefined) addMessage(list, { location, timeUnixMs }, "text", author, text);
      else if (actor !== undefined)
        addMessage(list, { location, timeUnixMs }, "action", actor, done);
      else list.problem(location, "not an irssi log line");
    }
  }
  return list.parsed("irssi");
}

export function readWeechat(bytes: Uint8Array, offsetMinutes: OffsetMinutes): ParsedFile {
  const list = new EntryList();
  for (const line of linesIn(bytes)) {
    noteLine(list, line);
    const { location, text } = line;
    if (text === "") continue;
    const match = WEECHAT_LINE.exec(text);
    if (match === null) {
      list.problem(location, "not a WeeChat log line");
      continue;
    }
    const [prefix = "", content = ""] = match.slice(7);
    const timeUnixMs = localTimeUnixMs(match.slice(1, 7).map(Number), offsetMinutes);
    const sign = prefix.trim();
    if (sign === "*") {
      const [, actor, done] = /^(\S+) (.*)$/s.exec(content) ?? [];
      if (actor === undefined) list.problem(location, "action without an author");
      else addMessage(list, { location, timeUnixMs }, "action", actor, done);
    } else if (WEECHAT_EVENTS.has(sign)) {
      list.skipped++;
    } else {
      addMessage(list, { location, timeUnixMs }, "text", sign.replace(/^[@+%&~!]/, ""), content);
    }
  }
  return list.parsed("WeeChat");
}

function noteLine(list: EntryList, { isLatin1 }: TextLine): void {
  if (isLatin1) list.latin1++;
}

function addMessage(
  list: EntryList,
  fields: { readonly location: string; readonly timeUnixMs: number },
  kind: "text" | "action",
  from: string,
  content = "",
): void {
  const text = content.replaceAll(STYLES, "");
  if (text.trim() === "") list.skipped++;
  else list.add({ ...fields, kind, from, text });
}

function dayOf(text: string): readonly number[] | undefined {
  const [, monthName = "", day, year] = IRSSI_DAY.exec(text) ?? [];
  const month = MONTHS.indexOf(monthName.toLowerCase()) + 1;
  return month === 0 ? undefined : [Number(year), month, Number(day)];
}
