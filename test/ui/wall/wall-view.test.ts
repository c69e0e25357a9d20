import { expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import { newRoom } from "../../../src/core/model/room.ts";
import type { Member, PollView, RoomState } from "../../../src/core/model/state.ts";
import { wallNames } from "../../../src/ui/wall/wall-names.ts";
import {
  arrivalsAfter,
  NARROW_SCREEN,
  nextStep,
  spokenChange,
  timerText,
  type WallSource,
  WIDE_SCREEN,
  wallView,
} from "../../../src/ui/wall/wall-view.ts";

const LONGEST = "Muhammad Raka Adityawarman Kusumanegara Hadi Wicaksono Putra";
const ROOM: RoomState = newRoom({
  kind: "room",
  room: "r1" as RoomId,
  name: "lab",
  n: 1,
  skipped: 0,
});

function member(name: string, isOnline = true, role = "member"): Member {
  return { name, isOnline, role };
}

function people(count: number, online = count): readonly Member[] {
  return Array.from({ length: count }, (_, i) => member(`p${i}`, i < online));
}

type Given = Partial<Omit<WallSource, "model" | "room">> & {
  readonly room?: Partial<RoomState>;
  readonly names?: Readonly<Record<string, string>>;
};

function view({ room: fields, names = {}, wall, ...given }: Given = {}) {
  const room = { ...ROOM, ...fields };
  return wallView({
    model: { ignored: new Set(), displayNames: new Map(Object.entries(names)) },
    room,
    wall: wall ?? { scene: "lesson", names: "first" },
    poll: undefined,
    arrivals: arrivalsAfter([], room),
    work: undefined,
    screen: WIDE_SCREEN,
    unixMs: 0,
    ...given,
  });
}

function poll(counts: readonly number[], rules: Partial<PollView> = {}): PollView {
  let voter = 0;
  return {
    question: "Real?",
    options: counts.map((count, index) => ({
      option: `option ${index}`,
      count,
      by: Array.from({ length: count }, () => `p${voter++}`),
      isMine: false,
    })),
    voters: counts.reduce((sum, count) => sum + count, 0),
    many: false,
    anonymous: false,
    hide: undefined,
    isHidden: false,
    hasVoted: false,
    untilUnixMs: undefined,
    isClosed: false,
    ...rules,
  };
}

test("shows the next hand, four more by name, and the number of the others", () => {
  const hands = Array.from({ length: 40 }, (_, i) => `p${i}`);
  const { call, queue, moreHands } = view({ room: { hands } });
  expect(call).toMatchObject({ user: "p0", speaks: false, place: 1 });
  expect(queue.map(({ user, place }) => [user, place])).toEqual([
    ["p1", 2],
    ["p2", 3],
    ["p3", 4],
    ["p4", 5],
  ]);
  expect(moreHands).toBe(35);
  expect(view({ room: { hands: hands.slice(0, 6) } })).toMatchObject({ moreHands: 0 });
  expect(view({ room: { hands: ["p0"] } }).queue).toEqual([]);
});

test("somebody who was called on speaks before all hands", () => {
  const { call, queue } = view({ room: { hands: ["p1", "p2"], called: "p9" } });
  expect(call).toMatchObject({ user: "p9", speaks: true, place: undefined });
  expect(queue.map(({ user }) => user)).toEqual(["p1", "p2"]);
});

test("long names are smaller, and never cut", () => {
  const size = (name: string) =>
    view({ room: { hands: ["p0"] }, names: { p0: name }, wall: { scene: "lesson", names: "full" } })
      .call;
  expect(size("a".repeat(14))?.size).toBe("short");
  expect(size("a".repeat(15))?.size).toBe("long");
  expect(size("a".repeat(30))?.size).toBe("long");
  expect(size(LONGEST)).toMatchObject({ size: "longest", name: LONGEST });
});

test("first names get the first letter of the last where two share one", () => {
  const names = new Map([
    ["ana", "Dewi Anggraini"],
    ["ben", "Dewi Lestari"],
    ["cleo", "Bu Sari Handayani"],
    ["dan", "عبد الرحمن القاسم"],
    ["eve", "Gita Ratna"],
    ["fay", "Fajar Hidayat"],
    ["gus", "Fajar Hakim"],
  ]);
  const shown = wallNames([...names.keys(), "hal"], { displayNames: names }, "first");
  expect([...shown.values()]).toEqual([
    ...["Dewi A.", "Dewi L.", "Bu Sari", "عبد الرحمن", "Gita", "Fajar Hidayat", "Fajar Hakim"],
    "hal",
  ]);
  expect(wallNames(["ana"], { displayNames: names }, "full").get("ana")).toBe("Dewi Anggraini");
});

test("without names, nobody is named, and hands are numbers", () => {
  const wall = { scene: "lesson", names: "none" } as const;
  const room = { hands: ["p0", "p1"], members: people(3) };
  const shown = view({ room, wall, poll: poll([2, 1]) });
  expect(shown.call).toMatchObject({ user: undefined, name: "", place: 1 });
  expect(shown.here.faces.map(({ place }) => place)).toEqual([1, 2, undefined]);
  expect(shown.poll?.bars.map(({ faces }) => faces.length)).toEqual([0, 0]);
  expect(JSON.stringify(shown)).not.toMatch(/"p\d"/);
});

test("hides votes until the poll ends, also from a wall whose account has voted", () => {
  for (const hide of ["vote", "end"] as const) {
    const open = view({ poll: poll([3, 1], { hide, hasVoted: true }) }).poll;
    expect(open).toMatchObject({ isHidden: true, voted: 4 });
    expect(open?.bars.map(({ count, part, faces, more }) => [count, part, faces, more])).toEqual([
      [undefined, 0, [], 0],
      [undefined, 0, [], 0],
    ]);
    const closed = view({ poll: poll([3, 1], { hide, isClosed: true }) }).poll;
    expect(closed?.bars.map(({ count }) => count)).toEqual([3, 1]);
  }
});

test("bars are shares of the votes up to four options, and then parts of the most votes", () => {
  const parts = (counts: readonly number[], rules: Partial<PollView> = {}) =>
    view({ poll: poll(counts, rules) }).poll?.bars.map(({ part }) => Math.round(part * 100) / 100);
  expect(parts([3, 6])).toEqual([0.33, 0.67]);
  expect(parts([0, 0])).toEqual([0, 0]);
  expect(parts([4, 2], { many: true, voters: 4 })).toEqual([1, 0.5]);
  expect(parts([9, 3, 0, 0, 0])).toEqual([1, 0.33, 0, 0, 0]);
});

test("all options with the most votes are first when the poll is closed, and none before", () => {
  const first = (counts: readonly number[], isClosed: boolean) =>
    view({ poll: poll(counts, { isClosed }) }).poll?.bars.map(({ isFirst }) => isFirst);
  expect(first([2, 2, 1], true)).toEqual([true, true, false]);
  expect(first([0, 0], true)).toEqual([false, false]);
  expect(first([2, 1], false)).toEqual([false, false]);
});

test("faces ride on a bar as many as fit, if the poll is not anonymous", () => {
  const [bar] = view({ poll: poll([300, 0]) }).poll?.bars ?? [];
  expect([bar?.faces.length, bar?.more]).toEqual([19, 281]);
  const [small] = view({ poll: poll([300, 0]), screen: NARROW_SCREEN }).poll?.bars ?? [];
  expect([small?.faces.length, small?.more]).toEqual([13, 287]);
  const [anonymous] = view({ poll: poll([3, 0], { anonymous: true }) }).poll?.bars ?? [];
  expect([anonymous?.faces.length, anonymous?.more]).toEqual([0, 0]);
  expect(view({ poll: poll([3, 0, 0, 0, 0]) }).poll?.bars[0]?.faces).toEqual([]);
});

test("counts who voted of the members without moderators and programs", () => {
  const members = [
    ...people(11),
    member("sari", true, "moderator"),
    { ...member("bot"), isBot: true },
  ];
  expect(view({ room: { members }, poll: poll([9]) }).poll).toMatchObject({ voted: 9, of: 11 });
  const leads = [member("a", true, "moderator"), member("b", true, "moderator")];
  expect(view({ room: { members: leads }, poll: poll([1]) }).poll).toMatchObject({ of: 2 });
});

test("shows faces with names up to 12, then without, and a number for those who do not fit", () => {
  const here = (count: number, screen = WIDE_SCREEN) =>
    view({ room: { members: people(count) }, screen }).here;
  expect(here(0)).toMatchObject({ count: 0, faces: [], more: 0, isMany: false });
  expect(here(12)).toMatchObject({ count: 12, more: 0, isMany: false });
  expect(here(13)).toMatchObject({ count: 13, more: 0, isMany: true });
  expect(here(45)).toMatchObject({ more: 0 });
  expect(here(300)).toMatchObject({ count: 300, more: 256, isMany: true });
  expect(here(300, NARROW_SCREEN).faces).toHaveLength(35);
});

test("before a lesson, people who are missing have a place and no name", () => {
  const wall = { scene: "door", names: "first" } as const;
  const { here } = view({ room: { members: people(12, 7) }, wall });
  expect(here).toMatchObject({ count: 7, of: 12, slots: 5, isMany: false });
  expect(JSON.stringify(here)).not.toContain("p8");
  expect(view({ room: { members: people(300, 100) }, wall }).here).toMatchObject({
    count: 100,
    of: 300,
    slots: 0,
    more: 56,
  });
});

test("counts work, and shows who has handed in but never who has not", () => {
  const room = { members: people(11) };
  const { work } = view({ room, work: { done: ["p1", "p2"], of: 11 } });
  expect(work).toMatchObject({ done: 2, of: 11, slots: 9 });
  expect(work?.faces.map(({ user }) => user)).toEqual(["p1", "p2"]);
  expect(view({ room, work: { done: ["p1"], of: 300 } }).work).toMatchObject({
    faces: [],
    slots: 0,
  });
});

test("a timer begins with its whole time and stops at 0:00", () => {
  expect([300_000, 299_999, 1, 0, 3_900_000, 86_400_000].map(timerText)).toEqual([
    ...["5:00", "5:00", "0:01", "0:00", "1:05:00", "24:00:00"],
  ]);
  const timer = { lengthMs: 60_000, until: 100_000 };
  const at = (unixMs: number) =>
    view({ wall: { scene: "timer", names: "first", ...timer }, unixMs }).timer;
  expect(at(55_000)).toMatchObject({ text: "0:45", part: 0.75, isUp: false });
  expect(at(100_000)).toMatchObject({ text: "0:00", part: 0, isUp: true });
  // The clock of this device was put back.
  expect(at(0)).toMatchObject({ text: "1:00", part: 1 });
});

test("a room that nobody can join by its address has no door", () => {
  expect(view().hasDoor).toBe(true);
  for (const room of [{ isClosed: true }, { isSealed: true }, { people: ["ana"] }])
    expect(view({ room }).hasDoor).toBe(false);
});

test("people come in at the end, and keep their place", () => {
  const first = arrivalsAfter([], { members: [member("ana"), member("zoe", true, "moderator")] });
  expect(first).toEqual(["zoe", "ana"]);
  const members = [member("ana"), member("ben"), member("zoe", false), member("abe", false)];
  const second = arrivalsAfter(first, { members });
  expect(second).toEqual(["ana", "ben"]);
  expect(arrivalsAfter(second, { members })).toBe(second);
  expect(arrivalsAfter(["ana"], { members: undefined })).toEqual([]);
});

test("hostile text is cleaned", () => {
  const shown = view({
    room: { title: "x\u202ey", hands: ["p0"] },
    wall: { scene: "lesson", names: "full", line: "a\u001b[2Jb" },
    names: { p0: "Ev\u202ee" },
    poll: poll([1], { question: "q\u0007" }),
  });
  const all = JSON.stringify(shown);
  expect(all).not.toMatch(/\u202e|\u001b|\u0007|\\u00(?:07|1b)/);
});

test("the next step is a timer that rang, then the hand, then the poll", () => {
  const wall = { scene: "lesson", names: "first" } as const;
  const up = { ...wall, lengthMs: 5, until: 0 };
  const room = { hands: ["p0"] };
  expect(nextStep(view({ room, wall: up }))).toBe("stop-timer");
  expect(nextStep(view({ room, poll: poll([1]) }))).toBe("call");
  expect(nextStep(view({ room: { ...room, called: "p1" } }))).toBe("done");
  expect(nextStep(view({ poll: poll([1]) }))).toBe("close-poll");
  expect(nextStep(view({ poll: poll([1], { isClosed: true }) }))).toBe("start-timer");
  expect(nextStep(view())).toBe("start-timer");
});

test("says who is next, that a poll was closed and that time is up, each once", () => {
  const wall = { scene: "lesson", names: "first" } as const;
  const timer = { lengthMs: 5_000, until: 5_000 };
  const one = view({ room: { hands: ["p0"] } });
  expect(spokenChange(undefined, one)).toBeUndefined();
  expect(spokenChange(view(), one)).toEqual({ kind: "next", name: "p0" });
  expect(spokenChange(one, one)).toBeUndefined();
  expect(spokenChange(one, view({ room: { called: "p0" } }))).toEqual({
    kind: "speaks",
    name: "p0",
  });
  const open = view({ poll: poll([1]) });
  expect(spokenChange(open, view({ poll: poll([1], { isClosed: true }) }))).toBe("poll-closed");
  const running = view({ wall: { ...wall, ...timer } });
  expect(spokenChange(running, view({ wall: { ...wall, ...timer }, unixMs: 6_000 }))).toBe("up");
  const nobody = { ...wall, names: "none" } as const;
  expect(
    spokenChange(view({ wall: nobody }), view({ wall: nobody, room: { hands: ["p0"] } })),
  ).toBe(undefined);
});

test("a round shows who has spoken, who speaks and who is next", () => {
  const round = Array.from({ length: 20 }, (_, i) => `p${i}`);
  const at = (turn: number, names = "first") =>
    view({ room: { hands: ["p5"] }, wall: { scene: "lesson", names, round, turn } });
  const shown = at(6);
  expect(shown.call).toMatchObject({ user: "p6", speaks: true });
  expect(shown.queue.map(({ user }) => user)).toEqual(["p7"]);
  expect(shown).toMatchObject({ moreHands: 0, isLesson: false });
  expect(shown.round?.people.map(({ name, state }) => `${name} ${state}`)).toEqual([
    ...["p2 done", "p3 done", "p4 done", "p5 done", "p6 now"],
    ...["p7 later", "p8 later", "p9 later", "p10 later"],
  ]);
  expect(shown.round?.more).toBe(9);
  expect(at(19)).toMatchObject({ queue: [], round: { more: 0 } });
  expect(at(20).call).toBeUndefined();
  expect(at(0, "none").round?.people.every(({ user, name }) => !user && !name)).toBe(true);
  expect(nextStep(at(6))).toBe("next-turn");
  expect(nextStep(at(19))).toBe("end-round");
});

test("three and four options are beside their bars below the turn", () => {
  const dense = (counts: readonly number[], hands: readonly string[]) =>
    view({ room: { hands }, poll: poll(counts) }).poll;
  expect(dense([1, 2], ["p9"])?.isDense).toBe(false);
  expect(dense([1, 2, 3], ["p9"])?.isDense).toBe(true);
  expect(dense([1, 2, 3, 4], [])?.isDense).toBe(false);
  expect(dense([1, 2, 3, 4, 5], ["p9"])).toMatchObject({ isDense: false, isMany: true });
  // A bar beside its option has places for fewer faces.
  expect(dense([0, 0, 20], ["p9"])?.bars[2]).toMatchObject({ more: 5 });
  expect(dense([0, 0, 20], [])?.bars[2]).toMatchObject({ more: 0 });
});
