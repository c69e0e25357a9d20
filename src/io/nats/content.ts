/** Contents of files in a stream of JetStream: each part is the last message of a subject. */

import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
} from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { Fault } from "../../base/fault.ts";
import { type FileId, isFileId } from "../../base/ids.ts";
import { formatSize } from "../../base/sizes.ts";
import type { Clock } from "../clock.ts";
import type { ContentStore } from "../cluster/content-store.ts";
import { answered, connectNats, type JetStreamOptions, natsFault } from "./jetstream.ts";
import { addStream, findStream, isLed, untilLed } from "./stream-lookup.ts";

/** Time in which all chunks in flight pass a network of 10 Mbit/s. */
const CLUSTER_CONTENT_ANSWER_MS = 5_000;

/** Codes of the JetStream API; later versions use the second. */
const IS_THERE = new Set([10_071, 10_164]);
/**
 * A server that has not answered by then may be frozen; a slow network needs as long for all of
 * them.
 */
const ANSWER_USUAL_MS = 1_000;
const FULL = new Set([10_023, 10_047, 10_077]);

export interface ContentOptions extends Omit<JetStreamOptions, "identity"> {
  /** Maximum bytes of all files on each NATS server. Default: what the stream has reserved. */
  readonly bytesMax?: number;
}

/**
 * Opens the store over its own connection, so that chunks in flight do not delay messages.
 * @throws Fault unreachable, no-majority, store-full: there is less space than `bytesMax`
 */
export async function openContentStore(options: ContentOptions): Promise<JetStreamContent> {
  const { cluster, clock } = options;
  // A ping of the connection queues behind the chunks on it.
  const connection = await connectNats(options, CLUSTER_CONTENT_ANSWER_MS);
  try {
    const timeout = CLUSTER_CONTENT_ANSWER_MS;
    const manager = await jetstreamManager(connection, { timeout, checkAPI: false });
    const name = `CHATFILES_${cluster}`;
    const look = () => ensureStream(manager, name, options);
    await untilLed(clock, "files have", look);
    return new JetStreamContent({ connection, manager, name, prefix: prefixOf(cluster), clock });
  } catch (error) {
    await connection.close();
    throw natsFault(error);
  }
}

/**
 * @returns whether it has a leader
 * @throws Fault no-majority, store-full
 */
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
      return isLed(found);
    }
    const config = {
      ...{ name, subjects: [`${prefixOf(cluster)}.>`], ...bound },
      discard: DiscardPolicy.New,
      max_msgs_per_subject: 1,
      allow_direct: true,
    };
    await addStream(manager, config, isUnsafe);
    return false; // Checked again by the next look.
  } catch (error) {
    if (bytesMax === undefined || !isShort(error)) throw error;
    throw new Fault("store-full", `NATS cannot keep ${formatSize(bytesMax)} free for files`, {
      cause: error,
      remedy: "give a smaller --files-total, or NATS a larger max_file_store",
    });
  }
}

/** NATS reserves the maximum size of a stream. */
function isShort(error: unknown): boolean {
  const cause = error instanceof Fault ? error.cause : error;
  return cause instanceof JetStreamApiError && /insufficient storage/.test(cause.message);
}

function prefixOf(cluster: string): string {
  return `chat.${cluster}.files`;
}

interface ContentParts {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  /** Name of the stream. */
  readonly name: string;
  /** Prefix of the subjects. */
  readonly prefix: string;
  readonly clock: Clock;
}

export class JetStreamContent implements ContentStore {
  readonly #parts: ContentParts;
  readonly #client: JetStreamClient;

  constructor(parts: ContentParts) {
    this.#parts = parts;
    this.#client = jetstream(parts.connection, { timeout: CLUSTER_CONTENT_ANSWER_MS });
  }

  async put(file: FileId, part: string, bytes: Uint8Array): Promise<void> {
    try {
      await this.#client.publish(this.#subject(file, part), bytes);
    } catch (error) {
      throw storeFault(error);
    }
  }

  async putNew(file: FileId, part: string, bytes: Uint8Array): Promise<boolean> {
    try {
      const expect = { lastSubjectSequence: 0 };
      await this.#client.publish(this.#subject(file, part), bytes, { expect });
      return true;
    } catch (error) {
      if (error instanceof JetStreamApiError && IS_THERE.has(error.code)) return false;
      throw storeFault(error);
    }
  }

  async get(file: FileId, part: string): Promise<Uint8Array | undefined> {
    const { manager, name } = this.#parts;
    const query = { last_by_subj: this.#subject(file, part) };
    const byAny = () => manager.direct.getMessage(name, query);
    const byLeader = () => manager.streams.getMessage(name, query);
    // Read from any replica. NATS may choose one that is frozen or behind.
    const found = await answered(this.#unlessLate(byAny, byLeader));
    const sure = found ?? (await answered(byLeader()));
    return sure === null ? undefined : new Uint8Array(sure.data);
  }

  /** Asks another server as well if the first is late. */
  async #unlessLate<Found>(act: () => Promise<Found>, other: () => Promise<Found>): Promise<Found> {
    const { promise, resolve, reject } = Promise.withResolvers<Found>();
    act().then(resolve, reject);
    const cancel = this.#parts.clock.after(ANSWER_USUAL_MS, () => {
      for (const again of [act, other]) again().then(resolve, () => undefined);
    });
    try {
      return await promise;
    } finally {
      cancel();
    }
  }

  async parts(file: FileId): Promise<string[]> {
    const subjects = await this.#subjects(this.#subject(file, "*"));
    return subjects.map(([, part = ""]) => part);
  }

  async filesWith(part: string): Promise<FileId[]> {
    const subjects = await this.#subjects(`${this.#parts.prefix}.*.${part}`);
    return subjects.flatMap(([file = ""]) => (isFileId(file) ? [file as FileId] : []));
  }

  async lastPutMs(file: FileId): Promise<number | undefined> {
    const { manager, name } = this.#parts;
    const query = { last_by_subj: this.#subject(file, "*") };
    const last = await answered(manager.streams.getMessage(name, query));
    return last?.time.getTime();
  }

  async erase(file: FileId): Promise<void> {
    const { manager, name } = this.#parts;
    await answered(manager.streams.purge(name, { filter: this.#subject(file, "*") }));
  }

  async close(): Promise<void> {
    await this.#parts.connection.close();
  }

  /** File and part of each matching subject. */
  async #subjects(filter: string): Promise<string[][]> {
    const { manager, name, prefix } = this.#parts;
    const { state } = await answered(manager.streams.info(name, { subjects_filter: filter }));
    const subjects = Object.keys(state.subjects ?? {});
    return subjects.map((subject) => subject.slice(prefix.length + 1).split("."));
  }

  #subject(file: FileId, part: string): string {
    return `${this.#parts.prefix}.${file}.${part}`;
  }
}

function storeFault(error: unknown): Fault {
  const isFull = error instanceof JetStreamApiError && FULL.has(error.code);
  if (!isFull) return natsFault(error);
  return new Fault("store-full", "NATS has no space for files", {
    cause: error,
    remedy: "tell whoever runs the server",
  });
}
