import { createInterface } from "node:readline";
import { PassThrough, Writable } from "node:stream";
import { Fault } from "../base/fault.ts";
import type { Input } from "./input.ts";
import type { Output } from "./output.ts";

/**
 * A line typed on a terminal while other lines arrive above it: what comes in pushes the half-typed
 * line down instead of tearing it.
 */
export interface LineEditor {
  /** The next line; undefined: Ctrl-D on an empty one. @throws Fault interrupted: Ctrl-C on one */
  line(): Promise<string | undefined>;
  /** A line without echo, after a question. Rejects and ends as `line` does. */
  secret(question: string): Promise<string | undefined>;
  /** Writes whole lines above the one being typed. */
  print(text: string): void;
  /** Takes the line just entered off the screen: it will be printed as what it became. */
  eraseEntered(line: string): void;
  /** What stands before the typed line. */
  prompt(text: string): void;
  close(): void;
}

const CLEAR_LINE = "\r\x1b[J";
/** Lines typed ahead of a slow network. */
const LINES_AHEAD_MAX = 1_000;

export function openLineEditor(input: Input, output: Output): LineEditor {
  // readline writes to a stream; the output behind it never blocks the event loop.
  const echo = { isOn: true };
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      if (echo.isOn) output.write(chunk.toString());
      done();
    },
  });
  Object.defineProperty(stream, "columns", { get: () => output.columns() });
  const editor = createInterface({ input: keysOf(input), output: stream, terminal: true });
  return new ReadlineEditor(editor, output, echo);
}

/**
 * What is typed, as the stream that readline reads: the same input that asked for secrets before.
 */
function keysOf(input: Input): PassThrough {
  const keys = new PassThrough();
  const setRawMode = (isRaw: boolean) => process.stdin.setRawMode(isRaw);
  Object.assign(keys, { isTTY: true, setRawMode });
  const pump = async () => {
    for (;;) {
      const chunk = await input.chunk();
      if (chunk === undefined) break;
      keys.write(chunk);
    }
    keys.end();
  };
  pump().catch((error: unknown) => keys.destroy(error as Error));
  return keys;
}

type Editor = ReturnType<typeof createInterface>;
type Waiter = { resolve(line: string | undefined): void; reject(fault: Fault): void };

class ReadlineEditor implements LineEditor {
  readonly #editor: Editor;
  readonly #output: Output;
  readonly #ahead: string[] = [];
  readonly #echo: { isOn: boolean };
  #waiting: Waiter | undefined;
  #isClosed = false;
  #isInterrupted = false;

  constructor(editor: Editor, output: Output, echo: { isOn: boolean }) {
    this.#editor = editor;
    this.#output = output;
    this.#echo = echo;
    editor.on("line", (line) => this.#typed(line));
    editor.on("close", () => this.#closed());
    editor.on("SIGINT", () => this.#interrupted());
  }

  line(): Promise<string | undefined> {
    const next = this.#ahead.shift();
    if (next !== undefined) return Promise.resolve(next);
    if (this.#isInterrupted) return Promise.reject(interrupted());
    if (this.#isClosed) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  async secret(question: string): Promise<string | undefined> {
    this.#output.write(`${CLEAR_LINE}${question}: `);
    this.#echo.isOn = false;
    try {
      const typed = await this.line();
      // The arrow keys must not bring it back on the screen.
      (this.#editor as Editor & { history?: string[] }).history?.shift();
      return typed;
    } finally {
      this.#echo.isOn = true;
      this.#output.write("\n");
      if (!this.#isClosed) this.#draw();
    }
  }

  print(text: string): void {
    if (this.#isClosed) {
      this.#output.write(text);
      return;
    }
    // The typed line may have wrapped: go up to its first row, clear to the end, draw it anew
    // below.
    const { rows } = this.#editor.getCursorPos();
    const up = rows > 0 ? `\x1b[${rows}A` : "";
    this.#output.write(`${up}${CLEAR_LINE}${text}`);
    this.#draw();
  }

  eraseEntered(line: string): void {
    if (this.#isClosed) return;
    const columns = Math.max(1, this.#output.columns());
    const width = Bun.stringWidth(this.#editor.getPrompt() + line);
    const rows = Math.max(1, Math.ceil(width / columns));
    this.#output.write(`\x1b[${rows}A${CLEAR_LINE}`);
    this.#draw();
  }

  prompt(text: string): void {
    this.#editor.setPrompt(text);
    if (!this.#isClosed) this.#draw();
  }

  close(): void {
    this.#editor.close();
  }

  #draw(): void {
    // readline remembers on which row it left the cursor; what was printed moved everything.
    (this.#editor as Editor & { prevRows?: number }).prevRows = 0;
    this.#editor.prompt(true);
  }

  #typed(line: string): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) waiting.resolve(line);
    else if (this.#ahead.length < LINES_AHEAD_MAX) this.#ahead.push(line);
  }

  #interrupted(): void {
    if (this.#editor.line !== "") {
      this.#editor.write(null, { ctrl: true, name: "e" });
      this.#editor.write(null, { ctrl: true, name: "u" });
      return;
    }
    this.#isInterrupted = true;
    this.#editor.close();
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#output.write(CLEAR_LINE);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (this.#isInterrupted) waiting?.reject(interrupted());
    else waiting?.resolve(undefined);
  }
}

function interrupted(): Fault {
  return new Fault("interrupted", "you left", { remedy: "chat join brings you back" });
}
