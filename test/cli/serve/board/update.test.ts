import { expect, test } from "bun:test";
import { BOARD_ROWS_MAX, listedRows } from "../../../../src/cli/serve/board/state.ts";
import { added, BEGUN, EMPTY, FACTS, LESSON, row, run } from "./board-props.ts";

const rowsInput = {
  kind: "rows",
  rows: [],
  erased: new Set<number>(),
  privateCount: 0,
  encryptedCount: 0,
} as const;

test("stops the server only from a menu whose first entry changes nothing", () => {
  expect(run(BEGUN, ["q", "enter"]).effects).toEqual([]);
  expect(run(BEGUN, ["q", "enter"]).state.dialog).toBeUndefined();
  expect(run(BEGUN, ["q", "down", "down", "enter"]).effects).toEqual([{ kind: "stop" }]);
  expect(run(BEGUN, ["q", "up", "enter"]).effects).toEqual([{ kind: "stop" }]);
  expect(run(BEGUN, ["q", "esc", "enter"]).effects).toEqual([]);
});

test("stops when the transfers are done", () => {
  const { state } = run(BEGUN, ["q", "down", "enter"]);
  expect(state.isDraining).toBe(true);
  expect(run(state, [{ kind: "tick" }]).effects).toEqual([]);
  expect(run(state, [{ kind: "tick" }], { facts: FACTS }).effects).toEqual([{ kind: "stop" }]);
  expect(run(state, ["q", "enter", { kind: "tick" }], { facts: FACTS }).effects).toEqual([]);
});

test("stops at the second Ctrl-C within three seconds", () => {
  expect(run(BEGUN, ["ctrl-c"]).effects).toEqual([]);
  expect(run(BEGUN, ["ctrl-c", "ctrl-c"]).effects).toEqual([{ kind: "stop" }]);
  const { state } = run(BEGUN, ["ctrl-c"]);
  expect(run(state, ["ctrl-c"], { now: 4_100 }).effects).toEqual([]);
});

test("ignores Enter that was typed before the menu was visible", () => {
  const { state } = run(BEGUN, ["i"], { now: 1_000 });
  expect(run(state, ["enter"], { now: 1_100 }).effects).toEqual([]);
  const [effect] = run(state, ["enter"], { now: 1_400 }).effects;
  expect(effect).toMatchObject({ kind: "invite", uses: 1 });
});

test("publishes an announcement only at the second Enter", () => {
  const typed = ["a", ..."Page 34"];
  expect(run(BEGUN, [...typed, "enter"]).effects).toEqual([]);
  expect(run(BEGUN, [...typed, "enter", "enter"]).effects).toEqual([
    { kind: "announce", text: "Page 34" },
  ]);
  expect(run(BEGUN, [...typed, "enter", "!", "enter"]).effects).toEqual([]);
  expect(run(BEGUN, [...typed, "esc"]).effects).toEqual([]);
  expect(run(BEGUN, ["a", "enter"]).state.dialog).toBeUndefined();
});

test("withdraws an announcement from the menu", () => {
  const facts = { ...LESSON, announcement: "Page 34" };
  expect(run(BEGUN, ["a", "down", "enter"], { facts }).effects).toEqual([
    { kind: "announce", text: "" },
  ]);
  expect(run(BEGUN, ["a", "enter"], { facts }).state.dialog?.kind).toBe("announce");
});

test("letters of a text field are no keys", () => {
  const { state, effects } = run(BEGUN, ["a", ..."qiv"]);
  expect(effects).toEqual([]);
  expect(state.dialog).toMatchObject({ kind: "announce", editor: { text: "qiv" } });
});

test("leaves the first minute when three people have been here", () => {
  const people = ["ayu", "ayu", "budi"].map((user) => ({ kind: "arrived", user }) as const);
  expect(run(EMPTY, people).state.people).toEqual(["ayu", "budi"]);
  const more = ["citra", "dewi"].map((user) => ({ kind: "arrived", user }) as const);
  expect(run(EMPTY, [...people, ...more]).state.people).toHaveLength(3);
});

test("keeps at most 10,000 rows", () => {
  const rows = Array.from({ length: BOARD_ROWS_MAX }, (_, at) => row(String(at)));
  const state = added(added(BEGUN, ...rows), row("last"));
  expect(state.rows).toHaveLength(BOARD_ROWS_MAX);
  expect(state.rows.at(-1)?.text).toBe("last");
  expect(state.rows[0]?.text).toBe("1");
});

test("removes the rows of erased messages", () => {
  const state = added(BEGUN, row("first", { seq: 4 }), row("second", { seq: 5 }));
  const after = run(state, [{ ...rowsInput, erased: new Set([4]) }]).state;
  expect(after.rows.map(({ text }) => text)).toEqual(["second"]);
});

test("joins the raised hands of a room in one row", () => {
  const hand = (raised: number) =>
    row("x", { kind: "event", from: undefined, hands: { raised, called: 1 - raised } });
  const state = added(BEGUN, hand(1), hand(1), hand(0), hand(1));
  expect(state.rows.map(({ text }) => text)).toEqual(["3 hands, 1 called on"]);
  expect(added(state, row("a text"), hand(1)).rows).toHaveLength(3);
});

test("lists connections only on request", () => {
  const connected = row("192.168.1.33", { kind: "connection", label: "connected" });
  const state = added(BEGUN, row("hello"), connected);
  expect(listedRows(state)).toHaveLength(1);
  expect(listedRows(run(state, ["v"]).state)).toHaveLength(2);
  expect(listedRows({ ...state, isQuiet: true })).toEqual([]);
});

test("scrolls by pages, and stays there while rows arrive", () => {
  const state = added(BEGUN, ...Array.from({ length: 20 }, (_, at) => row(String(at))));
  const up = run(state, ["pageup"]).state;
  expect(up.bottom).toBe(15);
  expect(added(up, row("new")).bottom).toBe(15);
  expect(run(up, ["pagedown"]).state.bottom).toBeUndefined();
  expect(run(up, ["ctrl-end"]).state.bottom).toBeUndefined();
  expect(run(state, Array(9).fill("pageup")).state.bottom).toBe(5);
});

test("finds in the log, and Esc closes one thing", () => {
  const state = added(BEGUN, row("one apple"), row("two pears"));
  const found = run(state, ["l", "/", ..."PEAR", "enter"]).state;
  expect(listedRows(found).map(({ text }) => text)).toEqual(["two pears"]);
  const closed = run(found, ["esc"]).state;
  expect([closed.view, closed.search]).toEqual(["log", undefined]);
  expect(run(closed, ["esc"]).state.view).toBe("messages");
});

test("a fault stands until it is over", () => {
  const fault = { kind: "fault", subject: "disk", text: "Disk: 1 MB free" } as const;
  const { state } = run(BEGUN, [fault, "q", "esc"]);
  expect([...state.faults.values()]).toEqual(["Disk: 1 MB free"]);
  expect(run(state, [{ ...fault, text: undefined }]).state.faults.size).toBe(0);
});
