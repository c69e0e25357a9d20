/**
 * Definitions of commands: flags, arguments and the function that runs.
 * Each command is one file in src/commands with one row in commands/table.ts, from which help, the
 * manual and completions are generated.
 */

import type { Context } from "./context.ts";

/** A boolean with default `true` is typed as `--no-X`. */
export interface FlagDef {
  readonly type: "boolean" | "string" | "enum" | "positional";
  readonly description?: string;
  readonly negativeDescription?: string;
  /** Placeholder for the value in help, such as `ROOM`; also selects the completion candidates. */
  readonly valueHint?: string;
  readonly alias?: string;
  /** Another long name, without dashes. */
  readonly synonym?: string;
  readonly required?: boolean;
  readonly default?: string | boolean;
  readonly options?: readonly string[];
  /** Makes a flag repeatable, or lets the last argument accept all remaining words. */
  readonly many?: true;
  /** Makes a repeatable flag accept all remaining words, including those that begin with `-`. */
  readonly rest?: true;
  readonly integer?: { readonly min: number; readonly max: number };
  /**
   * Converts the typed text.
   * @throws {Fault} usage
   */
  readonly parse?: (text: string) => string | number;
  readonly choices?: readonly string[];
  readonly list?: true;
  /** Value of the flag if it is the last word on the command line. */
  readonly bareValue?: string;
}

/** Placeholders of values that are paths. */
export const PATH_HINTS: ReadonlySet<string> = new Set(["DIR", "F", "FILE", "NEW", "PATH"]);

export type FlagDefs = Readonly<Record<string, FlagDef>>;

type SingleValue<D> = D extends { parse: (text: string) => infer Value }
  ? Value
  : D extends { integer: object }
    ? number
    : D extends { type: "enum"; options: readonly (infer Option)[] }
      ? Option
      : string;

type AbsentValue<D> = D extends { required: true } | { default: string }
  ? never
  : D extends { type: "positional" }
    ? D extends { required: false }
      ? undefined
      : never
    : undefined;

export type FlagValues<T extends FlagDefs> = {
  readonly [K in keyof T]: T[K] extends { type: "boolean" }
    ? boolean
    : T[K] extends { many: true }
      ? readonly SingleValue<T[K]>[]
      : SingleValue<T[K]> | AbsentValue<T[K]>;
};

export type AnyFlagValue = boolean | string | number | readonly (string | number)[] | undefined;

export interface Verb {
  readonly kind: "verb";
  readonly args: FlagDefs;
  readonly details: string;
  /** @param typedKeys keys of flags and arguments present on the command line */
  run(
    args: Readonly<Record<string, AnyFlagValue>>,
    context: Context,
    typedKeys: ReadonlySet<string>,
  ): Promise<number>;
}

export interface VerbGroup {
  readonly kind: "group";
  readonly verbs: VerbTable;
  /** Verb to run if the first word is no verb, but its first argument. */
  readonly defaultVerb?: string | undefined;
}

export interface VerbRow {
  readonly summary: string;
  readonly examples?: readonly string[];
  readonly hidden?: true;
  /** Heading in the help text. */
  readonly group?: string;
  /** Loaded on demand, so that a command starts without the imports of other commands. */
  load(): Promise<{ readonly command: Verb | VerbGroup }>;
}

export type VerbTable = Readonly<Record<string, VerbRow>>;

/** All commands, for those that describe the others. */
export interface CommandTable {
  readonly summary: string;
  readonly examples: readonly string[];
  readonly verbs: VerbTable;
}

export function defineVerb<const T extends FlagDefs>(verb: {
  readonly args: T;
  readonly details?: string;
  run(args: FlagValues<T>, context: Context, typedKeys: ReadonlySet<string>): Promise<number>;
}): Verb {
  const run: Verb["run"] = (args, context, typedKeys) =>
    verb.run(args as FlagValues<T>, context, typedKeys);
  return { kind: "verb", args: verb.args, details: verb.details ?? "", run };
}

export function defineGroup(verbs: VerbTable, defaultVerb?: string): VerbGroup {
  return { kind: "group", verbs, defaultVerb };
}

export function inGroup(group: string, verbs: VerbTable): VerbTable {
  return Object.fromEntries(Object.entries(verbs).map(([name, row]) => [name, { ...row, group }]));
}

/** @param command a function that loads the command, or the loaded command */
export function verbRow(
  summary: string,
  command: VerbRow["load"] | Verb | VerbGroup,
  examples: readonly string[],
): VerbRow {
  const load = typeof command === "function" ? command : async () => ({ command });
  return { summary, examples, load };
}

export function loadExport<Name extends string>(
  load: () => Promise<Readonly<Record<Name, Verb>>>,
  name: Name,
): VerbRow["load"] {
  return async () => ({ command: (await load())[name] });
}

type FlagOptions = Omit<FlagDef, "type" | "description">;
type NoOptions = Record<never, never>;

export function flag<const T extends FlagOptions = NoOptions>(description: string, options?: T) {
  return { type: "boolean", description, ...(options as NoInfer<T>) } as const;
}

export function noFlag(negativeDescription: string) {
  return { type: "boolean", default: true, negativeDescription } as const;
}

export function stringFlag<const T extends FlagOptions = NoOptions>(
  hint: string,
  description: string,
  options?: T,
) {
  return { type: "string", valueHint: hint, description, ...(options as NoInfer<T>) } as const;
}

export function enumFlag<const O extends string, const T extends FlagOptions = NoOptions>(
  options: readonly O[],
  description: string,
  flagOptions?: T,
) {
  return { type: "enum", options, description, ...(flagOptions as NoInfer<T>) } as const;
}

/** Defines a positional argument. Arguments are required by default. */
export function argument<const T extends FlagOptions = NoOptions>(
  description: string,
  options?: T,
) {
  return { type: "positional", description, ...(options as NoInfer<T>) } as const;
}

export function flagName(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function longFlag(key: string, { type, default: otherwise }: FlagDef): string {
  return `--${type === "boolean" && otherwise === true ? "no-" : ""}${flagName(key)}`;
}

export function placeholder(key: string, { valueHint }: FlagDef): string {
  return valueHint ?? key.toUpperCase();
}

/** Returns the valid values; `undefined` if any value is valid. */
export function optionsOf(definition: FlagDef): readonly string[] | undefined {
  return definition.type === "enum" ? definition.options : definition.choices;
}
