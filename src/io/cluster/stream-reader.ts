/** Reads the stream in order and detects that it was rewound. */

import { equalBytes, toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import {
  CLUSTER_ANSWER_TIMEOUT_MS,
  CLUSTER_MESSAGES_AHEAD,
  CLUSTER_RECEIVE_QUEUE_BYTES_MAX,
  CLUSTER_STALLED_MS,
} from "../../base/limits-cluster.ts";
import { type Clock, delay, within } from "../clock.ts";
import type { Stream, StreamMessage } from "./stream.ts";

/** Position up to which the stream was read, and the mark of the message there; 0 if none. */
export interface ReadUpTo {
  readonly seq: number;
  /** `undefined` if unknown; then it is not compared. */
  readonly mark?: string;
}

export interface ReaderParts {
  readonly stream: Pick<Stream, "get" | "last" | "watch">;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly after: ReadUpTo;
  /** Earlier positions, oldest first: they distinguish the stream from another one. */
  readonly earlier?: readonly ReadUpTo[];
  /** Receives each message once, in order. The reader waits for the promise before the next. */
  readonly onMessage: (message: StreamMessage) => Promise<void> | undefined;
  /** The stream no longer contains what was read of it. The reader stops. */
  readonly onRewound: () => void;
  /** The stream continues after this message and has lost it. The reader stops. */
  readonly onGone: (seq: number) => void;
  /** The stream ends there, although more of it was acknowledged. */
  readonly onShort: (last: number) => void;
  /** The stream has not answered for a while. */
  readonly onSilent: () => void;
}

/** Interval of polling the stream when there are no notifications. */
const LOOK_EVERY_MS = 250;
/** A replica that is behind is asked again, at first sooner: most are behind by a millisecond. */
const MISSING_EVERY_MS = 5;
/**
 * An announced message that is missing after these tries was published earlier, or is not stored.
 */
const EXPECTED_TRIES = 20;
/** If stored messages are pushed, fetching one that is about to arrive is wasted work. */
const TOLD_WITHIN_MS = 20;
/** A message that is missing this often, CLUSTER_STALLED_MS apart, is lost. */
const GONE_AFTER = 4;
/**
 * After this long without contact the reader first checks the end of the stream: no machine loses
 * power, comes back and elects a leader within that time.
 */
const TRUSTED_MS = 100;
/** Twice, since a new leader may not know its end yet. */
const SHORT_LOOKS = 2;
const MARK_LETTERS = 22;
/** Earlier messages to remember: a single deleted one does not invalidate all of them. */
const KNOWN_MAX = 4;

/** A message that was read, or its mark. */
type Known = StreamMessage | { readonly seq: number; readonly mark: string };

function knownOf({ seq, mark }: ReadUpTo): Known[] {
  return seq === 0 || mark === undefined ? [] : [{ seq, mark }];
}

/**
 * Identifies a message of a stream: another message at its position, or at another time, has
 * another mark.
 */
export function markOf({ unixMs, bytes }: StreamMessage, sha256: Sha256): string {
  const hash = toBase64Url(sha256(bytes));
  return toBase64Url(sha256(utf8Encode(`${unixMs} ${hash}`))).slice(0, MARK_LETTERS);
}

/**
 * Reads a stream message by message. A consumer of JetStream would be simpler, but it hangs for up
 * to a minute after the server that led it has died.
 */
export class StreamReader {
  readonly #parts: ReaderParts;
  #next: number;
  /** The message before the next one. */
  #before: Known | undefined;
  /** The messages before that, oldest first; bounded by KNOWN_MAX. */
  #earlier: readonly Known[];
  /** When `#before` was last known to be in the stream. */
  #trustedAt = Number.NEGATIVE_INFINITY;
  #known = 0;
  /** Highest announced seq: a publisher is heard before the servers have agreed. */
  #expected = 0;
  /**
   * Pushed messages and their arrival; bounded by CLUSTER_MESSAGES_AHEAD and
   * CLUSTER_RECEIVE_QUEUE_BYTES_MAX.
   */
  readonly #told = new Map<number, { readonly message: StreamMessage; readonly at: number }>();
  #toldBytes = 0;
  /** Whether the last message was pushed. */
  #isTold = false;
  /** When this process was last known to run. */
  #ranAt: number;
  /** The process was suspended until a moment ago: notifications may be stale until this time. */
  #deafUntil = Number.NEGATIVE_INFINITY;
  /** The check in progress for the message read last. */
  #checking: Promise<boolean> | undefined;
  #askedAt: number;
  #isEnded = false;
  #isWoken = false;
  #wake = () => {};
  readonly #unwatch: () => void;
  /** How often the next message was missing although it had to exist. */
  #missed = 0;
  /** How often the last message was missing although the stream continues after it. */
  #passed = 0;
  #passedAt = Number.NEGATIVE_INFINITY;
  /** Consecutive looks in which the stream was shorter than what was read of it. */
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

  /** The stream holds `seq` messages. */
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
    if (this.#toldBytes + bytes.length > CLUSTER_RECEIVE_QUEUE_BYTES_MAX) return;
    this.#told.set(seq, { message, at: now });
    this.#toldBytes += bytes.length;
  }

  #forget(seq: number): void {
    this.#toldBytes -= this.#told.get(seq)?.message.bytes.length ?? 0;
    this.#told.delete(seq);
  }

  /** Pushed messages are ignored if the stream may have lost them since. */
  #toldOf(seq: number): StreamMessage | undefined {
    const told = this.#told.get(seq);
    if (told === undefined) return undefined;
    return this.#parts.clock.now() - told.at < TRUSTED_MS ? told.message : undefined;
  }

  /** Waits while the next message is being stored: it is pushed immediately afterwards. */
  async #untilTold(): Promise<void> {
    const { clock } = this.#parts;
    const isNext = Math.max(this.#known, this.#expected) === this.#next;
    if (!(this.#isTold && isNext)) return;
    if (!this.#told.has(this.#next)) void this.#isSame(); // Both take the same time.
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
      // If stored messages are pushed, the rest is polled only now and then.
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
      // It exists, or will soon, and the server asked has not received it yet.
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

  /** Detects messages that others published and the stream has lost; nothing else reports that. */
  async #lookForEnd(): Promise<void> {
    const { clock } = this.#parts;
    if (this.#isEnded || clock.now() - this.#askedAt < CLUSTER_ANSWER_TIMEOUT_MS) return;
    this.#askedAt = clock.now();
    try {
      this.#known = Math.max(this.#known, await this.#last());
    } catch (error) {
      this.#silent(error);
    }
  }

  /** Reports whether the last message is still at its position; false also if unknown. */
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

  /** The replica asked does not have it: it lags, or the stream is shorter than it was. */
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
    // The mark is still known: a replica that lags this long would catch up in the end.
    return this.#passed >= GONE_AFTER && (await this.#isSameEarlier(seq));
  }

  /**
   * A deleted message proves nothing: the stream may have been lost as a whole and have grown
   * again. The messages before it decide.
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

  /**
   * @returns the number of messages received; undefined if it is unknown whether they follow what
   * was read
   */
  async #read(): Promise<number | undefined> {
    const { stream, clock, onMessage } = this.#parts;
    const ahead = Math.min(CLUSTER_MESSAGES_AHEAD, Math.max(1, this.#known - this.#next + 1));
    const same = this.#isSame();
    const asked = Array.from({ length: ahead }, (_, i) => {
      const told = this.#toldOf(this.#next + i);
      if (told !== undefined) return Promise.resolve(told);
      return stream.get(this.#next + i).catch((error: unknown) => {
        this.#silent(error);
        return undefined; // It is requested again.
      });
    });
    const late = Promise.withResolvers<undefined>();
    const cancel = clock.after(CLUSTER_ANSWER_TIMEOUT_MS, () => late.resolve(undefined));
    const answers = asked.map((answer) => Promise.race([answer, late.promise]));
    if (!(await same)) {
      cancel();
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
    cancel();
    return count;
  }

  /** Checks whether the stream has lost the message. */
  async #lookForMissing(): Promise<void> {
    const { stream, onGone } = this.#parts;
    try {
      // The message was announced; that is no longer true of a stream that is shorter by now.
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
  #answer<Value>(asked: Promise<Value>): Promise<Value> {
    return within(asked, CLUSTER_ANSWER_TIMEOUT_MS, silent, this.#parts.clock);
  }

  /** A single machine that does not answer has not lost anything: another one is asked. */
  #silent(error: unknown): void {
    if (!(error instanceof Fault)) throw error;
    const { clock, onSilent } = this.#parts;
    if (clock.now() - this.#trustedAt >= CLUSTER_ANSWER_TIMEOUT_MS) onSilent();
  }

  #finish(tell: () => void): void {
    if (this.#isEnded) return;
    this.end();
    tell();
  }

  /**
   * @param isWakeable whether notifications end the wait
   * @returns whether one did
   */
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

function silent(): never {
  throw new Fault("no-majority", "a NATS server does not answer");
}
