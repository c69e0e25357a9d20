/** Reads standard input as lines, chunks or keys. */

import { fstatSync, read, readFileSync } from "node:fs";
import { isatty } from "node:tty";
import { Fault, msg } from "../../base/fault.ts";
import { withoutMark } from "../../base/text.ts";
import { LineBuffer } from "./line-buffer.ts";
import { onProcessEnd } from "./process-end.ts";

export interface Input {
  readonly isTerminal: boolean;
  /** Whether the program was started without standard input. Call before the first read. */
  readonly isClosed: boolean;
  /**
   * Returns the line without its line feed; `undefined` at the end of the input. After an invalid
   * line, the next call returns the line that follows.
   * @throws {Fault} text-invalid if the line is not UTF-8, too-large if it is too long
   */
  line(): Promise<string | undefined>;
  /**
   * Like `line`, but waits only this long; `undefined` if no line arrives.
   * @throws {Fault} text-invalid, too-large
   */
  lineWithin(ms: number): Promise<string | undefined>;
  secretLine(ask: () => void): Promise<string | undefined>;
  chunk(): Promise<Uint8Array | undefined>;
  /**
   * For terminals only. In raw mode, each key is delivered as it is pressed, without echo, and
   * Enter is a carriage return.
   */
  setRaw(isRaw: boolean): void;
}

const LINE_BYTES_MAX = 1 << 20;
const FILE_CHUNK_BYTES = 64 << 10;

/** @throws {Fault} usage */
export function checkOpen({ isClosed }: Pick<Input, "isClosed">): void {
  if (!isClosed) return;
  throw new Fault("usage", msg`standard input is closed`, {
    remedy: msg`connect it to a file or a pipe`,
  });
}

const CLOSE_ON_EXEC = 0o2000000;

/**
 * Linux only; false elsewhere. The runtime opens /dev/null in place of a closed standard input, and
 * closes it for child programs. An inherited file never has that flag.
 * @internal
 */
export function isInputMissing(infoFile = "/proc/self/fdinfo/0"): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(infoFile, "utf8"))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) !== 0;
  } catch {
    return false;
  }
}

export function standardInput(): Input {
  return new StdinInput();
}

class StdinInput implements Input {
  readonly isTerminal = isatty(0);
  readonly #buffer = new LineBuffer(LINE_BYTES_MAX);
  #chunks: AsyncIterator<Uint8Array> | undefined;
  #ended = false;
  #isFirstLine = true;
  #isRaw = false;
  /** A read that `lineWithin` no longer waits for continues for the next caller. */
  #reading: Promise<void> | undefined;

  get isClosed(): boolean {
    return this.#chunks === undefined && isInputMissing();
  }

  async line(): Promise<string | undefined> {
    for (;;) {
      const line = this.#buffer.takeLine(this.#ended);
      if (line !== undefined) return this.#withoutMark(line);
      if (this.#ended) return undefined;
      await this.#readChunk();
    }
  }

  async lineWithin(ms: number): Promise<string | undefined> {
    const late = Promise.withResolvers<"late">();
    const timeout = setTimeout(() => late.resolve("late"), ms);
    try {
      for (;;) {
        const line = this.#buffer.takeLine(this.#ended);
        if (line !== undefined || this.#ended) return line;
        if ((await Promise.race([this.#readChunk(), late.promise])) === "late") return undefined;
      }
    } finally {
      clearTimeout(timeout);
    }
  }

  #withoutMark(line: string): string {
    const isFirst = this.#isFirstLine;
    this.#isFirstLine = false;
    return isFirst ? withoutMark(line) : line;
  }

  async chunk(): Promise<Uint8Array | undefined> {
    const buffered = this.#buffer.takeAll();
    if (buffered.length > 0) return buffered;
    if (!this.#ended) await this.#readChunk();
    const laterBytes = this.#buffer.takeAll();
    return laterBytes.length === 0 && this.#ended ? undefined : laterBytes;
  }

  setRaw(isRaw: boolean): void {
    this.#isRaw = isRaw;
    process.stdin.setRawMode(isRaw);
  }

  async secretLine(ask: () => void): Promise<string | undefined> {
    if (!this.isTerminal) {
      ask();
      return this.line();
    }
    const restore = () => process.stdin.setRawMode(false);
    const removeRestore = onProcessEnd(restore);
    process.stdin.setRawMode(true);
    try {
      ask(); // Asks after the echo is off, so that no typed character appears.
      return await this.#secret();
    } finally {
      restore();
      removeRestore();
    }
  }

  async #secret(): Promise<string | undefined> {
    let typed: readonly string[] = [];
    for (;;) {
      const key = this.#buffer.takeKey();
      if (key === undefined && this.#ended) return undefined;
      if (key === undefined) await this.#readChunk();
      else if (key === "\r" || key === "\n") return typed.join("");
      else if (key === "\x03") throw new Fault("interrupted", "no password entered");
      else if (isEnd(key) && typed.length === 0) return undefined;
      else typed = edited(typed, key);
    }
  }

  get #isTypedAhead(): boolean {
    return this.isTerminal && !this.#isRaw;
  }

  #readChunk(): Promise<void> {
    this.#reading ??= this.#nextChunk().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #nextChunk(): Promise<void> {
    this.#chunks ??= isRegularFile()
      ? fileChunks()
      : (process.stdin[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>);
    const next = await this.#chunks.next();
    if (next.done === true) this.#ended = true;
    else this.#buffer.push(this.#isTypedAhead ? withLineFeeds(next.value) : next.value);
  }
}

function isRegularFile(): boolean {
  try {
    return fstatSync(0).isFile();
  } catch {
    return false;
  }
}

/** Reads from where the file stands: `process.stdin` would read what others have taken from it. */
async function* fileChunks(): AsyncGenerator<Uint8Array, undefined> {
  for (;;) {
    const chunk = new Uint8Array(FILE_CHUNK_BYTES);
    const length = await readHere(chunk);
    if (length === 0) return undefined;
    yield chunk.subarray(0, length);
  }
}

function readHere(chunk: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    read(0, chunk, 0, chunk.length, null, (error, length) => {
      if (error === null) resolve(length);
      else reject(error);
    });
  });
}

function withLineFeeds(typed: Uint8Array): Uint8Array {
  return typed.map((byte) => (byte === 0x0d ? 0x0a : byte));
}

function edited(typed: readonly string[], key: string): readonly string[] {
  if (key === "\x7f" || key === "\b") return typed.slice(0, -1);
  if (key === "\x15" || key === "\x17") return [];
  return key < " " ? typed : [...typed, key];
}

/** Ctrl-D, and on Windows also Ctrl-Z. @internal */
export function isEnd(key: string, platform = process.platform): boolean {
  return key === "\x04" || (key === "\x1a" && platform === "win32");
}
