import { Fault } from "../../base/fault.ts";
import { CLUSTER_MESSAGE_BYTES_MAX } from "../../base/limits-cluster.ts";
import type { Place } from "../../core/cluster/claims.ts";
import type { RestoredRecord } from "../../core/cluster/messages.ts";
import { copyLine, type LogRecord, parseBody } from "../../wire/record.ts";
import { waiterBytes } from "../log/batch.ts";
import type { LogFile } from "../log/log-file.ts";

/**
 * The next records that this node has on its disk and the stream has lost, as one message takes.
 * Those of the accounts come first, as they do on the disk.
 * @param heads how many of each the stream has
 * @throws Fault log-corrupt, store-…
 */
export async function nextLost(
  mirrors: Readonly<Record<Place, LogFile>>,
  heads: Readonly<Record<Place, number>>,
): Promise<RestoredRecord[]> {
  const place = mirrors.accounts.head() > heads.accounts ? "accounts" : "history";
  const mirror = mirrors[place];
  const records: RestoredRecord[] = [];
  let sizeBytes = 0;
  for await (const record of mirror.read(heads[place] + 1)) {
    const restored = await restoredOf(mirror, record);
    sizeBytes += waiterBytes("line" in restored ? restored.line : restored.sealed);
    if (records.length > 0 && sizeBytes > CLUSTER_MESSAGE_BYTES_MAX) break;
    records.push(restored);
  }
  return records;
}

/**
 * Which password these have replaced stood in their bodies, and those are gone: it was the one
 * before, and must not stay on this disk.
 * @param blank seqs of records that came without their bodies
 * @throws Fault store-…
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

async function restoredOf(mirror: LogFile, record: LogRecord): Promise<RestoredRecord> {
  const { salt, bodyBytes, erased } = record;
  const { seq, time, kind, room, by, id, commit } = record.head;
  if (salt !== undefined && bodyBytes !== undefined) {
    const draft = { kind, room, by, id, body: parseBody(record) };
    return { seq, time, sealed: { draft, salt, bodyBytes, commit } };
  }
  if (erased !== undefined) {
    await mirror.erase(seq, erased); // It may be under way.
    const line = copyLine(await mirror.line(seq));
    if (line?.record.erased !== undefined) return { line };
  }
  throw new Fault("log-corrupt", `seq ${seq} is damaged here, and the cluster has lost it`);
}
