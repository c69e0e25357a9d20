import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { ChatRecord } from "../../../src/core/client/chat-record.ts";
import type { ModelEvent } from "../../../src/core/model/event.ts";
import { RowBuilder, type Rows } from "../../../src/core/model/rows.ts";
import { followedThreads } from "../../../src/core/model/selectors.ts";
import type { Model } from "../../../src/core/model/state.ts";
import { updateAll } from "../../../src/core/model/update.ts";
import { LOBBY, lobbyOf, record, recordEvent, scene, seen } from "../model-scene.ts";

const opened = { kind: "open", target: "lobby" } as const;
const open = (seq: number) => ({ kind: "thread", room: LOBBY, seq }) as const;
const close = { kind: "thread", room: LOBBY, seq: undefined } as const;

function reply(seq: number, re: number, fields: object = {}): ModelEvent {
  return recordEvent(seq, { body: { text: `reply ${seq}`, re, thread: true, ...fields } });
}

function page(root: number, records: readonly ChatRecord[], before?: number): ModelEvent {
  return { kind: "thread-page", room: LOBBY, root, before, records, hasOlder: false };
}

function shown(model: Model, inThread: boolean): readonly (number | string)[] {
  const { rows } = new RowBuilder().rowsOf(model, () => 0, false, inThread);
  return rows.flatMap((row) => (row.kind === "item" ? [row.item.seq] : []));
}

const threadOf = (model: Model) => lobbyOf(model).thread;

test("shows replies in a thread only there, and counts them", () => {
  const { model } = scene(recordEvent(2), opened, reply(3, 2), reply(4, 2, { thread: false }));
  expect(shown(model, false)).toEqual([2, 4]);
  expect(lobbyOf(model).tail.items[0]?.replies?.count).toBe(2);
  const { model: inThread, effects } = updateAll(model, [open(2)]);
  expect(shown(inThread, true)).toEqual([2, 3, 4]);
  // The tail contains the root and everything after it.
  expect(effects).toMatchObject([{ kind: "thread", root: 2, changesTo: undefined }]);
});

test("shows a file in its thread, and counts it as a reply", () => {
  const content = { file: "fAAAAAAAAAAA", name: "a", size: 0, chunks: 0, digest: "0".repeat(64) };
  const file = recordEvent(3, { kind: "file", body: { re: 2, thread: true, files: [content] } });
  const { model } = scene(recordEvent(2), opened, file);
  expect(shown(model, false)).toEqual([2]);
  expect(lobbyOf(model).tail.items[0]?.replies?.count).toBe(1);
  expect(shown(updateAll(model, [open(2)]).model, true)).toEqual([2, 3]);
});

test("shows a reply without a valid root in the room", () => {
  const { model } = scene(
    recordEvent(2),
    opened,
    reply(3, 4),
    recordEvent(4, { body: { text: "no root", thread: true } }),
    recordEvent(5, { body: { text: "wrong type", re: 2, thread: 1 } }),
    reply(6, 6),
  );
  expect(shown(model, false)).toEqual([2, 3, 4, 5, 6]);
});

test("quotes the root in the room, but not in its thread", () => {
  const { model } = scene(recordEvent(2), opened, reply(3, 2, { thread: false }), open(2));
  const quotes = (inThread: boolean) =>
    new RowBuilder()
      .rowsOf(model, () => 0, false, inThread)
      .rows.flatMap((row) => (row.kind === "item" ? [row.re] : []));
  expect(quotes(false)).toEqual([undefined, 2]);
  expect(quotes(true)).toEqual([undefined, undefined]);
});

test("adds replies, edits, reactions and erasures to the open thread", () => {
  const { model } = scene(recordEvent(2), opened, reply(3, 2), open(2));
  const later = updateAll(model, [
    reply(4, 2),
    recordEvent(5),
    recordEvent(6, { kind: "edit", body: { seq: 3, text: "edited" } }),
    recordEvent(7, { kind: "reaction", body: { re: 4, react: "+" } }),
    reply(8, 2),
    recordEvent(9, { kind: "erase", body: { seq: 8 } }),
    recordEvent(10, { kind: "erase", body: { seq: 2 } }),
  ]).model;
  expect(shown(later, true)).toEqual([2, 3, 4, 8]);
  expect(shown(later, false)).toEqual([2, 5]);
  const [root, first, second, third] = threadOf(later)?.items ?? [];
  expect(root).toMatchObject({ state: "erased", replies: { count: 2 } });
  expect(first?.text).toBe("edited");
  expect(second?.reactions).toMatchObject([{ sign: "+" }]);
  expect(third?.state).toBe("erased");
});

test("loads the root, its replies and their changes before the tail", () => {
  const { model, effects } = scene(recordEvent(50), opened, open(9));
  expect(effects).toContainEqual({
    kind: "thread",
    room: LOBBY,
    target: "lobby",
    root: 9,
    before: undefined,
    changesTo: 50,
  });
  const replies = [record(12, { body: { text: "a", re: 9 } })];
  const edit = record(20, { kind: "edit", body: { seq: 12, text: "b" } });
  const others = updateAll(model, [page(8, [record(8)]), reply(51, 9)]).model;
  expect(shown(others, true)).toEqual([51]);
  const loaded = updateAll(others, [page(9, [record(9), ...replies, edit])]);
  expect(shown(loaded.model, true)).toEqual([9, 12, 51]);
  expect(threadOf(loaded.model)?.items[1]?.text).toBe("b");
  expect(loaded.effects).toEqual([]);
});

test("loads earlier replies before the first one", () => {
  const older = { kind: "thread-older", room: LOBBY } as const;
  const { model } = scene(recordEvent(50), opened, open(9));
  const first = page(9, [record(9), record(30, { body: { text: "a", re: 9 } })]);
  const loaded = updateAll(model, [{ ...first, hasOlder: true } as ModelEvent]).model;
  const requested = updateAll(loaded, [older, older]);
  expect(requested.effects).toMatchObject([{ kind: "thread", before: 30, changesTo: undefined }]);
  const earlier = [record(20, { body: { text: "b", re: 9 } })];
  const whole = updateAll(requested.model, [page(9, earlier, 30), older]);
  expect([shown(whole.model, true), whole.effects]).toEqual([[9, 20, 30], []]);
});

test("opens the thread of a reply, loaded or not, and closes it with the room", () => {
  const { model } = scene(recordEvent(2), opened, reply(3, 2), open(3));
  expect(threadOf(model)?.root).toBe(2);
  expect(threadOf(updateAll(model, [{ kind: "open", target: "@ben" }]).model)).toBeUndefined();
  const unloaded = scene(recordEvent(50), opened, open(12)).model;
  const root = record(12, { body: { text: "a", re: 9, thread: true } });
  const moved = updateAll(unloaded, [page(12, [root])]);
  expect(threadOf(moved.model)?.root).toBe(9);
  expect(moved.effects).toMatchObject([{ kind: "thread", root: 9 }]);
});

test("reports a message that does not exist, and a failed request", () => {
  const { model } = scene(recordEvent(50), opened, open(12));
  for (const records of [[], [record(12, { kind: "join" })]]) {
    const { model: closed } = updateAll(model, [page(12, records)]);
    expect(threadOf(closed)).toBeUndefined();
    expect(closed.faults).toMatchObject([{ fault: { code: "not-found" } }]);
  }
  const fault = new Fault("link-closed", "gone");
  const failed = updateAll(model, [{ kind: "thread-failed", room: LOBBY, root: 12, fault }]).model;
  expect([failed.faults[0]?.fault, threadOf(failed)?.loading]).toEqual([fault, undefined]);
});

test.each([0, 7])("loads an open thread again after a reconnect that missed %i", (missed) => {
  const { model } = scene(recordEvent(2), opened, open(2));
  const n = lobbyOf(model).receivedN + 1 + missed;
  const back = updateAll(model, [
    page(2, [record(2)]),
    { kind: "entered", user: "ana" },
    { kind: "room", room: LOBBY, name: "lobby", n, skipped: 0, read: 1 },
  ]);
  expect(back.effects).toEqual([]);
  expect(shown(back.model, true)).toEqual(missed === 0 ? [2] : []);
  const caughtUp = updateAll(back.model, [{ kind: "caught-up" }]);
  expect(caughtUp.effects).toContainEqual(expect.objectContaining({ kind: "thread", root: 2 }));
});

test("a jump to a reply opens its thread, and to others closes one that covers the room", () => {
  const { model } = scene(recordEvent(2), opened, reply(3, 2), recordEvent(4));
  const jump = (seq: number) => ({ kind: "jump", room: LOBBY, seq }) as const;
  const jumped = updateAll(model, [jump(3)]).model;
  expect(threadOf(jumped)?.root).toBe(2);
  expect(new RowBuilder().rowsOf(jumped, () => 0, false, true).shownKey).toBe("i3");
  expect(threadOf(updateAll(jumped, [jump(4)]).model)?.root).toBe(2);
  const alone = updateAll(jumped, [{ kind: "thread-alone", on: true }, jump(4)]).model;
  expect(threadOf(alone)).toBeUndefined();
  const around = updateAll(scene(recordEvent(50), opened, jump(12)).model, [
    {
      kind: "page",
      room: LOBBY,
      side: "around",
      seq: 12,
      hasOlder: true,
      hasNewer: true,
      records: [record(12, { body: { text: "a", re: 9, thread: true } })],
    },
  ]).model;
  expect(threadOf(around)?.root).toBe(9);
});

test("notifies of messages that are not visible while a thread is open or closed", () => {
  const { model } = scene(recordEvent(2, { from: "ana" }), opened, { kind: "focus", on: true });
  const notified = (shown: Model, ...events: readonly ModelEvent[]) =>
    updateAll(shown, events).effects.flatMap((effect) =>
      effect.kind === "notify" ? [effect.item.seq] : [],
    );
  expect(notified(model, reply(3, 2))).toEqual([3]);
  expect(notified(model, reply(3, 2, { thread: false }))).toEqual([]);
  expect(notified(model, open(2), reply(3, 2))).toEqual([]);
  const called = recordEvent(3, { body: { text: "@ana", mentions: ["ana"] } });
  expect(notified(model, open(2), called)).toEqual([]);
  expect(notified(model, { kind: "thread-alone", on: true }, open(2), called)).toEqual([3]);
  expect(notified(model, { kind: "thread-alone", on: true }, open(2), close, called)).toEqual([]);
});

test("reads replies at the end of the room with the message before them", () => {
  const { model } = scene(recordEvent(2), opened, recordEvent(3), reply(4, 2), reply(5, 2));
  const { effects } = updateAll(model, [seen(2, 3)]);
  const n = lobbyOf(model).receivedN;
  expect(effects).toEqual([{ kind: "read", room: LOBBY, n }]);
});

test("drops the oldest replies of a thread that is too long", () => {
  const { model } = scene(recordEvent(2), opened, open(2));
  const small = { ...model, itemsMax: 4 };
  const replies = [3, 4, 5, 6, 7, 8].map((seq) => reply(seq, 2));
  expect(shown(updateAll(small, replies).model, true)).toEqual([5, 6, 7, 8]);
});

test("shows pending posts where their records will appear", () => {
  const posted = (key: string, body: object) =>
    ({
      ...({ kind: "posted", key, id: key, to: "lobby", writtenUnixMs: 0 } as const),
      body: { text: key, ...body },
    }) as const;
  const { model } = scene(
    recordEvent(2),
    opened,
    open(2),
    posted("a", { re: 2, thread: true }),
    posted("b", { re: 2 }),
    posted("c", {}),
    posted("d", { re: 3, thread: true }),
  );
  const keys = (inThread: boolean) =>
    new RowBuilder()
      .rowsOf(model, () => 0, false, inThread)
      .rows.flatMap((row) => (row.kind === "pending" ? [row.post.key] : []));
  expect(keys(false)).toEqual(["b", "c"]);
  expect(keys(true)).toEqual(["a", "b"]);
});

test("moves the drafts of a room and of its threads when the room is renamed", () => {
  const draft = (target: string) => ({ kind: "draft", target, draft: { text: target } }) as const;
  const { model } = scene(draft("lobby"), draft("lobby 2"), draft("lobby-2"));
  const renamed = updateAll(model, [
    { kind: "room", room: LOBBY, name: "hall", n: 2, skipped: 0, read: 1 },
  ]).model;
  expect([...renamed.drafts.keys()].sort()).toEqual(["hall", "hall 2", "lobby-2"]);
});

const FOLLOWS: ModelEvent = { kind: "prefs", rooms: [], saved: [], follows: [] };
const follow = (seq: number, fields: object = {}) =>
  ({ kind: "follow", room: LOBBY, seq, on: true, read: 0, ...fields }) as const;

test("follows threads in which the user posts, and those of the user's messages", () => {
  const { model } = scene(recordEvent(2), recordEvent(3, { from: "ana" }), opened, FOLLOWS);
  const own = (seq: number, re: number, thread = true) =>
    recordEvent(seq, { from: "ana", body: { text: "mine", re, thread } });
  const followed = (...events: readonly ModelEvent[]) =>
    updateAll(model, events).effects.filter(({ kind }) => kind === "follow");
  expect(followed(own(4, 2))).toEqual([follow(2, { read: 4 })]);
  expect(followed(own(4, 2), own(5, 2))).toHaveLength(1);
  expect(followed(reply(4, 3))).toEqual([follow(3, { read: 3 })]);
  expect(followed(reply(4, 2), own(5, 2, false))).toEqual([]);
  expect(followed({ kind: "ignored", users: ["ben"] }, reply(4, 3))).toEqual([]);
  // A thread that the user has unfollowed stays unfollowed.
  expect(followed(follow(2, { on: false }), own(4, 2))).toEqual([]);
  const old = updateAll(model, [{ kind: "prefs", rooms: [], saved: [] }, own(4, 2)]);
  expect(old.effects.filter(({ kind }) => kind === "follow")).toEqual([]);
});

test("counts unread replies in threads that are not loaded", () => {
  const counted = follow(2, { read: 3, unread: 2, last: 9 });
  const follows = [{ ...counted, seq: 2 }];
  const { model } = scene({ kind: "prefs", rooms: [], saved: [], follows });
  const countIn = ({ model: shown }: { readonly model: Model }) =>
    followedThreads(shown).map(({ isUnread, unread }) => isUnread && unread);
  expect(countIn({ model })).toEqual([2]);
  const events = [recordEvent(8, { body: { text: "before", re: 2, thread: true } }), reply(10, 2)];
  expect(countIn(updateAll(model, events))).toEqual([3]);
  const ignored = updateAll(model, [{ kind: "ignored", users: ["ben"] }, reply(10, 2)]);
  expect(countIn(ignored)).toEqual([2]);
  const own = recordEvent(10, { from: "ana", body: { text: "mine", re: 2, thread: true } });
  expect(countIn(updateAll(model, [own]))).toEqual([2]);
  const erased = updateAll(model, [follow(2, { read: 3, unread: 1, last: 7 })]);
  expect(countIn(erased)).toEqual([1]);
  expect(countIn(updateAll(erased.model, [follow(2, { read: 9 })]))).toEqual([false]);
});

test("marks a followed thread as unread until its replies were seen, and notifies of them", () => {
  const { model } = scene(recordEvent(2), opened, FOLLOWS, follow(2, { read: 2 }));
  const unread = (shown: Model) =>
    new RowBuilder()
      .rowsOf(shown, () => 0)
      .rows.flatMap((row) => (row.kind === "item" && row.hasUnreadReplies ? [row.item.seq] : []));
  const replied = updateAll(model, [reply(3, 2)]);
  expect(replied.effects).toMatchObject([{ kind: "notify", why: "message", item: { seq: 3 } }]);
  expect([unread(model), unread(replied.model)]).toEqual([[], [2]]);
  expect(followedThreads(replied.model)).toEqual([
    { seq: 2, room: LOBBY, isUnread: true, unread: 0 },
  ]);
  const loaded = updateAll(replied.model, [open(2), page(2, [record(2)])]);
  expect(loaded.effects).toEqual([]);
  const lineBefore = ({ rows }: Rows) => {
    const line = rows.findIndex(({ kind }) => kind === "unread");
    return line < 0 ? undefined : rows[line + 1]?.key;
  };
  const threadRows = (shown: Model) => new RowBuilder().rowsOf(shown, () => 0, false, true);
  expect(lineBefore(threadRows(loaded.model))).toBe(threadRows(loaded.model).rows.at(-1)?.key);
  const seen = (from: number, to = from) =>
    ({ kind: "replies-seen", room: LOBBY, root: 2, from, to }) as const;
  expect(updateAll(loaded.model, [{ kind: "focus", on: false }, seen(3)]).effects).toEqual([]);
  const shown = updateAll(loaded.model, [seen(3)]);
  expect(shown.effects).toEqual([follow(2, { read: 3 })]);
  expect(unread(shown.model)).toEqual([]);
  // Replies count in the order in which they were written.
  const more = updateAll(shown.model, [reply(4, 2), reply(5, 2)]);
  expect([more.effects, unread(more.model)]).toEqual([[], []]);
  const later = updateAll(more.model, [seen(5)]);
  expect(later.effects).toEqual([]);
  expect(updateAll(later.model, [seen(4)]).effects).toEqual([follow(2, { read: 5 })]);
  const closed = updateAll(updateAll(more.model, [seen(4)]).model, [close]);
  expect([closed.effects, unread(closed.model)]).toEqual([[], [2]]);
  const unfollowed = updateAll(model, [follow(2, { on: false }), reply(3, 2)]);
  expect([unfollowed.effects, unread(unfollowed.model)]).toEqual([[], []]);
  expect(followedThreads(unfollowed.model)).toEqual([]);
});

test("quotes only earlier messages that the reader can read", () => {
  const events = [
    recordEvent(2),
    recordEvent(3, { kind: "topic", body: { topic: "all agree" } }),
    recordEvent(4, { kind: "sealed", sealed: "closed", body: { reason: "absent" } }),
    recordEvent(5, { state: "erased", body: undefined }),
    ...[2, 3, 4, 5, 11, 99].map((re, i) => recordEvent(6 + i, { body: { text: "yes", re } })),
  ];
  const { model } = scene(opened, ...events);
  const quoted = new RowBuilder()
    .rowsOf(model, () => 0)
    .rows.flatMap((row) => (row.kind === "item" && row.re ? [[row.re, row.answers?.seq]] : []));
  const missing = (re: number) => [re, undefined];
  expect(quoted).toEqual([[2, 2], missing(3), missing(4), [5, 5], missing(11), missing(99)]);
});
