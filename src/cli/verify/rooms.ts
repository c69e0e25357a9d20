/** Verifies a user's rooms by reading their records from the server. */

import { Fault } from "../../base/fault.ts";
import { PAGE_RECORDS_MAX, VERIFIED_RECORDS_MAX } from "../../base/limits.ts";
import type { Client } from "../../client/client.ts";
import type { ChatRecord, RoomView } from "../../core/client/chat-record.ts";

export interface RoomFinding {
  readonly seq: number;
  readonly reason: string;
}

export interface RoomsVerdict {
  readonly findings: readonly RoomFinding[];
  readonly records: number;
  readonly rooms: number;
  readonly isBounded: boolean;
}

type Source = Pick<Client, "history" | "rooms">;

/** Maximum per room. If there are more, the whole room is damaged. */
const FINDINGS_MAX = 1_000;

/**
 * Finds gaps, damaged or withheld records, and erased records without an `erase` record. The server
 * numbers a room's records consecutively, and an erased record keeps its number.
 * @param readsAll whether to read all records instead of VERIFIED_RECORDS_MAX in each room
 */
export async function verifyRooms(client: Source, readsAll: boolean): Promise<RoomsVerdict> {
  const findings: RoomFinding[] = [];
  let [records, rooms, isBounded] = [0, 0, false];
  for (const room of client.rooms) {
    try {
      const result = await readRoom(client, room, readsAll ? Number.POSITIVE_INFINITY : undefined);
      findings.push(...result.findings);
      records += result.records;
      rooms += 1;
      isBounded ||= result.isBounded;
    } catch (error) {
      const isMember = client.rooms.some(({ id }) => id === room.id);
      // The user was removed from the room during the verification, and may no longer read it.
      if (!(error instanceof Fault) || error.blame !== "user" || isMember) throw error;
    }
  }
  findings.sort((a, b) => a.seq - b.seq);
  return { findings, records, rooms, isBounded };
}

async function readRoom(
  client: Source,
  room: RoomView,
  countMax = VERIFIED_RECORDS_MAX,
): Promise<{ findings: RoomFinding[]; records: number; isBounded: boolean }> {
  const target = `${room.kind === "person" ? "@" : ""}${room.name}`;
  const title = `${room.kind === "person" ? "@" : "#"}${room.name}`;
  const findings: RoomFinding[] = [];
  const addFinding = (seq: number, reason: string) => {
    if (findings.length < FINDINGS_MAX) findings.push({ seq, reason: `${reason} in ${title}` });
  };
  const erasureTargets = new Set<unknown>();
  let [records, isBounded] = [0, false];
  let next: ChatRecord | undefined;
  for (;;) {
    const before = next === undefined ? {} : { before: next.seq };
    const limit = Math.min(PAGE_RECORDS_MAX, countMax - records);
    const page = await client.history({ target, kinds: ["all"], ...before, limit });
    for (const record of page.records.toReversed()) {
      const reason = next === undefined ? undefined : gap(record, next);
      if (next !== undefined && reason !== undefined) {
        addFinding(next.seq, reason);
        return { findings, records, isBounded };
      }
      const { seq, state } = record;
      if (state === "damaged") addFinding(seq, "its content is damaged or withheld");
      if (state === "erased" && !erasureTargets.has(seq))
        addFinding(seq, "deleted without a request");
      for (const erased of erasedBy(record)) erasureTargets.add(erased);
      next = record;
    }
    records += page.records.length;
    isBounded = page.more && records >= countMax;
    if (!page.more || page.records.length === 0 || isBounded) break;
  }
  if (!isBounded && next !== undefined && next.n !== 1) {
    addFinding(next.seq, `records are missing: the first is number ${next.n}`);
  }
  return { findings, records, isBounded };
}

function erasedBy({ kind, body }: ChatRecord): unknown[] {
  if (kind !== "erase") return [];
  const alsoErased = body?.["also"];
  return [body?.["seq"], ...(Array.isArray(alsoErased) ? alsoErased : [])];
}

function gap(record: ChatRecord, next: ChatRecord): string | undefined {
  if (next.seq <= record.seq) return `seq ${next.seq} follows ${record.seq}`;
  if (next.n === record.n + 1) return undefined;
  const order = `number ${next.n} follows number ${record.n}`;
  return next.n > record.n ? `records are missing: ${order}` : order;
}
