/** Tables of docs/commands.md and docs/settings.md, derived from the source. */

import { slashRows } from "../src/cli/chat/slash.ts";
import { slashSummary } from "../src/cli/chat/slash-grammar.ts";
import { type FlagDef, flagName } from "../src/cli/command.ts";
import { SERVE_FLAGS, settingOf, variableOf } from "../src/cli/serve/flags.ts";
import { SLASH_ALIASES } from "../src/ui/commands.ts";
import { ENGLISH_TERMINAL } from "../src/ui/messages/en/terminal.ts";
import {
  PAGE_KEYS,
  SETTINGS,
  settingRow,
  TERMINAL_KEYS,
  terminalName,
} from "../src/ui/settings.ts";

function code(text: string | undefined): string {
  return text === undefined ? "" : `\`${text.replaceAll("|", "\\|")}\``;
}

function row(...cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function prose(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "\\<").replaceAll(/_/g, "\\_");
}

/** @param commands names with their summaries, as in the help text */
export function programTable(commands: ReadonlyMap<string, string>): string {
  return [...commands]
    .map(([name, summary]) => row(code(`chat ${name}`), prose(summary)))
    .join("\n");
}

export function slashTable(): string {
  const rows = slashRows().map(({ name, usage }) =>
    row(code(usage), prose(slashSummary(ENGLISH_TERMINAL, name))),
  );
  return rows.join("\n");
}

export function aliasTable(): string {
  const names = Map.groupBy(Object.entries(SLASH_ALIASES), ([, command]) => command);
  const rows = [...names].map(([command, aliases]) =>
    row(aliases.map(([alias]) => code(`/${alias}`)).join(", "), code(`/${command}`)),
  );
  return rows.join("\n");
}

const STATED_DEFAULT = / \(Default: ([^()]*)\)$/;

function defaultOf({ type, default: standard, description = "" }: FlagDef): string {
  if (type === "boolean") return code(String(standard === true));
  const [, stated] = STATED_DEFAULT.exec(description) ?? [];
  if (stated !== undefined) return prose(stated);
  return typeof standard === "string" ? code(standard) : "";
}

export function serverTable(): string {
  const rows = Object.entries(SERVE_FLAGS).map(([key, definition]: [string, FlagDef]) => {
    const isOn = definition.type === "boolean" && definition.default === true;
    const flag = `--${isOn ? "no-" : ""}${flagName(key)}`;
    const meaning = isOn ? definition.negativeDescription : definition.description;
    return row(
      code(flag),
      code(variableOf(key)),
      code(settingOf(key)),
      defaultOf(definition),
      prose((meaning ?? "").replace(STATED_DEFAULT, "")),
    );
  });
  return rows.join("\n");
}

function valuesText(values: readonly unknown[], name = (value: unknown) => JSON.stringify(value)) {
  return values.map((value) => (value === undefined ? "automatic" : code(name(value)))).join(", ");
}

export function screenTable(): string {
  const rows = TERMINAL_KEYS.map((key) =>
    row(code(terminalName(key)), valuesText(SETTINGS[key].terminal)),
  );
  return rows.join("\n");
}

export function pageTable(): string {
  const rows = PAGE_KEYS.flatMap((key) => {
    const { control, page = [] } = settingRow(key);
    if (control === undefined) return [];
    const { label, options } = control;
    const name = (value: unknown) => {
      const option = options?.[String(value)];
      return option === undefined
        ? value === true
          ? "on"
          : value === false
            ? "off"
            : String(value)
        : option.en;
    };
    const values = page
      .map((value) => (value === undefined ? "automatic" : name(value)))
      .join(", ");
    return [row(prose(label.en), prose(values))];
  });
  return rows.join("\n");
}
