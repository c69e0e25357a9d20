import { expect, test } from "bun:test";
import * as fc from "fast-check";
import type { ChatRecord } from "../../../src/core/client/chat-record.ts";
import type { ModelEvent } from "../../../src/core/model/event.ts";
import { itemOf } from "../../../src/core/model/item.ts";
import { membershipSum } from "../../../src/core/model/membership.ts";
import { type Row, RowBuilder, visibleSpan } from "../../../src/core/model/rows.ts";
import type { Item, Model } from "../../../src/core/model/state.ts";
import { shownHands } from "../../../src/core/model/unignored.ts";
import { updateAll } from "../../../src/core/model/update.ts";
import { waitingView } from "../../../src/core/model/waiting.ts";
import { LOBBY, lobbyOf, recordEvent, scene, seen } from "../model-scene.ts";

const utc = () => 0;
const DAY_MS = 86_400_000;

test("inserts rows for days, groups and pending posts", () => {
  const body = { text: "answer", re: 2 };
  const { model } = scene(
    recordEvent(2),
    recordEvent(3),
    recordEvent(4, { timeUnixMs: DAY_MS + 5 }),
    recordEvent(5, { from: "ana", timeUnixMs: DAY_MS + 6, body }),
    { kind: "open", target: "lobby" },
    { kind: "posted", key: "k", id: "k", to: "lobby", body, writtenUnixMs: 0 },
    { kind: "posted", key: "l", id: "l", to: "@ben", body: { text: "x" }, writtenUnixMs: 0 },
  );
  const rows = new RowBuilder().rowsOf(model, utc).rows;
  expect(rows.map(({ key }) => key)).toEqual(["d0", "i2", "i3", "d1", "i4", "i5", "pk"]);
  expect(rows.map((row) => ("isGrouped" in row ? row.isGrouped : undefined))).toEqual([
    ...[undefined, false, true, undefined, false, false],
    true,
  ]);
  const answers = rows.flatMap((row) => ("answers" in row ? [row.answers?.seq] : []));
  expect(answers).toEqual([undefined, undefined, undefined, 2, 2]);
});

test("ends with the messages that wait for their files, in their room and thread", () => {
  const stored = { to: ["@ben", "lobby"], text: "look", createdUnixMs: 0, files: [] };
  const message = waitingView("m", stored, new Map());
  const { model } = scene(
    recordEvent(2),
    { kind: "open", target: "lobby" },
    { kind: "waiting", message },
    { kind: "waiting", message: { ...message, key: "t", re: 2, thread: true } },
    { kind: "waiting", message: { ...message, key: "b", to: ["@ben"] } },
    { kind: "waiting", message: { ...message, key: "gone" } },
    { kind: "waiting", message: { ...message, text: "look here" } },
    { kind: "posted", key: "k", id: "k", to: "lobby", body: { text: "x" }, writtenUnixMs: 0 },
    { kind: "waiting-gone", key: "gone" },
  );
  const builder = new RowBuilder();
  const { rows } = builder.rowsOf(model, utc);
  expect(rows.map(({ key }) => key)).toEqual(["d0", "i2", "pk", "wm"]);
  expect(rows.at(-1)).toMatchObject({ message: { text: "look here" }, isGrouped: true });
  expect(builder.rowsOf({ ...model, pending: [] }, utc).rows.at(-1)?.key).toBe("wm");
});

test("counts replies that arrive, except while newer messages are not loaded", () => {
  const opened = { kind: "open", target: "lobby" } as const;
  const { model } = scene(recordEvent(2), recordEvent(3), opened);
  const builder = new RowBuilder();
  const countsIn = (shown: Model) => {
    const { rows } = builder.rowsOf(shown, utc);
    return rows.flatMap((row) => (row.kind === "item" ? [row.replies?.count] : []));
  };
  expect(countsIn(model)).toEqual([undefined, undefined]);
  const reply = (seq: number) => recordEvent(seq, { body: { text: "yes", re: 2 } });
  const later = updateAll(model, [reply(4), reply(5)]).model;
  expect(countsIn(later)).toEqual([2, undefined, undefined, undefined]);
  const jump = { ...lobbyOf(later).tail, hasNewer: true };
  const rooms = new Map([[LOBBY, { ...lobbyOf(later), jump }]]);
  expect(countsIn({ ...later, rooms })).toEqual([undefined, undefined, undefined, undefined]);
  expect(countsIn(later)).toEqual([2, undefined, undefined, undefined]);
});

test("inserts the unread row before the first unread item, if loaded", () => {
  const { model } = scene(recordEvent(5), recordEvent(6), recordEvent(7), {
    kind: "open",
    target: "lobby",
  });
  const keys = (readAtOpening: number) => {
    const rooms = new Map([[LOBBY, { ...lobbyOf(model), readAtOpening }]]);
    return new RowBuilder().rowsOf({ ...model, rooms }, utc).rows.map(({ key }) => key);
  };
  expect(keys(6)).toEqual(["d0", "i5", "i6", "unread", "i7"]);
  expect(keys(4)).toEqual(["d0", "unread", "i5", "i6", "i7"]);
  expect(keys(3)).toEqual(["d0", "i5", "i6", "i7"]);
});

test("groups messages of one user within five minutes, but not actions and joins", () => {
  const at = (seq: number, timeUnixMs: number, kind = "text") =>
    recordEvent(seq, { kind, timeUnixMs });
  const { model } = scene(
    ...[at(2, 0), at(3, 5 * MINUTE_MS - 1), at(4, 10 * MINUTE_MS - 1), at(5, 10 * MINUTE_MS)],
    ...[at(6, 10 * MINUTE_MS, "action"), at(7, 10 * MINUTE_MS), at(8, 10 * MINUTE_MS, "join")],
    ...[at(9, 10 * MINUTE_MS), { kind: "open", target: "lobby" } as const],
  );
  const { rows } = new RowBuilder().rowsOf(model, utc);
  const grouped = rows.flatMap((row) => (row.kind === "item" && row.isGrouped ? [row.key] : []));
  expect(grouped).toEqual(["i3", "i5"]);
});

test("inserts a row for withheld messages before the next item", () => {
  const withheld = recordEvent(3);
  if (withheld.kind !== "record") throw new Error("no record");
  const { model } = scene(
    recordEvent(2),
    { ...withheld, record: { ...withheld.record, withheld: 2 } },
    recordEvent(4),
    { kind: "open", target: "lobby" },
  );
  const { rows } = new RowBuilder().rowsOf(model, utc);
  expect(rows.map(({ key }) => key)).toEqual(["d0", "unread", "i2", "w3", "i3", "i4"]);
  expect(rows[3]).toMatchObject({ kind: "withheld", count: 2, from: withheld.record.from });
  expect(rows.map((row) => row.kind === "item" && row.isGrouped).slice(4)).toEqual([false, true]);
});

test("groups imported messages by original author and time", () => {
  const old = (seq: number, from: string, time: number) =>
    recordEvent(seq, { from: "ben", body: { text: "x", imported: { from, time } } });
  const { model } = scene(
    recordEvent(2, { from: "ben" }),
    old(3, "ana", 0),
    old(4, "ana", 60_000),
    old(5, "ana", DAY_MS),
    old(6, "cleo", DAY_MS),
    recordEvent(7, { from: "ben" }),
    { kind: "open", target: "lobby" },
  );
  const rows = new RowBuilder().rowsOf(model, utc).rows;
  const grouped = rows.flatMap((row) => (row.kind === "item" && row.isGrouped ? [row.key] : []));
  expect(grouped).toEqual(["i4"]);
});

test("never groups messages under a new key with earlier ones", () => {
  const { model } = scene(
    recordEvent(2, { from: "ben" }),
    recordEvent(3, { from: "ben", hasNewKey: true }),
    recordEvent(4, { from: "ben", hasNewKey: true }),
    { kind: "open", target: "lobby" },
  );
  const { rows } = new RowBuilder().rowsOf(model, utc);
  const grouped = rows.flatMap((row) => (row.kind === "item" && row.isGrouped ? [row.key] : []));
  expect(grouped).toEqual(["i4"]);
});

test("hides the notice of a person's new name once it is erased", () => {
  const body = { was: "ben", name: "bea", user: "bea" };
  const { model } = scene(
    recordEvent(2),
    recordEvent(3, { kind: "rename", body }),
    recordEvent(4, { kind: "rename", body }),
    recordEvent(5, { kind: "erase", body: { seq: 3 } }),
    { kind: "open", target: "lobby" },
  );
  const { rows } = new RowBuilder().rowsOf(model, utc);
  expect(rows.map(({ key }) => key)).toEqual(["d0", "unread", "i2", "i4"]);
});

test("hides joins and leaves in quiet mode", () => {
  const { model } = scene(
    recordEvent(2),
    recordEvent(3, { kind: "join", from: "cleo" }),
    recordEvent(4, { kind: "leave", from: "cleo" }),
    recordEvent(5, { kind: "kick", body: { name: "dan" } }),
    recordEvent(6),
    { kind: "open", target: "lobby" },
  );
  const maker = new RowBuilder();
  const keys = (isQuiet: boolean) => maker.rowsOf(model, utc, isQuiet).rows.map(({ key }) => key);
  const all = keys(false);
  expect(all).toEqual(["d0", "unread", "i2", "i3", "i6"]);
  expect(keys(true)).toEqual(["d0", "unread", "i2", "i5", "i6"]);
  expect(keys(false)).toEqual(all);
});

test("shows undecryptable messages in one row and no row for renewed keys", () => {
  const closed = (seq: number) => recordEvent(seq, { kind: "sealed", timeUnixMs: seq * DAY_MS });
  const renewed = { kind: "group", body: { change: "update", added: [], removed: [] } };
  const gap = Array.from({ length: 40 }, (_, at) => closed(2 + at));
  const { model } = scene(
    ...gap,
    recordEvent(42, renewed),
    closed(43),
    recordEvent(44, { timeUnixMs: 43 * DAY_MS }),
    { kind: "open", target: "lobby" },
  );
  const { rows } = new RowBuilder().rowsOf(model, utc);
  expect(rows.map(({ key }) => key)).toEqual(["d2", "i2", "d43", "unread", "i44"]);
  expect(rows[1]).toMatchObject({ earlier: { length: 40 } });
});

test("uses the reader's own day", () => {
  const { model } = scene(
    recordEvent(2, { timeUnixMs: DAY_MS - 60_000 }),
    recordEvent(3, { timeUnixMs: DAY_MS }),
    { kind: "open", target: "lobby" },
  );
  const days = (offset: number) =>
    new RowBuilder().rowsOf(model, () => offset).rows.filter(({ kind }) => kind === "day").length;
  expect([days(0), days(2), days(-1), days(-2)]).toEqual([2, 1, 1, 1]);
});

test("reuses the objects of equal rows", () => {
  const maker = new RowBuilder();
  const post = { key: "k", id: "k", to: "lobby", body: { text: "x" }, writtenUnixMs: 0 };
  const open: ModelEvent = { kind: "open", target: "lobby" };
  const first = scene(recordEvent(2), recordEvent(3), open, { kind: "posted", ...post }).model;
  const before = maker.rowsOf(first, utc);
  expect(maker.rowsOf({ ...first }, utc)).toBe(before);
  const next = updateAll(first, [
    recordEvent(4),
    recordEvent(5, { kind: "edit", body: { seq: 3, text: "new" } }),
  ]);
  const after = maker.rowsOf(next.model, utc).rows;
  const reused = (key: string) =>
    after.find((row) => row.key === key) === before.rows.find((row) => row.key === key);
  const keys = ["d0", "unread", "i2", "i3", "pk"];
  expect(keys.map(reused)).toEqual([true, true, true, false, true]);
});

test("hides messages of ignored users, but not their joins", () => {
  const { model } = scene(
    recordEvent(2),
    recordEvent(3, { kind: "join" }),
    recordEvent(4, { from: "cleo" }),
    { kind: "ignored", users: ["Ben"] },
    { kind: "open", target: "lobby" },
  );
  const keys = new RowBuilder().rowsOf(model, utc).rows.map(({ key }) => key);
  expect(keys).toEqual(["d0", "i3", "unread", "i4"]);
});

test("hides hands, reactions and votes of ignored users, but counts the votes", () => {
  const poll = { text: "Tea?\n1. yes\n2. no", poll: { options: 2 } };
  const { model } = scene(
    recordEvent(2, { from: "cleo", body: poll }),
    recordEvent(3, { kind: "hand", body: { user: "ben", on: true } }),
    recordEvent(4, { kind: "vote", body: { re: 2, choices: [1] } }),
    recordEvent(5, { kind: "vote", from: "dora", body: { re: 2, choices: [1] } }),
    recordEvent(6, { kind: "reaction", body: { re: 2, react: "👍" } }),
    recordEvent(7, { kind: "reaction", from: "dora", body: { re: 2, react: "👍" } }),
    recordEvent(8, { kind: "reaction", body: { re: 2, react: "🎉" } }),
    { kind: "open", target: "lobby" },
  );
  const items = (shown: Model) =>
    new RowBuilder()
      .rowsOf(shown, utc)
      .rows.flatMap((row) => (row.kind === "item" ? [row.item] : []));
  expect(items(model).map(({ seq }) => seq)).toEqual([2, 3]);
  const { model: ignoring } = updateAll(model, [{ kind: "ignored", users: ["Ben"] }]);
  expect(items(ignoring)).toMatchObject([
    {
      seq: 2,
      reactions: [{ sign: "👍", by: ["dora"] }],
      poll: { voters: 2, options: [{ count: 2, by: ["dora"] }, { count: 0 }] },
    },
  ]);
  const room = { hands: ["ben", "dora"] };
  expect([shownHands(model, room), shownHands(ignoring, room)]).toEqual([room.hands, ["dora"]]);
});

test("sums joins, departures and removals between two messages in one row", () => {
  const change = (seq: number, kind: string, from: string, timeUnixMs = seq) =>
    recordEvent(seq, { kind, from, timeUnixMs, body: kind === "kick" ? { name: from } : {} });
  const topic = recordEvent(6, { kind: "topic", timeUnixMs: 6, body: { topic: "new" } });
  const maker = new RowBuilder();
  let { model } = scene(recordEvent(2), { kind: "open", target: "lobby" });
  const lines = (by: RowBuilder) =>
    by.rowsOf(model, utc).rows.flatMap((row) => {
      if (row.kind !== "item") return [];
      return `${row.key}: ${[...row.earlier, row.item].map(({ seq }) => seq).join(" ")}`;
    });
  const steps: readonly (readonly [ModelEvent, readonly string[]])[] = [
    [change(3, "join", "cleo"), ["i2: 2", "i3: 3"]],
    [change(4, "leave", "cleo"), ["i2: 2"]],
    [change(5, "join", "dora"), ["i2: 2", "i3: 3 4 5"]],
    [topic, ["i2: 2", "i3: 3 4 5", "i6: 6"]],
    [change(7, "kick", "eve", 7 * DAY_MS), ["i2: 2", "i6: 6", "i3: 3 4 5 7"]],
    [recordEvent(8, { timeUnixMs: 8 * DAY_MS }), ["i2: 2", "i6: 6", "i3: 3 4 5 7", "i8: 8"]],
    [
      change(9, "leave", "dora", 9 * DAY_MS),
      [...["i2: 2", "i6: 6", "i3: 3 4 5 7"], "i8: 8", "i9: 9"],
    ],
  ];
  for (const [event, expected] of steps) {
    model = updateAll(model, [event]).model;
    expect(lines(maker)).toEqual([...expected]);
    expect(lines(maker)).toEqual(lines(new RowBuilder()));
  }
  const days = maker.rowsOf(model, utc).rows.filter(({ kind }) => kind === "day");
  expect(days.map(({ key }) => key)).toEqual(["d0", "d7", "d8", "d9"]);
});

test("sums equal the change of the members, and no departed person is named", () => {
  const people = ["ana", "ben", "cleo", "dora", "eve"];
  const step = fc.record({ person: fc.constantFrom(...people), isKicked: fc.boolean() });
  fc.assert(
    fc.property(fc.subarray(people), fc.array(step, { maxLength: 40 }), (begun, steps) => {
      const members = new Set(begun);
      const events = steps.map(({ person, isKicked }) => {
        if (!members.delete(person)) {
          members.add(person);
          return { kind: "join", from: person, subject: undefined };
        }
        return isKicked
          ? { kind: "kick", from: "mod", subject: person }
          : { kind: "leave", from: person, subject: undefined };
      });
      const { joined, left, removed } = membershipSum(events);
      expect(begun.length + joined.length - left.length - removed.length).toBe(members.size);
      for (const { from } of left) expect(members.has(from)).toBe(false);
      expect(removed).toEqual(events.filter(({ kind }) => kind === "kick"));
      const both = new Set(joined.map(({ from }) => from)).intersection(
        new Set(left.map(({ from }) => from)),
      );
      if (removed.length === 0) expect([...both]).toEqual([]);
    }),
  );
});

test("groups consecutive invitations by one user, but not their removal", () => {
  const invited = (seq: number, from: string, name: string, on = true) =>
    recordEvent(seq, { kind: "admission", from, body: { name, on } });
  const { model } = scene(
    invited(2, "ben", "cleo"),
    invited(3, "ben", "dora"),
    invited(4, "eve", "fay"),
    invited(5, "eve", "gil", false),
    invited(6, "eve", "hal"),
    { kind: "open", target: "lobby" },
  );
  const { rows } = new RowBuilder().rowsOf(model, utc);
  expect(
    rows.flatMap((row) =>
      row.kind === "item" ? [[...row.earlier, row.item].map(({ subject }) => subject)] : [],
    ),
  ).toEqual([["cleo", "dora"], ["fay"], ["gil"], ["hal"]]);
});

const MINUTE_MS = 60_000;

function sent(seq: number) {
  const body = { file: `f${seq}`.padEnd(12, "a"), name: "a.png", size: 1, chunks: 1 };
  const files = [{ ...body, digest: "0a".repeat(32) }];
  return recordEvent(seq, { kind: "file", from: "ben", timeUnixMs: seq, body: { files } });
}

test("gives each message with files a row of its own", () => {
  const { model } = scene(sent(2), sent(3), { kind: "open", target: "lobby" });
  const { rows } = new RowBuilder().rowsOf(model, utc);
  const keys = rows.flatMap((row) => (row.kind === "item" ? [row.key, row.isGrouped] : []));
  expect(keys).toEqual(["i2", false, "i3", true]);
});

test("marks pinned rows", () => {
  const pin = (seq: number, of: number, on: boolean) =>
    recordEvent(seq, { kind: "pin", body: { seq: of, on } });
  const file = { file: "fabcdefghijk", name: "a.txt", size: 1, chunks: 1, digest: "0".repeat(64) };
  const sent = [2, 3].map((seq) => recordEvent(seq, { kind: "file", body: { files: [file] } }));
  const begun = scene(...sent, recordEvent(4), recordEvent(5), {
    kind: "open",
    target: "lobby",
  }).model;
  const maker = new RowBuilder();
  const pinned = (model: typeof begun) =>
    maker
      .rowsOf(model, utc)
      .rows.flatMap((row) => (row.kind === "item" && row.isPinned ? [row.key] : []));
  expect(pinned(begun)).toEqual([]);
  const reused = maker.rowsOf(begun, utc).rows.find(({ key }) => key === "i4");
  const { model } = updateAll(begun, [pin(6, 2, true), pin(7, 5, true)]);
  expect(pinned(model)).toEqual(["i2", "i5"]);
  expect(maker.rowsOf(model, utc).rows.find(({ key }) => key === "i4")).toBe(reused);
  expect(pinned(updateAll(model, [pin(8, 2, false)]).model)).toEqual(["i5"]);
});

function anyItems(count: number) {
  const kind = fc.constantFrom(
    ...[
      "text",
      "text",
      "text",
      "action",
      "join",
      "join",
      "leave",
      "kick",
      "topic",
      "file",
      "sealed",
    ],
  );
  const from = fc.constantFrom("ana", "ben", "cleo");
  const one = fc.record({
    kind,
    from,
    isBack: fc.boolean(),
    day: fc.constantFrom(0, 0, 0, 0, 1, -1),
    re: fc.option(fc.nat(count), { nil: undefined }),
    withheld: fc.constantFrom(undefined, undefined, undefined, undefined, 2),
  });
  return fc.array(one, { minLength: 1, maxLength: count }).map((all) => {
    let day = 0;
    return all.map(({ kind, from, re, withheld, ...time }, i): Item => {
      day += time.isBack ? 0 : Math.abs(time.day);
      const timeUnixMs = (day + Math.min(0, time.day) * Number(time.isBack)) * DAY_MS + i * 1_000;
      const body = kind === "file" ? sent(i + 2) : recordEvent(i + 2);
      if (body.kind !== "record") throw new Error("no record");
      const change = { kind, from, timeUnixMs, ...(withheld === undefined ? {} : { withheld }) };
      const item = itemOf({ ...body.record, ...change } as ChatRecord, "ana", () => false);
      return { ...item, re: re === undefined ? undefined : 1 + (re % (i + 1)) };
    });
  });
}

const looks = (rows: readonly Row[]) =>
  rows.map((row) => (row.kind === "day" ? { ...row, unixMs: 0 } : row));

test("equals freshly built rows after any change", () => {
  const step = fc.record({
    from: fc.nat(40),
    to: fc.nat(40),
    changed: fc.option(fc.nat(39), { nil: undefined, freq: 3 }),
  });
  const room = fc.record({
    items: anyItems(40),
    steps: fc.array(step, { minLength: 2, maxLength: 8 }),
    readAtOpening: fc.option(fc.nat(42), { nil: undefined }),
    isQuiet: fc.boolean(),
    isIgnored: fc.boolean(),
  });
  const { model } = scene({ kind: "open", target: "lobby" });
  fc.assert(
    fc.property(room, ({ items: begun, steps, readAtOpening, isQuiet, isIgnored }) => {
      const maker = new RowBuilder();
      const ignored = new Set(isIgnored ? ["cleo"] : []);
      const items = [...begun];
      for (const { from, to, changed } of steps) {
        const was = changed === undefined ? undefined : items[changed];
        if (changed !== undefined && was !== undefined) items[changed] = { ...was, text: "new" };
        const visible = items.slice(Math.min(from, to), Math.max(from, to));
        const tail = { items: visible, hasOlder: false, hasNewer: false };
        const rooms = new Map([[LOBBY, { ...lobbyOf(model), readAtOpening, tail }]]);
        const now = { ...model, rooms, ignored };
        const { rows } = maker.rowsOf(now, utc, isQuiet);
        const rebuilt = new RowBuilder().rowsOf(now, utc, isQuiet);
        expect(looks(rows)).toEqual(looks(rebuilt.rows));
        for (const { seq } of visible) {
          const jumped = { ...lobbyOf(now), jumpSeq: seq };
          const to = { ...now, rooms: new Map([[LOBBY, jumped]]) };
          const { shownKey } = new RowBuilder().rowsOf(to, utc, isQuiet);
          const row = rows.find(
            (entry) =>
              entry.kind === "item" && [...entry.earlier, entry.item].some((i) => i.seq === seq),
          );
          expect(shownKey).toBe(row?.key);
        }
      }
    }),
  );
});

test("reuses all other rows when pages are added and trimmed", () => {
  const body = { text: "x", re: 15 };
  const all = Array.from({ length: 60 }, (_, i) =>
    recordEvent(i + 2, { from: i % 9 < 5 ? "ben" : "cleo", ...(i === 40 ? { body } : {}) }),
  );
  const { model } = scene(...all, { kind: "open", target: "lobby" });
  const { items } = lobbyOf(model).tail;
  const maker = new RowBuilder();
  let made = 0;
  const counting = () => {
    made++;
    return 0;
  };
  const rowsOf = (from: number, to: number) => {
    made = 0;
    const tail = { items: items.slice(from, to), hasOlder: true, hasNewer: true };
    const rooms = new Map([[LOBBY, { ...lobbyOf(model), readAtOpening: undefined, tail }]]);
    return maker.rowsOf({ ...model, rooms }, counting).rows;
  };
  const answered = (rows: readonly Row[]) =>
    rows.flatMap((row) => (row.kind === "item" && row.answers ? [row.answers.seq] : []));
  const before = new Set(rowsOf(20, 60));
  const older = rowsOf(10, 50);
  expect(older.filter((row) => !before.has(row)).length).toBeLessThanOrEqual(13);
  expect([answered([...before]), answered(older)]).toEqual([[], [15]]);
  expect(made).toBeLessThanOrEqual(13);
  const visible = new Set(older);
  const newer = rowsOf(30, 60);
  expect(newer.filter((row) => !visible.has(row)).length).toBeLessThanOrEqual(13);
  expect(answered(newer)).toEqual([]);
  expect(made).toBeLessThanOrEqual(13);
  rowsOf(30, 59);
  expect(made).toBeLessThanOrEqual(1);
  rowsOf(30, 60);
  expect(made).toBeLessThanOrEqual(2);
});

test("reuses rows when a change does not affect them", () => {
  const { model } = scene(recordEvent(2), recordEvent(3), { kind: "open", target: "lobby" });
  const maker = new RowBuilder();
  const before = maker.rowsOf(model, utc);
  const next = updateAll(model, [
    { kind: "typing", room: LOBBY, users: ["ben"] },
    { kind: "presence", room: LOBBY, user: "ben", online: true },
    seen(2, 3),
  ]).model;
  expect(lobbyOf(next).read).toBe(3);
  expect(maker.rowsOf(next, utc)).toBe(before);
});

test("takes rows as seen by their end or by half of the screen, with all their items", () => {
  const { model } = scene(
    ...[2, 3, 4].map((seq) => recordEvent(seq, { kind: "join", from: `user${seq}` })),
    recordEvent(5),
    recordEvent(6),
    { kind: "open", target: "lobby" },
  );
  const { rows } = new RowBuilder().rowsOf(model, utc);
  const [joins, text, last] = rows.filter(({ kind }) => kind === "item");
  const shown = (row: Row | undefined, isEndShown: boolean, part: number) => ({
    row,
    isEndShown,
    part,
  });
  expect(visibleSpan([])).toBeUndefined();
  expect(visibleSpan([shown(joins, true, 0.1), shown(text, false, 0.5)])).toEqual({
    from: 2,
    to: 4,
  });
  expect(visibleSpan([shown(text, false, 0.6), shown(last, true, 0)])).toEqual({ from: 5, to: 6 });
});

test("sums up the hands and calls between two messages", () => {
  const hand = (seq: number, user: string, body: object, from = user) =>
    recordEvent(seq, { kind: "hand", from, body: { user, name: user, ...body } });
  const call = { on: false, call: true };
  const events = [
    recordEvent(3),
    hand(4, "cleo", { on: true }),
    hand(5, "dora", { on: true }),
    hand(6, "cleo", call, "ben"),
    hand(7, "cleo", { on: false }, "ben"),
    recordEvent(8),
    hand(9, "dora", call, "ben"),
  ];
  const { model } = scene({ kind: "open", target: "lobby" }, ...events);
  const rows = new RowBuilder().rowsOf(model, utc).rows;
  const shown = rows.flatMap((row) =>
    row.kind === "item" ? [[row.key, ...row.earlier.map(({ seq }) => seq), row.item.seq]] : [],
  );
  expect(shown).toEqual([
    ["i3", 3],
    ["i4", 4, 5, 6, 7],
    ["i8", 8],
    ["i9", 9],
  ]);
});
