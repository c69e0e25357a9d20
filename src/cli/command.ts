/**
 * A command is a value: its flags, and a function. One file in src/commands for each:
 *
 *     import { argument, defineVerb, stringFlag } from "../cli/command.ts";
 *     import { SERVER_FLAGS } from "../cli/flags.ts";
 *     export const command = defineVerb({
 *       args: {
 *         target: argument("Room or @person", { required: false }),
 *         room: stringFlag("ROOM", "...", { many: true, alias: "r" }),
 *         last: stringFlag("N", "...", { integer: { min: 1, max: 1e9 } }),
 *         ...SERVER_FLAGS,
 *       },
 *       async run(args, context) { // args.target?: string, args.room: string[], args.last?: number
 *         renderer.record(...); // or context.stdout.write(...)
 *         return 0; // the exit code; whatever goes wrong is thrown as a Fault
 *       },
 *     });
 *
 * Keys are camelCase, on the command line `--kebab-case`. It gets one row in
 * commands/table.ts, from which help, the manual and completions are made:
 * `send: verbRow("Send one message", () => import("./send.ts"), ["chat send hi"])`.
 */

import type { Context } from "./context.ts";

/** Definition of a flag or argument. A boolean that defaults to true is written `--no-X`. */
export interface FlagDef {
  readonly type: "boolean" | "string" | "enum" | "positional";
  readonly description?: string;
  readonly negativeDescription?: string;
  /** The value in help, which also selects completions: `ROOM`. */
  readonly valueHint?: string;
  /** A single letter. */
  readonly alias?: string;
  readonly required?: boolean;
  readonly default?: string | boolean;
  /** The values of an enum. */
  readonly options?: readonly string[];
  /** May be given several times (a flag), or takes all remaining arguments (the last argument). */
  readonly many?: true;
  /** A whole number within these bounds. */
  readonly integer?: { readonly min: number; readonly max: number };
  /** The only valid values; completion offers them. */
  readonly choices?: readonly string[];
  /** Several of `words` in one value, separated by commas. */
  readonly list?: true;
  /** Meaning of the flag as the last word of the line, without a value. */
  readonly bareValue?: string;
}

export type FlagDefs = Readonly<Record<string, FlagDef>>;

type SingleValue<D> = D extends { integer: object }
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

/** Values that `run` receives for these definitions. */
export type FlagValues<T extends FlagDefs> = {
  readonly [K in keyof T]: T[K] extends { type: "boolean" }
    ? boolean
    : T[K] extends { many: true }
      ? readonly string[]
      : SingleValue<T[K]> | AbsentValue<T[K]>;
};

export type AnyFlagValue = boolean | string | number | readonly string[] | undefined;

export interface Verb {
  readonly kind: "verb";
  readonly args: FlagDefs;
  /** Additional text of `--help`, below the flags. */
  readonly details: string;
  /** @param given keys that were given, not left to their defaults */
  run(
    args: Readonly<Record<string, AnyFlagValue>>,
    context: Context,
    given: ReadonlySet<string>,
  ): Promise<number>;
}

/** A verb that consists of verbs, such as `trust list` and `trust accept`. */
export interface VerbGroup {
  readonly kind: "group";
  readonly verbs: VerbTable;
}

export interface VerbRow {
  /** Line in `chat --help`. */
  readonly summary: string;
  /** Example command lines for help and manual; a group uses those of its verbs. */
  readonly examples?: readonly string[];
  /** Hidden in `chat --help`. */
  readonly hidden?: true;
  /** Loaded on demand: a command starts as fast as its own imports. */
  load(): Promise<{ readonly command: Verb | VerbGroup }>;
}

export type VerbTable = Readonly<Record<string, VerbRow>>;

export function defineVerb<const T extends FlagDefs>(verb: {
  readonly args: T;
  readonly details?: string;
  run(args: FlagValues<T>, context: Context, given: ReadonlySet<string>): Promise<number>;
}): Verb {
  // The parser created the values from these definitions.
  const run: Verb["run"] = (args, context, given) =>
    verb.run(args as FlagValues<T>, context, given);
  return { kind: "verb", args: verb.args, details: verb.details ?? "", run };
}

export function defineGroup(verbs: VerbTable): VerbGroup {
  return { kind: "group", verbs };
}

/** A row of a table, with example command lines. */
export function verbRow(
  summary: string,
  load: VerbRow["load"],
  examples: readonly string[],
): VerbRow {
  return { summary, examples, load };
}

/** Loads a command from a module that has several. */
export function loadExport<Name extends string>(
  load: () => Promise<Readonly<Record<Name, Verb>>>,
  name: Name,
): VerbRow["load"] {
  return async () => ({ command: (await load())[name] });
}

type FlagOptions = Omit<FlagDef, "type" | "description">;
type NoOptions = Record<never, never>;

/** A flag without a value. */
export function flag<const T extends FlagOptions = NoOptions>(description: string, more?: T) {
  return { type: "boolean", description, ...(more as NoInfer<T>) } as const;
}

/** A flag that is on by default, and written `--no-X`. */
export function noFlag(negativeDescription: string) {
  return { type: "boolean", default: true, negativeDescription } as const;
}

/** A flag with a value. */
export function stringFlag<const T extends FlagOptions = NoOptions>(
  hint: string,
  description: string,
  more?: T,
) {
  return { type: "string", valueHint: hint, description, ...(more as NoInfer<T>) } as const;
}

/** A flag with one of several values. */
export function enumFlag<const O extends string, const T extends FlagOptions = NoOptions>(
  options: readonly O[],
  description: string,
  more?: T,
) {
  return { type: "enum", options, description, ...(more as NoInfer<T>) } as const;
}

/** An argument; required unless `more` says otherwise. */
export function argument<const T extends FlagOptions = NoOptions>(description: string, more?: T) {
  return { type: "positional", description, ...(more as NoInfer<T>) } as const;
}

/** `passwordFile` is written `--password-file`. */
export function flagName(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The flag as typed: `--room`, `--no-udp`. */
export function longFlag(key: string, { type, default: otherwise }: FlagDef): string {
  return `--${type === "boolean" && otherwise === true ? "no-" : ""}${flagName(key)}`;
}

/** Stands for the value in help: `ROOM`. */
export function placeholder(key: string, { valueHint }: FlagDef): string {
  return valueHint ?? key.toUpperCase();
}

/** The only valid values; `undefined` if there are others, too. */
export function optionsOf(definition: FlagDef): readonly string[] | undefined {
  return definition.type === "enum" ? definition.options : definition.choices;
}
