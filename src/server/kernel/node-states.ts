/** Last state received from each other server of the cluster. */

import { SIBLING_FORGET_MS, SIBLINGS_MAX } from "../../base/limits-cluster.ts";
import type { Clock } from "../../io/clock.ts";

interface NodeState<State> {
  readonly state: State;
  readonly receivedAt: number;
}

export class NodeStates<State> {
  readonly #nodes = new Map<string, NodeState<State>>();

  constructor(private readonly clock: Pick<Clock, "now">) {}

  get size(): number {
    return this.#nodes.size;
  }

  get(node: string): State | undefined {
    return this.#nodes.get(node)?.state;
  }

  set(node: string, state: State): boolean {
    if (!this.#nodes.has(node) && this.#nodes.size >= SIBLINGS_MAX) return false;
    this.#nodes.set(node, { state, receivedAt: this.clock.now() });
    return true;
  }

  delete(node: string): boolean {
    return this.#nodes.delete(node);
  }

  *[Symbol.iterator](): Iterator<readonly [node: string, state: State]> {
    for (const [node, { state }] of this.#nodes) yield [node, state];
  }

  expired(): string[] {
    const now = this.clock.now();
    const isExpired = ({ receivedAt }: NodeState<State>) => now - receivedAt >= SIBLING_FORGET_MS;
    return [...this.#nodes].filter(([, node]) => isExpired(node)).map(([name]) => name);
  }
}
