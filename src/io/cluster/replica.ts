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
  CLUSTER_START_WITHIN_MS,
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
  packRestored,
  type RestoredRecord,
  readStream,
  type SealedProposal,
  type StreamContent,
} from "../../core/cluster/messages.ts";
import { erasuresOf, replacesPassword } from "../../core/rooms/erasures.ts";
import {
  type CopiedLine,
  type Draft,
  type LogRecord,
  parseBody,
  type RecordKind,
  SALT_BYTES,
  sealDraft,
} from "../../wire/record.ts";
import { type Clock, delay } from "../clock.ts";
import type { Entropy } from "../entropy.ts";
import { waiterBytes } from "../log/batch.ts";
import type { AppendAllOptions } from "../log/log.ts";
import type { LogFile } from "../log/log-file.ts";
import { LogProofs } from "../log/proofs.ts";
import { KEEP_EVERY, lastCommon, NOWHERE, type Position, withPosition } from "./position.ts";
import { eraseReplaced, nextLost } from "./restoration.ts";
import type { Stored, Stream, StreamMessage } from "./stream.ts";
import { markOf, StreamReader } from "./stream-reader.ts";

export interface ReplicaParts {
  readonly stream: Stream;
  /** This node's own copies of the two logs. */
  readonly mirrors: Readonly<Record<Place, LogFile>>;
  /** Where this node kept its place, oldest first; left out: it reads from the beginning. */
  readonly positions?: readonly Position[];
  /** Kept from time to time: what was applied since is compared with the stream at the start. */
  readonly keep: (positions: readonly Position[]) => void;
  /** What the other nodes say that answer at the moment; left out: there are none. */
  readonly others?: () => Promise<readonly OtherNode[]>;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly sha256: Sha256;
  /** This node does not follow the stream any more: it reads on, and writes nothing. */
  readonly onStopped: (fault: Fault) => void;
}

/** How far another node is. */
export interface OtherNode {
  /** Records on its disk. */
  readonly heads: Readonly<Record<Place, number>>;
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

/** What was published, and has not come back. */
interface Sent {
  readonly group: readonly Waiting[];
  /** Where the stream has stored it, as far as it said. */
  seq?: number;
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
  #admission = new Admission();
  /** How long each log is by the stream, with what is owed. */
  #heads: Readonly<Record<Place, number>>;
  /** Up to where the folds of this node have heard of each: what its decisions have seen. */
  readonly #told: Record<Place, number> = { history: 0, accounts: 0 };
  /** Up to where each was copied: what those records order is done in the copy. */
  #copied: Record<Place, number> = { history: 0, accounts: 0 };
  #isFilling = false;
  readonly #stops: (() => void)[] = [];
  /** As it is on the disk. */
  #at: Position;
  /** The last message that is. */
  #last: StreamMessage | undefined;
  #positions: readonly Position[];
  #reader: StreamReader | undefined;
  #rewinding: Promise<void> | undefined;
  #restoring: Promise<void> | undefined;
  /** Of records that this node has, in a window that cannot tell all that they changed. */
  #commits: ReadonlyMap<number, string> | undefined;
  /** Times at which the stream was silent: until the others were asked, nothing is published. */
  #doubts = 0;
  #cleared = 0;
  /** Bounded by CLUSTER_QUEUE_BYTES_MAX. */
  #queue: Waiting[] = [];
  #queueBytes = 0;
  /** Published, by the id of its message; bounded by one in flight. */
  readonly #sent = new Map<string, Sent>();
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
    this.#parts = parts;
    this.#positions = parts.positions ?? [];
    this.#at = this.#positions.at(-1) ?? NOWHERE;
    this.#heads = this.#at;
  }

  /**
   * Follows the stream, and resolves when all that was in it is applied.
   * @throws Fault no-majority, log-conflict (it is being filled), log-corrupt, cluster-diverged,
   *   store-…
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

  /** How long both logs were there: more may be on its disk already. */
  get applied(): Readonly<Record<Place, number>> {
    const { history, accounts } = this.#at;
    return { history, accounts };
  }

  /** Its disk holds records which the stream has lost: it gives them back before all else. */
  get isRestoring(): boolean {
    return this.#rewinding !== undefined || this.#isAhead();
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

  /**
   * Resolves when the stream was applied up to there; the mirrors hold it then. Or when nobody can
   * say when that will be: it is not followed any more, or has lost what was read of it. Or after
   * so long: a full disk takes nothing for hours.
   */
  reached(seq: number, withinMs?: number): Promise<void> {
    if (this.#at.seq >= seq || this.#failure !== undefined || this.#isClosed) {
      return Promise.resolve();
    }
    this.#reader?.stored(seq);
    return new Promise((resolve) => {
      let cancel = () => {};
      const wait = {
        seq,
        resolve: () => {
          cancel();
          resolve();
        },
      };
      this.#waits.add(wait);
      if (withinMs === undefined) return;
      cancel = this.#parts.clock.after(withinMs, () => {
        this.#waits.delete(wait);
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#endReading();
    await this.#applying;
    this.#refuseAll(closed());
    if (this.#failure === undefined && this.#rewinding === undefined) this.#keep();
  }

  #endReading(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#reader?.end();
    this.#wakeAll();
  }

  /** @param last all who wait for more than this */
  #wakeAll(last = 0): void {
    for (const wait of this.#waits) {
      if (wait.seq <= last) continue;
      this.#waits.delete(wait);
      wait.resolve();
    }
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
      const mirror = mirrors[place];
      if (mirror.head() < this.#at[place]) {
        const sentence = `${place} has ${mirror.head()} records, and had ${this.#at[place]}`;
        throw new Fault("log-corrupt", sentence);
      }
      this.#told[place] = mirror.head();
      const told = (record: LogRecord) => {
        this.#told[place] = record.head.seq;
        if (record.head.seq > this.#copied[place]) this.#erase(mirror, record);
      };
      this.#stops.push(await mirror.follow(mirror.head() + 1, told));
    }
    this.#doubt();
    const until = this.#parts.clock.now() + CLUSTER_START_WITHIN_MS;
    const last = await this.#untilAnswered(until, () => stream.last());
    await this.#untilAnswered(until, () => this.#readOn());
    await this.reached(last);
    await this.#restoring;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isFilling) throw notWhole();
  }

  /** Those who choose a leader are asked again. @throws Fault no-majority: not within this time */
  async #untilAnswered<Result>(until: number, ask: () => Promise<Result>): Promise<Result> {
    const { clock } = this.#parts;
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        const fault = faultOf(error);
        if (fault.code !== "no-majority" || clock.now() >= until) throw fault;
        await delay(clock, RETRY_MS / 4);
      }
    }
  }

  /** From the last place on at which the stream still is what this node has applied. */
  async #readOn(): Promise<void> {
    const { stream, clock, sha256 } = this.#parts;
    const at = await lastCommon(this.#positions, this.#parts);
    await this.#rebuild(at);
    if (this.#isClosed || this.#failure !== undefined) return;
    this.#positions = this.#positions.filter(({ seq }) => seq <= at.seq);
    this.#at = at;
    this.#last = undefined;
    this.#reader = new StreamReader({
      ...{ stream, clock, sha256, after: at },
      earlier: this.#positions.filter(({ seq }) => seq < at.seq),
      onMessage: (message) => this.#take(message),
      onRewound: () => this.#rewind(),
      onGone: (seq) =>
        this.#stop(new Fault("cluster-diverged", `the stream has lost its message ${seq}`)),
      onShort: (last) => {
        this.#forgetSent((seq) => seq > last);
        this.#wakeAll(last);
      },
      onSilent: () => this.#doubt(),
    });
    if (!this.#isAhead()) return;
    this.#restoring ??= this.#restore().finally(() => {
      this.#restoring = undefined;
    });
  }

  /** What is known of the last records, as it was there. */
  async #rebuild(at: Position): Promise<void> {
    const { mirrors } = this.#parts;
    const admission = new Admission();
    let isBlind = false;
    for (const place of PLACES) {
      const head = at[place];
      for await (const record of mirrors[place].read(head - CLUSTER_WINDOW_RECORDS + 1, head)) {
        admission.advance({ draft: draftOf(record), seq: record.head.seq });
        isBlind ||= record.erased !== undefined && record.head.kind === "edit";
      }
    }
    const commits = new Map<number, string>();
    if (isBlind) {
      for await (const { head } of mirrors.history.heads(at.history + 1, mirrors.history.head())) {
        commits.set(head.seq, head.commit);
      }
    }
    this.#commits = isBlind ? commits : undefined;
    this.#admission = admission;
    this.#heads = { history: at.history, accounts: at.accounts };
    this.#isFilling = at.isFilling === true;
    this.#copied = this.#isFilling ? { ...this.#heads } : { history: 0, accounts: 0 };
  }

  /** Whether this node has records which the stream, as far as it was read, has not. */
  #isAhead(): boolean {
    return PLACES.some((place) => this.#parts.mirrors[place].head() > this.#heads[place]);
  }

  /** The stream has lost what was read of it: after a power loss of its machines, or made anew. */
  #rewind(): void {
    if (this.#rewinding !== undefined || this.#isClosed || this.#failure !== undefined) return;
    this.#reader?.end();
    this.#rewinding = this.#readAgain().finally(() => {
      this.#rewinding = undefined;
    });
  }

  async #readAgain(): Promise<void> {
    this.#doubt();
    await this.#applying;
    this.#forgetSent(() => true);
    this.#wakeAll();
    try {
      await this.#untilAnswered(Number.POSITIVE_INFINITY, async () => {
        if (!this.#isClosed && this.#failure === undefined) await this.#readOn();
      });
    } catch (error) {
      this.#stop(faultOf(error));
    }
  }

  /**
   * Gives the stream back what it has lost of what is on this disk. Several nodes may do so at
   * once: each passes over what it has.
   */
  async #restore(): Promise<void> {
    const { stream, clock, mirrors, entropy } = this.#parts;
    while (!this.#isClosed && this.#failure === undefined) {
      try {
        await this.reached(await stream.last());
        await this.#rewinding;
        if (!this.#isAhead() || this.#isFilling) return;
        if (this.#at.seq < (await stream.last())) continue;
        const records = await nextLost(mirrors, this.#heads);
        if (records.length === 0) continue; // It has come meanwhile.
        const id = toBase64Url(entropy(ID_BYTES));
        const { seq } = await stream.publish(packRestored(id, records), id);
        this.#reader?.stored(seq);
        await this.reached(seq);
      } catch (error) {
        const fault = faultOf(error);
        if (fault.code !== "no-majority") return this.#stop(fault);
        await delay(clock, RETRY_MS / 4);
      }
    }
  }

  /**
   * The machines of the stream may have lost power: what another node has of it, and this one has
   * not, must come back before this one says anything in its place.
   */
  #doubt(): void {
    if (this.#parts.others === undefined) return;
    this.#doubts++;
    if (this.#doubts - this.#cleared === 1) void this.#askOthers();
  }

  #isBehind({ heads }: OtherNode): boolean {
    return PLACES.some((place) => heads[place] > this.#parts.mirrors[place].head());
  }

  async #askOthers(): Promise<void> {
    const { stream, clock, others } = this.#parts;
    while (this.#cleared < this.#doubts && !this.#isClosed && this.#failure === undefined) {
      try {
        await stream.last(); // Whoever is asked before it answers is as cut off as this one.
        const asked = this.#doubts;
        const found = (await others?.()) ?? [];
        // What they had then, and the stream has, is here by now.
        await this.reached(await stream.last());
        if (!found.some((other) => this.#isBehind(other))) this.#cleared = asked;
      } catch (error) {
        faultOf(error);
      }
      if (this.#cleared < this.#doubts) await delay(clock, RETRY_MS / 4);
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

  #eraseReplaced(owed: readonly Owed[]): void {
    const blank = owed.flatMap((one) => (isBlankPassword(one, this.#copied) ? [one.seq] : []));
    if (blank.length === 0) return;
    eraseReplaced(this.#parts.mirrors.accounts, new Set(blank)).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
    });
  }

  /** One message is under way at a time: what is asked for meanwhile goes with the next. */
  async #publishAll(): Promise<void> {
    this.#isPublishing = true;
    await undefined; // What one tick asks for goes together.
    while (this.#queue.length > 0) {
      const group = this.#nextGroup();
      const id = toBase64Url(this.#parts.entropy(ID_BYTES));
      const proposals = group.map(({ proposal }) => proposal);
      this.#sent.set(id, { group });
      await this.#publish(packProposals({ id, proposals }), id, group);
    }
    this.#isPublishing = false;
  }

  /** Whether what is said now would stand where others have something else. */
  #mustWait(): boolean {
    return this.isRestoring || this.#cleared < this.#doubts;
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
    let fault = new Fault("no-majority", "the servers of the cluster look for what NATS has lost", {
      retryAfterMs: 1_000,
    });
    for (;;) {
      const sent = this.#sent.get(id);
      if (sent === undefined) return; // It has come back: a majority holds it.
      try {
        if (!this.#mustWait()) return this.#stored(sent, await stream.publish(bytes, id), id);
      } catch (error) {
        fault = faultOf(error);
        this.#doubt();
        if (!this.#sent.has(id)) return;
      }
      const [oldest] = group;
      const isLate = clock.now() - (oldest?.sinceMs ?? 0) >= CLUSTER_WITHIN_MS;
      if (isLate || this.#isClosed) {
        // It may be recorded still: its callers ask again, and are answered as before.
        this.#sent.delete(id);
        for (const { settle } of group) settle(fault);
        return;
      }
      await delay(clock, RETRY_MS / 10);
    }
  }

  #stored(sent: Sent, { seq, isRepeat }: Stored, id: string): void {
    this.#reader?.stored(seq);
    if (!this.#sent.has(id)) return;
    sent.seq = seq;
    if (seq > this.#at.seq) return;
    // Where it was stored something else was read.
    if (isRepeat) this.#forgetSent((one) => one <= this.#at.seq);
    else this.#rewind();
  }

  /** What was acknowledged, and will not come back: the stream has lost it. */
  #forgetSent(isLost: (seq: number) => boolean): void {
    for (const [id, { group, seq }] of this.#sent) {
      if (seq === undefined || !isLost(seq)) continue;
      this.#sent.delete(id);
      const sentence = "NATS has lost what it had acknowledged";
      const fault = new Fault("no-majority", sentence, { retryAfterMs: 1_000 });
      for (const { settle } of group) settle(fault);
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
      this.#last = messages.at(-1);
      this.#at = {
        ...{ ...this.#heads, seq: this.#last?.seq ?? this.#at.seq },
        ...(this.#isFilling ? { isFilling: true } : {}),
      };
      this.#eraseReplaced(owed);
      for (const { end } of applied) if (end !== undefined) await this.#checkEnd(end);
      for (const one of applied) this.#settle(one, records);
      this.#own.clear();
      this.#forgetSent((seq) => seq <= this.#at.seq);
      for (const wait of this.#waits) {
        if (wait.seq > this.#at.seq) continue;
        this.#waits.delete(wait);
        wait.resolve();
      }
      if (this.#at.seq - (this.#positions.at(-1)?.seq ?? 0) >= KEEP_EVERY) this.#keep();
    }
    this.#applying = undefined; // In the tick in which nothing was left.
  }

  /** What the message means to every node. */
  #judge({ bytes, unixMs }: StreamMessage): Applied {
    let content: StreamContent;
    try {
      content = readStream(bytes, this.#parts.sha256);
    } catch (error) {
      // Of a later version: what it means is not known here, and all that follows rests on it.
      if (faultOf(error).code === "version-unsupported") this.#stop(faultOf(error));
      return { id: undefined, outcomes: [] };
    }
    switch (content.kind) {
      case "proposals":
        return this.#judgeProposals(content.message, unixMs);
      case "copied":
        return { id: undefined, outcomes: [this.#copiedOf(content.copied)] };
      case "copy-end":
        return this.#isFilling ? this.#endOf(content.end) : { id: undefined, outcomes: [] };
      case "restored":
        return { id: undefined, outcomes: [content.records.flatMap((one) => this.#takeBack(one))] };
      default:
        return unreachable(content);
    }
  }

  #judgeProposals({ id, proposals }: ProposalMessage, unixMs: number): Applied {
    const outcomes = proposals.map((proposal) => {
      // Who decided that has not seen what is being copied.
      const objection = this.#isFilling ? "too-old" : this.#objection(proposal);
      if (objection !== undefined) return objection;
      return proposal.drafts.map(({ sealed }) => this.#owe({ unixMs, draft: sealed }));
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
      const seq = this.#advance(place, draftOf(line.record));
      this.#copied[place] = seq;
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

  #objection({ history, accounts, drafts }: SealedProposal): Objection | undefined {
    const objection = this.#admission.objection({
      base: { history, accounts },
      drafts: drafts.map(({ sealed: { draft }, follows }) =>
        follows === undefined ? { draft } : { draft, follows },
      ),
    });
    if (objection !== undefined || this.#commits === undefined) return objection;
    // What an edit was about went with its words: but what became of this decision is known.
    const [first] = drafts;
    const found = this.#commits.get(this.#heads.history + 1);
    const isOther = found !== undefined && found !== first?.sealed.commit;
    return isOther && isOfRecord(first?.sealed.draft.kind) ? "changed" : undefined;
  }

  #owe(one: Omit<OwedDraft, "place" | "seq">): OwedDraft {
    const { draft } = one.draft;
    const place = placeOf(draft.kind);
    return { ...one, place, seq: this.#advance(place, draft) };
  }

  /** @returns its place in the log */
  #advance(place: Place, draft: Draft): number {
    const seq = this.#heads[place] + 1;
    this.#heads = { ...this.#heads, [place]: seq };
    this.#admission.advance({ draft, seq });
    return seq;
  }

  /** What the stream had lost; nothing where it is known. */
  #takeBack(restored: RestoredRecord): Owed[] {
    const { seq, kind } =
      "line" in restored
        ? restored.line.record.head
        : { seq: restored.seq, kind: restored.sealed.draft.kind };
    const place = placeOf(kind);
    if (this.#isFilling || seq !== this.#heads[place] + 1) return [];
    if ("sealed" in restored) {
      return [this.#owe({ unixMs: restored.time, draft: restored.sealed })];
    }
    const { line } = restored;
    return [{ place, seq: this.#advance(place, draftOf(line.record)), line }];
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
    const group = id === undefined ? undefined : this.#sent.get(id)?.group;
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
    const { sha256, keep } = this.#parts;
    if (this.#last !== undefined) this.#at = { ...this.#at, mark: markOf(this.#last, sha256) };
    this.#positions = withPosition(this.#positions, this.#at);
    keep(this.#positions);
  }

  /** From here on this node knows no more what the others do. */
  #stop(fault: Fault): void {
    if (this.#failure !== undefined || this.#isClosed) return;
    this.#failure = fault;
    this.#endReading();
    this.#refuseAll(fault);
    this.#parts.onStopped(fault);
  }

  #refuseAll(fault: Fault): void {
    const waiting = [...[...this.#sent.values()].map(({ group }) => group), this.#queue].flat();
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

/** One that came back without what it was to erase: in a copy that is blank, too. */
function isBlankPassword(owed: Owed, copied: Readonly<Record<Place, number>>): boolean {
  if (!("line" in owed) || owed.seq <= copied[owed.place]) return false;
  const { record } = owed.line;
  return record.erased !== undefined && replacesPassword(record.head.kind);
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

/** Whether what it changes is another record. */
function isOfRecord(kind: RecordKind | undefined): boolean {
  return kind === "edit" || kind === "erase";
}

function closed(): Fault {
  return new Fault("shutting-down", "the log is closed");
}

/** As it was before it had a place; of an erased one, without its body. */
function draftOf(record: LogRecord): Draft {
  const { kind, room, by, id } = record.head;
  return { kind, room, by, id, body: parseBody(record) };
}
