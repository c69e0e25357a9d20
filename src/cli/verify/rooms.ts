/** Verifies a user's rooms by the records that the server returns. */

import { Fault } from "../../base/fault.ts";
import { PAGE_RECORDS_MAX, VERIFIED_RECORDS_MAX } from "../../base/limits.ts";
import type { Client } from "../../client/client.ts";
import type { ChatRecord, RoomView } from "../../core/client/chat-record.ts";

/** An invalid record, or one that has a gap before it. */
export interface RoomFinding {
  readonly seq: number;
  /** A clause, such as `n 7 follows 5 in #lobby`. */
  readonly reason: string;
}

export interface RoomsVerdict {
  /** In order of the log. For each room only the newest gap. */
  readonly findings: readonly RoomFinding[];
  /** Number of records read. */
  readonly records: number;
  readonly rooms: number;
  /** There are older records, which were not read. */
  readonly isBounded: boolean;
}

type Source = Pick<Client, "history" | "rooms">;

/** With more findings a room is damaged throughout. */
const FINDINGS_MAX = 1_000;

/**
 * Reads each room of the account from its newest record back. Findings are a gap in the numbers of
 * its records (the server counts them, and erased ones stay in that count), a record whose body is
 * damaged or withheld, and one that is shown as erased although no record of the room orders that.
 * @param readsAll to the beginning; else VERIFIED_RECORDS_MAX of each room
 * @throws Fault as the server refused it, or the link was lost
 */
export async function verifyRooms(client: Source, readsAll: boolean): Promise<RoomsVerdict> {
  const findings: RoomFinding[] = [];
  let [records, rooms, isBounded] = [0, 0, false];
  for (const room of client.rooms) {
    try {
      const found = await readRoom(client, room, readsAll ? Number.POSITIVE_INFINITY : undefined);
      findings.push(...found.findings);
      records += found.records;
      rooms += 1;
      isBounded ||= found.isBounded;
    } catch (error) {
      const isStillIn = client.rooms.some(({ id }) => id === room.id);
      // The user was removed from the room meanwhile, and may no longer read it.
      if (!(error instanceof Fault) || error.blame !== "user" || isStillIn) throw error;
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
  const find = (seq: number, reason: string) => {
    if (findings.length < FINDINGS_MAX) findings.push({ seq, reason: `${reason} in ${title}` });
  };
  /** Records whose erasure was ordered by a record that was read. */
  const ordered = new Set<unknown>();
  let [records, isBounded] = [0, false];
  let later: ChatRecord | undefined;
  for (;;) {
    const before = later === undefined ? {} : { before: later.seq };
    const limit = Math.min(PAGE_RECORDS_MAX, countMax - records);
    const page = await client.history({ target, kinds: ["all"], ...before, limit });
    for (const record of page.records.toReversed()) {
      const reason = later === undefined ? undefined : gap(record, later);
      if (later !== undefined && reason !== undefined) {
        find(later.seq, reason);
        return { findings, records, isBounded };
      }
      const { seq, state } = record;
      if (state === "damaged") find(seq, "its content is damaged or withheld");
      if (state === "erased" && !ordered.has(seq)) find(seq, "deleted without a request");
      for (const erased of erasedBy(record)) ordered.add(erased);
      later = record;
    }
    records += page.records.length;
    isBounded = page.more && records >= countMax;
    if (!page.more || page.records.length === 0 || isBounded) break;
  }
  if (!isBounded && later !== undefined && later.n !== 1) {
    find(later.seq, `n ${later.n} is the first`);
  }
  return { findings, records, isBounded };
}

function erasedBy({ kind, body }: ChatRecord): unknown[] {
  if (kind !== "erase") return [];
  const also = body?.["also"];
  return [body?.["seq"], ...(Array.isArray(also) ? also : [])];
}

/** The gap between two consecutive records. */
function gap(record: ChatRecord, later: ChatRecord): string | undefined {
  if (later.seq <= record.seq) return `seq ${later.seq} follows ${record.seq}`;
  return later.n === record.n + 1 ? undefined : `n ${later.n} follows ${record.n}`;
}
