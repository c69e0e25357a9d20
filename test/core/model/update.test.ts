import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { RoomId } from "../../../src/base/ids.ts";
import {
  CLOSED_ROOM_ITEMS_MAX,
  PAGE_ROOM_ITEMS_MAX,
  ROOM_CHANGES_MAX,
} from "../../../src/base/limits-page.ts";
import { TIMELINE_ROOMS_MAX } from "../../../src/core/client/timeline.ts";
import type { ModelEvent } from "../../../src/core/model/event.ts";
import { isSettled } from "../../../src/core/model/selectors.ts";
import type { Item, Model, RoomState } from "../../../src/core/model/state.ts";
import { emptyModel, updateAll } from "../../../src/core/model/update.ts";
import { waitingView } from "../../../src/core/model/waiting.ts";
import { sampleSize } from "../../samples.ts";
import { LOBBY, lobbyOf, record, recordEvent, scene } from "../model-scene.ts";
import { ModelWorld } from "../model-world.ts";

const ROOMS = ["lobby", "den", "attic"];
const FOLDED = new Set(["room", "edit", "erase", "reaction"]);

type Step = (world: ModelWorld, later: (() => void)[]) => void;

const room = fc.constantFrom(...ROOMS);
const seq = fc.nat({ max: 60 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(room, fc.constantFrom("ana", "ben")).map(postStep) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom("edit", "reaction", "erase"), seq).map(of) },
  { weight: 6, arbitrary: fc.nat({ max: 6 }).map(delivering) },
  { weight: 2, arbitrary: fc.constant<Step>((world) => world.link()) },
  { weight: 1, arbitrary: fc.constant<Step>((world) => world.lose()) },
  { weight: 4, arbitrary: fc.constant<Step>((world) => world.answer()) },
  { weight: 4, arbitrary: fc.tuple(room, fc.constantFrom("older", "newer")).map(reaching) },
  { weight: 2, arbitrary: fc.tuple(room, seq).map(jumping) },
  { weight: 2, arbitrary: room.map(opening) },
  { weight: 1, arbitrary: room.map(bottom) },
  { weight: 3, arbitrary: fc.tuple(room, fc.nat({ max: 8 })).map(seeing) },
  { weight: 1, arbitrary: room.map(leaving) },
  { weight: 2, arbitrary: room.map(joining) },
  { weight: 2, arbitrary: fc.tuple(room, seq).map(readingElsewhere) },
  { weight: 3, arbitrary: room.map(posting) },
  { weight: 3, arbitrary: fc.constant<Step>((_, later) => later.shift()?.()) },
);

test("shows a delayed answer until it arrives or the link ends", () => {
  const delay = { of: "address", untilUnixMs: 2_000 } as const;
  const { model } = updateAll(emptyModel(), [{ kind: "guess-delay", delay }]);
  expect(model.guessDelay).toEqual(delay);
  const after = (event: ModelEvent) => updateAll(model, [event]).model.guessDelay;
  expect(after({ kind: "guess-delay", delay: undefined })).toBeUndefined();
  expect(after({ kind: "connection", connection: { kind: "connecting" } })).toBeUndefined();
});

function delivering(count: number): Step {
  return (world) => world.deliver(count);
}

function opening(target: string): Step {
  return (world) => world.notify({ kind: "open", target });
}

function leaving(name: string): Step {
  return (world) => world.leave(name);
}

function joining(name: string): Step {
  return (world) => world.join(name);
}

function readingElsewhere([name, n]: readonly [string, number]): Step {
  return (world) => world.readElsewhere(name, n);
}

function postStep([name, from]: readonly [string, string]): Step {
  return (world) => {
    const text = `word ${world.log.length}`;
    const isCall = world.log.length % 2 === 0;
    const body = isCall ? { text: `@ana ${text}`, mentions: ["ana"] } : { text };
    world.record(name, from, "text", body);
  };
}

function of([kind, choice]: readonly [string, number]): Step {
  return (world) => {
    const message = world.log[choice % Math.max(1, world.log.length)];
    if (message === undefined || message.kind !== "text" || message.erased === true) return;
    const id = message.room.id;
    const from = message.from ?? "";
    const text = choice % 3 === 0 ? `@ana ${choice}` : `${choice}`;
    if (kind === "edit") world.record(id, from, "edit", { seq: message.seq, text });
    if (kind === "reaction") world.record(id, "ben", "reaction", { re: message.seq, react: "+" });
    const edits = world.of(id).filter((item) => item.kind === "edit");
    const also = edits.filter(({ body }) => body?.["seq"] === message.seq).map((item) => item.seq);
    if (kind === "erase") world.record(id, from, "erase", { seq: message.seq, also });
  };
}

function reaching([name, side]: readonly [string, string]): Step {
  const event = { kind: "reach", side: side === "older" ? "older" : "newer" } as const;
  return (world) => world.notify({ ...event, room: name as RoomId });
}

function jumping([name, choice]: readonly [string, number]): Step {
  return (world) => {
    const all = world.of(name).filter(({ kind }) => kind === "text");
    const message = all[choice % Math.max(1, all.length)];
    if (message !== undefined)
      world.notify({ kind: "jump", room: name as RoomId, seq: message.seq });
  };
}

function bottom(name: string): Step {
  return (world) => world.notify({ kind: "bottom", room: name as RoomId });
}

function seeing([name, back]: readonly [string, number]): Step {
  return (world) => {
    const known = world.model.rooms.get(name as RoomId);
    const item = (known?.jump ?? known?.tail)?.items.at(-1 - back);
    const first = known?.read ?? 0;
    if (item === undefined || item.n <= first) return;
    const span = { from: first + 1, to: item.n, isPassed: false };
    world.notify({ kind: "seen", room: name as RoomId, ...span });
  };
}

function posting(name: string): Step {
  return (world, later) => {
    if (world.joined.has(name)) later.push(world.post(name, "mine"));
  };
}

function begun(): ModelWorld {
  const world = new ModelWorld();
  for (const name of ROOMS) {
    world.record(name, "server", "room", {});
    world.joined.add(name);
  }
  return world;
}

function expected(world: ModelWorld, name: string, from: number, to: number): object[] {
  const all = world.of(name);
  const messages = all.filter(
    (item) => !FOLDED.has(item.kind) && item.seq >= from && item.seq <= to,
  );
  return messages.map((item) => {
    const about = (kind: string, key: string) =>
      all.filter((other) => other.kind === kind && other.body?.[key] === item.seq);
    const text = about("edit", "seq").at(-1)?.body?.["text"] ?? item.body?.["text"] ?? "";
    const reactions = about("reaction", "re").length > 0 ? 1 : 0;
    if (item.erased === true) return { seq: item.seq, text: "", state: "erased", reactions: 0 };
    return { seq: item.seq, text, state: "whole", reactions };
  });
}

function displayed(items: readonly Item[]): object[] {
  return items.map(({ seq: at, text, state, reactions }) => {
    return { seq: at, text, state, reactions: reactions.length };
  });
}

function checkRooms(world: ModelWorld): void {
  for (const name of ROOMS) {
    const known = world.model.rooms.get(name as RoomId);
    expect(known !== undefined).toBe(world.joined.has(name));
    if (known === undefined) continue;
    expect(known.unread).toBe(world.unread(name));
    const calls = world.mentions(name);
    const mentioned = known.mentions.map((mention) => mention.seq);
    expect(mentioned.filter((mention) => !calls.includes(mention))).toEqual([]);
    const open = world.notified.filter((one) => one.room === name && !isSettled(world.model, one));
    expect(open.filter((one) => !calls.includes(one.seq))).toEqual([]);
    const tailFrom = known.tail.items[0]?.seq ?? Number.POSITIVE_INFINITY;
    const end = Number.POSITIVE_INFINITY;
    expect(displayed(known.tail.items)).toEqual(expected(world, name, tailFrom, end));
    const jump = known.jump?.items ?? [];
    const [first = 1, last = 0] = [jump[0]?.seq, jump.at(-1)?.seq];
    expect(displayed(jump)).toEqual(expected(world, name, first, last));
  }
}

test("keeps a stalled link online until it recovers or ends", () => {
  const stalled = { kind: "stalled", on: true } as const;
  expect(scene(stalled).model.connection).toEqual({ kind: "online", isStalled: true });
  expect(scene(stalled, { kind: "stalled", on: false }).model.connection).toEqual({
    kind: "online",
  });
  const lost = { kind: "connection", connection: { kind: "connecting" } } as const;
  expect(scene(lost, stalled).model.connection).toEqual({ kind: "connecting" });
  expect(scene(stalled, lost, { kind: "entered", user: "ana" }).model.connection).toEqual({
    kind: "online",
  });
});

test("requests older records of an empty open room after a log-in", () => {
  const pages = (...before: readonly ModelEvent[]) => {
    const { model } = scene(...before, { kind: "open", target: "lobby" });
    const n = lobbyOf(model).receivedN + 1;
    const { effects } = updateAll(model, [
      { kind: "entered", user: "ana" },
      { kind: "room", room: lobbyOf(model).id, name: "lobby", n, skipped: 0, read: 1 },
      { kind: "caught-up" },
    ]);
    const members = effects.flatMap((item) => (item.kind === "members" ? [item.target] : []));
    expect(members).toEqual(["lobby"]);
    return effects.filter(({ kind }) => kind === "page").length;
  };
  expect([pages(), pages(recordEvent(2), recordEvent(3))]).toEqual([1, 0]);
});

test("requests the members of a new conversation and of an early opened room", () => {
  const room = (id: string, target: { name: string } | { with: string }): ModelEvent => {
    return { kind: "room", room: id as RoomId, ...target, n: 1, skipped: 0, read: 1 };
  };
  const { effects } = scene(
    room("d7", { with: "cleo" }),
    room("r7", { name: "elsewhere" }),
    { kind: "open", target: "lab" },
    room("r8", { name: "lab" }),
  );
  const requests = effects
    .filter(({ kind }) => kind === "members")
    .map((item) => "target" in item && item.target);
  expect(requests).toEqual(["@ben", "@cleo", "lab"]);
});

test("lists who joined, left or came online while the members were requested", () => {
  const cleo = { name: "cleo", isOnline: true, role: "member" } as const;
  const ben = { name: "ben", isOnline: false, role: "member" } as const;
  const asked = { kind: "open", target: "lobby" } as const;
  const change = (n: number, kind: "join" | "leave", from: string) =>
    recordEvent(n, { n, kind, from, body: {} });
  const answer = { kind: "members", room: LOBBY, members: [cleo, ben] } as const;
  const { model } = scene(
    asked,
    change(3, "join", "dora"),
    change(4, "leave", "cleo"),
    { kind: "presence", room: LOBBY, user: "ben", online: true },
    answer,
  );
  const { members = [], online } = lobbyOf(model);
  expect(members.map(({ name, isOnline }) => [name, isOnline])).toEqual([
    ["ben", true],
    ["dora", false],
  ]);
  expect(online.has("ben")).toBe(true);
  // The next answer is newer than these changes.
  expect(lobbyOf(updateAll(model, [answer]).model).members).toEqual([cleo, ben]);
});

describe("any order of events over several links", () => {
  test("matches the server's unread count without duplicates or gaps", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 120 }), (steps) => {
        const world = begun();
        const later: (() => void)[] = [];
        world.link();
        for (const act of steps) act(world, later);
        for (const act of later) act();
        world.deliver();
        if (world.isLinked && world.model.isCaughtUp) checkRooms(world);
        world.link();
        world.deliver();
        checkRooms(world);
        expect(world.model.pending.filter(({ state }) => state.kind !== "refused")).toEqual([]);
        for (let i = 0; world.requests.length > 0 && i < 1_000; i++) world.answer();
        scrollAll(world);
        checkRooms(world);
      }),
      { numRuns: sampleSize(400, 2_000) },
    );
  });

  test("has the same result for events in one or several updates", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const events: ModelEvent[] = [];
        const world = begun();
        const notify = world.notify.bind(world);
        world.notify = (...received) => {
          events.push(...received);
          notify(...received);
        };
        world.link();
        for (const act of steps) act(world, []);
        const empty = begun().model;
        const apart = events.reduce((model, event) => updateAll(model, [event]).model, empty);
        expect(updateAll(empty, events).model).toEqual(apart);
      }),
      { numRuns: sampleSize(100, 500) },
    );
  });
});

function scrollAll(world: ModelWorld): void {
  for (const name of world.joined) {
    const id = name as RoomId;
    world.notify({ kind: "bottom", room: id });
    for (let i = 0; i < 100 && world.model.rooms.get(id)?.tail.hasOlder === true; i++) {
      world.notify({ kind: "reach", room: id, side: "older" });
      world.answer();
    }
    const items = world.model.rooms.get(id)?.tail.items ?? [];
    expect(displayed(items)).toEqual(expected(world, name, 0, Number.POSITIVE_INFINITY));
  }
}

function filled(count: number): { world: ModelWorld; lobby: () => RoomState } {
  const world = begun();
  world.link();
  world.deliver();
  const lobby = world.of("lobby");
  const events: ModelEvent[] = [];
  for (let i = 0; i < count; i++) {
    const [template] = lobby;
    if (template === undefined) throw new Error("no template");
    const n = i + 2;
    const body = { text: `${i}` };
    const record = { ...template, kind: "text", from: "ben", seq: 10 + i, n, body };
    events.push({ kind: "record", record });
  }
  world.notify(...events);
  const state = () => {
    const known = world.model.rooms.get("lobby" as RoomId);
    if (known === undefined) throw new Error("no lobby");
    return known;
  };
  return { world, lobby: state };
}

test("does not modify earlier or parallel models", () => {
  const first = scene(recordEvent(2)).model;
  const seqs = (model: Model) => lobbyOf(model).tail.items.map(({ seq }) => seq);
  const second = updateAll(first, [recordEvent(3), recordEvent(4)]).model;
  const beside = updateAll(first, [recordEvent(3), recordEvent(4), recordEvent(5)]).model;
  const third = updateAll(second, [recordEvent(5)]).model;
  expect([first, second, beside, third].map(seqs)).toEqual([
    [2],
    [2, 3, 4],
    [2, 3, 4, 5],
    [2, 3, 4, 5],
  ]);
});

test("notifies of mentions unless read, visible or during catch-up", () => {
  const call = recordEvent(2, { body: { text: "@ana", mentions: ["ana"] } });
  const later = recordEvent(13, { body: { text: "@ana", mentions: ["ana"] } });
  const notified = (...events: readonly ModelEvent[]) =>
    scene(...events).effects.filter(({ kind }) => kind === "notify").length;
  const open: ModelEvent = { kind: "open", target: "lobby" };
  const room = "lobby" as RoomId;
  const page = { kind: "page", room, side: "around", seq: 2, hasOlder: true } as const;
  expect(notified(call)).toBe(1);
  expect(notified({ kind: "read", room, n: 2 }, call)).toBe(0);
  expect(notified({ kind: "read", room: "none" as RoomId, n: 2 }, call)).toBe(1);
  expect(notified(open, { kind: "focus", on: true }, call)).toBe(0);
  const past = [recordEvent(12), { kind: "jump", room, seq: 2 } as const];
  expect(notified(open, ...past, { ...page, hasNewer: true, records: [record(2)] }, later)).toBe(1);
  const lost: ModelEvent = { kind: "connection", connection: { kind: "connecting" } };
  expect(notified(lost, call)).toBe(0);
});

test("erasures lower the counts of messages that are not loaded", () => {
  const room = "lobby" as RoomId;
  const call = recordEvent(2, { body: { text: "@ana", mentions: ["ana"] } });
  const { model } = scene(call, recordEvent(3), { kind: "clear", room });
  expect([lobbyOf(model).unread, lobbyOf(model).mentions.length]).toEqual([2, 1]);
  const erased = updateAll(model, [recordEvent(4, { kind: "erase", body: { seq: 2 } })]).model;
  expect(lobbyOf(erased).mentions).toEqual([]);
  const told = updateAll(erased, [{ kind: "read", room, n: 1, unread: 1 }]).model;
  expect(lobbyOf(told).unread).toBe(1);
});

test("follows former names to the room or person that had them", () => {
  const [room, zoe] = ["r9" as RoomId, "d9" as RoomId];
  const to = { body: { text: "x" }, writtenUnixMs: 0 };
  const waiting = { text: "x", createdUnixMs: 0, files: [] };
  const events: readonly ModelEvent[] = [
    { kind: "open", target: "kw" },
    { kind: "draft", target: "kw", draft: { text: "half" } },
    { kind: "draft", target: "kw 7", draft: { text: "reply" } },
    { kind: "posted", key: "a", id: "a", to: "kw", ...to },
    { kind: "waiting", message: waitingView("w", { ...waiting, to: ["@ben", "kw"] }, new Map()) },
    { kind: "room", room, name: "keyword-room", was: ["kw0", "kw"], n: 1, skipped: 0 },
    { kind: "room", room: zoe, with: "zoey", was: ["zoe"], n: 1, skipped: 0 },
    { kind: "posted", key: "b", id: "b", to: "@zoe", ...to },
  ];
  const { model } = scene(...events);
  expect(model.open).toBe("keyword-room");
  expect([...model.drafts.keys()]).toEqual(["keyword-room", "keyword-room 7"]);
  expect(model.pending.map((post) => post.to)).toEqual(["keyword-room", "@zoey"]);
  expect(model.waiting[0]?.to).toEqual(["@ben", "keyword-room"]);
  const opened = (target: string) => updateAll(model, [{ kind: "open", target }]).model.open;
  expect(["#KW0", "@Zoe", "zoe", "@kw"].map(opened)).toEqual([
    "keyword-room",
    "@zoey",
    "zoe",
    "@kw",
  ]);
  const taken = { kind: "room", room: "r8" as RoomId, name: "kw", n: 1, skipped: 0 } as const;
  expect(updateAll(model, [taken, { kind: "open", target: "kw" }]).model.open).toBe("kw");
});

test("moves a draft to the box when a room becomes an assignment", () => {
  const room = { kind: "room", room: "r9" as RoomId, name: "hw", n: 1, skipped: 0 } as const;
  const closed = { ...room, rules: { post: "private" } } as const;
  const draft = { text: "my work", re: 4 };
  const written: ModelEvent = { kind: "draft", target: "hw", draft };
  const drafts = (...events: readonly ModelEvent[]) =>
    Object.fromEntries(scene(...events).model.drafts);
  expect(drafts(room, written, closed)).toEqual({ "hw@ana": { text: "my work" } });
  expect(drafts(room, written, { ...closed, moderates: true })).toEqual({ hw: draft });
  const inBox: ModelEvent = { kind: "draft", target: "hw@ana", draft: { text: "before" } };
  expect(drafts(room, written, inBox, closed)).toEqual({ hw: draft, "hw@ana": { text: "before" } });
  const edit: ModelEvent = { ...written, draft: { text: "better", edits: 3 } };
  expect(drafts(room, edit, closed)).toEqual({ hw: { text: "better", edits: 3 } });
});

describe("limits", () => {
  test("ignore rooms beyond TIMELINE_ROOMS_MAX", () => {
    const rooms = Array.from({ length: TIMELINE_ROOMS_MAX + 1 }, (_, i): ModelEvent => {
      return { kind: "room", room: `r${i}` as RoomId, name: `n${i}`, n: 1, skipped: 0 };
    });
    expect(scene(...rooms).model.rooms.size).toBe(TIMELINE_ROOMS_MAX);
  });

  test("trim a room to PAGE_ROOM_ITEMS_MAX items, and to CLOSED_ROOM_ITEMS_MAX when closed", () => {
    const { world, lobby } = filled(PAGE_ROOM_ITEMS_MAX + 1);
    expect(lobby().tail.items.length).toBeLessThanOrEqual(PAGE_ROOM_ITEMS_MAX);
    expect(lobby().tail.hasOlder).toBe(true);
    world.notify({ kind: "open", target: "lobby" }, { kind: "open", target: "den" });
    expect(lobby().tail.items).toHaveLength(CLOSED_ROOM_ITEMS_MAX);
    expect(lobby().tail.items.at(-1)?.text).toBe(`${PAGE_ROOM_ITEMS_MAX}`);
  });

  test("restarts a room beyond ROOM_CHANGES_MAX", () => {
    const { world, lobby } = filled(1);
    const [template] = world.of("lobby");
    if (template === undefined) throw new Error("no template");
    const changes = new Map(
      Array.from({ length: ROOM_CHANGES_MAX - 1 }, (_, i) => [
        1_000_000 + i,
        { edit: undefined, isErased: true, reactions: [] },
      ]),
    );
    const rooms = new Map(world.model.rooms).set("lobby" as RoomId, { ...lobby(), changes });
    world.model = { ...world.model, rooms };
    const react = (seq: number, n: number, re: number) => {
      const body = { re, react: "+" };
      const record = { ...template, kind: "reaction", from: "ben", seq, n, body };
      world.notify({ kind: "record", record });
    };
    react(20, 3, 10);
    expect(lobby().changes.size).toBe(ROOM_CHANGES_MAX);
    react(21, 4, 11);
    expect(lobby().tail).toEqual({ items: [], hasOlder: true, hasNewer: false });
    expect(lobby().changes.size).toBe(0);
  });
});

describe("mentions of everyone", () => {
  const call = (everyone: string, change = {}) =>
    recordEvent(2, { body: { text: "hi", everyone }, ...change });
  const mentionsAfter = (...events: ModelEvent[]) => {
    const { model, effects } = scene(...events);
    const notified = effects.filter(({ kind }) => kind === "notify").length;
    return [lobbyOf(model).mentions.length, notified];
  };

  test("notify all, or only those who receive the message live", () => {
    expect([mentionsAfter(call("all")), mentionsAfter(call("here"))]).toEqual([
      [1, 1],
      [1, 1],
    ]);
    const late = { kind: "entered", user: "ana" } as const;
    expect([mentionsAfter(late, call("all")), mentionsAfter(late, call("here"))]).toEqual([
      [1, 0],
      [0, 0],
    ]);
  });

  test("count neither without the mark of the server's check nor in encrypted rooms", () => {
    const body = { text: "@everyone", mentions: ["everyone"] };
    const room = { kind: "room", name: "lobby", id: LOBBY, topic: "", isSealed: true } as const;
    expect([mentionsAfter(recordEvent(2, { body })), mentionsAfter(call("later"))]).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(mentionsAfter(call("all", { room }))).toEqual([0, 0]);
  });
});

test("computes the end of the user's own wait in slow mode, except for moderators", () => {
  const own = recordEvent(2, { from: "ana" });
  const slowRoom = (moderates: boolean): ModelEvent => ({
    kind: "room",
    room: LOBBY,
    name: "lobby",
    n: 2,
    skipped: 0,
    read: 1,
    rules: { slow: 30 },
    moderates,
  });
  const endAfter = (...events: ModelEvent[]) => lobbyOf(scene(...events).model).slowUntilUnixMs;
  expect(endAfter(slowRoom(false), own)).toBe(1_002_000 + 30_000);
  expect([endAfter(slowRoom(true), own), endAfter(own)]).toEqual([undefined, undefined]);
  expect(endAfter(slowRoom(false), recordEvent(2))).toBeUndefined();
});
