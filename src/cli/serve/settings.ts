/**
 * Settings of `chat serve`, by precedence: flag, environment, settings.toml in the data folder,
 * default.
 */

import { dirname, join, resolve } from "node:path";
import { Fault } from "../../base/fault.ts";
import { parseSize } from "../../base/sizes.ts";
import { quoteText } from "../../base/text.ts";
import { readNamedFile } from "../../io/disk/data-folder.ts";
import { type AnyFlagValue, type FlagDef, type FlagDefs, flagName } from "../command.ts";
import { usageFault } from "../errors.ts";
import { parseFlagValue } from "../parser.ts";
import { parseToml } from "../settings.ts";
import { nearestWord } from "../suggest.ts";

const PREFIX = "CHAT_SERVE_";
const TRUE = new Set(["true", "yes", "on", "1"]);
const FALSE = new Set(["false", "no", "off", "0"]);

/**
 * settings.toml cannot name its own folder, and an action meant for one start must not repeat at
 * each start.
 */
const NOT_IN_FILE = new Set(["data", "newIdentity", "acceptLoss"]);
const NOT_IN_ENVIRONMENT = new Set(["newIdentity", "acceptLoss"]);

type Values = Readonly<Record<string, AnyFlagValue>>;
type Environment = Readonly<Record<string, string | undefined>>;

/** @internal */
export function variableOf(key: string): string | undefined {
  if (NOT_IN_ENVIRONMENT.has(key)) return undefined;
  return `${PREFIX}${flagName(key).replaceAll("-", "_").toUpperCase()}`;
}

/**
 * `undefined` if settings.toml cannot set the flag.
 * @internal
 */
export function settingOf(key: string): string | undefined {
  return NOT_IN_FILE.has(key) ? undefined : flagName(key);
}

export interface SettingsSources {
  readonly definitions: FlagDefs;
  readonly values: Values;
  readonly byFlag: ReadonlySet<string>;
  readonly env: Environment;
}

/** @throws {Fault} usage, naming the variable, or file, line and key */
export function withSettings({ definitions, values, byFlag, env }: SettingsSources): Values {
  const byEnvironment = fromEnvironment(definitions, env);
  const data = byFlag.has("data") ? values["data"] : (byEnvironment["data"] ?? values["data"]);
  const byFile = fromFile(definitions, join(String(data), "settings.toml"));
  const overriding = new Set([...byFlag, ...Object.keys(byEnvironment)]);
  const merged: Record<string, AnyFlagValue> = { ...values };
  for (const key of Object.keys(definitions)) {
    if (byFlag.has(key)) continue;
    const value =
      byEnvironment[key] ?? (isOverridden(key, overriding, env) ? undefined : byFile[key]);
    if (value !== undefined) merged[key] = value;
  }
  return merged;
}

function isOverridden(key: string, stronger: ReadonlySet<string>, env: Environment): boolean {
  const hasPassword = Boolean(env["CHAT_ROOM_PASSWORD"]);
  if (key === "open") return hasPassword || stronger.has("roomPasswordFile");
  return key === "roomPasswordFile" && (hasPassword || stronger.has("open"));
}

function fromEnvironment(definitions: FlagDefs, env: Environment): Record<string, AnyFlagValue> {
  const keys = keysBy(definitions, variableOf);
  const values: Record<string, AnyFlagValue> = {};
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || !text) continue;
    const key = keys.get(variable);
    if (key === undefined) throw unknownFault("variable", variable, [...keys.keys()]);
    values[key] = parseText(definitions[key], text, variable);
  }
  return values;
}

function parseText(definition: FlagDef | undefined, text: string, name: string): AnyFlagValue {
  if (definition === undefined) return undefined;
  if (definition.many) return text.split(/[\s,]+/).filter((word) => word !== "");
  if (definition.type !== "boolean") return parseValue(text, definition, name);
  if (TRUE.has(text.toLowerCase())) return true;
  if (FALSE.has(text.toLowerCase())) return false;
  throw usageFault(`invalid value for ${name}: ${quoteText(text)}`, "use true or false");
}

function fromFile(definitions: FlagDefs, path: string): Record<string, AnyFlagValue> {
  const text = readNamedFile(path);
  if (text === undefined) return {};
  const keys = keysBy(definitions, settingOf);
  const values: Record<string, AnyFlagValue> = {};
  const file = parseToml(text, path, 'name = "Room 12"');
  for (const [setting, value] of Object.entries(file.values)) {
    const position = file.position(setting);
    const key = keys.get(setting);
    const definition = key === undefined ? undefined : definitions[key];
    if (key === undefined || definition === undefined) {
      throw unknownFault(`setting in ${position}`, setting, [...keys.keys()]);
    }
    const parsed = parseTomlValue(definition, value, `${setting} (${position})`);
    values[key] = isPath(definition) ? resolvePath(String(parsed), path) : parsed;
  }
  return values;
}

function parseTomlValue(definition: FlagDef, value: unknown, name: string): AnyFlagValue {
  if (definition.many) {
    const items = Array.isArray(value) ? value : [value];
    if (items.every((item) => typeof item === "string")) return items;
    throw usageFault(`${name} must be a list of strings`, 'write it as ["one", "two"]');
  }
  if (definition.type === "boolean") {
    if (typeof value === "boolean") return value;
    throw usageFault(`${name} must be true or false`, "write it without quotes");
  }
  const isNumber = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
  if (definition.integer !== undefined) {
    return parseValue(isNumber ? String(value) : "", definition, name);
  }
  const text = isNumber && definition.valueHint === "SIZE" ? String(value) : value;
  if (typeof text === "string") return parseValue(text, definition, name);
  throw usageFault(`${name} must be a string`, "put it in quotes");
}

function parseValue(text: string, definition: FlagDef, name: string): AnyFlagValue {
  if (definition.valueHint !== "SIZE") return parseFlagValue(text, definition, name);
  try {
    parseSize(text);
    return text;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw usageFault(`${name}: ${error.message}`, error.remedy);
  }
}

function isPath(definition: FlagDef): boolean {
  return definition.valueHint === "FILE";
}

function resolvePath(path: string, file: string): string {
  return path === "-" ? path : resolve(dirname(file), path);
}

function keysBy(
  definitions: FlagDefs,
  nameOf: (key: string) => string | undefined,
): Map<string, string> {
  const pairs = Object.keys(definitions).map((key) => [nameOf(key), key] as const);
  return new Map(pairs.flatMap(([name, key]) => (name === undefined ? [] : [[name, key]])));
}

function unknownFault(kind: string, name: string, names: readonly string[]): Fault {
  const suggestion = nearestWord(name, names);
  return usageFault(
    `unknown ${kind}: ${quoteText(name)}`,
    suggestion === undefined ? "see chat serve --help" : `did you mean ${suggestion}?`,
  );
}
