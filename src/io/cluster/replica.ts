/** A node of a cluster: applies the shared stream to its two logs. */

import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import {
  CLUSTER_RECEIVE_QUEUE_BYTES_MAX,
  CLUSTER_START_TIMEOUT_MS,
} from "../../base/limits-cluster.ts";
import type { Place } from "../../core/cluster/claims.ts";
import type { CopyEnd } from "../../core/cluster/messages.ts";
import { type Draft, type LogRecord, SALT_BYTES, sealDraft } from "../../wire/record.ts";
import { type Clock, retry, within } from "../clock.ts";
import type { Entropy } from "../entropy.ts";
import type { AppendAllOptions, Settle } from "../log/log.ts";
import type { LogFile } from "../log/log-file.ts";
import { Doubt, type OtherNode } from "./doubt.ts";
import { type Applied, Judge, type Owed, owedOf, PLACES } from "./judge.ts";
import { isWithoutMajority } from "./majority.ts";
import { Mirrors } from "./mirrors.ts";
import { KEEP_EVERY, lastCommon, NOWHERE, type Position, withPosition } from "./position.ts";
import { Publisher } from "./publisher.ts";
import { restoreLost } from "./restoration.ts";
import type { Stream, StreamMessage } from "./stream.ts";
import { markOf, StreamReader } from "./stream-reader.ts";

export interface ReplicaParts {
  readonly stream: Stream;
  readonly mirrors: Readonly<Record<Place, LogFile>>;
  /** Stored positions of this node, oldest first; `undefined` to read from the beginning. */
  readonly positions?: readonly Position[];
  /**
   * Stores positions periodically: what was applied since is compared with the stream at the start.
   */
  readonly keep: (positions: readonly Position[]) => void;
  /** Reports the other nodes that answer at the moment; `undefined` if there are none. */
  readonly others?: () => Promise<readonly OtherNode[]>;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly sha256: Sha256;
  /** This node stopped following the stream: it still reads, and writes nothing. */
  readonly onStopped: (fault: Fault) => void;
}

/** Interval of retries while no leader answers. */
const RETRY_MS = 250;

/**
 * Applies the stream to the two logs of a node. A decision is published, received back in the order
 * of the stream, judged as on every node, and acknowledged when it is on this node's disk, too.
 *
 *     append ──> publisher … stream ──> judge ──> mirrors (sync) ──> followers, then the caller
 */
export class Replica {
  readonly #parts: ReplicaParts;
  readonly #publisher: Publisher;
  readonly #judge: Judge;
  readonly #mirrors: Mirrors;
  readonly #doubt: Doubt;
  /**
   * Length of each log up to which the folds of this node were notified: what its decisions have
   * seen.
   */
  readonly #told: Record<Place, number> = { history: 0, accounts: 0 };
  readonly #stops: (() => void)[] = [];
  /** Position that is on disk. */
  #at: Position;
  /** Last stream message applied to disk. */
  #last: StreamMessage | undefined;
  #positions: readonly Position[];
  #reader: StreamReader | undefined;
  #rewinding: Promise<void> | undefined;
  #restoring: Promise<void> | undefined;
  /**
   * Seqs of account records that this node proposed, while followers are notified. Bounded by a
   * message.
   */
  readonly #own = new Set<number>();
  /** Received messages. Bounded by CLUSTER_RECEIVE_QUEUE_BYTES_MAX and one message. */
  #arrived: StreamMessage[] = [];
  #arrivedBytes = 0;
  #applying: Promise<void> | undefined;
  #failure: Fault | undefined;
  #isClosed = false;
  /** Callers waiting until the stream is applied up to `seq`. */
  readonly #waits = new Set<{ readonly seq: number; readonly resolve: () => void }>();

  private constructor(parts: ReplicaParts) {
    const { stream, mirrors, clock, entropy, sha256 } = parts;
    this.#parts = parts;
    this.#positions = parts.positions ?? [];
    this.#at = this.#positions.at(-1) ?? NOWHERE;
    this.#judge = new Judge({ mirrors, sha256 }, this.#at);
    const isClosed = () => this.#isClosed;
    this.#mirrors = new Mirrors({ logs: mirrors, clock, sha256, isClosed });
    this.#doubt = new Doubt({
      ...{ stream, clock, others: parts.others },
      isBehind: ({ heads }) => this.#mirrors.isBehind(heads),
      reached: (seq) => this.reached(seq),
      isOver: () => this.#isOver,
    });
    this.#publisher = new Publisher({
      ...{ stream, clock, entropy, isClosed },
      mustWait: () => this.isRestoring || !this.#doubt.isCleared,
      applied: () => this.#at.seq,
      onStored: (seq) => this.#reader?.stored(seq),
      onSilent: () => this.#doubt.raise(),
      onRewound: () => this.#rewind(),
    });
  }

  /**
   * Follows the stream, and resolves when everything that was in it is applied.
   * @throws Fault no-majority, log-conflict (it is being filled), log-corrupt, cluster-diverged,
   * store-…
   */
  static async open(parts: ReplicaParts): Promise<Replica> {
    const replica = new Replica(parts);
    try {
      await replica.#start();
      return replica;
    } catch (error) {
      replica.#isClosed = true;
      replica.#endReading();
      throw error;
    }
  }

  /** Calls back once with the last record of the decision, or with the reason why there is none. */
  propose(drafts: readonly Draft[], { follows }: AppendAllOptions, settle: Settle): void {
    const { entropy, sha256 } = this.#parts;
    const sealed = drafts.map((draft) => sealDraft(draft, entropy(SALT_BYTES), sha256));
    const proposal = {
      ...this.#told,
      drafts: sealed.map((one) =>
        follows === undefined ? { sealed: one } : { sealed: one, follows },
      ),
    };
    const over = this.#isClosed ? closed() : this.#failure;
    const fault = over ?? this.#publisher.propose(proposal, settle);
    if (fault !== undefined) queueMicrotask(() => settle(fault));
  }

  /** Position of this node in the stream. */
  get seq(): number {
    return this.#at.seq;
  }

  /** Length of both logs at that position: more may be on disk already. */
  get applied(): Readonly<Record<Place, number>> {
    const { history, accounts } = this.#at;
    return { history, accounts };
  }

  /**
   * This node's disk holds records that the stream has lost; they are restored before anything
   * else.
   */
  get isRestoring(): boolean {
    return this.#rewinding !== undefined || this.#isAhead;
  }

  get failure(): Fault | undefined {
    return this.#failure;
  }

  /**
   * While followers of the accounts are notified: reports whether a caller here waits for the
   * answer.
   */
  isOwn(seq: number): boolean {
    return this.#own.has(seq);
  }

  /** This node's disk differs from what the others have. */
  diverged(sentence: string): void {
    this.#stop(new Fault("cluster-diverged", sentence));
  }

  /**
   * Resolves when the stream was applied up to `seq`; the mirrors hold it then. Also resolves when
   * that is unpredictable (the stream is not followed any more, or has lost what was read of it),
   * and after `withinMs`: a full disk may block for hours.
   */
  reached(seq: number, withinMs?: number): Promise<void> {
    if (this.#at.seq >= seq || this.#isOver) return Promise.resolve();
    this.#reader?.stored(seq);
    const { promise, resolve } = Promise.withResolvers<void>();
    const wait = { seq, resolve };
    this.#waits.add(wait);
    if (withinMs === undefined) return promise;
    return within(promise, withinMs, () => void this.#waits.delete(wait), this.#parts.clock);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#endReading();
    await this.#applying;
    this.#publisher.refuseAll(closed());
    if (this.#failure === undefined && this.#rewinding === undefined) this.#keep();
  }

  get #isOver(): boolean {
    return this.#isClosed || this.#failure !== undefined;
  }

  /** This node has records that the stream, as far as it was read, has not. */
  get #isAhead(): boolean {
    return this.#mirrors.isBeyond(this.#judge.heads);
  }

  #endReading(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#reader?.end();
    this.#wake();
  }

  #wake(isMeant: (seq: number) => boolean = () => true): void {
    for (const wait of this.#waits) {
      if (!isMeant(wait.seq)) continue;
      this.#waits.delete(wait);
      wait.resolve();
    }
  }

  async #start(): Promise<void> {
    const { stream, mirrors } = this.#parts;
    for (const place of PLACES) {
      const mirror = mirrors[place];
      if (mirror.head() < this.#at[place]) {
        const sentence = `${place} has ${mirror.head()} records, and had ${this.#at[place]}`;
        throw new Fault("log-corrupt", sentence);
      }
      this.#told[place] = mirror.head();
      const told = (record: LogRecord) => {
        this.#told[place] = record.head.seq;
        if (record.head.seq > this.#judge.copied[place]) this.#mirrors.erase(place, record);
      };
      this.#stops.push(await mirror.follow(mirror.head() + 1, told));
    }
    this.#doubt.raise();
    const until = this.#parts.clock.now() + CLUSTER_START_TIMEOUT_MS;
    const last = await this.#untilAnswered(until, () => stream.last());
    await this.#untilAnswered(until, () => this.#readOn());
    await this.reached(last);
    await this.#restoring;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#judge.isFilling) throw notWhole();
  }

  /**
   * Asks again until a leader answers.
   * @throws Fault no-majority: not within this time
   */
  #untilAnswered<Result>(until: number, ask: () => Promise<Result>): Promise<Result> {
    const { clock } = this.#parts;
    return retry(ask, { clock, everyMs: RETRY_MS, until, isPassing: isWithoutMajority });
  }

  /** Reads on from the last position at which the stream matches what this node has applied. */
  async #readOn(): Promise<void> {
    const { stream, clock, sha256 } = this.#parts;
    const at = await lastCommon(this.#positions, this.#parts);
    await this.#judge.rebuild(at);
    if (this.#isOver) return;
    this.#positions = this.#positions.filter(({ seq }) => seq <= at.seq);
    this.#at = at;
    this.#last = undefined;
    this.#reader = new StreamReader({
      ...{ stream, clock, sha256, after: at },
      earlier: this.#positions.filter(({ seq }) => seq < at.seq),
      onMessage: (message) => this.#take(message),
      onRewound: () => this.#rewind(),
      onGone: (seq) => this.diverged(`the stream has lost its message ${seq}`),
      onShort: (last) => {
        this.#publisher.forget((seq) => seq > last);
        this.#wake((seq) => seq > last);
      },
      onSilent: () => this.#doubt.raise(),
    });
    if (!this.#isAhead) return;
    this.#restoring ??= this.#restore().finally(() => {
      this.#restoring = undefined;
    });
  }

  /**
   * Handles a stream that lost what was read of it: after a power loss of its machines, or
   * recreated.
   */
  #rewind(): void {
    if (this.#rewinding !== undefined || this.#isOver) return;
    this.#reader?.end();
    this.#rewinding = this.#readAgain().finally(() => {
      this.#rewinding = undefined;
    });
  }

  async #readAgain(): Promise<void> {
    this.#doubt.raise();
    await this.#applying;
    this.#publisher.forget(() => true);
    this.#wake();
    try {
      await this.#untilAnswered(Number.POSITIVE_INFINITY, async () => {
        if (!this.#isOver) await this.#readOn();
      });
    } catch (error) {
      this.#stop(faultOf(error));
    }
  }

  async #restore(): Promise<void> {
    const { stream, mirrors, clock, entropy } = this.#parts;
    try {
      await restoreLost({
        ...{ stream, mirrors, clock, entropy },
        lost: () => (this.#isAhead && !this.#judge.isFilling ? this.#judge.heads : undefined),
        applied: () => this.#at.seq,
        reached: (seq) => this.reached(seq),
        rewound: () => this.#rewinding,
        onStored: (seq) => this.#reader?.stored(seq),
        isOver: () => this.#isOver,
      });
    } catch (error) {
      this.#stop(faultOf(error));
    }
  }

  /** @returns a promise for the stream to await before the next message */
  #take(message: StreamMessage): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    this.#arrived.push(message);
    this.#arrivedBytes += message.bytes.length;
    this.#applying ??= this.#applyAll();
    return this.#arrivedBytes > CLUSTER_RECEIVE_QUEUE_BYTES_MAX ? this.#applying : undefined;
  }

  async #applyAll(): Promise<void> {
    await undefined; // So that it is known to be running.
    while (this.#arrived.length > 0 && this.#failure === undefined) {
      const messages = this.#arrived.splice(0);
      this.#arrivedBytes = 0;
      const applied = this.#judgeAll(messages);
      const owed = applied.flatMap(owedOf);
      let records: ReadonlyMap<Owed, LogRecord>;
      try {
        records = await this.#mirrors.record(owed);
      } catch (error) {
        this.#stop(faultOf(error));
        break;
      }
      this.#last = messages[applied.length - 1] ?? this.#last;
      this.#at = {
        ...{ ...this.#judge.heads, seq: this.#last?.seq ?? this.#at.seq },
        ...(this.#judge.isFilling ? { isFilling: true } : {}),
      };
      this.#mirrors.eraseReplaced(owed, this.#judge.copied);
      for (const { end } of applied) if (end !== undefined) await this.#checkEnd(end);
      for (const one of applied) this.#publisher.settle(one, records);
      this.#own.clear();
      this.#publisher.forget((seq) => seq <= this.#at.seq);
      this.#wake((seq) => seq <= this.#at.seq);
      if (this.#at.seq - (this.#positions.at(-1)?.seq ?? 0) >= KEEP_EVERY) this.#keep();
    }
    this.#applying = undefined; // In the tick in which the queue became empty.
  }

  /**
   * @returns the effects of the messages up to the first that this version cannot read, after which
   * it stops
   */
  #judgeAll(messages: readonly StreamMessage[]): readonly Applied[] {
    const applied: Applied[] = [];
    for (const message of messages) {
      try {
        const one = this.#judge.judge(message);
        applied.push(one);
        if (!this.#publisher.awaits(one.id)) continue;
        for (const { place, seq } of owedOf(one)) if (place === "accounts") this.#own.add(seq);
      } catch (error) {
        this.#stop(faultOf(error));
        break;
      }
    }
    return applied;
  }

  async #checkEnd(end: CopyEnd): Promise<void> {
    try {
      await this.#mirrors.checkEnd(end, this.#judge.copied);
    } catch (error) {
      this.#stop(faultOf(error));
    }
  }

  #keep(): void {
    const { sha256, keep } = this.#parts;
    if (this.#last !== undefined) this.#at = { ...this.#at, mark: markOf(this.#last, sha256) };
    this.#positions = withPosition(this.#positions, this.#at);
    keep(this.#positions);
  }

  /** From here on this node no longer knows what the others do. */
  #stop(fault: Fault): void {
    if (this.#isOver) return;
    this.#failure = fault;
    this.#endReading();
    this.#publisher.refuseAll(fault);
    this.#parts.onStopped(fault);
  }
}

function notWhole(): Fault {
  return new Fault("log-conflict", "chat cluster init has not brought all of its folder yet", {
    remedy: "start when it is done; if it was broken off, run it again",
  });
}

function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  throw error;
}

function closed(): Fault {
  return new Fault("shutting-down", "the log is closed");
}
