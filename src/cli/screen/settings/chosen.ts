/**
 * `/set`: settings chosen during a chat. They are stored on this device separately from
 * config.toml, which is never rewritten, and take priority over it.
 */

import { Fault, msg } from "../../../base/fault.ts";
import { quoteText } from "../../../base/text.ts";
import { nearest } from "../../suggest.ts";
import { DEFAULT_SETTINGS, type ScreenSettings } from "../state/settings.ts";
import {
  isSettingName,
  SETTING_NAMES,
  type SettingKind,
  type SettingName,
  settingIn,
  settingRule,
  withValue,
} from "./values.ts";

/** Values as typed, keyed by `bell` or `colors.mention`. */
export type Chosen = Readonly<Record<string, string>>;

export interface SetResult {
  /** Output lines. */
  readonly lines: readonly string[];
  /** Values to store; `undefined` if nothing has changed. */
  readonly chosen: Chosen | undefined;
}

export interface SetState {
  /** Settings of config.toml, with the defaults. */
  readonly file: ScreenSettings;
  readonly chosen: Chosen;
}

const TRUE: ReadonlySet<string> = new Set(["on", "true", "yes", "1"]);
const FALSE: ReadonlySet<string> = new Set(["off", "false", "no", "0"]);
const FORGET = "default";

/** Parses stored values; empty if they cannot be read. */
export function chosenOf(kept: string | undefined): Chosen {
  try {
    const value: unknown = JSON.parse(kept ?? "{}");
    const entries = Object.entries(value ?? {});
    return Object.fromEntries(entries.filter(([, text]) => typeof text === "string"));
  } catch {
    return {};
  }
}

/** The settings in force. Values unknown to this version are ignored. */
export function withChosen({ file, chosen }: SetState): ScreenSettings {
  let settings = file;
  for (const [key, typed] of Object.entries(chosen)) {
    try {
      settings = withTyped(settings, key, typed);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }
  return settings;
}

/**
 * `/set` shows all, `/set KEY` shows one, `/set KEY VALUE` changes it, `/set KEY default` resets
 * it.
 * @param words after `/set`
 * @throws Fault usage, too-many
 */
export function runSet(words: string, state: SetState): SetResult {
  const [, key = "", typed = ""] = /^(\S*)\s*([\s\S]*)$/.exec(words.trim()) ?? [];
  if (key === "") {
    return { lines: SETTING_NAMES.flatMap((name) => linesOf(name, state)), chosen: undefined };
  }
  const { name, entry } = keyOf(key);
  if (typed === "") return { lines: linesOf(name, state), chosen: undefined };
  const chosen = { ...state.chosen };
  if (typed === FORGET) {
    for (const one of Object.keys(chosen)) {
      if (one === key || (entry === undefined && one.startsWith(`${name}.`))) delete chosen[one];
    }
  } else {
    withTyped(withChosen(state), key, typed);
    chosen[key] = typed;
  }
  return { lines: linesOf(name, { ...state, chosen }), chosen };
}

/** Splits `colors.mention` into name and entry. @throws Fault usage */
function keyOf(key: string): { readonly name: SettingName; readonly entry: string | undefined } {
  const [, name = "", entry] = /^([^.]*)(?:\.([\s\S]+))?$/.exec(key) ?? [];
  if (isSettingName(name)) return { name, entry };
  const near = nearest(name, SETTING_NAMES);
  throw new Fault("usage", msg`unknown setting ${quoteText(key)}`, {
    remedy: near === undefined ? msg`/set shows all of them` : msg`did you mean ${near}?`,
  });
}

/** @throws Fault usage, too-many */
function withTyped(settings: ScreenSettings, key: string, typed: string): ScreenSettings {
  const { name, entry } = keyOf(key);
  const { kind } = settingRule(name);
  if ((kind === "table") !== (entry !== undefined)) {
    const example = name === "keys" ? "keys.ctrl-x search" : "colors.mention red";
    throw new Fault("usage", msg`${quoteText(key)} has no value of its own`, {
      remedy: kind === "table" ? msg`as in /set ${example}` : msg`as in /set ${name} VALUE`,
    });
  }
  if (entry === undefined) checkWord(name, typed);
  const value = entry === undefined ? valueOfTyped(typed, kind) : { [entry]: typed };
  return withValue(settings, name, value, () => `/set ${key}`);
}

/**
 * Checks a word in the vocabulary of `/set`, which differs from that of the file. @throws Fault
 * usage
 */
function checkWord(name: SettingName, typed: string): void {
  const { kind, words } = settingRule(name);
  const word = typed.toLowerCase();
  if (kind === "switch" && !TRUE.has(word) && !FALSE.has(word)) {
    const remedy = msg`write /set ${name} on`;
    throw new Fault("usage", msg`${name} is on or off, not ${quoteText(typed)}`, { remedy });
  }
  if (kind === "choice" && !words.includes(word)) {
    const sentence = msg`${name} is one of ${words.join(", ")}, not ${quoteText(typed)}`;
    throw new Fault("usage", sentence, { remedy: msg`write /set ${name} ${words[0] ?? ""}` });
  }
}

function valueOfTyped(typed: string, kind: SettingKind): unknown {
  const word = typed.toLowerCase();
  if (kind === "switch" && TRUE.has(word)) return true;
  if (kind === "switch" && FALSE.has(word)) return false;
  if (kind === "list") return word === "none" ? [] : typed.split(/[\s,]+/).filter(Boolean);
  return kind === "choice" ? word : typed;
}

/** The setting as the user would type it, and its source. */
function linesOf(name: SettingName, state: SetState): string[] {
  const defaults = new Map(entriesOf(name, settingIn(DEFAULT_SETTINGS, name)));
  return entriesOf(name, settingIn(withChosen(state), name)).map(([key, text]) => {
    const isDefault = defaults.get(key) === text;
    const isChosen = Object.hasOwn(state.chosen, key);
    return `${key} = ${text}  (${isChosen ? "/set" : isDefault ? "default" : "config.toml"})`;
  });
}

function entriesOf(name: SettingName, value: unknown): [string, string][] {
  if (typeof value === "boolean") return [[name, value ? "on" : "off"]];
  if (Array.isArray(value)) return [[name, value.length === 0 ? "none" : value.join(", ")]];
  if (typeof value !== "object" || value === null) return [[name, String(value)]];
  const entries = Object.entries(value);
  if (entries.length === 0) return [[name, "none"]];
  return entries.map(([key, text]) => [`${name}.${key}`, String(text)]);
}
