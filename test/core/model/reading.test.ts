import { expect, test } from "bun:test";
import { SEEN_MS } from "../../../src/base/limits-page.ts";
import { activityOf } from "../../../src/core/model/activity.ts";
import type { ModelEvent } from "../../../src/core/model/event.ts";
import { SeenTimer } from "../../../src/core/model/seen.ts";
import { roomList } from "../../../src/core/model/selectors.ts";
import { updateAll } from "../../../src/core/model/update.ts";
import { BEN, LOBBY, lobbyOf, record, recordEvent, scene, seen } from "../model-scene.ts";

const OPEN = { kind: "open", target: "lobby" } as const;
const away = (on: boolean): ModelEvent => ({ kind: "focus", on: !on });
const call = { body: { text: "@ana", mentions: ["ana"] } };

function at(from: number, to: number, isFollowing = false) {
  return { room: LOBBY, from, to, isFollowing };
}

/** Spans of `n` that were seen, those that were passed with a minus. */
function spans(all: ReturnType<SeenTimer["check"]>): number[][] {
  return all.map(({ from, to, isPassed }) => (isPassed ? [-from, -to] : [from, to]));
}

test("takes a message as seen after a second on the screen", () => {
  const timer = new SeenTimer();
  timer.show(at(2, 4), 0);
  expect(timer.dueMs).toBe(SEEN_MS);
  expect(spans(timer.check(SEEN_MS - 1))).toEqual([]);
  expect(spans(timer.check(SEEN_MS))).toEqual([[2, 4]]);
  expect([timer.dueMs, spans(timer.check(9_000))]).toEqual([undefined, []]);
});

test("times each message by itself", () => {
  const timer = new SeenTimer();
  timer.show(at(2, 4), 0);
  timer.show(at(3, 6), 700);
  expect(spans(timer.check(1_000))).toEqual([[3, 4]]);
  // 2 was gone for a moment, and 5 was not.
  timer.show(at(2, 5), 1_100);
  expect(spans(timer.check(1_700))).toEqual([[5, 5]]);
  expect(spans(timer.check(2_100))).toEqual([[2, 2]]);
});

test("reads nothing in a room that is only passed, or without the focus", () => {
  const timer = new SeenTimer();
  timer.show(at(2, 4), 0);
  expect(spans(timer.show({ ...at(1, 9), room: BEN }, 700))).toEqual([]);
  expect(spans(timer.show(undefined, 1_600))).toEqual([]);
  expect([timer.dueMs, spans(timer.check(9_000))]).toEqual([undefined, []]);
});

test("sees all that arrives while the end is on the screen, but not what is skipped", () => {
  const timer = new SeenTimer();
  timer.show(at(1, 5, true), 0);
  timer.show(at(8, 12, true), 500);
  expect(spans(timer.check(1_000))).toEqual([[-1, -5]]);
  expect(spans(timer.check(1_500))).toEqual([
    [-6, -7],
    [8, 12],
  ]);
  const skipping = new SeenTimer();
  skipping.show(at(1, 5), 0);
  skipping.show(at(40, 50, true), 500);
  expect(spans(skipping.check(9_000))).toEqual([[40, 50]]);
  // The user has scrolled back before the second was over.
  const back = new SeenTimer();
  back.show(at(1, 5, true), 0);
  back.show(at(6, 9, true), 100);
  back.show(at(6, 8), 200);
  expect(spans(back.check(1_200))).toEqual([[6, 8]]);
});

test("sees all that arrives while the window lags behind the end for a moment", () => {
  const timer = new SeenTimer();
  timer.show(at(1, 5, true), 0);
  timer.show(at(4, 8), 100);
  expect(timer.dueMs).toBe(SEEN_MS);
  timer.show(at(20, 24, true), 200);
  timer.show(at(30, 34), 300);
  timer.show(at(30, 40, true), 400);
  expect(
    spans(timer.check(1_500))
      .flat()
      .map(Math.abs)
      .sort((a, b) => a - b),
  ).toEqual([1, 3, 4, 5, 6, 8, 9, 19, 20, 24, 25, 29, 30, 34, 35, 40]);
});

test("takes the page that the user turns as seen", () => {
  const timer = new SeenTimer();
  timer.show(at(2, 4), 0);
  expect(spans(timer.turnPage())).toEqual([[2, 4]]);
  expect(spans(timer.turnPage())).toEqual([]);
});

test("advances the read position only over messages that were seen", () => {
  const texts = [2, 3, 4, 5, 6].map((seq) => recordEvent(seq));
  const { model } = scene(...texts, OPEN);
  const read = (...events: readonly ModelEvent[]) => {
    const { model: next, effects } = updateAll(model, events);
    return [lobbyOf(next).read, effects.flatMap((one) => (one.kind === "read" ? one.n : []))];
  };
  expect(read(seen(2, 3))).toEqual([3, [3]]);
  expect(read(seen(5, 6))).toEqual([1, []]);
  expect(read(seen(5, 6), seen(2, 4))).toEqual([6, [6]]);
  expect(read(seen(5, 6), seen(2, 3))).toEqual([3, [3]]);
  expect(read(away(true), seen(2, 6))).toEqual([1, []]);
  expect(read({ kind: "read", room: LOBBY, n: 5 }, seen(6, 6))).toEqual([6, [6]]);
});

test("does not wait for records that nobody sees as messages", () => {
  const inThread = { body: { text: "reply", re: 2, thread: true } };
  const { model } = scene(
    { kind: "ignored", users: ["eve"] },
    recordEvent(2),
    recordEvent(3, inThread),
    recordEvent(4, { kind: "reaction", body: { re: 2, react: "+" } }),
    recordEvent(5, { from: "eve" }),
    recordEvent(6, { kind: "join", from: "dan" }),
    recordEvent(7, { from: "ana" }),
    OPEN,
  );
  expect(lobbyOf(updateAll(model, [seen(2, 2)]).model).read).toBe(7);
});

test("does not take a call as seen that moved off the screen", () => {
  const { model } = scene(recordEvent(2), recordEvent(3, call), recordEvent(4), OPEN);
  const passed = { kind: "seen", room: LOBBY, from: 2, to: 4, isPassed: true } as const;
  const after = updateAll(model, [passed]).model;
  expect([lobbyOf(after).read, lobbyOf(after).mentions.length]).toEqual([2, 1]);
  expect(lobbyOf(updateAll(after, [seen(3, 3)]).model).read).toBe(4);
});

const ONLINE = { kind: "connection", connection: { kind: "online" } } as const;
const BUSY = { kind: "room", room: LOBBY, name: "lobby", n: 902, skipped: 0 } as const;
const UNREAD = { ...BUSY, read: 100, unread: 800, first: 102 } as const;

test("requests the messages around the first unread one", () => {
  const { model, effects } = scene(ONLINE, UNREAD, recordEvent(902), OPEN);
  const page = { kind: "page", room: LOBBY, target: "lobby", side: "around", seq: 102 } as const;
  expect(effects.filter(({ kind }) => kind === "page")).toEqual([page]);
  expect(lobbyOf(model)).toMatchObject({ readAtOpening: 100, jump: { items: [] } });
  const records = [100, 101, 102, 103].map((seq) => record(seq));
  const loaded = { ...page, records, hasOlder: true, hasNewer: true };
  const open = updateAll(model, [loaded]).model;
  expect(lobbyOf(open).jump?.items).toHaveLength(4);
  // The read position follows, and the room opens there again.
  const left = updateAll(open, [seen(101, 103), { kind: "open", target: "@ben" }]);
  expect(lobbyOf(left.model)).toMatchObject({ read: 103, firstUnread: 104, jump: undefined });
  const again = updateAll(left.model, [OPEN]);
  expect(again.effects).toContainEqual({ ...page, seq: 104 });
});

test("shows the end of the room if the first unread message cannot be loaded", () => {
  const { model } = scene(ONLINE, UNREAD, recordEvent(902), OPEN);
  const failed = { kind: "page-failed", room: LOBBY, side: "around", seq: 102 } as const;
  const fault = new Error("gone") as never;
  expect(lobbyOf(updateAll(model, [{ ...failed, fault }]).model).jump).toBeUndefined();
  const request = { ...failed, kind: "page" } as const;
  const nothing = updateAll(model, [{ ...request, records: [], hasOlder: false, hasNewer: true }]);
  expect(lobbyOf(nothing.model).jump).toBeUndefined();
  // A client that is offline requests nothing.
  const offline = { ...ONLINE, connection: { kind: "connecting" } } as const;
  expect(lobbyOf(scene(offline, UNREAD, recordEvent(902), OPEN).model).jump).toBeUndefined();
});

test("requests them again over a new link", () => {
  const { model } = scene(ONLINE, UNREAD, recordEvent(902), OPEN);
  const again = updateAll(model, [
    { kind: "entered", user: "ana" },
    { ...UNREAD, n: 903 },
    { kind: "caught-up" },
  ]);
  const page = { kind: "page", room: LOBBY, target: "lobby", side: "around", seq: 102 } as const;
  expect(again.effects).toContainEqual(page);
});

test("stays at the end of a room where the user posts before the client has caught up", () => {
  const { model } = scene(
    ...[ONLINE, UNREAD, recordEvent(902), OPEN],
    { kind: "entered", user: "ana" },
    { ...UNREAD, n: 903 },
    { kind: "posted", key: "k", id: "k", to: "lobby", body: { text: "yes" }, writtenUnixMs: 0 },
    { kind: "bottom", room: LOBBY },
  );
  const { effects, model: after } = updateAll(model, [{ kind: "caught-up" }]);
  expect(effects).not.toContainEqual(expect.objectContaining({ side: "around" }));
  expect(lobbyOf(after).jump).toBeUndefined();
});

test("opens a room without new messages where the user left it", () => {
  const place = { seq: 40, above: 3 };
  const left = { kind: "placed", key: LOBBY, place } as const;
  const { model, effects } = scene(
    ...[ONLINE, { ...BUSY, read: 901, unread: 0 }, { kind: "focus", on: true } as const],
    ...[left, OPEN],
  );
  const page = { kind: "page", room: LOBBY, target: "lobby", side: "around", seq: 40 } as const;
  expect(effects).toContainEqual(page);
  expect(lobbyOf(model)).toMatchObject({ readAtOpening: undefined });
  expect(model.places.get(LOBBY)).toEqual(place);
});

test("keeps the line of new messages until the user posts or leaves", () => {
  const { model } = scene(recordEvent(2), OPEN, seen(2, 2));
  expect(lobbyOf(model)).toMatchObject({ read: 2, readAtOpening: 1 });
  const arrived = updateAll(model, [recordEvent(3)]).model;
  expect(lobbyOf(arrived).readAtOpening).toBe(1);
  const body = { text: "yes" };
  const posted = updateAll(arrived, [
    { kind: "posted", key: "k", id: "k", to: "lobby", body, writtenUnixMs: 0 },
  ]).model;
  expect(lobbyOf(posted).readAtOpening).toBeGreaterThan(lobbyOf(posted).last);
  const left = updateAll(posted, [{ kind: "open", target: "@ben" }]).model;
  expect(lobbyOf(left).readAtOpening).toBeUndefined();
});

test("draws the line before messages that arrive while nobody looks", () => {
  const { model } = scene(recordEvent(2), OPEN, seen(2, 2), away(true));
  const arrived = updateAll(model, [recordEvent(3)]).model;
  expect(lobbyOf(arrived)).toMatchObject({ read: 2, readAtOpening: 2 });
  const more = updateAll(arrived, [recordEvent(4), away(false)]).model;
  expect(lobbyOf(more)).toMatchObject({ read: 2, readAtOpening: 2 });
});

test("draws the line before messages that arrived while the client was offline", () => {
  const watched = scene(recordEvent(2), OPEN, seen(2, 2), { kind: "focus", on: true }).model;
  const { model } = updateAll(updateAll(watched, [{ kind: "entered", user: "ana" }]).model, [
    { kind: "room", room: LOBBY, name: "lobby", n: 3, skipped: 0, read: 2, unread: 0 },
    recordEvent(3),
    { kind: "caught-up" },
  ]);
  expect(lobbyOf(model)).toMatchObject({ read: 2, readAtOpening: 2 });
});

test("does not count messages that the user sees arrive", () => {
  const open = scene(...[2, 3, 4].map((seq) => recordEvent(seq)), OPEN).model;
  const counts = (...events: readonly ModelEvent[]) => {
    const { rooms } = roomList(updateAll(open, events).model);
    return rooms.map(({ unread, mentions }) => [unread, mentions])[0];
  };
  const watching = { kind: "watching", from: 4 } as const;
  expect(counts()).toEqual([3, 0]);
  expect(counts(watching)).toEqual([2, 0]);
  expect(counts(watching, recordEvent(5, call))).toEqual([2, 0]);
  expect(counts(watching, recordEvent(5, call), away(true))).toEqual([4, 1]);
  expect(counts(watching, recordEvent(5, call), { kind: "open", target: "@ben" })).toEqual([4, 1]);
});

test("reads a call that was seen behind a gap, on all devices", () => {
  const filler = Array.from({ length: 6 }, (_, i) => recordEvent(i + 2));
  const { model } = scene(...filler, recordEvent(8, call), recordEvent(9, call), OPEN);
  expect(lobbyOf(model).mentions.map(({ n }) => n)).toEqual([8, 9]);
  const { model: reading, effects } = updateAll(model, [seen(8, 8)]);
  expect(lobbyOf(reading)).toMatchObject({ read: 1, unread: 8, readCalls: [8] });
  expect(effects).toContainEqual({ kind: "read", room: LOBBY, n: 1, calls: [8] });
  expect(lobbyOf(reading).mentions.map(({ n }) => n)).toEqual([9]);
  expect(activityOf(reading).map(({ isUnread }) => isUnread)).toEqual([true, false]);
  const elsewhere = { kind: "read", room: LOBBY, n: 1, unread: 8, readCalls: [8] } as const;
  const { model: other } = updateAll(model, [elsewhere]);
  expect(lobbyOf(other).mentions.map(({ n }) => n)).toEqual([9]);
  const { model: passed } = updateAll(reading, [seen(2, 9)]);
  expect(lobbyOf(passed)).toMatchObject({ read: 9, unread: 0, readCalls: [], mentions: [] });
});

test("does not read a call in a thread with the messages around it", () => {
  const reply = { body: { text: "@ana", mentions: ["ana"], re: 2, thread: true } };
  const { model } = scene(recordEvent(2), recordEvent(3), recordEvent(4, reply), recordEvent(5));
  const { model: reading } = updateAll(updateAll(model, [OPEN]).model, [seen(3, 5)]);
  expect(lobbyOf(reading)).toMatchObject({ read: 1, readCalls: [] });
  expect(lobbyOf(reading).mentions.map(({ n }) => n)).toEqual([4]);
});
