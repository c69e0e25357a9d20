/** Encodes records as lines, in batches that are written and synced together. */

import { assert } from "../../base/assert.ts";
import { toBase64Url, utf8Encode, withCapacity } from "../../base/bytes.ts";
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
  LEAF_PREFIX,
  LINE_FRAME_BYTES_MAX,
  type LogRecord,
  type SealedDraft,
} from "../../wire/record.ts";
import type { Settle } from "./log.ts";

export interface RecordPosition {
  readonly seq: number;
  readonly n: number;
  readonly time: number;
}

const HEAD = utf8Encode('{"head":');
const LINE_END = utf8Encode("}\n");
const INITIAL_BYTES = 64 << 10;
const RETAINED_BYTES_MAX = 1 << 20;

export class LineWriter {
  #bytes = new Uint8Array(INITIAL_BYTES);
  #at = 0;

  get sizeBytes(): number {
    return this.#at;
  }

  add(
    { draft, salt, bodyBytes, commit }: SealedDraft,
    position: RecordPosition,
    durable: number,
  ): LogRecord {
    const { seq, n, time } = position;
    const { kind, room, by, id } = draft;
    assert(durable < seq, "only written lines are durable");
    const head: Head = { v: 1, seq, time, kind, room, n, by, id, commit };
    const headBytes = utf8Encode(JSON.stringify(head));
    this.#bytes = withCapacity(this.#bytes, this.#at, LINE_FRAME_BYTES_MAX + bodyBytes.length);
    this.#put(HEAD);
    this.#put(headBytes);
    this.#put(utf8Encode(`,"durable":${durable},"salt":"${toBase64Url(salt)}","body":`));
    this.#put(bodyBytes);
    this.#put(LINE_END);
    return { head, headBytes, salt, bodyBytes };
  }

  copy(line: Uint8Array): void {
    this.#bytes = withCapacity(this.#bytes, this.#at, line.length);
    this.#put(line);
  }

  drain(): Uint8Array {
    const lines = this.#bytes.subarray(0, this.#at);
    this.#at = 0;
    if (this.#bytes.length > RETAINED_BYTES_MAX) this.#bytes = new Uint8Array(INITIAL_BYTES);
    return lines;
  }

  #put(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }
}

/**
 * Hashes a line without copying it: the leaf's prefix temporarily replaces the colon before the
 * head.
 * @internal
 */
export function leafHashIn(
  bytes: Uint8Array,
  lineAt: number,
  headLength: number,
  sha256: Sha256,
): Uint8Array {
  const colonAt = lineAt + HEAD.length - 1;
  const colon = bytes[colonAt] ?? 0;
  bytes[colonAt] = LEAF_PREFIX;
  const leaf = sha256(bytes.subarray(colonAt, lineAt + HEAD.length + headLength));
  bytes[colonAt] = colon;
  return leaf;
}

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
  for (const { headBytes } of recordsOf({ entries })) {
    const lineAt = offsets[leaves.length] ?? 0;
    leaves.push(leafHashIn(bytes, lineAt, headBytes.length, sha256));
  }
  return leaves;
}

export function* recordsOf({ entries }: Pick<Batch, "entries">): Generator<LogRecord> {
  for (const { outcome } of entries) if (!(outcome instanceof Fault)) yield outcome;
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
