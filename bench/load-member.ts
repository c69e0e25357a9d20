/** Account under load, which reconnects, resends, and counts lost and duplicate texts. */
import { utf8Encode } from "../src/base/bytes.ts";
import { Fault, type FaultCode } from "../src/base/fault.ts";
import { ID_BYTES, outboxId } from "../src/base/ids.ts";
import { Backoff } from "../src/core/backoff.ts";
import { Identity } from "../src/crypto/identity.ts";
import { carriesRecords, RawClient } from "./raw-client.ts";

const TEXT = utf8Encode('"text":"@');
const SEQ = utf8Encode('{"v":1,"seq":');
/** Field widths of a text, `@STREAM NUMBER MICROSECONDS`. */
const STREAM_DIGITS = 7;
const NUMBER_DIGITS = 8;
const TIME_DIGITS = 16;
const TEXT_BYTES = 100;
const RETRY_MS_MAX = 5_000;
const CONNECTION_LOSS: ReadonlySet<FaultCode> = new Set(["link-closed", "shutting-down"]);

export interface ReceiveCounts {
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
  readonly #outbox = outboxId(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
  readonly #pending = new Map<number, Pending>();
  readonly #streams = new Map<number, number>();
  #counter = 0;
  #lastSeq = 0;
  #link: RawClient | undefined;
  readonly received: ReceiveCounts = { lost: 0, doubled: 0 };
  readonly refusals: string[] = [];
  readonly offlineMs: number[] = [];
  onLatency: (ms: number) => void = () => {};

  private constructor(port: number, name: string) {
    this.#port = port;
    this.name = name;
  }

  /** Leaves the lobby, because a room of all members is a separate measurement. */
  static async register(port: number, name: string): Promise<LoadMember> {
    const member = new LoadMember(port, name);
    const link = await RawClient.register(port, name, member.#onBytes, member.#device);
    await link.request("leave", { room: "lobby" });
    member.#setLink(link);
    return member;
  }

  async join(room: string): Promise<void> {
    await this.#link?.request("join", { room, create: true });
  }

  async leave(room: string): Promise<void> {
    await this.#link?.request("leave", { room });
  }

  send(to: string, stream: number, number: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const counter = ++this.#counter;
    const post = { to, text: textOf(stream, number), done: resolve };
    this.#pending.set(counter, post);
    if (this.#link !== undefined) this.#post(this.#link, counter, post);
    return promise;
  }

  lastReceived(stream: number): number {
    return this.#streams.get(stream) ?? 0;
  }

  #setLink(link: RawClient): void {
    this.#link = link;
    void link.closed.then(() => {
      this.#link = undefined;
      void this.#reconnect();
    });
    for (const [counter, post] of this.#pending) this.#post(link, counter, post);
  }

  async #reconnect(): Promise<void> {
    const backoff = new Backoff();
    const lostAt = performance.now();
    for (;;) {
      await Bun.sleep(backoff.next(Math.random(), RETRY_MS_MAX));
      try {
        const { name } = this;
        const after = this.#lastSeq;
        const link = await RawClient.login(this.#port, name, this.#device, after, this.#onBytes);
        this.offlineMs.push(performance.now() - lostAt);
        this.#setLink(link);
        return;
      } catch {
        // Retried after the delay.
      }
    }
  }

  #post(link: RawClient, counter: number, { to, text, done }: Pending): void {
    const settled = () => {
      this.#pending.delete(counter);
      done();
    };
    const sent = link.request("post", { outbox: this.#outbox, counter, to, body: { text } });
    sent.then(settled, (fault) => {
      // The next link resends the post.
      if (fault instanceof Fault && CONNECTION_LOSS.has(fault.code)) return;
      this.refusals.push(String(fault));
      settled();
    });
  }

  readonly #onBytes = (bytes: Uint8Array): boolean => {
    if (!carriesRecords(bytes)) return false;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const seqAt = buffer.lastIndexOf(SEQ) + SEQ.length;
    this.#lastSeq = Math.max(this.#lastSeq, parseDigits(bytes, seqAt, 16));
    const now = unixMicros();
    for (let at = buffer.indexOf(TEXT); at >= 0; at = buffer.indexOf(TEXT, at + TEXT.length)) {
      this.#countText(bytes, at + TEXT.length, now);
    }
    return true;
  };

  #countText(bytes: Uint8Array, at: number, now: number): void {
    const stream = parseDigits(bytes, at, STREAM_DIGITS);
    const number = parseDigits(bytes, at + STREAM_DIGITS + 1, NUMBER_DIGITS);
    const sent = parseDigits(bytes, at + STREAM_DIGITS + NUMBER_DIGITS + 2, TIME_DIGITS);
    const last = this.lastReceived(stream);
    if (number <= last) this.received.doubled++;
    else this.received.lost += number - last - 1;
    this.#streams.set(stream, Math.max(last, number));
    this.onLatency((now - sent) / 1000);
  }
}

function textOf(stream: number, number: number): string {
  const fields = [
    String(stream).padStart(STREAM_DIGITS, "0"),
    String(number).padStart(NUMBER_DIGITS, "0"),
    String(Math.round(unixMicros())).padStart(TIME_DIGITS, "0"),
  ];
  return `@${fields.join(" ")}`.padEnd(TEXT_BYTES, " x");
}

/** All processes on this machine share this clock. */
function unixMicros(): number {
  return (performance.timeOrigin + performance.now()) * 1000;
}

function parseDigits(bytes: Uint8Array, from: number, countMax: number): number {
  let number = 0;
  for (let at = from; at < from + countMax; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    number = number * 10 + digit;
  }
  return number;
}
