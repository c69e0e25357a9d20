/** Console of the line client, on a terminal or over pipes. */

import type { Fault } from "../../base/fault.ts";
import { cleanText } from "../../base/text.ts";
import { formatLocalClock } from "../../base/time.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import { dropOldest } from "../../core/evict.ts";
import { isMembership } from "../../core/model/membership.ts";
import {
  type EnteredLine,
  type LineEditor,
  type LineEvents,
  openLineEditor,
} from "../../io/terminal/line-editor.ts";
import { PlainEditor } from "../../io/terminal/plain-editor.ts";
import { parseYesNo } from "../../io/terminal/terminal.ts";
import { isAppendOnly } from "../../io/terminal/terminal-type.ts";
import { TypedLines } from "../../io/terminal/typed-lines.ts";
import { ENGLISH_TERMINAL, type TerminalMessage } from "../../ui/messages/en/terminal.ts";
import { isSharedCommand, withoutCommand } from "../../ui/typed-line.ts";
import { type Context, faultLine, mayRedraw } from "../context.ts";
import { cleanColored } from "../guarded-output.ts";
import { UnreadableRuns } from "../output/damage.ts";
import { DayLines } from "../output/day-line.ts";
import { displayBody } from "../output/records.ts";
import {
  type Destination,
  type DisplayRecord,
  destinationName,
  type JsonOutput,
  membershipText,
  renderJson,
  renderMembership,
  renderRecord,
  type Style,
  styleOf,
  withContinuations,
} from "../output/render.ts";
import { isHandCall, listedText, SpokenLines, type SpokenStyle } from "../output/spoken.ts";
import { wrapMarked, wrapWords } from "../word-wrap.ts";
import { MembershipLines } from "./membership-lines.ts";
import { destinationOfTarget } from "./post.ts";
import { type SlashRow, slashSummary } from "./slash-grammar.ts";

export function displayChatRecord(record: ChatRecord, me: string): DisplayRecord {
  const { timeUnixMs, room } = record;
  const from = record.from ?? "server";
  const destination: Destination =
    room.kind === "room" ? destinationOfTarget(room) : { to: from === room.name ? me : room.name };
  const sealed = record.sealed === undefined ? {} : ({ sealed: true } as const);
  const withheld = record.withheld === undefined ? {} : { withheld: record.withheld };
  const newKey = record.hasNewKey === true ? ({ newKey: true } as const) : {};
  const body = displayBody({ ...record, from });
  return { timeUnixMs, destination, ...body, ...sealed, ...newKey, ...withheld };
}

export function displayRecords(records: readonly ChatRecord[], me: string): DisplayRecord[] {
  return records.map((record) => displayChatRecord(record, me));
}

/** Continuation lines are indented so that none can imitate a new message. */
const CONTINUATION = "        ";
const BELL = "\x07";
const NOTE_CONTINUATION = "  ";

export class ChatConsole {
  readonly #editor: LineEditor | undefined;
  /** Lines typed on a terminal, when the output is read by another program. */
  readonly #typedLines: TypedLines | undefined;
  readonly recent = new RecentMessages();
  #style: Style;
  #gaps = new UnreadableRuns(undefined);
  #previousAnswer: Promise<unknown> = Promise.resolve();
  #question: PromiseWithResolvers<boolean> | undefined;
  #isConfirming = false;
  #isClosed = false;
  readonly texts = ENGLISH_TERMINAL;
  readonly #dayLines: DayLines;
  readonly spoken: SpokenLines;
  readonly #membership: MembershipLines;
  isQuiet = false;
  /** Whether message numbers are printed on a terminal. */
  hasNumbers = false;
  /** Returns the name under which a terminal shows an account. */
  nameOf = (account: string): string => account;
  /** Called if the user ends the input, or enters QUIT, while a command is running. */
  onQuit = (): void => {};

  /** @param options.isSpoken whether a terminal gets lines as a screen reader says them */
  constructor(
    private readonly context: Context,
    private readonly options: { readonly isSpoken?: boolean } = {},
  ) {
    this.#dayLines = new DayLines(context);
    this.spoken = new SpokenLines(context.clock.unixMs());
    const print = (records: readonly DisplayRecord[]) => this.#printMembership(records);
    this.#membership = new MembershipLines({ clock: context.clock, print });
    this.#style = this.#styleFor(undefined);
    const { stdin, stdout, json } = context;
    const isTyped = stdin.isTerminal && !json;
    this.#editor = isTyped && stdout.isTerminal ? this.#openEditor() : undefined;
    this.#typedLines =
      isTyped && !stdout.isTerminal ? new TypedLines(stdin, this.#lineEvents) : undefined;
  }

  #openEditor(): LineEditor {
    const { stdin, rawStdout, env, clock } = this.context;
    const events = this.#lineEvents;
    if (isAppendOnly(env)) return new PlainEditor(stdin, rawStdout, () => clock.now(), events);
    return openLineEditor(stdin, rawStdout, events);
  }

  get isInteractive(): boolean {
    return this.#editor !== undefined;
  }

  get shownName(): (account: string) => string {
    return this.spokenStyle.nameOf;
  }

  get #isSpoken(): boolean {
    return this.isInteractive && this.options.isSpoken === true;
  }

  get format(): Style["format"] {
    return this.#style.format;
  }

  setUser(me: string | undefined): void {
    if (me !== this.#style.me) this.#gaps = new UnreadableRuns(me);
    this.#style = this.#styleFor(me);
  }

  #styleFor(me: string | undefined): Style {
    const style = styleOf(this.context, { stamp: "clock", me });
    const isText = style.format === "text";
    const nameOf = (account: string) => {
      const name = cleanText(isText ? this.nameOf(account) : account);
      // Behind a comma, a name could imitate somebody in another room.
      return this.#isSpoken && name.includes(",") ? account : name;
    };
    const authorOf = (seq: number, reply: DisplayRecord) => {
      const author = this.recent.authorOf(seq, placeOf(reply, me));
      return author === undefined ? undefined : nameOf(author);
    };
    return { ...style, authorOf, nameOf };
  }

  clear(): void {
    if (this.isInteractive && mayRedraw(this.context)) this.#editor?.print("\x1b[2J\x1b[H");
  }

  prompt(text: string): void {
    this.#editor?.prompt(text);
  }

  record(received: DisplayRecord): void {
    // A listener does not know which message it was, and it may have been an event.
    const isUnknown = received.kind === "erased" && !this.recent.has(received.seq);
    this.recent.add(received, placeOf(received, this.#style.me));
    if (isUnknown && this.#isSpoken) return;
    const record = this.context.json ? received : this.#gaps.next(received);
    if (record === undefined) return;
    const isJoinOrLeave = record.kind === "join" || record.kind === "leave";
    if (this.isQuiet && isJoinOrLeave && this.isInteractive) return;
    if (this.isInteractive) {
      const place = placeOf(record, this.#style.me);
      const isOwn = record.from === this.#style.me;
      if (isMembership(record) && !isOwn) return this.#membership.add(place, record);
      this.#membership.beforeMessage(place);
    }
    if (this.#isSpoken) {
      this.data(this.spoken.next(record, this.spokenStyle));
      if (isHandCall(record, this.#style.me)) this.context.rawStdout.write(BELL);
      return;
    }
    const day = this.format === "text" ? this.#dayLines.before(record.timeUnixMs) : "";
    this.data(day + renderRecord(record, this.#style));
  }

  /** Prints messages of several rooms with numbers from 1. */
  numbered(records: readonly DisplayRecord[]): void {
    const style = this.spokenStyle;
    const lines = records.map((record, at) => {
      this.recent.add(record, placeOf(record, this.#style.me));
      return `${withContinuations(`${at + 1}. ${listedText(record, style)}`, style)}\n`;
    });
    this.data(lines.join(""));
  }

  get spokenStyle(): SpokenStyle {
    const { nameOf = (account: string) => account } = this.#style;
    return { ...this.#style, nameOf, hasNumbers: this.hasNumbers };
  }

  #printMembership(records: readonly DisplayRecord[]): void {
    const last = records.at(-1);
    if (last === undefined) return;
    if (this.#isSpoken) {
      const text = membershipText(records, this.#style);
      if (text === undefined) return;
      const sentence = records.length > 1 ? `${text}.` : text;
      return this.data(this.spoken.sum(last, sentence, this.spokenStyle));
    }
    const text = renderMembership(records, this.#style);
    if (text !== "") this.data(this.#dayLines.before(last.timeUnixMs) + text);
  }

  data(text: string): void {
    if (this.#editor === undefined) this.context.stdout.write(text);
    else this.#editor.print(cleanColored(text));
  }

  print(
    line: JsonOutput,
    text: string | TerminalMessage | undefined,
    rows: readonly string[] = [],
  ): void {
    if (this.context.json) this.context.stdout.write(renderJson(line));
    else if (text !== undefined) this.note(text, rows);
  }

  fault(fault: Fault): void {
    this.note(faultLine(fault));
  }

  help(rows: readonly SlashRow[]): void {
    const commands = rows.map(({ name, usage }) => {
      return { usage, summary: slashSummary(ENGLISH_TERMINAL, name) };
    });
    const json = { kind: "help", commands };
    const [only = "", ...more] = commands.map(({ usage, summary }) => `${usage}: ${summary}`);
    if (more.length === 0) return this.print(json, only);
    const listed = commands.map(({ usage, summary }) => `${usage.padEnd(28)} ${summary}`);
    this.print(json, ENGLISH_TERMINAL.slashHint, listed);
  }

  /**
   * A line feed in `text` may come from another user's message, so it is printed as a symbol.
   * @param rows lines printed below the text
   */
  note(text: string | TerminalMessage, rows: readonly string[] = []): void {
    const { clock, offsetMinutes, stdout, stderr } = this.context;
    const lines = [inEnglish(text), ...rows].map((line) => cleanText(line));
    if (this.#editor === undefined) {
      stderr.write(wrapWords(stderr, `chat: ${lines.join(`\n${CONTINUATION}`)}\n`));
      return;
    }
    if (this.#isSpoken) {
      const wrapped = lines.map((line) => wrapMarked(line, stdout.columns(), NOTE_CONTINUATION));
      return this.data(`${wrapped.join("\n")}\n`);
    }
    const now = clock.unixMs();
    const [first = "", ...more] = [
      `${formatLocalClock(now, offsetMinutes)} * ${lines[0]}`,
      ...lines.slice(1),
    ];
    const wrapped = [first, ...more.map((line) => CONTINUATION + line)].map((line) => {
      return wrapMarked(line, stdout.columns(), CONTINUATION);
    });
    this.data(`${this.#dayLines.before(now)}${wrapped.join("\n")}\n`);
  }

  async confirm(question: TerminalMessage): Promise<boolean> {
    if (this.#editor === undefined) return true;
    this.#isConfirming = true;
    try {
      for (;;) {
        this.note(`${inEnglish(question)} [y/N]`);
        const line = await this.#editor.line();
        const answer = line === undefined ? false : parseYesNo(line.text);
        if (answer !== undefined) return answer;
      }
    } finally {
      this.#isConfirming = false;
    }
  }

  /**
   * Asks a yes-or-no question. The next input line is the answer; a line that is neither yes nor no
   * counts as no and is then handled as usual. Questions are asked one at a time.
   */
  async ask(question: string): Promise<boolean> {
    const previous = this.#previousAnswer;
    const answer = Promise.withResolvers<boolean>();
    this.#previousAnswer = answer.promise;
    await previous;
    if (this.#editor === undefined || this.#isClosed) answer.resolve(false);
    else {
      this.#question = answer;
      this.note(question);
    }
    return answer.promise;
  }

  /** Reads a secret without echo. `undefined` if there is no terminal or the answer is empty. */
  /** @param before reported when the echo is already off, because it may name a password */
  async secret(question: TerminalMessage, before?: Fault): Promise<string | undefined> {
    const secretText = await this.#editor?.secret(inEnglish(question), () => {
      if (before !== undefined) this.fault(before);
    });
    return secretText === "" ? undefined : secretText;
  }

  /**
   * `undefined` at the end of input.
   * @throws {Fault} interrupted, text-invalid or too-large
   */
  async line(): Promise<string | undefined> {
    for (;;) {
      const line = await this.#nextLine();
      const question = this.#question;
      this.#question = undefined;
      if (question === undefined) return line;
      const answer = line === undefined ? undefined : parseYesNo(line);
      question.resolve(answer === true);
      if (answer === undefined) return line;
      this.eraseEntered();
    }
  }

  #nextLine(): Promise<string | undefined> {
    const typed = this.#editor?.line() ?? this.#typedLines?.next();
    return typed?.then(escapeSlash) ?? this.context.stdin.line();
  }

  eraseEntered(): void {
    this.#editor?.eraseEntered();
  }

  drained(): Promise<void> {
    return this.context.stdout.drained();
  }

  close(): void {
    this.#membership.flushAll();
    this.#isClosed = true;
    this.#question?.resolve(false);
    this.#editor?.close();
  }

  get #lineEvents(): LineEvents {
    return {
      onPaste: (paste) => this.note(this.#pasteNote(paste)),
      isAnswer: (line) =>
        (this.#isConfirming || this.#question !== undefined) && parseYesNo(line) !== undefined,
      onQueued: (line) => {
        const text = escapeSlash(line);
        if (text === undefined || isQuit(text)) this.onQuit();
      },
    };
  }

  #pasteNote(paste: Parameters<LineEvents["onPaste"]>[0]): string {
    if (paste === "oversize") return "the pasted text is too long for a message; send it as a file";
    if (paste === "discarded") return "discarded the pasted lines";
    const pasted = paste.lines > 1 ? `${paste.lines} pasted lines` : "a long pasted line";
    const discard = isAppendOnly(this.context.env) || !this.isInteractive ? "type n" : "Ctrl-C";
    return `${pasted}: press Enter to send as one message, ${discard} to discard`;
  }
}

function inEnglish(text: string | TerminalMessage): string {
  return typeof text === "string" ? text : text(ENGLISH_TERMINAL);
}

export function isQuit(line: string): boolean {
  return ["QUIT", "/quit"].includes(line.trim());
}

/** Doubles the leading slash of a pasted text, so that it does not run as a command. */
function escapeSlash(line: EnteredLine | undefined): string | undefined {
  return line?.isPasted === true ? withoutCommand(line.text, isSharedCommand) : line?.text;
}

/** Users rarely refer further back. */
const RECENT_MAX = 1_000;

/**
 * Authors of recently printed messages, named beside replies and reactions.
 * @internal
 */
export class RecentMessages {
  /** For an imported message, the original author. */
  readonly #authors = new Map<number, { readonly author: string; readonly place: string }>();

  /** @param place of `placeOf` */
  add(record: DisplayRecord, place: string): void {
    const { kind, seq, from } = record;
    if (kind === "erased") this.#authors.delete(seq);
    if (kind !== "text" && kind !== "action" && kind !== "file") return;
    const imported = kind === "file" ? undefined : record.imported;
    const author = imported === undefined ? from : `${imported.from} (imported)`;
    this.#authors.set(seq, { author, place });
    dropOldest(this.#authors, RECENT_MAX);
  }

  has(seq: number): boolean {
    return this.#authors.has(seq);
  }

  /** `undefined` for a message in another room, to which no reply can refer. */
  authorOf(seq: number, place: string): string | undefined {
    const known = this.#authors.get(seq);
    return known?.place === place ? known.author : undefined;
  }
}

/** Identifies the room or conversation of a record. A group's title may change. */
function placeOf(record: DisplayRecord, me: string | undefined): string {
  const { destination } = record;
  return "room" in destination ? destination.room : destinationName(record, me);
}
