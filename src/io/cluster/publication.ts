/** Copies logs that existed before their cluster into its stream, once and unchanged. */

import { join } from "node:path";
import { equalBytes } from "../../base/bytes.ts";
import { Fault, type FaultCode } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { CLUSTER_COPY_BYTES_MAX, CLUSTER_DECISION_BYTES_MAX } from "../../base/limits-cluster.ts";
import type { Place } from "../../core/cluster/claims.ts";
import { packCopied, packCopyEnd, readStream } from "../../core/cluster/messages.ts";
import { copyLine } from "../../wire/record.ts";
import { type Clock, delay } from "../clock.ts";
import type { Disk } from "../disk/disk.ts";
import type { LogFile } from "../log/log-file.ts";
import { linesOf, scanBlocks } from "../log/scan.ts";
import { listSegments, segmentName } from "../log/segment.ts";
import type { Position } from "./position.ts";
import type { Stream, StreamMessage } from "./stream.ts";
import { markOf, StreamReader } from "./stream-reader.ts";

/** Messages of a copied log in flight: about 4 MiB. */
const CLUSTER_COPY_AHEAD = 64;
/** A stream that accepts no message for this long has no majority. */
const CLUSTER_COPY_STALLED_MS = 60_000;

/** A stream that accepts a message only at its expected position. */
export interface FilledStream extends Pick<Stream, "get" | "last" | "watch"> {
  /**
   * Resolves when a majority holds it, directly after the message `seq`.
   * @throws Fault log-conflict: another message is there; no-majority: whether it is stored is
   * unknown
   */
  publishBehind(bytes: Uint8Array, seq: number): Promise<void>;
}

export interface PublicationOptions {
  readonly stream: FilledStream;
  readonly disk: Disk;
  /** Data folder; nothing is appended to its logs meanwhile. */
  readonly path: string;
  readonly logs: Readonly<Record<Place, Pick<LogFile, "head" | "tree">>>;
  readonly clock: Clock;
  readonly sha256: Sha256;
  /** The stream accepts the copy: from now on it may contain part of it. */
  readonly onBegin: () => void;
  readonly onProgress: (records: number) => void;
}

const RETRY_MS = 500;

interface OwnMessage {
  readonly bytes: Uint8Array;
  /** Records in this message and all before it. */
  readonly records: number;
}

/**
 * Copies the logs. What the stream already holds must equal what this would write: an interrupted
 * run is resumed, and a finished one is detected. Each message is stored at its own position or not
 * at all, so nothing is duplicated.
 * @returns the folder's position in the stream afterwards
 * @throws Fault data-foreign (the stream has something else), too-large, log-corrupt, no-majority,
 * store-…
 */
export async function publishLogs(options: PublicationOptions): Promise<Position> {
  const { stream, logs, clock, onBegin, onProgress } = options;
  const own = ownMessages(options);
  /** Messages not known to be in the stream. Bounded by CLUSTER_COPY_AHEAD. */
  const pending: OwnMessage[] = [];
  let seq = 0;
  let isBegun = false;
  let isTold = false;
  let goneOnAt = clock.now();
  const next = async () => {
    const made = pending.length > 0 ? undefined : await own.next();
    if (made?.done === false) pending.push(made.value);
    return pending[0];
  };
  const stored = (count: number) => {
    isBegun = true;
    goneOnAt = clock.now();
    const last = pending.splice(0, count).at(-1);
    if (last !== undefined) onProgress(last.records);
  };
  for (;;) {
    try {
      for await (const message of messagesOf(options, seq + 1)) {
        const expected = await next();
        if (expected === undefined) break; // Decided by servers since.
        seq = message.seq;
        if (equalBytes(message.bytes, expected.bytes)) stored(1);
        else if (!(isBegun && isVoid(message, options.sha256))) throw otherHistory();
      }
      if ((await next()) === undefined) break;
      while (pending.length < CLUSTER_COPY_AHEAD) {
        const made = await own.next();
        if (made.done === true) break;
        pending.push(made.value);
      }
      if (!isTold) onBegin();
      isTold = true;
      const behind = seq;
      const outcomes = await Promise.allSettled(
        pending.map(({ bytes }, at) => stream.publishBehind(bytes, behind + at)),
      );
      const failed = outcomes.findIndex(({ status }) => status === "rejected");
      const count = failed < 0 ? outcomes.length : failed;
      seq += count;
      if (count > 0) stored(count);
      const outcome = outcomes[failed];
      if (outcome?.status === "rejected") throw outcome.reason;
    } catch (error) {
      if (!(error instanceof Fault) || !PASSING.has(error.code)) throw error;
      if (clock.now() - goneOnAt >= CLUSTER_COPY_STALLED_MS) throw error;
      await delay(clock, RETRY_MS);
    }
  }
  const mark = await markAt(options, seq);
  const at = { seq, history: logs.history.head(), accounts: logs.accounts.head() };
  return mark === undefined ? at : { ...at, mark };
}

/**
 * Mark with which the first start distinguishes this stream from one that was lost and has grown
 * again.
 */
async function markAt(
  { stream, sha256 }: PublicationOptions,
  seq: number,
): Promise<string | undefined> {
  try {
    const found = await stream.get(seq);
    return found === undefined ? undefined : markOf(found, sha256);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return undefined; // The copy is complete: the start continues without the mark.
  }
}

/** After these the stream is read to see what it stored. */
const PASSING: ReadonlySet<string> = new Set(["no-majority", "log-conflict"]);

function otherHistory(): Fault {
  return new Fault("data-foreign", "the stream of that cluster has another history already", {
    remedy:
      "to be one of its servers, begin with identity.key and settings.json alone;" +
      " to begin another cluster, give --cluster NAME",
  });
}

/** Decisions of servers during a copy are ignored. */
function isVoid({ bytes }: StreamMessage, sha256: Sha256): boolean {
  try {
    return readStream(bytes, sha256).kind === "proposals";
  } catch (error) {
    if (error instanceof Fault && error.code === "frame-malformed") return true;
    throw error;
  }
}

/** Messages from `from` up to the end at the time of the call. */
async function* messagesOf(
  { stream, clock, sha256 }: PublicationOptions,
  from: number,
): AsyncGenerator<StreamMessage, undefined> {
  const last = await stream.last();
  if (last < from) return;
  const arrived: StreamMessage[] = [];
  let trouble: Fault | undefined;
  let wake = () => {};
  let taken = () => {};
  const lost = (code: FaultCode) => () => {
    trouble = new Fault(code, "the stream has lost what was read of it");
    wake();
  };
  const reader = new StreamReader({
    ...{ stream, clock, sha256, after: { seq: from - 1 } },
    onMessage: (message) => {
      arrived.push(message);
      wake();
      // Sequentially: the part to read again may be as large as a disk.
      return new Promise((resolve) => {
        taken = resolve;
      });
    },
    onRewound: lost("cluster-diverged"),
    onGone: lost("cluster-diverged"),
    onShort: lost("no-majority"), // Its leader may have just been elected.
    onSilent: () => undefined,
  });
  reader.stored(last);
  try {
    for (let seq = 0; seq < last; ) {
      while (arrived.length === 0) {
        if (trouble !== undefined) throw trouble;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const message = arrived.shift();
      if (message === undefined) continue;
      seq = message.seq;
      yield message;
      taken();
    }
  } finally {
    reader.end();
    taken();
  }
}

/** Messages of both logs, the accounts first: always the same for the same folder. */
async function* ownMessages(options: PublicationOptions): AsyncGenerator<OwnMessage, undefined> {
  const { history, accounts } = options.logs;
  let records = 0;
  for (const place of ["accounts", "history"] as const) {
    for await (const { lines, count } of gathered(copiedLines(options, place))) {
      records += count;
      yield { bytes: packCopied(place, lines), records };
    }
  }
  const end = (log: Pick<LogFile, "head" | "tree">) => ({
    size: log.head(),
    root: log.tree.root(),
  });
  yield { bytes: packCopyEnd({ history: end(history), accounts: end(accounts) }), records };
}

async function* gathered(
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

/** @throws Fault too-large, log-corrupt */
async function* copiedLines(
  { disk, path, logs }: PublicationOptions,
  place: Place,
): AsyncGenerator<Uint8Array> {
  const folder = join(path, place);
  const head = logs[place].head();
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
          const sentence = `record ${seq} of ${place} does not fit a message of the stream`;
          throw new Fault("too-large", sentence, { remedy: "stay with one server" });
        }
        yield copied.bytes;
      }
    }
  }
}
