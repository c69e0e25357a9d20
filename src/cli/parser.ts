/** Strict command-line parser. Rejects unknown flags and commands, which citty accepts. */

import { parseArgs } from "node:util";
import { Fault } from "../base/fault.ts";
import { quoteText } from "../base/text.ts";
import {
  type AnyFlagValue,
  type FlagDef,
  type FlagDefs,
  flagName,
  optionsOf,
  PATH_HINTS,
  placeholder,
} from "./command.ts";
import { usageFault } from "./errors.ts";
import { quoteArgument } from "./shell-quote.ts";
import { flagByPurpose, nearestWord } from "./suggest.ts";

export type Values = Readonly<Record<string, AnyFlagValue>>;

export type ParsedCommandLine =
  | { readonly kind: "values"; readonly values: Values; readonly typedKeys: ReadonlySet<string> }
  | { readonly kind: "help" };

type Token = NonNullable<ReturnType<typeof tokensOf>>[number];
type OptionToken = Extract<Token, { kind: "option" }>;

const START_LENGTH_MIN = 3;

interface FlagSpelling {
  readonly key: string;
  readonly definition: FlagDef;
  readonly implies: boolean;
}

/**
 * @param verb command name in hints, such as `chat join`
 * @throws {Fault} usage
 */
export function parseStrictly(
  definitions: FlagDefs,
  argv: readonly string[],
  verb: string,
): ParsedCommandLine {
  const reader = new Reader(definitions, verb);
  const { before, restKey, rest } = splitRest(definitions, argv);
  const tokens = tokensOf(definitions, before);
  if (tokens.some((token) => token.kind === "option" && isHelp(token))) return { kind: "help" };
  for (const token of tokens) {
    if (token.kind === "option") reader.addOption(token);
    else if (token.kind === "positional") reader.addPositional(token.value);
  }
  if (restKey !== undefined) reader.addRest(restKey, rest);
  return { kind: "values", values: reader.values(), typedKeys: reader.given };
}

/** Cuts the command line at a flag that accepts all remaining words. */
function splitRest(definitions: FlagDefs, argv: readonly string[]) {
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
  for (const [restKey, { rest }] of Object.entries(definitions)) {
    const at = rest === true ? argv.indexOf(`--${flagName(restKey)}`) : -1;
    if (at < 0 || at > end) continue;
    return { before: argv.slice(0, at), restKey, rest: argv.slice(at + 1) };
  }
  return { before: argv, restKey: undefined, rest: [] };
}

function isHelp(token: OptionToken): boolean {
  return token.rawName === "--help" || token.rawName === "-h";
}

function tokensOf(definitions: FlagDefs, argv: readonly string[]) {
  const options: Record<string, { type: "boolean" | "string"; short?: string }> = {};
  for (const [key, definition] of Object.entries(definitions)) {
    if (definition.type === "positional") continue;
    const type = definition.type === "boolean" ? "boolean" : "string";
    const { alias: short, synonym } = definition;
    options[flagName(key)] = short === undefined ? { type } : { type, short };
    if (synonym !== undefined) options[synonym] = { type };
  }
  const args = [...argv];
  return parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

class Reader {
  readonly #targets: ReadonlyMap<string, FlagSpelling>;
  readonly #positionals: readonly [string, FlagDef][];
  readonly #typedValues = new Map<string, AnyFlagValue>();
  #positionalsFilled = 0;

  constructor(
    private readonly definitions: FlagDefs,
    private readonly verb: string,
  ) {
    this.#targets = targetsOf(definitions);
    this.#positionals = Object.entries(definitions).filter(([, { type }]) => type === "positional");
  }

  addOption(token: OptionToken): void {
    const target = this.#targets.get(token.name);
    if (target === undefined) throw this.#unknownFlag(token.rawName);
    const { key, definition } = target;
    this.#checkGlued(token);
    const value = flagValue(token, target);
    const previous = this.#typedValues.get(key);
    if (definition.many && (typeof value === "string" || typeof value === "number")) {
      this.#append(key, value);
    } else if (previous === undefined) {
      this.#typedValues.set(key, value);
    } else {
      throw usageFault(`${token.rawName} given twice`, "use it once");
    }
  }

  /** `-test` is a text that somebody has typed, and rarely `-t est`. Numbers may be glued. */
  #checkGlued({ rawName, value = "", inlineValue }: OptionToken): void {
    if (inlineValue !== true || rawName.startsWith("--") || /^\d+$/.test(value)) return;
    const typed = quoteText(`${rawName}${value}`);
    throw usageFault(
      `unknown flag ${typed}`,
      `${this.#textHint}write ${rawName} ${quoteText(value)}`,
    );
  }

  get #textHint(): string {
    return this.#positionals.length > 0 ? "put -- before text that begins with -, or " : "";
  }

  addPositional(text: string): void {
    const [key, definition] = this.#positionals[this.#positionalsFilled] ?? [];
    if (key === undefined || definition === undefined) throw this.#extraArgument(text);
    const value = parseFlagValue(text, definition, key.toUpperCase());
    if (definition.many) return this.#append(key, value);
    this.#typedValues.set(key, value);
    this.#positionalsFilled++;
  }

  addRest(key: string, words: readonly string[]): void {
    if (words.length === 0) {
      const flag = `--${flagName(key)}`;
      const { valueHint = "" } = this.definitions[key] ?? {};
      throw usageFault(`${flag} requires a value`, `write ${flag} ${valueHint}`);
    }
    this.#typedValues.set(key, words);
  }

  #append(key: string, value: string | number): void {
    const previous = this.#typedValues.get(key);
    this.#typedValues.set(key, [...(Array.isArray(previous) ? previous : []), value]);
  }

  get given(): ReadonlySet<string> {
    return new Set(this.#typedValues.keys());
  }

  values(): Values {
    const values: Record<string, AnyFlagValue> = {};
    for (const [key, definition] of Object.entries(this.definitions)) {
      const value = this.#typedValues.get(key);
      if (value === undefined && isRequired(definition))
        throw this.#missingArgument(key, definition);
      values[key] = value ?? absentValue(definition);
    }
    return values;
  }

  #unknownFlag(rawName: string): Fault {
    const typed = rawName.replace(/^-+/, "");
    const names = [...this.#targets.keys()];
    const suggestion =
      flagByPurpose(typed, names) ??
      nearestWord(typed, names) ??
      names.find((name) => sharesStart(name, typed));
    if (suggestion !== undefined) {
      return usageFault(
        `unknown flag ${quoteText(rawName)}`,
        `did you mean ${withDashes(suggestion)}?`,
      );
    }
    return usageFault(
      `unknown flag ${quoteText(rawName)}`,
      `${this.#textHint}see ${this.verb} --help`,
    );
  }

  #extraArgument(text: string): Fault {
    const count = this.#positionals.length;
    const accepted =
      count === 0 ? "no arguments" : count === 1 ? "one argument" : `${count} arguments`;
    return usageFault(
      `unexpected argument ${quoteText(text)}: ${this.verb} takes ${accepted}`,
      count === 0 || text.includes(" ")
        ? `see ${this.verb} --help`
        : "quote text that contains spaces",
    );
  }

  #missingArgument(key: string, definition: FlagDef): Fault {
    const name = definition.type === "positional" ? key.toUpperCase() : `--${flagName(key)}`;
    return usageFault(`${this.verb} needs ${name}`, `see ${this.verb} --help`);
  }
}

/** Recognises words of other programs, such as `--output` for `--out`. */
function sharesStart(name: string, typed: string): boolean {
  if (Math.min(name.length, typed.length) < START_LENGTH_MIN) return false;
  return name.startsWith(typed) || typed.startsWith(name);
}

function targetsOf(definitions: FlagDefs): Map<string, FlagSpelling> {
  const targets = new Map<string, FlagSpelling>();
  for (const [key, definition] of Object.entries(definitions)) {
    if (definition.type === "positional") continue;
    const target = { key, definition, implies: true };
    const { alias = [], synonym = [] } = definition;
    for (const name of [flagName(key), alias, synonym].flat()) targets.set(name, target);
    if (definition.type === "boolean" && definition.default === true) {
      targets.set(`no-${flagName(key)}`, { ...target, implies: false });
    }
  }
  targets.set("help", { key: "help", definition: { type: "boolean" }, implies: true });
  return targets;
}

function flagValue(token: OptionToken, target: FlagSpelling): AnyFlagValue {
  if (target.definition.type === "boolean") {
    if (token.value === undefined) return target.implies;
    throw usageFault(`${token.rawName} takes no value`, `write ${token.rawName} alone`);
  }
  const { value, inlineValue, rawName } = token;
  if (value === undefined && target.definition.bareValue !== undefined)
    return target.definition.bareValue;
  if (value === undefined)
    throw usageFault(
      `${rawName} requires a value`,
      `write ${rawName} ${placeholder(target.key, target.definition)}`,
    );
  if (inlineValue !== true && value.startsWith("-") && value !== "-") {
    const remedy = `write ${rawName}=${quoteText(value)} if that is the value`;
    throw usageFault(`${rawName} requires a value before ${quoteText(value)}`, remedy);
  }
  return parseFlagValue(value, target.definition, rawName);
}

export function parseFlagValue(text: string, definition: FlagDef, name: string): string | number {
  const options = optionsOf(definition);
  if (options !== undefined) {
    const words = definition.list === true ? text.split(",").map((word) => word.trim()) : [text];
    for (const word of words) checkOption(word, options, name);
    return words.join(",");
  }
  if (definition.parse !== undefined) return definition.parse(text);
  if (PATH_HINTS.has(definition.valueHint ?? "")) checkHomePath(text, name);
  if (definition.integer === undefined) return text;
  const { min, max } = definition.integer;
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  if (min === 1 && max === Number.MAX_SAFE_INTEGER) {
    throw usageFault(`invalid value for ${name}: ${quoteText(text)}`, "use a positive number");
  }
  throw usageFault(
    `invalid value for ${name}: ${quoteText(text)}`,
    `use a number from ${min} to ${max}`,
  );
}

const HOME = /^(~[\w-]*|\$HOME|\$\{HOME\}|%USERPROFILE%)(?:$|[/\\](.*))/is;

/**
 * Only shells replace `~`, and not after `=`; the path would be a folder named `~`. Units, crontabs
 * and files of variables do not replace `$HOME` either.
 * @throws {Fault} usage
 */
export function checkHomePath(path: string, name: string): void {
  const [, home, after = ""] = HOME.exec(path) ?? [];
  if (home === undefined) return;
  const own = quoteArgument(`./${path}`);
  const full = home === "~" ? `"$HOME/${after}" in a shell or the full path elsewhere` : "the path";
  throw usageFault(
    `${name}: ${home} in ${quoteText(path)} was not replaced by your home`,
    `write ${full}, or ${own} for a folder named ${home}`,
  );
}

/**
 * @param isUtf8 whether all bytes that the text was decoded from are UTF-8
 * @throws {Fault} text-invalid
 */
export function checkDecoded(text: string, name: string, isUtf8: () => boolean): void {
  if (!text.includes("\u{fffd}") || isUtf8()) return;
  throw new Fault("text-invalid", `${name} is not valid UTF-8: ${quoteText(text)}`, {
    remedy: "use UTF-8",
  });
}

function checkOption(word: string, options: readonly string[], name: string): void {
  if (options.includes(word)) return;
  const suggestion = nearestWord(word, options);
  const remedy =
    suggestion === undefined ? `use ${options.join(", ")}` : `did you mean ${suggestion}?`;
  throw usageFault(`invalid value for ${name}: ${quoteText(word)}`, remedy);
}

function isRequired(definition: FlagDef): boolean {
  if (definition.default !== undefined) return false;
  if (definition.type === "positional") return definition.required !== false;
  return definition.required === true;
}

function absentValue(definition: FlagDef): AnyFlagValue {
  if (definition.type === "boolean") return definition.default ?? false;
  if (definition.many) return [];
  const value = definition.default;
  return value !== undefined && definition.integer !== undefined ? Number(value) : value;
}

function withDashes(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}
