/** Reads the stream in order and detects that it was rewound. */

import { equalBytes, toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import {
  CLUSTER_ANSWER_MS,
  CLUSTER_ARRIVED_BYTES_MAX,
  CLUSTER_MESSAGES_AHEAD,
  CLUSTER_STALLED_MS,
} from "../../base/limits-cluster.ts";
import { type Clock, delay } from "../clock.ts";
import type { Stream, StreamMessage } from "./stream.ts";

/** Up to where the stream was read, and which message stood there; 0: none. */
export interface ReadUpTo {
  readonly seq: number;
  /** Undefined: not known, and not compared. */
  readonly mark?: string;
}

export interface ReaderParts {
  readonly stream: Pick<Stream, "get" | "last" | "watch">;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly after: ReadUpTo;
  /** Of what was read before that, oldest first: what tells the stream from another one. */
  readonly earlier?: readonly ReadUpTo[];
  /** In order, once. What it returns is waited for before the next. */
  readonly onMessage: (message: StreamMessage) => Promise<void> | undefined;
  /** The stream does not end where it ended: what was read of it is not in it any more. Ends. */
  readonly onRewound: () => void;
  /** The stream goes on behind this message, and has lost it. Ends. */
  readonly onGone: (seq: number) => void;
  /** It ends there, although more of it was acknowledged. */
  readonly onShort: (last: number) => void;
  /** It has not answered for a while. */
  readonly onSilent: () => void;
}

/** Without news the stream is looked at this often. */
const LOOK_EVERY_MS = 250;
/** A copy that is behind is asked again, at first sooner: most are behind by a millisecond. */
const MISSING_EVERY_MS = 5;
/** What was heard of and is not there by then was published before, or is not stored. */
const EXPECTED_TRIES = 20;
/** Where stored messages are told, asking for one that comes by itself is work for nothing. */
const TOLD_WITHIN_MS = 20;
/** A message that is missed so often, CLUSTER_STALLED_MS apart, is gone. */
const GONE_AFTER = 4;
/**
 * Whoever has not heard of the stream for so long looks first whether its end is where it was: no
 * machine loses its power, comes back and chooses a leader within that time.
 */
const TRUSTED_MS = 100;
/** Twice, since the server that has just begun to lead may not know its end yet. */
const SHORT_LOOKS = 2;
const MARK_LETTERS = 22;
/** So many that were read stay known: one that is deleted does not take them all. */
const KNOWN_MAX = 4;

/** What was read: the message, or what names it. */
type Known = StreamMessage | { readonly seq: number; readonly mark: string };

function knownOf({ seq, mark }: ReadUpTo): Known[] {
  return seq === 0 || mark === undefined ? [] : [{ seq, mark }];
}

/** Names a message of a stream: another one at its place, or at another time, has another mark. */
export function markOf({ unixMs, bytes }: StreamMessage, sha256: Sha256): string {
  const hash = toBase64Url(sha256(bytes));
  return toBase64Url(sha256(utf8Encode(`${unixMs} ${hash}`))).slice(0, MARK_LETTERS);
}

/**
 * Reads a stream message by message. A consumer of JetStream would be less work, but those hang
 * for up to a minute after the server that led them has died.
 */
export class StreamReader {
  readonly #parts: ReaderParts;
  #next: number;
  /** What stands before the next. */
  #before: Known | undefined;
  /** What stands before that, oldest first; bounded by KNOWN_MAX. */
  #earlier: readonly Known[];
  /** When that was last known to be there. */
  #trustedAt = Number.NEGATIVE_INFINITY;
  #known = 0;
  /** Seq of what was heard of: who publishes is heard before the servers have agreed. */
  #expected = 0;
  /** What was told, and when; bounded by CLUSTER_MESSAGES_AHEAD and CLUSTER_ARRIVED_BYTES_MAX. */
  readonly #told = new Map<number, { readonly message: StreamMessage; readonly at: number }>();
  #toldBytes = 0;
  /** The last one was. */
  #isTold = false;
  /** When this process was last known to run. */
  #ranAt: number;
  /** It stood still until a moment ago: what it is told may be of before. */
  #deafUntil = Number.NEGATIVE_INFINITY;
  /** Under way: what was read last is looked for. */
  #checking: Promise<boolean> | undefined;
  #askedAt: number;
  #isEnded = false;
  #isWoken = false;
  #wake = () => {};
  readonly #unwatch: () => void;
  /** How often the message that comes next was not there, though it had to be. */
  #missed = 0;
  /** How often what was read last was not there, though the stream goes on behind it. */
  #passed = 0;
  #passedAt = Number.NEGATIVE_INFINITY;
  /** Looks in a row in which the stream was shorter than what was read of it. */
  #short = 0;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
    this.#next = parts.after.seq + 1;
    this.#before = knownOf(parts.after)[0];
    this.#earlier = (parts.earlier ?? []).flatMap(knownOf).slice(-KNOWN_MAX);
    this.#askedAt = parts.clock.now();
    this.#ranAt = this.#askedAt;
    this.#unwatch = parts.stream.watch((stored) => {
      if (stored === undefined) this.#expected = this.#next;
      else this.#tell(stored);
      this.#news();
    });
    void this.#run();
  }

  /** The stream holds so many. */
  stored(seq: number): void {
    this.#known = Math.max(this.#known, seq);
    this.#news();
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#unwatch();
    this.#news();
  }

  #news(): void {
    this.#isWoken = true;
    this.#wake();
  }

  #tell(message: StreamMessage): void {
    const { seq, bytes } = message;
    const now = this.#parts.clock.now();
    this.#known = Math.max(this.#known, seq);
    if (now < this.#deafUntil || now - this.#ranAt > LOOK_EVERY_MS + TRUSTED_MS) return;
    this.#isTold = true;
    if (seq < this.#next || seq >= this.#next + CLUSTER_MESSAGES_AHEAD) return;
    this.#forget(seq);
    if (this.#toldBytes + bytes.length > CLUSTER_ARRIVED_BYTES_MAX) return;
    this.#told.set(seq, { message, at: now });
    this.#toldBytes += bytes.length;
  }

  #forget(seq: number): void {
    this.#toldBytes -= this.#told.get(seq)?.message.bytes.length ?? 0;
    this.#told.delete(seq);
  }

  /** Of a stream that may have lost it since, nothing that was told counts. */
  #toldOf(seq: number): StreamMessage | undefined {
    const told = this.#told.get(seq);
    if (told === undefined) return undefined;
    return this.#parts.clock.now() - told.at < TRUSTED_MS ? told.message : undefined;
  }

  /** The next one is being stored: it is told as soon as it is. */
  async #untilTold(): Promise<void> {
    const { clock } = this.#parts;
    const isNext = Math.max(this.#known, this.#expected) === this.#next;
    if (!(this.#isTold && isNext)) return;
    if (!this.#told.has(this.#next)) void this.#isSame(); // Both take as long.
    const until = clock.now() + TOLD_WITHIN_MS;
    while (!this.#told.has(this.#next) && clock.now() < until && !this.#isEnded) {
      this.#isWoken = false;
      await this.#idle(until - clock.now(), true);
    }
    this.#isTold = this.#told.has(this.#next);
  }

  async #run(): Promise<void> {
    let missing = 0;
    let isDue = true;
    while (!this.#isEnded) {
      await this.#untilTold();
      if (this.#isEnded) return;
      // Where what is stored is told, the rest is looked for now and then.
      const isAwaited = Math.max(this.#known, this.#expected) >= this.#next || !this.#isTold;
      const count = isAwaited || isDue ? await this.#read() : 0;
      isDue = false;
      if (count === undefined) {
        missing = 0;
        if (!this.#isEnded) await this.#idle(LOOK_EVERY_MS, false);
        continue;
      }
      if (count > 0) {
        missing = 0;
        continue;
      }
      if (Math.max(this.#known, this.#expected) < this.#next) {
        missing = 0;
        isDue = !(await this.#idle(LOOK_EVERY_MS, true));
        await this.#lookForEnd();
        continue;
      }
      // It is there, or soon, and the server that was asked has not heard of it yet.
      missing++;
      if (this.#known < this.#next) {
        if (missing >= EXPECTED_TRIES) this.#expected = 0;
      } else if (missing * MISSING_EVERY_MS >= CLUSTER_STALLED_MS) {
        await this.#lookForMissing();
        missing = 0;
      }
      await this.#idle(Math.min(missing, MISSING_EVERY_MS), false);
    }
  }

  /** Of what others published, and the stream has lost, nothing else would tell. */
  async #lookForEnd(): Promise<void> {
    const { clock } = this.#parts;
    if (this.#isEnded || clock.now() - this.#askedAt < CLUSTER_ANSWER_MS) return;
    this.#askedAt = clock.now();
    try {
      this.#known = Math.max(this.#known, await this.#last());
    } catch (error) {
      this.#silent(error);
    }
  }

  /** Whether what was read last still stands where it stood; false: not known, or it does not. */
  #isSame(): Promise<boolean> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async #check(): Promise<boolean> {
    const { stream, clock } = this.#parts;
    const seq = this.#next - 1;
    if (seq === 0 || this.#before === undefined) return true;
    if (clock.now() - this.#trustedAt < TRUSTED_MS) return true;
    try {
      const found = await this.#answer(stream.get(seq));
      if (this.#isEnded) return false;
      if (found === undefined) return await this.#isPassed(seq);
      if (!this.#isKnown(found, this.#before)) {
        this.#finish(this.#parts.onRewound);
        return false;
      }
    } catch (error) {
      this.#silent(error);
      return false;
    }
    this.#short = 0;
    this.#passed = 0;
    this.#trustedAt = clock.now();
    return true;
  }

  #isKnown(found: StreamMessage, known: Known): boolean {
    if ("mark" in known) return markOf(found, this.#parts.sha256) === known.mark;
    return known.unixMs === found.unixMs && equalBytes(known.bytes, found.bytes);
  }

  /** The copy that was asked does not have it: it lags, or the stream is shorter than it was. */
  async #isPassed(seq: number): Promise<boolean> {
    const last = await this.#last();
    if (this.#isEnded) return false;
    this.#short = last < seq ? this.#short + 1 : 0;
    if (this.#short >= SHORT_LOOKS) this.#finish(this.#parts.onRewound);
    if (last <= seq) {
      this.#passed = 0;
      return false;
    }
    const now = this.#parts.clock.now();
    if (this.#passed < GONE_AFTER) {
      if (now - this.#passedAt < CLUSTER_STALLED_MS) return false;
      this.#passedAt = now;
      this.#passed++;
    }
    // It is still known what stood there: a copy that lags this long would bring it in the end.
    return this.#passed >= GONE_AFTER && (await this.#isSameEarlier(seq));
  }

  /**
   * One that was deleted says nothing of the stream: it may have been lost as a whole, and have
   * grown again. What stands before it tells.
   */
  async #isSameEarlier(seq: number): Promise<boolean> {
    const { stream, onGone, onRewound } = this.#parts;
    for (const known of this.#earlier.toReversed()) {
      const found = await this.#answer(stream.get(known.seq));
      if (this.#isEnded) return false;
      if (found === undefined) continue;
      if (this.#isKnown(found, known)) return true;
      this.#finish(onRewound);
      return false;
    }
    this.#finish(() => onGone(seq));
    return false;
  }

  /** @returns how many came; undefined: whether they follow what was read is not known */
  async #read(): Promise<number | undefined> {
    const { stream, clock, onMessage } = this.#parts;
    const ahead = Math.min(CLUSTER_MESSAGES_AHEAD, Math.max(1, this.#known - this.#next + 1));
    const same = this.#isSame();
    const asked = Array.from({ length: ahead }, (_, i) => {
      const told = this.#toldOf(this.#next + i);
      if (told !== undefined) return Promise.resolve(told);
      return stream.get(this.#next + i).catch((error: unknown) => {
        this.#silent(error);
        return undefined; // It is asked for again.
      });
    });
    const late = new Deadline(clock);
    const answers = asked.map((answer) => Promise.race([answer, late.passed]));
    if (!(await same)) {
      late.cancel();
      return undefined;
    }
    let count = 0;
    for (const answer of answers) {
      const message = await answer;
      if (message === undefined || message.seq !== this.#next || this.#isEnded) continue;
      this.#forget(this.#next);
      this.#next++;
      if (this.#before !== undefined) {
        this.#earlier = [...this.#earlier, this.#before].slice(-KNOWN_MAX);
      }
      this.#before = message;
      this.#trustedAt = clock.now();
      this.#missed = 0;
      this.#passed = 0;
      count++;
      await onMessage(message);
    }
    late.cancel();
    return count;
  }

  /** Whether the stream does not hold it any more. */
  async #lookForMissing(): Promise<void> {
    const { stream, onGone } = this.#parts;
    try {
      // It was said to be there: of a stream that is shorter by now that is not true any more.
      this.#known = await this.#last();
      if (this.#known < this.#next) return this.#parts.onShort(this.#known);
      if ((await this.#answer(stream.get(this.#next))) !== undefined) return;
    } catch (error) {
      return this.#silent(error); // Without a majority nothing is known of it.
    }
    this.#missed++;
    if (this.#missed < GONE_AFTER || this.#isEnded) return;
    this.#finish(() => onGone(this.#next));
  }

  async #last(): Promise<number> {
    return await this.#answer(this.#parts.stream.last());
  }

  /** @throws Fault */
  async #answer<Value>(asked: Promise<Value>): Promise<Value> {
    const late = new Deadline(this.#parts.clock);
    const answer = await Promise.race([asked, late.passed.then(() => late)]);
    late.cancel();
    if (answer === late) throw new Fault("no-majority", "a NATS server does not answer");
    return answer as Value;
  }

  /** One machine that does not answer is none that has lost anything: another one is asked. */
  #silent(error: unknown): void {
    if (!(error instanceof Fault)) throw error;
    const { clock, onSilent } = this.#parts;
    if (clock.now() - this.#trustedAt >= CLUSTER_ANSWER_MS) onSilent();
  }

  #finish(tell: () => void): void {
    if (this.#isEnded) return;
    this.end();
    tell();
  }

  /** @param isWakeable whether news end it @returns whether they did */
  async #idle(ms: number, isWakeable: boolean): Promise<boolean> {
    const { clock } = this.#parts;
    this.#ranAt = clock.now();
    const until = this.#ranAt + ms + TRUSTED_MS;
    const isWoken = await this.#pause(ms, isWakeable);
    this.#ranAt = clock.now();
    if (this.#ranAt > until) this.#deafUntil = this.#ranAt + LOOK_EVERY_MS;
    return isWoken;
  }

  async #pause(ms: number, isWakeable: boolean): Promise<boolean> {
    if (isWakeable && this.#isWoken) {
      this.#isWoken = false;
      return true;
    }
    if (this.#isEnded) return true;
    if (!isWakeable) {
      await delay(this.#parts.clock, ms);
      return false;
    }
    await new Promise<void>((resolve) => {
      const cancel = this.#parts.clock.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
    const wasWoken = this.#isWoken;
    this.#isWoken = false;
    this.#wake = () => {};
    return wasWoken;
  }
}

/** An answer that does not come is given up: the server that was asked may hang. */
class Deadline {
  readonly passed: Promise<undefined>;
  readonly cancel: () => void;

  constructor(clock: Pick<Clock, "after">) {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.passed = promise;
    this.cancel = clock.after(CLUSTER_ANSWER_MS, () => resolve(undefined));
  }
}
