/** Watches whether a majority of the NATS servers answers. */

import { Fault } from "../../base/fault.ts";
import {
  CLUSTER_ELECTION_MS,
  CLUSTER_LEASE_MS,
  MAJORITY_CHECK_INTERVAL_MS,
} from "../../base/limits-cluster.ts";
import type { Clock } from "../clock.ts";

export interface MajorityParts {
  readonly clock: Clock;
  /** Milliseconds since a majority of the stream's machines answered. Resolves within seconds. */
  readonly silentMs: () => Promise<number>;
  /** Machines that do not answer, and whether the others are too few. Resolves within seconds. */
  readonly missing: () => Promise<MissingServers>;
}

export interface MissingServers {
  readonly servers: readonly string[];
  /** Number of servers named by the operator. */
  readonly of: number;
  readonly areTooMany: boolean;
}

/**
 * Watches whether a majority of the stream's machines answers. It waits for an election if enough
 * machines run, and not if too many are missing.
 */
export class MajorityWatch {
  readonly #parts: MajorityParts;
  #fault: Fault | undefined;
  #lookedAt: number;
  #isClosed = false;
  #cancel = () => {};

  constructor(parts: MajorityParts) {
    this.#parts = parts;
    this.#lookedAt = parts.clock.now();
    this.#next();
  }

  /** `no-majority`, naming the missing machines; `undefined` while a majority answers. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  #next(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#parts.clock.after(MAJORITY_CHECK_INTERVAL_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { clock, silentMs, missing } = this.#parts;
    // A suspended process received nothing meanwhile.
    const wasSuspended = clock.now() - this.#lookedAt > CLUSTER_LEASE_MS;
    const silent = await silentMs();
    this.#lookedAt = clock.now();
    if (silent < CLUSTER_LEASE_MS) this.#fault = undefined;
    else if (this.#fault === undefined && !wasSuspended) {
      const found = await missing();
      if (found.areTooMany || silent >= CLUSTER_ELECTION_MS) this.#fault = noMajority(found);
    }
    this.#next();
  }
}

export function noMajority({ servers, of }: Omit<MissingServers, "areTooMany">): Fault {
  const which =
    servers.length === 0
      ? "the NATS servers have no leader"
      : `${servers.length} of ${of} NATS servers do not answer: ${servers.join(", ")}`;
  return new Fault("no-majority", `the cluster has no majority: ${which}`);
}

/** Reports whether an action may succeed after the next election. */
export function isWithoutMajority(error: unknown): boolean {
  return error instanceof Fault && error.code === "no-majority";
}
