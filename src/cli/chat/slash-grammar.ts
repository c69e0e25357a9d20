/** Parsing of the arguments of slash commands. */

import { msg, unlessFault } from "../../base/fault.ts";
import { formatTarget, parseTarget } from "../../base/names.ts";
import type { WaitingMessage } from "../../core/client/outgoing.ts";
import { parseUntil } from "../../core/duration.ts";
import { isSameName } from "../../core/model/item.ts";
import type { RoomState } from "../../core/model/state.ts";
import { WALL_NAMES, type WallChange } from "../../core/rooms/wall.ts";
import { splitFirstWord } from "../../ui/command.ts";
import type { TerminalTexts } from "../../ui/messages/en/terminal.ts";
import { ROUND_END, roundStart, roundStep, TURN_MS } from "../../ui/wall/round.ts";
import { usageFault } from "../errors.ts";
import { localPath } from "../files/local-path.ts";
import { parseThread } from "../flags.ts";

export interface SlashRow {
  readonly name: string;
  readonly usage: string;
}

/** Replaces the user's own alias by its command, once. `line` has no slash. */
export function expandAlias(line: string, aliases: ReadonlyMap<string, string>): string {
  const [word, argument] = splitFirstWord(line);
  const command = aliases.get(word.toLowerCase());
  return command === undefined ? line : `${command} ${argument}`.trimEnd();
}

export function slashSummary({ slash }: TerminalTexts, name: string): string {
  return (slash as Readonly<Record<string, string>>)[name] ?? "";
}

export interface SendArguments {
  readonly paths: readonly string[];
  readonly target: string | undefined;
  readonly caption: string | undefined;
  /** Seq of the message that the files answer. */
  readonly thread: number | undefined;
}

/**
 * Parses `PATH... [TARGET] [--thread SEQ] [--caption TEXT]`. Paths and caption may be quoted as in
 * a shell; the caption extends to the end of the line.
 * @param isPath whether a last word that may name a room is a path instead
 * @throws {Fault} usage
 */
export function parseSend(
  line: string,
  home: string | undefined,
  isPath: (word: string) => boolean = () => false,
): SendArguments {
  const { before, caption } = withoutCaption(line);
  const { others, thread } = withoutThread(before);
  const words = shellWords(others);
  const last = words.length > 1 ? words.at(-1) : undefined;
  const to = last === undefined ? undefined : unlessFault(() => parseTarget(last));
  const target = last === undefined || isPath(last) ? undefined : to && formatTarget(to);
  const paths = target === undefined ? words : words.slice(0, -1);
  return { paths: paths.map((path) => localPath(expandHome(path, home))), target, caption, thread };
}

/**
 * Returns the line that sends a message with files again.
 * @param current target of the input
 */
export function sendLine(
  { to, text, re, thread, files }: WaitingMessage<{ readonly path: string }>,
  current: string | undefined,
): string {
  if (files.length === 0) return text.startsWith("/") ? `/${text}` : text;
  const [target = ""] = to;
  const room = target.startsWith("@") ? target : `#${target}`;
  const words = files.map(({ source: { path } }) => quotedWord(path));
  if (!isSameName(target, current)) words.push(room);
  if (thread === true) words.push(`--thread ${re}`);
  const caption = /^["']/.test(text) ? quotedWord(text) : text;
  if (text !== "") words.push(`--caption ${caption}`);
  return `/send ${words.join(" ")}`;
}

function quotedWord(text: string): string {
  return /[\s"'\\]/.test(text) ? `"${text.replaceAll(/["\\]/g, "\\$&")}"` : text;
}

function withoutThread(line: string): { others: string; thread: number | undefined } {
  for (const { 0: flag, 1: word = "", index } of line.matchAll(
    /(?:^|\s)--thread(?:=|\s+|$)(\S*)/g,
  )) {
    const before = line.slice(0, index);
    if (!hasClosedQuotes(before)) continue;
    return { others: before + line.slice(index + flag.length), thread: parseThread(word, 1) };
  }
  return { others: line, thread: undefined };
}

function withoutCaption(line: string): { before: string; caption: string | undefined } {
  for (const { 0: flag, index } of line.matchAll(/(?:^|\s)--caption(?:=|\s+|$)/g)) {
    const before = line.slice(0, index);
    if (!hasClosedQuotes(before)) continue; // A flag inside quotes belongs to the path.
    const text = line.slice(index + flag.length).trim();
    if (text === "") {
      throw usageFault(msg`--caption is empty`, msg`add text after --caption`);
    }
    return { before, caption: unquoted(text) };
  }
  return { before: line, caption: undefined };
}

function unquoted(text: string): string {
  if (!/^["']/.test(text) || !hasClosedQuotes(text)) return text;
  const [only = "", ...more] = shellWords(text);
  return more.length === 0 ? only : text;
}

function hasClosedQuotes(line: string): boolean {
  return unlessFault(() => shellWords(line)) !== undefined;
}

export function expandHome(path: string, home: string | undefined): string {
  return path.startsWith("~/") && home !== undefined ? `${home}${path.slice(1)}` : path;
}

/** Address as file managers copy it: without spaces, but with apostrophes, which quote nothing. */
const FILE_ADDRESS = /file:\/\/\S*/iy;

/**
 * Splits a line into words. Quotes and backslashes protect spaces, as in a shell.
 * @throws {Fault} usage if a quote is not closed
 */
export function shellWords(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    FILE_ADDRESS.lastIndex = at;
    const address = word === undefined ? FILE_ADDRESS.exec(line)?.[0] : undefined;
    if (address !== undefined) {
      word = address;
      at += address.length - 1;
      continue;
    }
    const char = line[at] ?? "";
    const isEscape = char === "\\" && quote !== "'" && /[\s"'\\]/.test(line[at + 1] ?? "");
    const isBlank = quote === "" && /\s/.test(char);
    if (isBlank && word !== undefined) words.push(word);
    if (isBlank) word = undefined;
    else if (isEscape) word = (word ?? "") + line[++at];
    else if (char === quote) quote = "";
    else if (quote === "" && (char === '"' || char === "'")) {
      quote = char;
      word ??= "";
    } else word = (word ?? "") + char;
  }
  if (quote !== "") throw usageFault(msg`unclosed quote`, msg`close the quote`);
  return word === undefined ? words : [...words, word];
}

/**
 * Parses what a moderator changes on the walls of a room; `undefined` if it is nothing.
 * @throws {Fault} usage if a time is invalid
 */
export function parseWall(
  words: string,
  room: Pick<RoomState, "members" | "wall"> | undefined,
): WallChange | undefined {
  const [what, value] = splitFirstWord(words);
  switch (what) {
    case "on":
    case "off":
      return value === "" ? { on: what === "on" } : undefined;
    case "names": {
      const names = WALL_NAMES.find((form) => form === value);
      return names && { names };
    }
    case "timer":
      if (value === "") return undefined;
      return value === "off" ? { leftMs: 0 } : { leftMs: parseUntil(value, 0), runs: true };
    case "line":
      return { line: value };
    case "round":
      if (value === "off") return ROUND_END;
      if (value === "next") return roundStep(room?.wall, 1);
      if (value === "back") return roundStep(room?.wall, -1);
      return room && roundStart(room, value === "" ? TURN_MS : parseUntil(value, 0));
    default:
      return undefined;
  }
}
