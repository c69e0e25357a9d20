/** Client settings and folders. The precedence is flag, environment, config.toml, default. */

import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { parse, TomlError } from "smol-toml";
import { Fault } from "../base/fault.ts";
import { quoteText, withoutMark } from "../base/text.ts";
import { readNamedFile } from "../io/disk/data-folder.ts";
import { absolutePath } from "../io/disk/working-folder.ts";
import { usageFault } from "./errors.ts";
import { checkDecoded, checkHomePath } from "./parser.ts";
import { nearestWord } from "./suggest.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** CHAT_HOME replaces all three folders. */
export interface Folders {
  readonly config: string;
  readonly data: string;
  readonly state: string;
}

interface Config {
  readonly server?: string;
  readonly user?: string;
  readonly transport?: "auto" | "tcp" | "udp";
  /** `strict` refuses an unknown server; `first-use` pins it and prints a notice. */
  readonly trust?: "first-use" | "strict";
}

export interface Settings {
  readonly folders: Folders;
  readonly config: Config;
  readonly screen: TomlTable | undefined;
  /** The user's own slash commands: a name and the command that replaces it, without slashes. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

const SCREEN = "screen";
const ALIASES = "aliases";
const TABLES = [SCREEN, ALIASES];
const ALIASES_MAX = 100;
const ALIAS = /^[a-z0-9][a-z0-9_-]{0,31}$/i;
const ALIASED = /^\/?([^\s/][^\n]{0,499})$/;
const KEYS: Readonly<Record<keyof Config, readonly string[] | "text">> = {
  server: "text",
  user: "text",
  transport: ["auto", "tcp", "udp"],
  trust: ["first-use", "strict"],
};

/** @throws {Fault} usage if config.toml is invalid; store-… if it cannot be read */
export function loadSettings(
  env: Environment,
  platform: NodeJS.Platform = process.platform,
): Settings {
  const folders = chatFolders(env, platform);
  const path = join(folders.config, "config.toml");
  const text = readNamedFile(path);
  return { folders, ...parseConfig(text ?? "", path) };
}

/** @internal */
export function chatFolders(env: Environment, platform: NodeJS.Platform): Folders {
  const home = env["CHAT_HOME"];
  if (home !== undefined) checkHomePath(home, "CHAT_HOME");
  if (home !== undefined && home !== "") return singleFolder(absolutePath(home));
  const user = () => homeFolder(env, platform);
  if (platform === "win32") {
    const local = join(absolute(env["LOCALAPPDATA"]) ?? join(user(), "AppData", "Local"), "chat");
    const roaming = join(absolute(env["APPDATA"]) ?? join(user(), "AppData", "Roaming"), "chat");
    return { config: roaming, data: local, state: local };
  }
  if (platform === "darwin")
    return singleFolder(join(user(), "Library", "Application Support", "chat"));
  const xdg = (variable: string, ...fallback: string[]) =>
    join(absolute(env[variable]) ?? join(user(), ...fallback), "chat");
  return {
    config: xdg("XDG_CONFIG_HOME", ".config"),
    data: xdg("XDG_DATA_HOME", ".local", "share"),
    state: xdg("XDG_STATE_HOME", ".local", "state"),
  };
}

/**
 * The user of a container or a service may have no entry among the system's users.
 * @throws {Fault} usage if there is none
 */
export function homeFolder(env: Environment, platform: NodeJS.Platform): string {
  const variable = platform === "win32" ? "USERPROFILE" : "HOME";
  const home = env[variable];
  if (home) {
    checkHomePath(home, variable);
    return home;
  }
  try {
    return homedir();
  } catch (cause) {
    throw new Fault("usage", `${variable} is not set, and this user has no home`, {
      remedy: "set CHAT_HOME to a folder for keys and settings",
      cause,
    });
  }
}

/**
 * @throws {Fault} usage, naming file, line and column
 * @internal
 */
export function parseConfig(text: string, path: string): Omit<Settings, "folders"> {
  const file = parseToml(text, path, 'user = "ana"');
  const config: Record<string, string> = {};
  const warnings: string[] = [];
  for (const [key, value] of Object.entries(file.values)) {
    const position = file.position(key);
    if (Object.hasOwn(KEYS, key))
      config[key] = checkedSetting(key as keyof Config, value, position);
    else if (!TABLES.includes(key))
      warnings.push(unknownSetting(key, [...Object.keys(KEYS), ...TABLES], position));
    else if (!isTable(value)) {
      throw new Fault("usage", `${position}: ${key} must be a table`, {
        remedy: `put [${key}] on its own line, with its settings below`,
      });
    }
  }
  const aliases = parseAliases(innerTable(file, ALIASES));
  return { config, screen: innerTable(file, SCREEN), aliases, warnings };
}

function parseAliases(table: TomlTable | undefined): Map<string, string> {
  const entries = Object.entries(table?.values ?? {});
  if (entries.length > ALIASES_MAX) {
    const position = table?.position();
    throw usageFault(`${position}: more than ${ALIASES_MAX} aliases`, "remove some of them");
  }
  return new Map(
    entries.map(([name, value]) => {
      const [, command] = typeof value === "string" ? (ALIASED.exec(value) ?? []) : [];
      if (command !== undefined && ALIAS.test(name)) return [name.toLowerCase(), command];
      const message = `${table?.position(name)}: invalid alias ${quoteText(name)}`;
      throw usageFault(message, 'write, for example, brb = "away back in five minutes"');
    }),
  );
}

export function unknownSetting(key: string, known: readonly string[], position: string): string {
  const suggestion = nearestWord(key, known);
  const hint = suggestion === undefined ? "" : ` (did you mean ${suggestion}?)`;
  return `${position}: unknown setting ${quoteText(key)}${hint}; ignored`;
}

function singleFolder(folder: string): Folders {
  return { config: folder, data: folder, state: folder };
}

/** The XDG specification requires relative paths to be ignored. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

function checkedSetting(key: keyof Config, value: unknown, position: string): string {
  const allowed = KEYS[key];
  if (typeof value !== "string") {
    throw usageFault(`${position}: ${key} must be a string`, `write ${key} = "..."`);
  }
  if (allowed === "text" || allowed.includes(value)) return value;
  const suggestion = nearestWord(value, allowed);
  const all = allowed.map((word) => `"${word}"`).join(" or ");
  throw new Fault("usage", `${position}: invalid value for ${key}: ${quoteText(value)}`, {
    remedy: suggestion === undefined ? `use ${all}` : `did you mean "${suggestion}"?`,
  });
}

export interface TomlTable {
  readonly values: Readonly<Record<string, unknown>>;
  position(...keys: readonly string[]): string;
}

/**
 * @param example valid setting, printed in the remedy
 * @throws {Fault} usage, naming file, line and column
 */
export function parseToml(text: string, path: string, example: string): TomlTable {
  checkDecoded(text, path, () => false);
  return {
    values: parseOrThrow(text, path, example),
    position: (...keys) => `${path}:${positionOf(text, keys)}`,
  };
}

function innerTable({ values, position: at }: TomlTable, name: string): TomlTable | undefined {
  const inner = Object.hasOwn(values, name) ? values[name] : undefined;
  if (!isTable(inner)) return undefined;
  return { values: inner, position: (...keys) => at(name, ...keys) };
}

export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isDate(value);
}

function isDate(value: object): boolean {
  return value instanceof Date;
}

function parseOrThrow(text: string, path: string, example: string): Record<string, unknown> {
  try {
    return parse(withoutMark(text));
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [message = ""] = cause.message.split("\n");
    const reason = message.replace(/^Invalid TOML document: /, "");
    const at = `${path}:${cause.line}:${cause.column}`;
    throw new Fault("usage", `${at} is not valid TOML (${reason})`, {
      remedy: `for example, ${example}`,
      cause,
    });
  }
}

const KEY_PART = /[\w-]+|"(?:[^"\\]|\\.)*"|'[^']*'/;
const KEY_PARTS = new RegExp(KEY_PART.source, "g");
const NAME = `(?:${KEY_PART.source})(?:\\s*\\.\\s*(?:${KEY_PART.source}))*`;
const HEADER = new RegExp(`^\\s*\\[\\[?\\s*(${NAME})`);
const SETTING = new RegExp(`^\\s*(${NAME})\\s*=`);
const FENCE = /"""|'''/g;

/** Needed because smol-toml reports positions only for syntax errors. */
function positionOf(text: string, keys: readonly string[]): string {
  let position = "1:1";
  let found = 0;
  let table: readonly string[] = [];
  let isInside = false;
  for (const [i, line] of text.split("\n").entries()) {
    const wasInside = isInside;
    if ((line.match(FENCE)?.length ?? 0) % 2 === 1) isInside = !isInside;
    if (wasInside) continue;
    const [, header] = HEADER.exec(line) ?? [];
    if (header !== undefined) table = splitKey(header);
    const [, name = header] = SETTING.exec(line) ?? [];
    if (name === undefined) continue;
    const path = header === undefined ? [...table, ...splitKey(name)] : table;
    const common = path.filter((key, at) => key === keys[at]).length;
    const isPrefix = common === Math.min(path.length, keys.length);
    if (!isPrefix || common <= found) continue;
    found = common;
    position = `${i + 1}:${line.indexOf(name) + 1}`;
  }
  return position;
}

function splitKey(name: string): string[] {
  return (name.match(KEY_PARTS) ?? []).map((key) => key.replace(/^(["'])(.*)\1$/, "$2"));
}
