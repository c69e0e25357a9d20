/** Standard input. */

import { isatty } from "node:tty";
import { Fault } from "../../base/fault.ts";
import { LineBuffer } from "./line-buffer.ts";

/** Standard input, read line by line, in the order of the requests. */
export interface Input {
  readonly isTerminal: boolean;
  /**
   * The next line without its line feed; `undefined` at the end. A bad line is skipped: the next
   * call continues after it.
   * @throws Fault text-invalid (not UTF-8), too-large
   */
  line(): Promise<string | undefined>;
  /** Like `line`, on a terminal without echo; Ctrl-C is Fault interrupted. */
  secretLine(): Promise<string | undefined>;
  /** Received bytes, in pieces of any size: files from a pipe, and keys in raw mode. */
  chunk(): Promise<Uint8Array | undefined>;
  /**
   * On a terminal: delivers each key as it is pressed, without echo; Enter is a carriage return.
   */
  setRaw(isRaw: boolean): void;
}

/** Far more than any text; a file without line feeds must not fill the memory. */
const LINE_BYTES_MAX = 1 << 20;

export function standardInput(): Input {
  return new StdinInput();
}

class StdinInput implements Input {
  /** process.stdin itself is not touched before the first read. */
  readonly isTerminal = isatty(0);
  readonly #buffer = new LineBuffer(LINE_BYTES_MAX);
  #chunks: AsyncIterator<Uint8Array> | undefined;
  #ended = false;
  #isRaw = false;

  async line(): Promise<string | undefined> {
    for (;;) {
      const line = this.#buffer.take(this.#ended);
      if (line !== undefined) return line;
      if (this.#ended) return undefined;
      await this.#more();
    }
  }

  async chunk(): Promise<Uint8Array | undefined> {
    const rest = this.#buffer.takeAll();
    if (rest.length > 0) return rest;
    if (!this.#ended) await this.#more();
    const more = this.#buffer.takeAll();
    return more.length === 0 && this.#ended ? undefined : more;
  }

  setRaw(isRaw: boolean): void {
    this.#isRaw = isRaw;
    process.stdin.setRawMode(isRaw);
  }

  async secretLine(): Promise<string | undefined> {
    if (!this.isTerminal) return this.line();
    const restore = () => process.stdin.setRawMode(false);
    process.once("exit", restore);
    process.stdin.setRawMode(true);
    try {
      return await this.#secret();
    } finally {
      restore();
      process.off("exit", restore);
    }
  }

  async #secret(): Promise<string | undefined> {
    let typed: readonly string[] = [];
    for (;;) {
      const key = this.#buffer.takeKey();
      if (key === undefined && this.#ended) return undefined;
      if (key === undefined) await this.#more();
      else if (key === "\r" || key === "\n") return typed.join("");
      else if (key === "\x03") throw new Fault("interrupted", "no password was given");
      else if (key === "\x04" && typed.length === 0) return undefined;
      else typed = edited(typed, key);
    }
  }

  get #isTypedAhead(): boolean {
    return this.isTerminal && !this.#isRaw;
  }

  async #more(): Promise<void> {
    this.#chunks ??= process.stdin[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    const next = await this.#chunks.next();
    if (next.done === true) this.#ended = true;
    else this.#buffer.push(this.#isTypedAhead ? withLineFeeds(next.value) : next.value);
  }
}

/** Converts the return key if it was typed while the terminal was in raw mode. */
function withLineFeeds(typed: Uint8Array): Uint8Array {
  return typed.map((byte) => (byte === 0x0d ? 0x0a : byte));
}

/** Backspace, Ctrl-U and Ctrl-W as in shells; other control keys do nothing. */
function edited(typed: readonly string[], key: string): readonly string[] {
  if (key === "\x7f" || key === "\b") return typed.slice(0, -1);
  if (key === "\x15" || key === "\x17") return [];
  return key < " " ? typed : [...typed, key];
}
