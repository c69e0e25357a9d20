/** Publishes decisions and matches them with the messages in the stream. */

import { assert } from "../../base/assert.ts";
import { toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
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
import { isObjection, type MessageEffect, type PendingRecord } from "./interpreter.ts";
import type { Stored, Stream } from "./stream.ts";

const CLUSTER_QUEUE_BYTES_MAX = 32 * 1024 * 1024;

export interface PublisherOptions {
  readonly stream: Pick<Stream, "id" | "publish">;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly sha256: Sha256;
  readonly isClosed: () => boolean;
  readonly isBlocked: () => boolean;
  readonly applied: () => number;
  readonly onStored: (seq: number) => void;
  readonly onNoAnswer: () => void;
  readonly onRewound: () => void;
}

interface QueuedProposal {
  readonly proposal: SealedProposal;
  readonly sizeBytes: number;
  readonly sinceMs: number;
  readonly settle: Settle;
}

interface PublishedMessage {
  readonly group: readonly QueuedProposal[];
  seq?: number;
}

const RETRY_MS = 20;
const PUBLISHER_ID_BYTES = 12;

export class Publisher {
  #queue: QueuedProposal[] = [];
  #queueBytes = 0;
  readonly #published = new Map<string, PublishedMessage>();
  #isPublishing = false;

  constructor(private readonly options: PublisherOptions) {}

  propose(proposal: SealedProposal, settle: Settle): Fault | undefined {
    const sizes = proposal.drafts.map(({ sealed }) => appendBytes(sealed));
    const sizeBytes = sizes.reduce((sum, size) => sum + size, 0);
    const fault = this.#refusal(Math.max(...sizes), sizeBytes);
    if (fault !== undefined) return fault;
    this.#queueBytes += sizeBytes;
    this.#queue.push({ proposal, sizeBytes, sinceMs: this.options.clock.now(), settle });
    if (!this.#isPublishing) void this.#publishAll();
    return undefined;
  }

  #refusal(longest: number, sizeBytes: number): Fault | undefined {
    if (longest > LINE_BYTES_MAX || sizeBytes > CLUSTER_DECISION_BYTES_MAX) {
      return new Fault("too-large", `too large for one message: ${sizeBytes} bytes`);
    }
    if (this.#queueBytes + sizeBytes <= CLUSTER_QUEUE_BYTES_MAX) return undefined;
    const message = `cluster is too slow: ${this.#queueBytes} bytes queued`;
    return new Fault("too-many", message, { retryAfterMs: 1_000 });
  }

  isOwn(id: string | undefined): boolean {
    return id !== undefined && this.#published.has(id);
  }

  async #publishAll(): Promise<void> {
    const { stream, sha256 } = this.options;
    this.#isPublishing = true;
    await undefined;
    while (this.#queue.length > 0) {
      const group = this.#nextGroup();
      const id = toBase64Url(this.options.entropy(PUBLISHER_ID_BYTES));
      const proposals = group.map(({ proposal }) => proposal);
      this.#published.set(id, { group });
      const scope = { id: stream.id, sha256 };
      await this.#publish(packProposals({ id, proposals }, scope), id, group);
    }
    this.#isPublishing = false;
  }

  #nextGroup(): readonly QueuedProposal[] {
    let sizeBytes = 0;
    let count = 0;
    for (const queued of this.#queue) {
      sizeBytes += queued.sizeBytes;
      if (count === CLUSTER_MESSAGE_PROPOSALS_MAX) break;
      if (count > 0 && sizeBytes > CLUSTER_MESSAGE_BYTES_MAX) break;
      count++;
    }
    const group = this.#queue.splice(0, count);
    for (const queued of group) this.#queueBytes -= queued.sizeBytes;
    return group;
  }

  async #publish(bytes: Uint8Array, id: string, group: readonly QueuedProposal[]): Promise<void> {
    const { stream, clock, isClosed, isBlocked, onNoAnswer } = this.options;
    let fault = new Fault(
      "no-majority",
      "the server's cluster has no majority and cannot record anything",
      { retryAfterMs: 1_000 },
    );
    for (;;) {
      const sent = this.#published.get(id);
      // The message was already read from the stream, so a majority has stored it.
      if (sent === undefined) return;
      try {
        if (!isBlocked()) return this.#stored(sent, await stream.publish(bytes, id), id);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        fault = error;
        onNoAnswer();
        if (!this.#published.has(id)) return;
      }
      const [oldest] = group;
      const isLate = clock.now() - (oldest?.sinceMs ?? 0) >= CLUSTER_MAJORITY_TIMEOUT_MS;
      if (isLate || isClosed()) {
        // The message may still be stored. The caller retries to learn its outcome.
        this.#published.delete(id);
        for (const { settle } of group) settle(fault);
        return;
      }
      await delay(clock, RETRY_MS);
    }
  }

  #stored(sent: PublishedMessage, { seq, isRepeat: isDuplicate }: Stored, id: string): void {
    const { applied, onStored, onRewound } = this.options;
    onStored(seq);
    if (!this.#published.has(id)) return;
    sent.seq = seq;
    if (seq > applied()) return;
    if (isDuplicate) this.failLost((seq) => seq <= applied());
    else onRewound();
  }

  failLost(isLost: (seq: number) => boolean): void {
    for (const [id, { group, seq }] of this.#published) {
      if (seq === undefined || !isLost(seq)) continue;
      this.#published.delete(id);
      const message = "NATS lost acknowledged messages";
      const fault = new Fault("no-majority", message, { retryAfterMs: 1_000 });
      for (const { settle } of group) settle(fault);
    }
  }

  settle({ id, outcomes }: MessageEffect, records: ReadonlyMap<PendingRecord, LogRecord>): void {
    const group = id === undefined ? undefined : this.#published.get(id)?.group;
    if (id === undefined || group === undefined) return;
    this.#published.delete(id);
    for (const [at, { settle }] of group.entries()) {
      const outcome = outcomes[at];
      if (outcome === undefined || isObjection(outcome)) {
        settle(new Fault("log-conflict", `superseded by a concurrent change: ${outcome}`));
        continue;
      }
      const last = outcome.at(-1);
      const record = last === undefined ? undefined : records.get(last);
      assert(record !== undefined, "a settled decision has been recorded");
      settle(record);
    }
  }

  refuseAll(fault: Fault): void {
    const queued = [...[...this.#published.values()].map(({ group }) => group), this.#queue].flat();
    this.#published.clear();
    this.#queue = [];
    this.#queueBytes = 0;
    for (const { settle } of queued) settle(fault);
  }
}
