/** Monitor that checks whether a majority of the NATS servers answers. */

import { cutText } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { FAULT_TEXT_BYTES_MAX } from "../../base/limits.ts";
import {
  CLUSTER_ELECTION_MS,
  CLUSTER_LEASE_MS,
  MAJORITY_CHECK_INTERVAL_MS,
} from "../../base/limits-cluster.ts";
import type { Clock } from "../clock.ts";

export interface MajorityWatchOptions {
  readonly clock: Clock;
  readonly sinceAnswerMs: () => Promise<number>;
  readonly missing: () => Promise<MissingServers>;
  /** Reason for which NATS would refuse to store a message now. */
  readonly refusal: () => Promise<Refusal | undefined>;
}

/** Reason for which the NATS servers refuse this server, for its operator. */
export interface Refusal {
  readonly message: string;
  readonly remedy: string;
}

export interface MissingServers {
  readonly servers: readonly string[];
  readonly total: number;
  readonly isMajorityLost: boolean;
  /** `undefined` if the servers do not refuse this server. */
  readonly refusal?: Refusal | undefined;
}

/**
 * Reports a refusal immediately. If enough servers are running but do not answer, an election is in
 * progress, so the watch waits before it reports a fault.
 */
export class MajorityWatch {
  #fault: Fault | undefined;
  #checkedAt: number;
  #isClosed = false;
  #cancel = () => {};

  constructor(private readonly options: MajorityWatchOptions) {
    this.#checkedAt = options.clock.now();
    this.#schedule();
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#cancel = this.options.clock.after(MAJORITY_CHECK_INTERVAL_MS, () => void this.#check());
  }

  async #check(): Promise<void> {
    const { clock, sinceAnswerMs, refusal } = this.options;
    // A process that was suspended could not receive answers.
    const wasSuspended = clock.now() - this.#checkedAt > CLUSTER_LEASE_MS;
    const elapsedMs = await sinceAnswerMs();
    this.#checkedAt = clock.now();
    if (elapsedMs < CLUSTER_LEASE_MS) this.#setRefusal(await refusal());
    else if (this.#fault === undefined && !wasSuspended) await this.#setMissing(elapsedMs);
    this.#schedule();
  }

  /** Keeps an equal fault, because a different one is reported again. */
  #setRefusal(refusal: Refusal | undefined): void {
    if (refusal === undefined) this.#fault = undefined;
    else if (this.#fault?.message !== refusal.message) this.#fault = new RefusedByNats(refusal);
  }

  async #setMissing(elapsedMs: number): Promise<void> {
    const missingServers = await this.options.missing();
    const { isMajorityLost, refusal } = missingServers;
    if (refusal !== undefined) this.#fault = new RefusedByNats(refusal);
    else if (isMajorityLost || elapsedMs >= CLUSTER_ELECTION_MS)
      this.#fault = missingMajority(missingServers);
  }
}

/**
 * The code is that of a cluster without a majority, because clients wait and retry likewise. The
 * message names no servers.
 */
export class RefusedByNats extends Fault {
  constructor({ message, remedy }: Refusal, cause?: unknown) {
    super("no-majority", message, { remedy, retryAfterMs: 1_000, cause });
  }
}

/** Reason for clients; `undefined` if NATS does not refuse this server. */
export function refusalReason(fault: unknown): string | undefined {
  return fault instanceof RefusedByNats ? cutText(fault.message, FAULT_TEXT_BYTES_MAX) : undefined;
}

export function missingMajority({
  servers,
  total,
}: Pick<MissingServers, "servers" | "total">): Fault {
  const reason =
    servers.length === 0
      ? "the NATS servers have no leader"
      : `${servers.length} of ${total} NATS servers do not answer: ${servers.join(", ")}`;
  return new Fault("no-majority", `the cluster has no majority: ${reason}`);
}

export function isWithoutMajority(error: unknown): boolean {
  return error instanceof Fault && error.code === "no-majority";
}
