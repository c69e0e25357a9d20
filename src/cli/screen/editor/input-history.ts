/**
 * Input history on this device. The file contains a JSON array per line (`["hello"]`), and several
 * processes may append to it.
 */

import { constants } from "node:fs";
import { mkdir, open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { foldCase } from "../../../base/case-fold.ts";
import { decodeJson } from "../../../base/decode.ts";
import {
  INPUT_HISTORY_FILE_BYTES_MAX,
  INPUT_HISTORY_LINE_BYTES_MAX,
  INPUT_HISTORY_LINES_MAX,
} from "../../../base/limits-screen.ts";
import { jsonLine } from "../../../base/text.ts";
import { removeFolder, renamePath } from "../../../io/disk/open-elsewhere.ts";
import { ifPossible, settled } from "../../../io/promises.ts";
import { TYPED_LINES_FILE } from "../../../io/state/account-removal.ts";
import { nearestWord } from "../../suggest.ts";

/** Age at which a rotation lock counts as abandoned by a killed process. */
const LOCK_ABANDONED_MS = 10_000;
const SECRET = /^\s*\/(?:register|regist|login|passwd)(?![\p{L}\p{N}_-])/iu;
const SECRET_ARGUMENT = /^\s*\/(?:join|j)\s+\S+\s+\S/iu;
const SECRET_COMMANDS = ["register", "regist", "login", "passwd"];

/** Also detects misspelled commands. */
export function mayContainSecret(text: string): boolean {
  if (SECRET.test(text) || SECRET_ARGUMENT.test(text)) return true;
  const [, word = "", ...moreArguments] = /^\s*\/([^\s/]+)\s+(\S+)(?:\s+(\S))?/u.exec(text) ?? [];
  const commands = moreArguments[1] === undefined ? SECRET_COMMANDS : [...SECRET_COMMANDS, "join"];
  return nearestWord(word, commands) !== undefined;
}

function isStorable(text: string): boolean {
  if (text.trim() === "" || mayContainSecret(text)) return false;
  return Buffer.byteLength(text) <= INPUT_HISTORY_LINE_BYTES_MAX;
}

function withLine(lines: readonly string[], text: string): readonly string[] {
  if (!isStorable(text)) return lines;
  if (lines.at(-1) === text) return lines;
  return [...lines.filter((line) => line !== text), text].slice(-INPUT_HISTORY_LINES_MAX);
}

/** Ignores case. Returns the newest line first. */
export function matchingLines(
  lines: readonly string[],
  query: string,
  max: number,
): readonly string[] {
  const words = foldCase(query)
    .split(/\s+/)
    .filter((word) => word !== "");
  const matches: string[] = [];
  for (let at = lines.length - 1; at >= 0 && matches.length < max; at--) {
    const line = lines[at] ?? "";
    const folded = words.length === 0 ? "" : foldCase(line);
    if (words.every((word) => folded.includes(word))) matches.push(line);
  }
  return matches;
}

export class InputHistory {
  readonly #path: string;
  #lines: readonly string[] = [];
  #writing: Promise<void> = Promise.resolve();

  constructor(private readonly folder: string) {
    this.#path = join(folder, TYPED_LINES_FILE);
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Skips unreadable lines silently. */
  async load(): Promise<void> {
    const own = this.#lines;
    const lines = new Set<string>();
    for (const path of [this.#older, this.#path]) {
      for (const line of await linesOf(path)) addLast(lines, line);
    }
    for (const line of own) addLast(lines, line);
    this.#lines = [...lines].slice(-INPUT_HISTORY_LINES_MAX);
  }

  /** Resolves after the line is stored or a write has failed. */
  add(text: string): Promise<void> {
    const lines = withLine(this.#lines, text);
    if (lines === this.#lines) return this.#writing;
    this.#lines = lines;
    this.#writing = settled(this.#writing.then(() => this.#append(text)));
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
      // A single write per line keeps the lines of concurrent processes intact.
      await file.write(Buffer.from(jsonLine([text])));
      const { size } = await file.stat();
      if (size <= INPUT_HISTORY_FILE_BYTES_MAX) return;
    } finally {
      await file.close();
    }
    await this.#rotate();
  }

  async #rotate(): Promise<void> {
    const lock = join(this.folder, `${TYPED_LINES_FILE}.lock`);
    if (!(await acquireLock(lock))) return;
    try {
      const { size } = await stat(this.#path); // Another process may have rotated the file.
      if (size > INPUT_HISTORY_FILE_BYTES_MAX) renamePath(this.#path, this.#older);
    } finally {
      await removeFolder(lock);
    }
  }
}

function addLast(lines: Set<string>, line: string): void {
  lines.delete(line);
  lines.add(line);
}

async function acquireLock(lock: string): Promise<boolean> {
  try {
    await mkdir(lock, 0o700);
    return true;
  } catch {
    const stats = await ifPossible(stat(lock));
    const isOld = stats !== undefined && Date.now() - stats.mtimeMs > LOCK_ABANDONED_MS;
    if (isOld) await removeFolder(lock);
    return false;
  }
}

async function linesOf(path: string): Promise<readonly string[]> {
  const size = await stat(path).then(
    (stats) => stats.size,
    () => 0,
  );
  // Processes check the size only after appending, so the file may exceed its limit by a few lines.
  if (size === 0 || size > 2 * INPUT_HISTORY_FILE_BYTES_MAX) return [];
  const text = await readFile(path, "utf8").catch(() => "");
  return text.split("\n").flatMap(lineOf);
}

function lineOf(line: string): readonly string[] {
  try {
    const value: unknown = decodeJson(line);
    const text: unknown = Array.isArray(value) ? value[0] : undefined;
    return typeof text === "string" && isStorable(text) ? [text] : [];
  } catch {
    return [];
  }
}
