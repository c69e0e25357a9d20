import { expect, test } from "bun:test";
import { RENEW_JITTER_MS, RENEW_MESSAGES, RENEW_MS } from "../../../src/base/limits-sealed.ts";
import {
  adminDepartedPlan,
  adminPlan,
  canCommit,
  departedPlan,
  isRenewalDue,
  kickPlan,
  needsRejoin,
  needsRepair,
  type RoomFacts,
  replacementPlan,
} from "../../../src/client/sealed/group-plans.ts";
import type { RoomRow } from "../../../src/client/sealed/rows.ts";

const [ANA, BEN, CID] = ["ana", "ben", "cid"].map((user) => ({
  user,
  device: `${user}-1`,
  account: `key of ${user}`,
}));
const LEAVE = { epoch: 1, device: "cid-1", signature: "s" };
const ROW = {
  target: "vault",
  group: "g",
  status: "in",
  seq: 1,
  since: 1,
  count: 0,
  counts: {},
  departed: [],
} as const satisfies RoomRow;

/** Facts on the device of ben, in a room whose admin is ana. */
function facts(row: Partial<RoomRow> = {}, self = BEN): RoomFacts {
  const policy = { admins: [ANA?.account] };
  const group = { members: [ANA, BEN, CID], self, policy };
  return { row: { ...ROW, ...row }, group: group as never, isStale: false };
}

test("removes a departed user who signed a notice, or by an admin", () => {
  const removal = { intent: { kind: "remove", devices: ["cid-1"] }, removed: ["cid-1"] };
  const claimed = { departed: [{ user: "cid" }] };
  const signed = { departed: [{ user: "cid", leave: LEAVE }] };
  expect(departedPlan(facts())).toBeUndefined();
  expect(departedPlan(facts(claimed))).toBeUndefined();
  expect(departedPlan(facts(signed))).toMatchObject(removal);
  expect(departedPlan(facts(claimed, ANA))).toMatchObject(removal);
});

test("repairs a room without delay only if no other device can", () => {
  const claimed = { departed: [{ user: "cid" }] };
  const signed = { departed: [{ user: "cid", leave: LEAVE }] };
  expect([adminDepartedPlan(facts(signed)), needsRepair(facts(signed))]).toEqual([
    undefined,
    false,
  ]);
  expect(adminDepartedPlan(facts(claimed, ANA))).toBeDefined();
  expect(needsRepair(facts(claimed, ANA))).toBe(true);
  expect(needsRepair(facts({ ...claimed, status: "out" }, ANA))).toBe(false);
  expect(needsRepair(facts({ isCopy: true }))).toBe(true);
});

test("replaces a refused commit by an admin's device, unless its owner must decide", () => {
  const refused = { status: "suspect", refused: 7 } as const;
  const other = { user: "cid", account: "other" };
  expect(replacementPlan(facts(refused))).toBeUndefined();
  expect(replacementPlan(facts(refused, ANA))?.intent).toEqual({ kind: "update" });
  expect(replacementPlan(facts({ ...refused, other }, ANA))).toBeUndefined();
  expect([canCommit(facts(refused)), canCommit(facts(refused, ANA))]).toEqual([false, true]);
});

test("rejoins if its state is lost or stale, or it was removed, unless suspect", () => {
  const { row } = facts();
  const lost = (status: RoomRow["status"]) => ({ ...facts({ status }), group: undefined });
  const stale = (status: RoomRow["status"]) => ({ ...facts({ status }), isStale: true });
  expect(needsRejoin(facts())).toBe(false);
  expect(needsRejoin({ row: undefined, group: undefined, isStale: false })).toBe(true);
  expect([needsRejoin(lost("lost")), needsRejoin(lost("out"))]).toEqual([true, true]);
  expect([needsRejoin(stale("in")), needsRejoin(stale("suspect"))]).toEqual([true, false]);
  expect(canCommit({ ...facts(), row, isStale: true })).toBe(false);
});

test("keeps at least one admin, and changes nothing twice", () => {
  const set = (user: string, on: boolean) => adminPlan(facts(), { user, on, room: "vault" });
  expect(set("ben", true)?.intent).toMatchObject({
    policy: { admins: ["key of ana", "key of ben"] },
  });
  expect([set("ana", true), set("ben", false)]).toEqual([undefined, undefined]);
  expect(() => set("ana", false)).toThrow("needs at least one admin");
  expect(() => set("dan", true)).toThrow("has no device");
});

test("kicks all devices of a user", () => {
  expect(kickPlan(facts({}, ANA), "Cid")).toMatchObject({ removed: ["cid-1"], kick: "Cid" });
  expect(kickPlan(facts({}, ANA), "dan")).toBeUndefined();
  expect(kickPlan(facts(), "Cid")).toBeUndefined();
});

test("renews keys after enough messages or enough time", () => {
  const isDue = (row: Partial<RoomRow>, unixMs: number) =>
    isRenewalDue({ ...ROW, ...row }, unixMs, () => 10);
  expect(isDue({}, RENEW_MS)).toBe(false);
  expect(isDue({ sentSince: RENEW_MESSAGES }, 0)).toBe(true);
  expect(isDue({ sentSince: RENEW_MESSAGES, status: "lost" }, 0)).toBe(false);
  expect(isDue({ renewedUnixMs: 5 }, RENEW_MS + 14)).toBe(false);
  expect(isDue({ renewedUnixMs: 5 }, RENEW_MS + 15)).toBe(true);
  expect(isDue({ renewedUnixMs: RENEW_JITTER_MS + 1 }, 0)).toBe(true);
});
