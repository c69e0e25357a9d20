import { expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import { catchUpIn, railPosition, railTicks, stepped } from "../../../src/core/model/catch-up.ts";
import { roomList, unreadBefore } from "../../../src/core/model/selectors.ts";
import type { Model } from "../../../src/core/model/state.ts";
import { updateAll } from "../../../src/core/model/update.ts";
import { LOBBY, lobbyOf, record, recordEvent, scene } from "../model-scene.ts";

const { model } = scene();
const file = (name: string) => ({
  file: "fAAAAAAAAAAA",
  name,
  size: 1,
  chunks: 1,
  digest: "0a".repeat(32),
});

test("sums up what a device can read of an encrypted room", () => {
  const records = [
    record(2, { body: { text: "@ana", mentions: ["ana"] } }),
    record(3, { kind: "sealed", sealed: "closed", body: undefined, from: "eve" }),
    record(4, { from: "eve", kind: "file", body: { text: "", files: [file("a.png")] } }),
    record(5, { from: "ana", body: { text: "mine" } }),
    record(6, { from: "eve", body: { text: "answers", re: 5 } }),
    record(7, { from: "eve", body: { text: "Q?\n1. a\n2. b", poll: { options: 2 } } }),
    record(8, { from: "mallory", body: { text: "@ana", mentions: ["ana"] } }),
    record(9, { from: "eve", body: { text: "in its thread", re: 2, thread: true } }),
    record(10, { from: "ben", state: "erased", body: undefined }),
  ];
  const members = [{ name: "Eve", isOnline: true, role: "moderator" }];
  const room = { ...lobbyOf(model), members };
  const found = catchUpIn(records, room, { ...model, ignored: new Set(["mallory"]) });
  const people = [
    { user: "eve", unread: 3 },
    { user: "ben", unread: 1 },
  ];
  expect(found).toMatchObject({ unread: 4, authors: 2, people, isPartial: true });
  const parts = found.parts.map(({ kind, messages }) => [kind, messages.map(({ seq }) => seq)]);
  expect(parts).toEqual([
    ["calls", [2, 6]],
    ["moderator", [4, 6, 7]],
    ["photos", [4]],
    ["polls", [7]],
  ]);
  expect([found.first?.seq, found.last?.seq]).toEqual([2, 7]);
});

test("walks over messages that were erased, and ends at the last one", () => {
  const messages = [1, 2, 3, 4].map((seq) => ({ seq, n: seq }));
  const part = { kind: "photos", messages } as const;
  const isErased = (seq: number) => seq === 2 || seq === 4;
  expect(stepped({ part, at: -1 }, 1, isErased)?.at).toBe(0);
  expect(stepped({ part, at: 0 }, 1, isErased)?.at).toBe(2);
  expect(stepped({ part, at: 2 }, 1, isErased)).toBeUndefined();
  expect(stepped({ part, at: 2 }, -1, isErased)?.at).toBe(0);
});

test("places messages on the rail, and joins those that are close", () => {
  const range = { first: { seq: 1, n: 11 }, last: { seq: 9, n: 20 } };
  expect([10, 15, 20, 99].map((n) => railPosition(range, n))).toEqual([0, 0.5, 1, 1]);
  const messages = [11, 12, 20].map((n) => ({ seq: n, n }));
  expect(railTicks(range, messages, 0.2).map(({ seqs }) => seqs)).toEqual([[11, 12], [20]]);
});

test("marks a room as read on this device alone until that can no longer be undone", () => {
  const open = scene(
    { kind: "open", target: "lobby" },
    ...[2, 3, 4].map((seq) => recordEvent(seq, { body: { text: "@ana", mentions: ["ana"] } })),
    { kind: "focus", on: false },
  ).model;
  const before = lobbyOf(open);
  const room = LOBBY;
  const read = updateAll(open, [{ kind: "all-read", rooms: [room] }]);
  expect(lobbyOf(read.model)).toMatchObject({ read: 4, unread: 0, mentions: [] });
  expect(read.effects.filter(({ kind }) => kind === "read")).toEqual([]);
  const undone = updateAll(read.model, [
    { kind: "focus", on: true },
    recordEvent(5),
    { kind: "all-read-end", isUndone: true },
  ]);
  const after = lobbyOf(undone.model);
  expect([after.read, after.mentions]).toEqual([before.read, before.mentions]);
  expect(after.readAtOpening).toBe(before.readAtOpening);
  expect(lobbyOf(undone.model).unread).toBe(before.unread + 1);
  expect(undone.model.allRead).toBeUndefined();
  const kept = updateAll(read.model, [{ kind: "all-read-end", isUndone: false }]);
  expect(kept.effects).toContainEqual({ kind: "read", room, n: 4 });
});

test("keeps what another device read meanwhile", () => {
  const open = scene({ kind: "open", target: "lobby" }, { kind: "focus", on: false });
  const filled = updateAll(
    open.model,
    [2, 3, 4].map((seq) => recordEvent(seq)),
  ).model;
  const { model: undone } = updateAll(filled, [
    { kind: "all-read", rooms: [LOBBY] },
    { kind: "read", room: LOBBY, n: 3, unread: 1 },
    { kind: "all-read-end", isUndone: true },
  ]);
  expect(lobbyOf(undone)).toMatchObject({ read: 3, unread: 1 });
});

test("marks a room as read that the user had marked as unread, until that is undone", () => {
  const dev = "dev" as RoomId;
  const marked = scene(
    { kind: "open", target: "lobby" },
    { kind: "room", room: dev, name: "dev", n: 9, skipped: 0, read: 8, unread: 0 },
    { kind: "prefs", rooms: [], saved: [] },
    { kind: "mark-unread", room: dev, n: 8 },
  ).model;
  const counts = (model: Model) => [roomList(model).unread, model.prefs?.get(dev)?.unread];
  expect(counts(marked)).toEqual([1, 8]);
  const read = updateAll(marked, [{ kind: "all-read", rooms: [...marked.rooms.keys()] }]).model;
  expect([...counts(read), unreadBefore(read.allRead ?? new Map())]).toEqual([0, 8, 1]);
  const end = (isUndone: boolean) => updateAll(read, [{ kind: "all-read-end", isUndone }]).model;
  expect(counts(end(true))).toEqual([1, 8]);
  expect(counts(end(false))).toEqual([0, undefined]);
});

test("marks several rooms as read, and restores each of them", () => {
  const dev = "dev" as RoomId;
  const open = scene(
    { kind: "open", target: "lobby" },
    { kind: "room", room: dev, name: "dev", n: 9, skipped: 0, read: 1, unread: 7 },
    { kind: "focus", on: false },
  ).model;
  const filled = updateAll(open, [recordEvent(2), recordEvent(3)]).model;
  const counts = ({ rooms }: Model) => [...rooms.values()].flatMap(({ unread }) => unread || []);
  const before = counts(filled);
  const read = updateAll(filled, [{ kind: "all-read", rooms: [...filled.rooms.keys()] }]).model;
  expect([counts(read), unreadBefore(read.allRead ?? new Map())]).toEqual([[], 9]);
  const end = (isUndone: boolean) => updateAll(read, [{ kind: "all-read-end", isUndone }]);
  expect(counts(end(true).model)).toEqual(before);
  const told = end(false).effects.flatMap((effect) =>
    effect.kind === "read" ? [[effect.room, effect.n] as const] : [],
  );
  expect(told).toEqual([[LOBBY, 3] as const, [dev, 8] as const]);
});
