/** Publishes decisions and matches them with the messages of the stream. */

import { assert } from "../../base/assert.ts";
import { toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { LINE_BYTES_MAX } from "../../base/limits.ts";
import {
  CLUSTER_DECISION_BYTES_MAX,
  CLUSTER_MAJORITY_TIMEOUT_MS,
  CLUSTER_MESSAGE_BYTES_MAX,
  CLUSTER_MESSAGE_PROPOSALS_MAX,
} from "../../base/limits-cluster.ts";
import { packProposals, type SealedProposal } from "../../core/cluster/messages.ts";
import type { LogRecord } from "../../wire/record.ts";
import { type Clock, delay } from "../clock.ts";
import type { Entropy } from "../entropy.ts";
import { appendBytes } from "../log/batch.ts";
import type { Settle } from "../log/log.ts";
import { type Applied, isObjection, type Owed } from "./judge.ts";
import type { Stored, Stream } from "./stream.ts";

/** Bytes queued for the stream; above it the cluster is slower than its writers and reports it. */
const CLUSTER_QUEUE_BYTES_MAX = 32 * 1024 * 1024;

export interface PublisherParts {
  readonly stream: Pick<Stream, "publish">;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly isClosed: () => boolean;
  /** Reports whether a decision published now could take the seq of another one. */
  readonly mustWait: () => boolean;
  /** Position up to which the stream was applied. */
  readonly applied: () => number;
  /** The stream holds `seq` messages. */
  readonly onStored: (seq: number) => void;
  readonly onSilent: () => void;
  /** It was stored at a position where something else was read. */
  readonly onRewound: () => void;
}

/** A queued decision. */
interface Waiting {
  readonly proposal: SealedProposal;
  readonly sizeBytes: number;
  readonly sinceMs: number;
  readonly settle: Settle;
}

/** A decision that was published and not yet received back. */
interface Sent {
  readonly group: readonly Waiting[];
  /** Seq in the stream, if acknowledged. */
  seq?: number;
}

/** Interval of retries while the stream accepts nothing. */
const RETRY_MS = 100;
const ID_BYTES = 12;

/** Decisions of this node, until they are received back from the stream. */
export class Publisher {
  readonly #parts: PublisherParts;
  /** Bounded by CLUSTER_QUEUE_BYTES_MAX. */
  #queue: Waiting[] = [];
  #queueBytes = 0;
  /** Published decisions by message id; bounded by one in flight. */
  readonly #sent = new Map<string, Sent>();
  #isPublishing = false;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** @returns why it is refused */
  propose(proposal: SealedProposal, settle: Settle): Fault | undefined {
    const sizes = proposal.drafts.map(({ sealed }) => appendBytes(sealed));
    const sizeBytes = sizes.reduce((sum, one) => sum + one, 0);
    const fault = this.#refusal(Math.max(...sizes), sizeBytes);
    if (fault !== undefined) return fault;
    this.#queueBytes += sizeBytes;
    this.#queue.push({ proposal, sizeBytes, sinceMs: this.#parts.clock.now(), settle });
    if (!this.#isPublishing) void this.#publishAll();
    return undefined;
  }

  #refusal(longest: number, sizeBytes: number): Fault | undefined {
    if (longest > LINE_BYTES_MAX || sizeBytes > CLUSTER_DECISION_BYTES_MAX) {
      return new Fault("too-large", `${sizeBytes} bytes are too much for one message`);
    }
    if (this.#queueBytes + sizeBytes <= CLUSTER_QUEUE_BYTES_MAX) return undefined;
    const sentence = `${this.#queueBytes} bytes wait for the cluster already`;
    return new Fault("too-many", sentence, { retryAfterMs: 1_000 });
  }

  /** Reports whether a caller here waits for the outcome of the message. */
  awaits(id: string | undefined): boolean {
    return id !== undefined && this.#sent.has(id);
  }

  /** Publishes one message at a time; decisions made meanwhile go into the next. */
  async #publishAll(): Promise<void> {
    this.#isPublishing = true;
    await undefined; // Decisions of one tick go together.
    while (this.#queue.length > 0) {
      const group = this.#nextGroup();
      const id = toBase64Url(this.#parts.entropy(ID_BYTES));
      const proposals = group.map(({ proposal }) => proposal);
      this.#sent.set(id, { group });
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
    const { stream, clock, isClosed, mustWait, onSilent } = this.#parts;
    let fault = new Fault(
      "no-majority",
      "the server's cluster has no majority: it records nothing now",
      {
        retryAfterMs: 1_000,
      },
    );
    for (;;) {
      const sent = this.#sent.get(id);
      if (sent === undefined) return; // It was received back: a majority holds it.
      try {
        if (!mustWait()) return this.#stored(sent, await stream.publish(bytes, id), id);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        fault = error;
        onSilent();
        if (!this.#sent.has(id)) return;
      }
      const [oldest] = group;
      const isLate = clock.now() - (oldest?.sinceMs ?? 0) >= CLUSTER_MAJORITY_TIMEOUT_MS;
      if (isLate || isClosed()) {
        // It may still be recorded: its callers retry, and get the earlier outcome.
        this.#sent.delete(id);
        for (const { settle } of group) settle(fault);
        return;
      }
      await delay(clock, RETRY_MS);
    }
  }

  #stored(sent: Sent, { seq, isRepeat }: Stored, id: string): void {
    const { applied, onStored, onRewound } = this.#parts;
    onStored(seq);
    if (!this.#sent.has(id)) return;
    sent.seq = seq;
    if (seq > applied()) return;
    // Something else was read at that position.
    if (isRepeat) this.forget((one) => one <= applied());
    else onRewound();
  }

  /** Drops what was acknowledged and then lost by the stream. */
  forget(isLost: (seq: number) => boolean): void {
    for (const [id, { group, seq }] of this.#sent) {
      if (seq === undefined || !isLost(seq)) continue;
      this.#sent.delete(id);
      const sentence = "NATS has lost what it had acknowledged";
      const fault = new Fault("no-majority", sentence, { retryAfterMs: 1_000 });
      for (const { settle } of group) settle(fault);
    }
  }

  /** Reports the outcomes: the message was received, and its records are on this node's disk. */
  settle({ id, outcomes }: Applied, records: ReadonlyMap<Owed, LogRecord>): void {
    const group = id === undefined ? undefined : this.#sent.get(id)?.group;
    if (id === undefined || group === undefined) return;
    this.#sent.delete(id);
    for (const [at, { settle }] of group.entries()) {
      const outcome = outcomes[at];
      if (outcome === undefined || isObjection(outcome)) {
        settle(new Fault("log-conflict", `the decision does not hold any more: ${outcome}`));
        continue;
      }
      const last = outcome.at(-1);
      const record = last === undefined ? undefined : records.get(last);
      assert(record !== undefined, "what is settled is recorded");
      settle(record);
    }
  }

  refuseAll(fault: Fault): void {
    const waiting = [...[...this.#sent.values()].map(({ group }) => group), this.#queue].flat();
    this.#sent.clear();
    this.#queue = [];
    this.#queueBytes = 0;
    for (const { settle } of waiting) settle(fault);
  }
}
