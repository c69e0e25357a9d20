/**
 * Command-line completion from the command table and local state. Uses no network and writes no
 * files.
 */

import { COMPLETIONS_MAX } from "../base/limits.ts";
import { isName } from "../base/names.ts";
import { cleanText } from "../base/text.ts";
import { type KnownName, KnownNames } from "../io/state/known-names.ts";
import { findLocalServers } from "../io/state/local-servers.ts";
import { formatAddress, parseServerSpec } from "../wire/invite.ts";
import { shortCodeCompletions } from "../wire/short-code.ts";
import {
  type FlagDef,
  type FlagDefs,
  flagName,
  longFlag,
  optionsOf,
  PATH_HINTS,
  type VerbTable,
} from "./command.ts";
import type { Context } from "./context.ts";
import { GLOBAL_FLAGS } from "./flags.ts";
import { typedName } from "./guide-text.ts";
import { loadGuides } from "./guides.ts";

export interface ShellCompletion {
  readonly word: string;
  readonly description: string;
}

/** The shell completes and quotes paths itself. */
const PATHS = "paths";

export type Candidates = readonly ShellCompletion[] | typeof PATHS;

type CompletionContext = Pick<Context, "env" | "settings">;

const SHELL_SAFE = /^[A-Za-z0-9@#._:,=+%[\]/-]*$/;
const ABOUT_CODE_POINTS_MAX = 60;

/** @param words words after `chat`; the last word is incomplete */
export async function completionsFor(
  context: CompletionContext,
  verbs: VerbTable,
  words: readonly string[],
): Promise<Candidates> {
  const typed = words.at(-1) ?? "";
  const previousWords = words.slice(0, -1);
  const [, flag, value] = /^(--[a-z-]+)=(.*)$/s.exec(typed) ?? [];
  const isInline = flag !== undefined && value !== undefined && !previousWords.includes("--");
  const prefix = isInline ? `${flag}=` : "";
  const candidates = isInline
    ? await completeInTable(context, verbs, [...previousWords, flag], value)
    : await completeInTable(context, verbs, previousWords, typed);
  if (candidates === PATHS) return PATHS;
  return candidates
    .map(({ word, description }) => ({ word: `${prefix}${word}`, description }))
    .filter(({ word }) => word.startsWith(typed) && SHELL_SAFE.test(word))
    .slice(0, COMPLETIONS_MAX);
}

export function formatCompletion({ word, description }: ShellCompletion): string {
  return description === "" ? word : `${word}\t${description}`;
}

async function guides(table: VerbTable): Promise<ShellCompletion[]> {
  const commands = Object.keys(table);
  return (await loadGuides()).map(({ name, about }) => ({
    word: typedName(name, commands),
    description: about,
  }));
}

async function completeInTable(
  context: CompletionContext,
  table: VerbTable,
  previousWords: readonly string[],
  typed: string,
): Promise<Candidates> {
  const index = previousWords.findIndex((word) => !word.startsWith("-"));
  const word = previousWords[index];
  if (word === undefined) {
    if (typed.startsWith("-")) return flagsOf(GLOBAL_FLAGS);
    return verbsOf(table);
  }
  const remaining = previousWords.slice(index + 1);
  if (word === "man") return completeInTable(context, table, remaining, typed);
  if (word === "help") {
    const found = await completeInTable(context, table, remaining, typed);
    return remaining.length > 0 || found === PATHS ? found : [...found, ...(await guides(table))];
  }
  const row = Object.hasOwn(table, word) ? table[word] : undefined;
  if (row === undefined) return [];
  const { command } = await row.load();
  return command.kind === "group"
    ? completeInTable(context, command.verbs, remaining, typed)
    : completeVerb(context, { word, args: command.args }, remaining, typed);
}

function verbsOf(table: VerbTable): ShellCompletion[] {
  return Object.entries(table).flatMap(([word, { summary, hidden }]) =>
    hidden === true ? [] : [{ word, description: summary }],
  );
}

function completeVerb(
  context: CompletionContext,
  { word, args }: { readonly word: string; readonly args: FlagDefs },
  previousWords: readonly string[],
  typed: string,
): Candidates {
  const definitions: FlagDefs = { ...args, ...GLOBAL_FLAGS };
  const { pendingFlag, positionals } = parseWordsBefore(definitions, previousWords);
  if (pendingFlag !== undefined)
    return valuesOf(context, definitions, pendingFlag, { before: previousWords, typed });
  if (typed.startsWith("-") && !previousWords.includes("--")) return flagsOf(definitions);
  const positionalArgs = Object.entries(args).filter(([, { type }]) => type === "positional");
  const last = positionalArgs.at(-1);
  const argument = positionalArgs[positionals] ?? (last?.[1].many === true ? last : undefined);
  if (argument === undefined) return [];
  const [key, definition] = argument;
  const isPerson = key === "name" || (key === "target" && word.includes("ban"));
  const hint = isPerson ? "NAME" : key === "room" ? "ROOM" : undefined;
  return valuesOf(context, definitions, withHint(definition, hint), {
    before: previousWords,
    typed,
  });
}

function parseWordsBefore(definitions: FlagDefs, previousWords: readonly string[]) {
  let pendingFlag: FlagDef | undefined;
  let positionals = 0;
  let isText = false;
  for (const word of previousWords) {
    if (pendingFlag !== undefined) pendingFlag = undefined;
    else if (isText || !word.startsWith("-") || word === "-") positionals++;
    else if (word === "--") isText = true;
    else pendingFlag = valueFlag(definitions, word);
  }
  return { pendingFlag, positionals };
}

function valueFlag(definitions: FlagDefs, word: string): FlagDef | undefined {
  const matchesWord = ([key, { type, alias }]: [string, FlagDef]) =>
    type !== "positional" && [`--${flagName(key)}`, `-${alias}`].includes(word);
  const [, candidates] = Object.entries(definitions).find(matchesWord) ?? [];
  return candidates?.type === "boolean" ? undefined : candidates;
}

function withHint(definition: FlagDef, hint: string | undefined): FlagDef {
  return hint === undefined ? definition : { ...definition, valueHint: hint };
}

function valuesOf(
  context: CompletionContext,
  definitions: FlagDefs,
  definition: FlagDef,
  { before: previousWords, typed }: { readonly before: readonly string[]; readonly typed: string },
): Candidates {
  const options = optionsOf(definition);
  if (options !== undefined) {
    const prefix = definition.list === true ? typed.slice(0, typed.lastIndexOf(",") + 1) : "";
    const remaining = options.filter((word) => !prefix.split(",").includes(word));
    return remaining.map((word) => withoutDescription(`${prefix}${word}`));
  }
  const hint = definition.valueHint;
  const isOwnName = definition === definitions["user"];
  if (hint === undefined || definition === definitions["name"]) return [];
  if (PATH_HINTS.has(hint)) return PATHS;
  if (hint === "CODE") return shortCodeCompletions(typed).map(withoutDescription);
  const { folders, config } = context.settings();
  using knownNames = new KnownNames(folders.data);
  if (hint === "SERVER") return servers(context, knownNames);
  if (isOwnName) return knownNames.users().flatMap(asName(""));
  const server = serverIn(previousWords, context, knownNames, config.server);
  const fingerprint = server === undefined ? undefined : knownNames.fingerprintOf(server);
  return fingerprint === undefined ? [] : namesOf(knownNames, fingerprint, hint);
}

function withoutDescription(word: string): ShellCompletion {
  return { word, description: "" };
}

function namesOf(
  knownNames: KnownNames,
  fingerprint: string,
  hint: string,
): readonly ShellCompletion[] {
  const rooms = () => knownNames.targets(fingerprint).flatMap(asTarget("#", ""));
  const people = (sign: string) => {
    const correspondents = knownNames.targets(fingerprint).flatMap(asTarget("@", sign));
    const authors = knownNames.people(fingerprint).flatMap(asName(sign));
    return [
      ...new Map(
        [...correspondents, ...authors].map((candidate) => [candidate.word, candidate]),
      ).values(),
    ];
  };
  switch (hint) {
    case "TARGET":
      return [...rooms(), ...people("@")];
    case "ROOM":
      return rooms();
    case "NAME":
      return people("");
    case "@NAME":
      return people("@");
    case "ID":
      return knownNames
        .files(fingerprint)
        .map(({ name, about: text }) => ({ word: name, description: shortText(text) }));
    default:
      return [];
  }
}

function serverIn(
  previousWords: readonly string[],
  { env }: CompletionContext,
  knownNames: KnownNames,
  configured: string | undefined,
): string | undefined {
  const index = previousWords.findIndex((word) => word === "--server" || word === "-s");
  const inline = previousWords
    .find((word) => word.startsWith("--server="))
    ?.slice("--server=".length);
  const serverText = index >= 0 ? previousWords[index + 1] : inline;
  const text = serverText || env["CHAT_INVITE"] || env["CHAT_SERVER"] || configured;
  if (text === undefined) return knownNames.lastServer();
  try {
    return formatAddress(parseServerSpec(text));
  } catch {
    return undefined;
  }
}

function servers({ env }: CompletionContext, knownNames: KnownNames): ShellCompletion[] {
  const localServers = findLocalServers(env).map((local) => ({
    word: formatAddress(local),
    description: "runs here",
  }));
  const pinnedServers = knownNames
    .servers()
    .map(({ name, about: text }) => ({ word: name, description: shortText(text) }));
  return [
    ...new Map(
      [...pinnedServers, ...localServers].map((candidate) => [candidate.word, candidate]),
    ).values(),
  ];
}

function asName(sign: string): (knownNames: KnownName) => ShellCompletion[] {
  // Without `#` or `@`, a name that begins with a dash would be parsed as a flag.
  const fits = (name: string) => isName(name) && (sign !== "" || !name.startsWith("-"));
  return ({ name }) => (fits(name) ? [{ word: `${sign}${name}`, description: "" }] : []);
}

function asTarget(kind: "#" | "@", sign: string): (knownNames: KnownName) => ShellCompletion[] {
  return ({ name }) => {
    const bare = name.slice(1);
    return name.startsWith(kind) && isName(bare)
      ? [{ word: `${sign}${bare}`, description: "" }]
      : [];
  };
}

function shortText(text: string): string {
  return Array.from(cleanText(text.slice(0, 4 * ABOUT_CODE_POINTS_MAX)))
    .slice(0, ABOUT_CODE_POINTS_MAX)
    .join("");
}

function flagsOf(definitions: FlagDefs): ShellCompletion[] {
  const flags = Object.entries(definitions).flatMap(([key, definition]) => {
    if (definition.type === "positional") return [];
    const { description, negativeDescription = description ?? "" } = definition;
    return [{ word: longFlag(key, definition), description: negativeDescription }];
  });
  return [{ word: "--help", description: "Show help" }, ...flags];
}
