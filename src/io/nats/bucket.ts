/** Small values in a JetStream stream: one subject per write. */

import { randomUUID } from "node:crypto";
import { DiscardPolicy, JetStreamApiError, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { Fault } from "../../base/fault.ts";
import {
  BUCKET_SWEEP_MS,
  BUCKET_VALUE_BYTES_MAX,
  CLUSTER_ANSWER_TIMEOUT_MS,
  CLUSTER_MAJORITY_TIMEOUT_MS,
  CLUSTER_START_TIMEOUT_MS,
} from "../../base/limits-cluster.ts";
import type { Bucket, Value } from "../bucket/bucket.ts";
import { type Clock, retry } from "../clock.ts";
import { answered, natsFault, type StreamBeside, WRONG_LAST_SEQUENCE } from "./jetstream.ts";
import { findStream } from "./stream-lookup.ts";

/** Header of a value: seq of the value that it replaces. */
const REPLACES = "Chat-Replaces";
/** Codes of the JetStream API; later versions use the second. */
const WRONG_LAST = new Set([WRONG_LAST_SEQUENCE, 10_164]);

/**
 * Opens a stream that stores a value per name, on a majority.
 * @throws Fault no-majority
 */
export async function openBuckets<Kind extends string>(
  parts: StreamBeside,
  kinds: readonly Kind[],
): Promise<Readonly<Record<Kind, Bucket>>> {
  const { cluster, clock } = parts;
  const stream = `CHATKEPT_${cluster}`;
  await retried(clock, CLUSTER_START_TIMEOUT_MS, () => ensureStream(parts, stream));
  const buckets = kinds.map((kind) => {
    const prefix = `${subjectOf(cluster)}.${kind}.`;
    return [kind, new JetStreamBucket({ ...parts, stream, prefix })];
  });
  return Object.fromEntries(buckets) as Record<Kind, Bucket>;
}

function subjectOf(cluster: string): string {
  return `chat.${cluster}.kept`;
}

async function ensureStream(
  { manager, name, cluster }: StreamBeside,
  stream: string,
): Promise<void> {
  const { config } = await manager.streams.info(name);
  const { num_replicas } = config;
  const found = await findStream(manager, stream);
  if (found !== undefined) {
    // An operator has raised the number of replicas since.
    if (found.config.num_replicas < num_replicas) {
      await manager.streams.update(stream, { num_replicas });
    }
    return;
  }
  await manager.streams.add({
    name: stream,
    description: config.description ?? "",
    subjects: [`${subjectOf(cluster)}.>`],
    num_replicas,
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_msgs_per_subject: 1,
    max_msg_size: BUCKET_VALUE_BYTES_MAX,
  });
}

interface BucketPlace extends StreamBeside {
  readonly stream: string;
  /** Prefix of the subjects. */
  readonly prefix: string;
}

/** A write of a value: its count within its name, and its seq in the stream. */
interface Writing {
  readonly count: number;
  readonly seq: number;
}

/**
 * Values that several servers read and write. Each write has its own subject, which exists once: of
 * two writes that would replace the same value, NATS accepts the first. (It checks whether a
 * subject is empty again where the replicas agree. Which message is the last of a subject, older
 * versions check before that, and accept both.) Then the previous value is removed.
 */
class JetStreamBucket implements Bucket {
  readonly #place: BucketPlace;

  constructor(place: BucketPlace) {
    this.#place = place;
  }

  async read(name: string): Promise<Value | undefined> {
    for (;;) {
      const count = Math.max(0, ...(await this.#counts(name)));
      if (count === 0) return undefined;
      const found = await this.#find(name, count);
      if (found === undefined) continue; // Another write arrived meanwhile.
      return { bytes: new Uint8Array(found.data), revision: `${count} ${found.seq}` };
    }
  }

  async write(name: string, bytes: Uint8Array, before: Value | undefined): Promise<boolean> {
    const [count = 0, replaces = 0] = before?.revision.split(" ").map(Number) ?? [];
    const seq = await this.#publish(`${this.#subject(name)}.${count + 1}`, bytes, replaces);
    return seq !== undefined && this.#holds(name, { count: count + 1, seq });
  }

  /** @returns its seq; undefined if there is one already */
  #publish(subject: string, bytes: Uint8Array, replaces: number): Promise<number | undefined> {
    const { client, clock } = this.#place;
    const options = {
      headers: headers(),
      msgID: randomUUID(), // Identifies a retry, as long as NATS remembers.
      expect: { lastSubjectSequence: 0 },
      timeout: CLUSTER_ANSWER_TIMEOUT_MS,
    };
    options.headers.set(REPLACES, String(replaces));
    let isUnknown = false;
    return retried(clock, CLUSTER_MAJORITY_TIMEOUT_MS, async () => {
      try {
        return (await client.publish(subject, bytes, options)).seq;
      } catch (error) {
        const isOther = error instanceof JetStreamApiError && WRONG_LAST.has(error.code);
        // The other one may be the write of an earlier try.
        if (isOther && isUnknown) throw natsFault(error);
        if (isOther) return undefined;
        isUnknown = true;
        throw error;
      }
    });
  }

  /**
   * Reports whether this write is current: a server that was suspended may have replaced a value
   * that others have replaced and removed since.
   * @throws Fault no-majority: too many writes came since to tell
   */
  async #holds(name: string, { count, seq }: Writing): Promise<boolean> {
    const { clock } = this.#place;
    for (const until = clock.now() + CLUSTER_MAJORITY_TIMEOUT_MS; ; ) {
      const counts = await this.#counts(name);
      const last = Math.max(0, ...counts);
      if (last === count) {
        for (const one of counts) if (one < count) void this.#purge(name, one).catch(ignored);
        return true;
      }
      const next = last === count + 1 ? await this.#find(name, last) : undefined;
      if (next !== undefined) {
        if (next.header.get(REPLACES) === String(seq)) return true;
        await this.#purge(name, count);
        return false;
      }
      // Otherwise the replica that answers has not received it yet.
      if (last > count || clock.now() >= until) {
        throw natsFault(new Error("others have written since"));
      }
    }
  }

  async remove(name: string): Promise<void> {
    const { manager, clock, stream } = this.#place;
    const filter = `${this.#subject(name)}.*`;
    await retried(clock, CLUSTER_MAJORITY_TIMEOUT_MS, () =>
      manager.streams.purge(stream, { filter }),
    );
  }

  /**
   * Removes only old values: another server may be about to use the others, or has just used them.
   */
  async sweep(isKept: (name: string) => boolean): Promise<void> {
    const { clock, prefix } = this.#place;
    const oldest = clock.unixMs() - BUCKET_SWEEP_MS;
    for (const subject of await this.#subjects(`${prefix}>`)) {
      const end = subject.lastIndexOf(".");
      const name = subject.slice(prefix.length, end);
      if (isKept(name)) continue;
      const count = Number(subject.slice(end + 1));
      const found = await this.#find(name, count);
      if (found === undefined || found.time.getTime() > oldest) continue;
      await this.#purge(name, count);
    }
  }

  #subject(name: string): string {
    return `${this.#place.prefix}${name}`;
  }

  /** Counts of the existing writes: one, or two for a moment. */
  async #counts(name: string): Promise<readonly number[]> {
    const subjects = await this.#subjects(`${this.#subject(name)}.*`);
    return subjects.map((subject) => Number(subject.slice(subject.lastIndexOf(".") + 1)));
  }

  async #subjects(filter: string): Promise<readonly string[]> {
    const { manager, clock, stream } = this.#place;
    const { state } = await retried(clock, CLUSTER_MAJORITY_TIMEOUT_MS, () =>
      manager.streams.info(stream, { subjects_filter: filter }),
    );
    return Object.keys(state.subjects ?? {});
  }

  /** Asks the leader of the stream: others may be behind. */
  async #find(name: string, count: number) {
    const { manager, clock, stream } = this.#place;
    const query = { last_by_subj: `${this.#subject(name)}.${count}` };
    const found = await retried(clock, CLUSTER_MAJORITY_TIMEOUT_MS, () =>
      manager.streams.getMessage(stream, query),
    );
    return found ?? undefined;
  }

  async #purge(name: string, count: number): Promise<void> {
    const { manager, clock, stream } = this.#place;
    const filter = `${this.#subject(name)}.${count}`;
    await retried(clock, CLUSTER_MAJORITY_TIMEOUT_MS, () =>
      manager.streams.purge(stream, { filter }),
    );
  }
}

/** Ignored: the next write of the same name removes it, too. */
function ignored(): void {}

/**
 * Retries for that long: a leader election may be in progress.
 * @throws Fault no-majority
 */
function retried<Result>(
  clock: Clock,
  withinMs: number,
  act: () => Promise<Result>,
): Promise<Result> {
  const isPassing = (error: unknown) => !(error instanceof Fault);
  const until = clock.now() + withinMs;
  return answered(
    retry(act, {
      clock,
      intervalMs: CLUSTER_ANSWER_TIMEOUT_MS / 10,
      until,
      isTransient: isPassing,
    }),
  );
}
