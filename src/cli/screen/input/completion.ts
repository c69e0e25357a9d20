/** Tab completion: names, rooms, commands and their arguments, paths, emoji. */

import { CANDIDATES_LISTED_MAX } from "../../../base/limits-screen.ts";
import { knownNames, openRoom } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import { emojiNamed } from "../../../ui/text/emoji.ts";
import { type Editor, replaceRange, withCursor } from "../editor/editor.ts";
import type { Candidate, Completion } from "../state/screen-state.ts";

/** A slash command as help shows it. */
export interface CommandRow {
  readonly name: string;
  /** `/join ROOM [PASSWORD]`: words in capitals name the kind of argument. */
  readonly usage: string;
  readonly summary: string;
}

export interface PathEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

export interface CompletionSource {
  readonly model: Model;
  readonly commands: readonly CommandRow[];
  /** Keys of settings with their current values, for `/set`. */
  readonly settings: readonly Candidate[];
  /**
   * Entries of a folder as typed (`~/a/`, `../`, or empty for the current one). `undefined` if it
   * was not read yet.
   */
  readonly folder: (path: string) => readonly PathEntry[] | undefined;
  /** Language whose emoji names are accepted in addition to the English ones. */
  readonly language?: "en" | "id";
}

export type Offer =
  | { readonly kind: "none" }
  /** This folder has to be read before Tab is handled again. */
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "some"; readonly completion: Completion };

const NONE: Offer = { kind: "none" };

/** Candidates at the cursor. The text is not changed yet; `at` is the first one. */
export function offerAt({ text, cursor }: Editor, source: CompletionSource): Offer {
  const ahead = text.slice(0, cursor);
  const from = ahead.search(/\S*$/);
  const word = ahead.slice(from);
  const command = /^\/([a-z-]+)\s/i.exec(ahead)?.[1];
  if (/^\/[a-z-]*$/i.test(ahead))
    return offerOf(ahead, 0, commandCandidates(word.slice(1), source));
  const offer = command === undefined ? undefined : argument(ahead, command, source);
  if (offer !== undefined) return offer;
  return offerOf(ahead, from, wordCandidates(word, from === 0, source));
}

/** @param ahead the text up to the cursor */
function offerOf(ahead: string, from: number, candidates: readonly Candidate[]): Offer {
  if (candidates.length === 0) return NONE;
  const offered = candidates.slice(0, CANDIDATES_LISTED_MAX);
  const [to, typed] = [ahead.length, ahead.slice(from)];
  return { kind: "some", completion: { from, to, candidates: offered, at: 0, typed } };
}

/** Completes a word of a message: `@ana`, `ana`, `#lobby`, `:smile`. */
function wordCandidates(
  word: string,
  isFirst: boolean,
  { model, language }: CompletionSource,
): readonly Candidate[] {
  const [, lead = "", sign = "", begun = ""] = /^([("'[]*)([@#:]?)(.*)$/s.exec(word) ?? [];
  if (sign === ":") {
    if (begun.length < 2) return [];
    return emojiCandidates(begun, language).map(({ text, hint }) => ({
      text: `${lead}${text} `,
      hint,
    }));
  }
  if (sign === "#") {
    return matching(roomNames(model), begun).map((room) => plain(`${lead}#${room} `));
  }
  if (sign === "" && begun === "") return [];
  const behind = isFirst && sign === "" ? ": " : " ";
  const names = matching(namesByRecency(model), begun, sign === "@");
  return names.map((name) => plain(`${lead}${sign}${name}${behind}`));
}

function plain(text: string): Candidate {
  return { text, hint: "" };
}

/** Recent authors first, then the others by name. */
function namesByRecency(model: Model): readonly string[] {
  const known = knownNames(model);
  const items = openRoom(model)?.tail.items ?? [];
  const spoken = new Map<string, string>();
  for (let at = items.length - 1; at >= 0 && spoken.size < CANDIDATES_LISTED_MAX; at--) {
    const { from, isMine } = items[at] ?? {};
    if (from !== undefined && isMine === false) spoken.set(from.toLowerCase(), from);
  }
  return [...spoken.values(), ...known.filter((name) => !spoken.has(name.toLowerCase()))];
}

function roomNames(model: Model): readonly string[] {
  return [...model.rooms.values()].filter(({ kind }) => kind === "room").map(({ name }) => name);
}

function targets(model: Model): readonly string[] {
  return [
    ...roomNames(model).map((room) => `#${room}`),
    ...namesByRecency(model).map((name) => `@${name}`),
  ];
}

/**
 * Candidates with this prefix in their order; with `isAnywhere` then those that contain it.
 * @param skipped what precedes the compared part of a candidate
 */
export function matching(
  all: readonly string[],
  begun: string,
  isAnywhere = false,
  skipped: RegExp | "" = "",
): readonly string[] {
  const wanted = begun.toLowerCase();
  const foundAt = (one: string) => one.replace(skipped, "").toLowerCase().indexOf(wanted);
  const beginning = all.filter((one) => foundAt(one) === 0);
  return isAnywhere ? [...beginning, ...all.filter((one) => foundAt(one) > 0)] : beginning;
}

/** Emoji by a part of their name, with the name as the hint. */
export function emojiCandidates(begun: string, language: string | undefined): readonly Candidate[] {
  return emojiNamed(begun, CANDIDATES_LISTED_MAX, language).map(({ name, emoji }) => ({
    text: emoji,
    hint: `:${name}:`,
  }));
}

function commandCandidates(begun: string, { commands }: CompletionSource): readonly Candidate[] {
  const wanted = begun.toLowerCase();
  return commands
    .filter(({ name }) => name.startsWith(wanted))
    .map(({ name, usage, summary }) => {
      const rest = usage.slice(name.length + 1).trim();
      return { text: `/${name} `, hint: [rest, summary].filter((one) => one !== "").join("  ") };
    });
}

/** `undefined` if the argument is a text for other users. */
function argument(ahead: string, typed: string, source: CompletionSource): Offer | undefined {
  const command = source.commands.find(({ name }) => name === typed.toLowerCase());
  if (command === undefined) return undefined;
  const words = ahead.slice(typed.length + 1).trimStart();
  const flags = command.usage.match(/--[a-z]+/g) ?? [];
  // The rest is a message.
  if (flags.some((flag) => words.includes(` ${flag} `))) return undefined;
  const begun = /\s(--[a-z]*)$/.exec(words)?.[1];
  if (begun !== undefined && flags.length > 0) {
    const fitting = flags.filter((flag) => flag.startsWith(begun));
    return offerOf(
      ahead,
      ahead.length - begun.length,
      fitting.map((flag) => plain(`${flag} `)),
    );
  }
  const wanted = command.usage.split(/\s+/).slice(1);
  // A path may contain blanks: the whole typed rest belongs to it.
  if (/^\[?(?:PATH|DIR|FILE)\]?$/.test(wanted[0] ?? "")) return path(ahead, words, source);
  const place = Math.min(words.split(/\s+/).length, wanted.length) - 1;
  const from = ahead.search(/\S*$/);
  const what = (wanted[place] ?? "").replaceAll(/[[\].…]/g, "");
  if (/^(?:PATH|DIR|FILE)$/.test(what)) return path(ahead, afterWords(words, place), source);
  const values = valuesOf(what, ahead.slice(from), source);
  return values === undefined ? undefined : offerOf(ahead, from, values);
}

/** The text after this many words. */
function afterWords(words: string, count: number): string {
  let rest = words;
  for (let i = 0; i < count; i++) rest = rest.replace(/^\S+\s+/, "");
  return rest;
}

/** `undefined` if any text is valid. */
function valuesOf(
  what: string,
  begun: string,
  source: CompletionSource,
): readonly Candidate[] | undefined {
  const { model, commands, settings, language } = source;
  const bare = begun.replace(/^[@#]/, "");
  const sign = begun.slice(0, begun.length - bare.length);
  const named = (all: readonly string[]) =>
    matching(all, bare).map((one) => plain(`${sign}${one} `));
  switch (what) {
    case "ROOM":
      return named(roomNames(model));
    case "NAME":
    case "USER":
    case "PERSON":
      return named(namesByRecency(model));
    case "TARGET":
      return matching(targets(model), begun).map((one) => plain(`${one} `));
    case "ID":
      return filesOf(model).filter(
        ({ text, hint }) =>
          text.startsWith(begun) || hint.toLowerCase().includes(begun.toLowerCase()),
      );
    case "COMMAND":
      return named(commands.map(({ name }) => name));
    case "EMOJI":
      return emojiCandidates(begun.replace(/^:/, ""), language).map(withSpace);
    case "KEY":
    case "SETTING":
      return settings.filter(({ text }) => text.startsWith(begun)).map(withSpace);
    default:
      return what.includes("|") ? named(what.split("|")) : undefined;
  }
}

function withSpace({ text, hint }: Candidate): Candidate {
  return { text: `${text} `, hint };
}

/** Files of the open room, newest first, with their names. */
function filesOf(model: Model): readonly Candidate[] {
  const items = openRoom(model)?.tail.items ?? [];
  const files = items.toReversed().flatMap(({ file }) => file ?? []);
  const names = new Map(files.map(({ file, name }) => [file, name]));
  return [...names]
    .map(([id, name]) => ({ text: `${id} `, hint: name }))
    .slice(0, CANDIDATES_LISTED_MAX);
}

function path(ahead: string, typed: string, { folder }: CompletionSource): Offer {
  const quote = /^["']/.exec(typed)?.[0] ?? "";
  const written = typed.slice(quote.length);
  const bare = quote === "" ? written.replaceAll(/\\([\s"'\\])/g, "$1") : written;
  // Quoted as `/send` reads it.
  const shown = (name: string) =>
    quote === "" ? name.replaceAll(/[\s"'\\]/g, (letter) => `\\${letter}`) : name;
  const slash = bare.lastIndexOf("/") + 1;
  const [above, begun] = [bare.slice(0, slash), bare.slice(slash)];
  const entries = folder(above);
  if (entries === undefined) return { kind: "folder", path: above };
  const isHidden = begun.startsWith(".");
  const found = entries
    .filter(({ name }) => name.startsWith(begun) && (isHidden || !name.startsWith(".")))
    .filter(({ name }) => !/[\x00-\x1f\x7f]/.test(name))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ name, isFolder }) => plain(`${quote}${shown(above + name)}${isFolder ? "/" : ""}`));
  return offerOf(ahead, ahead.length - typed.length, found);
}

/** The text with a candidate inserted; the next Tab replaces it by another one. */
export function applyCandidate(
  editor: Editor,
  completion: Completion,
  at: number,
): { readonly editor: Editor; readonly completion: Completion } {
  const { from, to, candidates } = completion;
  const text = candidates[at]?.text ?? "";
  // Avoids a double space.
  const isDouble = text.endsWith(" ") && editor.text[to] === " ";
  const put = replaceRange(editor, from, to, isDouble ? text.slice(0, -1) : text);
  const end = put.text.length - (editor.text.length - to);
  return { editor: withCursor(put, end), completion: { ...completion, to: end, at } };
}
