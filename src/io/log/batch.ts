/** The records written and synced together. */

import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { BATCH_BYTES_MAX } from "../../base/limits.ts";
import { nearestMoment } from "../../base/time.ts";
import type { LogOrder } from "../../core/log/order.ts";
import {
  type CopiedLine,
  type Head,
  LINE_FRAME_BYTES_MAX,
  type LogRecord,
  type SealedDraft,
} from "../../wire/record.ts";
import { type LineWriter, leafHashIn, type Place } from "./line-writer.ts";
import type { Settle } from "./log.ts";

/** An append that waits to be durable. */
export interface Waiter {
  readonly content: SealedDraft | CopiedLine;
  /** Set if its seq was decided elsewhere. */
  readonly decided?: Decided;
  readonly settle: Settle;
}

/** Position of a record in a log that several machines write, the same on each of them. */
export interface Decided {
  readonly seq: number;
  /** Time at which it was ordered. */
  readonly unixMs: number;
}

export interface Placed {
  readonly waiter: Waiter;
  readonly outcome: LogRecord | Fault;
}

/** Records made durable by one write and one sync. */
export interface Batch {
  readonly placed: readonly Placed[];
  /** Encoded lines, in the writer's memory: valid until the next batch is built. */
  readonly bytes: Uint8Array;
  /** Offset of each recorded line in the batch. */
  readonly offsets: readonly number[];
}

/** Upper bound of what a waiter will write, before its numbers are known. */
export function waiterBytes(content: SealedDraft | CopiedLine): number {
  return "bytes" in content
    ? content.bytes.length
    : content.bodyBytes.length + LINE_FRAME_BYTES_MAX;
}

/** Number of waiters, from the first on, that share the next batch. */
export function batchLength(waiters: readonly Waiter[]): number {
  let sizeBytes = 0;
  let index = 0;
  for (const { content } of waiters) {
    sizeBytes += waiterBytes(content);
    if (sizeBytes > BATCH_BYTES_MAX && index > 0) return index;
    index++;
  }
  return waiters.length;
}

/** Assigns every waiter its position, or the conflict to report once the batch is durable. */
export function buildBatch(
  waiters: readonly Waiter[],
  order: LogOrder,
  unixMs: number,
  lines: LineWriter,
): Batch {
  const ahead = new OrderAhead(order);
  const placed: Placed[] = [];
  const offsets: number[] = [];
  for (const waiter of waiters) {
    const { content } = waiter;
    if ("bytes" in content) {
      const objection = ahead.objection(content.record.head);
      if (objection !== undefined) {
        placed.push({ waiter, outcome: new Fault("log-conflict", objection) });
        continue;
      }
      offsets.push(lines.sizeBytes);
      ahead.take(content.record.head);
      lines.copy(content.bytes);
      placed.push({ waiter, outcome: content.record });
      continue;
    }
    const { room } = content.draft;
    const { decided } = waiter;
    if (decided !== undefined && decided.seq !== ahead.seq + 1) {
      const sentence = `seq ${decided.seq} cannot follow ${ahead.seq}`;
      placed.push({ waiter, outcome: new Fault("log-conflict", sentence) });
      continue;
    }
    offsets.push(lines.sizeBytes);
    const place = ahead.place(room, decided?.unixMs ?? unixMs);
    // Lost records of a shared log are read from the others: its lines are the same everywhere.
    const durable = decided === undefined ? order.seq : 0;
    placed.push({ waiter, outcome: lines.add(content, place, durable) });
  }
  return { placed, bytes: lines.take(), offsets };
}

/** Leaves of the batch's records, for the tree. */
export function leavesOf({ placed, bytes, offsets }: Batch, sha256: Sha256): Uint8Array[] {
  const leaves: Uint8Array[] = [];
  for (const { outcome } of placed) {
    if (outcome instanceof Fault) continue;
    const lineAt = offsets[leaves.length] ?? 0;
    leaves.push(leafHashIn(bytes, lineAt, outcome.headBytes.length, sha256));
  }
  return leaves;
}

/** The order after the batch is durable; dropped if it fails. */
class OrderAhead {
  readonly #order: LogOrder;
  /** Number of the last record of each room. */
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

  /** Reason why a record of fixed position cannot come next. */
  objection({ seq, time, room, n }: Head): string | undefined {
    const isNext = seq === this.#seq + 1 && n === this.#nextN(room);
    if (isNext && time >= this.#time) return undefined;
    return `seq ${seq} of ${room} cannot follow ${this.#seq}`;
  }

  take({ seq, time, room, n }: Head): void {
    this.#seq = seq;
    this.#time = time;
    this.#lastN.set(room, n);
  }

  place(room: string, unixMs: number): Place {
    this.#seq += 1;
    this.#time = Math.max(this.#time, Math.floor(nearestMoment(unixMs)));
    const n = this.#nextN(room);
    this.#lastN.set(room, n);
    return { seq: this.#seq, n, time: this.#time };
  }

  #nextN(room: string): number {
    return (this.#lastN.get(room) ?? this.#order.lastN(room)) + 1;
  }
}
