/** Bucket of small values in a JetStream stream, with one subject per write. */

import { randomUUID } from "node:crypto";
import { DiscardPolicy, RetentionPolicy, StorageType } from "@nats-io/jetstream";
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
import { asNatsFault, type ClusterConnection, isWrongLast, natsFault } from "./jetstream.ts";
import { findStream, RemovableStream } from "./stream-lookup.ts";

const REPLACES = "Chat-Replaces";

export async function openBuckets<Kind extends string>(
  parts: ClusterConnection,
  kinds: readonly Kind[],
  onRecreated?: (stream: string) => void,
): Promise<Readonly<Record<Kind, Bucket>>> {
  const { cluster, clock, manager } = parts;
  const stream = `CHATKEPT_${cluster}`;
  const create = () => ensureStream(parts, stream);
  await retryUntilTimeout(clock, CLUSTER_START_TIMEOUT_MS, create);
  const removable = new RemovableStream({ manager, name: stream, create, onRecreated });
  const buckets = kinds.map((kind) => {
    const prefix = `${subjectOf(cluster)}.${kind}.`;
    return [kind, new JetStreamBucket({ ...parts, stream, removable, prefix })];
  });
  return Object.fromEntries(buckets) as Record<Kind, Bucket>;
}

function subjectOf(cluster: string): string {
  return `chat.${cluster}.kept`;
}

async function ensureStream(
  { manager, name, cluster }: ClusterConnection,
  stream: string,
): Promise<void> {
  const { config } = await manager.streams.info(name);
  const { num_replicas } = config;
  const found = await findStream(manager, stream);
  if (found !== undefined) {
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

interface BucketOptions extends ClusterConnection {
  readonly stream: string;
  readonly removable: RemovableStream;
  readonly prefix: string;
}

interface WriteId {
  readonly count: number;
  readonly seq: number;
}

class JetStreamBucket implements Bucket {
  constructor(private readonly options: BucketOptions) {}

  async read(name: string): Promise<Value | undefined> {
    for (;;) {
      const count = Math.max(0, ...(await this.#counts(name)));
      if (count === 0) return undefined;
      const found = await this.#find(name, count);
      if (found === undefined) continue;
      return { bytes: new Uint8Array(found.data), revision: `${count} ${found.seq}` };
    }
  }

  async write(name: string, bytes: Uint8Array, before: Value | undefined): Promise<boolean> {
    const [count = 0, replaces = 0] = before?.revision.split(" ").map(Number) ?? [];
    const seq = await this.#publish(`${this.#subject(name)}.${count + 1}`, bytes, replaces);
    return seq !== undefined && this.#isCurrent(name, { count: count + 1, seq });
  }

  #publish(subject: string, bytes: Uint8Array, replaces: number): Promise<number | undefined> {
    const { client } = this.options;
    const options = {
      headers: headers(),
      msgID: randomUUID(), // Identifies retries within the duplicate window of NATS.
      expect: { lastSubjectSequence: 0 },
      timeout: CLUSTER_ANSWER_TIMEOUT_MS,
    };
    options.headers.set(REPLACES, String(replaces));
    let isUnknown = false;
    return this.#request(async () => {
      try {
        return (await client.publish(subject, bytes, options)).seq;
      } catch (error) {
        const isConflict = isWrongLast(error);
        // After an attempt without an answer, the conflicting write may be that attempt.
        if (isConflict && isUnknown) throw natsFault(error);
        if (isConflict) return undefined;
        isUnknown = true;
        throw error;
      }
    });
  }

  /**
   * Detects a write by a suspended server on top of a value that other servers have since replaced
   * and removed.
   */
  async #isCurrent(name: string, { count, seq }: WriteId): Promise<boolean> {
    const { clock } = this.options;
    for (const until = clock.now() + CLUSTER_MAJORITY_TIMEOUT_MS; ; ) {
      const counts = await this.#counts(name);
      const last = Math.max(0, ...counts);
      if (last === count) {
        for (const earlier of counts)
          if (earlier < count) void this.#purge(name, earlier).catch(ignoreError);
        return true;
      }
      const next = last === count + 1 ? await this.#find(name, last) : undefined;
      if (next !== undefined) {
        if (next.header.get(REPLACES) === String(seq)) return true;
        await this.#purge(name, count);
        return false;
      }
      if (last > count || clock.now() >= until) {
        throw natsFault(new Error("it was changed by another server"));
      }
    }
  }

  async remove(name: string): Promise<void> {
    const { manager, stream } = this.options;
    const filter = `${this.#subject(name)}.*`;
    await this.#request(() => manager.streams.purge(stream, { filter }));
  }

  /** Removes only old values, because another server may be about to use newer ones. */
  async sweep(isKept: (name: string) => boolean): Promise<void> {
    const { clock, prefix } = this.options;
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
    return `${this.options.prefix}${name}`;
  }

  async #counts(name: string): Promise<readonly number[]> {
    const subjects = await this.#subjects(`${this.#subject(name)}.*`);
    return subjects.map((subject) => Number(subject.slice(subject.lastIndexOf(".") + 1)));
  }

  async #subjects(filter: string): Promise<readonly string[]> {
    const { manager, stream } = this.options;
    const { state } = await this.#request(() =>
      manager.streams.info(stream, { subjects_filter: filter }),
    );
    return Object.keys(state.subjects ?? {});
  }

  async #find(name: string, count: number) {
    const { manager, stream } = this.options;
    const query = { last_by_subj: `${this.#subject(name)}.${count}` };
    const found = await this.#request(() => manager.streams.getMessage(stream, query));
    return found ?? undefined;
  }

  async #purge(name: string, count: number): Promise<void> {
    const { manager, stream } = this.options;
    const filter = `${this.#subject(name)}.${count}`;
    await this.#request(() => manager.streams.purge(stream, { filter }));
  }

  #request<Result>(act: () => Promise<Result>): Promise<Result> {
    const { clock, check, removable } = this.options;
    return retryUntilTimeout(clock, CLUSTER_MAJORITY_TIMEOUT_MS, async () => {
      try {
        await check();
        return await act();
      } catch (error) {
        await removable.recreateAfter(error);
        throw error;
      }
    });
  }
}

function ignoreError(): void {}

function retryUntilTimeout<Result>(
  clock: Clock,
  withinMs: number,
  act: () => Promise<Result>,
): Promise<Result> {
  const isTransient = (error: unknown) => !(error instanceof Fault);
  const until = clock.now() + withinMs;
  return asNatsFault(
    retry(act, { clock, intervalMs: CLUSTER_ANSWER_TIMEOUT_MS / 10, until, isTransient }),
  );
}
