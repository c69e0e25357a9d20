/**
 * Parser and formatter of IRC lines, and the splitting of a byte stream into lines. Follows the
 * Modern IRC Client Protocol and IRCv3 message tags.
 */

import { SPACE } from "../../base/ascii.ts";
import { assert } from "../../base/assert.ts";
import { utf8Decode } from "../../base/bytes.ts";

export interface IrcLine {
  /** Values are unescaped and may contain CR and LF. A tag without a value has the value `""`. */
  readonly tags: ReadonlyMap<string, string>;
  readonly source: string | undefined;
  /** In upper case. `INVALID_UTF8` for a line that is not UTF-8, of which only tags are left. */
  readonly command: string;
  readonly params: readonly string[];
}

export type LineFault = "empty" | "too-long" | "tags-too-long" | "control-character" | "malformed";

/** No client's command contains `*`. */
export const INVALID_UTF8 = "*";

export interface LineFields {
  /** Tags with the value `undefined` are omitted. */
  readonly tags?: Readonly<Record<string, string | undefined>>;
  readonly source?: string | undefined;
  readonly command: string;
  readonly params: readonly string[];
}

/** A client's tags with `@` and the space after them (IRCv3 message tags: 4,094 bytes of data). */
const TAGS_BYTES_MAX = 4_096;
/** The rest of a line without CR LF (RFC 1459, section 2.3). */
export const REST_BYTES_MAX = 510;
/** RFC 1459, section 2.3. */
const PARAMS_MAX = 15;
/** The longest line in either direction, with a server's tags (IRCv3 message tags). */
const LINE_BYTES_MAX = 8_192 + 512;
const FIRST_BUFFER_BYTES = 512;
const NO_BYTES = new Uint8Array();

const LF = 0x0a;
const CR = 0x0d;
const AT = 0x40;

const replacer = new TextDecoder();

/** Shared by all lines without tags. */
export const NO_TAGS: Readonly<Record<string, string>> = {};
const NO_TAG_VALUES: ReadonlyMap<string, string> = new Map();
const FORBIDDEN = /[\0\r\n]/;
const NOT_SOURCE = /^$|[\0\r\n ]/;
const LEADING_SPACES = /^ +/;
const COMMAND = /^[A-Za-z0-9]+$/;
/** Clients may send commands that no server knows, and need a reply to them. */
const CLIENT_COMMAND = /^[\w-]+$/;
const TAG_KEY = /^\+?(?:[A-Za-z0-9.-]+\/)?[A-Za-z0-9-]+$/;
const NOT_MIDDLE = /^:|^$| /;
/** Commands whose last parameter always has a colon, because simple bots look for it. */
const TEXT_COMMANDS: ReadonlySet<string> = new Set([
  ...["PRIVMSG", "NOTICE", "TOPIC", "PART", "KICK", "332", "353", "372"],
]);
const ESCAPES: Readonly<Record<string, string>> = {
  ";": "\\:",
  " ": "\\s",
  "\\": "\\\\",
  "\r": "\\r",
  "\n": "\\n",
};
const UNESCAPED: Readonly<Record<string, string>> = { ":": ";", s: " ", r: "\r", n: "\n" };

/** Parses a client's line. `bytes` excludes CR LF. */
export function parseIrcLine(bytes: Uint8Array): IrcLine | LineFault {
  const tagsBytes = bytes[0] === AT ? bytes.indexOf(SPACE) + 1 || bytes.length : 0;
  if (tagsBytes > TAGS_BYTES_MAX) return "tags-too-long";
  if (bytes.length - tagsBytes > REST_BYTES_MAX) return "too-long";
  let text: string;
  try {
    text = utf8Decode(bytes);
  } catch {
    const tags = parseTags(replacer.decode(bytes.subarray(1, Math.max(1, tagsBytes - 1))));
    return { tags, source: undefined, command: INVALID_UTF8, params: [] };
  }
  if (FORBIDDEN.test(text)) return "control-character";
  return parseText(text);
}

function parseText(text: string): IrcLine | LineFault {
  let rest = trimSpaces(text);
  if (rest === "") return "empty";
  let tags = NO_TAG_VALUES;
  let source: string | undefined;
  if (rest.startsWith("@")) {
    const [head, tail] = cutAtSpace(rest.slice(1));
    tags = parseTags(head);
    rest = tail;
  }
  if (rest.startsWith(":")) [source, rest] = cutAtSpace(rest.slice(1));
  const [command, params] = cutAtSpace(rest);
  if (source === "" || !CLIENT_COMMAND.test(command)) return "malformed";
  return { tags, source, command: command.toUpperCase(), params: parseParams(params) };
}

function parseTags(text: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const tag of text.split(";")) {
    const [, key = "", value = ""] = /^([^=]*)=?(.*)$/s.exec(tag) ?? [];
    if (TAG_KEY.test(key)) tags.set(key, unescapeTag(value));
  }
  return tags;
}

/** The last parameter may begin with `:`, contain spaces and be empty. */
function parseParams(text: string): readonly string[] {
  const params: string[] = [];
  for (let rest = text; rest !== ""; ) {
    const isTrailing = rest.startsWith(":");
    if (isTrailing || params.length === PARAMS_MAX - 1) {
      params.push(isTrailing ? rest.slice(1) : rest);
      break;
    }
    const [param, tail] = cutAtSpace(rest);
    params.push(param);
    rest = tail;
  }
  return params;
}

function cutAtSpace(text: string): readonly [head: string, tail: string] {
  const at = text.indexOf(" ");
  return at < 0 ? [text, ""] : [text.slice(0, at), trimSpaces(text.slice(at))];
}

function trimSpaces(text: string): string {
  return text.startsWith(" ") ? text.replace(LEADING_SPACES, "") : text;
}

/** Returns the line without CR LF. Strangers' texts must be free of CR, LF and NUL. */
export function formatLine({ tags = NO_TAGS, source, command, params }: LineFields): string {
  assert(COMMAND.test(command), "an IRC command consists of letters or digits");
  assert(params.length <= PARAMS_MAX, "an IRC line has too many parameters");
  let line = tags === NO_TAGS ? "" : formatTags(tags);
  if (source !== undefined) {
    assert(!NOT_SOURCE.test(source), "an IRC source has no spaces");
    line = `${line}:${source} `;
  }
  line += command;
  let i = 0;
  for (const param of params) {
    assert(!FORBIDDEN.test(param), "an IRC parameter must not contain CR, LF or NUL");
    const needsColon = NOT_MIDDLE.test(param);
    assert(!needsColon || i === params.length - 1, "only the last IRC parameter may have spaces");
    const isText = i > 0 && i === params.length - 1 && TEXT_COMMANDS.has(command);
    line = needsColon || isText ? `${line} :${param}` : `${line} ${param}`;
    i++;
  }
  return line;
}

function formatTags(tags: Readonly<Record<string, string | undefined>>): string {
  let text = "";
  for (const [key, value] of Object.entries(tags)) {
    if (value === undefined) continue;
    assert(TAG_KEY.test(key) && !value.includes("\0"), "an IRC tag is malformed");
    text += `${text === "" ? "@" : ";"}${key}`;
    if (value !== "") text += `=${escapeTag(value)}`;
  }
  return text === "" ? "" : `${text} `;
}

function escapeTag(value: string): string {
  return value.replaceAll(/[; \\\r\n]/g, (sign) => ESCAPES[sign] ?? sign);
}

/** A backslash before any other character, or at the end, is dropped. */
function unescapeTag(value: string): string {
  return value.replaceAll(/\\(.?)/gs, (_, sign: string) => UNESCAPED[sign] ?? sign);
}

/**
 * Splits a stream at LF or CR LF. Lines stay bytes until they are read, because a line of one byte
 * would take more than a hundred as an object.
 */
export class IrcLineBuffer {
  #bytes: Uint8Array = NO_BYTES;
  #start = 0;
  #end = 0;
  /** No LF is before this position. */
  #scanned = 0;
  #isSkipping = false;

  get unreadBytes(): number {
    return this.#end - this.#start;
  }

  push(chunk: Uint8Array): void {
    const unread = this.unreadBytes;
    if (unread === 0) return this.#replace(chunk);
    // Doubles the buffer when it is full, so that single bytes cost constant time each.
    if (this.#end + chunk.length > this.#bytes.length) {
      const size = Math.max(unread + chunk.length, 2 * unread, FIRST_BUFFER_BYTES);
      const grown = new Uint8Array(size);
      grown.set(this.#bytes.subarray(this.#start, this.#end));
      const scanned = this.#scanned - this.#start;
      this.#replace(grown);
      this.#end = unread;
      this.#scanned = scanned;
    }
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Returns the next complete line, which shares the memory of a chunk that contains all of it. */
  next(): Uint8Array | "too-long" | undefined {
    for (;;) {
      const end = this.#bytes.indexOf(LF, this.#scanned);
      if (end < 0) return this.#append();
      const line = this.#bytes.subarray(this.#start, end);
      this.#start = end + 1;
      this.#scanned = this.#start;
      const isEndOfSkipped = this.#isSkipping;
      this.#isSkipping = false;
      if (isEndOfSkipped) continue;
      if (line.length > LINE_BYTES_MAX) return "too-long";
      return line.at(-1) === CR ? line.subarray(0, -1) : line;
    }
  }

  /** Keeps the unfinished line without the chunk. A line over the limit is reported once. */
  #append(): "too-long" | undefined {
    this.#scanned = this.#end;
    const isTooLong = this.unreadBytes > LINE_BYTES_MAX;
    const isNew = isTooLong && !this.#isSkipping;
    this.#isSkipping ||= isTooLong;
    if (this.#isSkipping) this.#replace(NO_BYTES);
    else if (this.#start > 0) this.#replace(this.#bytes.slice(this.#start, this.#end));
    this.#scanned = this.#end;
    return isNew ? "too-long" : undefined;
  }

  #replace(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#start = 0;
    this.#end = bytes.length;
    this.#scanned = 0;
  }
}
