/** Plans changes of a room's group. Each plan depends only on the room's stored state. */

import { Fault, msg, type Translatable } from "../../base/fault.ts";
import { RENEW_JITTER_MS, RENEW_MESSAGES, RENEW_MS } from "../../base/limits-sealed.ts";
import { formatTarget } from "../../base/names.ts";
import type { RoomView } from "../../core/client/chat-record.ts";
import { isSameName } from "../../core/model/item.ts";
import { hasAdminRights, refusedFault } from "../../crypto/seal/commit-check.ts";
import type { SealIntent } from "../../crypto/seal/engine.ts";
import { keyChangedFault } from "./identities.ts";
import { isRemovable, remainingAdmins } from "./room-reader.ts";
import type { RoomTransaction } from "./room-state.ts";
import type { RoomRow } from "./rows.ts";

export type RoomFacts = Pick<RoomTransaction, "row" | "group" | "isStale">;

export interface Plan {
  readonly intent: SealIntent;
  readonly added: readonly { readonly user: string; readonly device: string }[];
  readonly removed: readonly string[];
  readonly kick?: string;
}

export function newPlan(intent: SealIntent, removed: readonly string[] = []): Plan {
  return { intent, added: [], removed };
}

export function removalPlan(devices: readonly string[]): Plan | undefined {
  return devices.length === 0 ? undefined : newPlan({ kind: "remove", devices }, devices);
}

/** Returns `undefined` if this device cannot remove the user's devices, or if there are none. */
export function kickPlan(facts: RoomFacts, user: string): Plan | undefined {
  if (!canCommit(facts) || !isAdmin(facts)) return undefined;
  const plan = removalPlan(devicesOf(facts, user));
  return plan && { ...plan, kick: user };
}

/** Removes devices of another user that are not among those which the server has proved. */
export function revokedPlan(
  facts: RoomFacts,
  user: string,
  proved: readonly string[],
): Plan | undefined {
  if (!canCommit(facts) || !isAdmin(facts)) return undefined;
  return removalPlan(devicesOf(facts, user).filter((device) => !proved.includes(device)));
}

export function adminPlan(
  { group }: RoomFacts,
  { user, on, room }: { readonly user: string; readonly on: boolean; readonly room: string },
): Plan | undefined {
  const accounts = (group?.members ?? [])
    .filter((member) => isSameName(member.user, user))
    .map(({ account }) => account);
  if (group === undefined || accounts.length === 0) {
    throw new Fault("not-member", msg`${user} has no device in '${room}'`, {
      remedy: msg`add them first: ${`/invite ${user}`}`,
    });
  }
  const { policy } = group;
  const others = policy.admins.filter((account) => !accounts.includes(account));
  const admins = on ? [...others, ...new Set(accounts)] : others;
  if (admins.length === 0) {
    throw new Fault("not-allowed", msg`'${room}' needs at least one admin`, {
      remedy: msg`make someone else an admin first: ${"/grant NAME"}`,
    });
  }
  const isUnchanged = accounts.every((account) => policy.admins.includes(account) === on);
  return isUnchanged ? undefined : newPlan({ kind: "policy", policy: { ...policy, admins } });
}

export function replacementPlan(facts: RoomFacts): Plan | undefined {
  return canReplaceRefused(facts) ? newPlan({ kind: "update" }) : undefined;
}

export function departedPlan(facts: RoomFacts): Plan | undefined {
  if (!canRemoveDeparted(facts)) return undefined;
  return removalPlan(facts.row?.departed.flatMap(({ user }) => devicesOf(facts, user)) ?? []);
}

/** Removes departed users whom only an admin's device can remove. */
export function adminDepartedPlan(facts: RoomFacts): Plan | undefined {
  return needsAdmin(facts) ? departedPlan(facts) : undefined;
}

function devicesOf({ group }: RoomFacts, user: string): string[] {
  const members = group?.members ?? [];
  return members.filter((member) => isSameName(member.user, user)).map(({ device }) => device);
}

/**
 * Returns the user's devices that are in the group already.
 * @throws {Fault} seal-refused if this device may not add devices of the user
 */
export function devicesToAddTo(facts: RoomFacts, user: string): string[] {
  const { group } = facts;
  const mayAdd =
    group === undefined ||
    group.policy.adders === "members" ||
    isSameName(group.self.user, user) ||
    isAdmin(facts);
  if (!mayAdd) throw refusedFault("not-allowed");
  return devicesOf(facts, user);
}

export function otherOwnDevices({ group }: RoomFacts): string[] {
  const { members = [], self } = group ?? {};
  return members
    .filter(({ account, device }) => account === self?.account && device !== self.device)
    .map(({ device }) => device);
}

/**
 * A removed device rejoins, too: it was signed out, and has been linked again. The server refuses
 * one whose account is no member, and the group one whose account has no other device in it.
 */
export function needsRejoin({ row, group, isStale }: RoomFacts): boolean {
  if (row?.history === "contradicted" || row?.held !== undefined) return false;
  return group === undefined || (row?.status !== "suspect" && isStale);
}

/** Reports whether the room needs a change now, because records have invalidated its state. */
export function needsRepair(facts: RoomFacts): boolean {
  const { row } = facts;
  if (row?.status === "out") return false;
  if (row?.isCopy === true || row?.signers !== undefined) return true;
  return canReplaceRefused(facts) || (canRemoveDeparted(facts) && needsAdmin(facts));
}

/** @param jitterOf delay after a renewal at the given Unix milliseconds */
export function isRenewalDue(
  { status, sentSince = 0, renewedUnixMs }: RoomRow,
  unixMs: number,
  jitterOf: (renewedUnixMs: number) => number,
): boolean {
  if (status !== "in") return false;
  if (sentSince >= RENEW_MESSAGES) return true;
  if (renewedUnixMs === undefined) return false;
  const ageMs = unixMs - renewedUnixMs;
  // The clock was wrong at the last renewal, so the age is unknown.
  return ageMs < -RENEW_JITTER_MS || ageMs >= RENEW_MS + jitterOf(renewedUnixMs);
}

export function canCommit(facts: RoomFacts): boolean {
  return (facts.row?.status === "in" || canReplaceRefused(facts)) && !facts.isStale;
}

function canReplaceRefused({ row, group }: RoomFacts): boolean {
  if (row?.refused === undefined || row.other !== undefined || group === undefined) return false;
  if (row.history === "contradicted") return false;
  return group.policy.admins.includes(group.self.account);
}

function canRemoveDeparted({ row, group }: RoomFacts): boolean {
  if (row === undefined || group === undefined || row.departed.length === 0) return false;
  return (
    isAdmin({ group }) || row.departed.every((departed) => isRemovable({ row, group }, departed))
  );
}

export function isAdmin({ group }: Pick<RoomFacts, "group">): boolean {
  return group !== undefined && hasAdminRights(group.policy, group.members, group.self);
}

/** Reports whether a departed user's devices can be removed only by an admin's device. */
function needsAdmin({ row, group }: RoomFacts): boolean {
  if (row?.status !== "in") return false;
  return row.departed.some((departed) => !isRemovable({ row, group }, departed));
}

export function cannotWrite(room: RoomView, facts: RoomFacts): Fault {
  const { row, isStale } = facts;
  const name = formatTarget(room);
  if (row?.other !== undefined) return keyChangedFault(row.other.user);
  if (row?.history === "contradicted") return contradicted(name);
  switch (row?.status) {
    case "in":
    case "lost":
      if (!isStale && row.status === "in") break;
      return new Fault("seal-refused", msg`this device could not rejoin '${name}'`, {
        remedy: msg`try again later, or ask a member to remove you and add you again`,
      });
    case "suspect":
      return row.refused === undefined
        ? new Fault("seal-refused", msg`'${name}' cannot be trusted: ${row.reason ?? "?"}`, {
            remedy: msg`ask its members, then accept it: ${"/sealed accept"}`,
          })
        : adminPending(msg`'${name}' cannot be used: ${row.reason ?? "?"}`, facts);
    case "out":
      return new Fault("seal-refused", msg`this device was removed from '${name}'`, {
        remedy: msg`ask to be added again`,
      });
    default:
      break;
  }
  return new Fault("seal-refused", msg`this device has not been added to '${name}' yet`, {
    remedy: msg`ask a member to add you: ${"/invite NAME"}`,
  });
}

/**
 * Names the admins, because the server lets only members read the room's records, on which changes
 * rest: an admin who was invited cannot make them before joining.
 */
export function adminPending(text: Translatable, facts: RoomFacts): Fault {
  const names = [...new Set(remainingAdmins(facts).map(({ user }) => user))].join(", ");
  return new Fault("admin-pending", text, {
    remedy: msg`messages are sent when an admin who has joined the room connects; admins: ${names}`,
  });
}

function contradicted(name: string): Fault {
  const message = msg`the server's history lacks messages of '${name}' that this device has read`;
  return new Fault("seal-refused", message, {
    remedy: msg`ask the server's owner; after a restore: ${"chat trust accept, or /sealed accept"}`,
  });
}
