/**
 * Settings: flag, then environment, then config.toml, then the default; and the folders of a
 * client.
 * For example `args.user ?? context.env["CHAT_USER"] ?? context.settings().config.user`.
 */

import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { Fault } from "../base/fault.ts";
import { quoteText } from "../base/text.ts";
import { readNamedFile } from "../io/disk/data-folder.ts";
import { usageFault } from "./errors.ts";
import { nearest } from "./suggest.ts";
import { innerTable, isTable, parseToml, type TomlTable } from "./toml.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A single folder for all three if CHAT_HOME is set; else the platform's conventional ones. */
export interface Folders {
  /** config.toml */
  readonly config: string;
  /** state.sqlite, device.key */
  readonly data: string;
  /** Disposable data: which server runs on this machine. */
  readonly state: string;
}

/** Content of config.toml. */
export interface Config {
  readonly server?: string;
  readonly user?: string;
  readonly transport?: "auto" | "tcp" | "udp";
  /** `strict` refuses an unknown server; `first-use` pins it and notes that. */
  readonly trust?: "first-use" | "strict";
}

export interface Settings {
  readonly folders: Folders;
  readonly config: Config;
  /** `[screen]` as in the file; the full screen checks it. */
  readonly screen: TomlTable | undefined;
  /** Printed once on standard error: unknown keys. */
  readonly warnings: readonly string[];
}

const SCREEN = "screen";
/** Valid words, or any text. */
const KEYS: Readonly<Record<keyof Config, readonly string[] | "text">> = {
  server: "text",
  user: "text",
  transport: ["auto", "tcp", "udp"],
  trust: ["first-use", "strict"],
};

/** @throws Fault usage if config.toml is invalid, store-… if it cannot be read */
export function loadSettings(
  env: Environment,
  platform: NodeJS.Platform = process.platform,
): Settings {
  const folders = chatFolders(env, platform);
  const path = join(folders.config, "config.toml");
  const text = readNamedFile(path);
  return { folders, ...parseConfig(text ?? "", path) };
}

/** XDG Base Directory Specification on Linux; the conventional folders elsewhere. @internal */
export function chatFolders(env: Environment, platform: NodeJS.Platform): Folders {
  const home = env["CHAT_HOME"];
  if (home !== undefined && home !== "") return oneFolder(resolve(home));
  const user = env[platform === "win32" ? "USERPROFILE" : "HOME"] || homedir();
  if (platform === "win32") {
    const local = join(absolute(env["LOCALAPPDATA"]) ?? join(user, "AppData", "Local"), "chat");
    const roaming = join(absolute(env["APPDATA"]) ?? join(user, "AppData", "Roaming"), "chat");
    return { config: roaming, data: local, state: local };
  }
  if (platform === "darwin") return oneFolder(join(user, "Library", "Application Support", "chat"));
  const xdg = (variable: string, ...fallback: string[]) =>
    join(absolute(env[variable]) ?? join(user, ...fallback), "chat");
  return {
    config: xdg("XDG_CONFIG_HOME", ".config"),
    data: xdg("XDG_DATA_HOME", ".local", "share"),
    state: xdg("XDG_STATE_HOME", ".local", "state"),
  };
}

/** @throws Fault usage, naming file, line and column @internal */
export function parseConfig(text: string, path: string): Omit<Settings, "folders"> {
  const file = parseToml(text, path, 'user = "ana"');
  const config: Record<string, string> = {};
  const warnings: string[] = [];
  for (const [key, value] of Object.entries(file.values)) {
    const at = file.at(key);
    if (Object.hasOwn(KEYS, key)) config[key] = checkedSetting(key as keyof Config, value, at);
    else if (key !== SCREEN) warnings.push(unknownSetting(key, [...Object.keys(KEYS), SCREEN], at));
    else if (!isTable(value)) {
      throw new Fault("usage", `${at}: ${SCREEN} must be a table`, {
        remedy: `put [${SCREEN}] on its own line, with its settings below`,
      });
    }
  }
  return { config, screen: innerTable(file, SCREEN), warnings };
}

/** The warning about an unknown key. */
export function unknownSetting(key: string, known: readonly string[], at: string): string {
  const near = nearest(key, known);
  const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
  return `${at}: unknown setting ${quoteText(key)}${hint}; ignored`;
}

function oneFolder(folder: string): Folders {
  return { config: folder, data: folder, state: folder };
}

/** XDG requires relative paths in these variables to be ignored. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

function checkedSetting(key: keyof Config, value: unknown, at: string): string {
  const allowed = KEYS[key];
  if (typeof value !== "string") {
    throw usageFault(`${at}: ${key} must be a string`, `write ${key} = "..."`);
  }
  if (allowed === "text" || allowed.includes(value)) return value;
  const near = nearest(value, allowed);
  const all = allowed.map((word) => `"${word}"`).join(" or ");
  throw new Fault("usage", `${at}: invalid value for ${key}: ${quoteText(value)}`, {
    remedy: near === undefined ? `use ${all}` : `did you mean "${near}"?`,
  });
}
