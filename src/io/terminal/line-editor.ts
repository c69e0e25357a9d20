/** A line editor below printed lines. */

import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { PassThrough, Writable } from "node:stream";
import { Fault } from "../../base/fault.ts";
import { cleanText } from "../../base/text.ts";
import type { Input } from "./input.ts";
import type { Output } from "./output.ts";
import { PASTE_MARKS_OFF, PASTE_MARKS_ON, PasteSplitter, type Typed } from "./paste.ts";

/** A line as it was entered. */
export interface EnteredLine {
  /** With line feeds only where they were pasted. */
  readonly text: string;
  /** It begins with several lines that were pasted: words, whatever they look like. */
  readonly isPasted: boolean;
}

/** Several lines or too many characters were pasted: they wait for Enter. */
export type OnPaste = (paste: { readonly lines: number } | "oversize") => void;

/**
 * A line typed on a terminal while other lines arrive above it: what comes in pushes the half-typed
 * line down instead of tearing it.
 */
export interface LineEditor {
  /** The next line; undefined: Ctrl-D on an empty one. @throws Fault interrupted: Ctrl-C on one */
  line(): Promise<EnteredLine | undefined>;
  /** A line without echo, after a question. Rejects and ends as `line` does. */
  secret(question: string): Promise<string | undefined>;
  /** Writes whole lines above the one being typed. */
  print(text: string): void;
  /**
   * Takes the line just entered off the screen: it will be printed as what it became. Does nothing
   * when something else was written since.
   */
  eraseEntered(): void;
  /** What stands before the typed line. */
  prompt(text: string): void;
  close(): void;
}

const CLEAR_LINE = "\r\x1b[J";
/** Lines typed ahead of a slow network. */
const LINES_AHEAD_MAX = 1_000;

/** A process that cannot be stopped goes on after this. */
const SUSPENDED_MS = 100;
/** Between two stops of readline's tabs. */
const TAB = 8;
/** A pasted line of more rows than this is not shown in full. */
const PASTE_ROWS_MAX = 3;
/** As much of a paste as is shown before the line. */
const PREVIEW_CHARS = 16;

export function openLineEditor(input: Input, output: Output, onPaste: OnPaste): LineEditor {
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
  const keys = new PassThrough();
  Object.assign(keys, { isTTY: true, setRawMode });
  const editor = createInterface({ input: keys, output: stream, terminal: true });
  const lines = new ReadlineEditor(editor, output, echo, onPaste);
  const words = (text: string) => lines.words(text);
  const pasted: OnPasted = (typed) => lines.pasted(typed);
  readKeys(input, keys, { words, pasted }).catch((error: unknown) => keys.destroy(error as Error));
  return lines;
}

function setRawMode(isRaw: boolean): void {
  process.stdin.setRawMode(isRaw);
}

/**
 * What is typed goes to readline: the same input that asked for secrets before. At once, so that
 * what was typed before a paste is in the line before the paste is. Words that came in one read go
 * in as one piece: of single keys that come together readline shows each, and forgets the rows.
 */
async function readKeys(
  input: Input,
  keys: PassThrough,
  { words, pasted }: { readonly words: (text: string) => void; readonly pasted: OnPasted },
): Promise<void> {
  const splitter = new PasteSplitter();
  const decoder = new TextDecoder();
  let wasEscape = false;
  for (;;) {
    const chunk = await input.chunk();
    if (chunk === undefined) break;
    for (const typed of splitter.push(chunk)) {
      if (typed.kind !== "keys") {
        pasted(typed);
        continue;
      }
      const text = decoder.decode(typed.bytes, { stream: true });
      for (const run of wasEscape ? [text] : (text.match(RUNS) ?? [])) {
        if (wasEscape || CONTROL.test(run)) keys.emit("data", run);
        else words(run);
      }
      wasEscape = SEQUENCE_BEGUN.test(text);
    }
  }
  keys.end();
}

/** Words, or one key that is none: alone, or as a sequence that begins with Esc. */
const RUNS = /\x1b(?:\[\[?[0-?]*[ -/]*[@-~]|O?[^\x1b])?|[\x00-\x1f\x7f]|[^\x00-\x1f\x7f]+/gsu;
const CONTROL = /^[\x00-\x1f\x7f]/;
/** The read ended within a sequence, or behind the Esc key. */
const SEQUENCE_BEGUN = /\x1b(?:\[[0-?]*[ -/]*|O)?$/;

type OnPasted = (typed: Exclude<Typed, { kind: "keys" }>) => void;
type Editor = ReturnType<typeof createInterface>;
type Waiter = { resolve(line: EnteredLine | undefined): void; reject(fault: Fault): void };
/** What was pasted and waits for Enter, with what was typed before it. */
type Waiting = EnteredLine & { readonly lines: number };

class ReadlineEditor implements LineEditor {
  readonly #editor: Editor;
  readonly #output: Output;
  readonly #onPaste: OnPaste;
  readonly #ahead: EnteredLine[] = [];
  readonly #echo: { isOn: boolean };
  readonly #restore = () => writeSync(1, PASTE_MARKS_OFF);
  readonly #continued = () => this.#resume();
  #prompt = "> ";
  /** The question that a secret answers. */
  #question: string | undefined;
  #pasted: Waiting | undefined;
  /** Rows of the line just entered, while nothing stands below them. */
  #enteredRows: number | undefined;
  #waiting: Waiter | undefined;
  #isSuspended = false;
  #isClosed = false;
  #isInterrupted = false;

  constructor(editor: Editor, output: Output, echo: { isOn: boolean }, onPaste: OnPaste) {
    this.#editor = editor;
    this.#output = output;
    this.#echo = echo;
    this.#onPaste = onPaste;
    editor.on("line", (line) => this.#typed(line));
    editor.on("close", () => this.#closed());
    editor.on("SIGINT", () => this.#interrupted());
    editor.on("SIGTSTP", () => void this.#suspend());
    process.on("SIGCONT", this.#continued);
    process.on("exit", this.#restore); // However it ends, the shell is to get plain pastes.
    output.write(PASTE_MARKS_ON);
  }

  line(): Promise<EnteredLine | undefined> {
    const next = this.#ahead.shift();
    if (next !== undefined) return Promise.resolve(next);
    if (this.#isInterrupted) return Promise.reject(interrupted());
    if (this.#isClosed) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  async secret(question: string): Promise<string | undefined> {
    this.#output.write(`${this.#upToFirstRow()}${CLEAR_LINE}${question}: `);
    this.#enteredRows = undefined;
    this.#question = question;
    this.#echo.isOn = false;
    try {
      const typed = await this.line();
      // The arrow keys must not bring it back on the screen.
      (this.#editor as Editor & { history?: string[] }).history?.shift();
      return typed?.text;
    } finally {
      this.#echo.isOn = true;
      this.#question = undefined;
      this.#output.write("\n");
      if (!this.#isClosed) this.#draw();
    }
  }

  print(text: string): void {
    if (this.#isClosed) {
      this.#output.write(text);
      return;
    }
    this.#output.write(`${this.#upToFirstRow()}${CLEAR_LINE}${text}`);
    this.#draw();
  }

  eraseEntered(): void {
    const rows = this.#enteredRows;
    if (this.#isClosed || rows === undefined) return;
    this.#output.write(`\x1b[${rows}A${CLEAR_LINE}`);
    this.#draw();
  }

  prompt(text: string): void {
    this.#prompt = text;
    this.#showPrompt();
  }

  words(text: string): void {
    if (!this.#isClosed) this.#editor.write(text);
  }

  /** Of one line: as if typed. Of several: aside until Enter, so that none is sent unseen. */
  pasted(paste: Exclude<Typed, { kind: "keys" }>): void {
    if (this.#isClosed) return;
    if (paste.kind === "oversize") return this.#onPaste("oversize");
    const { text } = paste;
    if (text.trim() === "") return;
    const lines = text.split("\n").length;
    const isLong = Bun.stringWidth(text) > PASTE_ROWS_MAX * this.#output.columns();
    if (this.#question !== undefined) this.#editor.write(text.replaceAll("\n", ""));
    else if (lines === 1 && !isLong) this.#editor.write(text);
    else this.#keep(text, lines);
  }

  close(): void {
    this.#editor.close();
  }

  /** With what stands before the cursor; what stands behind it stays in the line. */
  #keep(text: string, lines: number): void {
    const { line, cursor } = this.#editor;
    const before = enteredLine(this.#pasted, line.slice(0, cursor)).text;
    const isPasted = this.#pasted?.isPasted ?? (before === "" && lines > 1);
    const all = before + text;
    this.#pasted = { text: all, isPasted, lines: all.split("\n").length };
    this.#editor.write(null, { ctrl: true, name: "u" });
    this.#showPrompt();
    this.#onPaste({ lines: this.#pasted.lines });
  }

  #showPrompt(): void {
    const rows = this.#upToFirstRow();
    this.#editor.setPrompt(this.#prompt + previewOf(this.#pasted));
    if (this.#isClosed) return;
    this.#output.write(rows);
    this.#draw();
  }

  /** The typed line may have wrapped: the cursor goes to where it begins. */
  #upToFirstRow(): string {
    const { rows } = this.#editor.getCursorPos();
    return rows > 0 ? `\x1b[${rows}A` : "";
  }

  #draw(): void {
    this.#enteredRows = undefined;
    // readline remembers on which row it left the cursor; what was printed moved everything.
    (this.#editor as Editor & { prevRows?: number }).prevRows = 0;
    this.#editor.prompt(true);
  }

  #typed(typed: string): void {
    const shown = this.#editor.getPrompt() + typed;
    const line = enteredLine(this.#pasted, typed);
    this.#pasted = undefined;
    this.#editor.setPrompt(this.#prompt);
    this.#enteredRows = rowsOf(shown, this.#output.columns());
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) waiting.resolve(line);
    else if (this.#ahead.length < LINES_AHEAD_MAX) this.#ahead.push(line);
  }

  /** Ctrl-Z: to the shell, as any program. */
  async #suspend(): Promise<void> {
    if (process.platform === "win32" || this.#isSuspended) return;
    this.#isSuspended = true;
    this.#output.write(`${this.#upToFirstRow()}${CLEAR_LINE}${PASTE_MARKS_OFF}`);
    await this.#output.flushed();
    if (this.#isClosed) return;
    setRawMode(false);
    // All that this terminal runs, as its own Ctrl-Z: a script around us must stop as well.
    process.kill(0, "SIGTSTP");
    setTimeout(() => {
      if (this.#isSuspended) this.#resume();
    }, SUSPENDED_MS);
  }

  /** `fg`, or continued by another process: the shell has set the terminal as it likes. */
  #resume(): void {
    if (this.#isClosed) return;
    this.#isSuspended = false;
    setRawMode(true);
    this.#output.write(PASTE_MARKS_ON);
    if (this.#question !== undefined) this.#output.write(`${CLEAR_LINE}${this.#question}: `);
    else this.#draw();
  }

  #interrupted(): void {
    if (this.#editor.line !== "" || this.#pasted !== undefined) {
      this.#pasted = undefined;
      this.#editor.write(null, { ctrl: true, name: "e" });
      this.#editor.write(null, { ctrl: true, name: "u" });
      if (this.#question === undefined) this.#showPrompt();
      return;
    }
    this.#isInterrupted = true;
    this.#editor.close();
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    process.off("SIGCONT", this.#continued);
    process.off("exit", this.#restore);
    this.#output.write(`${CLEAR_LINE}${PASTE_MARKS_OFF}`);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (this.#isInterrupted) waiting?.reject(interrupted());
    else waiting?.resolve(undefined);
  }
}

/** What is typed behind several lines stands on a line of its own. */
function enteredLine(pasted: Waiting | undefined, typed: string): EnteredLine {
  if (pasted === undefined) return { text: typed, isPasted: false };
  const between = pasted.lines > 1 && typed !== "" ? "\n" : "";
  return { text: pasted.text + between + typed, isPasted: pasted.isPasted };
}

/** `[3 lines: first words...] `, before what is typed. */
function previewOf(pasted: Waiting | undefined): string {
  if (pasted === undefined) return "";
  const { text, lines } = pasted;
  const words = Array.from(text.replaceAll(/\s+/g, " ").slice(0, 2 * PREVIEW_CHARS))
    .slice(0, PREVIEW_CHARS)
    .join("");
  const size = lines > 1 ? `${lines} lines` : `${text.length} characters`;
  return `[${size}: ${cleanText(words)}...] `;
}

/**
 * Rows of the screen down to where readline leaves the cursor behind this line: a wide character
 * does not begin in the last column, and a line that fills its last row has another one below.
 *
 * @internal
 */
export function rowsOf(line: string, columns: number): number {
  let column = 0;
  let rows = 1;
  for (const character of line) {
    const width = character === "\t" ? TAB - (column % TAB) : Bun.stringWidth(character);
    if (width === 2 && column === columns - 1) column = columns;
    if (column >= columns) {
      rows++;
      column = 0;
    }
    column += width;
  }
  return column >= columns ? rows + 1 : rows;
}

function interrupted(): Fault {
  return new Fault("interrupted", "you left", { remedy: "chat join brings you back" });
}
