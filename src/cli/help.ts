/** Help texts of commands. */

import { type ArgsDef, renderUsage } from "citty";
import {
  type FlagDef,
  type FlagDefs,
  flagName,
  longFlag,
  type Verb,
  type VerbRow,
  type VerbTable,
} from "./command.ts";
import { GLOBAL_FLAGS } from "./flags.ts";

const COLORS = /\x1b\[[0-9;]*m/g;

export async function verbHelp(
  name: string,
  { summary, examples = [] }: Pick<VerbRow, "summary" | "examples">,
  verb: Verb,
  color: boolean,
): Promise<string> {
  const args: Record<string, FlagDef> = {};
  const definitions: FlagDefs = { ...verb.args, ...GLOBAL_FLAGS };
  for (const [key, definition] of Object.entries(definitions)) {
    const description = flagDescription(definition);
    const { valueHint, ...bare } = definition;
    if (definition.type === "positional") args[valueHint ?? key] = { ...bare, description };
    else if (definition.default !== true) args[flagName(key)] = { ...definition, description };
    else args[longFlag(key, definition).slice(2)] = { type: "boolean", description };
  }
  const usage = await renderUsage({ meta: { name, description: summary }, args: args as ArgsDef });
  const details = verb.details === "" ? "" : `\n${verb.details.trim()}\n`;
  const exampleText = examples.length === 0 ? "" : `\n${exampleLines(examples)}`;
  const text = `${usage.replaceAll(/ +$/gm, "").trimEnd()}\n${details}${exampleText}`;
  return color ? text : text.replaceAll(COLORS, "");
}

export function tableHelp(
  name: string,
  { summary, examples = [] }: Pick<VerbRow, "summary" | "examples">,
  verbs: VerbTable,
): string {
  const visible = Object.entries(verbs).filter(([, row]) => row.hidden !== true);
  const width = Math.max(0, ...visible.map(([verb]) => verb.length));
  return [
    summary,
    "",
    `USAGE ${name} COMMAND [OPTIONS]`,
    "",
    "COMMANDS",
    "",
    ...visible.map(([verb, row]) => `  ${verb.padEnd(width)}  ${row.summary}`),
    "",
    ...(examples.length === 0 ? [] : [exampleLines(examples)]),
    `Use ${name} COMMAND --help for more, or chat man for a manual page.`,
    "Everywhere: --json, --no-color, --debug; -- ends the flags.",
    "",
  ].join("\n");
}

function exampleLines(examples: readonly string[]): string {
  return `EXAMPLES\n\n${examples.map((line) => `  ${line}\n`).join("")}`;
}

export function flagDescription(definition: FlagDef): string {
  const { many, integer, negativeDescription = "" } = definition;
  const { description = negativeDescription } = definition;
  const bounds = integer === undefined ? "" : boundsText(integer);
  return `${description}${bounds}${many === true ? " (may be repeated)" : ""}`;
}

function boundsText({ min, max }: NonNullable<FlagDef["integer"]>): string {
  return max === Number.MAX_SAFE_INTEGER ? ` (at least ${min})` : ` (${min} to ${max})`;
}
