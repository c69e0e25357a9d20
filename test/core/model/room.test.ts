import { describe, expect, test } from "bun:test";
import { PRESENCE_MEMBERS_MAX } from "../../../src/base/limits.ts";
import { SHOWN_ITEMS_MAX } from "../../../src/base/limits-page.ts";
import { itemOf } from "../../../src/core/model/item.ts";
import {
  append,
  isCalling,
  jumpTo,
  newRoom,
  nOfSeen,
  prepend,
  type RoomDraft,
  settled,
} from "../../../src/core/model/room.ts";
import { type Updated, updateAll } from "../../../src/core/model/update.ts";
import { BEN, LOBBY, lobbyOf, record, said, scene } from "../model-scene.ts";

const item = (seq: number) => itemOf(record(seq), "ana", () => false);

function room(...seqs: readonly number[]): RoomDraft {
  const made = newRoom({ kind: "room", room: LOBBY, name: "lobby", n: 1, skipped: 0 });
  made.tail = { items: seqs.map(item), hasOlder: true, hasNewer: false };
  made.told = seqs.at(-1) ?? 0;
  return made;
}

test("a jump is joined with the newest as soon as they meet", () => {
  const draft = room(50, 51);
  jumpTo(draft, { items: [10, 11].map(item), hasOlder: true, hasNewer: true });
  expect(draft.jump?.items).toHaveLength(2);
  append(draft, [12, 13].map(item), true, SHOWN_ITEMS_MAX);
  expect(draft.jump?.items.map(({ seq }) => seq)).toEqual([10, 11, 12, 13]);
  prepend(draft, [9, 10].map(item), false, SHOWN_ITEMS_MAX);
  append(draft, [49, 50].map(item), true, SHOWN_ITEMS_MAX);
  expect(draft.jump).toBeUndefined();
  expect(draft.tail.items.map(({ seq }) => seq)).toEqual([9, 10, 11, 12, 13, 49, 50, 51]);
  expect(draft.tail.hasOlder).toBe(false);
});

test("seen up to an item is read up to the next one", () => {
  const draft = room(5, 9);
  draft.told = 12;
  expect([5, 9, 7].map((seq) => nOfSeen(draft, seq))).toEqual([8, 12, undefined]);
  draft.jump = { items: [item(2)], hasOlder: false, hasNewer: true };
  expect(nOfSeen(draft, 2)).toBe(2);
});

test("a hole makes the room begin anew behind it", () => {
  const { model } = scene(said(2), said(3), said(7));
  expect(lobbyOf(model).tail.items.map(({ seq }) => seq)).toEqual([7]);
  expect(lobbyOf(model).tail.hasOlder).toBe(true);
  const draft = room(5);
  settled(draft); // A server that has lost all that it told.
  expect(draft.tail).toEqual({ items: [], hasOlder: false, hasNewer: false });
});

test("a server that has lost its newest records is believed", () => {
  const { model } = scene(said(2), said(3), said(4));
  const again = updateAll(model, [
    { kind: "entered", user: "ana" },
    { kind: "room", room: LOBBY, name: "lobby", n: 3, skipped: 0, read: 1 },
    { kind: "caught-up" },
    said(3, { body: { text: "other" } }),
  ]);
  expect(lobbyOf(again.model).tail.items.map(({ text }) => text)).toEqual(["other"]);
  expect(lobbyOf(again.model).last).toBe(3);
});

test("members come and go, and are made moderators", () => {
  const member = (name: string) => ({ name, isOnline: true, role: "member" });
  const { model } = scene(
    { kind: "members", room: LOBBY, members: [member("ana"), member("ben")] },
    said(2, { kind: "join", from: "cleo", body: {} }),
    said(3, { kind: "kick", from: "ana", body: { name: "ben" } }),
    said(4, { kind: "grant", from: "ana", body: { name: "cleo", on: true } }),
    said(5, { kind: "topic", body: { topic: "new" } }),
    { kind: "presence", room: LOBBY, user: "ana", online: false },
  );
  expect(lobbyOf(model).members).toEqual([
    { name: "ana", isOnline: false, role: "member" },
    { name: "cleo", isOnline: false, role: "moderator" },
  ]);
  expect(lobbyOf(model).topic).toBe("new");
});

test("who joins a room too large for presence counts as online", () => {
  const joined = (count: number) => {
    const members = Array.from({ length: count }, (_, i) => {
      return { name: `p${i}`, isOnline: false, role: "member" };
    });
    const { model } = scene(
      { kind: "members", room: LOBBY, members },
      said(2, { kind: "join", from: "cleo", body: {} }),
    );
    return lobbyOf(model).members?.at(-1);
  };
  const cleo = { name: "cleo", role: "member" };
  expect(joined(PRESENCE_MEMBERS_MAX - 1)).toEqual({ ...cleo, isOnline: false });
  expect(joined(PRESENCE_MEMBERS_MAX)).toEqual({ ...cleo, isOnline: true });
});

test("who calls: by name, by answering, or by speaking alone with me", () => {
  const { model } = scene();
  const direct = [...model.rooms.values()].find(({ kind }) => kind === "person");
  if (direct === undefined) throw new Error("no conversation");
  expect(isCalling(item(2), direct, "ana")).toBe(true);
  expect(isCalling(item(2), lobbyOf(model), "ana")).toBe(false);
  expect(isCalling(item(2), direct, "ben")).toBe(false);
});

test("whoever is put out of a room is told by whom", () => {
  const kick = (name: string) => said(2, { kind: "kick", from: "olga", body: { name } });
  const told = ({ effects }: Updated) =>
    effects.flatMap((effect) =>
      effect.kind === "notify" ? [`${effect.why} ${effect.target} ${effect.item.from}`] : [],
    );
  expect(told(scene(kick("Ana"), { kind: "room-gone", room: LOBBY }))).toEqual([
    "put-out lobby olga",
  ]);
  expect(told(scene(kick("ben")))).toEqual([]);
});

describe("what is renamed", () => {
  test("a room is read on, with what was being written there", () => {
    const { model, effects } = scene(
      { kind: "open", target: "lobby" },
      { kind: "draft", target: "lobby", draft: { text: "half" } },
      said(2, { kind: "rename", from: "olga", body: { was: "lobby", name: "hall" } }),
      { kind: "room", room: LOBBY, name: "hall", closed: true, n: 3, skipped: 0 },
    );
    expect([model.open, lobbyOf(model).target, lobbyOf(model).isClosed]).toEqual([
      "hall",
      "hall",
      true,
    ]);
    expect([...model.drafts]).toEqual([["hall", { text: "half" }]]);
    expect(effects).toContainEqual({ kind: "keep-draft", target: "lobby", draft: undefined });
    const item = lobbyOf(model).tail.items.at(-1);
    expect([item?.kind, item?.was, item?.roomWas, item?.whom]).toEqual([
      "rename",
      undefined,
      "lobby",
      "hall",
    ]);
  });

  test("a person is the same member, here or not; and so is whoever reads", () => {
    const renamed = { user: "u1", was: "ben", name: "benno" };
    const { model } = scene(
      { kind: "presence", room: LOBBY, user: "ben", online: true },
      said(2, { kind: "rename", from: "olga", body: renamed }),
      { kind: "room", room: BEN, with: "benno", n: 1, skipped: 0 },
      { kind: "entered", user: "anna", isRenamed: true },
    );
    expect(model.rooms.get(BEN)?.target).toBe("@benno");
    expect([model.me, model.rooms.size]).toEqual(["anna", 2]);
    const seen = scene(
      { kind: "presence", room: LOBBY, user: "ben", online: true },
      said(2, { kind: "rename", from: "olga", body: renamed }),
    );
    expect([...lobbyOf(seen.model).online]).toEqual(["benno"]);
  });
});

test("what is pinned follows the records, and goes with what is erased", () => {
  const pin = (seq: number, of: number, on = true) =>
    said(seq, { kind: "pin", body: { seq: of, on } });
  const { model } = scene(said(2), said(3), pin(4, 2), pin(5, 3), pin(6, 2, false), pin(7, 2));
  expect(lobbyOf(model).pins).toEqual([3, 2]);
  const news = {
    kind: "room",
    room: LOBBY,
    name: "lobby",
    n: 2,
    skipped: 0,
    pins: [3, 2],
  } as const;
  const again = updateAll(model, [{ kind: "entered", user: "ana" }, news, said(2), pin(4, 2)]);
  expect(lobbyOf(again.model).pins).toEqual([3, 2]);
  const erased = updateAll(model, [said(8, { kind: "erase", body: { seq: 3 } })]);
  expect(lobbyOf(erased.model).pins).toEqual([2]);
});
