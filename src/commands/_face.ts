import { cleanText } from "../base/text.ts";
import { formatLocalClock } from "../base/time.ts";
import type { ChatRecord } from "../client/record.ts";
import { type LineEditor, openLineEditor } from "../io/line-editor.ts";
import type { Context } from "./_context.ts";
import {
  type JsonObject,
  type Place,
  renderJson,
  renderRecord,
  type ShownBody,
  type ShownRecord,
  type Style,
  styleOf,
} from "./_render.ts";

/** A record as a client knows it, in the form that is printed. `me` fills in the other side. */
export function shownChatRecord(record: ChatRecord, me: string): ShownRecord {
  const { seq, timeUnixMs, room } = record;
  const from = record.from ?? "server";
  const place: Place =
    room.kind === "room" ? { room: room.name } : { to: from === room.name ? me : room.name };
  return { seq, timeUnixMs, place, from, ...shownBody(record) };
}

function shownBody({ kind, state, body }: ChatRecord): ShownBody {
  if (kind === "join" || kind === "leave") return { kind };
  if (state === "erased") return { kind: "erased" };
  if (state === "damaged") {
    return { kind: "damaged", reason: "what is stored is not what was recorded" };
  }
  const text = typeof body?.["text"] === "string" ? body["text"] : "";
  const topic = typeof body?.["topic"] === "string" ? body["topic"] : "";
  if (kind === "topic") return { kind, topic };
  if (kind === "action" || kind === "text") return { kind, text };
  return { kind: "unreadable", reason: `'${kind}' is of a later version` };
}

/** Where a line client shows things and reads lines: a terminal, or two pipes. */
export class Face {
  readonly #context: Context;
  readonly #editor: LineEditor | undefined;
  #style: Style;

  constructor(context: Context) {
    this.#context = context;
    this.#style = styleOf(context, { stamp: "clock" });
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
    this.#style = styleOf(this.#context, { stamp: "clock", me });
  }

  prompt(text: string): void {
    this.#editor?.prompt(text);
  }

  record(record: ShownRecord): void {
    this.#data(renderRecord(record, this.#style));
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

  /** A secret typed without echo; undefined: there is nobody to ask, or no answer. */
  async secret(question: string): Promise<string | undefined> {
    const typed = await this.#editor?.secret(question);
    return typed === "" ? undefined : typed;
  }

  /** The next line; undefined at the end. @throws Fault interrupted, text-invalid, too-large */
  line(): Promise<string | undefined> {
    return this.#editor?.line() ?? this.#context.stdin.line();
  }

  /** Words that come back as a record need not stand there twice. */
  eraseEntered(line: string): void {
    this.#editor?.eraseEntered(line);
  }

  drained(): Promise<void> {
    return this.#context.stdout.drained();
  }

  close(): void {
    this.#editor?.close();
  }

  #data(text: string): void {
    if (this.#editor === undefined) this.#context.stdout.write(text);
    else this.#editor.print(text);
  }
}
