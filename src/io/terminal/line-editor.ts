/** Line editor that keeps the typed line below printed output. */

import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { PassThrough, Writable } from "node:stream";
import { Fault } from "../../base/fault.ts";
import { TERMINAL_SEQUENCE_BYTES_MAX } from "../../base/limits-screen.ts";
import { cleanText, segmentsOf } from "../../base/text.ts";
import type { Input } from "./input.ts";
import type { Output } from "./output.ts";
import { PASTE_MARKS_OFF, PASTE_MARKS_ON, PasteSplitter, type Typed } from "./paste.ts";
import { onProcessEnd } from "./process-end.ts";
import { readlineKey } from "./readline-keys.ts";
import { UNMARKED_PASTE_MS, type UnmarkedPaste, UnmarkedPastes } from "./unmarked-paste.ts";

export interface EnteredLine {
  readonly text: string;
  /** True if the line begins with several pasted lines. Such a line is text, never a command. */
  readonly isPasted: boolean;
}

export interface LineEvents {
  onPaste(paste: { readonly lines: number } | "oversize" | "discarded"): void;
  /**
   * Reports whether the line answers a question. Such a line ends at its Enter, even if more text
   * follows without a pause.
   */
  isAnswer(line: string): boolean;
  /**
   * Called with a line that is entered while no code waits for one; `undefined` at the end of
   * input.
   */
  onQueued(line: EnteredLine | undefined): void;
}

export interface LineEditor {
  /**
   * `undefined` after Ctrl-D, or Ctrl-Z on Windows, on an empty line.
   * @throws {Fault} interrupted after Ctrl-C on an empty line
   */
  line(): Promise<EnteredLine | undefined>;
  /** @param before prints something when the echo is already off */
  secret(question: string, before?: () => void): Promise<string | undefined>;
  print(text: string): void;
  eraseEntered(): void;
  prompt(text: string): void;
  close(): void;
}

const CLEAR_LINE = "\r\x1b[J";
/** Maximum number of lines typed before the program reads them, e.g. on a slow network. */
export const LINES_AHEAD_MAX = 1_000;

const SUSPENDED_MS = 100;
const TAB = 8;
const PASTE_ROWS_MAX = 3;
const PREVIEW_CHARS = 16;

export function openLineEditor(input: Input, output: Output, events: LineEvents): LineEditor {
  // readline requires a stream, so wrap `output`, to which writes never block the event loop.
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
  const lines = new ReadlineEditor(editor, output, echo, events);
  const reader = new KeyReader(lines, keys);
  lines.onWaiting = () => reader.resume();
  reader.read(input).catch((error: unknown) => keys.destroy(error as Error));
  return lines;
}

function setRawMode(isRaw: boolean): void {
  process.stdin.setRawMode(isRaw);
}

/**
 * Passes keys to readline synchronously, so that keys typed before a paste precede it on the line.
 * Passes the text of one read as a whole, because readline would echo separate keys one by one and
 * lose track of the rows. Holds an unfinished sequence until further bytes decide.
 */
class KeyReader {
  readonly #splitter = new PasteSplitter();
  readonly #unmarked = new UnmarkedPastes<string>(textOfRun);
  readonly #decoder = new TextDecoder();
  #unfinished = "";
  /** After Ctrl-V, which makes an Enter text. */
  #isQuoting = false;
  /**
   * Keys that followed the answer to a secret question in one read. They are held until the program
   * waits again, because the echo is on until the next question.
   */
  #held: readonly string[] = [];
  #expiry: NodeJS.Timeout | undefined;

  constructor(
    private readonly lines: ReadlineEditor,
    private readonly keys: PassThrough,
  ) {}

  async read(input: Input): Promise<void> {
    for (;;) {
      const chunk = await input.chunk();
      clearTimeout(this.#expiry);
      if (chunk === undefined) break;
      for (const typed of this.#splitter.push(chunk)) {
        if (typed.kind === "keys") this.#type(this.#decoder.decode(typed.bytes, { stream: true }));
        else {
          this.#handle(this.#unmarked.expire());
          this.lines.pasted(typed);
        }
      }
      if (this.#unmarked.isHolding) this.#expireAfterReads();
    }
    this.resume();
    this.#handle(this.#unmarked.expire().filter((part) => typeof part !== "string"));
    this.keys.end();
  }

  /** Call when the program waits for a line. */
  resume(): void {
    const held = this.#held;
    this.#held = [];
    if (held.length > 0) this.#push(held);
    if (this.#unmarked.isHolding) this.#expireAfterReads();
  }

  #type(read: string): void {
    const text = this.#unfinished + read;
    const [unfinished = ""] = UNFINISHED_SEQUENCE.exec(text) ?? [];
    this.#unfinished = unfinished.length > TERMINAL_SEQUENCE_BYTES_MAX ? "" : unfinished;
    const runs = text.slice(0, text.length - unfinished.length).match(RUNS) ?? [];
    const keys = runs.filter((run) => !ANSWER.test(run)).map((run) => this.#keyOf(run));
    const typed = keys.filter((key) => key !== "");
    const isInterrupt = typed.includes(INTERRUPT);
    const held = isInterrupt ? [] : this.#held;
    if (held.length > 0) this.#held = [...held, ...typed].slice(0, HELD_RUNS_MAX);
    else if (typed.length > 0) this.#push(typed);
    if (isInterrupt) this.#held = [];
  }

  #keyOf(run: string): string {
    const isQuoted = this.#isQuoting;
    this.#isQuoting = run === QUOTE && !isQuoted;
    if (this.#isQuoting) return "";
    return NEW_LINE.test(run) || (isQuoted && ENTER.test(run)) ? NEW_LINE_KEY : readlineKey(run);
  }

  #push(typed: readonly string[]): void {
    const end = this.#unmarked.isHolding ? 0 : this.lines.answerEnd(typed);
    if (end === 0) return this.#handle(this.#unmarked.push(typed, performance.now()));
    this.#handle(this.#unmarked.expire());
    const { isSecret } = this.lines;
    this.#handle(typed.slice(0, end));
    const rest = typed.slice(end);
    if (isSecret) this.#held = rest;
    else if (rest.length > 0) this.#push(rest);
  }

  /** If the program was busy, reads first what the terminal has sent meanwhile. */
  #expireAfterReads(): void {
    this.#expiry = setTimeout(() => {
      this.#expiry = setTimeout(() => this.#handle(this.#unmarked.expire()), 1);
    }, UNMARKED_PASTE_MS);
  }

  /** Repeats a key for each code point of the character at the cursor. */
  #press(key: string): void {
    if (key === NEW_LINE_KEY) return this.lines.breakLine();
    if (BACKSPACE.test(key) && this.lines.joinLines()) return;
    const [before = "", after = ""] = this.lines.aroundCursor();
    const character = BACKWARD.test(key) ? before : FORWARD.test(key) ? after : "";
    for (let left = Math.max(1, [...character].length); left > 0; left--) {
      this.keys.emit("data", key);
    }
  }

  #handle(parts: readonly (string | UnmarkedPaste)[]): void {
    for (const part of parts) {
      if (typeof part !== "string") {
        if (part.kind === "oversize") this.lines.pasted(part);
        else this.lines.pasted({ kind: "paste", text: part.text }, part.typed);
      } else if (CONTROL.test(part)) this.#press(part);
      else this.lines.insertText(part);
    }
  }
}

/** Keys that move or delete one character, for which readline takes a code point. */
const [BACKWARD, FORWARD] = [/^(?:[\x02\x08\x7f]|\x1b[[O]D)$/, /^(?:\x06|\x1b[[O]C|\x1b\[3~)$/];

const BACKSPACE = /^[\x08\x7f]$/;
/** Alt-Enter, or Enter with any modifier in the formats of kitty and xterm. */
const NEW_LINE = /^\x1b(?:[\r\n]|\[13;[2-8](?::[12])?u|\[27;[2-8];13~)$/;
const NEW_LINE_KEY = "\x1b\r";
const QUOTE = "\x16";

/** Matches a run of text, a control character or an escape sequence. */
const RUNS = new RegExp(
  [
    /\x1b[\]P_][^\x00-\x1f]*(?:\x07|\x1b\\)/,
    /\x1b(?:\[\[?[0-?]*[ -/]*[@-~]|O?[^\x1b])?/,
    /[\x00-\x1f\x7f]|[^\x00-\x1f\x7f]+/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "gsu",
);
const INTERRUPT = "\x03";
const HELD_RUNS_MAX = 2_000;
const ENTER = /^[\r\n]$/;
const CONTROL = /^[\x00-\x1f\x7f]/;
/** Beginning of a terminal's answer to a query. Keys never send such strings. */
const ANSWER = /^\x1b[\]P_](?!$)/;
/** Matches if a read ended within a sequence, or after the Esc key. */
const UNFINISHED_SEQUENCE =
  /\x1b(?:\[\[?[0-?]*[ -/]*|O|(?:\]\d|P[\d>+!$|=?]|_G)[^\x00-\x1f]*\x1b?)?$/;

function textOfRun(run: string): string | undefined {
  return /^[\r\n\t]$/.test(run) || !CONTROL.test(run) ? run : undefined;
}

type Editor = ReturnType<typeof createInterface>;
type Waiter = { resolve(line: EnteredLine | undefined): void; reject(fault: Fault): void };
type PendingPaste = EnteredLine & { readonly lines: number };

class ReadlineEditor implements LineEditor {
  readonly #typedAhead: EnteredLine[] = [];
  readonly #removeRestore: () => void;
  readonly #continued = () => this.#resume();
  #prompt = "> ";
  #question: string | undefined;
  #pasted: PendingPaste | undefined;
  #enteredRows: number | undefined;
  /** Whether the prompt and the typed text are on the screen. */
  #isDrawn = false;
  #waiter: Waiter | undefined;
  #isSuspended = false;
  #isClosed = false;
  #isInterrupted = false;
  onWaiting = () => {};

  constructor(
    private readonly editor: Editor,
    private readonly output: Output,
    private readonly echo: { isOn: boolean },
    private readonly events: LineEvents,
  ) {
    editor.on("line", (line) => this.#typed(line));
    editor.on("close", () => this.#closed());
    editor.on("SIGINT", () => this.#interrupted());
    editor.on("SIGTSTP", () => void this.#suspend());
    process.on("SIGCONT", this.#continued);
    this.#removeRestore = onProcessEnd(() => {
      writeSync(1, PASTE_MARKS_OFF);
      setRawMode(false);
    });
    output.write(PASTE_MARKS_ON);
  }

  line(): Promise<EnteredLine | undefined> {
    const next = this.#typedAhead.shift();
    if (next !== undefined) return Promise.resolve(next);
    if (this.#isInterrupted) return Promise.reject(interrupted());
    if (this.#isClosed) return Promise.resolve(undefined);
    queueMicrotask(() => this.onWaiting());
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }

  /** Returns the characters before and after the cursor, each with its combining code points. */
  aroundCursor(): readonly [string | undefined, string | undefined] {
    const { line, cursor } = this.editor;
    const [before, after] = [line.slice(0, cursor), line.slice(cursor)].map((text) =>
      Array.from(segmentsOf(text), ({ segment }) => segment),
    );
    return [before?.at(-1), after?.[0]];
  }

  get isSecret(): boolean {
    return this.#question !== undefined;
  }

  /** Returns the number of keys, with the Enter, that answer the current question; 0 if none do. */
  answerEnd(keys: readonly string[]): number {
    const enter = keys.findIndex((key) => ENTER.test(key));
    const before = keys.slice(0, Math.max(0, enter));
    if (enter < 0 || this.#pasted !== undefined || before.some((key) => CONTROL.test(key)))
      return 0;
    const answer = this.editor.line + before.join("");
    return this.isSecret || this.events.isAnswer(answer) ? enter + 1 : 0;
  }

  async secret(question: string, before = () => {}): Promise<string | undefined> {
    this.echo.isOn = false;
    before();
    this.output.write(`${this.#upToFirstRow()}${CLEAR_LINE}${question}: `);
    this.#enteredRows = undefined;
    this.#isDrawn = false;
    this.#question = question;
    try {
      const typed = await this.line();
      (this.editor as Editor & { history?: string[] }).history?.shift();
      return typed?.text;
    } finally {
      this.echo.isOn = true;
      this.#question = undefined;
      this.output.write("\n");
      if (!this.#isClosed) this.#draw();
    }
  }

  print(text: string): void {
    if (this.#isClosed) {
      this.output.write(text);
      return;
    }
    const inserted = this.#isDrawn ? this.#insertedAbove(text) : undefined;
    this.#enteredRows = undefined;
    if (inserted !== undefined) return this.output.write(inserted);
    this.output.write(`${this.#upToFirstRow()}${CLEAR_LINE}${text}`);
    this.#draw();
  }

  /**
   * Returns the sequence that inserts whole lines above the prompt, because a screen reader would
   * read a typed text aloud each time it is drawn.
   * @returns `undefined` if the text's number of rows is unknown, or too high
   */
  #insertedAbove(text: string): string | undefined {
    const columns = this.output.columns();
    const rows = printedRows(text, columns);
    const typedRows = rowsOf(this.editor.getPrompt() + this.editor.line, columns);
    const screenRows = process.stdout.rows ?? 0;
    if (rows === undefined || rows + typedRows > screenRows) return undefined;
    const { rows: cursorRow, cols } = this.editor.getCursorPos();
    const lastRow = typedRows - 1;
    return [
      down(lastRow - cursorRow),
      "\n".repeat(rows), // Scrolls if the prompt is at the bottom of the screen.
      `\x1b[${rows + lastRow}A\r\x1b[${rows}L`,
      text,
      down(cursorRow),
      `\x1b[${cols + 1}G`,
    ].join("");
  }

  eraseEntered(): void {
    const rows = this.#enteredRows;
    if (this.#isClosed || rows === undefined) return;
    this.output.write(`\x1b[${rows}A${CLEAR_LINE}`);
    this.#draw();
  }

  prompt(text: string): void {
    this.#prompt = text;
    this.#showPrompt();
  }

  insertText(text: string): void {
    if (!this.#isClosed) this.editor.write(text);
  }

  /**
   * Inserts a single line as if typed. Several lines wait for Enter, so that the user sees the text
   * before it is sent.
   * @param typed beginning of the text that was already typed
   */
  pasted(paste: Exclude<Typed, { kind: "keys" }>, typed = ""): void {
    if (this.#isClosed) return;
    if (paste.kind === "oversize") return this.events.onPaste("oversize");
    const { text } = paste;
    this.#untype(typed);
    if (text.trim() === "") return;
    const lines = text.split("\n").length;
    const isLong = Bun.stringWidth(text) > PASTE_ROWS_MAX * this.output.columns();
    if (this.#question !== undefined) this.editor.write(text.replaceAll("\n", ""));
    else if (lines === 1 && !isLong) this.editor.write(text);
    else this.#storePaste(text, lines);
  }

  /** Finishes a line of a message, which waits for Enter with the others. */
  breakLine(): void {
    if (this.#isClosed || this.#question !== undefined) return;
    const { line, cursor } = this.editor;
    const { text, isPasted } = enteredLine(this.#pasted, line.slice(0, cursor));
    this.#pasted = { text, isPasted, lines: text.split("\n").length + 1 };
    this.editor.write(null, { ctrl: true, name: "u" });
    this.#showPrompt();
  }

  /** Returns the line before the cursor's to the input; false if there is none. */
  joinLines(): boolean {
    const pasted = this.#pasted;
    if (this.#isClosed || pasted === undefined || this.editor.cursor > 0) return false;
    const at = pasted.text.lastIndexOf("\n");
    const text = pasted.text.slice(0, Math.max(0, at));
    const lines = text.split("\n").length + 1;
    this.#pasted = at < 0 ? undefined : { ...pasted, text, lines };
    this.#showPrompt();
    this.editor.write(pasted.text.slice(at + 1));
    return true;
  }

  #untype(text: string): void {
    const editor = this.editor as { line: string; cursor: number };
    const { line, cursor } = editor;
    if (text === "" || !line.slice(0, cursor).endsWith(text)) return;
    editor.line = line.slice(0, cursor - text.length) + line.slice(cursor);
    editor.cursor = cursor - text.length;
  }

  close(): void {
    this.editor.close();
  }

  #storePaste(text: string, lines: number): void {
    const { line, cursor } = this.editor;
    const before = enteredLine(this.#pasted, line.slice(0, cursor)).text;
    const isPasted = this.#pasted?.isPasted ?? (before === "" && lines > 1);
    const all = before + text;
    this.#pasted = { text: all, isPasted, lines: all.split("\n").length };
    this.editor.write(null, { ctrl: true, name: "u" });
    this.#showPrompt();
    this.events.onPaste({ lines: this.#pasted.lines });
  }

  #showPrompt(): void {
    const rows = this.#upToFirstRow();
    this.editor.setPrompt(this.#prompt + previewOf(this.#pasted));
    if (this.#isClosed) return;
    this.output.write(rows);
    this.#draw();
  }

  #upToFirstRow(): string {
    const { rows } = this.editor.getCursorPos();
    return rows > 0 ? `\x1b[${rows}A` : "";
  }

  #draw(): void {
    this.#enteredRows = undefined;
    this.#isDrawn = true;
    // Reset the cursor's row in readline, because the printed text has moved the cursor.
    (this.editor as Editor & { prevRows?: number }).prevRows = 0;
    this.editor.prompt(true);
  }

  #typed(typed: string): void {
    const displayed = this.editor.getPrompt() + typed;
    const line = enteredLine(this.#pasted, typed);
    this.#pasted = undefined;
    this.editor.setPrompt(this.#prompt);
    this.#enteredRows = rowsOf(displayed, this.output.columns());
    this.#isDrawn = false;
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter !== undefined) return waiter.resolve(line);
    if (this.#typedAhead.length < LINES_AHEAD_MAX) this.#typedAhead.push(line);
    this.events.onQueued(line);
  }

  async #suspend(): Promise<void> {
    if (process.platform === "win32" && this.editor.line === "") this.editor.close();
    if (process.platform === "win32" || this.#isSuspended) return;
    this.#isSuspended = true;
    this.#isDrawn = false;
    this.output.write(`${this.#upToFirstRow()}${CLEAR_LINE}${PASTE_MARKS_OFF}`);
    await this.output.flushed();
    if (this.#isClosed) return;
    setRawMode(false);
    // Stop the process group, including a script that runs this program, like Ctrl-Z does.
    process.kill(0, "SIGTSTP");
    setTimeout(() => {
      if (this.#isSuspended) this.#resume();
    }, SUSPENDED_MS);
  }

  #resume(): void {
    if (this.#isClosed) return;
    this.#isSuspended = false;
    setRawMode(true);
    this.output.write(PASTE_MARKS_ON);
    if (this.#question !== undefined) this.output.write(`${CLEAR_LINE}${this.#question}: `);
    else this.#draw();
  }

  #interrupted(): void {
    if (this.editor.line !== "" || this.#pasted !== undefined) {
      this.#pasted = undefined;
      this.editor.write(null, { ctrl: true, name: "e" });
      this.editor.write(null, { ctrl: true, name: "u" });
      if (this.#question === undefined) this.#showPrompt();
      return;
    }
    this.#isInterrupted = true;
    this.editor.close();
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    process.off("SIGCONT", this.#continued);
    this.#removeRestore();
    this.output.write(`${CLEAR_LINE}${PASTE_MARKS_OFF}`);
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (this.#isInterrupted) waiter?.reject(interrupted());
    else if (waiter === undefined) this.events.onQueued(undefined);
    else waiter.resolve(undefined);
  }
}

function enteredLine(pasted: PendingPaste | undefined, typed: string): EnteredLine {
  if (pasted === undefined) return { text: typed, isPasted: false };
  const separator = pasted.lines > 1 && typed !== "" ? "\n" : "";
  return { text: pasted.text + separator + typed, isPasted: pasted.isPasted };
}

function previewOf(pasted: PendingPaste | undefined): string {
  if (pasted === undefined) return "";
  const { text, lines } = pasted;
  const preview = Array.from(text.replaceAll(/\s+/g, " ").slice(0, 2 * PREVIEW_CHARS))
    .slice(0, PREVIEW_CHARS)
    .join("");
  const size = lines > 1 ? `${lines} lines` : `${text.length} characters`;
  return `[${size}: ${cleanText(preview)}...] `;
}

/**
 * Returns the number of screen rows by which readline moves the cursor when it prints this line. A
 * wide character never begins in the last column, and a full last row is followed by an empty row.
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

/** Characters that are one column wide on each terminal. */
const NARROW = /^[ -~\u00a0-\u024f]*$/;

/**
 * Returns the number of screen rows of whole lines; `undefined` if it depends on the widths that
 * the terminal gives to some characters.
 */
function printedRows(text: string, columns: number): number | undefined {
  if (!text.endsWith("\n")) return undefined;
  let sum = 0;
  for (const line of Bun.stripANSI(text).slice(0, -1).split("\n")) {
    const rows = Math.max(1, Math.ceil(line.length / columns));
    // In the worst case, each code unit is a wide character.
    if (!NARROW.test(line) && (line.includes("\t") || 2 * line.length > columns)) return undefined;
    sum += rows;
  }
  return sum;
}

function down(rows: number): string {
  return rows > 0 ? `\x1b[${rows}B` : "";
}

function interrupted(): Fault {
  return new Fault("interrupted", "interrupted", { remedy: "to rejoin, run chat join" });
}
