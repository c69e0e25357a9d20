import { expect, test } from "bun:test";
import { ANSWER_AFTER_MS } from "../../../src/base/limits.ts";
import type { ChatRecord } from "../../../src/core/client/chat-record.ts";
import { activityOf, ownTurns } from "../../../src/core/model/activity.ts";
import type { ModelEvent } from "../../../src/core/model/event.ts";
import { emptyModel, updateAll } from "../../../src/core/model/update.ts";
import { LOBBY, lobbyOf, record, recordEvent, scene } from "../model-scene.ts";

const mention = { text: "@ana", mentions: ["ana"] };

test("lists mentions and reactions of others, the newest first", () => {
  const { model } = scene(
    recordEvent(2, { body: mention }),
    recordEvent(3, { from: "ana" }),
    recordEvent(4, { kind: "reaction", body: { re: 3, react: "+" } }),
    recordEvent(5),
  );
  const entries = activityOf(model).map(({ kind, item, by, sign }) => [kind, item.seq, by, sign]);
  expect(entries).toEqual([
    ["mention", 2, "ben", undefined],
    ["reaction", 3, "ben", "+"],
  ]);
});

test("lists what calls the user in messages that are not loaded, as last edited", () => {
  const update = { kind: "room", room: LOBBY, name: "lobby", n: 9, skipped: 7, read: 1 } as const;
  const calls = [3, 4, 5].map((n) => ({ n, seq: n }));
  const { model, effects } = updateAll(emptyModel(), [
    { kind: "entered", user: "ana" },
    { ...update, calls },
    { kind: "caught-up" },
  ]);
  expect(effects).toContainEqual({ kind: "calls" });
  const edit = { seq: 4, text: "@ana now", mentions: ["ana"] };
  const records = [
    ...[3, 4, 5].map((seq) => record(seq, { body: mention })),
    record(8, { kind: "edit", body: edit }),
  ];
  const listed = updateAll(model, [
    {
      kind: "called",
      records,
      reasons: new Map([3, 4, 5].map((seq) => [seq, "mention"] as const)),
    },
    recordEvent(9, { body: mention }),
    recordEvent(10, { kind: "erase", from: "ben", body: { seq: 5, also: [] } }),
  ]);
  const entries = activityOf(listed.model);
  expect(entries.map(({ item }) => `${item.seq} ${item.text}`)).toEqual([
    "9 @ana",
    "4 @ana now",
    "3 @ana",
  ]);
  const read = updateAll(listed.model, [{ kind: "read", room: LOBBY, n: 3 }]).model;
  expect(activityOf(read).map(({ isUnread }) => isUnread)).toEqual([true, true, false]);
});

test("omits the user's own mentions and ignored people", () => {
  const { model } = scene(
    { kind: "ignored", users: ["ben"] },
    recordEvent(2, { body: mention }),
    recordEvent(3, { from: "ana", body: mention }),
  );
  expect(activityOf(model)).toEqual([]);
});

test("says for each message the strongest reason, and lists each thread once", () => {
  const { model } = scene(
    recordEvent(2, { from: "ana" }),
    recordEvent(3, { body: { text: "an answer", re: 2 } }),
    recordEvent(4, { body: { text: "@ana an answer", mentions: ["ana"], re: 2 } }),
    recordEvent(5, { body: { text: "@all", everyone: "all" } }),
    recordEvent(6, { body: { text: "one", re: 2, thread: true } }),
    recordEvent(7, { body: { text: "two", re: 2, thread: true } }),
    { kind: "follow", room: LOBBY, seq: 2, on: true, read: 2, unread: 2, last: 7 },
  );
  const entries = activityOf(model).map(({ kind, item, answered }) => {
    return [kind, item.seq, answered?.seq];
  });
  expect(entries).toEqual([
    ["own-thread", 7, undefined],
    ["everyone", 5, undefined],
    ["mention", 4, undefined],
    ["reply", 3, 2],
  ]);
});

test("lists a followed thread whose replies are not loaded", () => {
  const follow = { room: LOBBY, seq: 2, on: true, read: 2, unread: 1, last: 5 };
  const { model, effects } = scene({ kind: "prefs", rooms: [], saved: [], follows: [follow] });
  expect(effects).toContainEqual({ kind: "calls" });
  const reply = record(5, { body: { text: "an answer", re: 2, thread: true } });
  const listed = updateAll(model, [{ kind: "called", records: [reply], reasons: new Map() }]).model;
  const entries = activityOf(listed).map(({ kind, item, isUnread }) => [kind, item.seq, isUnread]);
  expect(entries).toEqual([["thread", 5, true]]);
});

test("lists a reply whose answered message is not loaded, also when it is loaded later", () => {
  const body = { text: "an answer", re: 1 };
  const called = {
    kind: "called",
    records: [record(5, { body })],
    reasons: new Map([[5, "reply" as const]]),
  } as const;
  const orders: readonly (readonly ModelEvent[])[] = [
    [recordEvent(5, { body }), called],
    [called, recordEvent(5, { body }), called],
  ];
  for (const events of orders) {
    const { model } = scene(...events);
    const entries = activityOf(model).map(({ kind, item, isUnread }) => [kind, item.seq, isUnread]);
    expect(entries).toEqual([["reply", 5, true]]);
    expect(lobbyOf(model).mentions.map(({ seq }) => seq)).toEqual([5]);
  }
});

test("lists the rooms in which a moderator calls on the user", () => {
  const { model } = scene();
  const room = lobbyOf(model);
  const turnsOf = (called: string | undefined) =>
    ownTurns({ ...model, rooms: new Map([[LOBBY, { ...room, called }]]) }).length;
  expect([undefined, "ben", "Ana"].map(turnsOf)).toEqual([0, 0, 1]);
});

test("ends the own turn by an answer, and names the moderator who called", () => {
  const call: Partial<ChatRecord> = {
    kind: "hand",
    body: { user: "u-ana", name: "ana", on: false, call: true },
  };
  const turn = (...events: Parameters<typeof recordEvent>[]) => {
    const { model } = scene(...events.map(([seq, change]) => recordEvent(seq, change)));
    return [ownTurns(model).length, lobbyOf(model).caller];
  };
  expect(turn([3, call])).toEqual([1, "ben"]);
  expect(turn([3, call], [4, {}])).toEqual([1, "ben"]);
  const after = (ms: number) => ({ from: "ana", timeUnixMs: record(3).timeUnixMs + ms });
  // One that was on its way when the moderator called is no answer.
  expect(turn([3, call], [4, after(ANSWER_AFTER_MS - 1)])).toEqual([1, "ben"]);
  expect(turn([3, call], [4, after(ANSWER_AFTER_MS)])).toEqual([0, undefined]);
});
