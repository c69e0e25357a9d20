/**
 * Where a setting comes from: flag, then environment, then config.toml, then the default; and where
 * a client keeps its things.
 *
 *     const user = args.user ?? context.env["CHAT_USER"] ?? context.settings().config.user;
 */

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { Fault } from "../base/fault.ts";
import { quoteText } from "../base/text.ts";
import { nearest } from "./suggest.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** One folder for all three when CHAT_HOME is set; else where the platform wants them. */
export interface Folders {
  /** config.toml */
  readonly config: string;
  /** state.sqlite, device.key */
  readonly data: string;
  /** What may be lost: which server runs on this machine. */
  readonly state: string;
}

/** What config.toml may say. */
export interface Config {
  readonly server?: string;
  readonly user?: string;
  readonly transport?: "auto" | "tcp" | "udp";
  /** `strict` refuses a server that was never seen; `first-use` pins it and says so. */
  readonly trust?: "first-use" | "strict";
}

export interface Settings {
  readonly folders: Folders;
  readonly config: Config;
  /** Said once on standard error: keys that mean nothing. */
  readonly warnings: readonly string[];
}

/** A list of words, or any text. */
const KEYS: Readonly<Record<keyof Config, readonly string[] | "text">> = {
  server: "text",
  user: "text",
  transport: ["auto", "tcp", "udp"],
  trust: ["first-use", "strict"],
};

/** @throws Fault usage when config.toml is broken, store-failed when it cannot be read */
export function loadSettings(
  env: Environment,
  platform: NodeJS.Platform = process.platform,
): Settings {
  const folders = chatFolders(env, platform);
  const path = join(folders.config, "config.toml");
  const text = readConfig(path);
  const read = text === undefined ? { config: {}, warnings: [] } : parseConfig(text, path);
  return { folders, ...read };
}

/** XDG Base Directory Specification on Linux; the conventional folders elsewhere. */
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

/** @throws Fault usage, naming file and line */
export function parseConfig(text: string, path: string): Pick<Settings, "config" | "warnings"> {
  const table = parseToml(text, path, 'user = "ana"');
  const config: Record<string, string> = {};
  const warnings: string[] = [];
  for (const [key, value] of Object.entries(table)) {
    const at = `${path}:${lineOf(text, key)}`;
    if (Object.hasOwn(KEYS, key)) config[key] = checkedSetting(key as keyof Config, value, at);
    else warnings.push(`${at}: unknown setting ${quoteText(key)}${hint(key)}; it is ignored`);
  }
  return { config, warnings };
}

function oneFolder(folder: string): Folders {
  return { config: folder, data: folder, state: folder };
}

/** Relative paths in these variables are to be ignored, says XDG. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

function readConfig(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const denied = code === "EACCES" || code === "EPERM";
    throw new Fault(denied ? "store-denied" : "store-failed", `cannot read ${path} (${code})`, {
      remedy: "check the file",
      cause,
    });
  }
}

/** @param example one setting as it is written. @throws Fault usage, naming file and line */
export function parseToml(text: string, path: string, example: string): Record<string, unknown> {
  try {
    return Bun.TOML.parse(text) as Record<string, unknown>;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^TOML Parse error: /, "") : "";
    throw new Fault("usage", `${path}:${brokenLine(text)} is not valid TOML (${reason})`, {
      remedy: `a setting looks like ${example}`,
      cause,
    });
  }
}

/** Bun's parser does not say where: it is the line behind the longest beginning that it accepts. */
function brokenLine(text: string): number {
  const lines = text.split("\n");
  for (let count = lines.length - 1; count > 0; count--) {
    if (isToml(lines.slice(0, count).join("\n"))) return count + 1;
  }
  return 1;
}

function isToml(text: string): boolean {
  try {
    Bun.TOML.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Where the key stands, as well as one can tell without the parser's help. */
export function lineOf(text: string, key: string): number {
  const lines = text.split("\n");
  const at = lines.findIndex((line) => /^[\s"'[]*([\w-]+)/.exec(line)?.[1] === key);
  return at < 0 ? 1 : at + 1;
}

function checkedSetting(key: keyof Config, value: unknown, at: string): string {
  const allowed = KEYS[key];
  if (typeof value !== "string") {
    throw new Fault("usage", `${at}: ${key} must be a text`, { remedy: `write ${key} = "..."` });
  }
  if (allowed === "text" || allowed.includes(value)) return value;
  throw new Fault("usage", `${at}: ${quoteText(value)} is no value of ${key}`, {
    remedy: `use ${allowed.map((word) => `"${word}"`).join(" or ")}`,
  });
}

function hint(key: string): string {
  const near = nearest(key, Object.keys(KEYS));
  return near === undefined ? "" : `, did you mean ${near}?`;
}
