/** Barrier that delays decisions until this node has all records that its peers have. */

import { Fault } from "../../base/fault.ts";
import type { Place } from "../../core/cluster/claims.ts";
import { type Clock, delay } from "../clock.ts";
import type { Stream } from "./stream.ts";

export interface PeerNode {
  readonly heads: Readonly<Record<Place, number>>;
}

export interface PeerCheckOptions {
  readonly stream: Pick<Stream, "last">;
  readonly clock: Clock;
  readonly peers: (() => Promise<readonly PeerNode[]>) | undefined;
  readonly isBehind: (peer: PeerNode) => boolean;
  readonly waitUntilApplied: (seq: number) => Promise<void>;
  readonly isStopped: () => boolean;
}

const PEER_RETRY_MS = 100;

/**
 * Protects against a stream that lost messages in a power loss while it was idle. Records that a
 * peer has and this node lacks must be restored before this node proposes records with the same
 * seqs.
 */
export class PeerCheck {
  #triggered = 0;
  #passed = 0;

  constructor(private readonly options: PeerCheckOptions) {}

  get hasPassed(): boolean {
    return this.#passed === this.#triggered;
  }

  trigger(): void {
    if (this.options.peers === undefined) return;
    this.#triggered++;
    if (this.#triggered - this.#passed === 1) void this.#queryPeers();
  }

  async #queryPeers(): Promise<void> {
    const { stream, clock, peers: listPeers, isBehind, waitUntilApplied, isStopped } = this.options;
    while (!this.hasPassed && !isStopped()) {
      try {
        await stream.last(); // Until the stream answers, this node may be isolated.
        const triggered = this.#triggered;
        const peers = (await listPeers?.()) ?? [];
        // This node now has all records in the stream, but a peer may have more.
        await waitUntilApplied(await stream.last());
        if (!peers.some(isBehind)) this.#passed = triggered;
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
      if (!this.hasPassed) await delay(clock, PEER_RETRY_MS);
    }
  }
}
