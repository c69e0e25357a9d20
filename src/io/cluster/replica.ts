/** Cluster node that applies the shared stream to its two logs. */

import { asFault, Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import {
  CLUSTER_RECEIVE_QUEUE_BYTES_MAX,
  CLUSTER_START_TIMEOUT_MS,
} from "../../base/limits-cluster.ts";
import type { Authors } from "../../core/cluster/authors.ts";
import type { Place } from "../../core/cluster/claims.ts";
import { type CopyEnd, neededVersion } from "../../core/cluster/messages.ts";
import { type Draft, type LogRecord, SALT_BYTES, sealDraft } from "../../wire/record.ts";
import { FIRST_VERSION, type Version } from "../../wire/since.ts";
import { type Clock, retry, withTimeout } from "../clock.ts";
import type { Entropy } from "../entropy.ts";
import type { AppendAllOptions, Settle } from "../log/log.ts";
import type { LogFile } from "../log/log-file.ts";
import {
  Interpreter,
  LOG_NAMES,
  type MessageEffect,
  type PendingRecord,
  pendingRecordsOf,
} from "./interpreter.ts";
import { isWithoutMajority } from "./majority.ts";
import { Mirrors, restoreLost } from "./mirrors.ts";
import { PeerCheck, type PeerNode } from "./peer-check.ts";
import {
  lastCommonPosition,
  POSITION_INTERVAL,
  type Position,
  START,
  withPosition,
} from "./position.ts";
import { Publisher } from "./publisher.ts";
import type { Stream, StreamMessage } from "./stream.ts";
import { markOf, StreamReader } from "./stream-reader.ts";

export interface ReplicaOptions {
  readonly stream: Stream;
  readonly mirrors: Readonly<Record<Place, LogFile>>;
  /** Oldest first. Without positions, the node reads the stream from the beginning. */
  readonly positions?: readonly Position[];
  readonly storePositions: (positions: readonly Position[]) => void;
  /** Without it, the authors of records are not checked. */
  readonly authors?: Authors | undefined;
  readonly peers?: () => Promise<readonly PeerNode[]>;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly sha256: Sha256;
  readonly onStopped: (fault: Fault) => void;
  /** @returns a fault unless all nodes know records of this version */
  readonly versionRefusal?: (needed: Version) => Fault | undefined;
  /** Called for a message that no version of this program wrote, which all nodes ignore. */
  readonly onIgnored?: (seq: number) => void;
}

const REPLICA_RETRY_MS = 250;

/**
 * Publishes the decisions of this node, applies all decisions in stream order, and acknowledges
 * those of this node when they are on its disk.
 */
export class Replica {
  readonly #publisher: Publisher;
  readonly #interpreter: Interpreter;
  readonly #mirrors: Mirrors;
  readonly #peerCheck: PeerCheck;
  readonly #notified: Record<Place, number> = { history: 0, accounts: 0 };
  readonly #unfollows: (() => void)[] = [];
  #position: Position;
  #lastMessage: StreamMessage | undefined;
  #positions: readonly Position[];
  #reader: StreamReader | undefined;
  #rewinding: Promise<void> | undefined;
  #restoring: Promise<void> | undefined;
  readonly #ownAccountSeqs = new Set<number>();
  #received: StreamMessage[] = [];
  #receivedBytes = 0;
  #applying: Promise<void> | undefined;
  #failure: Fault | undefined;
  #isClosed = false;
  readonly #waiters = new Set<{ readonly seq: number; readonly resolve: () => void }>();

  private constructor(private readonly options: ReplicaOptions) {
    const { stream, mirrors, clock, entropy, sha256 } = options;
    this.#positions = options.positions ?? [];
    this.#position = this.#positions.at(-1) ?? START;
    this.#interpreter = new Interpreter(
      { mirrors, stream, sha256, authors: options.authors, onIgnored: options.onIgnored },
      this.#position,
    );
    const isClosed = () => this.#isClosed;
    this.#mirrors = new Mirrors({ logs: mirrors, clock, sha256, isClosed });
    this.#peerCheck = new PeerCheck({
      stream,
      clock,
      peers: options.peers,
      isBehind: ({ heads }) => this.#mirrors.isBehind(heads),
      waitUntilApplied: (seq) => this.waitUntilApplied(seq),
      isStopped: () => this.#isStopped,
    });
    this.#publisher = new Publisher({
      stream,
      clock,
      entropy,
      sha256,
      isClosed,
      isBlocked: () => !this.isComplete,
      applied: () => this.#position.seq,
      onStored: (seq) => this.#reader?.stored(seq),
      onNoAnswer: () => this.#peerCheck.trigger(),
      onRewound: () => this.#rewind(),
    });
  }

  /**
   * Resolves when all messages that the stream contains at the start are applied.
   * @throws {Fault} no-majority if the stream does not answer, log-conflict while a copy is in
   * progress, cluster-diverged or log-corrupt if this node's logs do not match, store-… if the disk
   * fails
   */
  static async open(options: ReplicaOptions): Promise<Replica> {
    const replica = new Replica(options);
    try {
      await replica.#start();
      return replica;
    } catch (error) {
      replica.#isClosed = true;
      replica.#stopReading();
      throw error;
    }
  }

  propose(drafts: readonly Draft[], { follows }: AppendAllOptions, settle: Settle): void {
    const { entropy, sha256 } = this.options;
    const sealed = drafts.map((draft) => sealDraft(draft, entropy(SALT_BYTES), sha256));
    const proposal = {
      ...this.#notified,
      drafts: sealed.map((draft) =>
        follows === undefined ? { sealed: draft } : { sealed: draft, follows },
      ),
    };
    const refusal = this.#isClosed ? logClosed() : (this.#failure ?? this.#versionRefusal(drafts));
    const fault = refusal ?? this.#publisher.propose(proposal, settle);
    if (fault !== undefined) queueMicrotask(() => settle(fault));
  }

  #versionRefusal(drafts: readonly Draft[]): Fault | undefined {
    const needed = neededVersion(drafts);
    return needed === FIRST_VERSION ? undefined : this.options.versionRefusal?.(needed);
  }

  get seq(): number {
    return this.#position.seq;
  }

  get applied(): Readonly<Record<Place, number>> {
    const { history, accounts } = this.#position;
    return { history, accounts };
  }

  /** Proposals are blocked while this node restores records that the stream lost. */
  get isRestoring(): boolean {
    return this.#rewinding !== undefined || this.#isAhead;
  }

  /** False while the stream may still lack records that it lost and that some node has. */
  get isComplete(): boolean {
    return !this.isRestoring && this.#peerCheck.hasPassed;
  }

  get failure(): Fault | undefined {
    return this.#failure;
  }

  isOwn(seq: number): boolean {
    return this.#ownAccountSeqs.has(seq);
  }

  stopDiverged(message: string): void {
    this.#stop(new Fault("cluster-diverged", message));
  }

  #stopLost(seq: number): void {
    this.#stop(
      new Fault("cluster-diverged", `the stream lost message ${seq}`, {
        remedy: "copy another server's data folder, and run chat cluster rename on the copy",
      }),
    );
  }

  /**
   * Resolves early if the stream is rewound or this node stops reading it. Without a timeout, a
   * full disk may delay the result for hours.
   */
  waitUntilApplied(seq: number, timeoutMs?: number): Promise<void> {
    if (this.#position.seq >= seq || this.#isStopped) return Promise.resolve();
    this.#reader?.stored(seq);
    const { promise, resolve } = Promise.withResolvers<void>();
    const wait = { seq, resolve };
    this.#waiters.add(wait);
    if (timeoutMs === undefined) return promise;
    return withTimeout(
      promise,
      timeoutMs,
      () => void this.#waiters.delete(wait),
      this.options.clock,
    );
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopReading();
    await this.#applying;
    this.#publisher.refuseAll(logClosed());
    if (this.#failure === undefined && this.#rewinding === undefined) this.#storePosition();
  }

  get #isStopped(): boolean {
    return this.#isClosed || this.#failure !== undefined;
  }

  get #isAhead(): boolean {
    return this.#mirrors.isAheadOf(this.#interpreter.heads);
  }

  #stopReading(): void {
    for (const stop of this.#unfollows.splice(0)) stop();
    this.#reader?.close();
    this.#wake();
  }

  #wake(isAffected: (seq: number) => boolean = () => true): void {
    for (const wait of this.#waiters) {
      if (!isAffected(wait.seq)) continue;
      this.#waiters.delete(wait);
      wait.resolve();
    }
  }

  async #start(): Promise<void> {
    const { stream, mirrors } = this.options;
    for (const logName of LOG_NAMES) {
      const mirror = mirrors[logName];
      if (mirror.head() < this.#position[logName]) {
        const actual = mirror.head();
        const message = `${logName} has ${actual} records instead of ${this.#position[logName]}`;
        throw new Fault("log-corrupt", message);
      }
      this.#notified[logName] = mirror.head();
      const onRecord = (record: LogRecord) => {
        this.#notified[logName] = record.head.seq;
        if (record.head.seq > this.#interpreter.copied[logName])
          this.#mirrors.erase(logName, record);
      };
      this.#unfollows.push(await mirror.follow(mirror.head() + 1, onRecord));
    }
    this.#peerCheck.trigger();
    const until = this.options.clock.now() + CLUSTER_START_TIMEOUT_MS;
    const last = await this.#retryUntilAnswered(until, () => stream.last());
    await this.#retryUntilAnswered(until, () => this.#resumeReading());
    await this.waitUntilApplied(last);
    await this.#restoring;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#interpreter.isCopying) throw copyIncomplete();
  }

  #retryUntilAnswered<Result>(until: number, request: () => Promise<Result>): Promise<Result> {
    const { clock } = this.options;
    return retry(request, {
      clock,
      intervalMs: REPLICA_RETRY_MS,
      until,
      isTransient: isWithoutMajority,
    });
  }

  async #resumeReading(): Promise<void> {
    const { stream, clock, sha256 } = this.options;
    const at = await lastCommonPosition(this.#positions, this.options);
    await this.#interpreter.rebuild(at);
    if (this.#isStopped) return;
    this.#positions = this.#positions.filter(({ seq }) => seq <= at.seq);
    this.#position = at;
    this.#lastMessage = undefined;
    this.#reader = new StreamReader({
      stream,
      clock,
      sha256,
      after: at,
      earlier: this.#positions.filter(({ seq }) => seq < at.seq),
      onMessage: (message) => this.#receive(message),
      onRewound: () => this.#rewind(),
      onLost: (seq) => this.#stopLost(seq),
      onTruncated: (last) => {
        this.#publisher.failLost((seq) => seq > last);
        this.#wake((seq) => seq > last);
      },
      onNoAnswer: () => this.#peerCheck.trigger(),
    });
    if (!this.#isAhead) return;
    this.#restoring ??= this.#restore().finally(() => {
      this.#restoring = undefined;
    });
  }

  #rewind(): void {
    if (this.#rewinding !== undefined || this.#isStopped) return;
    this.#reader?.close();
    this.#rewinding = this.#rereadStream().finally(() => {
      this.#rewinding = undefined;
    });
  }

  async #rereadStream(): Promise<void> {
    this.#peerCheck.trigger();
    await this.#applying;
    this.#publisher.failLost(() => true);
    this.#wake();
    try {
      await this.#retryUntilAnswered(Number.POSITIVE_INFINITY, async () => {
        if (!this.#isStopped) await this.#resumeReading();
      });
    } catch (error) {
      this.#stop(asFault(error));
    }
  }

  async #restore(): Promise<void> {
    const { stream, mirrors, clock, entropy, sha256 } = this.options;
    try {
      await restoreLost({
        stream,
        mirrors,
        clock,
        entropy,
        sha256,
        headsIfAhead: () =>
          this.#isAhead && !this.#interpreter.isCopying ? this.#interpreter.heads : undefined,
        applied: () => this.#position.seq,
        waitUntilApplied: (seq) => this.waitUntilApplied(seq),
        rewinding: () => this.#rewinding,
        onStored: (seq) => this.#reader?.stored(seq),
        isStopped: () => this.#isStopped,
      });
    } catch (error) {
      this.#stop(asFault(error));
    }
  }

  #receive(message: StreamMessage): Promise<void> | undefined {
    if (this.#isStopped) return undefined;
    this.#received.push(message);
    this.#receivedBytes += message.bytes.length;
    this.#applying ??= this.#applyAll();
    return this.#receivedBytes > CLUSTER_RECEIVE_QUEUE_BYTES_MAX ? this.#applying : undefined;
  }

  async #applyAll(): Promise<void> {
    await undefined; // The caller sets `#applying` before this function continues.
    while (this.#received.length > 0 && this.#failure === undefined) {
      const messages = this.#received.splice(0);
      this.#receivedBytes = 0;
      const applied = this.#interpretAll(messages);
      const pending = applied.flatMap(pendingRecordsOf);
      let records: ReadonlyMap<PendingRecord, LogRecord>;
      try {
        records = await this.#mirrors.write(pending);
      } catch (error) {
        this.#stop(asFault(error));
        break;
      }
      this.#lastMessage = messages[applied.length - 1] ?? this.#lastMessage;
      this.#position = {
        ...this.#interpreter.heads,
        seq: this.#lastMessage?.seq ?? this.#position.seq,
        isFilling: this.#interpreter.isCopying || undefined,
      };
      this.#mirrors.eraseReplaced(pending, this.#interpreter.copied);
      for (const { copyEnd } of applied) if (copyEnd !== undefined) await this.#checkEnd(copyEnd);
      for (const effect of applied) this.#publisher.settle(effect, records);
      this.#ownAccountSeqs.clear();
      this.#publisher.failLost((seq) => seq <= this.#position.seq);
      this.#wake((seq) => seq <= this.#position.seq);
      if (this.#position.seq - (this.#positions.at(-1)?.seq ?? 0) >= POSITION_INTERVAL)
        this.#storePosition();
    }
    this.#applying = undefined;
  }

  #interpretAll(messages: readonly StreamMessage[]): readonly MessageEffect[] {
    const applied: MessageEffect[] = [];
    for (const message of messages) {
      try {
        const effect = this.#interpreter.interpret(message);
        applied.push(effect);
        if (!this.#publisher.isOwn(effect.id)) continue;
        for (const { place, seq } of pendingRecordsOf(effect))
          if (place === "accounts") this.#ownAccountSeqs.add(seq);
      } catch (error) {
        this.#stop(asFault(error));
        break;
      }
    }
    return applied;
  }

  async #checkEnd(end: CopyEnd): Promise<void> {
    try {
      await this.#mirrors.checkEnd(end, this.#interpreter.copied);
    } catch (error) {
      this.#stop(asFault(error));
    }
  }

  #storePosition(): void {
    const { sha256, storePositions } = this.options;
    if (this.#lastMessage !== undefined)
      this.#position = { ...this.#position, mark: markOf(this.#lastMessage, sha256) };
    this.#positions = withPosition(this.#positions, this.#position);
    storePositions(this.#positions);
  }

  #stop(fault: Fault): void {
    if (this.#isStopped) return;
    this.#failure = fault;
    this.#stopReading();
    this.#publisher.refuseAll(fault);
    this.options.onStopped(fault);
  }
}

function copyIncomplete(): Fault {
  return new Fault("log-conflict", "chat cluster init has not finished", {
    remedy: "wait until it is done; if it was interrupted, run it again",
  });
}

function logClosed(): Fault {
  return new Fault("shutting-down", "the log is closed");
}
