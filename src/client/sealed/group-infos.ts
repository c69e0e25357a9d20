/**
 * GroupInfos of a room's former epochs, which contain no secrets. If the server returns to a former
 * epoch, for example after a restored backup, no device has its keys any more, and the server may
 * have lost its GroupInfo. With a stored one, a device rejoins by an external commit.
 */

import { fromBase64Url, toBase64Url } from "../../base/bytes.ts";
import { ignoreFault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import type { SealEngine } from "../../crypto/seal/engine.ts";
import type { Answer } from "../../wire/messages.ts";
import type { SealedRoom } from "./room.ts";
import type { RoomTransaction } from "./room-state.ts";
import {
  type ArchivedRow,
  contentKey,
  type GroupInfoRow,
  groupInfoKey,
  groupInfoRange,
} from "./rows.ts";
import type { Vault } from "./vault.ts";

/** Former epochs of one room, each with up to GROUP_INFO_BYTES_MAX. */
const GROUP_INFOS_MAX = 8;

/** Call before the device leaves its current epoch. */
export async function storeGroupInfo(engine: SealEngine, tx: RoomTransaction): Promise<void> {
  const { vault, room, row, group } = tx;
  if (row === undefined || group === undefined) return;
  const seq = row.epochSeq ?? row.since;
  const { commit } = (await vault.find<ArchivedRow>(contentKey(room, seq))) ?? {};
  if (commit === undefined) return;
  await store(tx, { seq, epoch: group.epoch, info: await engine.groupInfo(group), commit });
}

/**
 * Stores the GroupInfo with which a device joins. The device never has the keys of that epoch, but
 * may be the last one that can return to it.
 */
export async function storeJoined(room: SealedRoom, found: FoundGroup): Promise<void> {
  const { seq, epoch, info } = found;
  const { commit } = (await room.recordAt(seq).catch(ignoreFault)) ?? {};
  if (commit === undefined) return;
  await room.run((tx) => store(tx, { seq, epoch, info, commit }));
}

type FoundGroup = NonNullable<Answer<"group">["made"]>;

interface EpochInfo extends Omit<GroupInfoRow, "info"> {
  readonly seq: number;
  readonly info: Uint8Array;
}

async function store({ vault, room }: RoomTransaction, { seq, info, ...epoch }: EpochInfo) {
  const row: GroupInfoRow = { ...epoch, info: toBase64Url(info) };
  await vault.put(groupInfoKey(room, seq), row);
  const rows = await vault.rows({ ...groupInfoRange(room, 0, GROUP_INFOS_MAX + 1) });
  const [oldest] = rows;
  if (oldest !== undefined && rows.length > GROUP_INFOS_MAX) await vault.delete(oldest.key);
}

/** Reports whether the GroupInfo of the epoch that the record began is stored. */
export async function hasGroupInfo(vault: Vault, room: RoomId, { seq, commit }: ChatRecord) {
  const row = await vault.find<GroupInfoRow>(groupInfoKey(room, seq));
  return row !== undefined && row.commit === commit;
}

export async function dropGroupInfos({ vault, room }: RoomTransaction, after: number) {
  for (const { key } of await vault.rows(groupInfoRange(room, after, GROUP_INFOS_MAX + 1)))
    await vault.delete(key);
}

/** Returns the GroupInfo of the room's newest epoch in the server's history, if stored here. */
export async function storedGroup(room: SealedRoom): Promise<Answer<"group">["made"]> {
  const { records } = await room.queryPage({ kinds: ["group"], limit: 1 });
  const record = records.at(-1);
  if (record === undefined) return undefined;
  const { seq, body = {} } = record;
  const row = await room.run(({ vault }) =>
    vault.find<GroupInfoRow>(groupInfoKey(room.view.id, seq)),
  );
  const { epoch, group } = body;
  if (row === undefined || row.commit !== record.commit || row.epoch !== epoch) return undefined;
  return {
    group: fromBase64Url(String(group)),
    epoch: row.epoch,
    info: fromBase64Url(row.info),
    seq,
  };
}
