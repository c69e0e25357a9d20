/** Health checks of a server's cluster. */

import { toHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { CLUSTER_METRICS_INTERVAL_MS } from "../../base/limits-cluster.ts";
import type { Clock } from "../../io/clock.ts";
import type { JetStream } from "../../io/nats/jetstream.ts";
import type { ClusterHealth } from "../../server/kernel/sequencer.ts";
import { type NodeState, surveyCluster } from "./survey.ts";

export interface HealthOptions {
  readonly stream: Pick<JetStream, "state" | "queryState">;
  readonly clock: Clock;
  readonly own: () => { readonly follows: boolean; readonly seq: number };
  readonly hasMajority: () => boolean;
  /**
   * Merkle root of the first `records` records; `undefined` if this server's history is shorter.
   */
  readonly rootAt: (records: number) => Promise<Uint8Array | undefined>;
}

export class HealthWatch {
  readonly #options: HealthOptions;
  #latest: ClusterHealth;
  #cancel = () => {};
  #isClosed = false;

  constructor(options: HealthOptions) {
    this.#options = options;
    this.#latest = {
      reachable: true,
      follows: true,
      nodes: 0,
      lag: 0,
      messages: 0,
      bytes: 0,
      leader: "",
      replicas: 0,
      current: 0,
      rootsEqual: true,
    };
    void this.#run();
  }

  get health(): ClusterHealth {
    const { own: ownRoot, hasMajority } = this.#options;
    const reachable = this.#latest.reachable && hasMajority();
    return { ...this.#latest, reachable, follows: reachable && ownRoot().follows };
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      await this.#refresh();
      if (this.#isClosed) return;
      await new Promise<void>((resolve) => {
        const cancel = this.#options.clock.after(CLUSTER_METRICS_INTERVAL_MS, resolve);
        this.#cancel = () => {
          cancel();
          resolve();
        };
      });
    }
  }

  async #refresh(): Promise<void> {
    try {
      const { stream, own: ownRoot } = this.#options;
      const { stream: state, nodes, areRootsEqual } = await surveyCluster(stream);
      const { follows, seq } = ownRoot();
      const matches = await Promise.all(nodes.map((node) => this.#matchesOwnHistory(node)));
      this.#latest = {
        reachable: state.hasMajority,
        follows,
        nodes: nodes.length,
        lag: Math.max(0, state.last - seq),
        messages: state.last,
        bytes: state.bytes,
        leader: state.leader,
        replicas: state.replicas,
        current: state.current,
        rootsEqual: areRootsEqual && matches.every((isEqual) => isEqual),
      };
    } catch (error) {
      if (!(error instanceof Fault) && !this.#isClosed) throw error;
      this.#latest = { ...this.#latest, reachable: false, nodes: 0, leader: "", current: 0 };
    }
  }

  async #matchesOwnHistory({ records, root }: NodeState): Promise<boolean> {
    const ownRoot = await this.#options.rootAt(records);
    return ownRoot === undefined || toHex(ownRoot) === root;
  }
}
