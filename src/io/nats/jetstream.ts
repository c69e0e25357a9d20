/** JetStream stream shared by several servers. */

import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  type Republish,
  type StreamInfo,
} from "@nats-io/jetstream";
import {
  connect,
  createInbox,
  credsAuthenticator,
  type Msg,
  type NatsConnection,
} from "@nats-io/transport-node";
import { Fault } from "../../base/fault.ts";
import {
  CLUSTER_ANSWER_TIMEOUT_MS,
  CLUSTER_LEASE_MS,
  CLUSTER_START_TIMEOUT_MS,
} from "../../base/limits-cluster.ts";
import { type Clock, delay } from "../clock.ts";
import { type MissingServers, type Refusal, RefusedByNats } from "../cluster/majority.ts";
import type { CopyStream } from "../cluster/publication.ts";
import type { Stored, Stream, StreamMessage } from "../cluster/stream.ts";
import { unresponsiveServers } from "./monitor.ts";
import { refusalOf } from "./refusals.ts";
import {
  addStream,
  findStream,
  hasLeader,
  isNoStream,
  majorityOf,
  quorumAgeMs,
  waitForLeader,
} from "./stream-lookup.ts";

/** Longer than for other messages, because NATS may sync each copied message to a slow disk. */
const CLUSTER_COPY_ANSWER_MS = 10_000;

export interface JetStreamOptions {
  readonly servers: readonly string[];
  readonly credentials?: Uint8Array;
  readonly cluster: string;
  readonly identity?: ClusterIdentity;
  readonly isUnsafe: boolean;
  readonly clock: Clock;
}

export interface ClusterIdentity {
  readonly own: string | undefined;
  readonly make: () => Promise<string>;
}

type Subject = "log" | "stored" | "news" | "state";

/** First version of NATS that can sync to disk before each acknowledgement. */
const VERSION_MIN = [2, 12] as const;
const CONNECT_TIMEOUT_MS = 2_000;
/** Detects frozen servers and broken connections early. By default, detection takes 4 minutes. */
const PING_INTERVAL_MS = 1_000;
const PINGS_UNANSWERED_MAX = 2;
/** Time to wait for the first server before querying the others, in case it is frozen. */
const FALLBACK_DELAY_MS = 200;
const LEADER_POLL_MS = 100;
const DUPLICATE_WINDOW_NS = 120e9;
const STREAM_LAG_LOW = 100;
/** Error codes for an unexpected last message. Later NATS versions use 10164. */
const WRONG_LAST = new Set([10_071, 10_164]);

/**
 * Opens the cluster's stream or creates a missing one. Only inspects it if `identity` is
 * `undefined`.
 * @throws {Fault} unreachable or no-majority if the servers do not answer, data-foreign if the
 * stream belongs to another cluster, not-found if there is no stream to inspect,
 * version-unsupported if NATS is too old
 */
export async function openJetStream(options: JetStreamOptions): Promise<JetStream> {
  const { cluster, isUnsafe, identity, clock } = options;
  const connection = await connectNats(options);
  try {
    const version = connection.info?.version ?? "";
    checkVersion(version, isUnsafe);
    const manager = await jetstreamManager(connection, {
      timeout: CLUSTER_ANSWER_TIMEOUT_MS,
      checkAPI: false,
    });
    const name = `CHAT_${cluster}`;
    let own = identity?.own;
    const make = async () => {
      if (identity === undefined) throw new Fault("not-found", `no cluster named '${cluster}'`);
      own ??= await identity.make();
      return own;
    };
    const ready = () =>
      ensureStream(manager, {
        name,
        cluster,
        isUnsafe,
        republish: isSupported(version)
          ? { src: subjectOf(cluster), dest: `chat.${cluster}.stored` }
          : undefined,
        identity: identity === undefined ? undefined : { own, make },
        make,
      });
    const isReady = async () => (await ready()) || identity === undefined;
    const withinMs = identity === undefined ? CLUSTER_LEASE_MS : CLUSTER_START_TIMEOUT_MS;
    await waitForLeader(clock, "the stream has", isReady, withinMs);
    const recreate = identity === undefined ? undefined : ready;
    const { credentials } = options;
    return new JetStream(connection, manager, { name, cluster }, { clock, recreate, credentials });
  } catch (error) {
    await connection.close();
    throw natsFault(error);
  }
}

export async function connectNats(
  { servers, credentials }: Pick<JetStreamOptions, "servers" | "credentials">,
  pingEveryMs = PING_INTERVAL_MS,
): Promise<NatsConnection> {
  try {
    return await connect({
      servers: [...servers],
      name: "chat",
      timeout: CONNECT_TIMEOUT_MS,
      maxReconnectAttempts: -1,
      // An operator of NATS may admit the credentials again.
      ignoreAuthErrorAbort: true,
      reconnectTimeWait: 250,
      pingInterval: pingEveryMs,
      maxPingOut: PINGS_UNANSWERED_MAX,
      ...(credentials === undefined ? {} : { authenticator: credsAuthenticator(credentials) }),
    });
  } catch (error) {
    const refusal = refusalOf(error, credentials);
    const message = refusal?.message ?? `no NATS server answers at ${servers.join(", ")}`;
    const remedy = refusal?.remedy ?? "check --nats and --nats-creds";
    throw new Fault("unreachable", message, { cause: error, remedy });
  }
}

function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > VERSION_MIN[0] || (major === VERSION_MIN[0] && minor >= VERSION_MIN[1]);
}

function checkVersion(version: string, isUnsafe: boolean): void {
  if (isUnsafe || isSupported(version)) return;
  const message = `nats-server ${version} may lose acknowledged messages in a power failure`;
  throw new Fault("version-unsupported", message, {
    remedy: "use 2.12 or later with sync_interval: always, or accept it with --unsafe-nats",
  });
}

interface StreamOptions extends Pick<JetStreamOptions, "cluster" | "isUnsafe"> {
  readonly name: string;
  readonly republish: Republish | undefined;
  readonly identity: ClusterIdentity | undefined;
  readonly make: () => Promise<string>;
}

async function ensureStream(
  manager: JetStreamManager,
  { name, cluster, republish, identity, make, isUnsafe }: StreamOptions,
): Promise<boolean> {
  const found = await findStream(manager, name);
  if (found !== undefined) {
    if (identity !== undefined) checkIdentity(cluster, found.config.description ?? "", identity);
    if (republish !== undefined && found.config.republish === undefined) {
      await manager.streams.update(name, { republish });
    }
    return hasLeader(found);
  }
  const config = {
    name,
    subjects: [subjectOf(cluster)],
    description: describe(await make()),
    ...(republish === undefined ? {} : { republish }),
    discard: DiscardPolicy.New,
    duplicate_window: DUPLICATE_WINDOW_NS,
    deny_purge: true,
    allow_direct: true,
  };
  await addStream(manager, config, isUnsafe);
  return false;
}

function checkIdentity(cluster: string, found: string, { own }: ClusterIdentity): void {
  if (own !== undefined && found === describe(own)) return;
  const message =
    own === undefined
      ? `the cluster '${cluster}' has an identity, but this data folder has none`
      : `the cluster '${cluster}' and this data folder have different identities`;
  throw new Fault("data-foreign", message, {
    remedy:
      "copy identity.key and settings.json from a node's data folder, or set a different --cluster",
  });
}

function describe(fingerprint: string): string {
  return `identity ${fingerprint}`;
}

function subjectOf(cluster: string): string {
  return `chat.${cluster}.log`;
}

function storedMessage({ headers, data }: Msg): StreamMessage | undefined {
  const seq = Number(headers?.get("Nats-Sequence"));
  const unixMs = Date.parse(headers?.get("Nats-Time-Stamp") ?? "");
  if (!(Number.isSafeInteger(seq) && seq > 0 && Number.isFinite(unixMs))) return undefined;
  return { seq, unixMs, bytes: new Uint8Array(data) };
}

interface StreamName {
  readonly name: string;
  readonly cluster: string;
}

export interface ClusterConnection extends StreamName {
  readonly manager: JetStreamManager;
  readonly client: JetStreamClient;
  readonly clock: Clock;
}

export interface StreamState {
  readonly last: number;
  readonly bytes: number;
  readonly leader: string;
  readonly replicas: number;
  readonly current: number;
  readonly hasMajority: boolean;
}

interface JetStreamContext extends Pick<JetStreamOptions, "clock"> {
  readonly credentials: Uint8Array | undefined;
  /** Creates the stream if someone has removed it; `undefined` for a reader that only inspects. */
  readonly recreate: (() => Promise<boolean>) | undefined;
}

export class JetStream implements CopyStream, Stream {
  readonly #client: JetStreamClient;
  readonly #clock: Clock;
  readonly #recreate: (() => Promise<boolean>) | undefined;
  #creation: Promise<boolean> | undefined;
  #quorumAt: number;
  #replicas = 1;
  /** Why NATS ended the connection, until it accepts another. */
  #refusal: Refusal | undefined;

  constructor(
    private readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
    private readonly stream: StreamName,
    { clock, recreate, credentials }: JetStreamContext,
  ) {
    void this.#noteRefusals(credentials);
    this.#recreate = recreate;
    this.#client = jetstream(connection, { timeout: CLUSTER_ANSWER_TIMEOUT_MS });
    this.#clock = clock;
    this.#quorumAt = clock.now();
  }

  async #noteRefusals(credentials: Uint8Array | undefined): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === "reconnect") this.#refusal = undefined;
      else if (status.type === "error")
        this.#refusal = refusalOf(status.error, credentials) ?? this.#refusal;
    }
  }

  broadcast(bytes: Uint8Array): void {
    if (!this.connection.isClosed()) this.connection.publish(this.#subject("news"), bytes);
  }

  listen(onBytes: (bytes: Uint8Array) => void): () => void {
    return this.#subscribe("news", ({ data }) => onBytes(data));
  }

  answerState(state: () => Uint8Array): () => void {
    return this.#subscribe("state", (message) => message.respond(state()));
  }

  async queryState(withinMs: number): Promise<Uint8Array[]> {
    const answers: Uint8Array[] = [];
    const inbox = createInbox();
    try {
      const subscription = this.connection.subscribe(inbox, {
        callback: (error, message) => {
          if (error === null) answers.push(new Uint8Array(message.data));
        },
      });
      this.connection.publish(this.#subject("state"), undefined, { reply: inbox });
      await delay(this.#clock, withinMs);
      subscription.unsubscribe();
    } catch (error) {
      throw natsFault(error);
    }
    return answers;
  }

  async state(): Promise<StreamState> {
    const { state, cluster, config, ageMs } = await asNatsFault(this.#info());
    const { last_seq: last, bytes } = state;
    const leader = cluster?.leader ?? "";
    const currentReplicas = (cluster?.replicas ?? []).filter(
      ({ current: isCurrent, offline, lag = 0 }) => {
        return offline !== true && (isCurrent || (lag > 0 && lag < STREAM_LAG_LOW));
      },
    );
    const current =
      config.num_replicas === 1 ? 1 : currentReplicas.length + (leader === "" ? 0 : 1);
    const hasMajority = ageMs < CLUSTER_LEASE_MS;
    return { last, bytes, leader, replicas: config.num_replicas, current, hasMajority };
  }

  get clusterConnection(): ClusterConnection {
    return { ...this.stream, manager: this.manager, client: this.#client, clock: this.#clock };
  }

  #subject(subject: Subject): string {
    return `chat.${this.stream.cluster}.${subject}`;
  }

  #subscribe(subject: Subject, onMessage: (message: Msg) => void): () => void {
    const subscription = this.connection.subscribe(this.#subject(subject), {
      callback: (error, message) => {
        if (error === null) onMessage(message);
      },
    });
    return () => subscription.unsubscribe();
  }

  async publish(bytes: Uint8Array, id: string): Promise<Stored> {
    const options = { msgID: id, timeout: CLUSTER_ANSWER_TIMEOUT_MS };
    const stored = await asNatsFault(this.#client.publish(this.#subject("log"), bytes, options));
    this.#quorumAt = this.#clock.now();
    return { seq: stored.seq, isRepeat: stored.duplicate };
  }

  /**
   * Publishes only if the stream ends at `seq`.
   * @throws {Fault} log-conflict if another message is at that position, no-majority if the outcome
   * is unknown
   */
  async publishAfter(bytes: Uint8Array, seq: number): Promise<void> {
    try {
      await this.#client.publish(this.#subject("log"), bytes, {
        expect: { lastSequence: seq },
        timeout: CLUSTER_COPY_ANSWER_MS,
      });
    } catch (error) {
      if (!isWrongLast(error)) throw natsFault(error);
      throw new Fault("log-conflict", "another message has this position", { cause: error });
    }
  }

  /** Requires a majority, because an isolated server would return an outdated seq. */
  async last(): Promise<number> {
    const { state, ageMs } = await asNatsFault(this.#info());
    if (ageMs < CLUSTER_LEASE_MS) return state.last_seq;
    throw natsFault(new Error("no leader with a majority"));
  }

  async sinceAnswerMs(): Promise<number> {
    try {
      await this.#info();
    } catch {}
    return this.#clock.now() - this.#quorumAt;
  }

  /**
   * @param servers all servers that the operator configured; the stream may use only some of them
   */
  async missing(servers: readonly string[]): Promise<MissingServers> {
    const unresponsive = await unresponsiveServers(servers);
    const respondingCount = Math.max(this.#replicas, servers.length) - unresponsive.length;
    const isMajorityLost = respondingCount < majorityOf(this.#replicas);
    const refusal = this.#refusal;
    return { servers: unresponsive, total: servers.length, isMajorityLost, refusal };
  }

  /** Repeats an unanswered request, because a new leader receives none of before its election. */
  async #info() {
    const { promise, resolve, reject } = Promise.withResolvers<StreamInfo & { ageMs: number }>();
    let cancel = () => {};
    const request = () => {
      this.#requestInfo().then(resolve, reject);
      cancel = this.#clock.after(LEADER_POLL_MS, request);
    };
    request();
    try {
      return await promise;
    } finally {
      cancel();
    }
  }

  async #requestInfo() {
    const askedAt = this.#clock.now();
    const info = await this.#recreating(this.manager.streams.info(this.stream.name));
    const ageMs = quorumAgeMs(info);
    this.#quorumAt = Math.max(this.#quorumAt, askedAt - ageMs);
    this.#replicas = info.config.num_replicas;
    return { ...info, ageMs };
  }

  /** Recreates a removed stream, which running servers then restore from their disks. */
  async #recreating<Value>(request: Promise<Value>): Promise<Value> {
    try {
      return await request;
    } catch (error) {
      if (this.#recreate === undefined || !isNoStream(error)) throw error;
      this.#creation ??= this.#recreate().finally(() => {
        this.#creation = undefined;
      });
      await this.#creation;
      throw error;
    }
  }

  watch(onMessage: (stored?: StreamMessage) => void): () => void {
    const unsubscribes = [
      this.#subscribe("log", () => onMessage()),
      this.#subscribe("stored", (message) => onMessage(storedMessage(message))),
    ];
    return () => {
      for (const stop of unsubscribes) stop();
    };
  }

  /**
   * Reads from the stream's leader, and from a replica only if the leader does not answer: NATS 2.9
   * can leave a replica permanently different after its leader was isolated.
   */
  async get(seq: number): Promise<StreamMessage | undefined> {
    const { name } = this.stream;
    const byLeader = () => this.#recreating(this.manager.streams.getMessage(name, { seq }));
    const byReplica = () => this.manager.direct.getMessage(name, { seq });
    const found = await withFallback(this.#clock, byLeader, FALLBACK_DELAY_MS, [byReplica]);
    if (found === null || found.seq !== seq) return undefined;
    return { seq, unixMs: found.time.getTime(), bytes: new Uint8Array(found.data) };
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}

/** Sends other requests if the first has no answer after `waitMs`, e.g. from a frozen server. */
export async function withFallback<Found>(
  clock: Clock,
  first: () => Promise<Found>,
  waitMs: number,
  others: readonly (() => Promise<Found>)[],
): Promise<Found> {
  const { promise, resolve, reject } = Promise.withResolvers<Found>();
  first().then(resolve, reject);
  const cancel = clock.after(waitMs, () => {
    for (const request of others) request().then(resolve, () => undefined);
  });
  try {
    return await asNatsFault(promise);
  } finally {
    cancel();
  }
}

export async function asNatsFault<Value>(request: Promise<Value>): Promise<Value> {
  try {
    return await request;
  } catch (error) {
    throw natsFault(error);
  }
}

export function isWrongLast(error: unknown): boolean {
  return error instanceof JetStreamApiError && WRONG_LAST.has(error.code);
}

export function natsFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const refusal = refusalOf(error);
  if (refusal !== undefined) return new RefusedByNats(refusal, error);
  const reason = error instanceof Error ? error.message : String(error);
  return new Fault("no-majority", `the cluster has no majority of its NATS servers: ${reason}`, {
    cause: error,
    retryAfterMs: 1_000,
  });
}
