/** Finds and creates JetStream streams, and waits for their leaders. */

import {
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import { errors } from "@nats-io/transport-node";
import { Fault } from "../../base/fault.ts";
import {
  CLUSTER_ANSWER_TIMEOUT_MS,
  CLUSTER_ELECTION_MS,
  CLUSTER_START_TIMEOUT_MS,
} from "../../base/limits-cluster.ts";
import { cleanText } from "../../base/text.ts";
import { NS_PER_MS } from "../../base/time.ts";
import { type Clock, retry } from "../clock.ts";
import { RefusedByNats } from "../cluster/majority.ts";
import { ifPossible, settled, sharedRun } from "../promises.ts";
import { refusalOf } from "./refusals.ts";
import { REPLICAS } from "./stream-config.ts";

const STREAM_NOT_FOUND = 10_059;
const SUBJECTS_OVERLAP = 10_065;
const STREAM_LAG_LOW = 100;
const NOT_ENOUGH_SERVERS = new Set([10_005, 10_074]);

export async function findStream(
  manager: JetStreamManager,
  name: string,
): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (isNoStream(error)) return undefined;
    throw error;
  }
}

export function isNoStream(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND;
}

/** Reports whether nobody receives a request: JetStream is off, or no stream has the subject. */
export function hasNoReceiver(error: unknown): boolean {
  return error instanceof Error && error.name === "JetStreamNotEnabled";
}

/** Reports whether the stream of a request does not exist, or has no leader. */
export function isWithoutStream(error: unknown): boolean {
  if (isNoStream(error) || error instanceof errors.NoRespondersError) return true;
  return error instanceof Error && isWithoutStream(error.cause);
}

export interface RemovableStreamOptions {
  readonly manager: JetStreamManager;
  readonly name: string;
  readonly create: () => Promise<unknown>;
  /** Called after this server created the stream again. */
  readonly onRecreated?: ((name: string) => void) | undefined;
}

/** Stream that is created again if someone removes it while servers use it. */
export class RemovableStream {
  readonly #recreate = sharedRun(() => this.#createIfMissing());

  constructor(private readonly options: RemovableStreamOptions) {}

  /** Creates the stream if it is missing, for a request that failed with `error`. */
  async recreateAfter(error: unknown): Promise<void> {
    if (isWithoutStream(error)) await settled(this.#recreate());
  }

  async #createIfMissing(): Promise<void> {
    const { manager, name, create, onRecreated } = this.options;
    if ((await findStream(manager, name)) !== undefined) return;
    await create();
    onRecreated?.(name);
  }
}

export function hasLeader({ config, cluster }: StreamInfo): boolean {
  return config.num_replicas === 1 || (cluster?.leader ?? "") !== "";
}

/**
 * Milliseconds since the stream's leader last had contact with a majority; `Infinity` without a
 * leader. A server without a majority still reports its own, possibly outdated end of the stream.
 */
export function quorumAgeMs({ config, cluster }: StreamInfo): number {
  if (config.num_replicas === 1) return 0;
  if ((cluster?.leader ?? "") === "") return Number.POSITIVE_INFINITY;
  const ages = (cluster?.replicas ?? [])
    .filter(({ offline }) => offline !== true)
    .map(({ active }) => active / NS_PER_MS)
    .toSorted((a, b) => a - b);
  return ages[majorityOf(config.num_replicas) - 2] ?? Number.POSITIVE_INFINITY;
}

/** Number of NATS servers that have the whole stream, except for the newest messages. */
export function currentCount({ config, cluster }: Pick<StreamInfo, "config" | "cluster">): number {
  if (config.num_replicas === 1) return 1;
  const replicas = (cluster?.replicas ?? []).filter(
    ({ current: isCurrent, offline, lag = 0, active }) => {
      // JetStream may have ended on a server that still runs, for example because of a full disk.
      const isSilent = offline === true || active / NS_PER_MS >= CLUSTER_ELECTION_MS;
      return !isSilent && (isCurrent || (lag > 0 && lag < STREAM_LAG_LOW));
    },
  );
  return replicas.length + ((cluster?.leader ?? "") === "" ? 0 : 1);
}

export function majorityOf(replicas: number): number {
  return Math.floor(replicas / 2) + 1;
}

export async function addStream(
  manager: JetStreamManager,
  config: Partial<StreamConfig> & { readonly name: string },
  isUnsafe: boolean,
): Promise<void> {
  const stored = { storage: StorageType.File, retention: RetentionPolicy.Limits, ...config };
  const add = async (replicas: number) => {
    try {
      await manager.streams.add({ ...stored, num_replicas: replicas });
    } catch (error) {
      const isOverlap = error instanceof JetStreamApiError && error.code === SUBJECTS_OVERLAP;
      if (isOverlap) await checkSubjects(manager, config.subjects ?? []);
      throw error;
    }
  };
  try {
    await add(REPLICAS);
  } catch (error) {
    const isTooFew = error instanceof JetStreamApiError && NOT_ENOUGH_SERVERS.has(error.code);
    if (!isTooFew) throw error;
    if (!isUnsafe) {
      throw new Fault("no-majority", `the stream needs ${REPLICAS} NATS servers with JetStream`, {
        cause: error,
        remedy: "start the others, or accept one with --unsafe-nats",
      });
    }
    await add(1);
  }
}

/** Subject of the messages in the log of a cluster. */
export function logSubject(cluster: string): string {
  return `chat.${cluster}.log`;
}

/** @throws {Fault} no-majority, with the name of the other stream that has the subjects */
export async function checkSubjects(
  manager: JetStreamManager,
  [subject = ""]: readonly string[],
): Promise<void> {
  const owner = await ifPossible(manager.streams.find(subject));
  if (owner === undefined) return;
  const message = `the stream ${cleanText(owner)} in NATS has the subject ${subject}`;
  const remedy = `remove the subject from ${cleanText(owner)}, or set a different --cluster`;
  throw new RefusedByNats({ message, remedy });
}

/**
 * An election is held after servers start and after a stream is created.
 * @param isReady creates a missing stream and reports whether there is a leader
 * @throws {Fault} no-majority if there is no leader in time, and the faults of `isReady`
 */
export async function waitForLeader(
  clock: Clock,
  subject: string,
  isReady: () => Promise<boolean>,
  withinMs = CLUSTER_START_TIMEOUT_MS,
): Promise<void> {
  const leaderless = new Fault("no-majority", `${subject} no leader yet`);
  const checkLeader = async () => {
    if (!(await isReady())) throw leaderless;
  };
  const isTransient = (error: unknown) =>
    error === leaderless || !(error instanceof Fault || refusalOf(error) !== undefined);
  const until = clock.now() + withinMs;
  await retry(checkLeader, {
    clock,
    intervalMs: CLUSTER_ANSWER_TIMEOUT_MS / 4,
    until,
    isTransient,
  });
}
