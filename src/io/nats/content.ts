/** File contents in a JetStream stream, with one subject per part. */

import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
} from "@nats-io/jetstream";
import { errors, type NatsConnection } from "@nats-io/transport-node";
import { Fault } from "../../base/fault.ts";
import { type FileId, isFileId } from "../../base/ids.ts";
import { formatSize } from "../../base/sizes.ts";
import { defined } from "../../base/values.ts";
import type { Clock } from "../clock.ts";
import { type Refusal, RefusedByNats } from "../cluster/majority.ts";
import type { ContentStore } from "../cluster/shared-files.ts";
import { settled } from "../promises.ts";
import {
  asNatsFault,
  connectNats,
  connectOnce,
  isWrongLast,
  type JetStreamOptions,
  natsFault,
  withFallback,
} from "./jetstream.ts";
import { OwnStream, waitForOwn } from "./own-stream.ts";
import { isFullError, refusalOf } from "./refusals.ts";
import {
  addStream,
  findStream,
  hasLeader,
  isWithoutStream,
  RemovableStream,
} from "./stream-lookup.ts";

/** Enough time for all chunks in flight to cross a 10 Mbit/s network. */
const CLUSTER_CONTENT_ANSWER_MS = 5_000;

/** Time to wait for the first server before querying the others, in case it is frozen. */
const FALLBACK_DELAY_MS = 1_000;

type ConnectionOptions = Omit<JetStreamOptions, "identity" | "isKnown" | "onRecreated">;

export interface ContentOptions extends ConnectionOptions {
  readonly bytesMax?: number;
  /** Fingerprint of the cluster; `undefined` if NATS is certain to be that of the cluster. */
  readonly fingerprint?: string | undefined;
  /** Called when NATS refuses a request for another reason than before, except lack of space. */
  readonly onRefused?: (refusal: Refusal) => void;
  /** Called after this server created a stream again that someone had removed. */
  readonly onRecreated?: (name: string) => void;
}

/**
 * Uses a separate connection, so that chunks do not delay messages.
 * @throws {Fault} unreachable or no-majority if the servers do not answer, store-full if there is
 * less space than `bytesMax`
 */
export async function openContentStore(options: ContentOptions): Promise<JetStreamContent> {
  const { cluster, clock } = options;
  // Pings queue behind chunks, so the ping interval must be long too.
  const connection = await connectNats(options, CLUSTER_CONTENT_ANSWER_MS);
  try {
    const timeout = CLUSTER_CONTENT_ANSWER_MS;
    const manager = await jetstreamManager(connection, { timeout, checkAPI: false });
    const name = `CHATFILES_${cluster}`;
    const own = new OwnStream({
      connection,
      manager,
      name: `CHAT_${cluster}`,
      cluster,
      servers: options.servers,
      connectTo: (server) => connectOnce(options, server),
      fingerprint: () => options.fingerprint,
      isInspected: options.fingerprint === undefined,
    });
    const check = async () => {
      if (options.fingerprint !== undefined) await own.check();
    };
    const isReady = async () => {
      await check();
      return await ensureStream(manager, name, options);
    };
    await waitForOwn(clock, "files have", isReady);
    const { credentials, onRefused, onRecreated } = options;
    const prefix = prefixOf(cluster);
    const create = () => ensureStream(manager, name, options);
    const stream = new RemovableStream({ manager, name, create, onRecreated });
    const leave = () => settled(own.leaveIfCutOff());
    const context = { connection, manager, name, prefix, clock, stream, check, leave };
    return new JetStreamContent({ ...context, ...defined({ credentials, onRefused }) });
  } catch (error) {
    await connection.close();
    throw natsFault(error);
  }
}

async function ensureStream(
  manager: JetStreamManager,
  name: string,
  { cluster, isUnsafe, bytesMax }: ContentOptions,
): Promise<boolean> {
  const found = await findStream(manager, name);
  const bound = bytesMax === undefined ? {} : { max_bytes: bytesMax };
  try {
    if (found !== undefined) {
      const isBound = bytesMax === undefined || found.config.max_bytes === bytesMax;
      if (!isBound) await manager.streams.update(name, bound);
      return hasLeader(found);
    }
    const config = {
      name,
      subjects: [`${prefixOf(cluster)}.>`],
      ...bound,
      discard: DiscardPolicy.New,
      max_msgs_per_subject: 1,
      allow_direct: true,
    };
    await addStream(manager, config, isUnsafe);
    return false;
  } catch (error) {
    if (bytesMax === undefined || !isStorageInsufficient(error)) throw error;
    throw new Fault("store-full", `NATS cannot reserve ${formatSize(bytesMax)} for files`, {
      cause: error,
      remedy: "reduce --files-total, or increase max_file_store in NATS",
    });
  }
}

function isTimeout(error: unknown): boolean {
  if (error instanceof errors.TimeoutError) return true;
  return error instanceof Error && isTimeout(error.cause);
}

function isStorageInsufficient(error: unknown): boolean {
  const cause = error instanceof Fault ? error.cause : error;
  return cause instanceof JetStreamApiError && /insufficient storage/.test(cause.message);
}

function prefixOf(cluster: string): string {
  return `chat.${cluster}.files`;
}

interface ContentDependencies {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly name: string;
  readonly prefix: string;
  readonly clock: Clock;
  readonly credentials?: Uint8Array;
  readonly onRefused?: (refusal: Refusal) => void;
  readonly stream: RemovableStream;
  /** @throws unless NATS is that of the cluster */
  readonly check: () => Promise<void>;
  /** Connects to another NATS server if this one is cut off from the others. */
  readonly leave: () => Promise<void>;
}

export class JetStreamContent implements ContentStore {
  readonly #client;
  #refusalText: string | undefined;

  constructor(private readonly options: ContentDependencies) {
    this.#client = jetstream(options.connection, { timeout: CLUSTER_CONTENT_ANSWER_MS });
  }

  async put(file: FileId, part: string, bytes: Uint8Array): Promise<void> {
    await this.#request(() => this.#client.publish(this.#subject(file, part), bytes));
  }

  async putNew(file: FileId, part: string, bytes: Uint8Array): Promise<boolean> {
    const expect = { lastSubjectSequence: 0 };
    return await this.#request(async () => {
      try {
        await this.#client.publish(this.#subject(file, part), bytes, { expect });
        return true;
      } catch (error) {
        if (isWrongLast(error)) return false;
        throw error;
      }
    });
  }

  async get(file: FileId, part: string): Promise<Uint8Array | undefined> {
    const { manager, name, clock, check } = this.options;
    await asNatsFault(check());
    const query = { last_by_subj: this.#subject(file, part) };
    const byAny = () => manager.direct.getMessage(name, query);
    const byLeader = () => manager.streams.getMessage(name, query);
    const found = await withFallback(clock, byAny, FALLBACK_DELAY_MS, [byAny, byLeader]);
    const message = found ?? (await this.#request(byLeader));
    return message === null ? undefined : new Uint8Array(message.data);
  }

  async parts(file: FileId): Promise<string[]> {
    const subjects = await this.#subjects(this.#subject(file, "*"));
    return subjects.map(([, part = ""]) => part);
  }

  async filesWith(part: string): Promise<FileId[]> {
    const subjects = await this.#subjects(`${this.options.prefix}.*.${part}`);
    return subjects.flatMap(([file = ""]) => (isFileId(file) ? [file as FileId] : []));
  }

  async lastPutMs(file: FileId): Promise<number | undefined> {
    const { manager, name } = this.options;
    const query = { last_by_subj: this.#subject(file, "*") };
    const last = await this.#request(() => manager.streams.getMessage(name, query));
    return last?.time.getTime();
  }

  async erase(file: FileId): Promise<void> {
    const { manager, name } = this.options;
    await this.#request(() => manager.streams.purge(name, { filter: this.#subject(file, "*") }));
  }

  async close(): Promise<void> {
    await this.options.connection.close();
  }

  async #subjects(filter: string): Promise<string[][]> {
    const { manager, name, prefix } = this.options;
    const { state } = await this.#request(() =>
      manager.streams.info(name, { subjects_filter: filter }),
    );
    const subjects = Object.keys(state.subjects ?? {});
    return subjects.map((subject) => subject.slice(prefix.length + 1).split("."));
  }

  #subject(file: FileId, part: string): string {
    return `${this.options.prefix}.${file}.${part}`;
  }

  async #request<Value>(request: () => Promise<Value>): Promise<Value> {
    try {
      await this.options.check();
      const value = await request();
      this.#refusalText = undefined;
      return value;
    } catch (error) {
      await this.options.stream.recreateAfter(error);
      if (isTimeout(error) || isWithoutStream(error)) void this.options.leave();
      throw this.#faultOf(error);
    }
  }

  #faultOf(error: unknown): Fault {
    const { name, credentials, onRefused } = this.options;
    const refusal = refusalOf(error, { stream: name, ...defined({ credentials }) });
    if (refusal === undefined) return natsFault(error);
    const { message, remedy } = refusal;
    const refused = new RefusedByNats(refusal, error);
    if (isFullError(error)) return new Fault("store-full", message, { cause: refused, remedy });
    if (message !== this.#refusalText) onRefused?.(refusal);
    this.#refusalText = message;
    return refused;
  }
}
