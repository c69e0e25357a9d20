/** Survey of cluster nodes. */

import { NODES_ANSWER_TIMEOUT_MS } from "../../base/limits-cluster.ts";
import { isCount } from "../../base/values.ts";
import { readNodeMessage } from "../../core/cluster/messages.ts";
import type { JetStream, StreamState } from "../../io/nats/jetstream.ts";

export interface NodeState {
  readonly name: string;
  readonly address: string;
  readonly seq: number;
  /** Number of records in the node's history; `root` is their Merkle root. */
  readonly records: number;
  readonly root: string;
  readonly accounts: number;
  /** Lengths of both logs at `seq`; absent in reports from earlier versions. */
  readonly applied?: { readonly history: number; readonly accounts: number };
  /**
   * `follows`, `starts`, `restores` (while the node restores lost stream messages), or a fault
   * code.
   */
  readonly state: string;
}

export interface SurveyedNode extends NodeState {
  readonly lag: number;
}

export interface Survey {
  readonly stream: StreamState;
  readonly nodes: readonly SurveyedNode[];
  /**
   * Whether histories of equal length have the same root, and nodes at the same stream message have
   * histories of equal length.
   */
  readonly areRootsEqual: boolean;
}

/** @throws {Fault} no-majority */
export async function surveyCluster(
  stream: Pick<JetStream, "state" | "queryState">,
): Promise<Survey> {
  // Nodes report before the stream does, so that messages published in between count as lag and not
  // as missing.
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
    const expected = roots.get(records) ?? root;
    roots.set(records, expected);
    return root === expected;
  });
}

function haveEqualLengths(nodes: readonly NodeState[]): boolean {
  const lengths = new Map<number, string>();
  return nodes.every(({ seq, applied, state }) => {
    if (applied === undefined || state !== "follows") return true;
    const length = `${applied.history} ${applied.accounts}`;
    const expected = lengths.get(seq) ?? length;
    lengths.set(seq, expected);
    return length === expected;
  });
}

/** `undefined` if the report is invalid or from a later version. */
export function readNodeState(bytes: Uint8Array): NodeState | undefined {
  const received = readNodeMessage(bytes);
  if (received === undefined || typeof received.news !== "object" || received.news === null)
    return undefined;
  const value = received.news as Readonly<Record<string, unknown>>;
  const { address, seq, records, accounts = 0, root, state } = value;
  const hasFields =
    typeof address === "string" && typeof root === "string" && typeof state === "string";
  if (!hasFields || !isCount(seq) || !isCount(records) || !isCount(accounts)) return undefined;
  const applied = appliedOf(value["applied"]);
  const node = { name: received.node, address, seq, records, accounts, root, state };
  return applied === undefined ? node : { ...node, applied };
}

function appliedOf(value: unknown): NodeState["applied"] {
  if (typeof value !== "object" || value === null) return undefined;
  const { history, accounts } = value as Readonly<Record<string, unknown>>;
  return isCount(history) && isCount(accounts) ? { history, accounts } : undefined;
}
