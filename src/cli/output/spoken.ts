/** Lines of line mode on a terminal, as a screen reader says them. */

import { formatSize } from "../../base/sizes.ts";
import { cleanText } from "../../base/text.ts";
import { formatLocalDay, MINUTE_MS } from "../../base/time.ts";
import { isSameName } from "../../core/model/item.ts";
import { ENGLISH } from "../../ui/messages/en/page.ts";
import { detailTexts } from "../../ui/text/file-text.ts";
import { timesIn } from "../../ui/text/times.ts";
import { MESSAGE_KINDS } from "../../wire/kinds.ts";
import { clockColor, eventColor, nameColor } from "./color.ts";
import { paintedText } from "./painted-text.ts";
import type { FileFacts } from "./records.ts";
import {
  authorName,
  type DisplayRecord,
  destinationName,
  destinationTitle,
  expandTabs,
  recordText,
  type Style,
  shownChoices,
  withContinuations,
  withheldBefore,
} from "./render.ts";

/** The time stands before a message that is this much later than the one before. */
const PAUSE_MS = 15 * MINUTE_MS;

export interface SpokenStyle extends Style {
  readonly nameOf: (account: string) => string;
  readonly hasNumbers: boolean;
}

/** Time of day, with the day unless it is today. */
export function when(unixMs: number | undefined): string {
  if (unixMs === undefined) return "now";
  const { brief, clock } = timesIn(ENGLISH);
  const [day, time] = [brief(unixMs), clock(unixMs)];
  return day === time ? time : `${day} ${time}`;
}

/**
 * Lines that omit the room of the message before, and the time unless it is much later than the
 * last one given.
 */
export class SpokenLines {
  #place = "";
  #timeUnixMs: number;

  constructor(nowUnixMs: number) {
    this.#timeUnixMs = nowUnixMs;
  }

  copy(): SpokenLines {
    const copy = new SpokenLines(this.#timeUnixMs);
    copy.#place = this.#place;
    return copy;
  }

  /** @param place the room that a heading before the record names */
  next(record: DisplayRecord, style: SpokenStyle, place?: string): string {
    return this.#line(record, style, bodyText(record, style), place);
  }

  /** Text of `membershipText`, behind the room and the time of its last record. */
  sum(last: DisplayRecord, text: string, style: SpokenStyle): string {
    return this.#line(last, style, eventColor(cleanText(text), style.color));
  }

  #line(record: DisplayRecord, style: SpokenStyle, text: string, place = this.#place): string {
    const { timeUnixMs } = record;
    const name = destinationName(record, style.me);
    const isLater = this.#isLater(record, style);
    this.#place = name;
    if (isLater) this.#timeUnixMs = timeUnixMs;
    const time = isLater ? `${clockColor(`${when(timeUnixMs)}.`, style.color)}\n` : "";
    const title = clockColor(destinationTitle(record, style.me), style.color);
    const room = name === place ? "" : `${title}, `;
    return `${time}${withContinuations(room + text, style)}\n`;
  }

  #isLater({ timeUnixMs }: DisplayRecord, { offsetMinutes }: SpokenStyle): boolean {
    if (Math.abs(timeUnixMs - this.#timeUnixMs) >= PAUSE_MS) return true;
    const day = (unixMs: number) => formatLocalDay(unixMs, offsetMinutes);
    return day(timeUnixMs) !== day(this.#timeUnixMs);
  }
}

/** A record in a list of messages of several rooms. */
export function listedText(record: DisplayRecord, style: SpokenStyle): string {
  const author = nameColor(cleanText(authorName(record, style)), style.color);
  const place = clockColor(destinationTitle(record, style.me), style.color);
  const number = numberOf(record, style);
  return `${author}${number} in ${place}, ${when(record.timeUnixMs)}${contentOf(record, style)}`;
}

function numberOf({ seq, kind }: DisplayRecord, { hasNumbers }: SpokenStyle): string {
  return hasNumbers && seq > 0 && MESSAGE_KINDS.has(kind) ? ` #${seq}` : "";
}

function bodyText(record: DisplayRecord, style: SpokenStyle): string {
  const { color } = style;
  const author = nameColor(cleanText(authorName(record, style)), color);
  const before =
    record.withheld === undefined ? "" : `${eventColor(withheldBefore(record), color)}\n`;
  return `${before}${author}${numberOf(record, style)}${contentOf(record, style)}`;
}

/** Text behind the author. */
function contentOf(record: DisplayRecord, style: SpokenStyle): string {
  const { color } = style;
  const event = (text: string) => ` ${eventColor(cleanText(text), color)}`;
  switch (record.kind) {
    case "text": {
      const notice = record.notice === true ? " (notice)" : "";
      const text = cleanText(expandTabs(record.text), { lines: true });
      const calls = record.mentions?.some((name) => isSameName(name, style.me)) === true;
      const me = calls && record.notice !== true ? style.me : undefined;
      const painted = color ? expandTabs(paintedText(record.text, me)) : text;
      return `${notice}${replyWords(record, style)}: ${painted}`;
    }
    case "action":
      return `${replyWords(record, style)} ${cleanText(record.text)}`;
    case "file": {
      const { files, erasedFiles = [], text } = record;
      const named = [
        ...files.map(fileWords),
        ...erasedFiles.map(({ name }) => `file ${cleanText(name)}, deleted`),
      ];
      const caption = text === undefined ? "" : `: ${cleanText(text, { lines: true })}`;
      return `${replyWords(record, style)}: ${named.join("; ")}${caption}`;
    }
    case "reaction": {
      const about = record.re === undefined ? undefined : style.authorOf?.(record.re, record);
      const to = about === undefined ? "" : ` to ${cleanText(about)}`;
      return `: reaction ${cleanText(emojiWordsOf(record.react))}${to}`;
    }
    case "edited":
      return record.text === ""
        ? event("removed a caption")
        : ` edited: ${cleanText(record.text, { lines: true })}`;
    case "erased":
      if (record.expired !== true) return ": message deleted";
      return record.also === undefined ? ": message expired" : ": messages expired";
    case "erased-files":
      return event(`deleted ${record.files.length === 1 ? "a file" : "files"}`);
    case "poll":
      return event("closed a poll");
    case "vote": {
      const chosen = shownChoices(record);
      const what = chosen === undefined ? "" : ` for ${chosen}`;
      return event(`${record.voter === undefined ? "voted" : "counted a vote"}${what}`);
    }
    case "pin": {
      const { re, on } = record.event;
      const author = re === undefined ? undefined : style.authorOf?.(re, record);
      const phrase = on === false ? ENGLISH.eventUnpin : ENGLISH.eventPin;
      return event(author === undefined ? phrase : `${phrase} from ${author}`);
    }
    case "hand": {
      const { isCall, subject } = record.event;
      const isMine = isCall === true && isSameName(subject, style.me);
      if (!isMine) return event(recordText(record, style));
      return ` calls on you in ${destinationTitle(record, style.me)}. To end: /hand`;
    }
    default:
      return event(recordText(record, style));
  }
}

/** Whether a terminal rings its bell for the record. */
export function isHandCall(record: DisplayRecord, me: string | undefined): boolean {
  if (record.kind !== "hand") return false;
  return record.event.isCall === true && isSameName(record.event.subject, me);
}

function replyWords(
  record: Extract<DisplayRecord, { readonly kind: "text" | "action" | "file" }>,
  { authorOf }: SpokenStyle,
): string {
  if (record.re === undefined) return "";
  const author = authorOf?.(record.re, record);
  const whom = author === undefined ? "" : ` ${cleanText(author)}`;
  if (record.thread === true) return ` answers${whom} in a thread`;
  return author === undefined ? " answers a message" : ` answers${whom}`;
}

function fileWords({ name, sizeBytes, folder, details }: FileFacts): string {
  const kind = folder === undefined ? "file" : "folder";
  const facts = [
    cleanText(name),
    ...(folder === undefined ? [] : [`${folder.entries} entries`]),
    formatSize(sizeBytes),
    ...detailTexts(details, ENGLISH),
  ];
  return `${kind} ${facts.join(", ")}`;
}

/** The table of emoji is large, and few sessions need it. */
function emojiWordsOf(emoji: string): string {
  const { emojiWords }: typeof import("../../ui/text/emoji.ts") = require("../../ui/text/emoji.ts");
  return emojiWords(emoji) ?? emoji;
}
