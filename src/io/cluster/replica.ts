import { assert, unreachable } from "../../base/assert.ts";
import { equalBytes, toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { LINE_BYTES_MAX } from "../../base/limits.ts";
import {
  CLUSTER_ARRIVED_BYTES_MAX,
  CLUSTER_DECISION_BYTES_MAX,
  CLUSTER_MESSAGE_BYTES_MAX,
  CLUSTER_MESSAGE_PROPOSALS_MAX,
  CLUSTER_QUEUE_BYTES_MAX,
  CLUSTER_WINDOW_RECORDS,
  CLUSTER_WITHIN_MS,
} from "../../base/limits-cluster.ts";
import { Admission, type Objection } from "../../core/cluster/admission.ts";
import { type Place, placeOf } from "../../core/cluster/claims.ts";
import {
  type CopiedLines,
  type CopyEnd,
  type ProposalMessage,
  packProposals,
  readStream,
  type SealedProposal,
  type StreamContent,
} from "../../core/cluster/messages.ts";
import { erasuresOf } from "../../core/rooms/erasures.ts";
import {
  type CopiedLine,
  type Draft,
  type LogRecord,
  parseBody,
  SALT_BYTES,
  sealDraft,
} from "../../wire/record.ts";
import { type Clock, delay } from "../clock.ts";
import type { Entropy } from "../entropy.ts";
import { waiterBytes } from "../log/batch.ts";
import type { AppendAllOptions } from "../log/log.ts";
import type { LogFile } from "../log/log-file.ts";
import { LogProofs } from "../log/proofs.ts";
import type { Stream, StreamMessage } from "./stream.ts";

/** Up to where a node has applied the stream, and how long its logs were then. */
export interface Position {
  readonly seq: number;
  readonly history: number;
  readonly accounts: number;
  /** A log from before the cluster is being copied into the stream, and is not whole yet. */
  readonly isFilling?: true;
}

export interface ReplicaParts {
  readonly stream: Stream;
  /** This node's own copies of the two logs. */
  readonly mirrors: Readonly<Record<Place, LogFile>>;
  /** Where this node kept its place; left out: it applies the stream from its beginning. */
  readonly position?: Position;
  /** Kept from time to time: what was applied since is compared with the stream at the start. */
  readonly keep: (position: Position) => void;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly sha256: Sha256;
  /** This node does not follow the stream any more: it reads on, and writes nothing. */
  readonly onStopped: (fault: Fault) => void;
}

/** A decision that waits to be recorded. */
interface Waiting {
  readonly proposal: SealedProposal;
  readonly sizeBytes: number;
  readonly sinceMs: number;
  readonly settle: (outcome: LogRecord | Fault) => void;
}

/** A record that was decided, and is not in this node's log yet. */
type Owed = OwedDraft | OwedCopy;

interface OwedDraft {
  readonly place: Place;
  readonly seq: number;
  readonly unixMs: number;
  readonly draft: SealedProposal["drafts"][number]["sealed"];
}

interface OwedCopy {
  readonly place: Place;
  readonly seq: number;
  readonly line: CopiedLine;
}

/** What one message made of its proposals. */
interface Applied {
  readonly id: string | undefined;
  readonly outcomes: readonly (readonly Owed[] | Objection)[];
  /** What both logs have to be then. */
  readonly end?: CopyEnd;
}

/** An account is on the disk before the first record of it in the history. */
const PLACES: readonly Place[] = ["accounts", "history"];
/** Between two tries to write what the disk did not take. */
const RETRY_MS = 1_000;
/** The position is kept after so many messages at the latest. */
const KEEP_EVERY = 1_000;
const ID_BYTES = 12;

/**
 * One node of a cluster: its two logs are what the shared stream makes of them. A decision is
 * published, comes back in the order of the stream, is judged as every node judges it, and is
 * acknowledged when it is on this node's disk, too.
 *
 *     append ──> publish … stream ──> judge ──> mirror (sync) ──> followers, then the caller
 */
export class Replica {
  readonly #parts: ReplicaParts;
  readonly #admission = new Admission();
  /** How long each log is with what is owed. */
  readonly #heads: Record<Place, number>;
  /** Up to where the folds of this node have heard of each: what its decisions have seen. */
  readonly #told: Record<Place, number> = { history: 0, accounts: 0 };
  /** Up to where each was copied: what those records order is done in the copy. */
  readonly #copied: Record<Place, number>;
  #isFilling: boolean;
  readonly #stops: (() => void)[] = [];
  /** As it is on the disk. */
  #at: Position;
  #kept: number;
  /** Bounded by CLUSTER_QUEUE_BYTES_MAX. */
  #queue: Waiting[] = [];
  #queueBytes = 0;
  /** Published, by the id of its message; bounded by one in flight. */
  readonly #sent = new Map<string, readonly Waiting[]>();
  /** Of the accounts, while they are told: what this node has asked for. Bounded by a message. */
  readonly #own = new Set<number>();
  #isPublishing = false;
  /** Bounded by CLUSTER_ARRIVED_BYTES_MAX and one message. */
  #arrived: StreamMessage[] = [];
  #arrivedBytes = 0;
  #applying: Promise<void> | undefined;
  #failure: Fault | undefined;
  #isClosed = false;
  /** Wait until the stream was applied up to there. */
  readonly #waits = new Set<{ readonly seq: number; readonly resolve: () => void }>();

  private constructor(parts: ReplicaParts) {
    const { position } = parts;
    this.#parts = parts;
    this.#heads = { history: position?.history ?? 0, accounts: position?.accounts ?? 0 };
    this.#at = position ?? { seq: 0, history: 0, accounts: 0 };
    this.#kept = this.#at.seq;
    this.#isFilling = position?.isFilling === true;
    this.#copied = this.#isFilling ? { ...this.#heads } : { history: 0, accounts: 0 };
  }

  /**
   * Follows the stream, and resolves when all that was in it is applied.
   * @throws Fault no-majority, log-conflict (it is being filled), log-corrupt, cluster-diverged,
   *   store-…
   */
  static async open(parts: ReplicaParts): Promise<Replica> {
    const replica = new Replica(parts);
    await replica.#start();
    return replica;
  }

  /** Calls back once with the last record of the decision, or with why there is none. */
  propose(
    drafts: readonly Draft[],
    { follows }: AppendAllOptions,
    settle: Waiting["settle"],
  ): void {
    const { entropy, sha256, clock } = this.#parts;
    const sealed = drafts.map((draft) => sealDraft(draft, entropy(SALT_BYTES), sha256));
    const sizes = sealed.map(waiterBytes);
    const sizeBytes = sizes.reduce((sum, one) => sum + one, 0);
    const fault = this.#refusal(Math.max(...sizes), sizeBytes);
    if (fault !== undefined) return queueMicrotask(() => settle(fault));
    const proposal = {
      ...this.#told,
      drafts: sealed.map((one) =>
        follows === undefined ? { sealed: one } : { sealed: one, follows },
      ),
    };
    this.#queueBytes += sizeBytes;
    this.#queue.push({ proposal, sizeBytes, sinceMs: clock.now(), settle });
    if (!this.#isPublishing) void this.#publishAll();
  }

  /** Where this node stands in the stream. */
  get seq(): number {
    return this.#at.seq;
  }

  get failure(): Fault | undefined {
    return this.#failure;
  }

  /** While followers of the accounts are told of it: whether somebody here waits for the answer. */
  isOwn(seq: number): boolean {
    return this.#own.has(seq);
  }

  /** What this node has on its disk is not what the others have. */
  diverged(sentence: string): void {
    this.#stop(new Fault("cluster-diverged", sentence));
  }

  /** Resolves when the stream was applied up to there; the mirrors hold it then. */
  reached(seq: number): Promise<void> {
    if (this.#at.seq >= seq || this.#failure !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waits.add({ seq, resolve });
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stop of this.#stops.splice(0)) stop();
    await this.#applying;
    this.#refuseAll(closed());
    if (this.#failure === undefined) this.#keep();
  }

  #refusal(longest: number, sizeBytes: number): Fault | undefined {
    if (this.#isClosed) return closed();
    if (this.#failure !== undefined) return this.#failure;
    if (longest > LINE_BYTES_MAX || sizeBytes > CLUSTER_DECISION_BYTES_MAX) {
      return new Fault("too-large", `${sizeBytes} bytes are too much for one message`);
    }
    if (this.#queueBytes + sizeBytes <= CLUSTER_QUEUE_BYTES_MAX) return undefined;
    const sentence = `${this.#queueBytes} bytes wait for the cluster already`;
    return new Fault("too-many", sentence, { retryAfterMs: 1_000 });
  }

  async #start(): Promise<void> {
    const { stream, mirrors } = this.#parts;
    for (const place of PLACES) {
      const head = this.#heads[place];
      if (mirrors[place].head() < head) {
        const sentence = `${place} has ${mirrors[place].head()} records, and had ${head}`;
        throw new Fault("log-corrupt", sentence);
      }
      for await (const record of mirrors[place].read(head - CLUSTER_WINDOW_RECORDS + 1, head)) {
        this.#admission.advance({ draft: draftOf(record), seq: record.head.seq });
      }
    }
    for (const place of PLACES) {
      const mirror = mirrors[place];
      this.#told[place] = mirror.head();
      const told = (record: LogRecord) => {
        this.#told[place] = record.head.seq;
        if (record.head.seq > this.#copied[place]) this.#erase(mirror, record);
      };
      this.#stops.push(await mirror.follow(mirror.head() + 1, told));
    }
    const last = await stream.last();
    if (last < this.#at.seq) {
      const sentence = `the stream ends at ${last}, and this node has applied ${this.#at.seq}`;
      throw new Fault("cluster-diverged", sentence);
    }
    const stop = await stream.follow(
      this.#at.seq + 1,
      (message) => this.#take(message),
      (fault) => this.#stop(fault),
    );
    this.#stops.push(stop);
    await this.reached(last);
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isFilling) throw notWhole();
    for (const place of PLACES) {
      const own = mirrors[place].head();
      if (own <= this.#heads[place]) continue;
      const sentence = `${place} has ${own} records here, and ${this.#heads[place]} in the cluster`;
      throw new Fault("cluster-diverged", sentence);
    }
  }

  /** On each node; who asked for it waits for it besides. A start does what a crash cuts off. */
  #erase(mirror: LogFile, record: LogRecord): void {
    for (const seq of erasuresOf(record)) {
      mirror.erase(seq, record.head.seq).catch((error: unknown) => {
        if (!(error instanceof Fault)) throw error;
      });
    }
  }

  /** One message is under way at a time: what is asked for meanwhile goes with the next. */
  async #publishAll(): Promise<void> {
    this.#isPublishing = true;
    await undefined; // What one tick asks for goes together.
    while (this.#queue.length > 0) {
      const group = this.#nextGroup();
      const id = toBase64Url(this.#parts.entropy(ID_BYTES));
      const proposals = group.map(({ proposal }) => proposal);
      this.#sent.set(id, group);
      await this.#publish(packProposals({ id, proposals }), id, group);
    }
    this.#isPublishing = false;
  }

  #nextGroup(): readonly Waiting[] {
    let sizeBytes = 0;
    let count = 0;
    for (const waiting of this.#queue) {
      sizeBytes += waiting.sizeBytes;
      if (count === CLUSTER_MESSAGE_PROPOSALS_MAX) break;
      if (count > 0 && sizeBytes > CLUSTER_MESSAGE_BYTES_MAX) break;
      count++;
    }
    const group = this.#queue.splice(0, count);
    for (const waiting of group) this.#queueBytes -= waiting.sizeBytes;
    return group;
  }

  async #publish(bytes: Uint8Array, id: string, group: readonly Waiting[]): Promise<void> {
    const { stream, clock } = this.#parts;
    for (;;) {
      try {
        await stream.publish(bytes, id);
        return;
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        if (!this.#sent.has(id)) return; // It has come back: a majority holds it.
        const [oldest] = group;
        const isLate = clock.now() - (oldest?.sinceMs ?? 0) >= CLUSTER_WITHIN_MS;
        if (!isLate && !this.#isClosed) {
          await delay(clock, RETRY_MS / 10);
          continue;
        }
        // It may be recorded still: its callers ask again, and are answered as before.
        this.#sent.delete(id);
        for (const { settle } of group) settle(error);
        return;
      }
    }
  }

  /** @returns what the stream is to wait for before it brings more */
  #take(message: StreamMessage): Promise<void> | undefined {
    if (this.#isClosed || this.#failure !== undefined) return undefined;
    this.#arrived.push(message);
    this.#arrivedBytes += message.bytes.length;
    this.#applying ??= this.#applyAll();
    return this.#arrivedBytes > CLUSTER_ARRIVED_BYTES_MAX ? this.#applying : undefined;
  }

  async #applyAll(): Promise<void> {
    await undefined; // So that it is known to be under way.
    while (this.#arrived.length > 0 && this.#failure === undefined) {
      const messages = this.#arrived.splice(0);
      this.#arrivedBytes = 0;
      const applied = messages.map((message) => this.#judge(message));
      const owed = applied.flatMap(({ outcomes }) =>
        outcomes.flatMap((one) => (typeof one === "string" ? [] : one)),
      );
      const records = await this.#record(owed);
      if (records === undefined) break; // It has stopped.
      this.#at = {
        ...{ ...this.#heads, seq: messages.at(-1)?.seq ?? this.#at.seq },
        ...(this.#isFilling ? { isFilling: true } : {}),
      };
      for (const { end } of applied) if (end !== undefined) await this.#checkEnd(end);
      for (const one of applied) this.#settle(one, records);
      this.#own.clear();
      for (const wait of this.#waits) {
        if (wait.seq > this.#at.seq) continue;
        this.#waits.delete(wait);
        wait.resolve();
      }
      if (this.#at.seq - this.#kept >= KEEP_EVERY) this.#keep();
    }
    this.#applying = undefined; // In the tick in which nothing was left.
  }

  /** What the message means to every node. */
  #judge({ bytes, unixMs }: StreamMessage): Applied {
    let content: StreamContent;
    try {
      content = readStream(bytes, this.#parts.sha256);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      // Of a later version: what it means is not known here, and all that follows rests on it.
      if (error.code === "version-unsupported") this.#stop(error);
      return { id: undefined, outcomes: [] };
    }
    switch (content.kind) {
      case "proposals":
        return this.#judgeProposals(content.message, unixMs);
      case "copied":
        return { id: undefined, outcomes: [this.#copiedOf(content.copied)] };
      case "copy-end":
        return this.#isFilling ? this.#endOf(content.end) : { id: undefined, outcomes: [] };
      default:
        return unreachable(content);
    }
  }

  #judgeProposals({ id, proposals }: ProposalMessage, unixMs: number): Applied {
    const outcomes = proposals.map(({ history, accounts, drafts }) => {
      const proposal = {
        base: { history, accounts },
        drafts: drafts.map(({ sealed: { draft }, follows }) =>
          follows === undefined ? { draft } : { draft, follows },
        ),
      };
      // Who decided that has not seen what is being copied.
      const objection = this.#isFilling ? "too-old" : this.#admission.objection(proposal);
      if (objection !== undefined) return objection;
      return drafts.map(({ sealed }): OwedDraft => {
        const place = placeOf(sealed.draft.kind);
        const seq = ++this.#heads[place];
        this.#admission.advance({ draft: sealed.draft, seq });
        return { place, seq, unixMs, draft: sealed };
      });
    });
    if (this.#sent.has(id)) {
      for (const one of outcomes.flatMap((outcome) => (typeof outcome === "string" ? [] : outcome)))
        if (one.place === "accounts") this.#own.add(one.seq);
    }
    return { id, outcomes };
  }

  /** A copy stands before all that is decided, and what is not its next line is none of it. */
  #copiedOf({ place, lines }: CopiedLines): readonly OwedCopy[] {
    const isFirst = this.#heads.history + this.#heads.accounts === 0;
    if (!(this.#isFilling || isFirst)) return [];
    const [first] = lines;
    if (first?.record.head.seq !== this.#heads[place] + 1) return [];
    this.#isFilling = true;
    return lines.map((line) => {
      const seq = ++this.#heads[place];
      this.#copied[place] = seq;
      this.#admission.advance({ draft: draftOf(line.record), seq });
      return { place, seq, line };
    });
  }

  #endOf(end: CopyEnd): Applied {
    this.#isFilling = false;
    return { id: undefined, outcomes: [], end };
  }

  async #checkEnd(end: CopyEnd): Promise<void> {
    const { mirrors, sha256 } = this.#parts;
    for (const place of PLACES) {
      const { size, root } = end[place];
      const isSame =
        size === this.#copied[place] &&
        equalBytes(await new LogProofs(mirrors[place], sha256).root(size), root);
      if (!isSame) this.diverged(`${place} was not copied as it was`);
    }
  }

  /** @returns the records, by place and seq; undefined: this node has stopped */
  async #record(owed: readonly Owed[]): Promise<ReadonlyMap<Owed, LogRecord> | undefined> {
    const records = new Map<Owed, LogRecord>();
    const { mirrors, clock } = this.#parts;
    try {
      for (const place of PLACES) {
        const here = owed.filter((one) => one.place === place && one.seq <= mirrors[place].head());
        await this.#compare(place, here, records);
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#stop(error);
      return undefined;
    }
    for (;;) {
      const reasons: unknown[] = [];
      for (const place of PLACES) {
        const missing = owed.filter(
          (one) => one.place === place && one.seq > mirrors[place].head(),
        );
        const outcomes = await Promise.allSettled(
          missing.map(async (one) => {
            const mirror = mirrors[place];
            records.set(
              one,
              await ("line" in one ? mirror.appendCopied(one.line) : decided(mirror, one)),
            );
          }),
        );
        reasons.push(...outcomes.flatMap((one) => (one.status === "rejected" ? [one.reason] : [])));
        if (reasons.length > 0) break;
      }
      if (reasons.length === 0) return records;
      const faults = reasons.map((reason: unknown) => faultOf(reason));
      // Those behind one that did not fit stand at no place of theirs.
      const isFull = faults.some(({ code }) => code === "store-full");
      if (!isFull || this.#isClosed) {
        this.#stop(faults[0] ?? closed());
        return undefined;
      }
      await delay(clock, RETRY_MS); // The disk is full: what is decided waits for space.
    }
  }

  /** What a crash left in the log before the position was kept has to be what the stream says. */
  async #compare(
    place: Place,
    owed: readonly Owed[],
    records: Map<Owed, LogRecord>,
  ): Promise<void> {
    const [first] = owed;
    const last = owed.at(-1);
    if (first === undefined || last === undefined) return;
    let at = 0;
    for await (const record of this.#parts.mirrors[place].read(first.seq, last.seq)) {
      const one = owed[at++];
      assert(one !== undefined, "as many records as were asked for");
      if (!isSame(record, one)) {
        const sentence = `${place} has another record ${one.seq} than the cluster`;
        throw new Fault("cluster-diverged", sentence);
      }
      records.set(one, record);
    }
  }

  #settle({ id, outcomes }: Applied, records: ReadonlyMap<Owed, LogRecord>): void {
    const group = id === undefined ? undefined : this.#sent.get(id);
    if (id === undefined || group === undefined) return;
    this.#sent.delete(id);
    for (const [at, { settle }] of group.entries()) {
      const outcome = outcomes[at];
      if (outcome === undefined || typeof outcome === "string") {
        settle(new Fault("log-conflict", `the decision does not hold any more: ${outcome}`));
        continue;
      }
      const last = outcome.at(-1);
      const record = last === undefined ? undefined : records.get(last);
      assert(record !== undefined, "what is settled is recorded");
      settle(record);
    }
  }

  #keep(): void {
    this.#kept = this.#at.seq;
    this.#parts.keep(this.#at);
  }

  /** From here on this node knows no more what the others do. */
  #stop(fault: Fault): void {
    if (this.#failure !== undefined || this.#isClosed) return;
    this.#failure = fault;
    for (const stop of this.#stops.splice(0)) stop();
    this.#refuseAll(fault);
    for (const { resolve } of this.#waits) resolve();
    this.#waits.clear();
    this.#parts.onStopped(fault);
  }

  #refuseAll(fault: Fault): void {
    const waiting = [...this.#sent.values(), this.#queue].flat();
    this.#sent.clear();
    this.#queue = [];
    this.#queueBytes = 0;
    for (const { settle } of waiting) settle(fault);
  }
}

function decided(mirror: LogFile, { draft, seq, unixMs }: OwedDraft): Promise<LogRecord> {
  return mirror.appendDecided(draft, { seq, unixMs });
}

function isSame({ head, headBytes }: LogRecord, owed: Owed): boolean {
  if ("line" in owed) return equalBytes(headBytes, owed.line.record.headBytes);
  const { draft, commit } = owed.draft;
  return (
    head.commit === commit &&
    head.kind === draft.kind &&
    head.room === draft.room &&
    head.by === draft.by &&
    head.id === draft.id
  );
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

/** As it was before it had a place; of an erased one, without its body. */
function draftOf(record: LogRecord): Draft {
  const { kind, room, by, id } = record.head;
  return { kind, room, by, id, body: parseBody(record) };
}
