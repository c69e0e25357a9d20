/**
 * A change that the device does not read, nor what follows it, until its owner has decided about
 * the account key of a user whom it concerns. The server keeps these records, and this device the
 * keys that open them, so that a late decision loses nothing.
 */

import { assert } from "../../base/assert.ts";
import { foldName, type Name } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import { REFUSALS } from "../../crypto/seal/commit-check.ts";
import { accountOf, keyChangedText, otherKeyOf, storeOtherKey } from "./identities.ts";
import type { RoomTransaction } from "./room-state.ts";
import type { RoomRow } from "./rows.ts";

/** @param tx its `other` is the key that has caused the refusal of the record */
export async function holdChange(tx: RoomTransaction, seq: number): Promise<void> {
  const { other, row, vault } = tx;
  if (other === undefined || row === undefined) return;
  const former = await accountOf(vault, foldName(other.user as Name));
  tx.change({ other, held: { ...other, seq, former } });
  // A room with an earlier warning keeps it, also after the owner has accepted the key.
  if (row.status !== "in") return;
  tx.change({ status: "suspect", reason: keyChangedText(other.user), suspectSeq: seq });
}

/**
 * Applies what the owner has decided about keys. If a held change is accepted, the device reads on
 * with it. If it is not, an admin's device may replace it, and the owner may still accept it.
 */
export async function applyKeyDecision(tx: RoomTransaction): Promise<void> {
  const { row, vault } = tx;
  if (row?.held === undefined) return settleRejoin(tx);
  const { held, other } = row;
  const { user, account, seq } = held;
  const pin = await accountOf(vault, foldName(user as Name));
  if (pin === undefined || pin === account) return endHold(tx);
  if (other === undefined || (await otherKeyOf(vault, user)) !== undefined) return;
  // The owner has accepted a later key, and must decide about this one first.
  if (pin !== held.former) {
    if (await storeOtherKey(vault, held)) tx.changed.push(user);
    return;
  }
  // Another invitation can add this device.
  if (tx.group === undefined) return skipHeld(tx);
  tx.row = withoutOther(row);
  const reason = `a change was rejected: ${REFUSALS["identity-changed"]}`;
  tx.change({ refused: seq, ...(row.suspectSeq === seq ? { reason } : {}) });
}

/** A device that could not rejoin for the sake of a key tries again. */
async function settleRejoin(tx: RoomTransaction): Promise<void> {
  const { row, vault } = tx;
  if (row?.other === undefined || (await otherKeyOf(vault, row.other.user)) !== undefined) return;
  tx.row = withoutOther(row);
}

/** The reader begins again with the change, as if it had not met it. */
function endHold(tx: RoomTransaction): void {
  const held = releaseHeld(tx);
  const { row } = tx;
  if (row?.suspectSeq !== held || row?.status !== "suspect") return;
  const { reason: _, suspectSeq: __, refused, ...rest } = row;
  // An admin's device has not replaced the change yet, which the owner had rejected first.
  tx.row = {
    ...rest,
    status: "in",
    ...defined({ refused: refused === held ? undefined : refused }),
  };
}

/** Another change has taken the place of the held one, which the reader will skip. */
export function skipHeld(tx: RoomTransaction): void {
  tx.change({ refused: releaseHeld(tx) });
}

function releaseHeld(tx: RoomTransaction): number {
  assert(tx.row?.held !== undefined, "a change is held");
  const { held, ...row } = withoutOther(tx.row);
  tx.row = row;
  return held?.seq ?? 0;
}

function withoutOther({ other: _, ...row }: RoomRow): RoomRow {
  return row;
}
