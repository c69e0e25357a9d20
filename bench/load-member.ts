/**
 * An account under load: it stays logged in over any number of links, sends what was not
 * acknowledged again, and counts what is lost and what comes twice. It checks no proof and keeps
 * nothing on disk, so that thousands fit into one process.
 */
import { utf8Encode } from "../src/base/bytes.ts";
import { Fault, type FaultCode } from "../src/base/fault.ts";
import { Backoff } from "../src/core/backoff.ts";
import { Identity } from "../src/crypto/identity.ts";
import { carriesRecords, RawClient } from "./raw-client.ts";

const TEXT = utf8Encode('"text":"@');
const SEQ = utf8Encode('{"v":1,"seq":');
/** `@STREAM NUMBER MICROSECONDS`: the fields of a text, in digits. */
const STREAM_DIGITS = 7;
const NUMBER_DIGITS = 8;
const TIME_DIGITS = 16;
const TEXT_BYTES = 100;
const RETRY_MS_MAX = 5_000;
const LOST: ReadonlySet<FaultCode> = new Set(["link-closed", "shutting-down"]);

export interface Heard {
  /** Texts of a stream that were skipped. */
  lost: number;
  doubled: number;
}

interface Pending {
  readonly to: string;
  readonly text: string;
  readonly done: () => void;
}

export class LoadMember {
  readonly name: string;
  readonly #port: number;
  readonly #device = Identity.generate();
  readonly #outbox = crypto.getRandomValues(new Uint8Array(8)).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });
  /** By counter, in order: not yet acknowledged. */
  readonly #pending = new Map<number, Pending>();
  /** The last number heard of each stream. */
  readonly #streams = new Map<number, number>();
  #counter = 0;
  #lastSeq = 0;
  #link: RawClient | undefined;
  #isClosed = false;
  readonly heard: Heard = { lost: 0, doubled: 0 };
  /** Refused posts: there should be none. */
  readonly refusals: string[] = [];
  /** From each loss to the answer to the next log-in. */
  readonly awayMs: number[] = [];
  /** Told of each text's way here. */
  onLatency: (ms: number) => void = () => {};

  private constructor(port: number, name: string) {
    this.#port = port;
    this.name = name;
  }

  /** Registers, and leaves the lobby: thousands in one room are another measurement. */
  static async enter(port: number, name: string): Promise<LoadMember> {
    const member = new LoadMember(port, name);
    const link = await RawClient.register(port, name, member.#hear, member.#device);
    await link.ask("leave", { room: "lobby" });
    member.#keep(link);
    return member;
  }

  get isIn(): boolean {
    return this.#link !== undefined;
  }

  async join(room: string): Promise<void> {
    await this.#link?.ask("join", { room, create: true });
  }

  /** Resolves when it is acknowledged, over however many links. */
  say(to: string, stream: number, number: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const counter = ++this.#counter;
    const post = { to, text: textOf(stream, number), done: resolve };
    this.#pending.set(counter, post);
    if (this.#link !== undefined) this.#post(this.#link, counter, post);
    return promise;
  }

  /** The last number heard of a stream without a gap, 0 if none was. */
  lastOf(stream: number): number {
    return this.#streams.get(stream) ?? 0;
  }

  /** The link ends; the member comes back, as after every loss. */
  drop(): void {
    this.#link?.close();
  }

  /** Without a connection until it wakes. */
  rest(): void {
    this.#isClosed = true;
    this.#link?.close();
  }

  /** Resolves when it is logged in. */
  async wake(): Promise<void> {
    if (!this.#isClosed) return;
    this.#isClosed = false;
    if (this.#link === undefined) await this.#again();
  }

  #keep(link: RawClient): void {
    this.#link = link;
    void link.ended.then(() => {
      this.#link = undefined;
      if (!this.#isClosed) void this.#again(); // Woken meanwhile, too.
    });
    for (const [counter, post] of this.#pending) this.#post(link, counter, post);
  }

  async #again(): Promise<void> {
    const backoff = new Backoff();
    const lostAt = performance.now();
    while (!this.#isClosed) {
      await Bun.sleep(backoff.next(Math.random(), RETRY_MS_MAX));
      try {
        const { name } = this;
        const after = this.#lastSeq;
        const link = await RawClient.login(this.#port, name, this.#device, after, this.#hear);
        this.awayMs.push(performance.now() - lostAt);
        this.#keep(link);
        return;
      } catch {
        // Not there yet, or too busy: again, later.
      }
    }
  }

  #post(link: RawClient, counter: number, { to, text, done }: Pending): void {
    const settled = () => {
      this.#pending.delete(counter);
      done();
    };
    const sent = link.ask("post", { outbox: this.#outbox, counter, to, body: { text } });
    sent.then(settled, (fault) => {
      // The next link sends it again.
      if (fault instanceof Fault && LOST.has(fault.code)) return;
      this.refusals.push(String(fault));
      settled();
    });
  }

  readonly #hear = (bytes: Uint8Array): boolean => {
    if (!carriesRecords(bytes)) return false;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const seqAt = buffer.lastIndexOf(SEQ) + SEQ.length;
    this.#lastSeq = Math.max(this.#lastSeq, digits(bytes, seqAt, 16));
    const now = unixMicros();
    for (let at = buffer.indexOf(TEXT); at >= 0; at = buffer.indexOf(TEXT, at + TEXT.length)) {
      this.#heardText(bytes, at + TEXT.length, now);
    }
    return true;
  };

  #heardText(bytes: Uint8Array, at: number, now: number): void {
    const stream = digits(bytes, at, STREAM_DIGITS);
    const number = digits(bytes, at + STREAM_DIGITS + 1, NUMBER_DIGITS);
    const sent = digits(bytes, at + STREAM_DIGITS + NUMBER_DIGITS + 2, TIME_DIGITS);
    const last = this.lastOf(stream);
    if (number <= last) this.heard.doubled++;
    else this.heard.lost += number - last - 1;
    this.#streams.set(stream, Math.max(last, number));
    this.onLatency((now - sent) / 1000);
  }
}

/** What a member says; others may say it, too. */
export function textOf(stream: number, number: number): string {
  const fields = [
    String(stream).padStart(STREAM_DIGITS, "0"),
    String(number).padStart(NUMBER_DIGITS, "0"),
    String(Math.round(unixMicros())).padStart(TIME_DIGITS, "0"),
  ];
  return `@${fields.join(" ")}`.padEnd(TEXT_BYTES, " x");
}

/** The same clock in all processes of this machine. */
function unixMicros(): number {
  return (performance.timeOrigin + performance.now()) * 1000;
}

/** The decimal number that begins here: at most so many digits. */
function digits(bytes: Uint8Array, from: number, countMax: number): number {
  let number = 0;
  for (let at = from; at < from + countMax; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    number = number * 10 + digit;
  }
  return number;
}
