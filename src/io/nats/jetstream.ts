/** The one home of the NATS client: a stream of JetStream as what several servers share. */
import {
  DeliverPolicy,
  DiscardPolicy,
  type JetStreamClient,
  type JetStreamManager,
  JetStreamApiError,
  jetstream,
  jetstreamManager,
  type OrderedConsumerOptions,
  RetentionPolicy,
  StorageType,
} from "@nats-io/jetstream";
import { connect, credsAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { Fault } from "../../base/fault.ts";
import {
  CLUSTER_ANSWER_MS,
  CLUSTER_MESSAGES_AHEAD,
  CLUSTER_STALLED_MS,
} from "../../base/limits-cluster.ts";
import { type Clock, delay } from "../clock.ts";
import type { Stream, StreamMessage } from "../cluster/stream.ts";

export interface JetStreamOptions {
  /** `nats://HOST:PORT` or `tls://…`, of as many servers as there are. */
  readonly servers: readonly string[];
  /** Content of a credentials file. */
  readonly credentials?: Uint8Array;
  readonly cluster: string;
  /** Takes servers that may lose what they acknowledged, and one alone. */
  readonly isUnsafe: boolean;
  readonly clock: Clock;
}

/** What the server has to be: since then a sync before each acknowledgement can be asked for. */
const VERSION_MIN = [2, 12] as const;
const REPLICAS = 3;
const LEADER_WITHIN_MS = 20_000;
const DUPLICATE_WINDOW_NS = 120e9;
/** Codes of the JetStream API. */
const STREAM_NOT_FOUND = 10_059;
const NOT_ENOUGH_SERVERS = new Set([10_005, 10_074]);

/** @throws Fault unreachable, not-allowed, no-majority, version-unsupported, usage */
export async function openJetStream(options: JetStreamOptions): Promise<JetStream> {
  const { servers, credentials, cluster, isUnsafe, clock } = options;
  let connection: NatsConnection;
  try {
    connection = await connect({
      servers: [...servers],
      name: "chat",
      timeout: 5_000,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      ...(credentials === undefined ? {} : { authenticator: credsAuthenticator(credentials) }),
    });
  } catch (error) {
    throw new Fault("unreachable", `no NATS server answers at ${servers.join(", ")}`, {
      cause: error,
      remedy: "check --nats and --nats-creds",
    });
  }
  try {
    checkVersion(connection.info?.version ?? "", isUnsafe);
    const manager = await jetstreamManager(connection, {
      timeout: CLUSTER_ANSWER_MS,
      checkAPI: false,
    });
    const name = `CHAT_${cluster}`;
    const deadline = clock.now() + LEADER_WITHIN_MS;
    const ready = () => ensureStream(manager, name, `chat.${cluster}.log`, isUnsafe);
    // Servers that have just started choose who leads, and a new stream chooses once more.
    for (;;) {
      try {
        if (await ready()) break;
      } catch (error) {
        if (error instanceof Fault || clock.now() >= deadline) throw error;
      }
      await delay(clock, CLUSTER_ANSWER_MS / 4);
      if (clock.now() >= deadline) throw new Fault("no-majority", "the stream has no leader yet");
    }
    return new JetStream(connection, manager, { name, subject: `chat.${cluster}.log` }, options);
  } catch (error) {
    await connection.close();
    throw asFault(error);
  }
}

/** @throws Fault version-unsupported */
function checkVersion(version: string, isUnsafe: boolean): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isNew = major > VERSION_MIN[0] || (major === VERSION_MIN[0] && minor >= VERSION_MIN[1]);
  if (isNew || isUnsafe) return;
  const sentence = `nats-server ${version} may lose what it has acknowledged when its machines lose power together`;
  throw new Fault("version-unsupported", sentence, {
    remedy: "use 2.12 or later with sync_interval: always, or accept it with --unsafe-nats",
  });
}

/** @returns whether somebody leads it */
async function ensureStream(
  manager: JetStreamManager,
  name: string,
  subject: string,
  isUnsafe: boolean,
): Promise<boolean> {
  try {
    const { cluster, config } = await manager.streams.info(name);
    return config.num_replicas === 1 || (cluster?.leader ?? "") !== "";
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== STREAM_NOT_FOUND) throw error;
  }
  const add = (replicas: number) =>
    manager.streams.add({
      name,
      subjects: [subject],
      num_replicas: replicas,
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.New,
      duplicate_window: DUPLICATE_WINDOW_NS,
      deny_purge: true,
    });
  try {
    await add(REPLICAS);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || !NOT_ENOUGH_SERVERS.has(error.code)) throw error;
    if (!isUnsafe) {
      throw new Fault("no-majority", `the stream needs ${REPLICAS} NATS servers with JetStream`, {
        cause: error,
        remedy: "start the others, or accept one with --unsafe-nats",
      });
    }
    await add(1);
  }
  return false; // The next look tells.
}

interface StreamName {
  readonly name: string;
  readonly subject: string;
}

export class JetStream implements Stream {
  readonly #connection: NatsConnection;
  readonly #manager: JetStreamManager;
  readonly #client: JetStreamClient;
  readonly #stream: StreamName;
  readonly #clock: Clock;
  /** What publishing and asking have shown of its end. */
  #lastKnown = 0;

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
  }

  async publish(bytes: Uint8Array, id: string): Promise<void> {
    try {
      const { seq } = await this.#client.publish(this.#stream.subject, bytes, {
        msgID: id,
        timeout: CLUSTER_ANSWER_MS,
      });
      this.#lastKnown = Math.max(this.#lastKnown, seq);
    } catch (error) {
      throw asFault(error);
    }
  }

  async last(): Promise<number> {
    try {
      const { state } = await this.#manager.streams.info(this.#stream.name);
      this.#lastKnown = Math.max(this.#lastKnown, state.last_seq);
      return state.last_seq;
    } catch (error) {
      throw asFault(error);
    }
  }

  async follow(
    seq: number,
    onMessage: (message: StreamMessage) => Promise<void> | undefined,
    onTrouble: (fault: Fault) => void,
  ): Promise<() => void> {
    const reader = new Reader(seq, this.#client, this.#stream.name, onMessage, onTrouble);
    await reader.begin();
    let isStopped = false;
    let movedAt = this.#clock.now();
    let stoodAt = reader.next;
    let cancel = () => {};
    const watch = async () => {
      if (isStopped) return;
      await this.last().catch(() => undefined); // Without a majority nothing is ahead.
      const now = this.#clock.now();
      if (reader.next !== stoodAt || reader.isBusy || reader.next > this.#lastKnown) {
        stoodAt = reader.next;
        movedAt = now;
      } else if (now - movedAt >= CLUSTER_STALLED_MS) {
        // Ordered consumers were seen to hang after their leader died, without a word.
        movedAt = now;
        await reader.begin();
      }
      if (!isStopped) cancel = this.#clock.after(CLUSTER_STALLED_MS / 3, () => void watch());
    };
    cancel = this.#clock.after(CLUSTER_STALLED_MS / 3, () => void watch());
    return () => {
      isStopped = true;
      cancel();
      reader.end();
    };
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

/** Reads the stream from one place on, by one consumer after the other. */
class Reader {
  next: number;
  /** In the middle of what it has read. */
  isBusy = false;
  readonly #client: JetStreamClient;
  readonly #name: string;
  readonly #onMessage: (message: StreamMessage) => Promise<void> | undefined;
  readonly #onTrouble: (fault: Fault) => void;
  #generation = 0;
  #stop = () => {};

  constructor(
    seq: number,
    client: JetStreamClient,
    name: string,
    onMessage: (message: StreamMessage) => Promise<void> | undefined,
    onTrouble: (fault: Fault) => void,
  ) {
    this.next = seq;
    this.#client = client;
    this.#name = name;
    this.#onMessage = onMessage;
    this.#onTrouble = onTrouble;
  }

  /** Anew from where it stands; the consumer before is left alone. */
  async begin(): Promise<void> {
    this.#stop();
    const generation = ++this.#generation;
    try {
      const from: Partial<OrderedConsumerOptions> = {
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: this.next,
      };
      const consumer = await this.#client.consumers.get(this.#name, from);
      const messages = await consumer.consume({ max_messages: CLUSTER_MESSAGES_AHEAD });
      if (generation !== this.#generation) return messages.stop();
      this.#stop = () => messages.stop();
      void this.#read(messages, generation);
    } catch (error) {
      asFault(error); // The next look finds it standing still, and begins again.
    }
  }

  end(): void {
    this.#generation++;
    this.#stop();
  }

  async #read(
    messages: AsyncIterable<{ seq: number; data: Uint8Array; info: { timestampNanos: number } }>,
    generation: number,
  ): Promise<void> {
    try {
      for await (const { seq, data, info } of messages) {
        if (generation !== this.#generation) return;
        if (seq < this.next) continue;
        if (seq > this.next) {
          const sentence = `the stream has lost messages ${this.next} to ${seq - 1}`;
          this.end();
          return this.#onTrouble(new Fault("cluster-diverged", sentence));
        }
        this.next = seq + 1;
        this.isBusy = true;
        await this.#onMessage({ seq, unixMs: Math.floor(info.timestampNanos / 1e6), bytes: data });
        this.isBusy = false;
      }
    } catch (error) {
      asFault(error); // As above.
    } finally {
      this.isBusy = false;
    }
  }
}

/** What the library says of the network or of the stream. */
function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const said = error instanceof Error ? error.message : String(error);
  return new Fault("no-majority", `the NATS servers do not take it: ${said}`, {
    cause: error,
    retryAfterMs: 1_000,
  });
}
