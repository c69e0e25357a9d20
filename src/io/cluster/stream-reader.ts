/** Reads the stream's messages in order and detects when the stream was rewound. */

import { equalBytes, toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import {
  CLUSTER_ANSWER_TIMEOUT_MS,
  CLUSTER_MESSAGES_AHEAD,
  CLUSTER_RECEIVE_QUEUE_BYTES_MAX,
  CLUSTER_STALLED_MS,
} from "../../base/limits-cluster.ts";
import { type Clock, delay, withTimeout } from "../clock.ts";
import type { Stream, StreamMessage } from "./stream.ts";

export interface ReadPosition {
  readonly seq: number;
  readonly mark?: string;
}

export interface StreamReaderOptions {
  readonly stream: Pick<Stream, "get" | "last" | "watch">;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly after: ReadPosition;
  readonly earlier?: readonly ReadPosition[];
  readonly onMessage: (message: StreamMessage) => Promise<void> | undefined;
  readonly onRewound: () => void;
  readonly onLost: (seq: number) => void;
  readonly onTruncated: (last: number) => void;
  readonly onNoAnswer: () => void;
}

const POLL_INTERVAL_MS = 250;
/**
 * Maximum interval between retries on a lagging replica. The first retries are faster, because most
 * replicas lag by only a millisecond.
 */
const MISSING_INTERVAL_MS = 5;
/**
 * Number of fetches after which the reader no longer expects an announced message, because the
 * announcement was late or the message was not stored.
 */
const EXPECTED_TRIES = 20;
const PUSH_TIMEOUT_MS = 20;
const LOST_CHECKS = 4;
/**
 * Time without contact after which the end of the stream is verified again. Shorter than any server
 * restart or leader election, so that neither goes unnoticed.
 */
const TRUSTED_MS = 100;
/**
 * Consecutive checks that must find the stream shorter before it counts as truncated. A new leader
 * may not know its end at first.
 */
const TRUNCATED_CHECKS = 2;
/** Later reads request more messages at once while all answers arrive in time. */
const FIRST_AHEAD = 16;
const MARK_CHARACTERS = 22;
/** Number of messages remembered to detect a rewind. Some of them may have been deleted. */
const EARLIER_MAX = 4;

type ReadMessage = StreamMessage | { readonly seq: number; readonly mark: string };

function readMessagesOf({ seq, mark }: ReadPosition): ReadMessage[] {
  return seq === 0 || mark === undefined ? [] : [{ seq, mark }];
}

export function markOf({ unixMs, bytes }: StreamMessage, sha256: Sha256): string {
  const hash = toBase64Url(sha256(bytes));
  return toBase64Url(sha256(utf8Encode(`${unixMs} ${hash}`))).slice(0, MARK_CHARACTERS);
}

export class StreamReader {
  #next: number;
  #previous: ReadMessage | undefined;
  #earlier: readonly ReadMessage[];
  #trustedAt = Number.NEGATIVE_INFINITY;
  #storedSeq = 0;
  #announcedSeq = 0;
  readonly #pushed = new Map<number, { readonly message: StreamMessage; readonly at: number }>();
  #pushedBytes = 0;
  #wasPushed = false;
  #ranAt: number;
  #staleUntil = Number.NEGATIVE_INFINITY;
  #checking: Promise<boolean> | undefined;
  #polledAt: number;
  #isEnded = false;
  #isWoken = false;
  #wake = () => {};
  readonly #unwatch: () => void;
  #nextMissingChecks = 0;
  #lastMissingChecks = 0;
  #lastMissingAt = Number.NEGATIVE_INFINITY;
  #truncatedChecks = 0;
  /**
   * Messages to request at once. Requests without an answer in time are repeated, so too many for
   * large messages or a slow network would delay each other without end.
   */
  #ahead = FIRST_AHEAD;

  constructor(private readonly options: StreamReaderOptions) {
    this.#next = options.after.seq + 1;
    this.#previous = readMessagesOf(options.after)[0];
    this.#earlier = (options.earlier ?? []).flatMap(readMessagesOf).slice(-EARLIER_MAX);
    this.#polledAt = options.clock.now();
    this.#ranAt = this.#polledAt;
    this.#unwatch = options.stream.watch((stored) => {
      if (stored === undefined) this.#announcedSeq = this.#next;
      else this.#receivePushed(stored);
      this.#notify();
    });
    void this.#run();
  }

  stored(seq: number): void {
    this.#storedSeq = Math.max(this.#storedSeq, seq);
    this.#notify();
  }

  close(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#unwatch();
    this.#notify();
  }

  #notify(): void {
    this.#isWoken = true;
    this.#wake();
  }

  #receivePushed(message: StreamMessage): void {
    const { seq, bytes } = message;
    const now = this.options.clock.now();
    this.#storedSeq = Math.max(this.#storedSeq, seq);
    if (now < this.#staleUntil || now - this.#ranAt > POLL_INTERVAL_MS + TRUSTED_MS) return;
    this.#wasPushed = true;
    if (seq < this.#next || seq >= this.#next + CLUSTER_MESSAGES_AHEAD) return;
    this.#dropPushed(seq);
    if (this.#pushedBytes + bytes.length > CLUSTER_RECEIVE_QUEUE_BYTES_MAX) return;
    this.#pushed.set(seq, { message, at: now });
    this.#pushedBytes += bytes.length;
  }

  #dropPushed(seq: number): void {
    this.#pushedBytes -= this.#pushed.get(seq)?.message.bytes.length ?? 0;
    this.#pushed.delete(seq);
  }

  #freshPushed(seq: number): StreamMessage | undefined {
    const pushed = this.#pushed.get(seq);
    if (pushed === undefined) return undefined;
    return this.options.clock.now() - pushed.at < TRUSTED_MS ? pushed.message : undefined;
  }

  async #waitForPush(): Promise<void> {
    const isNext = Math.max(this.#storedSeq, this.#announcedSeq) === this.#next;
    if (!(this.#wasPushed && isNext)) return;
    // Check concurrently with the wait, because the check takes as long as the push.
    if (!this.#pushed.has(this.#next)) void this.#isLastUnchanged();
    await this.#waitFor(PUSH_TIMEOUT_MS, () => this.#pushed.has(this.#next));
    this.#wasPushed = this.#pushed.has(this.#next);
  }

  async #waitFor(ms: number, isMet: () => boolean): Promise<void> {
    const { clock } = this.options;
    const until = clock.now() + ms;
    while (!isMet() && clock.now() < until && !this.#isEnded) {
      this.#isWoken = false;
      await this.#wait(until - clock.now(), true);
    }
  }

  async #run(): Promise<void> {
    let missing = 0;
    let isDue = true;
    while (!this.#isEnded) {
      await this.#waitForPush();
      if (this.#isEnded) return;
      const isAwaited =
        Math.max(this.#storedSeq, this.#announcedSeq) >= this.#next || !this.#wasPushed;
      const wasStored = this.#storedSeq >= this.#next;
      const count = isAwaited || isDue ? await this.#read() : 0;
      isDue = false;
      if (count === undefined) {
        missing = 0;
        if (!this.#isEnded) await this.#wait(POLL_INTERVAL_MS, false);
        continue;
      }
      if (count > 0) {
        missing = 0;
        continue;
      }
      if (Math.max(this.#storedSeq, this.#announcedSeq) < this.#next) {
        missing = 0;
        isDue = !(await this.#wait(POLL_INTERVAL_MS, true));
        await this.#pollEnd();
        continue;
      }
      // The message exists or will exist soon, but the queried server does not have it yet.
      missing++;
      if (this.#storedSeq < this.#next) {
        if (missing >= EXPECTED_TRIES) this.#announcedSeq = 0;
      } else if (missing * MISSING_INTERVAL_MS >= CLUSTER_STALLED_MS) {
        await this.#checkMissing();
        missing = 0;
      }
      await this.#waitFor(Math.min(missing, MISSING_INTERVAL_MS), () => {
        return !wasStored && this.#storedSeq >= this.#next;
      });
    }
  }

  async #pollEnd(): Promise<void> {
    const { clock } = this.options;
    if (this.#isEnded || clock.now() - this.#polledAt < CLUSTER_ANSWER_TIMEOUT_MS) return;
    this.#polledAt = clock.now();
    try {
      this.#storedSeq = Math.max(this.#storedSeq, await this.#last());
    } catch (error) {
      this.#handleFault(error);
    }
  }

  #isLastUnchanged(): Promise<boolean> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async #check(): Promise<boolean> {
    const { stream, clock } = this.options;
    const seq = this.#next - 1;
    if (seq === 0 || this.#previous === undefined) return true;
    if (clock.now() - this.#trustedAt < TRUSTED_MS) return true;
    try {
      const message = await this.#answer(stream.get(seq));
      if (this.#isEnded) return false;
      if (message === undefined) return await this.#isLastOnlyMissing(seq);
      if (!this.#matches(message, this.#previous)) {
        this.#finish(this.options.onRewound);
        return false;
      }
    } catch (error) {
      this.#handleFault(error);
      return false;
    }
    this.#truncatedChecks = 0;
    this.#lastMissingChecks = 0;
    this.#trustedAt = clock.now();
    return true;
  }

  #matches(message: StreamMessage, known: ReadMessage): boolean {
    if ("mark" in known) return markOf(message, this.options.sha256) === known.mark;
    return known.unixMs === message.unixMs && equalBytes(known.bytes, message.bytes);
  }

  async #isLastOnlyMissing(seq: number): Promise<boolean> {
    const last = await this.#last();
    if (this.#isEnded) return false;
    this.#truncatedChecks = last < seq ? this.#truncatedChecks + 1 : 0;
    if (this.#truncatedChecks >= TRUNCATED_CHECKS) this.#finish(this.options.onRewound);
    if (last <= seq) {
      this.#lastMissingChecks = 0;
      return false;
    }
    const now = this.options.clock.now();
    if (this.#lastMissingChecks < LOST_CHECKS) {
      if (now - this.#lastMissingAt < CLUSTER_STALLED_MS) return false;
      this.#lastMissingAt = now;
      this.#lastMissingChecks++;
    }
    // A lagging replica would have caught up by now, so check the earlier messages too.
    return this.#lastMissingChecks >= LOST_CHECKS && (await this.#areEarlierUnchanged(seq));
  }

  async #areEarlierUnchanged(seq: number): Promise<boolean> {
    const { stream, onLost, onRewound } = this.options;
    for (const known of this.#earlier.toReversed()) {
      const message = await this.#answer(stream.get(known.seq));
      if (this.#isEnded) return false;
      if (message === undefined) continue;
      if (this.#matches(message, known)) return true;
      this.#finish(onRewound);
      return false;
    }
    this.#finish(() => onLost(seq));
    return false;
  }

  async #read(): Promise<number | undefined> {
    const { stream, clock, onMessage } = this.options;
    const ahead = Math.min(this.#ahead, Math.max(1, this.#storedSeq - this.#next + 1));
    const isUnchanged = this.#isLastUnchanged();
    const requests = Array.from({ length: ahead }, (_, i) => {
      const pushed = this.#freshPushed(this.#next + i);
      if (pushed !== undefined) return Promise.resolve(pushed);
      return stream.get(this.#next + i).catch((error: unknown) => {
        this.#handleFault(error);
        return undefined;
      });
    });
    const timeout = Promise.withResolvers<undefined>();
    let isLate = false;
    const cancel = clock.after(CLUSTER_ANSWER_TIMEOUT_MS, () => {
      isLate = true;
      timeout.resolve(undefined);
    });
    const answers = requests.map((answer) => Promise.race([answer, timeout.promise]));
    if (!(await isUnchanged)) {
      cancel();
      this.#requestFewer();
      return undefined;
    }
    let count = 0;
    for (const answer of answers) {
      const message = await answer;
      if (message === undefined || message.seq !== this.#next || this.#isEnded) continue;
      this.#dropPushed(this.#next);
      this.#next++;
      if (this.#previous !== undefined) {
        this.#earlier = [...this.#earlier, this.#previous].slice(-EARLIER_MAX);
      }
      this.#previous = message;
      this.#trustedAt = clock.now();
      this.#nextMissingChecks = 0;
      this.#lastMissingChecks = 0;
      count++;
      await onMessage(message);
    }
    cancel();
    if (isLate && count < ahead) this.#requestFewer();
    else if (count === this.#ahead) this.#ahead = Math.min(CLUSTER_MESSAGES_AHEAD, 2 * count);
    return count;
  }

  #requestFewer(): void {
    this.#ahead = Math.max(1, Math.floor(this.#ahead / 2));
  }

  async #checkMissing(): Promise<void> {
    const { stream, onLost } = this.options;
    try {
      this.#storedSeq = await this.#last();
      if (this.#storedSeq < this.#next) return this.options.onTruncated(this.#storedSeq);
      if ((await this.#answer(stream.get(this.#next))) !== undefined) return;
    } catch (error) {
      return this.#handleFault(error);
    }
    this.#nextMissingChecks++;
    if (this.#nextMissingChecks < LOST_CHECKS || this.#isEnded) return;
    this.#finish(() => onLost(this.#next));
  }

  async #last(): Promise<number> {
    return await this.#answer(this.options.stream.last());
  }

  #answer<Value>(requests: Promise<Value>): Promise<Value> {
    return withTimeout(requests, CLUSTER_ANSWER_TIMEOUT_MS, noAnswer, this.options.clock);
  }

  #handleFault(error: unknown): void {
    if (!(error instanceof Fault)) throw error;
    const { clock, onNoAnswer } = this.options;
    if (clock.now() - this.#trustedAt >= CLUSTER_ANSWER_TIMEOUT_MS) onNoAnswer();
  }

  #finish(report: () => void): void {
    if (this.#isEnded) return;
    this.close();
    report();
  }

  async #wait(ms: number, isWakeable: boolean): Promise<boolean> {
    const { clock } = this.options;
    this.#ranAt = clock.now();
    const until = this.#ranAt + ms + TRUSTED_MS;
    const isWoken = await this.#pause(ms, isWakeable);
    this.#ranAt = clock.now();
    if (this.#ranAt > until) this.#staleUntil = this.#ranAt + POLL_INTERVAL_MS;
    return isWoken;
  }

  async #pause(ms: number, isWakeable: boolean): Promise<boolean> {
    if (isWakeable && this.#isWoken) {
      this.#isWoken = false;
      return true;
    }
    if (this.#isEnded) return true;
    if (!isWakeable) {
      await delay(this.options.clock, ms);
      return false;
    }
    await new Promise<void>((resolve) => {
      const cancel = this.options.clock.after(ms, resolve);
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

function noAnswer(): never {
  throw new Fault("no-majority", "a NATS server is not responding");
}
