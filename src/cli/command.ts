/**
 * Definitions of commands: flags, arguments and the function that runs. Each command is one file in
 * src/commands:
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
 *         return 0; // exit code; failures are thrown as Fault
 *       },
 *     });
 *
 * Keys are camelCase; on the command line they are typed as `--kebab-case`. Each command has one
 * row in commands/table.ts, from which help, the manual and completions are generated:
 * `send: verbRow("Send one message", () => import("./send.ts"), ["chat send hi"])`.
 */

import type { Context } from "./context.ts";

/** Definition of a flag or argument. A boolean with default `true` is typed as `--no-X`. */
export interface FlagDef {
  readonly type: "boolean" | "string" | "enum" | "positional";
  readonly description?: string;
  readonly negativeDescription?: string;
  /**
   * Placeholder for the value in help, such as `ROOM`. Completion also selects candidates by this
   * placeholder.
   */
  readonly valueHint?: string;
  /** Short form of the flag, a single letter. */
  readonly alias?: string;
  readonly required?: boolean;
  readonly default?: string | boolean;
  readonly options?: readonly string[];
  /** Allows the flag to be repeated, or makes the last argument accept all remaining words. */
  readonly many?: true;
  /** Requires an integer in this range. */
  readonly integer?: { readonly min: number; readonly max: number };
  /** Valid values of a string; completion offers them. */
  readonly choices?: readonly string[];
  /** Accepts several choices in one value, separated by commas. */
  readonly list?: true;
  /** Value of the flag if it is the last word of the line and has no value. */
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
  /** Text that `--help` prints below the flags. */
  readonly details: string;
  /** @param typedKeys keys of the flags and arguments that the user typed */
  run(
    args: Readonly<Record<string, AnyFlagValue>>,
    context: Context,
    typedKeys: ReadonlySet<string>,
  ): Promise<number>;
}

/** Command with subcommands, such as `trust list` and `trust accept`. */
export interface VerbGroup {
  readonly kind: "group";
  readonly verbs: VerbTable;
}

export interface VerbRow {
  /** Short description in `chat --help`. */
  readonly summary: string;
  /**
   * Example command lines for help and manual. A group displays the examples of its subcommands.
   */
  readonly examples?: readonly string[];
  /** Omits the command from `chat --help`. */
  readonly hidden?: true;
  /** Loads the module on demand, so that a command starts without the imports of other commands. */
  load(): Promise<{ readonly command: Verb | VerbGroup }>;
}

export type VerbTable = Readonly<Record<string, VerbRow>>;

export function defineVerb<const T extends FlagDefs>(verb: {
  readonly args: T;
  readonly details?: string;
  run(args: FlagValues<T>, context: Context, typedKeys: ReadonlySet<string>): Promise<number>;
}): Verb {
  // This cast is safe, because the parser created the values from these definitions.
  const run: Verb["run"] = (args, context, typedKeys) =>
    verb.run(args as FlagValues<T>, context, typedKeys);
  return { kind: "verb", args: verb.args, details: verb.details ?? "", run };
}

export function defineGroup(verbs: VerbTable): VerbGroup {
  return { kind: "group", verbs };
}

export function verbRow(
  summary: string,
  load: VerbRow["load"],
  examples: readonly string[],
): VerbRow {
  return { summary, examples, load };
}

/** Loads one of several commands that a module exports. */
export function loadExport<Name extends string>(
  load: () => Promise<Readonly<Record<Name, Verb>>>,
  name: Name,
): VerbRow["load"] {
  return async () => ({ command: (await load())[name] });
}

type FlagOptions = Omit<FlagDef, "type" | "description">;
type NoOptions = Record<never, never>;

/** Defines a flag without a value. */
export function flag<const T extends FlagOptions = NoOptions>(description: string, options?: T) {
  return { type: "boolean", description, ...(options as NoInfer<T>) } as const;
}

/** Defines a flag that is on by default; the user types `--no-X` to turn it off. */
export function noFlag(negativeDescription: string) {
  return { type: "boolean", default: true, negativeDescription } as const;
}

/** Defines a flag with a value. */
export function stringFlag<const T extends FlagOptions = NoOptions>(
  hint: string,
  description: string,
  options?: T,
) {
  return { type: "string", valueHint: hint, description, ...(options as NoInfer<T>) } as const;
}

/** Defines a flag that accepts one of `options`. */
export function enumFlag<const O extends string, const T extends FlagOptions = NoOptions>(
  options: readonly O[],
  description: string,
  flagOptions?: T,
) {
  return { type: "enum", options, description, ...(flagOptions as NoInfer<T>) } as const;
}

/** Defines a positional argument, which is required unless `options` has `required: false`. */
export function argument<const T extends FlagOptions = NoOptions>(
  description: string,
  options?: T,
) {
  return { type: "positional", description, ...(options as NoInfer<T>) } as const;
}

/** Converts a key to its flag name, such as `passwordFile` to `password-file`. */
export function flagName(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Returns the flag as the user types it, such as `--room` or `--no-udp`. */
export function longFlag(key: string, { type, default: otherwise }: FlagDef): string {
  return `--${type === "boolean" && otherwise === true ? "no-" : ""}${flagName(key)}`;
}

/** Returns the placeholder for the value in help, such as `ROOM`. */
export function placeholder(key: string, { valueHint }: FlagDef): string {
  return valueHint ?? key.toUpperCase();
}

/** Returns the list of valid values; `undefined` if any value is valid. */
export function optionsOf(definition: FlagDef): readonly string[] | undefined {
  return definition.type === "enum" ? definition.options : definition.choices;
}
