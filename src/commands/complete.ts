import {
  aliasesOf,
  defineVerb,
  type FlagDef,
  flagName,
  type Verb,
  type VerbTable,
} from "../cli/command.ts";
import { GLOBAL_FLAGS } from "../cli/flags.ts";

/** What `chat completions` asks: the words behind `chat`, the last one half typed. */
export const command = defineVerb({
  args: {
    words: { type: "positional", required: false, many: true, description: "What is typed so far" },
  },
  async run({ words = [] }, context) {
    const { VERBS } = await import("./table.ts");
    const typed = words.at(-1) ?? "";
    const found = await candidates(VERBS, words.slice(0, -1), typed);
    for (const word of found) if (word.startsWith(typed)) context.stdout.write(`${word}\n`);
    return 0;
  },
});

/** @returns an empty list if a file, a name or a text is expected */
async function candidates(
  table: VerbTable,
  before: readonly string[],
  typed: string,
): Promise<readonly string[]> {
  const at = before.findIndex((word) => !word.startsWith("-"));
  const word = before[at];
  if (word === undefined) {
    if (typed.startsWith("-")) return ["--help", ...flagsOf(GLOBAL_FLAGS)];
    return Object.keys(table).filter((name) => table[name]?.hidden !== true);
  }
  const row = Object.hasOwn(table, word) ? table[word] : undefined;
  if (row === undefined) return [];
  const { command: inner } = await row.load();
  const rest = before.slice(at + 1);
  return inner.kind === "group" ? candidates(inner.verbs, rest, typed) : ofVerb(inner, rest, typed);
}

function ofVerb({ args }: Verb, before: readonly string[], typed: string): readonly string[] {
  if (before.includes("--")) return [];
  const definitions: Readonly<Record<string, FlagDef>> = { ...args, ...GLOBAL_FLAGS };
  const last = before.at(-1) ?? "";
  const [, waiting] =
    Object.entries(definitions).find(([key, definition]) =>
      spellings(key, definition).includes(last),
    ) ?? [];
  if (waiting?.type === "enum") return waiting.options ?? [];
  if (waiting?.type === "string") return [];
  return typed.startsWith("-") ? ["--help", ...flagsOf(definitions)] : [];
}

function flagsOf(definitions: Readonly<Record<string, FlagDef>>): string[] {
  return Object.entries(definitions).flatMap(([key, definition]) => {
    if (definition.type === "positional") return [];
    const isOn = definition.type === "boolean" && definition.default === true;
    return [isOn ? `--no-${flagName(key)}` : `--${flagName(key)}`];
  });
}

function spellings(key: string, definition: FlagDef): string[] {
  if (definition.type === "positional") return [];
  return [flagName(key), ...aliasesOf(definition)].map((name) =>
    name.length === 1 ? `-${name}` : `--${name}`,
  );
}
