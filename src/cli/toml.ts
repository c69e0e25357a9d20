/** TOML parser that reports the positions of keys. */

import { parse, TomlError } from "smol-toml";
import { Fault } from "../base/fault.ts";

export interface TomlTable {
  readonly values: Readonly<Record<string, unknown>>;
  position(...keys: readonly string[]): string;
}

/**
 * @param example valid setting, printed in the remedy
 * @throws {Fault} usage, naming file, line and column
 */
export function parseToml(text: string, path: string, example: string): TomlTable {
  return {
    values: parseOrThrow(text, path, example),
    position: (...keys) => `${path}:${positionOf(text, keys)}`,
  };
}

export function innerTable(
  { values, position: at }: TomlTable,
  name: string,
): TomlTable | undefined {
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
    return parse(text.replace(/^\ufeff/, ""));
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
