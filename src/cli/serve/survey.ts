/** Survey of cluster nodes. */

import { toHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { objectFields } from "../../base/json-fields.ts";
import { CLUSTER_METRICS_INTERVAL_MS, NODES_ANSWER_TIMEOUT_MS } from "../../base/limits-cluster.ts";
import { cleanText } from "../../base/text.ts";
import { defined, isCount } from "../../base/values.ts";
import { readNodeMessage } from "../../core/cluster/messages.ts";
import type { Clock } from "../../io/clock.ts";
import { missingMajority, type Refusal, RefusedByNats } from "../../io/cluster/majority.ts";
import { type JetStream, openJetStream, type StreamState } from "../../io/nats/jetstream.ts";
import { unresponsiveServers } from "../../io/nats/monitor.ts";
import type { ClusterHealth } from "../../server/kernel/sequencer.ts";
import { announcedVersion, type Version } from "../../wire/since.ts";
import type { ClusterConfig } from "./cluster-config.ts";

export interface NodeState {
  readonly name: string;
  /** Differs between processes. */
  readonly instance: string;
  /** Milliseconds since the node's process joined the cluster. */
  readonly upMs: number;
  /** Empty until the node accepts clients. */
  readonly address: string;
  readonly seq: number;
  /** Number of records in the node's history; `root` is their Merkle root. */
  readonly records: number;
  readonly root: string;
  readonly accounts: number;
  /** Lengths of both logs at `seq`; `undefined` until the node has read the stream. */
  readonly applied?: { readonly history: number; readonly accounts: number };
  /**
   * `follows`, `starts`, `restores` (while the node restores lost stream messages), or a fault
   * code.
   */
  readonly state: string;
  /** Newest version whose records the node knows. */
  readonly knows: Version;
  /** Version and commit of the node's program. */
  readonly program?: string;
  /** Why NATS refuses the messages of this node. */
  readonly refused?: Refusal;
  /** Number of messages in the stream that no version of this program wrote. */
  readonly ignored?: number;
}

interface SurveyedNode extends NodeState {
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

/**
 * @throws {Fault} no-majority
 * @internal
 */
export async function surveyCluster(
  stream: Pick<JetStream, "state" | "queryState">,
): Promise<Survey> {
  // Nodes report before the stream does, so that messages published in between count as lag and not
  // as missing.
  const answers = await stream.queryState(NODES_ANSWER_TIMEOUT_MS);
  const state = await stream.state();
  const nodes = oncePerProcess(answers.map(readNodeState).filter((node) => node !== undefined))
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .map((node) => ({ ...node, lag: Math.max(0, state.last - node.seq) }));
  return { stream: state, nodes, areRootsEqual: haveEqualRoots(nodes) && haveEqualLengths(nodes) };
}

/** While NATS servers replace the routes between them, a question can reach a node twice. */
function oncePerProcess(nodes: readonly NodeState[]): readonly NodeState[] {
  const seen = new Set<string>();
  return nodes.filter(({ instance }) => {
    const isFirst = !seen.has(instance);
    seen.add(instance);
    return isFirst;
  });
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
  const value = objectFields(received?.news);
  if (received === undefined || value === undefined) return undefined;
  const { address, seq, records, accounts = 0, root, state, upMs } = value;
  const hasFields =
    typeof address === "string" && typeof root === "string" && typeof state === "string";
  if (!hasFields || !isCount(seq) || !isCount(records) || !isCount(accounts) || !isCount(upMs))
    return undefined;
  const { applied, knows, program, ignored, refused } = value;
  return {
    name: received.node,
    instance: received.instance,
    upMs,
    address,
    seq,
    records,
    accounts,
    root,
    state,
    knows: announcedVersion(knows),
    ...defined({
      applied: appliedOf(applied),
      program: typeof program === "string" ? cleanText(program) : undefined,
      refused: refusalIn(refused),
      ignored: isCount(ignored) && ignored > 0 ? ignored : undefined,
    }),
  };
}

function refusalIn(value: unknown): Refusal | undefined {
  const { message, remedy } = objectFields(value) ?? {};
  if (typeof message !== "string" || typeof remedy !== "string") return undefined;
  return { message: cleanText(message), remedy: cleanText(remedy) };
}

function appliedOf(value: unknown): NodeState["applied"] {
  const { history, accounts } = objectFields(value) ?? {};
  return isCount(history) && isCount(accounts) ? { history, accounts } : undefined;
}

export interface ClusterInspection extends Survey {
  readonly silent: readonly string[];
  /** Subjects that NATS does not permit; only tested on request. */
  readonly denied?: readonly Refusal[];
}

/**
 * Returns within a few seconds even if servers do not answer.
 * @throws {Fault} unreachable, not-found; no-majority, naming the silent NATS servers
 */
export async function inspectCluster(
  config: Omit<ClusterConfig, "monitors">,
  clock: Clock,
  { testsPermissions = false } = {},
): Promise<ClusterInspection> {
  const silent = await unresponsiveServers(config.servers);
  try {
    const stream = await openJetStream({ ...config, cluster: config.name, clock });
    try {
      const survey = await surveyCluster(stream);
      return { ...survey, silent, denied: testsPermissions ? await stream.findDenied() : [] };
    } finally {
      await stream.close();
    }
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "no-majority") throw error;
    if (error instanceof RefusedByNats) throw error;
    throw missingMajority({ servers: silent, total: config.servers.length });
  }
}

/** Two nodes with one name: servers with copies of one data folder. */
export function twinsIn(nodes: readonly NodeState[]): readonly [NodeState, NodeState] | undefined {
  const byName = new Map<string, NodeState>();
  for (const node of nodes) {
    const first = byName.get(node.name);
    if (first !== undefined) return [first, node];
    byName.set(node.name, node);
  }
  return undefined;
}

export function twinsFault([{ name, address }, other]: readonly [NodeState, NodeState]): Fault {
  const known = [address, other.address].filter((place) => place !== "");
  const where = ["", `, one of them at ${known.join("")}`, `: at ${known.join(" and ")}`][
    known.length
  ];
  return new Fault("data-foreign", `two servers have the name ${name} in the cluster${where}`, {
    remedy: "stop the one with the copied data folder, and run chat cluster rename on that folder",
  });
}

/** Differences of uptimes that are shorter may be due to the network. */
const UPTIME_ACCURACY_MS = 2_000;

/**
 * Reports whether `own` is the process that must stop if both have the same name. A process that
 * still starts must stop for one that users may already be connected to.
 * @param own report of this process from the same survey as `other`
 */
export function isYounger(own: TwinState, other: TwinState): boolean {
  if (isServing(own) !== isServing(other)) return isServing(other);
  const { instance, upMs } = own;
  const isClear = Math.abs(upMs - other.upMs) > UPTIME_ACCURACY_MS;
  return isClear ? upMs < other.upMs : instance > other.instance;
}

type TwinState = Pick<NodeState, "instance" | "upMs" | "address">;

/** A server reports its address when it accepts clients. */
function isServing({ address }: TwinState): boolean {
  return address !== "";
}

/** Fault of the first node whose messages NATS refuses. */
export function surveyFault(nodes: readonly NodeState[]): Fault | undefined {
  for (const { name, refused } of nodes) {
    if (refused === undefined) continue;
    const { message, remedy } = refused;
    return new RefusedByNats({ message: `${name} cannot record messages: ${message}`, remedy });
  }
  return undefined;
}

/**
 * @param total number of NATS servers named by the user
 * @returns `undefined` if the stream has a majority
 */
export function majorityFault(
  { stream, nodes, silent }: ClusterInspection,
  total: number,
): Fault | undefined {
  if (stream.hasMajority) return undefined;
  // NATS servers that have no storage give up the stream's leadership.
  const refused = silent.length === 0 ? surveyFault(nodes) : undefined;
  return refused ?? missingMajority({ servers: silent, total });
}

interface HealthOptions {
  readonly stream: Pick<JetStream, "state" | "queryState">;
  readonly clock: Clock;
  readonly own: () => { readonly follows: boolean; readonly seq: number };
  readonly hasMajority: () => boolean;
  readonly onSurvey: (survey: Survey) => void;
  /**
   * Merkle root of the first `records` records; `undefined` if this server's history is shorter.
   */
  readonly rootAt: (records: number) => Promise<Uint8Array | undefined>;
}

export class HealthWatch {
  #latest: ClusterHealth;
  #cancel = () => {};
  #isClosed = false;

  constructor(private readonly options: HealthOptions) {
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
    const { own: ownRoot, hasMajority } = this.options;
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
        const cancel = this.options.clock.after(CLUSTER_METRICS_INTERVAL_MS, resolve);
        this.#cancel = () => {
          cancel();
          resolve();
        };
      });
    }
  }

  async #refresh(): Promise<void> {
    try {
      const { stream, own: ownRoot } = this.options;
      const survey = await surveyCluster(stream);
      const { stream: state, nodes, areRootsEqual } = survey;
      this.options.onSurvey(survey);
      const { follows, seq } = ownRoot();
      const matches = await Promise.all(nodes.map((node) => this.#matchesOwnHistory(node)));
      this.#latest = {
        reachable: state.hasMajority,
        follows,
        nodes: nodes.length,
        lag: Math.max(0, state.last - seq),
        messages: state.messages,
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
    const ownRoot = await this.options.rootAt(records);
    return ownRoot === undefined || toHex(ownRoot) === root;
  }
}
