/**
 * A command is a value: its flags as citty defines them, and a function. One file in src/commands
 * for each:
 *
 *     import { defineVerb } from "../cli/command.ts";
 *     import { SERVER_FLAGS } from "../cli/flags.ts";
 *     export const command = defineVerb({
 *       args: {
 *         target: { type: "positional", required: false, description: "Room or @person" },
 *         room: { type: "string", many: true, alias: "r", valueHint: "ROOM", description: "..." },
 *         last: { type: "string", integer: { min: 1, max: 1e9 }, description: "..." },
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
 * `send: { summary: "Send one message", examples: ["chat send hi"], load: () => ... }`.
 */

import type { BooleanArgDef, EnumArgDef, PositionalArgDef, StringArgDef } from "citty";
import type { Context } from "./context.ts";

interface Strictness {
  /** May be given several times (a flag), or takes all remaining arguments (the last argument). */
  readonly many?: true;
  /** A whole number within these bounds. */
  readonly integer?: { readonly min: number; readonly max: number };
  /** The only valid values; completion offers them. */
  readonly words?: readonly string[];
  /** Several of `words` in one value, separated by commas. */
  readonly list?: true;
  /** Meaning of the flag as the last word of the line, without a value. */
  readonly alone?: string;
}

/** citty's definition with extensions. A boolean that defaults to true is written `--no-X`. */
export type FlagDef =
  | (BooleanArgDef & {
      readonly many?: never;
      readonly integer?: never;
      readonly alone?: never;
      readonly words?: never;
      readonly list?: never;
    })
  | (StringArgDef & Strictness)
  | (PositionalArgDef & Strictness)
  | (EnumArgDef & {
      readonly many?: never;
      readonly integer?: never;
      readonly alone?: never;
      readonly words?: never;
      readonly list?: never;
    });

export type FlagDefs = Readonly<Record<string, FlagDef>>;

type One<D> = D extends { integer: object }
  ? number
  : D extends { type: "enum"; options: readonly (infer Option)[] }
    ? Option
    : string;

type Absent<D> = D extends { required: true } | { default: string }
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
      : One<T[K]> | Absent<T[K]>;
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
  /** One line in `chat --help`. */
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

/** `passwordFile` is written `--password-file`. */
export function flagName(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The short spellings of a flag, as in citty's `alias`. */
export function aliasesOf(definition: FlagDef): readonly string[] {
  const alias = "alias" in definition ? definition.alias : undefined;
  return typeof alias === "string" ? [alias] : (alias ?? []);
}

/** The only valid values; `undefined` if there are others, too. */
export function optionsOf(definition: FlagDef): readonly string[] | undefined {
  return definition.type === "enum" ? definition.options : definition.words;
}
