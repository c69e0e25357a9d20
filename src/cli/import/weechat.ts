/**
 * Logs of WeeChat: time, prefix and text, separated by tabs. A line without a time continues the
 * one above.
 * @see https://weechat.org/files/doc/stable/weechat_user.en.html#logger_plugin
 */

import type { SourceLine } from "./line-reader.ts";
import type { LogClock } from "./log-clock.ts";
import { eventKind, type LogEntries, type LogOwner, type LogParser } from "./log-entries.ts";
import type { LogDay, TimeParser } from "./time-format.ts";

const COLUMNS = /^([^\t]*)\t([^\t]*)(?:\t(.*))?$/s;
/** Written at the begin and end of a log (`logger.file.info_lines`). */
const INFO_LINE = /^\*{4} .* \*{4}$/;

/** Default prefixes (`weechat.look.prefix_*`). Clients of a session may choose other ones. */
const ACTION_PREFIX = "*";
const NETWORK_PREFIX = "--";
const EVENT_PREFIXES: ReadonlySet<string> = new Set(["-->", "<--", "=!=", "<=>", ""]);
/** Bridges use letters of any script. */
const NICK = /^[\p{L}\p{N}\p{Extended_Pictographic}[\]\\`_^{|}]/u;
/** A prefix with a letter names the author, whatever signs a user or a bridge puts around it. */
const NAMED = /[\p{L}\p{N}]/u;

/** `Notice(ana): text`, `PvNotice(ana -> #chat): text`; WeeChat translates the first word. */
const NOTICE = /^(?:\[[^\]]*\] )?[\p{L}\p{M}]+\(([^\s()]+)(?: -> [^()]*)?\): (.*)$/su;
/** `Notice -> #chat: text`, `MSG(ana): text` */
const OWN = /^(?:[\p{L}\p{M}]+(?:\([^()]*\))? -> \S+|MSG\([^()]*\)): (.*)$/su;
const HOST = /^\S+ \(\S+@\S+\) /;

interface WeechatOptions {
  readonly entries: LogEntries;
  readonly clock: LogClock;
  readonly times: TimeParser;
  readonly owner: LogOwner;
  /** Day in the name of the file, for times without a date. */
  readonly day: LogDay | undefined;
}

export class WeechatParser implements LogParser {
  constructor(private readonly options: WeechatOptions) {}

  line({ location, text, problem }: SourceLine): void {
    const { entries, clock, times, day } = this.options;
    if (problem !== undefined) return entries.problem(location, problem);
    const [, timeText, prefix = "", content] = COLUMNS.exec(text) ?? [];
    const parsed = timeText === undefined ? undefined : times.parse(timeText, day);
    if (parsed === undefined) return this.#continue(location, text, timeText, content);
    const time = clock.at(parsed.time);
    if (content === undefined) {
      if (INFO_LINE.test(prefix)) return entries.skip("begins and ends of logs", location, prefix);
      return entries.problem(location, "not a WeeChat log line");
    }
    this.#message(location, time, prefix, content);
  }

  end(): void {
    this.options.entries.flush();
  }

  #continue(location: string, text: string, timeText = "", content?: string): void {
    const { entries } = this.options;
    const isTimed = content !== undefined && /\d[:.]\d\d|^\d{8,}/.test(timeText);
    if (isTimed) {
      const reason = `unknown time '${timeText}'; name its format with --time-format`;
      return entries.problem(location, reason);
    }
    if (!entries.continue(location, text) && text.trim() !== "") {
      entries.problem(location, "no line with a time before it");
    }
  }

  #message(
    location: string,
    time: ReturnType<LogClock["at"]>,
    prefix: string,
    content: string,
  ): void {
    const { entries, owner } = this.options;
    const sign = prefix.trim();
    if (sign === NETWORK_PREFIX) {
      const own = OWN.exec(content)?.[1];
      const [, author, text = ""] = NOTICE.exec(content) ?? [];
      if (own !== undefined) entries.message(location, time, "text", owner.name, own);
      else if (author !== undefined) entries.message(location, time, "text", author, text);
      else entries.skip(eventKind(content), location, content);
      return;
    }
    if (EVENT_PREFIXES.has(sign)) return entries.skip(eventKind(content), location, content);
    // Users can choose the prefixes of actions and events; both then have no letters.
    const isEvent = HOST.test(content) || eventKind(content) !== "other events";
    if (sign !== ACTION_PREFIX && isEvent && !NAMED.test(sign)) {
      return entries.skip(eventKind(content), location, content);
    }
    const nick = nickIn(sign);
    if (nick !== undefined) return entries.message(location, time, "text", nick, content);
    const [, actor, done] = /^(\S+)(?: (.*))?$/s.exec(content) ?? [];
    if (actor === undefined) entries.problem(location, "action without an author");
    else if (done !== undefined || sign === ACTION_PREFIX) {
      entries.message(location, time, "action", actor, done ?? "");
    } else entries.message(location, time, "text", sign, content);
  }
}

/** Removes a nick's mode, and what `weechat.look.nick_prefix` and `nick_suffix` put around it. */
function nickIn(prefix: string): string | undefined {
  const [, bracketed] = /^[@+%&~!]?[<({«‹]([^<>]+)[>)}»›]$/.exec(prefix) ?? [];
  const nick = (bracketed ?? prefix)
    .replace(/^[@+%&~!•]+ ?/, "")
    .replace(/[\s:|│┃>»›]+$/, "")
    .replace(/^[^\p{L}\p{N}]+(?=[\p{L}\p{N}])/u, (signs) => (NICK.test(signs) ? signs : ""));
  return NICK.test(nick) ? nick : undefined;
}

export function isWeechatLine(text: string, times: TimeParser, day: LogDay | undefined): boolean {
  const [, timeText, prefix = "", content] = COLUMNS.exec(text) ?? [];
  if (timeText === undefined || (content === undefined && !INFO_LINE.test(prefix))) return false;
  return times.parse(timeText, day) !== undefined;
}
