/** Versions of the cluster's servers, which decide what the cluster may record. */

import { Fault, msg } from "../../base/fault.ts";
import { NODE_VERSION_FORGET_MS, SIBLINGS_MAX } from "../../base/limits-cluster.ts";
import { ADDITIONS, FIRST_VERSION, newerOf, type Version } from "../../wire/since.ts";

export interface NodeVersion {
  readonly name: string;
  readonly address: string;
  /** Newest version whose records the server knows. */
  readonly knows: Version;
  /** True if the server has stopped reading the stream, so that nothing can make it diverge. */
  readonly isStopped: boolean;
}

interface SeenNode {
  readonly label: string;
  readonly knows: Version;
  readonly seenAt: number;
}

/**
 * Servers that answered recently. A server that is down for a restart still counts, so that it can
 * return with its old version while the others are upgraded.
 */
export class NodeVersions {
  readonly #nodes = new Map<string, SeenNode>();
  #isSurveyed = false;

  /** @param nodes all servers that answered one survey */
  note(nodes: readonly NodeVersion[], now: number): void {
    this.#isSurveyed = true;
    for (const { name, address, knows, isStopped } of nodes) {
      this.#nodes.delete(name);
      if (isStopped) continue;
      this.#nodes.set(name, { label: address === "" ? name : address, knows, seenAt: now });
    }
    for (const [name, { seenAt }] of this.#nodes) {
      const isForgotten = now - seenAt >= NODE_VERSION_FORGET_MS;
      if (isForgotten || this.#nodes.size > SIBLINGS_MAX) this.#nodes.delete(name);
    }
  }

  /** Newest version whose records the cluster accepts: the oldest one of its servers. */
  get known(): Version {
    const { versions } = ADDITIONS;
    return versions.findLast((version) => this.refusal(version) === undefined) ?? FIRST_VERSION;
  }

  /** @returns a fault unless all servers of the cluster know records of the version */
  refusal(needed: Version): Fault | undefined {
    if (needed === FIRST_VERSION) return undefined;
    if (!this.#isSurveyed) {
      const message = msg`the servers of this cluster have not announced their versions yet`;
      return new Fault("kind-unknown", message, { retryAfterMs: 1_000, remedy: "try again" });
    }
    const outdated = [...this.#nodes.values()].filter(({ knows }) => {
      return newerOf(knows, needed) !== knows;
    });
    if (outdated.length === 0) return undefined;
    const labels = outdated.map(({ label }) => label).join(", ");
    const message = msg`not all servers of this cluster support this yet: ${labels}`;
    return new Fault("kind-unknown", message, {
      remedy: msg`upgrade them to chat ${needed} first`,
    });
  }
}
