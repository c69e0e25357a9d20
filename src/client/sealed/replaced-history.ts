/**
 * Adoption of a history that the server has put in place of the one that this device has read, for
 * example after a restored backup. Called only after the user has accepted that history.
 */

import type { RoomId } from "../../base/ids.ts";
import { CLAIMS_KNOWN_MAX, SEALED_ROOMS_MAX } from "../../base/limits-sealed.ts";
import { defined } from "../../base/values.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import type { HistoryView } from "./claims.ts";
import { dropGroupInfos, hasGroupInfo } from "./group-infos.ts";
import type { SealedRoom } from "./room.ts";
import { dropPending, restoreRoom, withoutSuspicion } from "./room-reader.ts";
import type { RoomStates, RoomTransaction } from "./room-state.ts";
import {
  ACCEPTED_KEY,
  type AcceptedRow,
  type ArchivedRow,
  allOf,
  contentKey,
  contentRange,
  excuseCount,
  isContentOf,
  type PendingRow,
  postRange,
  type RoomRow,
  roomKey,
  seqOfPost,
} from "./rows.ts";
import type { Vault } from "./vault.ts";

/** Rows dropped in one transaction, which blocks other processes of this CHAT_HOME. */
const DROPPED_ROWS_MAX = 500;

/**
 * If the user has accepted a different history since the last call, marks all rooms, so that each
 * adopts it before its next use, and drops what members have claimed about the former history.
 */
export function applyAcceptance(states: RoomStates, view: HistoryView): Promise<void> {
  return states.transact(async (vault) => {
    const newest = (await view.accepted()).at(-1);
    const known = await vault.find<AcceptedRow>(ACCEPTED_KEY);
    if (newest === undefined || newest.at <= (known?.at ?? 0)) return;
    for (const { key } of await vault.rows(allOf("claim", CLAIMS_KNOWN_MAX)))
      await vault.delete(key);
    for (const { key, value } of await vault.list<RoomRow>(allOf("room", SEALED_ROOMS_MAX)))
      await vault.put(key, { ...value, history: "accepted" } satisfies RoomRow);
    await markFirstJoins(vault);
    await vault.put(ACCEPTED_KEY, { at: newest.at } satisfies AcceptedRow);
  });
}

/**
 * Marks unanswered commits by which the device would have entered a group for the first time. They
 * may rest on a group state of the former history, and the rooms have no state that would tell.
 */
async function markFirstJoins(vault: Vault): Promise<void> {
  for (const { key, value } of await vault.list<PendingRow>(allOf("pending", SEALED_ROOMS_MAX))) {
    const room = key.slice("pending/".length) as RoomId;
    const isJoin = value.epoch !== undefined && (await vault.find(roomKey(room))) === undefined;
    if (isJoin) await vault.put(key, { ...value, isFormer: true } satisfies PendingRow);
  }
}

type CommonRecord = Pick<ChatRecord, "seq" | "n" | "commit">;

const NOTHING: CommonRecord = { seq: 0, n: 0, commit: undefined };

/**
 * Drops everything stored after the last record that both histories contain, so that the device
 * reads the records that follow it there. If the group's current keys are among that, the device
 * must rejoin. A crash in between leaves the room marked, so that the next use continues.
 *
 * Several tasks and processes may do this at once. What one of them has found applies only while
 * the room has read nothing else: another may have adopted the history, and read on in it.
 */
export async function adoptHistory(room: SealedRoom): Promise<void> {
  for (;;) {
    const row = await room.run((tx) => tx.row);
    if (row?.history !== "accepted") return;
    const isDue = (tx: RoomTransaction) =>
      tx.row?.history === "accepted" && tx.row.seq === row.seq && tx.row.commit === row.commit;
    const common = await findCommon(room, row.seq);
    let hasMore: boolean;
    do {
      hasMore = await room.run((tx) => isDue(tx) && dropContents(tx, common.seq));
    } while (hasMore);
    for (let after: string | undefined = ""; after !== undefined; ) {
      const from: string | undefined = after === "" ? undefined : after;
      after = await room.run((tx) =>
        isDue(tx) ? dropPosts(tx, common.seq, from) : Promise.resolve(undefined),
      );
    }
    await room.run(async (tx) => {
      if (!isDue(tx)) return;
      await dropGroupInfos(tx, common.seq);
      await truncateRoom(tx, common);
    });
  }
}

/** Searches backwards, because few records are lost as a rule. */
async function findCommon(room: SealedRoom, newest: number): Promise<CommonRecord> {
  for (let before = newest + 1; ; ) {
    const { records, more } = await room.queryPage({ before });
    const common = await room.run(async ({ row, vault }) => {
      for (const record of records.toReversed()) {
        if (row?.commit !== undefined && record.seq === row.seq && record.commit === row.commit)
          return record;
        const content = await vault.find<ArchivedRow>(contentKey(room.view.id, record.seq));
        if (content !== undefined && isContentOf(content, record)) return record;
        if (record.kind === "group" && (await hasGroupInfo(vault, room.view.id, record)))
          return record;
      }
      return undefined;
    });
    if (common !== undefined) return common;
    const [first] = records;
    if (!more || first === undefined) return NOTHING;
    before = first.seq;
  }
}

async function dropContents(tx: RoomTransaction, after: number): Promise<boolean> {
  const { vault, room } = tx;
  const rows = await vault.rows(contentRange(room, { after }, DROPPED_ROWS_MAX));
  for (const { value } of await vault.openRows<ArchivedRow>(rows)) {
    const { count } = value;
    // Readers must not report the lost messages as withheld, such as edits of erased messages.
    if (count !== undefined && tx.row !== undefined) tx.change(excuseCount(tx.row, count));
  }
  for (const { key } of rows) await vault.delete(key);
  return rows.length === DROPPED_ROWS_MAX;
}

/**
 * A post that the other history lacks may be recorded there again.
 * @param from key of the last row that was read
 * @returns key from which to continue; `undefined` at the end
 */
async function dropPosts(
  { vault, room }: RoomTransaction,
  after: number,
  from: string | undefined,
): Promise<string | undefined> {
  const rows = await vault.rows(postRange(room, from, DROPPED_ROWS_MAX));
  for (const { key, value } of rows) if (!(seqOfPost(value) <= after)) await vault.delete(key);
  return rows.length === DROPPED_ROWS_MAX ? rows.at(-1)?.key : undefined;
}

async function truncateRoom(tx: RoomTransaction, common: CommonRecord): Promise<void> {
  const { row } = tx;
  if (row === undefined) return;
  const hasCurrentKeys = tx.group !== undefined && (row.epochSeq ?? row.since) <= common.seq;
  const { suspectSeq = 0, status } = row;
  const { history: _, signers, held, other, ...rest } = row;
  const isReplaced = row.seq > common.seq;
  tx.row = {
    ...rest,
    ...defined({ signers: hasCurrentKeys ? signers : undefined }),
    // A held change is read again, if the other history contains it.
    ...defined({ other: held === undefined ? other : undefined }),
    seq: common.seq,
    n: common.n,
    commit: common.commit,
    departed: row.departed.filter(({ seq = 0 }) => seq <= common.seq),
  };
  // An unanswered commit rests on the dropped records, for example on the departure of a member.
  if (isReplaced) await dropPending(tx);
  if (hasCurrentKeys) {
    if (status === "suspect" && suspectSeq > common.seq) restoreRoom(tx);
    return;
  }
  if (common.seq === 0) return forgetRoom(tx);
  // A device that is not in the group has read nothing after its removal.
  if (status === "out" && !isReplaced) return;
  await dropPending(tx);
  tx.advance(undefined, []);
  const { epochSeq: __, isCopy: ___, ...lost }: RoomRow = withoutSuspicion(tx.row);
  tx.row = { ...lost, status: "lost", history: "replaced" };
}

/** The other history does not contain this device's membership. */
async function forgetRoom(tx: RoomTransaction): Promise<void> {
  await dropPending(tx);
  tx.advance(undefined, []);
  tx.row = undefined;
}
