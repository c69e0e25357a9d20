import { cleanText } from "../base/text.ts";
import { formatLocalClock } from "../base/time.ts";
import type { ChatRecord } from "../core/chat-record.ts";
import { type LineEditor, openLineEditor } from "../io/line-editor.ts";
import type { Context } from "./_context.ts";
import { Recent } from "./_recent.ts";
import {
  type JsonObject,
  type Place,
  renderJson,
  renderRecord,
  type ShownRecord,
  type Style,
  styleOf,
} from "./_render.ts";
import { shownWords } from "./_shown.ts";

/** A record as a client knows it, in the form that is printed. `me` fills in the other side. */
export function shownChatRecord(record: ChatRecord, me: string): ShownRecord {
  const { timeUnixMs, room } = record;
  const from = record.from ?? "server";
  const place: Place =
    room.kind === "room" ? { room: room.name } : { to: from === room.name ? me : room.name };
  return { timeUnixMs, place, ...shownWords({ ...record, from }) };
}

const ANSWERS: ReadonlySet<string> = new Set(["", "y", "yes", "n", "no"]);

/** Where a line client shows things and reads lines: a terminal, or two pipes. */
export class Face {
  readonly #context: Context;
  readonly #editor: LineEditor | undefined;
  /** Whom a reply or reaction may mean. */
  readonly recent = new Recent();
  #style: Style;
  /** The last question, answered or not. */
  #asked: Promise<unknown> = Promise.resolve();
  #question: PromiseWithResolvers<boolean> | undefined;
  #isClosed = false;

  constructor(context: Context) {
    this.#context = context;
    this.#style = { ...styleOf(context, { stamp: "clock" }), authorOf: this.#authorOf };
    const isTyped = context.stdin.isTerminal && context.stdout.isTerminal && !context.json;
    this.#editor = isTyped ? openLineEditor(context.stdin, context.stdout) : undefined;
  }

  get isTyped(): boolean {
    return this.#editor !== undefined;
  }

  get format(): Style["format"] {
    return this.#style.format;
  }

  iAm(me: string | undefined): void {
    this.#style = { ...styleOf(this.#context, { stamp: "clock", me }), authorOf: this.#authorOf };
  }

  prompt(text: string): void {
    this.#editor?.prompt(text);
  }

  record(record: ShownRecord): void {
    this.recent.note(record);
    this.data(renderRecord(record, this.#style));
  }

  /** Whole lines, as they stand. */
  data(text: string): void {
    if (this.#editor === undefined) this.#context.stdout.write(text);
    else this.#editor.print(text);
  }

  /** What scripts see as an object, and people as a sentence. */
  tell(line: JsonObject, sentence: string | undefined): void {
    if (this.#context.json) this.#context.stdout.write(renderJson(line));
    else if (sentence !== undefined) this.note(sentence);
  }

  /** For people only. */
  note(sentence: string): void {
    const words = cleanText(sentence, { lines: true });
    if (this.#editor === undefined) {
      this.#context.stderr.write(`chat: ${words}\n`);
      return;
    }
    const { clock, offsetMinutes } = this.#context;
    const stamp = formatLocalClock(clock.unixMs(), offsetMinutes);
    this.#editor.print(`${stamp} * ${words.replaceAll("\n", "\n        ")}\n`);
  }

  async confirm(question: string): Promise<boolean> {
    if (this.#editor === undefined) return true;
    this.note(`${question} (y/n)`);
    const answer = (await this.#editor.line())?.trim().toLowerCase();
    return answer === "y" || answer === "yes";
  }

  /**
   * A question among the talk: the next line answers it if it is yes or no, else it means no, and
   * is a line as any other. Questions wait for each other.
   */
  async ask(question: string): Promise<boolean> {
    const before = this.#asked;
    const answer = Promise.withResolvers<boolean>();
    this.#asked = answer.promise;
    await before;
    if (this.#editor === undefined || this.#isClosed) answer.resolve(false);
    else {
      this.#question = answer;
      this.note(question);
    }
    return answer.promise;
  }

  /** A secret typed without echo; undefined: there is nobody to ask, or no answer. */
  async secret(question: string): Promise<string | undefined> {
    const typed = await this.#editor?.secret(question);
    return typed === "" ? undefined : typed;
  }

  /** The next line; undefined at the end. @throws Fault interrupted, text-invalid, too-large */
  async line(): Promise<string | undefined> {
    for (;;) {
      const line = await (this.#editor?.line() ?? this.#context.stdin.line());
      const question = this.#question;
      this.#question = undefined;
      if (question === undefined) return line;
      const word = line?.trim().toLowerCase();
      question.resolve(word === "y" || word === "yes");
      if (line === undefined || word === undefined || !ANSWERS.has(word)) return line;
      this.eraseEntered(line);
    }
  }

  /** Words that come back as a record need not stand there twice. */
  eraseEntered(line: string): void {
    this.#editor?.eraseEntered(line);
  }

  drained(): Promise<void> {
    return this.#context.stdout.drained();
  }

  close(): void {
    this.#isClosed = true;
    this.#question?.resolve(false);
    this.#editor?.close();
  }

  readonly #authorOf = (seq: number): string | undefined => this.recent.authorOf(seq);
}
