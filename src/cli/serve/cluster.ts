/** Membership of this server in a cluster with a shared stream. */

import { equalBytes, toHex } from "../../base/bytes.ts";
import { asFault, Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { CLUSTER_CATCH_UP_TIMEOUT_MS, NODES_ANSWER_TIMEOUT_MS } from "../../base/limits-cluster.ts";
import { counted } from "../../base/sizes.ts";
import { PROGRAM } from "../../base/version.ts";
import type { Authors } from "../../core/cluster/authors.ts";
import type { Place } from "../../core/cluster/claims.ts";
import { packNodeMessage, packProposals, readNodeMessage } from "../../core/cluster/messages.ts";
import { type NodeVersion, NodeVersions } from "../../core/cluster/node-versions.ts";
import { type Clock, delay, withTimeout } from "../../io/clock.ts";
import { MajorityWatch, RefusedByNats } from "../../io/cluster/majority.ts";
import type { PeerNode } from "../../io/cluster/peer-check.ts";
import { type Position, START } from "../../io/cluster/position.ts";
import { Replica } from "../../io/cluster/replica.ts";
import { ReplicatedLog } from "../../io/cluster/replicated-log.ts";
import type { Entropy } from "../../io/entropy.ts";
import type { LogFile } from "../../io/log/log-file.ts";
import { LogProofs } from "../../io/log/proofs.ts";
import { openBuckets } from "../../io/nats/bucket.ts";
import { type JetStreamContent, openContentStore } from "../../io/nats/content.ts";
import {
  type ClusterIdentity,
  type JetStream,
  openJetStream,
  type StreamState,
} from "../../io/nats/jetstream.ts";
import { storageRefusal } from "../../io/nats/monitor.ts";
import type { SharedContents } from "../../server/files/file-service.ts";
import type { Sequencer } from "../../server/kernel/sequencer.ts";
import { parseSiblingMessage, type Siblings } from "../../server/kernel/siblings.ts";
import type { SealedBuckets } from "../../server/sealed/buckets.ts";
import { accountsIn, type Checkpoint, parseCheckpoint, parseNote } from "../../wire/checkpoint.ts";
import { bodyOf, type LogRecord } from "../../wire/record.ts";
import { newestVersion } from "../../wire/since.ts";
import {
  leftClusterFault,
  newNodeName,
  partlyMovedFault,
  readMembership,
  removeMembership,
  writeMembership,
} from "../membership.ts";
import { quoteArgument } from "../shell-quote.ts";
import type { ClusterConfig } from "./cluster-config.ts";
import { HealthWatch, isYounger, type NodeState, readNodeState, twinsFault } from "./survey.ts";

/**
 * Spare space in the file store beyond the file limit, for unfinished uploads, chunk names and
 * checksums: a fraction of the limit, plus a number of bytes.
 */
const CLUSTER_FILES_SPARE_RATIO = 1 / 16;
const CLUSTER_FILES_SPARE_BYTES = 64 << 20;

export interface ClusterOptions {
  readonly config: ClusterConfig;
  readonly path: string;
  readonly mirrors: Readonly<Record<Place, LogFile>>;
  readonly authors: Authors;
  readonly identity: ClusterIdentity;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly sha256: Sha256;
  readonly onWriteError: (fault: Fault) => void;
  readonly onWarning: (fault: Fault) => void;
}

export interface OpenCluster {
  readonly name: string;
  readonly node: string;
  readonly history: ReplicatedLog;
  readonly accounts: ReplicatedLog;
  readonly sequencer: Sequencer;
  readonly siblings: Siblings;
  readonly contents: SharedContents;
  readonly sealed: SealedBuckets;
  /** Resolves if this node can no longer process the stream's messages and becomes read-only. */
  readonly stopped: Promise<Fault>;
  setAddress(address: string): void;
  /** Sets the source of the fault for which this machine alone refuses messages. */
  setDiskFault(diskFault: () => Fault | undefined): void;
  close(): Promise<void>;
}

const POLL_INTERVAL_MS = 10;
/**
 * @throws {Fault} unreachable, data-foreign, no-majority, version-unsupported, cluster-diverged,
 * store-…
 */
export async function joinCluster(options: ClusterOptions): Promise<OpenCluster> {
  const { config, path, mirrors, authors, clock, entropy, sha256 } = options;
  const membership = readMembership(path);
  if (membership?.state === "left") throw leftClusterFault(path, membership);
  if (membership?.state === "filling") throw partlyMovedFault(path, membership);
  if (membership !== undefined && membership.cluster !== config.name) {
    const { cluster } = membership;
    const message = `${path} belongs to the cluster '${cluster}', not to '${config.name}'`;
    throw new Fault("data-foreign", message, {
      remedy: "specify --cluster, or another --data folder",
    });
  }
  if (membership === undefined && mirrors.history.head() + mirrors.accounts.head() > 0) {
    const command = `chat cluster init ${quoteArgument(path)} --nats URL`;
    throw new Fault("data-foreign", `${path} already has its own history`, {
      remedy: `move it into a new cluster first: ${command}`,
    });
  }
  const { name: cluster } = config;
  const connection = { ...config, cluster, clock };
  const stream = await openJetStream({
    ...connection,
    identity: options.identity,
    isKnown: membership !== undefined,
    onRecreated: () => options.onWarning(recreatedFault(`CHAT_${cluster}`, LOG_REMEDY)),
  });
  const node = membership?.node ?? newNodeName();
  const stopped = Promise.withResolvers<Fault>();
  let contents: JetStreamContent | undefined;
  const write = (positions: readonly Position[]) => {
    const [position = START] = positions.slice(-1);
    writeMembership(path, { cluster, node, position, before: positions.slice(0, -1) });
  };
  let replica: Replica | undefined;
  let ignoredCount = 0;
  const versions = new NodeVersions();
  const instance = toHex(entropy(INSTANCE_BYTES));
  const joinedAt = clock.now();
  let twinText: string | undefined;
  /** @returns the fault for which this process must stop */
  const findTwin = (nodes: readonly NodeState[]): Fault | undefined => {
    const twin = nodes.find((other) => other.name === node && other.instance !== instance);
    const own = nodes.find((other) => other.instance === instance);
    if (twin === undefined || own === undefined) return undefined;
    if (isYounger(own, twin)) return twinFault(path, twin);
    const { message, remedy } = twinsFault([own, twin]);
    if (message !== twinText) options.onWarning(new Fault("data-foreign", message, { remedy }));
    twinText = message;
    return undefined;
  };
  const surveyed = Promise.withResolvers<Fault | undefined>();
  const majority = new MajorityWatch({
    clock,
    sinceAnswerMs: () => stream.sinceAnswerMs(),
    missing: async () => {
      const missing = await stream.missing(config.servers);
      return { ...missing, refusal: missing.refusal ?? (await storageRefusal(config.monitors)) };
    },
    refusal: () => stream.refusal(probe(stream, sha256)),
  });
  const endpoint: Endpoint = { address: "", diskFault: () => undefined };
  // Nodes that restore lost stream messages must be able to query this node from the start.
  const stopAnswering = stream.answerState(() =>
    packNodeMessage(
      node,
      {
        address: endpoint.address,
        upMs: Math.floor(clock.now() - joinedAt),
        seq: replica?.seq ?? 0,
        records: mirrors.history.tree.size,
        accounts: mirrors.accounts.head(),
        root: toHex(mirrors.history.tree.root()),
        applied: replica?.applied,
        state: stateOf(replica),
        knows: newestVersion(),
        program: PROGRAM,
        ignored: ignoredCount,
        ...refusedBy(majority.fault ?? endpoint.diskFault()),
      },
      instance,
    ),
  );
  try {
    if (membership === undefined) write([START]);
    replica = await Replica.open({
      stream,
      mirrors,
      authors,
      clock,
      entropy,
      sha256,
      positions:
        membership === undefined ? undefined : [...(membership.before ?? []), membership.position],
      peers: async () => {
        const answers = await stream.queryState(NODES_ANSWER_TIMEOUT_MS);
        const nodes = answers.map(readNodeState).filter((answer) => answer !== undefined);
        versions.note(nodes.map(nodeVersionOf), clock.now());
        surveyed.resolve(findTwin(nodes));
        return nodes.flatMap((answer) => (answer.instance === instance ? [] : peerOf(answer)));
      },
      storePositions: (positions) => {
        try {
          write(positions);
        } catch (error) {
          // Not fatal: from an older position, the next start reads more of the stream again.
          options.onWriteError(asFault(error));
        }
      },
      onStopped: stopped.resolve,
      versionRefusal: (needed) => versions.refusal(needed),
      onIgnored: (seq) => {
        ignoredCount++;
        if (!isReportedCount(ignoredCount)) return;
        options.onWarning(foreignMessage(seq, ignoredCount));
      },
    });
    // Users need not wait for the first regular survey before they use new functions.
    const survey = surveyed.promise;
    const twin = await withTimeout(survey, 2 * NODES_ANSWER_TIMEOUT_MS, () => undefined, clock);
    if (twin !== undefined) throw twin;
    contents = await openContentStore({
      ...connection,
      ...storeLimit(config),
      fingerprint: stream.fingerprint,
      onRefused: ({ message, remedy }) =>
        options.onWarning(
          new Fault("no-majority", `file transfer is unavailable: ${message}`, { remedy }),
        ),
      onRecreated: (name) => options.onWarning(recreatedFault(name, FILES_REMEDY)),
    });
    const joined = {
      stream,
      contents,
      replica,
      node,
      instance,
      endpoint,
      versions,
      majority,
      findTwin,
      stopped,
    };
    return await openCluster(options, joined, stopAnswering);
  } catch (error) {
    majority.close();
    await contents?.close();
    await stream.close();
    // Another cluster then accepts the folder.
    const isUnused = mirrors.history.head() + mirrors.accounts.head() === 0;
    if (membership === undefined && isUnused) removeMembership(path);
    throw error;
  }
}

const LOG_REMEDY =
  "keep all servers running while they restore it, or check --nats if this was not planned";
const FILES_REMEDY = "restart all servers, which restore the files from their folders";
const KEPT_REMEDY = "nothing is to be done: devices in encrypted rooms send its content again";

function recreatedFault(stream: string, remedy: string): Fault {
  const message = `NATS had no stream ${stream} any more; this server created it again`;
  return new Fault("data-foreign", message, { remedy });
}

/** Message without effect, of the size of a short post. */
function probe(stream: JetStream, sha256: Sha256): Uint8Array {
  const message = { id: "probe".padEnd(1_000, "-"), proposals: [] };
  return packProposals(message, { id: stream.id, sha256 });
}

const INSTANCE_BYTES = 8;

function twinFault(path: string, { name, address }: NodeState): Fault {
  const other = address === "" ? "another server" : `the server at ${address}`;
  const command = `chat cluster rename ${quoteArgument(path)}`;
  const message = `${other} has the same name in the cluster, ${name}: ${path} is a copy`;
  return new Fault("data-foreign", message, {
    remedy: `stop that server, or give this one its own name: ${command}`,
  });
}

function refusedBy(fault: Fault | undefined) {
  if (!(fault instanceof RefusedByNats || fault?.code === "store-full")) return {};
  return { refused: { message: fault.message, remedy: fault.remedy } };
}

/**
 * The stream and the files share the storage space in NATS, so files beyond this limit are refused.
 */
function storeLimit({ filesBytesMax = Number.POSITIVE_INFINITY }: ClusterConfig) {
  const bytesMax = filesBytesMax * (1 + CLUSTER_FILES_SPARE_RATIO) + CLUSTER_FILES_SPARE_BYTES;
  return bytesMax < Number.MAX_SAFE_INTEGER ? { bytesMax: Math.ceil(bytesMax) } : {};
}

/** State that this process reports once it accepts clients. */
interface Endpoint {
  address: string;
  diskFault: () => Fault | undefined;
}

interface JoinedCluster {
  readonly stream: JetStream;
  readonly contents: JetStreamContent;
  readonly replica: Replica;
  readonly node: string;
  readonly endpoint: Endpoint;
  readonly versions: NodeVersions;
  readonly majority: MajorityWatch;
  readonly instance: string;
  readonly findTwin: (nodes: readonly NodeState[]) => Fault | undefined;
  readonly stopped: PromiseWithResolvers<Fault>;
}

const FOLLOWS = "follows";
/** States of a node that has, or may have, messages that the stream has lost. */
const STARTS = "starts";
const RESTORES = "restores";

function stateOf(replica: Replica | undefined): string {
  if (replica === undefined) return STARTS;
  return replica.failure?.code ?? (replica.isRestoring ? RESTORES : FOLLOWS);
}

/** False if the node's state is a fault. */
function isReading({ state }: NodeState): boolean {
  return state === FOLLOWS || state === STARTS || state === RESTORES;
}

/** Empty if the node has stopped, because its log lengths are then unreliable. */
function peerOf(node: NodeState): PeerNode[] {
  const { records: history, accounts } = node;
  return isReading(node) ? [{ heads: { history, accounts } }] : [];
}

function nodeVersionOf(node: NodeState): NodeVersion {
  const { name, address, knows } = node;
  return { name, address, knows, isStopped: !isReading(node) };
}

/** Reports the messages number 1, 10, 100 and so on, because a NATS client could write many. */
function isReportedCount(count: number): boolean {
  return Number.isInteger(Math.log10(count));
}

function foreignMessage(seq: number, count: number): Fault {
  const messages = counted(count, "message");
  const message = `the stream has ${messages} that chat did not write, last ${seq}`;
  return new Fault("frame-malformed", message, { remedy: "find out who else can write to NATS" });
}

async function openCluster(
  options: ClusterOptions,
  joined: JoinedCluster,
  stopAnswering: () => void,
): Promise<OpenCluster> {
  const { mirrors, config } = options;
  const { stream, contents, replica, node, endpoint: listening, versions, stopped } = joined;
  const history = new ReplicatedLog(replica, mirrors, "history");
  const accounts = new ReplicatedLog(replica, mirrors, "accounts");
  const proofs = new LogProofs(mirrors.history, options.sha256);
  const { majority } = joined;
  const sealed = await openBuckets(stream.clusterConnection, ["groups", "keys", "leases"], (name) =>
    options.onWarning(recreatedFault(name, KEPT_REMEDY)),
  );
  let warned: readonly string[] = [];
  const warnOfSettings = ({ settings }: StreamState) => {
    for (const fault of settings) if (!warned.includes(fault.message)) options.onWarning(fault);
    warned = settings.map(({ message }) => message);
  };
  const watch = new HealthWatch({
    stream,
    clock: options.clock,
    hasMajority: () => majority.fault === undefined,
    own: () => ({ follows: replica.failure === undefined, seq: replica.seq }),
    onSurvey: ({ stream: state, nodes }) => {
      const twin = joined.findTwin(nodes);
      if (twin !== undefined) stopped.resolve(twin);
      versions.note(nodes.map(nodeVersionOf), options.clock.now());
      warnOfSettings(state);
    },
    rootAt: async (records) => (records > history.head() ? undefined : await proofs.root(records)),
  });
  const cleanups = [
    await mirrors.history.follow(mirrors.history.head() + 1, rootCheck(options, replica)),
    stopAnswering,
  ];
  return {
    name: config.name,
    node,
    history,
    accounts,
    stopped: stopped.promise,
    sequencer: {
      ...sequencerOf(options, joined),
      health: () => watch.health,
      majorityFault: () => majority.fault,
      knownVersion: () => versions.known,
    },
    siblings: siblingsOf(joined),
    contents: { store: contents, waitUntilCurrent: () => isCurrent(joined) },
    sealed,
    setAddress: (connection) => {
      listening.address = connection;
    },
    setDiskFault: (diskFault) => {
      listening.diskFault = diskFault;
    },
    close: async () => {
      watch.close();
      majority.close();
      for (const stop of cleanups) stop();
      await history.close();
      await accounts.close();
      await contents.close();
      await stream.close();
    },
  };
}

function rootCheck(
  { mirrors, sha256, onWriteError }: ClusterOptions,
  replica: Replica,
): (record: LogRecord) => void {
  const proofs = {
    history: new LogProofs(mirrors.history, sha256),
    accounts: new LogProofs(mirrors.accounts, sha256),
  };
  const compare = async (log: Place, { size, root }: Checkpoint, sizeMax: number) => {
    if (size > sizeMax || equalBytes(await proofs[log].root(size), root)) return;
    const records = `the first ${size} records of the ${log} log`;
    replica.stopDiverged(`the hash-tree root of ${records} differs from that of the other servers`);
  };
  const check = async (record: LogRecord) => {
    const text = bodyOf(record, "checkpoint")?.note;
    if (text === undefined) return;
    const note = parseNote(text);
    await compare("history", parseCheckpoint(note.text), record.head.seq - 1);
    const accounts = accountsIn(note)?.checkpoint;
    if (accounts !== undefined) await compare("accounts", accounts, mirrors.accounts.head());
  };
  return (record) => {
    if (record.head.kind !== "checkpoint") return;
    check(record).catch((error: unknown) => {
      onWriteError(asFault(error));
    });
  };
}

function sequencerOf(
  { mirrors, clock }: ClusterOptions,
  { stream, replica }: JoinedCluster,
): Omit<Sequencer, "majorityFault" | "knownVersion"> {
  return {
    isShared: true,
    isOwn: (seq) => replica.isOwn(seq),
    stoppedBy: () => replica.failure,
    waitForSeq: async (seq) => {
      const deadline = clock.now() + CLUSTER_CATCH_UP_TIMEOUT_MS;
      while (mirrors.history.head() < seq) {
        if (clock.now() >= deadline || replica.failure !== undefined) {
          const message = "this server is behind the other servers of its cluster";
          throw new Fault("no-majority", message, { retryAfterMs: 1_000 });
        }
        await delay(clock, POLL_INTERVAL_MS);
      }
    },
    waitUntilCurrent: coalesce(() => isCurrent({ stream, replica })),
  };
}

function siblingsOf({ stream, node, instance }: JoinedCluster): Siblings {
  return {
    publish: (message) => stream.broadcast(packNodeMessage(node, message, instance)),
    listen: (onMessage) =>
      stream.listen((bytes) => {
        const received = readNodeMessage(bytes);
        const message = parseSiblingMessage(received?.news);
        if (received === undefined || message === undefined) return;
        if (received.instance !== instance) onMessage(received.node, message);
      }),
  };
}

/**
 * Waits until this node has processed all messages in the stream.
 * @returns false if the stream is unreachable or incomplete, or if this node has become read-only
 * or cannot catch up in time
 */
async function isCurrent({ stream, replica }: Pick<JoinedCluster, "stream" | "replica">) {
  try {
    const last = await stream.last();
    await replica.waitUntilApplied(last, CLUSTER_CATCH_UP_TIMEOUT_MS);
    return replica.failure === undefined && replica.isComplete && replica.seq >= last;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return false;
  }
}

function coalesce(work: () => Promise<boolean>): () => Promise<boolean> {
  let running: Promise<boolean> | undefined;
  let next: Promise<boolean> | undefined;
  const start = () => {
    next = undefined;
    running = work().finally(() => {
      running = undefined;
    });
    return running;
  };
  return () => {
    if (running === undefined) return start();
    next ??= running.then(start);
    return next;
  };
}
