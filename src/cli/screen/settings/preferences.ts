/**
 * Full-screen settings: the defaults, overridden by config.toml and then by `/set`. The client
 * never rewrites config.toml, so it stores the values of `/set` separately.
 */

import { decodeJson } from "../../../base/decode.ts";
import { Fault, msg, unlessFault } from "../../../base/fault.ts";
import { SETTINGS_LISTED_MAX } from "../../../base/limits-screen.ts";
import { quoteText } from "../../../base/text.ts";
import type { ClientState } from "../../../io/state/client-state.ts";
import { SETTINGS, TERMINAL_KEYS, terminalName } from "../../../ui/settings.ts";
import type { Context } from "../../context.ts";
import { usageFault } from "../../errors.ts";
import { isTable, type TomlTable, unknownSetting } from "../../settings.ts";
import { nearestWord } from "../../suggest.ts";
import { Keymap } from "../input/keymap.ts";
import { DEFAULT_SETTINGS, type ScreenSettings } from "../state/screen-state.ts";
import { ROLES, readStyle } from "../view/palette.ts";

type SettingKey = keyof ScreenSettings;

/** Settings by their names in config.toml. */
const PROPERTIES: ReadonlyMap<string, SettingKey> = new Map(
  ([...TERMINAL_KEYS, "colors", "keys", "muted"] as const).map((key) => [terminalName(key), key]),
);

export const SETTING_NAMES = [...PROPERTIES.keys()];

type SettingKind = "switch" | "choice" | "list" | "table";

interface SettingRule {
  readonly kind: SettingKind;
  readonly words: readonly string[];
}

interface ReadSettings {
  readonly settings: ScreenSettings;
  readonly warnings: readonly string[];
}

function settingRule(property: SettingKey): SettingRule {
  if (property === "muted") return { kind: "list", words: [] };
  if (property === "colors" || property === "keys") return { kind: "table", words: [] };
  const values: readonly unknown[] = SETTINGS[property].terminal;
  const words = values.filter((value) => typeof value === "string");
  return { kind: words.length === 0 ? "switch" : "choice", words };
}

/**
 * @param table `[screen]` of config.toml
 * @throws {Fault} usage with file, line and column if a value is invalid
 */
export function readPreferences(table: TomlTable | undefined): ReadSettings {
  const warnings: string[] = [];
  let settings = DEFAULT_SETTINGS;
  for (const [name, value] of Object.entries(table?.values ?? {})) {
    const at = (...keys: readonly string[]) => table?.position(name, ...keys) ?? name;
    const property = PROPERTIES.get(name);
    if (property !== undefined) settings = withValue(settings, property, value, at);
    else warnings.push(unknownSetting(name, SETTING_NAMES, at()));
  }
  return { settings, warnings };
}

type PositionOf = (...keys: readonly string[]) => string;

/**
 * New table entries override existing entries.
 * @throws {Fault} usage if the value is invalid
 */
function withValue(
  settings: ScreenSettings,
  property: SettingKey,
  value: unknown,
  at: PositionOf,
): ScreenSettings {
  const { kind, words } = settingRule(property);
  const name = terminalName(property);
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
  const before = property === "keys" ? settings.keys : settings.colors;
  const entries = { ...before, ...checkedTable(property, value, at) };
  checkCount(Object.keys(entries).length, at());
  return { ...settings, [property]: entries };
}

function checkedTable(
  property: SettingKey,
  table: Readonly<Record<string, unknown>>,
  at: PositionOf,
): Record<string, string> {
  const checked: Record<string, string> = {};
  for (const [key, value] of Object.entries(table)) {
    // A colour may be a palette number.
    const text = typeof value === "number" && property === "colors" ? String(value) : value;
    if (typeof text !== "string") {
      throw usageFault(msg`${at(key)}: ${quoteText(key)} must be a string`, "put it in quotes");
    }
    if (property === "keys") checkKey(key, text, at(key));
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
    throw new Fault("usage", unknownSetting(role, ROLES, at).replace(/;.*$/s, ""), {
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
    remedy: msg`remove some entries`,
  });
}

/** Values as typed, keyed by setting, such as `bell` or `colors.mention`. */
type ChosenValues = Readonly<Record<string, string>>;

const PREFERENCE = "screen";
const TRUE: ReadonlySet<string> = new Set(["on", "true", "yes", "1"]);
const FALSE: ReadonlySet<string> = new Set(["off", "false", "no", "0"]);
const RESET_WORD = "default";

export class ScreenPreferences {
  readonly #configured: ScreenSettings;
  readonly warnings: readonly string[];
  #chosen: ChosenValues;

  constructor(
    context: Pick<Context, "settings">,
    private readonly state: Pick<ClientState, "preference" | "changePreference">,
  ) {
    const { settings, warnings } = readPreferences(context.settings().screen);
    this.#configured = settings;
    this.warnings = warnings;
    this.#chosen = chosenOf(state.preference(PREFERENCE));
  }

  /** Ignores stored values that this version does not support. */
  get settings(): ScreenSettings {
    return Object.entries(this.#chosen).reduce(
      (settings, [key, text]) =>
        unlessFault(() => withParsedValue(settings, key, text)) ?? settings,
      this.#configured,
    );
  }

  /**
   * Lists all settings, or shows, changes (`KEY VALUE`) or resets (`KEY default`) one.
   * @param argument text after `/set`
   * @returns lines to display
   * @throws {Fault} usage or too-many
   */
  set(argument: string): readonly string[] {
    const [, key = "", valueText = ""] = /^(\S*)\s*([\s\S]*)$/.exec(argument.trim()) ?? [];
    if (key === "")
      return [...PROPERTIES].flatMap(([name, property]) => this.#linesOf(name, property));
    const { name, property, entry } = parseKey(key);
    if (valueText === "") return this.#linesOf(name, property);
    this.state.changePreference(PREFERENCE, (stored) => {
      // Another window may have stored other settings.
      this.#chosen = chosenOf(stored);
      this.#chosen = this.#changed({ key, name, entry }, valueText);
      return JSON.stringify(this.#chosen);
    });
    return this.#linesOf(name, property);
  }

  #changed(
    { key, name, entry }: { key: string; name: string; entry: string | undefined },
    valueText: string,
  ): ChosenValues {
    if (valueText !== RESET_WORD) {
      withParsedValue(this.settings, key, valueText);
      return { ...this.#chosen, [key]: valueText };
    }
    const isReset = (chosenKey: string) =>
      chosenKey === key || (entry === undefined && chosenKey.startsWith(`${name}.`));
    return Object.fromEntries(
      Object.entries(this.#chosen).filter(([chosenKey]) => !isReset(chosenKey)),
    );
  }

  #linesOf(name: string, property: SettingKey): string[] {
    const defaults = new Map(entriesOf(name, DEFAULT_SETTINGS[property]));
    return entriesOf(name, this.settings[property]).map(([key, text]) => {
      const isDefault = defaults.get(key) === text;
      const isChosen = Object.hasOwn(this.#chosen, key);
      return `${key} = ${text}  (${isChosen ? "/set" : isDefault ? "default" : "config.toml"})`;
    });
  }
}

function chosenOf(stored: string | undefined): ChosenValues {
  try {
    const value: unknown = decodeJson(stored ?? "{}");
    const entries = Object.entries(value ?? {});
    return Object.fromEntries(entries.filter(([, text]) => typeof text === "string"));
  } catch {
    return {};
  }
}

interface ParsedKey {
  readonly name: string;
  readonly property: SettingKey;
  /** Row of a table. */
  readonly entry: string | undefined;
}

/**
 * Splits a key such as `colors.mention`.
 * @throws {Fault} usage if the setting is unknown
 */
function parseKey(key: string): ParsedKey {
  const [, name = "", entry] = /^([^.]*)(?:\.([\s\S]+))?$/.exec(key) ?? [];
  const property = PROPERTIES.get(name);
  if (property !== undefined) return { name, property, entry };
  const suggestion = nearestWord(name, SETTING_NAMES);
  throw new Fault("usage", msg`unknown setting ${quoteText(key)}`, {
    remedy:
      suggestion === undefined
        ? msg`list the settings: ${"/set"}`
        : msg`did you mean ${suggestion}?`,
  });
}

function withParsedValue(settings: ScreenSettings, key: string, valueText: string): ScreenSettings {
  const { name, property, entry } = parseKey(key);
  const { kind } = settingRule(property);
  if ((kind === "table") !== (entry !== undefined)) {
    const example = name === "keys" ? "keys.ctrl-x search" : "colors.mention red";
    throw new Fault("usage", msg`invalid setting ${quoteText(key)}`, {
      remedy:
        kind === "table"
          ? msg`for example, ${`/set ${example}`}`
          : msg`for example, ${`/set ${name} VALUE`}`,
    });
  }
  if (entry === undefined) checkWord(name, property, valueText);
  const value = entry === undefined ? parseValue(valueText, kind) : { [entry]: valueText };
  return withValue(settings, property, value, () => `/set ${key}`);
}

/**
 * Accepts words such as `on` that config.toml does not accept.
 * @throws {Fault} usage if the value is invalid
 */
function checkWord(name: string, property: SettingKey, valueText: string): void {
  const { kind, words } = settingRule(property);
  const word = valueText.toLowerCase();
  if (kind === "switch" && !TRUE.has(word) && !FALSE.has(word)) {
    const remedy = msg`use ${`/set ${name} on`}`;
    throw new Fault("usage", msg`${name} must be on or off, not ${quoteText(valueText)}`, {
      remedy,
    });
  }
  if (kind === "choice" && !words.includes(word)) {
    const message = msg`${name} must be one of ${words.join(", ")}, not ${quoteText(valueText)}`;
    throw usageFault(message, msg`use ${`/set ${name} ${words[0] ?? ""}`}`);
  }
}

function parseValue(valueText: string, kind: SettingKind): unknown {
  const word = valueText.toLowerCase();
  if (kind === "switch" && TRUE.has(word)) return true;
  if (kind === "switch" && FALSE.has(word)) return false;
  if (kind === "list") return word === "none" ? [] : valueText.split(/[\s,]+/).filter(Boolean);
  return kind === "choice" ? word : valueText;
}

function entriesOf(name: string, value: unknown): [string, string][] {
  if (typeof value === "boolean") return [[name, value ? "on" : "off"]];
  if (Array.isArray(value)) return [[name, value.length === 0 ? "none" : value.join(", ")]];
  if (typeof value !== "object" || value === null) return [[name, String(value)]];
  const entries = Object.entries(value);
  if (entries.length === 0) return [[name, "none"]];
  return entries.map(([key, text]) => [`${name}.${key}`, String(text)]);
}
