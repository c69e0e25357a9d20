/** Full-screen settings and their validation. */

import { Fault, msg } from "../../../base/fault.ts";
import { SETTINGS_LISTED_MAX } from "../../../base/limits-screen.ts";
import { quoteText } from "../../../base/text.ts";
import { SETTINGS } from "../../../ui/settings.ts";
import { unknownSetting } from "../../settings.ts";
import { isTable, type TomlTable } from "../../toml.ts";
import { Keymap } from "../input/keymap.ts";
import { DEFAULT_SETTINGS, type ScreenSettings } from "../state/settings.ts";
import { readStyle } from "../view/palette.ts";
import { ROLES } from "../view/roles.ts";

export type SettingName = keyof typeof PROPERTIES;

const PROPERTIES = {
  [SETTINGS.theme.terminal.name]: "theme",
  colors: "colors",
  bell: "bell",
  [SETTINGS.notify.terminal.name]: "notify",
  [SETTINGS.hideJoins.terminal.name]: "hideJoins",
  [SETTINGS.typing.terminal.name]: "typing",
  mouse: "mouse",
  [SETTINGS.language.terminal.name]: "language",
  [SETTINGS.pictures.terminal.name]: "pictures",
  fetch_pictures: "fetchPictures",
  keys: "keys",
  muted: "muted",
} as const satisfies Record<string, keyof ScreenSettings>;

export const SETTING_NAMES = Object.keys(PROPERTIES) as SettingName[];

export type SettingKind = "switch" | "choice" | "list" | "table";

export interface SettingRule {
  readonly kind: SettingKind;
  readonly words: readonly string[];
}

export interface ReadSettings {
  readonly settings: ScreenSettings;
  readonly warnings: readonly string[];
}

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(PROPERTIES, name);
}

export function settingRule(name: SettingName): SettingRule {
  if (name === "muted") return { kind: "list", words: [] };
  if (name === "colors" || name === "keys") return { kind: "table", words: [] };
  const shared = Object.values(SETTINGS).find(({ terminal }) => terminal.name === name);
  const values: readonly unknown[] = shared?.terminal.values ?? [];
  const words = values.filter((value) => typeof value === "string");
  return { kind: words.length === 0 ? "switch" : "choice", words };
}

export function settingIn(settings: ScreenSettings, name: SettingName): unknown {
  return settings[PROPERTIES[name]];
}

/**
 * @param table `[screen]` of config.toml
 * @throws {Fault} usage with file, line and column if a value is invalid
 */
export function readSettings(table: TomlTable | undefined): ReadSettings {
  const warnings: string[] = [];
  let settings = DEFAULT_SETTINGS;
  for (const [name, value] of Object.entries(table?.values ?? {})) {
    const at = (...keys: readonly string[]) => table?.position(name, ...keys) ?? name;
    if (isSettingName(name)) settings = withValue(settings, name, value, at);
    else warnings.push(unknownSetting(name, SETTING_NAMES, at()));
  }
  return { settings, warnings };
}

type PositionOf = (...keys: readonly string[]) => string;

/**
 * New table entries override existing entries.
 * @throws {Fault} usage if the value is invalid
 */
export function withValue(
  settings: ScreenSettings,
  name: SettingName,
  value: unknown,
  at: PositionOf,
): ScreenSettings {
  const { kind, words } = settingRule(name);
  const property = PROPERTIES[name];
  const invalidValue = (expected: string, remedy: string) =>
    new Fault("usage", msg`${at()}: ${name} must be ${expected}`, { remedy });
  if (kind === "switch") {
    if (typeof value === "boolean") return { ...settings, [property]: value };
    throw invalidValue("true or false", `write ${name} = true, without quotes`);
  }
  if (kind === "choice") {
    if (typeof value === "string" && words.includes(value)) {
      return { ...settings, [property]: value };
    }
    const choices = words.map((word) => `"${word}"`).join(", ");
    throw invalidValue(`one of ${choices}`, `write ${name} = "${words[0] ?? ""}"`);
  }
  if (kind === "list") {
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) {
      checkCount(value.length, at());
      return { ...settings, [property]: value };
    }
    throw invalidValue("a list of strings", `write ${name} = ["#noise", "@bob"]`);
  }
  if (!isTable(value)) throw invalidValue("a table", `write [screen.${name}] on a line of its own`);
  const before = name === "keys" ? settings.keys : settings.colors;
  const entries = { ...before, ...checkedTable(name, value, at) };
  checkCount(Object.keys(entries).length, at());
  return { ...settings, [property]: entries };
}

function checkedTable(
  name: SettingName,
  table: Readonly<Record<string, unknown>>,
  at: PositionOf,
): Record<string, string> {
  const checked: Record<string, string> = {};
  for (const [key, value] of Object.entries(table)) {
    // A colour may be a palette number.
    const text = typeof value === "number" && name === "colors" ? String(value) : value;
    if (typeof text !== "string") {
      throw new Fault("usage", msg`${at(key)}: ${quoteText(key)} must be a string`, {
        remedy: "put it in quotes",
      });
    }
    if (name === "keys") checkKey(key, text, at(key));
    else checkColor(key, text, at(key));
    checked[key] = text;
  }
  return checked;
}

function checkKey(chord: string, command: string, at: string): void {
  try {
    new Keymap({ [chord]: command });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault("usage", msg`${at}: ${error.message}`, { remedy: error.remedy, cause: error });
  }
}

function checkColor(role: string, color: string, at: string): void {
  if (!(ROLES as readonly string[]).includes(role)) {
    throw new Fault("usage", unknownSetting(role, ROLES, at).replace(/;.*$/, ""), {
      remedy: msg`roles: ${ROLES.join(", ")}`,
    });
  }
  if (readStyle(color) !== undefined) return;
  throw new Fault("usage", msg`${at}: ${quoteText(color)} is not a colour`, {
    remedy: 'write it as "red", "bright-red" or "#ff8800"',
  });
}

function checkCount(count: number, at: string): void {
  if (count <= SETTINGS_LISTED_MAX) return;
  throw new Fault("too-many", msg`${at}: more than ${SETTINGS_LISTED_MAX} entries`, {
    remedy: "remove some entries",
  });
}
