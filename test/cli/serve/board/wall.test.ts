import { expect, test } from "bun:test";
import { join } from "node:path";
import { toBase64Url } from "../../../../src/base/bytes.ts";
import { drawQr } from "../../../../src/cli/output/qr.ts";
import { widthOf } from "../../../../src/cli/screen/view/style.ts";
import { bigText } from "../../../../src/cli/serve/board/big-letters.ts";
import { CountedWork } from "../../../../src/cli/serve/board/facts.ts";
import { boardFrame, type CodePainter } from "../../../../src/cli/serve/board/frame.ts";
import type { BoardFacts } from "../../../../src/cli/serve/board/state.ts";
import { wallFacts, wallWork } from "../../../../src/cli/serve/board/wall-facts.ts";
import { WallPolls } from "../../../../src/cli/serve/board/wall-polls.ts";
import { BALLOT_NONCE_BYTES, sealBallot } from "../../../../src/core/rooms/ballot.ts";
import type { Room } from "../../../../src/core/rooms/rooms.ts";
import { ANA, BEN, ROOM } from "../../../core/ledger.ts";
import { expectGolden } from "../../../golden.ts";
import { accounts, RoomLedger, registry } from "./board-ledger.ts";
import { BEGUN, FACTS, LESSON, pollOf, props, run, textOf, wallOf } from "./board-props.ts";

const GOLDEN = join(import.meta.dir, "golden");
const NAMES = ["Rina", "Doni", "Tari", "Wawan", "Gita", "Hana", "Indah", "Joko"];
const paint: CodePainter = (text, columns, isLarge) => drawQr(text, columns, false, isLarge);
const POLL = pollOf(["2/5", "5/6"]);
const { state: OPEN } = run(BEGUN, ["w"]);
const WALL: BoardFacts = {
  ...LESSON,
  announcement: "Page 34, numbers 1 to 5, until 08:30",
  wall: wallOf({ names: NAMES, poll: POLL }),
};

function drawn(facts = WALL, columns = 80, rows = 24, state = OPEN): string[] {
  return textOf(boardFrame(props(state, facts, columns, rows), paint));
}

test.each([
  [80, 24],
  [120, 40],
  [160, 45],
  [200, 60],
  [50, 15],
])("draws the wall in %d columns and %d rows", (columns, rows) => {
  const lines = drawn(WALL, columns, rows);
  expect(lines).toHaveLength(rows);
  for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
  expectGolden(join(GOLDEN, `wall-${columns}x${rows}.txt`), `${lines.join("\n")}\n`);
});

test("has no hidden votes, and no messages", () => {
  const poll = pollOf(["2/5", "5/6"], { isHidden: true, hide: "end", voters: 18 });
  const wall = wallOf({ names: NAMES, poll });
  const rows = drawn({ ...WALL, wall });
  const text = rows.filter((row) => /2\/5|5\/6|voted|Votes/.test(row)).join("\n");
  expect(text).toContain("18 of 18 voted");
  expect(text).toContain("Votes show when the poll ends");
  expect(text).not.toMatch(/\b(?:11|7)\b|█{3}.*█{3}.*█{3} {2,}\d/);
});

test("has numbers in place of names, by a key and for all walls of a moderator", () => {
  const wall = wallOf({ names: NAMES, poll: POLL, showsNames: false });
  const text = drawn({ ...WALL, wall }).join("\n");
  for (const name of NAMES) expect(text).not.toContain(name);
  expect(text).toContain("then 1, 2, 3, 4 +3");
  expect(run(BEGUN, ["w", "n"]).state.hidesNames).toBe(true);
  expect(run(BEGUN, ["w", "n", "n"]).state.hidesNames).toBe(false);
});

test("any key shows the keys for five seconds", () => {
  const { state } = run(BEGUN, ["w", "x"]);
  expect(drawn(WALL, 80, 24, state).at(-1)).toBe(" w or Esc board · n names · q stop".padEnd(0));
  const ticks = Array.from({ length: 5 }, () => ({ kind: "tick" }) as const);
  expect(drawn(WALL, 80, 24, run(state, ticks).state).at(-1)).toContain("Page 34");
  for (const key of ["w", "esc"]) expect(run(state, [key]).state.view).toBe("messages");
  // No other letter of the board acts, so that nobody publishes or shows anything by mistake.
  for (const key of ["i", "a", "c", "l", "?", "v"]) {
    expect(run(state, [key]).state).toMatchObject({ view: "wall", dialog: undefined });
  }
  expect(drawn(WALL, 80, 24, run(state, ["q"]).state)).toContain(" ▸ Keep running");
  expect(run(state, ["ctrl-z"]).effects).toEqual([{ kind: "suspend" }]);
});

test("steps down: names and addresses are never cut", () => {
  const long = "Muhammad-Abdurrahman-Wahid-Hasyim-Asyari-Dewantara-Kusumanegara";
  for (const name of [long, "Ömer", "علي", "李小龙"]) {
    const wall = wallOf({ names: [name, ...NAMES] });
    for (const [columns, rows] of [
      [80, 24],
      [50, 15],
    ] as const) {
      const text = drawn({ ...WALL, wall }, columns, rows).map((row) => row.slice(34).trim());
      const whole = drawn({ ...WALL, wall }, columns, rows)
        .join("")
        .replaceAll(/\s/g, "");
      expect(columns === 80 ? text.join("") : whole).toContain(name);
    }
  }
  const small = drawn({ ...WALL, wall: wallOf({ names: NAMES }) }, 40, 8).map((row) => row.trim());
  expect(small).toContain("Rina");
  const page = "https://a-very-long-name.of-a-school.example.org:2428/";
  const addresses = { ...FACTS.addresses, page };
  const rows = drawn({ ...WALL, addresses });
  expect(rows).toContain(`   ${page}`);
  expect(
    drawn({ ...WALL, addresses }, 50, 15)
      .join("")
      .replaceAll(" ", ""),
  ).toContain(page);
  const local = { ...addresses, page: "http://127.0.0.1:8080/", link: undefined };
  expect(drawn({ ...WALL, addresses: local }).join("\n")).toContain("   http://");
  expect(drawn({ ...WALL, addresses: local }).filter((row) => row.includes("▄▄▄▄▄"))).toEqual([]);
});

test("says what to do while nothing is live", () => {
  const wall = { ...wallOf({ names: [] }), work: [] };
  expect(drawn({ ...FACTS, wall }).join("\n")).toContain("Scan the code, or type the address.");
});

test("large letters have three by five pixels", () => {
  expect(bigText("a1", 7, false)).toEqual(["▄▀▄ ▄█ ", "█▀█  █ ", "▀ ▀ ▀▀▀"]);
  expect(bigText("-", 6, true)).toEqual(["      ", "      ", "██████", "      ", "      "]);
  expect(bigText("a1", 6, false)).toBeUndefined();
  expect(bigText("é", 9, false)).toBeUndefined();
  expect(bigText("", 9, false)).toBeUndefined();
});

const KEY = toBase64Url(new Uint8Array(32).fill(7));
const BALLOT = sealBallot(KEY, new Uint8Array(BALLOT_NONCE_BYTES), [2]);

function polled(body: object) {
  const ledger = new RoomLedger();
  const polls = new WallPolls((id) => registry.nameOf(id as never));
  const note = (...args: Parameters<RoomLedger["write"]>) => {
    const record = ledger.write(...args);
    polls.note(record, ledger.rooms.get(record.head.room as never) as Room);
    return record;
  };
  const poll = { options: 2, ...body };
  const { seq } = note("text", ROOM, ANA, { text: "Trip?\n1. sea\n2. hills", poll }).head;
  const counts = () => {
    const { poll: view } = polls.newest(accounts.time) ?? {};
    return view && [view.isHidden, view.voters, ...view.options.map(({ count }) => count)];
  };
  return { ledger, polls, note, seq, counts };
}

test("counts the votes of a poll from its records", () => {
  const { note, seq, counts, polls } = polled({});
  expect(counts()).toEqual([false, 0, 0, 0]);
  note("vote", ROOM, ANA, { re: seq, choices: [1] });
  const { head } = note("vote", ROOM, BEN, { re: seq, choices: [2] });
  note("vote", ROOM, ANA, { re: seq, choices: [2] });
  expect(counts()).toEqual([false, 2, 0, 2]);
  const ended = note("poll", ROOM, ANA, { seq, on: false }).head;
  expect(polls.newest(ended.time + 59_000)?.poll.isClosed).toBe(true);
  expect(polls.newest(ended.time + 61_000)).toBeUndefined();
  expect(head.kind).toBe("vote");
});

test("shows no votes of a poll that hides them", () => {
  for (const hide of ["vote", "end"]) {
    const { note, seq, counts } = polled({ hide });
    const vote = hide === "end" ? { ballot: BALLOT, choices: [] } : { choices: [2] };
    note("vote", ROOM, BEN, { re: seq, ...vote });
    expect(counts()).toEqual([true, 1, undefined, undefined]);
    note("poll", ROOM, ANA, { seq, on: false, ...(hide === "end" ? { key: KEY } : {}) });
    expect(counts()).toEqual([false, 1, 0, 1]);
  }
});

test("forgets an erased poll, and knows none of private rooms", () => {
  const { note, seq, counts, ledger, polls } = polled({});
  note("erase", ROOM, ANA, { seq });
  expect(counts()).toBeUndefined();
  const pair = "dDDDDDDDDDDD";
  ledger.write("room", pair, "server", { direct: [ANA, BEN] });
  note("text", pair, ANA, { text: "Us?\n1. a\n2. b", poll: { options: 2 } });
  expect(polls.newest(accounts.time)).toBeUndefined();
});

/** Walls of the rooms of a ledger, in which bu_sari, an operator if asked for, has led #math. */
function wallsOf(ledger: RoomLedger, polls?: WallPolls, accountsOf = registry) {
  return (hidesNames = false) => {
    const here = [BEN, ANA].flatMap((id) => accountsOf.get(id) ?? []);
    const unixMs = accounts.time;
    const source = { rooms: ledger.rooms, registry: accountsOf, here, polls, hidesNames };
    return wallFacts({ ...source, unixMs, work: wallWork(source, unixMs) });
  };
}

test("shows hands of the fullest room, a moderator's line, time and choice of names", () => {
  const { ledger } = polled({});
  const view = (hidesNames = false) => wallsOf(ledger)(hidesNames).view;
  expect(view()).toMatchObject({ call: undefined, isLesson: false, timer: undefined });
  ledger.write("hand", ROOM, ANA, { user: ANA, name: "ana", on: true });
  ledger.write("hand", ROOM, BEN, { user: BEN, name: "bu_sari", on: true });
  expect(view().call).toMatchObject({ name: "ana", speaks: false, place: 1 });
  expect(view().queue.map(({ name }) => name)).toEqual(["Bu Sari"]);
  expect(view(true).call).toMatchObject({ name: "", place: 1 });
  const body = { on: true, scene: "timer", line: "Page 34", lengthMs: 60_000, leftMs: 60_000 };
  ledger.write("wall", ROOM, BEN, { ...body, names: "none" });
  expect(view()).toMatchObject({ line: "Page 34", timer: { text: "1:00" }, call: { name: "" } });
});

test("shows nothing of rooms that no operator leads, and no polls of members", () => {
  const { ledger, polls, note } = polled({});
  const isOperator = (id: string) => id === BEN;
  const led = {
    ...registryParts(),
    policy: { isOperator, hasOperator: true },
  } as unknown as typeof registry;
  const shown = () => wallsOf(ledger, polls, led)().view;
  ledger.write("hand", ROOM, ANA, { user: ANA, name: "ana", on: true });
  ledger.write("grant", ROOM, BEN, { user: ANA, on: true });
  ledger.write("wall", ROOM, ANA, { on: true, line: "an insult" });
  expect(shown()).toMatchObject({ call: undefined, poll: undefined, line: "" });
  // Without an operator, each room counts.
  expect(wallsOf(ledger, polls)().view).toMatchObject({ line: "an insult", call: { name: "ana" } });
  ledger.write("grant", ROOM, BEN, { user: BEN, on: true });
  expect(shown()).toMatchObject({ line: "an insult", call: { name: "ana" } });
  expect(shown().poll).toMatchObject({ question: "Trip?" });
  ledger.write("grant", ROOM, BEN, { user: ANA, on: false });
  expect(shown().poll).toBeUndefined();
  note("text", ROOM, BEN, { text: "Where?\n1. a\n2. b", poll: { options: 2 } });
  expect(shown().poll).toMatchObject({ question: "Where?" });
});

function registryParts() {
  return {
    get: registry.get.bind(registry),
    nameOf: registry.nameOf.bind(registry),
    all: registry.all.bind(registry),
  };
}

test("shows who speaks in the round of a stand-up, and who is next", () => {
  const { ledger } = polled({});
  ledger.write("wall", ROOM, BEN, { on: true, round: [ANA, "uZZZZZZZZZZZ", BEN], turn: 2 });
  const view = (hidesNames = false) => wallsOf(ledger)(hidesNames).view;
  expect(view().call).toMatchObject({ name: "Bu Sari", speaks: true });
  ledger.write("wall", ROOM, BEN, { on: true, round: [ANA, BEN], turn: 0 });
  expect(view().call).toMatchObject({ name: "ana", speaks: true });
  expect(view().queue.map(({ name }) => name)).toEqual(["Bu Sari"]);
  expect(view(true).call).toMatchObject({ name: "" });
});

test("counts the work again after a record and a minute, and not in between", () => {
  const counted: number[] = [];
  const work = new CountedWork((unixMs) => {
    counted.push(unixMs);
    return [];
  });
  for (const unixMs of [0, 1_000, 59_999]) work.at(unixMs);
  expect(counted).toEqual([0]);
  work.noteRecord();
  for (const unixMs of [59_999, 59_999, 60_000, 61_000]) work.at(unixMs);
  expect(counted).toEqual([0, 59_999, 60_000]);
});
