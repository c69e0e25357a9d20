/** Restores records that the stream has lost. */

import { toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { CLUSTER_MESSAGE_BYTES_MAX } from "../../base/limits-cluster.ts";
import type { Place } from "../../core/cluster/claims.ts";
import { packRestored, type RestoredRecord } from "../../core/cluster/messages.ts";
import { copyLine, type LogRecord, parseBody } from "../../wire/record.ts";
import { type Clock, delay } from "../clock.ts";
import type { Entropy } from "../entropy.ts";
import { appendBytes } from "../log/batch.ts";
import type { LogFile } from "../log/log-file.ts";
import type { Stream } from "./stream.ts";

export interface RestorationOptions {
  readonly stream: Pick<Stream, "last" | "publish">;
  readonly mirrors: Readonly<Record<Place, LogFile>>;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly headsIfAhead: () => Readonly<Record<Place, number>> | undefined;
  readonly applied: () => number;
  readonly waitUntilApplied: (seq: number) => Promise<void>;
  readonly rewinding: () => Promise<void> | undefined;
  readonly onStored: (seq: number) => void;
  readonly isStopped: () => boolean;
}

const RETRY_MS = 250;
const ID_BYTES = 12;

/**
 * Republishes records that are on this disk but not in the stream. Nodes may do so concurrently:
 * each skips records that are in the stream.
 * @throws {Fault} log-corrupt if a log is damaged, store-… if it cannot be read
 */
export async function restoreLost(options: RestorationOptions): Promise<void> {
  const { stream, clock, mirrors, entropy, waitUntilApplied } = options;
  while (!options.isStopped()) {
    try {
      await waitUntilApplied(await stream.last());
      await options.rewinding();
      if (options.headsIfAhead() === undefined) return;
      if (options.applied() < (await stream.last())) continue;
      const heads = options.headsIfAhead();
      const records = heads === undefined ? [] : await nextLostRecords(mirrors, heads);
      if (records.length === 0) continue;
      const id = toBase64Url(entropy(ID_BYTES));
      const { seq } = await stream.publish(packRestored(id, records), id);
      options.onStored(seq);
      await waitUntilApplied(seq);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "no-majority") throw error;
      await delay(clock, RETRY_MS);
    }
  }
}

async function nextLostRecords(
  mirrors: Readonly<Record<Place, LogFile>>,
  heads: Readonly<Record<Place, number>>,
): Promise<RestoredRecord[]> {
  const logName = mirrors.accounts.head() > heads.accounts ? "accounts" : "history";
  const mirror = mirrors[logName];
  const records: RestoredRecord[] = [];
  let sizeBytes = 0;
  for await (const record of mirror.read(heads[logName] + 1)) {
    const restored = await toRestored(mirror, record);
    sizeBytes += appendBytes("line" in restored ? restored.line : restored.sealed);
    if (records.length > 0 && sizeBytes > CLUSTER_MESSAGE_BYTES_MAX) break;
    records.push(restored);
  }
  return records;
}

/**
 * Erases each password record that a blank password record replaced. The blank record no longer
 * names the one that it replaced.
 */
export async function eraseReplaced(accounts: LogFile, blank: ReadonlySet<number>): Promise<void> {
  const passwords = new Map<string, number>();
  const replaced: { readonly seq: number; readonly by: number }[] = [];
  for await (const { head } of accounts.heads(1, Math.max(...blank))) {
    const seq = passwords.get(head.room);
    if (seq !== undefined && blank.has(head.seq)) replaced.push({ seq, by: head.seq });
    if (head.kind === "password") passwords.set(head.room, head.seq);
  }
  for (const { seq, by } of replaced) await accounts.erase(seq, by);
}

async function toRestored(mirror: LogFile, record: LogRecord): Promise<RestoredRecord> {
  const { salt, bodyBytes, erased } = record;
  const { seq, time, kind, room, by, id, commit } = record.head;
  if (salt !== undefined && bodyBytes !== undefined) {
    const draft = { kind, room, by, id, body: parseBody(record) };
    return { seq, time, sealed: { draft, salt, bodyBytes, commit } };
  }
  if (erased !== undefined) {
    await mirror.erase(seq, erased);
    const line = copyLine(await mirror.line(seq));
    if (line?.record.erased !== undefined) return { line };
  }
  throw new Fault("log-corrupt", `seq ${seq} is damaged here and missing from the cluster`);
}
