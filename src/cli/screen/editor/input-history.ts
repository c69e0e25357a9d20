/**
 * Input history of this device, for Up, Down and Ctrl-R: one file of the home, one text per line
 * (`["hello"]`), to which several processes append concurrently. A full file is rotated; two are
 * kept.
 */

import { constants } from "node:fs";
import { mkdir, open, readFile, rename, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { foldCase } from "../../../base/case-fold.ts";
import {
  INPUT_HISTORY_FILE_BYTES_MAX,
  INPUT_HISTORY_LINE_BYTES_MAX,
  INPUT_HISTORY_LINES_MAX,
} from "../../../base/limits-screen.ts";
import { jsonLine } from "../../../base/text.ts";
import { nearestWord } from "../../suggest.ts";

const FILE_NAME = "typed";
/** A killed process may leave its rotation lock behind; no rotation takes this long. */
const LOCK_ABANDONED_MS = 10_000;
/** Commands that may contain a secret, in any spelling. */
const SECRET = /^\s*\/(?:register|regist|login|passwd)(?![\p{L}\p{N}_-])/iu;
/** `/join ROOM PASSWORD` and its alias. */
const SECRET_ARGUMENT = /^\s*\/(?:join|j)\s+\S+\s+\S/iu;
const SECRET_COMMANDS = ["register", "regist", "login", "passwd"];

/** Reports whether the text is, or was meant to be, a command with a password. */
export function mayContainSecret(text: string): boolean {
  if (SECRET.test(text) || SECRET_ARGUMENT.test(text)) return true;
  const [, word = "", ...moreArguments] = /^\s*\/([^\s/]+)\s+(\S+)(?:\s+(\S))?/u.exec(text) ?? [];
  const commands = moreArguments[1] === undefined ? SECRET_COMMANDS : [...SECRET_COMMANDS, "join"];
  return nearestWord(word, commands) !== undefined;
}

/**
 * Reports whether a line may be stored: it contains no secret, is not blank, and is not too long.
 */
function isStorable(text: string): boolean {
  if (text.trim() === "" || mayContainSecret(text)) return false;
  return Buffer.byteLength(text) <= INPUT_HISTORY_LINE_BYTES_MAX;
}

/** Appends a line; removes an earlier copy, and the oldest line when there are too many. */
function withLine(lines: readonly string[], text: string): readonly string[] {
  if (!isStorable(text)) return lines;
  if (lines.at(-1) === text) return lines;
  return [...lines.filter((line) => line !== text), text].slice(-INPUT_HISTORY_LINES_MAX);
}

/** Lines that contain all words of the query, in any case, newest first. */
export function matchingLines(
  lines: readonly string[],
  query: string,
  max: number,
): readonly string[] {
  const words = foldCase(query)
    .split(/\s+/)
    .filter((word) => word !== "");
  const found: string[] = [];
  for (let at = lines.length - 1; at >= 0 && found.length < max; at--) {
    const line = lines[at] ?? "";
    const folded = words.length === 0 ? "" : foldCase(line);
    if (words.every((word) => folded.includes(word))) found.push(line);
  }
  return found;
}

export class InputHistory {
  readonly #path: string;
  readonly #folder: string;
  #lines: readonly string[] = []; // Bounded by INPUT_HISTORY_LINES_MAX.
  #writing: Promise<void> = Promise.resolve();

  /** @param folder the home; nothing is read before `load` */
  constructor(folder: string) {
    this.#folder = folder;
    this.#path = join(folder, FILE_NAME);
  }

  /** Oldest first; the same array until something is added. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Reads the stored lines. Lines that cannot be read are skipped without a fault. */
  async load(): Promise<void> {
    const own = this.#lines;
    const lines = new Set<string>();
    for (const path of [this.#older, this.#path]) {
      for (const line of await linesOf(path)) addLast(lines, line);
    }
    for (const line of own) addLast(lines, line);
    this.#lines = [...lines].slice(-INPUT_HISTORY_LINES_MAX);
  }

  /**
   * Adds a line in memory immediately and on disk soon.
   * @returns resolves when it is stored; after a write error only this process knows the line
   */
  add(text: string): Promise<void> {
    const lines = withLine(this.#lines, text);
    if (lines === this.#lines) return this.#writing;
    this.#lines = lines;
    this.#writing = this.#writing.then(() => this.#append(text)).catch(() => undefined);
    return this.#writing;
  }

  get #older(): string {
    return `${this.#path}.older`;
  }

  async #append(text: string): Promise<void> {
    const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
    const flags = O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW | O_NONBLOCK;
    const file = await open(this.#path, flags, 0o600);
    try {
      // In one write: two processes that append never mix their lines.
      await file.write(Buffer.from(jsonLine([text])));
      const { size } = await file.stat();
      if (size <= INPUT_HISTORY_FILE_BYTES_MAX) return;
    } finally {
      await file.close();
    }
    await this.#rotate();
  }

  async #rotate(): Promise<void> {
    const lock = join(this.#folder, `${FILE_NAME}.lock`);
    if (!(await acquireLock(lock))) return;
    try {
      const { size } = await stat(this.#path); // Another process may have rotated it just before.
      if (size > INPUT_HISTORY_FILE_BYTES_MAX) await rename(this.#path, this.#older);
    } finally {
      await rmdir(lock);
    }
  }
}

function addLast(all: Set<string>, line: string): void {
  all.delete(line);
  all.add(line);
}

async function acquireLock(lock: string): Promise<boolean> {
  try {
    await mkdir(lock, 0o700);
    return true;
  } catch {
    const stats = await stat(lock).catch(() => undefined);
    const isOld = stats !== undefined && Date.now() - stats.mtimeMs > LOCK_ABANDONED_MS;
    if (isOld) await rm(lock, { recursive: true, force: true });
    return false;
  }
}

async function linesOf(path: string): Promise<readonly string[]> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  // Appenders check the size after their own line, so a few of them may exceed it.
  if (size === 0 || size > 2 * INPUT_HISTORY_FILE_BYTES_MAX) return [];
  const text = await readFile(path, "utf8").catch(() => "");
  return text.split("\n").flatMap(lineOf);
}

/** Skips lines that are torn, malformed or not storable. */
function lineOf(line: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(line);
    const text: unknown = Array.isArray(value) ? value[0] : undefined;
    return typeof text === "string" && isStorable(text) ? [text] : [];
  } catch {
    return [];
  }
}
