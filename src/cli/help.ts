/** The help of a command. */

import { type ArgsDef, renderUsage } from "citty";
import {
  type FlagDef,
  type FlagDefs,
  flagName,
  type Verb,
  type VerbRow,
  type VerbTable,
} from "./command.ts";
import { GLOBAL_FLAGS } from "./flags.ts";

const COLORS = /\x1b\[[0-9;]*m/g;

/** Help of one verb, as citty writes it from the definitions. */
export async function verbHelp(
  name: string,
  { summary, examples = [] }: Pick<VerbRow, "summary" | "examples">,
  verb: Verb,
  color: boolean,
): Promise<string> {
  const args: ArgsDef = {};
  const definitions: FlagDefs = { ...verb.args, ...GLOBAL_FLAGS };
  for (const [key, definition] of Object.entries(definitions)) {
    const { valueHint: _, ...bare } = { valueHint: undefined, ...definition };
    const words = { description: described(definition) };
    const shown = { ...(definition.type === "positional" ? bare : definition), ...words };
    if (definition.type === "boolean" && definition.default === true) {
      args[`no-${flagName(key)}`] = { type: "boolean", description: shown.description };
    } else {
      args[definition.type === "positional" ? (definition.valueHint ?? key) : flagName(key)] =
        shown;
    }
  }
  const usage = await renderUsage({ meta: { name, description: summary }, args });
  const details = verb.details === "" ? "" : `\n${verb.details.trim()}\n`;
  const shown = examples.length === 0 ? "" : `\n${exampleLines(examples)}`;
  const text = `${usage.replaceAll(/ +$/gm, "").trimEnd()}\n${details}${shown}`;
  return color ? text : text.replaceAll(COLORS, "");
}

/** Help of a table: `chat --help`, and of groups. */
export function tableHelp(
  name: string,
  { summary, examples = [] }: Pick<VerbRow, "summary" | "examples">,
  verbs: VerbTable,
): string {
  const shown = Object.entries(verbs).filter(([, row]) => row.hidden !== true);
  const width = Math.max(0, ...shown.map(([verb]) => verb.length));
  return [
    summary,
    "",
    `USAGE ${name} COMMAND [OPTIONS]`,
    "",
    "COMMANDS",
    "",
    ...shown.map(([verb, row]) => `  ${verb.padEnd(width)}  ${row.summary}`),
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

/** What help and manual say of a flag or argument. */
export function described(definition: FlagDef): string {
  const { description, many, integer } = definition;
  if ("negativeDescription" in definition) return definition.negativeDescription ?? "";
  const bounds = integer === undefined ? "" : ` (${integer.min} to ${integer.max})`;
  return `${description ?? ""}${bounds}${many === true ? " (may be repeated)" : ""}`;
}
