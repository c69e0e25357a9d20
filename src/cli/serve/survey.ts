/** State of the servers of a cluster, as far as they answer. */

import { NODES_ANSWER_TIMEOUT_MS } from "../../base/limits-cluster.ts";
import { isCount } from "../../base/values.ts";
import { readNodeMessage } from "../../core/cluster/messages.ts";
import type { JetStream, StreamState } from "../../io/nats/jetstream.ts";

/** A node's report about itself. */
export interface NodeState {
  readonly name: string;
  readonly address: string;
  /** Seq of the last message that it has applied. */
  readonly seq: number;
  /** Length of its history, and the root at that length. */
  readonly records: number;
  readonly root: string;
  readonly accounts: number;
  /** Lengths of both logs at `seq`; `undefined` from earlier versions. */
  readonly applied?: { readonly history: number; readonly accounts: number };
  /** `follows`, `starts`, `restores` (lost messages of the stream), or the code of a fault. */
  readonly state: string;
}

export interface SurveyedNode extends NodeState {
  /** Messages of the stream that it has not applied. */
  readonly lag: number;
}

export interface Survey {
  readonly stream: StreamState;
  readonly nodes: readonly SurveyedNode[];
  /** Histories of equal length have one root, and histories at one message have one length. */
  readonly areRootsEqual: boolean;
}

/** @throws Fault no-majority */
export async function surveyCluster(
  stream: Pick<JetStream, "state" | "queryState">,
): Promise<Survey> {
  // First the nodes: who has applied what came since is not behind.
  const answers = await stream.queryState(NODES_ANSWER_TIMEOUT_MS);
  const state = await stream.state();
  const nodes = answers
    .map(readNodeState)
    .filter((node) => node !== undefined)
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .map((node) => ({ ...node, lag: Math.max(0, state.last - node.seq) }));
  return { stream: state, nodes, areRootsEqual: haveEqualRoots(nodes) && haveEqualLengths(nodes) };
}

function haveEqualRoots(nodes: readonly NodeState[]): boolean {
  const roots = new Map<number, string>();
  return nodes.every(({ records, root }) => {
    const known = roots.get(records) ?? root;
    roots.set(records, known);
    return root === known;
  });
}

/** Up to a message, the logs have the same length on each node that follows the stream. */
function haveEqualLengths(nodes: readonly NodeState[]): boolean {
  const lengths = new Map<number, string>();
  return nodes.every(({ seq, applied, state }) => {
    if (applied === undefined || state !== "follows") return true;
    const length = `${applied.history} ${applied.accounts}`;
    const known = lengths.get(seq) ?? length;
    lengths.set(seq, known);
    return length === known;
  });
}

/** `undefined` if it is from a later version, or invalid. */
export function readNodeState(bytes: Uint8Array): NodeState | undefined {
  const received = readNodeMessage(bytes);
  if (received === undefined || typeof received.news !== "object" || received.news === null)
    return undefined;
  const value = received.news as Readonly<Record<string, unknown>>;
  const { address, seq, records, accounts = 0, root, state } = value;
  const isState =
    typeof address === "string" && typeof root === "string" && typeof state === "string";
  if (!isState || !isCount(seq) || !isCount(records) || !isCount(accounts)) return undefined;
  const applied = appliedOf(value["applied"]);
  const node = { name: received.node, address, seq, records, accounts, root, state };
  return applied === undefined ? node : { ...node, applied };
}

function appliedOf(value: unknown): NodeState["applied"] {
  if (typeof value !== "object" || value === null) return undefined;
  const { history, accounts } = value as Readonly<Record<string, unknown>>;
  return isCount(history) && isCount(accounts) ? { history, accounts } : undefined;
}
