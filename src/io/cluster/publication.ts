/** Copies a server's logs into the stream when the server becomes the first node of a cluster. */

import { join } from "node:path";
import { equalBytes } from "../../base/bytes.ts";
import { Fault, type FaultCode } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { CLUSTER_COPY_BYTES_MAX, CLUSTER_DECISION_BYTES_MAX } from "../../base/limits-cluster.ts";
import type { Place } from "../../core/cluster/claims.ts";
import {
  packCopied,
  packCopyEnd,
  readStream,
  type StreamScope,
} from "../../core/cluster/messages.ts";
import { copyLine } from "../../wire/record.ts";
import { type Clock, delay } from "../clock.ts";
import type { Disk } from "../disk/disk.ts";
import type { LogFile } from "../log/log-file.ts";
import { linesOf, scanBlocks } from "../log/scan.ts";
import { listSegments, segmentName } from "../log/segment.ts";
import type { Position } from "./position.ts";
import type { Stream, StreamMessage } from "./stream.ts";
import { markOf, StreamReader } from "./stream-reader.ts";

const CLUSTER_COPY_IN_FLIGHT_MAX = 64;
const CLUSTER_COPY_STALLED_MS = 60_000;

export interface CopyStream extends Pick<Stream, "id" | "get" | "last" | "watch"> {
  /**
   * Publishes a message directly after message `seq`.
   * @throws {Fault} log-conflict if another message is at that position, no-majority if the outcome
   * is unknown
   */
  publishAfter(bytes: Uint8Array, seq: number): Promise<void>;
}

export interface PublicationOptions {
  readonly stream: CopyStream;
  readonly disk: Disk;
  readonly path: string;
  readonly logs: Readonly<Record<Place, Pick<LogFile, "head" | "tree">>>;
  readonly clock: Clock;
  readonly sha256: Sha256;
  /** Called before the first publication, after which the stream may hold a partial copy. */
  readonly onBegin: () => void;
  readonly onProgress: (records: number) => void;
}

const RETRY_MS = 500;

interface CopyMessage {
  readonly bytes: Uint8Array;
  readonly records: number;
}

/**
 * Copies the logs, or resumes an interrupted copy. Messages have fixed positions, so none is
 * duplicated.
 * @returns the folder's position in the stream after the copy
 * @throws {Fault} data-foreign if the stream has other content, no-majority if it does not answer;
 * too-large, log-corrupt or store-… if a log cannot be copied
 */
export async function publishLogs(options: PublicationOptions): Promise<Position> {
  const { stream, logs, clock, onBegin, onProgress } = options;
  const own = copyMessages(options);
  const pending: CopyMessage[] = [];
  let seq = 0;
  let isBegun = false;
  let hasNotified = false;
  let progressAt = clock.now();
  const next = async () => {
    const result = pending.length > 0 ? undefined : await own.next();
    if (result?.done === false) pending.push(result.value);
    return pending[0];
  };
  const stored = (count: number) => {
    isBegun = true;
    progressAt = clock.now();
    const last = pending.splice(0, count).at(-1);
    if (last !== undefined) onProgress(last.records);
  };
  for (;;) {
    try {
      for await (const message of existingMessages(options, seq + 1)) {
        const expected = await next();
        if (expected === undefined) break;
        seq = message.seq;
        if (isCopy(message, expected)) stored(1);
        else if (!(isBegun && isIgnored(message, scopeOf(options)))) throw foreignHistory();
      }
      if ((await next()) === undefined) break;
      while (pending.length < CLUSTER_COPY_IN_FLIGHT_MAX) {
        const result = await own.next();
        if (result.done === true) break;
        pending.push(result.value);
      }
      if (!hasNotified) onBegin();
      hasNotified = true;
      const lastSeq = seq;
      const outcomes = await Promise.allSettled(
        pending.map(({ bytes }, at) => stream.publishAfter(bytes, lastSeq + at)),
      );
      const failed = outcomes.findIndex(({ status }) => status === "rejected");
      const count = failed < 0 ? outcomes.length : failed;
      seq += count;
      if (count > 0) stored(count);
      const outcome = outcomes[failed];
      if (outcome?.status === "rejected") throw outcome.reason;
    } catch (error) {
      if (!(error instanceof Fault) || !RETRYABLE.has(error.code)) throw error;
      if (clock.now() - progressAt >= CLUSTER_COPY_STALLED_MS) throw error;
      await delay(clock, RETRY_MS);
    }
  }
  const mark = await markAt(options, seq);
  const at = { seq, history: logs.history.head(), accounts: logs.accounts.head() };
  return mark === undefined ? at : { ...at, mark };
}

async function markAt(
  { stream, sha256 }: PublicationOptions,
  seq: number,
): Promise<string | undefined> {
  try {
    const found = await stream.get(seq);
    return found === undefined ? undefined : markOf(found, sha256);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return undefined;
  }
}

function isCopy({ bytes }: StreamMessage, expected: CopyMessage): boolean {
  return equalBytes(bytes, expected.bytes);
}

/** Fault codes after which the stream must be read to learn which messages it stored. */
const RETRYABLE: ReadonlySet<string> = new Set(["no-majority", "log-conflict"]);

function foreignHistory(): Fault {
  return new Fault("data-foreign", "that cluster already has a different history", {
    remedy:
      "to join it, start with only identity.key and settings.json;" +
      " to create another cluster, use --cluster NAME",
  });
}

function scopeOf({ stream, sha256 }: PublicationOptions): StreamScope {
  return { id: stream.id, sha256 };
}

function isIgnored({ bytes }: StreamMessage, scope: StreamScope): boolean {
  try {
    return readStream(bytes, scope).kind === "proposals";
  } catch (error) {
    if (error instanceof Fault && error.code === "frame-malformed") return true;
    throw error;
  }
}

async function* existingMessages(
  { stream, clock, sha256 }: PublicationOptions,
  from: number,
): AsyncGenerator<StreamMessage, undefined> {
  const last = await stream.last();
  if (last < from) return;
  const existing: StreamMessage[] = [];
  let fault: Fault | undefined;
  let notify = () => {};
  let release = () => {};
  const fail = (code: FaultCode) => () => {
    fault = new Fault(code, "the stream lost messages");
    notify();
  };
  const reader = new StreamReader({
    stream,
    clock,
    sha256,
    after: { seq: from - 1 },
    onMessage: (message) => {
      existing.push(message);
      notify();
      // Wait for each message, because all of them together may not fit in memory.
      return new Promise((resolve) => {
        release = resolve;
      });
    },
    onRewound: fail("cluster-diverged"),
    onLost: fail("cluster-diverged"),
    onTruncated: fail("no-majority"), // Retry: the stream may have a new leader.
    onNoAnswer: () => undefined,
  });
  reader.stored(last);
  try {
    for (let seq = 0; seq < last; ) {
      while (existing.length === 0) {
        if (fault !== undefined) throw fault;
        await new Promise<void>((resolve) => {
          notify = resolve;
        });
      }
      const message = existing.shift();
      if (message === undefined) continue;
      seq = message.seq;
      yield message;
      release();
    }
  } finally {
    reader.close();
    release();
  }
}

async function* copyMessages(options: PublicationOptions): AsyncGenerator<CopyMessage, undefined> {
  const { history, accounts } = options.logs;
  let records = 0;
  for (const logName of ["accounts", "history"] as const) {
    for await (const { lines, count } of groupLines(copiedLines(options, logName))) {
      records += count;
      yield { bytes: packCopied(logName, lines, scopeOf(options)), records };
    }
  }
  const end = (log: Pick<LogFile, "head" | "tree">) => ({
    size: log.head(),
    root: log.tree.root(),
  });
  const ends = { history: end(history), accounts: end(accounts) };
  yield { bytes: packCopyEnd(ends, scopeOf(options)), records };
}

async function* groupLines(
  lines: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ readonly lines: Uint8Array; readonly count: number }> {
  let group: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const line of lines) {
    if (group.length > 0 && sizeBytes + line.length > CLUSTER_COPY_BYTES_MAX) {
      yield { lines: Buffer.concat(group), count: group.length };
      group = [];
      sizeBytes = 0;
    }
    group.push(line);
    sizeBytes += line.length;
  }
  if (group.length > 0) yield { lines: Buffer.concat(group), count: group.length };
}

async function* copiedLines(
  { disk, path, logs }: PublicationOptions,
  logName: Place,
): AsyncGenerator<Uint8Array> {
  const folder = join(path, logName);
  const head = logs[logName].head();
  let seq = 0;
  for (const firstSeq of listSegments(disk, folder)) {
    const segment = join(folder, segmentName(firstSeq));
    using file = disk.open(segment, "read");
    for await (const block of scanBlocks(file, 0, file.sizeBytes())) {
      for (const { bytes, offset } of linesOf(block)) {
        if (seq === head) return;
        seq++;
        const copied = copyLine(bytes);
        if (copied?.record.head.seq !== seq) {
          throw new Fault("log-corrupt", `${segment} is damaged at byte ${offset}`);
        }
        if (copied.bytes.length > CLUSTER_DECISION_BYTES_MAX) {
          const message = `record ${seq} of ${logName} is too large for the cluster's stream`;
          throw new Fault("too-large", message, { remedy: "use a single server" });
        }
        yield copied.bytes;
      }
    }
  }
}
