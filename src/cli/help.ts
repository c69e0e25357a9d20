/** Help texts and manual pages of commands, generated from their definitions. */

import { type ArgsDef, renderUsage } from "citty";
import {
  type FlagDef,
  type FlagDefs,
  flagName,
  longFlag,
  placeholder,
  type Verb,
  type VerbRow,
  type VerbTable,
} from "./command.ts";
import { GLOBAL_FLAGS, SERVER_FLAGS } from "./flags.ts";

const COLORS = /\x1b\[[0-9;]*m/g;

/** Examples first, then the command's own flags; those of the connection are one line. */
export async function verbHelp(
  name: string,
  { summary, examples = [] }: Pick<VerbRow, "summary" | "examples">,
  verb: Verb,
  color: boolean,
): Promise<string> {
  const args: Record<string, FlagDef> = {};
  const definitions: FlagDefs = { ...verb.args, ...GLOBAL_FLAGS };
  const connects = Object.hasOwn(verb.args, "transport");
  const connection: string[] = [];
  for (const [key, definition] of Object.entries(definitions)) {
    const description = flagDescription(definition);
    const { valueHint, ...bare } = definition;
    if (definition.type === "positional") args[valueHint ?? key] = { ...bare, description };
    else if (connects && Object.hasOwn(SERVER_FLAGS, key))
      connection.push(longFlag(key, definition));
    else if (definition.default !== true) args[flagName(key)] = { ...definition, description };
    else args[longFlag(key, definition).slice(2)] = { type: "boolean", description };
  }
  const usage = await renderUsage({ meta: { name, description: summary }, args: args as ArgsDef });
  const [first = "", ...others] = usage
    .replaceAll(/(?<! ) +$/gm, "")
    .trimEnd()
    .split("\n");
  const lines = [
    first,
    ...examples.map((line) => `  ${line}`),
    ...others,
    ...(connection.length === 0
      ? []
      : ["", `Connection: ${connection.join(", ")} (chat help connection)`]),
    ...(verb.details === "" ? [] : ["", verb.details.trim()]),
    "",
  ];
  const text = lines.join("\n");
  return color ? text : text.replaceAll(COLORS, "");
}

/** Flags of every command that connects to a server, for `chat help connection`. */
export function connectionHelp(): string {
  const rows = Object.entries<FlagDef>(SERVER_FLAGS).map(([key, definition]) => [
    spelling(key, definition),
    flagDescription(definition),
  ]);
  const width = Math.max(...rows.map(([flag = ""]) => flag.length));
  const lines = rows.map(([flag = "", text = ""]) => `  ${flag.padEnd(width)}  ${text}`);
  return ["Flags of every command that connects to a server", ...lines, ""].join("\n");
}

function spelling(key: string, definition: FlagDef): string {
  const flag = flagSpelling(key, definition);
  return definition.alias === undefined ? `    ${flag}` : flag;
}

export function tableHelp(
  name: string,
  { summary, examples = [] }: Pick<VerbRow, "summary" | "examples">,
  verbs: VerbTable,
): string {
  const groups = groupsOf(verbs);
  const isGrouped = groups.some(([group]) => group !== "");
  return [
    summary,
    ...examples.map((line) => `  ${line}`),
    "",
    `USAGE ${name} COMMAND [OPTIONS]`,
    "",
    "COMMANDS",
    "",
    ...(isGrouped ? groups.flatMap(groupLines) : groups.flatMap(([, rows]) => summaryLines(rows))),
    "",
    ...(isGrouped ? ["chat help WORDS answers questions, such as: chat help late"] : []),
    `${name} COMMAND --help: its options; chat man COMMAND: its manual page`,
    "Everywhere: --json, --no-color, --debug; -- ends the options",
    "",
  ].join("\n");
}

type CommandRows = ReturnType<typeof groupsOf>[number][1];

const GROUP_COLUMNS = 9;
const HELP_COLUMNS = 78;

/** Names of a group's commands, as many as fit into each line. */
function groupLines([group, rows]: readonly [string, CommandRows]): string[] {
  const lines: string[] = [];
  let line = `  ${group.padEnd(GROUP_COLUMNS)}`;
  for (const [verb] of rows) {
    if (line.length + verb.length > HELP_COLUMNS) {
      lines.push(line.trimEnd());
      line = " ".repeat(GROUP_COLUMNS + 2);
    }
    line += `${verb}  `;
  }
  return [...lines, line.trimEnd()];
}

function summaryLines(rows: CommandRows): string[] {
  const width = Math.max(...rows.map(([verb]) => verb.length));
  return rows.map(([verb, row]) => `  ${verb.padEnd(width)}  ${row.summary}`);
}

/** Returns the visible commands by group. */
function groupsOf(verbs: VerbTable) {
  const visible = Object.entries(verbs).filter(([, row]) => row.hidden !== true);
  return [...Map.groupBy(visible, ([, { group = "" }]) => group)];
}

function flagDescription(definition: FlagDef): string {
  const { many, rest, integer, synonym, negativeDescription = "" } = definition;
  const { description = negativeDescription } = definition;
  const bounds = integer === undefined ? "" : boundsText(integer);
  const repeats = many === true && rest !== true ? " (may be repeated)" : "";
  const other = synonym === undefined ? "" : ` (also --${synonym})`;
  return `${description}${bounds}${repeats}${other}`;
}

function boundsText({ min, max }: NonNullable<FlagDef["integer"]>): string {
  return max === Number.MAX_SAFE_INTEGER ? ` (at least ${min})` : ` (${min} to ${max})`;
}

export interface ManualPage {
  readonly name: string;
  readonly row: Pick<VerbRow, "summary" | "examples">;
  readonly version: string;
}

const EXIT_STATUSES: readonly (readonly [string, string])[] = [
  ["0", "Done."],
  ["1", "A machine failed: disk full, no permission, folder locked, a bug."],
  ["2", "Invalid usage."],
  ["3", "Refused: name and password do not match, name taken, not a member, not allowed."],
  ["4", "Not found: room, user, file."],
  ["5", "Unreachable: no route, refused connection, time-out."],
  ["6", "Integrity: fingerprint changed, checksum wrong, history damaged."],
  ["7", "Incomplete: done, except for the entries named on stderr."],
  ["130", "Interrupted by the user."],
];

const VARIABLES: readonly (readonly [string, string])[] = [
  ["CHAT_SERVER", "Default server."],
  ["CHAT_INVITE", "Invite, kept out of the process list."],
  ["CHAT_USER", "User name."],
  ["CHAT_PASSWORD, CHAT_NEW_PASSWORD, CHAT_ROOM_PASSWORD", "Passwords, which cannot be arguments."],
  ["CHAT_HOME", "Folder for all client data."],
  ["NO_COLOR", "Disable colours."],
];

/** Manual pages in ASCII roff with the man macros (groff_man(7)). */
export function tableManual(page: ManualPage, verbs: VerbTable): string {
  const groups = groupsOf(verbs);
  const commands = groups.map(([group, rows]) => {
    const entries = rows.map(([verb, { summary }]) => listEntry(verb, `${summary}.`));
    return `${group === "" ? "" : `.SS ${group}\n`}${entries.join("")}`;
  });
  const visibleVerbs = groups.flatMap(([, rows]) => rows);
  const seeAlso = visibleVerbs.map(
    ([verb]) => `\\fB${escapeRoff(pageName(`${page.name} ${verb}`))}\\fP(1)`,
  );
  return [
    head(page),
    `.SH SYNOPSIS\n\\fB${escapeRoff(page.name)}\\fP \\fICOMMAND\\fP [\\fIOPTIONS\\fP]\n`,
    `.SH COMMANDS\n${commands.join("")}`,
    `.SH OPTIONS\nValid for all commands. \\fB\\-\\-\\fP ends the flags.\n${flags(GLOBAL_FLAGS)}`,
    examplesOf(page),
    `.SH ENVIRONMENT\n${VARIABLES.map(([name, meaning]) => listEntry(name, meaning)).join("")}`,
    exitStatusSection(),
    `.SH SEE ALSO\n${seeAlso.join(", ")}\n`,
  ].join("");
}

export function verbManual(page: ManualPage, { args, details }: Verb): string {
  const definitions: FlagDefs = { ...args, ...GLOBAL_FLAGS };
  const entries = Object.entries(args).filter(([, { type }]) => type === "positional");
  const argumentTexts = entries.map(([key, definition]) => synopsisOf(key, definition));
  const list = entries.map(([key, definition]) =>
    listEntry(placeholder(key, definition), flagDescription(definition)),
  );
  const synopsis = [`\\fB${escapeRoff(page.name)}\\fP [\\fIOPTIONS\\fP]`, ...argumentTexts].join(
    " ",
  );
  return [
    head(page),
    `.SH SYNOPSIS\n${synopsis}\n`,
    details === "" ? "" : `.SH DESCRIPTION\n${paragraphs(details.trim())}`,
    list.length === 0 ? "" : `.SH ARGUMENTS\n${list.join("")}`,
    `.SH OPTIONS\n${flags(definitions)}`,
    examplesOf(page),
    exitStatusSection(),
    ".SH SEE ALSO\n\\fBchat\\fP(1)\n",
  ].join("");
}

function head({ name, row, version }: ManualPage): string {
  const title = pageName(name);
  // Undated, so that builds are reproducible.
  const titles = `"${escapeRoff(title.toUpperCase())}" 1 "" "chat ${escapeRoff(version)}" "Chat"`;
  return `.TH ${titles}\n.SH NAME\n${escapeRoff(title)} \\- ${escapeRoff(row.summary)}\n`;
}

export function pageName(name: string): string {
  return name.replaceAll(" ", "-");
}

function flags(definitions: FlagDefs): string {
  return Object.entries(definitions)
    .filter(([, { type }]) => type !== "positional")
    .map(([key, definition]) =>
      listEntry(flagSpelling(key, definition), flagDescription(definition)),
    )
    .join("");
}

function flagSpelling(key: string, definition: FlagDef): string {
  const { type, alias, options } = definition;
  const names = `${alias === undefined ? "" : `-${alias}, `}${longFlag(key, definition)}`;
  if (type === "boolean") return names;
  return `${names} ${options?.join("|") ?? placeholder(key, definition)}`;
}

function synopsisOf(key: string, definition: FlagDef): string {
  const name = `\\fI${escapeRoff(placeholder(key, definition))}\\fP`;
  const dots = definition.many === true ? " ..." : "";
  return definition.required === false ? `[${name}${dots}]` : `${name}${dots}`;
}

function examplesOf({ row: { examples = [] } }: ManualPage): string {
  if (examples.length === 0) return "";
  return `.SH EXAMPLES\n.nf\n${examples.map((line) => `${textLine(line)}\n`).join("")}.fi\n`;
}

function exitStatusSection(): string {
  const entries = EXIT_STATUSES.map(([code, meaning]) => listEntry(code, meaning));
  return `.SH "EXIT STATUS"\n${entries.join("")}`;
}

function listEntry(tag: string, text: string): string {
  return `.TP\n\\fB${escapeRoff(tag)}\\fP\n${textLine(text === "" ? "(no description)" : text)}\n`;
}

function paragraphs(text: string): string {
  return text
    .split("\n")
    .map((line) => (line.trim() === "" ? ".PP\n" : `${textLine(line)}\n.br\n`))
    .join("");
}

function textLine(text: string): string {
  return /^[.' ]/.test(text) ? `\\&${escapeRoff(text)}` : escapeRoff(text);
}

/** Returns the text of a manual page, for terminals without `man`. */
export function plainManual(page: string): string {
  const indented = page.replaceAll(/^\.TP\n(.*)\n/gm, "$1\n    ");
  const lines = indented.split("\n").flatMap((line) => {
    const [, macro = "", text = ""] = /^\.([A-Z]{2}) ?(.*)$/i.exec(line) ?? [];
    if (macro === "SH" || macro === "SS") return ["", text.replaceAll('"', "").toUpperCase(), ""];
    return macro === "" ? [`  ${unescapeRoff(line)}`.trimEnd()] : [];
  });
  return `${lines.join("\n").trim()}\n`;
}

function unescapeRoff(text: string): string {
  const signs = { aq: "'", ga: "`", ha: "^", ti: "~" } as const;
  return text
    .replaceAll(/\\(?:f[BIP]|&)/g, "")
    .replaceAll(/\\\((aq|ga|ha|ti)/g, (_, sign: keyof typeof signs) => signs[sign])
    .replaceAll("\\-", "-")
    .replaceAll("\\e", "\\");
}

/** Escapes characters that roff would change, so that users can copy hyphens and quotes. */
function escapeRoff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("'", "\\(aq")
    .replaceAll("`", "\\(ga")
    .replaceAll("^", "\\(ha")
    .replaceAll("~", "\\(ti");
}
