import { expect, test } from "bun:test";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import { type Claims, claimsOf } from "../../../src/core/cluster/claims.ts";
import { kindsWith, RECORD_KINDS, type RecordKind } from "../../../src/wire/kinds.ts";
import type { Draft } from "../../../src/wire/record.ts";

const ROOM = "rRRRRRRRRRRR" as RoomId;
const ANA = "uAAAAAAAAAAA" as UserId;
const BEN = "uBBBBBBBBBBB" as UserId;
const VOTE = { kind: "vote", room: ROOM, id: "" } as const;

function claims(kind: RecordKind, body: unknown = {}, room: Draft["room"] = ROOM) {
  return claimsOf({ kind, room, by: ANA, id: "", body });
}

/** Whether the reader's decision is invalid after the writer's record. */
function meet({ reads }: Claims, { writes }: Claims): boolean {
  return writes.some((fact) => reads.includes(fact));
}

test("all kinds except messages read what they change, so that a repetition has no effect", () => {
  const messageKinds = new Set<RecordKind>(["text", "file", "sealed", ...kindsWith("stateless")]);
  for (const kind of RECORD_KINDS) {
    const { reads, writes } = claims(kind, { name: "Dev", user: ANA, seq: 3 });
    if (messageKinds.has(kind)) expect([kind, writes]).toEqual([kind, []]);
    else {
      expect([kind, writes.length > 0]).toEqual([kind, true]);
      // Account names that look alike do not conflict.
      const changed = writes.filter((fact) => !fact.startsWith("account looks "));
      expect([kind, changed.every((fact) => reads.includes(fact))]).toEqual([kind, true]);
    }
  }
});

test("votes of one user for a poll conflict, and votes of two users do not", () => {
  const vote = claims("vote", { re: 4, choices: [1] });
  const other = claimsOf({ ...VOTE, by: BEN, body: { re: 4, choices: [1] } });
  const secret = (voter: string, re = 4) => {
    return claimsOf({ ...VOTE, by: "server", body: { re, choices: [1], voter } });
  };
  expect(meet(vote, claims("vote", { re: 4, choices: [2] }))).toBe(true);
  expect(meet(vote, other)).toBe(false);
  expect(meet(secret("p1"), secret("p1"))).toBe(true);
  expect(meet(secret("p1"), secret("p2"))).toBe(false);
  expect(meet(secret("p1"), secret("p1", 5))).toBe(false);
  for (const one of [vote, secret("p1")]) {
    expect(meet(one, claims("poll", { seq: 4, on: false }))).toBe(true);
    expect(meet(one, claims("close"))).toBe(true);
    expect(meet(one, claims("kick", { user: ANA }))).toBe(true);
  }
});

test("polls of one room conflict, because their number is limited", () => {
  const poll = claims("text", { text: "a", poll: { options: 2 } });
  expect(meet(poll, claims("text", { text: "b", poll: { options: 3 } }))).toBe(true);
  expect(meet(poll, claims("poll", { seq: 4, on: false }))).toBe(true);
  expect(meet(poll, claims("text", { text: "c" }))).toBe(false);
});

test("a name is one fact for accounts and for rooms, ignoring case", () => {
  const account = claims("account", { name: "Müller" }, "uBBBBBBBBBBB" as UserId).writes;
  const room = claims("room", { name: "MÜLLER" }).writes;
  expect(account.filter((fact) => room.includes(fact))).toHaveLength(1);
});

test("display names that look alike, or like an account name, are one fact", () => {
  const display = claims("display-name", { text: "Ana Ruíz" }, ANA);
  expect(meet(display, claims("display-name", { text: "ana-ru1z" }, BEN))).toBe(true);
  expect(meet(display, claims("account", { name: "AnaRuiz" }, BEN))).toBe(true);
  expect(meet(claims("account-name", { name: "ana_ruiz" }, BEN), display)).toBe(true);
  expect(meet(display, claims("display-name", { text: "Ana Ruiz B" }, BEN))).toBe(false);
  expect(meet(display, claims("account-gone", {}, ANA))).toBe(true);
});

test("a message reads room, membership and account of its author", () => {
  const { reads } = claims("text");
  const changes = [
    claims("close").writes,
    claims("kick", { user: ANA }).writes,
    claims("mute", { user: ANA }).writes,
    claims("ban", {}, ANA).writes,
  ];
  for (const writes of changes) expect(writes.some((fact) => reads.includes(fact))).toBe(true);
  const other = claims("kick", { user: "uCCCCCCCCCCC" }).writes;
  expect(other.some((fact) => reads.includes(fact))).toBe(false);
});

test("a member's new name does not change the room", () => {
  const body = { was: "ben", name: "benno" };
  expect(claims("rename", { ...body, user: ANA }).writes).toEqual([`called ${ROOM} ${ANA}`]);
  expect(claims("rename", body).writes).toContain(`room ${ROOM}`);
});

test("a sealed message reads who has left the room", () => {
  const { reads } = claims("sealed", {});
  const meets = (writes: readonly string[]) => writes.some((fact) => reads.includes(fact));
  const other = { kind: "leave", room: ROOM, by: "uCCCCCCCCCCC" as UserId, id: "" } as const;
  expect(meets(claimsOf({ ...other, body: {} }).writes)).toBe(true);
  expect(meets(claims("kick", { user: "uCCCCCCCCCCC" }).writes)).toBe(true);
  expect(meets(claims("group").writes)).toBe(true);
  expect(meets(claimsOf({ ...other, kind: "join", body: {} }).writes)).toBe(false);
});

test("messages, files and new rooms read the server's rules", () => {
  const [rules = ""] = claims("server-rules", { direct: "operators" }).writes;
  expect(claims("text").reads).toContain(rules);
  expect(claims("file").reads).toContain(rules);
  expect(claims("room", { name: "den" }).reads).toContain(rules);
});

test("a message with files reads the contents that an order of erasure deletes", () => {
  const files = [{ file: "fAAAAAAAAAAA" }, null];
  for (const kind of ["file", "sealed"] as const) {
    const { reads, writes } = claims(kind, { files });
    expect(reads).toContain("content fAAAAAAAAAAA");
    expect(writes).not.toContain("content fAAAAAAAAAAA");
  }
  expect(claims("erase", { seq: 3, files: ["fAAAAAAAAAAA"] }).writes).toContain(
    "content fAAAAAAAAAAA",
  );
});

test("two uses of one invite conflict, as do registration and its closing", () => {
  const invite = "iIIIIIIIIIII" as UserId;
  expect(claims("invite-used", {}, invite).writes).toEqual(
    claims("invite-gone", {}, invite).writes,
  );
  const [closing] = claims("registration", { closed: true }).writes;
  expect(claims("account", { name: "kim" }).reads).toContain(closing ?? "");
});
