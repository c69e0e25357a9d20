/** Tab completion of names, rooms, commands and their arguments, paths and emoji. */

import { CANDIDATES_LISTED_MAX } from "../../../base/limits-screen.ts";
import { displayedLike } from "../../../core/model/people.ts";
import { isConversation } from "../../../core/model/room.ts";
import { knownNames, openRoom } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import { beginsWithName, matching, typedFullName } from "../../../ui/matching.ts";
import { searchCompletions } from "../../../ui/search-query.ts";
import { searchEmojiNames } from "../../../ui/text/emoji.ts";
import { type Editor, replaceRange, withCursor } from "../editor/editor.ts";
import type { Completion, CompletionCandidate } from "../state/screen-state.ts";

export interface CommandRow {
  readonly name: string;
  /** Each word in capitals names an argument, as in `/join ROOM [PASSWORD]`. */
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
  readonly settings: readonly CompletionCandidate[];
  /**
   * `undefined` if the folder has not been read yet.
   * @param path as typed: `~/a/`, `../`, or empty for the current folder
   */
  readonly folder: (path: string) => readonly PathEntry[] | undefined;
  /** Emoji names in this language are accepted in addition to English names. */
  readonly language?: "en" | "id";
}

export type CompletionOffer =
  | { readonly kind: "none" }
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "some"; readonly completion: Completion };

const NONE: CompletionOffer = { kind: "none" };

export function offerAt({ text, cursor }: Editor, source: CompletionSource): CompletionOffer {
  const beforeCursor = text.slice(0, cursor);
  const from = beforeCursor.search(/(?<!\S)\S*$/);
  const word = beforeCursor.slice(from);
  const command = /^\/([a-z-]+)\s/i.exec(beforeCursor)?.[1];
  if (/^\/[a-z-]*$/i.test(beforeCursor))
    return offerOf(beforeCursor, 0, commandCandidates(word.slice(1), source));
  const offer = command === undefined ? undefined : argumentOffer(beforeCursor, command, source);
  if (offer !== undefined) return offer;
  return (
    fullNameOffer(beforeCursor, source) ??
    offerOf(beforeCursor, from, wordCandidates(word, from === 0, source))
  );
}

/** Completes `@Budi K U`, which must not become a mention of somebody whose name has a U. */
function fullNameOffer(
  beforeCursor: string,
  { model }: CompletionSource,
): CompletionOffer | undefined {
  const typed = typedFullName(beforeCursor);
  if (typed === undefined) return undefined;
  const names = namesByRecency(model);
  const alike = displayedLike(model, names, typed);
  if (alike.length === 0 && beginsWithName(typed, names)) return undefined;
  const from = beforeCursor.length - typed.length - 1;
  return offerOf(beforeCursor, from, mentionCandidates(model, alike));
}

function mentionCandidates(model: Model, names: readonly string[], before = "@", after = " ") {
  return names.map((name) => {
    const hint = model.displayNames.get(name.toLowerCase()) ?? "";
    return { text: `${before}${name}${after}`, hint };
  });
}

/** Completes the filters of a search. */
function searchOffer(
  { text, cursor }: Pick<Editor, "text" | "cursor">,
  model: Model,
): CompletionOffer {
  const beforeCursor = text.slice(0, cursor);
  const from = beforeCursor.search(/(?<!\S)\S*$/);
  const completions = searchCompletions(beforeCursor.slice(from), model);
  const candidates = completions.map((word) =>
    plainCandidate(word.endsWith(":") ? word : `${word} `),
  );
  return offerOf(beforeCursor, from, candidates);
}

function offerOf(
  beforeCursor: string,
  from: number,
  candidates: readonly CompletionCandidate[],
): CompletionOffer {
  if (candidates.length === 0) return NONE;
  const offered = candidates.slice(0, CANDIDATES_LISTED_MAX);
  const [to, replacedText] = [beforeCursor.length, beforeCursor.slice(from)];
  return {
    kind: "some",
    completion: { from, to, candidates: offered, selectedIndex: 0, replacedText },
  };
}

/** Completes a word such as `@ana`, `ana`, `#lobby` or `:smile`. */
function wordCandidates(
  word: string,
  isFirst: boolean,
  { model, language }: CompletionSource,
): readonly CompletionCandidate[] {
  const [, opening = "", typed = "", prefix = ""] =
    /^([("'[]*)([@#:＠＃：]?)(.*)$/s.exec(word) ?? [];
  const sign = typed.normalize("NFKC"); // Input methods type wide signs.
  if (sign === ":") {
    if (prefix.length < 2) return [];
    return emojiCandidates(prefix, language).map(({ text, hint }) => ({
      text: `${opening}${text} `,
      hint,
    }));
  }
  if (sign === "#") {
    return matching(roomNames(model), prefix).map((room) => plainCandidate(`${opening}#${room} `));
  }
  if (sign === "" && prefix === "") return [];
  const suffix = isFirst && sign === "" ? ": " : " ";
  const names = matchingPeople(namesByRecency(model), prefix, sign === "@", model);
  return mentionCandidates(model, names, `${opening}${sign}`, suffix);
}

/** People whose display names contain the query follow those whose account names match. */
function matchingPeople(
  names: readonly string[],
  query: string,
  isAnywhere: boolean,
  model: Model,
): readonly string[] {
  const matches = matching(names, query, isAnywhere);
  return [...new Set([...matches, ...displayedLike(model, names, query)])];
}

function plainCandidate(text: string): CompletionCandidate {
  return { text, hint: "" };
}

function namesByRecency(model: Model): readonly string[] {
  const names = knownNames(model);
  const items = openRoom(model)?.tail.items ?? [];
  const authors = new Map<string, string>();
  for (let at = items.length - 1; at >= 0 && authors.size < CANDIDATES_LISTED_MAX; at--) {
    const { from, isMine } = items[at] ?? {};
    if (from !== undefined && isMine === false) authors.set(from.toLowerCase(), from);
  }
  return [...authors.values(), ...names.filter((name) => !authors.has(name.toLowerCase()))];
}

function roomNames(model: Model): readonly string[] {
  return [...model.rooms.values()].filter((room) => !isConversation(room)).map(({ name }) => name);
}

function targets(model: Model): readonly string[] {
  return [
    ...roomNames(model).map((room) => `#${room}`),
    ...namesByRecency(model).map((name) => `@${name}`),
  ];
}

export function emojiCandidates(
  query: string,
  language: string | undefined,
): readonly CompletionCandidate[] {
  return searchEmojiNames(query, CANDIDATES_LISTED_MAX, language).map(({ name, emoji }) => ({
    text: emoji,
    hint: `:${name}:`,
  }));
}

function commandCandidates(
  prefix: string,
  { commands }: CompletionSource,
): readonly CompletionCandidate[] {
  const folded = prefix.toLowerCase();
  return commands
    .filter(({ name }) => name.startsWith(folded))
    .map(({ name, usage, summary }) => {
      const parameters = usage.slice(name.length + 1).trim();
      return {
        text: `/${name} `,
        hint: [parameters, summary].filter((hintText) => hintText !== "").join("  "),
      };
    });
}

function argumentOffer(
  beforeCursor: string,
  commandName: string,
  source: CompletionSource,
): CompletionOffer | undefined {
  const command = source.commands.find(({ name }) => name === commandName.toLowerCase());
  if (command === undefined) return undefined;
  if (command.name === "search") {
    const offer = searchOffer({ text: beforeCursor, cursor: beforeCursor.length }, source.model);
    return offer.kind === "none" ? undefined : offer;
  }
  const argumentText = beforeCursor.slice(commandName.length + 1).trimStart();
  const flags = command.usage.match(/--[a-z]+/g) ?? [];
  // The text after the flag is a message, which has no completions.
  if (flags.some((flag) => argumentText.includes(` ${flag} `))) return undefined;
  const flagPrefix = /\s(--[a-z]*)$/.exec(argumentText)?.[1];
  if (flagPrefix !== undefined && flags.length > 0) {
    const matchingFlags = flags.filter((flag) => flag.startsWith(flagPrefix));
    return offerOf(
      beforeCursor,
      beforeCursor.length - flagPrefix.length,
      matchingFlags.map((flag) => plainCandidate(`${flag} `)),
    );
  }
  const parameters = command.usage.split(/\s+/).slice(1);
  // A path may contain spaces, so it extends to the end of the line.
  if (/^\[?(?:PATH|DIR|FILE)\]?$/.test(parameters[0] ?? ""))
    return pathOffer(beforeCursor, argumentText, source);
  const index = Math.min(argumentText.split(/\s+/).length, parameters.length) - 1;
  const from = beforeCursor.search(/(?<!\S)\S*$/);
  const parameter = (parameters[index] ?? "").replaceAll(/[[\].…]/g, "");
  if (/^(?:PATH|DIR|FILE)$/.test(parameter))
    return pathOffer(beforeCursor, textAfterWords(argumentText, index), source);
  const values = valuesOf(parameter, beforeCursor.slice(from), source);
  return values === undefined ? undefined : offerOf(beforeCursor, from, values);
}

function textAfterWords(text: string, count: number): string {
  let remaining = text;
  for (let i = 0; i < count; i++) remaining = remaining.replace(/^\S+\s+/, "");
  return remaining;
}

function valuesOf(
  parameter: string,
  prefix: string,
  source: CompletionSource,
): readonly CompletionCandidate[] | undefined {
  const { model, commands, settings, language } = source;
  const name = prefix.replace(/^[@#]/, "");
  const sign = prefix.slice(0, prefix.length - name.length);
  const named = (names: readonly string[]) =>
    matching(names, name).map((candidate) => plainCandidate(`${sign}${candidate} `));
  switch (parameter) {
    case "ROOM":
      return named(roomNames(model));
    case "NAME":
    case "USER":
    case "PERSON":
      return matchingPeople(namesByRecency(model), name, false, model).map((person) => ({
        text: `${sign}${person} `,
        hint: model.displayNames.get(person.toLowerCase()) ?? "",
      }));
    case "TARGET":
      return matching(targets(model), prefix).map((target) => plainCandidate(`${target} `));
    case "ID":
      return filesOf(model).filter(
        ({ text, hint }) =>
          text.startsWith(prefix) || hint.toLowerCase().includes(prefix.toLowerCase()),
      );
    case "COMMAND":
      return named(commands.map(({ name }) => name));
    case "EMOJI":
      return emojiCandidates(prefix.replace(/^:/, ""), language).map(withSpace);
    case "KEY":
    case "SETTING":
      return settings.filter(({ text }) => text.startsWith(prefix)).map(withSpace);
    default:
      return parameter.includes("|") ? named(parameter.split("|")) : undefined;
  }
}

function withSpace({ text, hint }: CompletionCandidate): CompletionCandidate {
  return { text: `${text} `, hint };
}

function filesOf(model: Model): readonly CompletionCandidate[] {
  const items = openRoom(model)?.tail.items ?? [];
  const files = items.toReversed().flatMap((item) => item.files);
  const names = new Map(files.map(({ file, name }) => [file, name]));
  return [...names]
    .map(([id, name]) => ({ text: `${id} `, hint: name }))
    .slice(0, CANDIDATES_LISTED_MAX);
}

function pathOffer(
  beforeCursor: string,
  pathText: string,
  { folder }: CompletionSource,
): CompletionOffer {
  const quote = /^["']/.exec(pathText)?.[0] ?? "";
  const unparsed = pathText.slice(quote.length);
  const unquoted = quote === "" ? unparsed.replaceAll(/\\([\s"'\\])/g, "$1") : unparsed;
  // Quoted in the form that `/send` parses.
  const quoted = (name: string) =>
    quote === "" ? name.replaceAll(/[\s"'\\]/g, (char) => `\\${char}`) : name;
  const slash = unquoted.lastIndexOf("/") + 1;
  const [parent, namePrefix] = [unquoted.slice(0, slash), unquoted.slice(slash)];
  const entries = folder(parent);
  if (entries === undefined) return { kind: "folder", path: parent };
  const isHidden = namePrefix.startsWith(".");
  const matches = entries
    .filter(({ name }) => name.startsWith(namePrefix) && (isHidden || !name.startsWith(".")))
    .filter(({ name }) => !/[\x00-\x1f\x7f]/.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, isFolder }) =>
      plainCandidate(`${quote}${quoted(parent + name)}${isFolder ? "/" : ""}`),
    );
  return offerOf(beforeCursor, beforeCursor.length - pathText.length, matches);
}

export function applyCandidate(
  editor: Editor,
  completion: Completion,
  at: number,
): { readonly editor: Editor; readonly completion: Completion } {
  const { from, to, candidates } = completion;
  const text = candidates[at]?.text ?? "";
  // A space already follows, so the candidate's own space is omitted.
  const isDouble = text.endsWith(" ") && editor.text[to] === " ";
  const inserted = replaceRange(editor, from, to, isDouble ? text.slice(0, -1) : text);
  const cursor = inserted.text.length - (editor.text.length - to);
  return {
    editor: withCursor(inserted, cursor),
    completion: { ...completion, to: cursor, selectedIndex: at },
  };
}
