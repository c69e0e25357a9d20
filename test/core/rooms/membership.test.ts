import { expect, spyOn, test } from "bun:test";
import { boxId, type RoomId, type UserId } from "../../../src/base/ids.ts";
import {
  GROUPS_FEW,
  GROUPS_MAX,
  GROUPS_OF_PEOPLE_MAX,
  GROUPS_PER_ACCOUNT_MAX,
  GROUPS_RESERVED,
  JOINED_ROOMS_MAX,
  REMOVED_ROOMS_MAX,
  ROOMS_MAX,
} from "../../../src/base/limits.ts";
import { checkName } from "../../../src/base/names.ts";
import { joinDrafts, leaveDrafts } from "../../../src/core/rooms/drafts.ts";
import {
  checkConversationLimit,
  checkGroupQuota,
  joinDraft,
} from "../../../src/core/rooms/membership.ts";
import { actionDrafts } from "../../../src/core/rooms/moderation.ts";
import { groupOf, newGroupDraft } from "../../../src/core/rooms/private-groups.ts";
import { isVacant, type Room, Rooms } from "../../../src/core/rooms/rooms.ts";
import type { Draft } from "../../../src/wire/record.ts";
import { faultCode } from "../../fault-code.ts";
import { randomOf } from "../../worlds/disk-world.ts";
import { ANA, BEN, EVE, Ledger, ROOM } from "../ledger.ts";

/** Rooms whose records are written directly, as by many earlier requests. */
class Membership {
  readonly rooms = new Rooms();
  readonly ledger = new Ledger();
  #count = 0;

  group(by: UserId, ...others: UserId[]): RoomId {
    const number = `${++this.#count}`.padStart(11, "0");
    const id = `r${number}` as RoomId;
    const body = { name: `group-${number.padStart(16, "0")}`, private: true };
    this.#write(id, by, { ...body, members: [by, ...others] });
    return id;
  }

  room(by: UserId, name: string): RoomId {
    const id = `r${`${++this.#count}`.padStart(11, "0")}` as RoomId;
    this.#write(id, by, { name });
    this.rooms.apply(this.ledger.write("join", id, by, {}));
    return id;
  }

  direct(initiator: UserId, other: UserId, isRecorded = true): void {
    const id = `d${`${++this.#count}`.padStart(22, "0")}` as RoomId;
    const direct = [initiator, other].sort();
    this.#write(id, "server", { direct, ...(isRecorded ? { initiator } : {}) });
  }

  #write(room: RoomId, by: UserId | "server", body: object): void {
    this.rooms.apply(this.ledger.write("room", room, by, body));
  }

  record(kind: Draft["kind"], room: RoomId, by: UserId, body: object): void {
    this.rooms.apply(this.ledger.write(kind, room, by, body));
  }

  quota(user: UserId, isOperator = false): string {
    return faultCode(() => checkGroupQuota(this.rooms, user, isOperator));
  }

  remove(user: UserId, room: RoomId): void {
    const drafts = actionDrafts(
      this.rooms,
      { user, isOperator: true },
      { kind: "remove", room },
      0,
    );
    for (const draft of drafts) this.rooms.apply(this.ledger.append(draft));
  }

  leave(user: UserId, room: RoomId): string[] {
    const { name = checkName("x") } = this.rooms.get(room) ?? {};
    const drafts = leaveDrafts(this.rooms, { user, isOperator: false }, { room: name }, 0);
    for (const draft of drafts) this.rooms.apply(this.ledger.append(draft));
    return drafts.map(({ kind }) => kind);
  }
}

const other = (i: number) => `u${`${i}`.padStart(11, "0")}` as UserId;

test("groups and conversations that others begin fill no limit of a user", () => {
  const it = new Membership();
  for (let i = 0; i <= JOINED_ROOMS_MAX; i++) {
    it.group(other(i), BEN);
    it.direct(other(i), BEN);
  }
  expect(faultCode(() => joinDraft(it.rooms, BEN, ROOM))).toBe("none");
  expect(faultCode(() => checkConversationLimit(it.rooms, BEN))).toBe("none");
  expect([it.quota(BEN), it.quota(other(1))]).toEqual(["none", "none"]);
  const create = { room: ROOM, locked: false };
  const options = { name: checkName("dev"), create };
  expect(joinDrafts(it.rooms, BEN, options)).toHaveLength(2);
  for (let i = 0; i < JOINED_ROOMS_MAX; i++) it.direct(EVE, other(i));
  expect(faultCode(() => checkConversationLimit(it.rooms, EVE))).toBe("too-many");
});

test("counts no conversation whose initiator an older version did not record", () => {
  const it = new Membership();
  for (let i = 0; i < JOINED_ROOMS_MAX; i++) it.direct(EVE, other(i), false);
  expect(faultCode(() => checkConversationLimit(it.rooms, EVE))).toBe("none");
});

test("an account begins at most GROUPS_PER_ACCOUNT_MAX groups, an operator more", () => {
  const it = new Membership();
  const groups = Array.from({ length: GROUPS_PER_ACCOUNT_MAX - 1 }, () => it.group(ANA, BEN, EVE));
  expect(it.quota(ANA)).toBe("none");
  const last = it.group(ANA, BEN, EVE);
  expect([it.quota(ANA), it.quota(ANA, true), it.quota(BEN)]).toEqual(["too-many", "none", "none"]);
  expect([it.leave(ANA, last), it.quota(ANA)]).toEqual([["leave"], "too-many"]);
  expect([it.leave(BEN, last), it.leave(EVE, last)]).toEqual([["leave"], ["leave", "remove"]]);
  expect([it.quota(ANA), groups.length]).toEqual(["none", GROUPS_PER_ACCOUNT_MAX - 1]);
});

test("groups fill neither the limit of rooms nor, by a few accounts, that of groups", () => {
  const it = new Membership();
  for (let i = 0; i < GROUPS_MAX - GROUPS_RESERVED; i++) it.group(other(i % 101), BEN);
  expect([it.quota(other(1)), it.quota(ANA), it.quota(ANA, true)]).toEqual([
    ...["too-many", "none", "none"],
  ]);
  for (let i = 1; i < GROUPS_FEW; i++) it.group(ANA, BEN);
  expect(it.quota(ANA)).toBe("none");
  it.group(ANA, BEN);
  expect([it.quota(ANA), it.quota(EVE)]).toEqual(["too-many", "none"]);
  const create = { room: ROOM, locked: false };
  const options = { name: checkName("dev"), create };
  expect([it.rooms.namedCount > ROOMS_MAX, joinDrafts(it.rooms, EVE, options).length]).toEqual([
    ...[true, 2],
  ]);
});

function linearCount({ rooms }: Membership, user: UserId, isGroup: boolean) {
  const inUse = [...rooms.named()].filter(
    (room) => (room.isPrivate === true) === isGroup && !isVacant(room),
  );
  return { all: inUse.length, own: inUse.filter(({ maker }) => maker === user).length };
}

/** What the indexes answer, by a search of all rooms. */
function linearIndexes({ rooms }: Membership, user: UserId, people: readonly UserId[]) {
  const joined = [...rooms.roomsOf(user)];
  const groups = joined
    .filter(({ isPrivate, topic }) => isPrivate === true && topic === "")
    .filter(
      ({ members }) => members.size === people.length && people.every((one) => members.has(one)),
    )
    .map(({ id }) => id);
  return {
    named: joined.filter(({ name, isPrivate }) => name !== undefined && isPrivate !== true).length,
    begun: joined.filter(({ pair, maker }) => pair !== undefined && maker === user).length,
    group: groups.sort()[0],
  };
}

function indexes(rooms: Rooms, user: UserId, people: readonly UserId[]) {
  return {
    named: rooms.namedCountOf(user),
    begun: rooms.begunCountOf(user),
    group: rooms.untitledGroup(people)?.id,
  };
}

test("the counts of rooms and groups follow every record, and a snapshot", () => {
  const random = randomOf(1);
  const below = (end: number) => Math.floor(random() * end);
  const it = new Membership();
  const ids: RoomId[] = [];
  const users = [ANA, BEN, EVE];
  const steps: readonly ((room: RoomId, user: UserId, i: number) => void)[] = [
    (_, user) => ids.push(it.group(user, ...users.filter((one) => one !== user))),
    (_, user, i) => ids.push(it.room(user, `room${i}`)),
    (_, user, i) => ids.push(it.room(user, `room${i >> 3}`)),
    (room, user) => it.record("leave", room, user, {}),
    (room, user) => it.record("leave", room, user, {}),
    (room, user) => it.record("join", room, user, {}),
    (_, user, i) => it.direct(user, i % 9 === 0 ? user : other(i)),
    (room, user) => it.record("kick", room, user, { user: users[below(3)] }),
    (room, user) => it.record("text", room, user, { text: "hi" }),
    (room, user, i) => it.record("rename", room, user, { name: `room${below(i + 1)}` }),
    (room, user) => it.record("topic", room, user, { topic: below(2) === 0 ? "" : "x" }),
    (room, user) => it.record("close", room, user, { on: below(2) === 0 }),
    (room, user) => it.record("remove", room, user, below(2) === 0 ? { vacant: true } : {}),
  ];
  for (let i = 0; i < 2_000; i++) {
    const room = ids[below(ids.length)] ?? it.group(ANA, BEN, EVE);
    steps[below(steps.length)]?.(room, users[i % 3] ?? ANA, i);
    for (const isGroup of [false, true]) {
      expect(it.rooms.inUse(BEN, isGroup)).toEqual(linearCount(it, BEN, isGroup));
    }
    for (const people of [users, [ANA, BEN], [BEN]]) {
      expect(indexes(it.rooms, BEN, people)).toEqual(linearIndexes(it, BEN, people));
    }
  }
  const loaded = new Rooms();
  loaded.load(it.rooms.value());
  for (const user of users) expect(loaded.inUse(user, true)).toEqual(it.rooms.inUse(user, true));
  expect(loaded.inUse(ANA, false)).toEqual(it.rooms.inUse(ANA, false));
  for (const people of [users, [ANA, BEN], [BEN]]) {
    expect(indexes(loaded, BEN, people)).toEqual(indexes(it.rooms, BEN, people));
  }
});

test("no request for a group or a conversation lists the rooms of a user", () => {
  const it = new Membership();
  const people = [ANA, BEN, EVE].map((id) => ({ id, name: checkName("ana") }));
  for (let i = 0; i < 500; i++) {
    it.group(ANA, other(i));
    it.direct(ANA, other(i));
  }
  const lists = spyOn(it.rooms, "roomsOf");
  const group = { by: ANA, people, isOperator: false, digest: () => new Uint8Array(64) };
  expect("members" in groupOf(it.rooms, group)).toBe(false);
  checkConversationLimit(it.rooms, ANA);
  joinDraft(it.rooms, ANA, ROOM);
  expect(lists).not.toHaveBeenCalled();
});

test("finds a free id after many groups of the same people with few digests", () => {
  const it = new Membership();
  const people = [ANA, BEN, EVE].map((id) => ({ id, name: checkName("ana") }));
  let digests = 0;
  const digest = (number: number) => {
    digests += 1;
    const bytes = new DataView(new ArrayBuffer(64));
    for (const at of [0, 8]) bytes.setUint32(at, number + 1);
    return new Uint8Array(bytes.buffer);
  };
  const ids = new Set<RoomId>();
  const next = () => groupOf(it.rooms, { by: ANA, people, isOperator: false, digest });
  for (let i = 0; i < GROUPS_OF_PEOPLE_MAX; i++) {
    digests = 0;
    const found = next();
    expect(digests).toBeLessThanOrEqual(20);
    expect(ids.has(found.id)).toBe(false);
    ids.add(found.id);
    it.record("room", found.id, ANA, { name: found.name, private: true, members: [ANA, BEN, EVE] });
    it.record("topic", found.id, ANA, { topic: "x" });
  }
  expect(faultCode(next)).toBe("too-many");
});

test("no request to create a room or a group counts all rooms", () => {
  const it = new Membership();
  const people = [ANA, BEN, EVE].map((id) => ({ id, name: checkName("ana") }));
  for (let i = 0; i < 1_000; i++) it.group(other(i), BEN);
  const named = spyOn(it.rooms, "named");
  const group = { by: ANA, people, isOperator: false, digest: () => new Uint8Array(64) };
  const found = groupOf(it.rooms, group);
  const directory = { find: () => undefined };
  expect("members" in found).toBe(false);
  expect(
    faultCode(() => newGroupDraft(it.rooms, directory, group, { ...found, name: checkName("x") })),
  ).toBe("user-unknown");
  const create = { room: ROOM, locked: false };
  joinDrafts(it.rooms, ANA, { name: checkName("dev"), create });
  expect(named).not.toHaveBeenCalled();
});

test("a group ends with its last member, whether they leave or lose their account", () => {
  const it = new Membership();
  const group = it.group(ANA, BEN);
  const room = it.rooms.get(group);
  it.rooms.apply(it.ledger.write("topic", group, ANA, { topic: "Trip" }));
  it.rooms.apply(it.ledger.write("text", group, BEN, { text: "hi" }));
  const gone = { kind: "gone", room: group, user: ANA, name: checkName("ana") } as const;
  const drafts = () => actionDrafts(it.rooms, { user: BEN, isOperator: true }, gone, 0);
  expect(drafts().map(({ kind }) => kind)).toEqual(["kick"]);
  expect(it.leave(BEN, group)).toEqual(["leave"]);
  expect(drafts().map(({ kind }) => kind)).toEqual(["kick", "remove"]);
  for (const draft of drafts()) it.rooms.apply(it.ledger.append(draft));
  expect([room && isVacant(room), [...it.rooms.named()]]).toEqual([true, []]);
});

test("forgets removed rooms, but for what erasing the messages of used ones needs", () => {
  const it = new Membership();
  const counts = () => {
    const { rooms, joined, former, holders } = it.rooms.value();
    const members = joined.flatMap(([, numbers]) => numbers).length;
    return [rooms.length, members, former.length, holders.length, it.rooms.removedCount];
  };
  for (let i = 0; i < 100; i++) it.leave(ANA, it.room(ANA, `r${i}`));
  expect([...counts(), it.rooms.namedCount]).toEqual([0, 0, 0, 0, 0, 0]);
  const used = Array.from({ length: 100 }, (_, i) =>
    i % 2 === 0 ? it.group(ANA) : it.room(ANA, `used${i}`),
  );
  const task = it.room(ANA, "task");
  const box = boxId(task, ANA);
  it.rooms.apply(it.ledger.write("room", box, ANA, {}));
  const seqs: number[] = [];
  for (const id of [...used, box]) {
    for (let i = 0; i < 50; i++) {
      it.rooms.apply(it.ledger.write("mute", id, ANA, muted(i)));
      it.rooms.apply(it.ledger.write("text", id, ANA, { text: "hi" }));
    }
    seqs.push(it.rooms.head);
  }
  expect(it.rooms.get(box)?.work.size).toBe(50);
  for (const [i, id] of used.entries()) i % 2 === 0 ? it.leave(ANA, id) : it.remove(ANA, id);
  it.remove(ANA, task);
  expect(counts()).toEqual([0, 0, 0, 0, 102]);
  expect(it.rooms.boxesOf({ id: task } as Room)).toEqual([]);
  expect(JSON.stringify(it.rooms.value().removed).length / 102).toBeLessThan(100);
  const copy = new Rooms();
  copy.load(JSON.parse(JSON.stringify(it.rooms.value())));
  expect(copy.value()).toEqual(it.rooms.value());
  for (const [i, room] of [...used, box].entries()) {
    const seq = seqs[i] ?? 0;
    const erase = { kind: "erase", room, seq, author: ANA } as const;
    const drafts = actionDrafts(it.rooms, { user: ANA, isOperator: false }, erase, 0);
    for (const draft of drafts) it.rooms.apply(it.ledger.append(draft));
    expect([drafts.length, it.rooms.isErased(seq)]).toEqual([1, true]);
    const byOther = () => actionDrafts(it.rooms, { user: BEN, isOperator: false }, erase, 0);
    expect(faultCode(byOther)).toBe("not-allowed");
  }
  expect(counts()).toEqual([0, 0, 0, 0, 102]);
});

test("counts used rooms and groups that were removed for the account that began them", () => {
  const it = new Membership();
  const quotas = (rooms: Rooms, user: UserId, isOperator = false) => {
    const create = { room: ROOM, locked: false, isOperator };
    const options = { name: checkName("next"), create };
    return [
      faultCode(() => joinDrafts(rooms, user, options)),
      faultCode(() => checkGroupQuota(rooms, user, isOperator)),
    ];
  };
  for (let i = 0; i < REMOVED_ROOMS_MAX; i++) {
    expect(quotas(it.rooms, ANA)).toEqual(["none", "none"]);
    const id = i % 2 === 0 ? it.group(ANA, BEN) : it.room(ANA, "again");
    it.record("text", id, ANA, { text: "hi" });
    it.record("remove", id, BEN, {});
  }
  const loaded = new Rooms();
  loaded.load(it.rooms.value());
  for (const rooms of [it.rooms, loaded]) {
    expect(quotas(rooms, ANA)).toEqual(["too-many", "too-many"]);
    expect(quotas(rooms, ANA, true)).toEqual(["none", "none"]);
    expect(quotas(rooms, BEN)).toEqual(["none", "none"]);
  }
});

function muted(i: number): object {
  return { user: other(i), name: `n${i}`, on: true };
}
