/** A stream of JetStream as what several servers share. */
import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  type Republish,
  RetentionPolicy,
  StorageType,
  type StoredMsg,
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
  CLUSTER_ANSWER_MS,
  CLUSTER_LEASE_MS,
  CLUSTER_START_WITHIN_MS,
} from "../../base/limits-cluster.ts";
import { type Clock, delay } from "../clock.ts";
import type { MissingServers } from "../cluster/majority.ts";
import type { FilledStream } from "../cluster/publication.ts";
import type { Stored, Stream, StreamMessage } from "../cluster/stream.ts";
import { silentServers } from "./greeting.ts";
import {
  addStream,
  findStream,
  isLed,
  majorityOf,
  quorumAgeMs,
  untilLed,
} from "./stream-lookup.ts";

/** Limit for the answer to a copied message: NATS may sync each one to a slow disk. */
const CLUSTER_COPY_ANSWER_MS = 10_000;

export interface JetStreamOptions {
  /** `nats://HOST:PORT` or `tls://…`, of as many servers as there are. */
  readonly servers: readonly string[];
  /** Content of a credentials file. */
  readonly credentials?: Uint8Array;
  readonly cluster: string;
  /**
   * What stands with the stream and says whose it is: all nodes are one server to clients. Left
   * out: a stream that there is, is looked at.
   */
  readonly identity?: ClusterIdentity;
  /** Takes servers that may lose what they acknowledged, and one alone. */
  readonly isUnsafe: boolean;
  readonly clock: Clock;
}

export interface ClusterIdentity {
  /** Fingerprint of this node's; undefined: it has none. */
  readonly own: string | undefined;
  /** For a new stream; asked only where there is none. @returns its fingerprint */
  readonly make: () => Promise<string>;
}

/** Of a cluster; what is published to the first, the stream stores, and tells by the second. */
type Subject = "log" | "stored" | "news" | "state";

/** What the server has to be: since then a sync before each acknowledgement can be asked for. */
const VERSION_MIN = [2, 12] as const;
/** A server that is not there may say nothing: then the next one is tried. */
const CONNECT_WITHIN_MS = 2_000;
/** One that has frozen, or whose cable is out, ends no connection: the library waits 4 minutes. */
const PING_EVERY_MS = 1_000;
const PINGS_UNANSWERED_MAX = 2;
/** Who has not answered by then may have frozen, and others are asked, too. */
const ANSWER_USUAL_MS = 200;
const DUPLICATE_WINDOW_NS = 120e9;
/** A copy that is so few messages behind is one of a stream that is being written. */
const STREAM_LAG_LOW = 100;
/** A code of the JetStream API. */
export const WRONG_LAST_SEQUENCE = 10_071;

/** @throws Fault unreachable, data-foreign, not-found, no-majority, version-unsupported */
export async function openJetStream(options: JetStreamOptions): Promise<JetStream> {
  const { cluster, isUnsafe, identity, clock } = options;
  const connection = await connectNats(options);
  try {
    const version = connection.info?.version ?? "";
    checkVersion(version, isUnsafe);
    const manager = await jetstreamManager(connection, {
      timeout: CLUSTER_ANSWER_MS,
      checkAPI: false,
    });
    const name = `CHAT_${cluster}`;
    let own = identity?.own;
    const make = async () => {
      if (identity === undefined) throw new Fault("not-found", `there is no cluster '${cluster}'`);
      own ??= await identity.make();
      return own;
    };
    const ready = () =>
      ensureStream(manager, {
        ...{ name, cluster, isUnsafe },
        republish: isNew(version) ? republishOf(cluster) : undefined,
        identity: identity === undefined ? undefined : { own, make },
        make,
      });
    // One that is only looked at may have no leader: that is what is to be seen.
    const look = async () => (await ready()) || identity === undefined;
    const withinMs = identity === undefined ? CLUSTER_LEASE_MS : CLUSTER_START_WITHIN_MS;
    await untilLed(clock, "the stream has", look, withinMs);
    return new JetStream(connection, manager, { name, cluster }, options);
  } catch (error) {
    await connection.close();
    throw natsFault(error);
  }
}

/** @throws Fault unreachable */
export async function connectNats(
  { servers, credentials }: Pick<JetStreamOptions, "servers" | "credentials">,
  pingEveryMs = PING_EVERY_MS,
): Promise<NatsConnection> {
  try {
    return await connect({
      servers: [...servers],
      name: "chat",
      timeout: CONNECT_WITHIN_MS,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      pingInterval: pingEveryMs,
      maxPingOut: PINGS_UNANSWERED_MAX,
      ...(credentials === undefined ? {} : { authenticator: credsAuthenticator(credentials) }),
    });
  } catch (error) {
    throw new Fault("unreachable", `no NATS server answers at ${servers.join(", ")}`, {
      cause: error,
      remedy: "check --nats and --nats-creds",
    });
  }
}

function isNew(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > VERSION_MIN[0] || (major === VERSION_MIN[0] && minor >= VERSION_MIN[1]);
}

/** @throws Fault version-unsupported */
function checkVersion(version: string, isUnsafe: boolean): void {
  if (isUnsafe || isNew(version)) return;
  const sentence =
    `nats-server ${version} may lose what it has acknowledged` +
    " when its machines lose power together";
  throw new Fault("version-unsupported", sentence, {
    remedy: "use 2.12 or later with sync_interval: always, or accept it with --unsafe-nats",
  });
}

interface StreamOptions extends Pick<JetStreamOptions, "cluster" | "isUnsafe"> {
  readonly name: string;
  /** Undefined: these servers would not say at which moment they have stored what they tell. */
  readonly republish: Republish | undefined;
  readonly identity: ClusterIdentity | undefined;
  readonly make: () => Promise<string>;
}

/** @returns whether somebody leads it @throws Fault data-foreign, no-majority */
async function ensureStream(
  manager: JetStreamManager,
  { name, cluster, republish, identity, make, isUnsafe }: StreamOptions,
): Promise<boolean> {
  const found = await findStream(manager, name);
  if (found !== undefined) {
    if (identity !== undefined) checkIdentity(cluster, found.config.description ?? "", identity);
    // One of an earlier version of this program.
    if (republish !== undefined && found.config.republish === undefined) {
      await manager.streams.update(name, { republish });
    }
    return isLed(found);
  }
  const config = {
    ...{ name, subjects: [subjectOf(cluster)], description: describe(await make()) },
    ...(republish === undefined ? {} : { republish }),
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    duplicate_window: DUPLICATE_WINDOW_NS,
    deny_purge: true,
    allow_direct: true,
  };
  await addStream(manager, config, isUnsafe);
  return false; // The next look tells.
}

/** @throws Fault data-foreign */
function checkIdentity(cluster: string, found: string, { own }: ClusterIdentity): void {
  if (own !== undefined && found === describe(own)) return;
  const sentence =
    own === undefined
      ? `the cluster '${cluster}' has an identity, and this data folder has none`
      : `the cluster '${cluster}' has another identity than this data folder`;
  throw new Fault("data-foreign", sentence, {
    remedy: "copy identity.key and settings.json from a node's data folder, or give --cluster NAME",
  });
}

function describe(fingerprint: string): string {
  return `identity ${fingerprint}`;
}

function subjectOf(cluster: string): string {
  return `chat.${cluster}.log`;
}

/** Each message that is stored is told to all servers, with its number and its moment. */
function republishOf(cluster: string): Republish {
  return { src: subjectOf(cluster), dest: `chat.${cluster}.stored` };
}

/** @returns undefined: NATS did not say where it stands */
function storedOf({ headers, data }: Msg): StreamMessage | undefined {
  const seq = Number(headers?.get("Nats-Sequence"));
  const unixMs = Date.parse(headers?.get("Nats-Time-Stamp") ?? "");
  if (!(Number.isSafeInteger(seq) && seq > 0 && Number.isFinite(unixMs))) return undefined;
  return { seq, unixMs, bytes: new Uint8Array(data) };
}

interface StreamName {
  readonly name: string;
  readonly cluster: string;
}

export interface StreamBeside extends StreamName {
  readonly manager: JetStreamManager;
  readonly client: JetStreamClient;
  readonly clock: Clock;
}

export interface StreamState {
  readonly last: number;
  readonly bytes: number;
  /** The NATS server that leads it; empty: none, or there is one alone. */
  readonly leader: string;
  readonly replicas: number;
  /** NATS servers that hold all but the last moment of it; where there is one alone, 1. */
  readonly current: number;
  /** The leader has heard a majority within CLUSTER_LEASE_MS. */
  readonly hasMajority: boolean;
}

export class JetStream implements FilledStream, Stream {
  readonly #connection: NatsConnection;
  readonly #manager: JetStreamManager;
  readonly #client: JetStreamClient;
  readonly #stream: StreamName;
  readonly #clock: Clock;
  /** When a majority was last known to answer. */
  #quorumAt: number;
  #replicas = 1;

  constructor(
    connection: NatsConnection,
    manager: JetStreamManager,
    stream: StreamName,
    { clock }: Pick<JetStreamOptions, "clock">,
  ) {
    this.#connection = connection;
    this.#manager = manager;
    this.#client = jetstream(connection, { timeout: CLUSTER_ANSWER_MS });
    this.#stream = stream;
    this.#clock = clock;
    this.#quorumAt = clock.now();
  }

  /** To all other nodes that listen now, without any promise. */
  tell(bytes: Uint8Array): void {
    if (!this.#connection.isClosed()) this.#connection.publish(this.#place("news"), bytes);
  }

  /** What others tell, and what this one does. @returns what stops it */
  listen(onBytes: (bytes: Uint8Array) => void): () => void {
    return this.#callback("news", ({ data }) => onBytes(data));
  }

  /** Answers each node and each command that asks. @returns what stops it */
  answer(state: () => Uint8Array): () => void {
    return this.#callback("state", (message) => message.respond(state()));
  }

  /** What all nodes say that answer within this time. @throws Fault no-majority: it is closed */
  async ask(withinMs: number): Promise<Uint8Array[]> {
    const answers: Uint8Array[] = [];
    const inbox = createInbox();
    try {
      const heard = this.#connection.subscribe(inbox, {
        callback: (error, message) => {
          if (error === null) answers.push(new Uint8Array(message.data));
        },
      });
      this.#connection.publish(this.#place("state"), undefined, { reply: inbox });
      await delay(this.#clock, withinMs);
      heard.unsubscribe();
    } catch (error) {
      throw natsFault(error);
    }
    return answers;
  }

  /** What the stream holds, and which NATS server leads it. @throws Fault no-majority */
  async state(): Promise<StreamState> {
    try {
      const { state, cluster, config, ageMs } = await this.#info();
      const { last_seq: last, bytes } = state;
      const leader = cluster?.leader ?? "";
      const others = (cluster?.replicas ?? []).filter(
        ({ current: isCurrent, offline, lag = 0 }) => {
          return offline !== true && (isCurrent || (lag > 0 && lag < STREAM_LAG_LOW));
        },
      );
      const current = config.num_replicas === 1 ? 1 : others.length + (leader === "" ? 0 : 1);
      const hasMajority = ageMs < CLUSTER_LEASE_MS;
      return { last, bytes, leader, replicas: config.num_replicas, current, hasMajority };
    } catch (error) {
      throw natsFault(error);
    }
  }

  /** For other streams of the same cluster, with as many copies. */
  get beside(): StreamBeside {
    return { ...this.#stream, manager: this.#manager, client: this.#client, clock: this.#clock };
  }

  #place(what: Subject): string {
    return `chat.${this.#stream.cluster}.${what}`;
  }

  #callback(what: Subject, onMessage: (message: Msg) => void): () => void {
    const heard = this.#connection.subscribe(this.#place(what), {
      callback: (error, message) => {
        if (error === null) onMessage(message);
      },
    });
    return () => heard.unsubscribe();
  }

  async publish(bytes: Uint8Array, id: string): Promise<Stored> {
    try {
      const { seq, duplicate } = await this.#client.publish(this.#place("log"), bytes, {
        msgID: id,
        timeout: CLUSTER_ANSWER_MS,
      });
      this.#quorumAt = this.#clock.now();
      return { seq, isRepeat: duplicate };
    } catch (error) {
      throw natsFault(error);
    }
  }

  /** As `publish`, at this place alone. @throws Fault log-conflict, no-majority */
  async publishBehind(bytes: Uint8Array, seq: number): Promise<void> {
    try {
      await this.#client.publish(this.#place("log"), bytes, {
        expect: { lastSequence: seq },
        timeout: CLUSTER_COPY_ANSWER_MS,
      });
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || error.code !== WRONG_LAST_SEQUENCE) {
        throw natsFault(error);
      }
      throw new Fault("log-conflict", "another message stands there", { cause: error });
    }
  }

  /** As a majority knows it: one machine that is cut off would name an end that has passed. */
  async last(): Promise<number> {
    try {
      const { state, ageMs } = await this.#info();
      if (ageMs < CLUSTER_LEASE_MS) return state.last_seq;
    } catch (error) {
      throw natsFault(error);
    }
    throw natsFault(new Error("no leader with a majority"));
  }

  /** Milliseconds since a majority was last known to answer; asks for it. */
  async silentMs(): Promise<number> {
    try {
      await this.#info();
    } catch {
      // Unknown: keep the previous state.
    }
    return this.#clock.now() - this.#quorumAt;
  }

  /** @param servers as the operator named them; the stream may lie on some of them */
  async missing(servers: readonly string[]): Promise<MissingServers> {
    const silent = await silentServers(servers);
    const left = Math.max(this.#replicas, servers.length) - silent.length;
    const areTooMany = left < majorityOf(this.#replicas);
    return { servers: silent, of: servers.length, areTooMany };
  }

  async #info() {
    const askedAt = this.#clock.now();
    const info = await this.#manager.streams.info(this.#stream.name);
    const ageMs = quorumAgeMs(info);
    this.#quorumAt = Math.max(this.#quorumAt, askedAt - ageMs);
    this.#replicas = info.config.num_replicas;
    return { ...info, ageMs };
  }

  /** Whoever publishes is heard at once; that the stream holds it, only reading it tells. */
  watch(onNews: (stored?: StreamMessage) => void): () => void {
    const stops = [
      this.#callback("log", () => onNews()),
      this.#callback("stored", (message) => onNews(storedOf(message))),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  /**
   * From the stream's leader. While that says nothing, from whichever server holds a copy: a stream
   * that has just lost its leader is read on. Not from any copy always: NATS 2.9 has left one that
   * differs for good, where a leader was cut off, and nodes that read here and there differed, too.
   * @returns undefined: who answered does not have it, or not yet
   */
  async get(seq: number): Promise<StreamMessage | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<StoredMsg | null>();
    const { name } = this.#stream;
    const ask = (asked: Promise<StoredMsg | null>) => asked.then(resolve, reject);
    void ask(this.#manager.streams.getMessage(name, { seq }));
    const cancel = this.#clock.after(ANSWER_USUAL_MS, () => {
      void ask(this.#manager.direct.getMessage(name, { seq }));
    });
    try {
      const found = await promise;
      if (found === null || found.seq !== seq) return undefined;
      return { seq, unixMs: found.time.getTime(), bytes: new Uint8Array(found.data) };
    } catch (error) {
      throw natsFault(error);
    } finally {
      cancel();
    }
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

/** Converts an error of the NATS library: the network or the stream failed. */
export function natsFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const said = error instanceof Error ? error.message : String(error);
  return new Fault("no-majority", `the cluster has no majority of its NATS servers: ${said}`, {
    cause: error,
    retryAfterMs: 1_000,
  });
}
