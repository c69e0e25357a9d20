/** JetStream stream shared by several servers. */

import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  type JetStreamPublishOptions,
  jetstream,
  jetstreamManager,
  type PubAck,
  type StreamInfo,
} from "@nats-io/jetstream";
import {
  type ConnectionOptions,
  connect,
  createInbox,
  credsAuthenticator,
  errors,
  headers,
  type Msg,
  type NatsConnection,
  nuid,
} from "@nats-io/transport-node";
import { Fault } from "../../base/fault.ts";
import {
  BUCKET_VALUE_BYTES_MAX,
  CLUSTER_ANSWER_TIMEOUT_MS,
  CLUSTER_LEASE_MS,
} from "../../base/limits-cluster.ts";
import { defined } from "../../base/values.ts";
import { setNewest } from "../../core/evict.ts";
import { type Clock, delay } from "../clock.ts";
import { type MissingServers, type Refusal, RefusedByNats } from "../cluster/majority.ts";
import type { CopyStream } from "../cluster/publication.ts";
import type { Stored, Stream, StreamMessage } from "../cluster/stream.ts";
import { ifPossible, settled } from "../promises.ts";
import { greetingOf, unresponsiveServers } from "./monitor.ts";
import { describeIdentity, OwnStream, waitForOwn } from "./own-stream.ts";
import {
  certificateRefusal,
  deniedPublication,
  limitRefusal,
  refusalOf,
  unacknowledgedRefusal,
} from "./refusals.ts";
import { DUPLICATE_WINDOW_NS, missingFault, payloadFault, settingsFault } from "./stream-config.ts";
import {
  addStream,
  currentCount,
  findStream,
  hasLeader,
  hasNoReceiver,
  isNoStream,
  logSubject,
  majorityOf,
  quorumAgeMs,
} from "./stream-lookup.ts";

/** Longer than for other messages, because NATS may sync each copied message to a slow disk. */
const CLUSTER_COPY_ANSWER_MS = 10_000;

export interface JetStreamOptions {
  readonly servers: readonly string[];
  readonly credentials?: Uint8Array;
  /** Certificates in PEM of the authorities that sign the certificates of NATS. */
  readonly authorities?: string;
  readonly certificate?: ClientCertificate;
  readonly cluster: string;
  readonly identity?: ClusterIdentity;
  readonly isUnsafe: boolean;
  readonly clock: Clock;
  /** Whether the stream has existed before, so that its loss is a fault. */
  readonly isKnown?: boolean;
  /** Called after this server created the stream again. */
  readonly onRecreated?: () => void;
}

/** Certificate and key in PEM, which NATS requires with `verify: true`. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
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
/** A publication is tested after this time without an acknowledgement. */
const PUBLICATION_TEST_MS = 10_000;
/** A denial counts for this long after its last repetition. */
const DENIAL_FORGET_MS = 10_000;
const DENIALS_MAX = 16;
const RESUBSCRIBE_MS = 5_000;
/** Size of a message that a stream below its limits can store. */
const SMALL_MESSAGE_BYTES = 4_096;
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
    const republish = isSupported(version)
      ? { src: logSubject(cluster), dest: storedSubject(cluster) }
      : undefined;
    let fingerprint = identity?.own;
    const own = new OwnStream({
      connection,
      manager,
      name,
      cluster,
      servers: options.servers,
      connectTo: (server) => connectOnce(options, server),
      fingerprint: () => fingerprint,
      isInspected: identity === undefined,
      create: async (replicasBefore) => {
        fingerprint ??= await identity?.make();
        const description = describeIdentity(fingerprint ?? "");
        const config = { ...streamConfig(name, cluster), description, republish };
        await addStream(manager, config, isUnsafe && (replicasBefore ?? 1) === 1);
      },
      ...defined({ isKnown: options.isKnown, onRecreated: options.onRecreated }),
    });
    const isReady = async () => {
      const info = await own.info();
      if (identity !== undefined && republish !== undefined && info.config.republish === undefined)
        await manager.streams.update(name, { republish });
      return hasLeader(info) || identity === undefined;
    };
    const withinMs = identity === undefined ? CLUSTER_LEASE_MS : undefined;
    await waitForOwn(clock, "the stream has", isReady, withinMs);
    const republishedAs = republish?.dest;
    const context = { clock, own, login: options, republishedAs };
    return new JetStream(connection, manager, { name, cluster }, context);
  } catch (error) {
    await connection.close();
    throw natsFault(error);
  }
}

type Login = Pick<JetStreamOptions, "servers" | "credentials" | "authorities" | "certificate">;

export async function connectNats(
  login: Login,
  pingEveryMs = PING_INTERVAL_MS,
): Promise<NatsConnection> {
  try {
    return await connect({
      ...connectionOptions(login),
      maxReconnectAttempts: -1,
      // An operator of NATS may admit the credentials again.
      ignoreAuthErrorAbort: true,
      reconnectTimeWait: 250,
      pingInterval: pingEveryMs,
      maxPingOut: PINGS_UNANSWERED_MAX,
    });
  } catch (error) {
    const { servers, credentials } = login;
    const refusal = refusalOf(error, { credentials }) ?? (await findRefusal(login));
    const message = refusal?.message ?? `no NATS server answers at ${servers.join(", ")}`;
    const remedy = refusal?.remedy ?? "check --nats and --nats-creds";
    throw new Fault("unreachable", message, { cause: error, remedy });
  }
}

function connectionOptions(login: Login): ConnectionOptions {
  const { servers, credentials, authorities, certificate } = login;
  const tls = { ...certificate, ...defined({ ca: authorities }) };
  const isEncrypted = Object.keys(tls).length > 0 || servers.some((url) => url.startsWith("tls:"));
  return {
    servers: [...servers],
    name: "chat",
    timeout: CONNECT_TIMEOUT_MS,
    // The library tells an absent option from `undefined`.
    ...(isEncrypted ? { tls } : {}),
    ...(credentials === undefined ? {} : { authenticator: credsAuthenticator(credentials) }),
  };
}

export function connectOnce(login: Login, server: string): Promise<NatsConnection> {
  return connect({ ...connectionOptions({ ...login, servers: [server] }), reconnect: false });
}

/** Connects to each server, because one error hides those of the other servers. */
async function findRefusal(login: Login): Promise<Refusal | undefined> {
  const attempts = login.servers.map(async (server) => {
    try {
      const connection = await connectOnce(login, server);
      await connection.close();
      return undefined;
    } catch (error) {
      const refusal = refusalOf(error, login);
      if (refusal !== undefined) return refusal;
      const greeting = await greetingOf(server);
      // NATS ends the connection so early that the library misses the reason.
      const [reason] = /^-ERR '.*'|^HTTP\/1\.. \d+/m.exec(greeting) ?? [];
      const refused = reason === undefined ? undefined : refusalOf(new Error(reason), login);
      if (refused !== undefined) return refused;
      return greeting.includes('"tls_verify":true') ? certificateRefusal() : undefined;
    }
  });
  return (await Promise.all(attempts)).find((refusal) => refusal !== undefined);
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

function streamConfig(name: string, cluster: string) {
  return {
    name,
    subjects: [logSubject(cluster)],
    discard: DiscardPolicy.New,
    duplicate_window: DUPLICATE_WINDOW_NS,
    deny_purge: true,
    allow_direct: true,
  };
}

function storedSubject(cluster: string): string {
  return `chat.${cluster}.stored`;
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
  /** @throws unless NATS is that of the cluster */
  readonly check: () => Promise<void>;
}

export interface StreamState {
  readonly last: number;
  /** Number of messages that the stream contains. */
  readonly messages: number;
  readonly bytes: number;
  /** Warnings about settings of NATS and of the cluster's streams that are not ours. */
  readonly settings: readonly Fault[];
  readonly leader: string;
  readonly replicas: number;
  readonly current: number;
  readonly hasMajority: boolean;
}

interface JetStreamContext extends Pick<JetStreamOptions, "clock"> {
  readonly login: Login;
  readonly republishedAs: string | undefined;
  readonly own: OwnStream;
}

type AgedInfo = StreamInfo & { readonly ageMs: number };

export class JetStream implements CopyStream, Stream {
  readonly #client: JetStreamClient;
  readonly #clock: Clock;
  readonly #context: JetStreamContext;
  #quorumAt: number;
  #replicas = 1;
  #info: AgedInfo | undefined;
  #isConnected = true;
  /** Reason for which NATS ended the connection or limits it, until it accepts another. */
  #endedBy: Refusal | undefined;
  /** Reason for which NATS refused the newest message, until it stores one. */
  #refusedBy: Refusal | undefined;
  #publicationTestedAt: number;
  /** Time of the first publication that NATS left unanswered since it last answered one. */
  #unansweredAt: number | undefined;
  /** Denied subjects. */
  readonly #denials = new Map<string, { readonly refusal: Refusal; readonly at: number }>();

  constructor(
    private readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
    private readonly stream: StreamName,
    context: JetStreamContext,
  ) {
    this.#context = context;
    this.#client = jetstream(connection, { timeout: CLUSTER_ANSWER_TIMEOUT_MS });
    this.#clock = context.clock;
    this.#quorumAt = this.#clock.now();
    this.#publicationTestedAt = this.#clock.now();
    void this.#noteRefusals();
  }

  get #own(): OwnStream {
    return this.#context.own;
  }

  async #noteRefusals(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === "disconnect") this.#isConnected = false;
      else if (status.type === "reconnect") {
        this.#isConnected = true;
        this.#endedBy = undefined;
        this.#denials.clear();
        // Messages of other servers are ignored until the check.
        void settled(this.#check());
      } else if (status.type === "error") this.#noteRefusal(status.error);
    }
  }

  #noteRefusal(error: Error): void {
    const refusal = this.#refusalOf(error);
    if (refusal === undefined) return;
    if (error instanceof errors.PermissionViolationError) {
      const denial = { refusal, at: this.#clock.now() };
      setNewest(this.#denials, refusal.message, denial, DENIALS_MAX);
    } else this.#endedBy = refusal;
  }

  get #denial(): Refusal | undefined {
    const oldest = this.#clock.now() - DENIAL_FORGET_MS;
    return [...this.#denials.values()].find(({ at }) => at > oldest)?.refusal;
  }

  #refusalOf(error: unknown): Refusal | undefined {
    const { credentials } = this.#context.login;
    return refusalOf(error, { credentials, stream: this.stream.name });
  }

  broadcast(bytes: Uint8Array): void {
    if (!this.connection.isClosed() && this.#own.isTrusted)
      this.connection.publish(this.#subject("news"), bytes);
  }

  listen(onBytes: (bytes: Uint8Array) => void): () => void {
    return this.#subscribe("news", ({ data }) => {
      if (this.#own.isTrusted) onBytes(data);
    });
  }

  answerState(state: () => Uint8Array): () => void {
    return this.#subscribe("state", (message) => {
      if (this.#own.isTrusted) message.respond(state());
    });
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
    const info = await asNatsFault(this.#queryInfo());
    const { state, cluster, config, ageMs } = info;
    const { last_seq: last, bytes, messages } = state;
    const leader = cluster?.leader ?? "";
    const current = currentCount(info);
    const hasMajority = ageMs < CLUSTER_LEASE_MS;
    const isReplicated = (cluster?.name ?? "") !== "";
    const log = settingsFault(info, {
      subject: this.#subject("log"),
      republishedAs: this.#context.republishedAs,
      isReplicated,
    });
    const others = await Promise.all(
      this.#otherStreams().map(async ({ name, expected }) => {
        const found = await ifPossible(
          findStream(this.manager, name).then((info) => info ?? missingFault(name)),
        );
        if (found === undefined || found instanceof Fault) return found;
        return settingsFault(found, { ...expected, isReplicated });
      }),
    );
    const payload = payloadFault(this.connection.info?.max_payload);
    const settings = [payload, log, ...others].filter((fault) => fault !== undefined);
    const replicas = config.num_replicas;
    return { last, messages, bytes, settings, leader, replicas, current, hasMajority };
  }

  /** Streams of files, and of values for devices that are offline. */
  #otherStreams() {
    const { cluster } = this.stream;
    const files = { subject: `chat.${cluster}.files.>`, perSubjectMax: 1, hasOwnLimit: true };
    const kept = {
      subject: `chat.${cluster}.kept.>`,
      perSubjectMax: 1,
      discard: DiscardPolicy.Old,
      messageBytesMin: BUCKET_VALUE_BYTES_MAX,
    };
    return [
      { name: `CHATFILES_${cluster}`, expected: files },
      { name: `CHATKEPT_${cluster}`, expected: kept },
    ];
  }

  /** Tests each subject that a server uses, without an effect. */
  async findDenied(): Promise<readonly Refusal[]> {
    const { cluster } = this.stream;
    const names = [`CHAT_${cluster}`, `CHATFILES_${cluster}`, `CHATKEPT_${cluster}`];
    const requests = ["CREATE", "UPDATE", "INFO", "PURGE", "MSG.GET"];
    const api = names.flatMap((name) => [
      ...requests.map((request) => `$JS.API.STREAM.${request}.${name}`),
      `$JS.API.DIRECT.GET.${name}`,
    ]);
    const published = [...["news", "state", "log"], "files.0.0", "kept.probe"];
    const own = published.map((subject) => `chat.${cluster}.${subject}`);
    const received = ["log", "stored", "news", "state"] as const;
    const denied = await Promise.all([
      ...[...own, ...api].map((subject) => this.#testRequest(subject)),
      ...received.map((subject) => this.#testSubscription(this.#subject(subject))),
    ]);
    return denied.filter((refusal) => refusal !== undefined);
  }

  /** JetStream refuses the request for its content, and the message for its position. */
  async #testRequest(subject: string): Promise<Refusal | undefined> {
    const impossible = headers();
    impossible.set("Nats-Expected-Last-Sequence", String(Number.MAX_SAFE_INTEGER));
    const options = { headers: impossible, timeout: CLUSTER_ANSWER_TIMEOUT_MS };
    try {
      await this.connection.request(subject, "{", options);
      return undefined;
    } catch (error) {
      return this.#refusalOf(error);
    }
  }

  async #testSubscription(subject: string): Promise<Refusal | undefined> {
    let denial: unknown;
    const subscription = this.connection.subscribe(subject, {
      callback: (error) => {
        denial ??= error;
      },
    });
    // NATS answers in the order of the requests.
    await this.connection.flush();
    subscription.unsubscribe();
    return this.#refusalOf(denial);
  }

  /** Fingerprint of the cluster; `undefined` if it is only inspected. */
  get fingerprint(): string | undefined {
    return this.#own.fingerprint;
  }

  get id(): string {
    return `${this.stream.cluster} ${this.fingerprint ?? ""}`;
  }

  get clusterConnection(): ClusterConnection {
    return {
      ...this.stream,
      manager: this.manager,
      client: this.#client,
      clock: this.#clock,
      check: () => this.#check(),
    };
  }

  #subject(subject: Subject): string {
    return `chat.${this.stream.cluster}.${subject}`;
  }

  /** NATS ends a denied subscription, and may permit it later. */
  #subscribe(subject: Subject, onMessage: (message: Msg) => void): () => void {
    let stop = () => {};
    const subscribe = () => {
      if (this.connection.isClosed()) return;
      const subscription = this.connection.subscribe(this.#subject(subject), {
        callback: (error, message) => {
          if (error === null) onMessage(message);
          else stop = this.#clock.after(RESUBSCRIBE_MS, subscribe);
        },
      });
      stop = () => subscription.unsubscribe();
    };
    subscribe();
    return () => stop();
  }

  async publish(bytes: Uint8Array, id: string): Promise<Stored> {
    const options = { msgID: id, timeout: CLUSTER_ANSWER_TIMEOUT_MS };
    const { seq, duplicate } = await this.#publish(bytes, options);
    this.#quorumAt = this.#clock.now();
    return { seq, isRepeat: duplicate };
  }

  async #publish(bytes: Uint8Array, options: Partial<JetStreamPublishOptions>): Promise<PubAck> {
    try {
      await this.#check();
      const acknowledgement = await this.#client.publish(this.#subject("log"), bytes, options);
      this.#refusedBy = undefined;
      if (this.#denials.size > 0)
        this.#denials.delete(deniedPublication(this.#subject("log"))?.message ?? "");
      this.#unansweredAt = undefined;
      this.#publicationTestedAt = this.#clock.now();
      return acknowledgement;
    } catch (error) {
      if (error instanceof Fault) throw error;
      const refusal = this.#refusalOf(error);
      if (isWrongLast(error) || refusal !== undefined) this.#unansweredAt = undefined;
      else this.#unansweredAt ??= this.#clock.now();
      if (isWrongLast(error))
        throw new Fault("log-conflict", "another message has this position", { cause: error });
      if (refusal === undefined)
        throw hasNoReceiver(error) ? this.#noReceiverFault(error) : natsFault(error);
      this.#refusedBy = refusal;
      throw new RefusedByNats(refusal, error);
    }
  }

  #noReceiverFault(cause: unknown): Fault {
    const message = `NATS delivers messages to ${this.#subject("log")} to no stream`;
    const remedy = "try again; if this lasts, NATS may have a mapping for this subject: remove it";
    return new Fault("no-majority", message, { cause, remedy, retryAfterMs: 1_000 });
  }

  /**
   * Publishes only if the stream ends at `seq`.
   * @throws {Fault} log-conflict if another message is at that position, no-majority if the outcome
   * is unknown
   */
  async publishAfter(bytes: Uint8Array, seq: number): Promise<void> {
    await this.#publish(bytes, { expect: { lastSequence: seq }, timeout: CLUSTER_COPY_ANSWER_MS });
  }

  /**
   * Reason for which NATS would refuse a message now. While NATS refuses messages, repeatedly
   * publishes `probe`, which must have no effect. Otherwise, tests only whether the stream accepts
   * publications from this server, which stores nothing.
   */
  async refusal(probe: Uint8Array): Promise<Refusal | undefined> {
    const isUntested = this.#clock.now() - this.#publicationTestedAt >= PUBLICATION_TEST_MS;
    try {
      if ((this.#refusedBy ?? this.#unacknowledged) !== undefined)
        await this.publish(probe, nuid.next());
      else if (isUntested) {
        this.#publicationTestedAt = this.#clock.now();
        const options = { lastSequence: Number.MAX_SAFE_INTEGER };
        await this.#publish(probe, { expect: options, timeout: CLUSTER_ANSWER_TIMEOUT_MS });
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
    return (
      this.#refusedBy ?? this.#denial ?? this.#endedBy ?? this.#reachedLimit ?? this.#unacknowledged
    );
  }

  get #reachedLimit(): Refusal | undefined {
    if (this.#info === undefined) return undefined;
    const { config, state } = this.#info;
    const { discard, max_bytes, max_msgs } = config;
    if (discard !== DiscardPolicy.New) return undefined;
    if (max_bytes > 0 && state.bytes + SMALL_MESSAGE_BYTES > max_bytes)
      return limitRefusal("bytes", config.name);
    if (max_msgs > 0 && state.messages >= max_msgs) return limitRefusal("messages", config.name);
    return undefined;
  }

  /** NATS that cannot write to its disk answers questions about the stream, but no publication. */
  get #unacknowledged(): Refusal | undefined {
    const isOverdue =
      this.#unansweredAt !== undefined &&
      this.#clock.now() - this.#unansweredAt >= CLUSTER_LEASE_MS;
    return isOverdue ? unacknowledgedRefusal(this.stream.name) : undefined;
  }

  /** Requires a majority, because an isolated server would return an outdated seq. */
  async last(): Promise<number> {
    const { state, ageMs } = await asNatsFault(this.#queryInfo());
    if (ageMs < CLUSTER_LEASE_MS) return state.last_seq;
    throw natsFault(new Error("no leader with a majority"));
  }

  async sinceAnswerMs(): Promise<number> {
    try {
      await this.#queryInfo();
    } catch {}
    const elapsedMs = this.#clock.now() - this.#quorumAt;
    if (elapsedMs >= CLUSTER_LEASE_MS) void settled(this.#own.leaveIfCutOff());
    return elapsedMs;
  }

  /**
   * @param servers all servers that the operator configured; the stream may use only some of them
   */
  async missing(servers: readonly string[]): Promise<MissingServers> {
    const unresponsive = await unresponsiveServers(servers);
    const respondingCount = Math.max(this.#replicas, servers.length) - unresponsive.length;
    const isMajorityLost = respondingCount < majorityOf(this.#replicas);
    const refusal =
      this.#endedBy ??
      this.#denial ??
      this.#own.refusal ??
      (this.#isConnected ? undefined : await findRefusal(this.#context.login));
    return { servers: unresponsive, total: servers.length, isMajorityLost, refusal };
  }

  async #check(): Promise<void> {
    if (!this.#own.isChecked) await this.#queryInfo();
  }

  /** Repeats an unanswered request, because a new leader receives none of before its election. */
  async #queryInfo(): Promise<AgedInfo> {
    const { promise, resolve, reject } = Promise.withResolvers<AgedInfo>();
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

  async #requestInfo(): Promise<AgedInfo> {
    const askedAt = this.#clock.now();
    const info = await this.#own.info();
    const ageMs = quorumAgeMs(info);
    this.#quorumAt = Math.max(this.#quorumAt, askedAt - ageMs);
    this.#replicas = info.config.num_replicas;
    this.#info = { ...info, ageMs };
    return this.#info;
  }

  watch(onMessage: (stored?: StreamMessage) => void): () => void {
    const unsubscribes = [
      this.#subscribe("log", () => onMessage()),
      this.#subscribe("stored", (message) => {
        if (this.#own.isChecked) onMessage(storedMessage(message));
      }),
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
    await asNatsFault(this.#check());
    const byLeader = async () => {
      try {
        return await this.manager.streams.getMessage(name, { seq });
      } catch (error) {
        if (isNoStream(error)) this.#own.invalidate();
        throw error;
      }
    };
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
