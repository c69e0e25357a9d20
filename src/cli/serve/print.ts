/** Output of `chat serve`. */

import { type ConsolaInstance, createConsola } from "consola";
import { utf8Decode } from "../../base/bytes.ts";
import { diskSpaceText } from "../../base/disk-space.ts";
import type { Fault } from "../../base/fault.ts";
import {
  OUTPUT_QUEUE_BYTES_MAX,
  PRINTED_CHARS_MAX,
  PRINTED_CHARS_PER_SECOND,
} from "../../base/limits.ts";
import { isPrivateTarget } from "../../base/names.ts";
import { cleanText, tsvLine } from "../../base/text.ts";
import { formatLocalClock, formatUtc } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import { type ClockStatus, clockText } from "../../core/clock-check.ts";
import { TokenBucket } from "../../core/rate.ts";
import type { Registry } from "../../core/rooms/accounts.ts";
import { isConfidential, type Room } from "../../core/rooms/rooms.ts";
import { boxName } from "../../core/rooms/targets.ts";
import { MAJORITY_RESTORED, type ObservedEvent } from "../../server/session/event.ts";
import { formatAddress } from "../../wire/invite.ts";
import type { LogRecord } from "../../wire/record.ts";
import { destinationOfTarget } from "../chat/post.ts";
import { type Context, faultLine } from "../context.ts";
import { DayLines } from "../output/day-line.ts";
import { displayRecord, type RecordNames } from "../output/records.ts";
import {
  type Destination,
  type DisplayRecord,
  type JsonOutput,
  recordJson,
  renderJson,
  renderRecord,
  type Style,
  styleOf,
} from "../output/render.ts";
import { wrapMarked, wrapWords } from "../word-wrap.ts";

/** Lines are batched, because a system call for each would cost as much as processing a message. */
const BATCH_MS = 20;
const WARNING_INTERVAL_MS = 60_000;

const LINE_FRAME_CHARS = 256;
/**
 * Matches a body that contains only text without characters to escape or hide, which is printed
 * unchanged.
 */
const PLAIN_TEXT = /^\{"text":"[ !#-[\]-~]*"\}$/;

/** A line is rendered when it is written, but with the names at the time of its record. */
interface PendingLine {
  readonly record: LogRecord;
  readonly names: RecordNames;
  readonly isConfidential: boolean;
}

export class ServePrinter {
  readonly #isQuiet: boolean;
  #skipped = 0;
  #fullWarnedUntil = Number.NEGATIVE_INFINITY;
  #lastWarning: string | undefined;
  #warnedUntil = Number.NEGATIVE_INFINITY;
  #pending: (string | PendingLine)[] = [];
  #pendingChars = 0;
  #isBatching = false;
  readonly #days: DayLines;
  readonly #style: Style;
  readonly #pace: TokenBucket;
  #lastTime = 0;
  #lastTimeText = formatUtc(0);

  /**
   * @param options `quiet` omits all message texts, because readers of the system's journal are not
   * room members
   */
  constructor(
    private readonly context: Context,
    private readonly registry: Registry,
    options: { readonly quiet?: boolean } = {},
  ) {
    this.#days = new DayLines(context);
    this.#isQuiet = options.quiet ?? false;
    this.#style = styleOf(context, { stamp: "clock" });
    const perSecond = PRINTED_CHARS_PER_SECOND;
    this.#pace = new TokenBucket(perSecond, perSecond, context.clock.now());
  }

  event(event: ObservedEvent): void {
    if (event.kind === "failed" || event.kind === "decided") return;
    if (event.kind === "warning") return this.#printWarning(faultLine(event.fault));
    if (event.kind === "cancelled") {
      return this.line(event.kind, { by: event.by, user: event.user, id: event.file });
    }
    if (event.kind === "majority") return this.#printMajority(event.fault);
    if (event.kind === "clock") return this.#printClock(event.status);
    if (event.kind === "disk") return this.#printWarning(diskSpaceText(event));
    if (event.kind === "full") return this.#warnFull(event.fault);
    if (event.kind === "record") return this.#isQuiet ? undefined : this.#printRecord(event);
    const { host, port } = event.address;
    const address = formatAddress({ host, port });
    switch (event.kind) {
      case "connected": {
        const { transport } = event;
        const client = this.#isQuiet ? undefined : event.client;
        return this.line(event.kind, defined({ address, client, transport }));
      }
      case "logged-in":
      case "logged-out": {
        const { user, transport } = event;
        return this.line(event.kind, { user, address, transport });
      }
      case "disconnected": {
        const { user, transport, fault } = event;
        const reason = this.#isQuiet ? fault?.code : fault?.message;
        return this.line(event.kind, defined({ user, address, transport, reason }));
      }
      case "offered": {
        const { user, file: id, sizeBytes, to } = event;
        const name = to.some(isPrivateTarget) || this.#isQuiet ? undefined : event.name;
        return this.line(event.kind, defined({ user, address, id, name, sizeBytes }));
      }
      case "got":
      case "withdrawn":
        // The file may belong to a direct conversation, so its name is omitted.
        return this.line(event.kind, { user: event.user, address, id: event.file });
      default:
        return;
    }
  }

  /**
   * Prints each warning at most once a minute, so that a client that repeats a failing request
   * cannot fill the log.
   */
  #printWarning(message: string): void {
    const now = this.context.clock.now();
    if (message === this.#lastWarning && now < this.#warnedUntil) return;
    this.#lastWarning = message;
    this.#warnedUntil = now + WARNING_INTERVAL_MS;
    this.#warn(message);
  }

  #printMajority(fault: Fault | undefined): void {
    this.#warn(fault === undefined ? MAJORITY_RESTORED : faultLine(fault));
    const fields = defined({ on: fault === undefined, reason: fault?.message });
    if (this.context.json) this.line("majority", fields);
  }

  #printClock(status: ClockStatus): void {
    this.#warn(clockText(status));
    const { plausible, now, newest } = status;
    const fields = { plausible, now: formatUtc(now), newest: formatUtc(newest) };
    if (this.context.json) this.line("clock", fields);
  }

  /**
   * Prints the warning at most once a minute, because a full disk causes every post to be refused.
   */
  #warnFull(fault: Fault): void {
    const now = this.context.clock.now();
    if (now < this.#fullWarnedUntil) return;
    this.#fullWarnedUntil = now + WARNING_INTERVAL_MS;
    this.#warn(faultLine(fault));
  }

  #warn(message: string): void {
    createLog(this.context).warn(cleanText(message));
  }

  #printRecord({ record, room }: { readonly record: LogRecord; readonly room: Room }): void {
    const { head, bodyBytes } = record;
    if (head.kind === "room") return;
    const names = {
      from: this.registry.nameOf(head.by),
      destination: this.#destination(room, head.by),
    };
    const line = { record, names, isConfidential: isConfidential(room) };
    // Lines for a terminal are rendered immediately and in order, because a date line precedes the
    // first line of each day.
    if (this.#style.format === "text") this.#write(this.#renderLine(line));
    else this.#write(line, (bodyBytes?.length ?? 0) + LINE_FRAME_CHARS);
  }

  #renderLine({ record, names, isConfidential }: PendingLine): string {
    const style = this.#style;
    const plain =
      isConfidential || style.format !== "json" ? undefined : this.#renderPlain(record, names);
    if (plain !== undefined) return plain;
    const displayed = this.#truncate(displayRecord(record, names));
    const day = style.format === "text" ? this.#days.before(record.head.time) : "";
    if (!isConfidential) return day + renderRecord(displayed, style);
    if (style.format === "json") return renderJson(withoutContent(recordJson(displayed)));
    const description = displayed.kind === "file" ? "(a private file)" : "(a private message)";
    return day + renderRecord({ ...displayed, kind: "action", text: description }, style);
  }

  /**
   * Truncates a long text, and replaces texts that arrive too fast with their length. JSON is never
   * truncated.
   */
  #truncate(displayed: DisplayRecord): DisplayRecord {
    const isText = "text" in displayed && typeof displayed.text === "string";
    if (this.#style.format === "json" || !isText) return displayed;
    const { length } = displayed.text;
    const printed = Math.min(length, PRINTED_CHARS_MAX);
    const isTooFast = this.#pace.take(this.context.clock.now(), printed) > 0;
    if (isTooFast) return { ...displayed, text: `(${length} characters)` };
    return length === printed
      ? displayed
      : { ...displayed, text: `${displayed.text.slice(0, printed)}…` };
  }

  /**
   * Most bodies are stored in the form in which they are printed and need no parsing. `undefined`
   * if the body must be parsed.
   */
  #renderPlain(
    { head, bodyBytes }: LogRecord,
    { from, destination }: RecordNames,
  ): string | undefined {
    if (head.kind !== "text" || bodyBytes === undefined || from === undefined) return undefined;
    const body = utf8Decode(bodyBytes);
    if (!PLAIN_TEXT.test(body) || !("room" in destination)) return undefined;
    const { room, title } = destination;
    if (title !== undefined) return undefined;
    const { seq, time } = head;
    if (time !== this.#lastTime) {
      this.#lastTime = time;
      this.#lastTimeText = formatUtc(time);
    }
    const line = `"room":"${room}","from":"${from}",${body.slice(1)}`;
    return `{"kind":"text","seq":${seq},"time":"${this.#lastTimeText}",${line}\n`;
  }

  #destination(room: Room, by: string): Destination {
    const name = room.box === undefined ? room.name : boxName(room.box, this.registry);
    if (name !== undefined) {
      const { title } = room.box?.of ?? room;
      return destinationOfTarget({ kind: "room", id: room.id, name, title, topic: "" });
    }
    const [first, second] = room.pair ?? [];
    const to = first === by ? second : first;
    return { to: (to === undefined ? undefined : this.registry.nameOf(to)) ?? "?" };
  }

  line(
    kind: string,
    fields: Readonly<Record<string, string | number | boolean>>,
    message?: string,
  ): void {
    const { json, stdout, clock, offsetMinutes } = this.context;
    const now = clock.unixMs();
    if (json) return this.#write(renderJson({ kind, time: formatUtc(now), ...fields }));
    const text = cleanText(message ?? Object.values(fields).join(" "));
    if (!stdout.isTerminal) return this.#write(tsvLine([formatUtc(now), "*", kind, text]));
    const line = `${formatLocalClock(now, offsetMinutes)} * ${kind} ${text}`;
    this.#write(`${this.#days.before(now)}${wrapMarked(line, stdout.columns(), "  | ")}\n`);
  }

  /**
   * While the reader is blocked, lines are dropped and counted, so that they cannot fill the
   * memory.
   */
  #write(line: string | PendingLine, chars = typeof line === "string" ? line.length : 0): void {
    const { stdout, clock } = this.context;
    if (stdout.queuedBytes() + this.#pendingChars > OUTPUT_QUEUE_BYTES_MAX) {
      this.#skipped++;
      return;
    }
    if (this.#isBatching) {
      this.#pending.push(line);
      this.#pendingChars += chars;
      return;
    }
    if (this.#skipped > 0) {
      const count = this.#skipped;
      this.#skipped = 0;
      this.line("skipped", { lines: String(count) });
    }
    stdout.write(typeof line === "string" ? line : this.#renderLine(line));
    this.#isBatching = true;
    clock.after(BATCH_MS, () => this.flush());
  }

  flush(): void {
    const batch = this.#pending;
    this.#pending = [];
    this.#pendingChars = 0;
    this.#isBatching = false;
    if (batch.length === 0) return;
    let text = "";
    for (const line of batch) text += typeof line === "string" ? line : this.#renderLine(line);
    this.#write(text);
  }
}

function withoutContent(record: JsonOutput): JsonOutput {
  const { text: _text, react: _react, mentions: _mentions, ...metadata } = record;
  const { name: _name, digest: _digest, folder: _folder, ...fields } = metadata;
  return fields as JsonOutput;
}

type Log = Pick<ConsolaInstance, "debug" | "info" | "warn" | "error">;

const LEVEL_INFO = 3;
const LEVEL_DEBUG = 4;

/**
 * All levels go to standard error. The caller sanitises texts from other users with `cleanText`.
 * @internal
 */
export function createLog(context: Pick<Context, "stderr" | "debug" | "color">): Log {
  const { stderr, debug, color } = context;
  const write = (text: string) => {
    stderr.write(wrapWords(stderr, text));
    return true;
  };
  // consola expects a Node stream but uses only these three members.
  const stream = { write, isTTY: stderr.isTerminal, columns: stderr.columns() };
  return createConsola({
    level: debug ? LEVEL_DEBUG : LEVEL_INFO,
    // A throttle of 0 keeps repeated messages. Both streams are set because consola would otherwise
    // send info messages to standard output.
    throttle: 0,
    stdout: stream as unknown as NodeJS.WriteStream,
    stderr: stream as unknown as NodeJS.WriteStream,
    fancy: color && stderr.isTerminal,
    formatOptions: { date: false, colors: color && stderr.isTerminal, compact: true },
  } as Parameters<typeof createConsola>[0]);
}
