/** Batch of records that are written and synced together. */

import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { BATCH_BYTES_MAX } from "../../base/limits.ts";
import { clampUnixMs } from "../../base/time.ts";
import { type LogOrder, mayFall } from "../../core/log/order.ts";
import { fieldsOf, hasTrait } from "../../wire/kinds.ts";
import {
  type CopiedLine,
  type Draft,
  type Head,
  type JsonObject,
  LINE_FRAME_BYTES_MAX,
  type LogRecord,
  type SealedDraft,
} from "../../wire/record.ts";
import { type LineWriter, leafHashIn, type RecordPosition } from "./line-writer.ts";
import type { Settle } from "./log.ts";

export interface PendingAppend {
  readonly content: SealedDraft | CopiedLine;
  readonly assigned?: AssignedPosition;
  readonly settle: Settle;
}

export interface AssignedPosition {
  readonly seq: number;
  readonly unixMs: number;
}

export interface BatchEntry {
  readonly append: PendingAppend;
  readonly outcome: LogRecord | Fault;
}

export interface Batch {
  readonly entries: readonly BatchEntry[];
  readonly bytes: Uint8Array;
  readonly offsets: readonly number[];
}

export function appendBytes(content: SealedDraft | CopiedLine): number {
  return "bytes" in content
    ? content.bytes.length
    : content.bodyBytes.length + LINE_FRAME_BYTES_MAX;
}

export function batchLength(appends: readonly PendingAppend[]): number {
  let sizeBytes = 0;
  let index = 0;
  for (const { content } of appends) {
    sizeBytes += appendBytes(content);
    if (sizeBytes > BATCH_BYTES_MAX && index > 0) return index;
    index++;
  }
  return appends.length;
}

export function buildBatch(
  appends: readonly PendingAppend[],
  order: LogOrder,
  unixMs: number,
  lines: LineWriter,
): Batch {
  const pending = new PendingOrder(order);
  const entries: BatchEntry[] = [];
  const offsets: number[] = [];
  for (const append of appends) {
    const { content } = append;
    if ("bytes" in content) {
      const objection = pending.objection(content.record.head);
      if (objection !== undefined) {
        entries.push({ append, outcome: new Fault("log-conflict", objection) });
        continue;
      }
      offsets.push(lines.sizeBytes);
      pending.advance(content.record.head);
      lines.copy(content.bytes);
      entries.push({ append, outcome: content.record });
      continue;
    }
    const { assigned } = append;
    if (assigned !== undefined && assigned.seq !== pending.seq + 1) {
      const message = `seq ${assigned.seq} cannot follow ${pending.seq}`;
      entries.push({ append, outcome: new Fault("log-conflict", message) });
      continue;
    }
    offsets.push(lines.sizeBytes);
    const isFirst = pending.seq === 0;
    const stamp = hasTrait(content.draft.kind, "keeps-time") && !isFirst ? 0 : unixMs;
    const position = pending.assign(content.draft, assigned?.unixMs ?? stamp);
    // Omit the durable seq from a replicated log, whose lines must be the same on all servers.
    const durable = assigned === undefined ? order.seq : 0;
    entries.push({ append, outcome: lines.add(content, position, durable) });
  }
  return { entries, bytes: lines.drain(), offsets };
}

export function leavesOfBatch({ entries, bytes, offsets }: Batch, sha256: Sha256): Uint8Array[] {
  const leaves: Uint8Array[] = [];
  for (const { outcome } of entries) {
    if (outcome instanceof Fault) continue;
    const lineAt = offsets[leaves.length] ?? 0;
    leaves.push(leafHashIn(bytes, lineAt, outcome.headBytes.length, sha256));
  }
  return leaves;
}

class PendingOrder {
  readonly #order: LogOrder;
  readonly #lastN = new Map<string, number>();
  #seq: number;
  #time: number;

  constructor(order: LogOrder) {
    this.#order = order;
    this.#seq = order.seq;
    this.#time = order.time;
  }

  get seq(): number {
    return this.#seq;
  }

  objection({ seq, time, room, n, kind }: Head): string | undefined {
    const isNext = seq === this.#seq + 1 && n === this.#nextN(room);
    if (isNext && (time >= this.#time || mayFall({ kind }))) return undefined;
    return `seq ${seq} of ${room} cannot follow ${this.#seq}`;
  }

  advance({ seq, time, room, n }: Head): void {
    this.#seq = seq;
    this.#time = time;
    this.#lastN.set(room, n);
  }

  assign({ kind, room, body }: Draft, unixMs: number): RecordPosition {
    this.#seq += 1;
    const to = mayFall({ kind }) ? fieldsOf(kind, body as JsonObject).to : undefined;
    this.#time = clampUnixMs(to ?? Math.max(this.#time, Math.floor(clampUnixMs(unixMs))));
    const n = this.#nextN(room);
    this.#lastN.set(room, n);
    return { seq: this.#seq, n, time: this.#time };
  }

  #nextN(room: string): number {
    return (this.#lastN.get(room) ?? this.#order.lastN(room)) + 1;
  }
}
