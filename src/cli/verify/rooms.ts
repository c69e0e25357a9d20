import { Fault } from "../../base/fault.ts";
import { PAGE_RECORDS_MAX, VERIFIED_RECORDS_MAX } from "../../base/limits.ts";
import type { Client } from "../../client/client.ts";
import type { ChatRecord, RoomView } from "../../core/client/chat-record.ts";

/** A hole in a room: the record behind it, and what is wrong. */
export interface Hole {
  readonly seq: number;
  /** A clause, as `n 7 of #lobby follows 5`. */
  readonly reason: string;
}

export interface RoomsVerdict {
  /** The newest hole of each room that has one, in order of the log. */
  readonly holes: readonly Hole[];
  /** Records that were read. */
  readonly records: number;
  readonly rooms: number;
  /** There are older ones, that were not read. */
  readonly isBounded: boolean;
}

type Source = Pick<Client, "history" | "rooms">;

/**
 * Reads each room of the account from its newest record back, and looks whether their numbers leave
 * a gap: the server counts the records of each room, and erased ones stay in that count.
 * @param readsAll to the beginning; else VERIFIED_RECORDS_MAX of each room
 * @throws Fault as the server refused it, or the link was lost
 */
export async function findHoles(client: Source, readsAll: boolean): Promise<RoomsVerdict> {
  const holes: Hole[] = [];
  let [records, rooms, isBounded] = [0, 0, false];
  for (const room of client.rooms) {
    try {
      const found = await readRoom(client, room, readsAll ? Number.POSITIVE_INFINITY : undefined);
      if (found.hole !== undefined) holes.push(found.hole);
      records += found.records;
      rooms += 1;
      isBounded ||= found.isBounded;
    } catch (error) {
      const isStillIn = client.rooms.some(({ id }) => id === room.id);
      // They were put out of it meanwhile, and may not read it any more.
      if (!(error instanceof Fault) || error.blame !== "user" || isStillIn) throw error;
    }
  }
  return { holes: holes.sort((one, other) => one.seq - other.seq), records, rooms, isBounded };
}

async function readRoom(
  client: Source,
  room: RoomView,
  countMax = VERIFIED_RECORDS_MAX,
): Promise<{ hole: Hole | undefined; records: number; isBounded: boolean }> {
  const target = `${room.kind === "person" ? "@" : ""}${room.name}`;
  const place = `${room.kind === "person" ? "@" : "#"}${room.name}`;
  let [records, isBounded] = [0, false];
  let later: ChatRecord | undefined;
  for (;;) {
    const before = later === undefined ? {} : { before: later.seq };
    const limit = Math.min(PAGE_RECORDS_MAX, countMax - records);
    const page = await client.history({ target, kinds: ["all"], ...before, limit });
    for (const record of page.records.toReversed()) {
      const reason = later === undefined ? undefined : gap(record, later);
      if (later !== undefined && reason !== undefined) {
        return { hole: { seq: later.seq, reason: `${reason} in ${place}` }, records, isBounded };
      }
      later = record;
    }
    records += page.records.length;
    isBounded = page.more && records >= countMax;
    if (!page.more || page.records.length === 0 || isBounded) break;
  }
  if (isBounded || later === undefined || later.n === 1) {
    return { hole: undefined, records, isBounded };
  }
  const reason = `n ${later.n} is the first in ${place}`;
  return { hole: { seq: later.seq, reason }, records, isBounded };
}

/** What is wrong between two that follow each other. */
function gap(record: ChatRecord, later: ChatRecord): string | undefined {
  if (later.seq <= record.seq) return `seq ${later.seq} follows ${record.seq}`;
  return later.n === record.n + 1 ? undefined : `n ${later.n} follows ${record.n}`;
}
