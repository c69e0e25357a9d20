import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { boxId, type RoomId, type UserId } from "../../../src/base/ids.ts";
import {
  DECLINED_MAX,
  EVERYONE_MEMBERS_MAX,
  KNOCKS_MAX,
  SLOW_SECONDS_MAX,
} from "../../../src/base/limits.ts";
import { checkName } from "../../../src/base/names.ts";
import { checkPost, joinDrafts, topicDraft } from "../../../src/core/rooms/drafts.ts";
import { actionDrafts, isInvited, type RoomAction } from "../../../src/core/rooms/moderation.ts";
import { LOBBY, Rooms, type RoomsValue } from "../../../src/core/rooms/rooms.ts";
import { rulesOf } from "../../../src/core/rooms/rules.ts";
import { fieldsOf } from "../../../src/wire/kinds.ts";
import type { RoomRules } from "../../../src/wire/messages.ts";
import type { Draft } from "../../../src/wire/record.ts";
import { faultCode } from "../../fault-code.ts";
import { ANA, BEN, EVE, Ledger, ROOM } from "../ledger.ts";

const DEV = checkName("dev");
const START = 1_800_000_000_000;

/** A room that ana moderates, with ben as a member. */
class RuledRoom {
  rooms = new Rooms();
  readonly ledger = new Ledger();

  constructor(created: object = {}) {
    this.write("room", ANA, { name: "dev", ...created });
    for (const user of [ANA, BEN]) this.write("join", user);
  }

  get room() {
    const room = this.rooms.get(ROOM);
    if (room === undefined) throw new Error("no room");
    return room;
  }

  get nowMs(): number {
    return this.ledger.time;
  }

  write(kind: Draft["kind"], by: string, body: unknown = {}): void {
    this.rooms.apply(this.ledger.write(kind, ROOM, by, body));
  }

  record(drafts: readonly Draft[]): void {
    for (const draft of drafts) this.rooms.apply(this.ledger.append(draft));
  }

  act(user: UserId, action: RoomAction, isOperator = false): string {
    return faultCode(() =>
      this.record(actionDrafts(this.rooms, { user, isOperator }, action, this.nowMs)),
    );
  }

  change(change: RoomRules, by = ANA, isOperator = false): string {
    return this.act(by, { kind: "rules", room: ROOM, change }, isOperator);
  }

  knock(by: UserId, on = true, user = by): string {
    const name = checkName("x");
    return this.act(by, { kind: "knock", room: ROOM, user, name, on, isOperator: false });
  }

  invite(user: UserId, by = ANA): string {
    const name = checkName("x");
    return this.act(by, { kind: "admission", room: ROOM, user, name, isOperator: false });
  }

  post(user: UserId, draft: Partial<Draft> = {}, isOperator = false): string {
    const { kind = "text", body = { text: "x" } } = draft;
    return faultCode(() => {
      checkPost(this.rooms, { user, isOperator, to: ROOM }, this.nowMs, { kind, body });
      this.write(kind, user, body);
    });
  }

  topic(user: UserId, isOperator = false): string {
    const topic = { room: DEV, topic: "x" };
    return faultCode(() => topicDraft(this.rooms, { user, isOperator }, topic, this.nowMs));
  }

  join(user: UserId, isPasswordCorrect = false): string {
    const opens = isPasswordCorrect ? ROOM : undefined;
    const options = { name: DEV, opens, create: undefined };
    const directory = { find: () => undefined };
    return faultCode(() =>
      this.record(
        joinDrafts(this.rooms, user, options, (room) => isInvited(room, user, directory, 0)),
      ),
    );
  }

  /** Continues with the state that a snapshot stores. */
  restart(): void {
    const rooms = new Rooms();
    rooms.load(JSON.parse(JSON.stringify(this.rooms.value())) as RoomsValue);
    this.rooms = rooms;
  }
}

test("rules keep only known values, which differ from the defaults", () => {
  const parse = (body: object) => rulesOf(fieldsOf("rules", body as Record<string, unknown>));
  const unknown = { post: "everyone", topic: "later", slow: 0, join: "open", everyone: 1 };
  expect(parse({ ...unknown, newcomers: 1 })).toEqual({});
  expect(parse({ newcomers: false })).toEqual({});
  const rules = { post: "moderators", topic: "moderators", slow: 30, join: "approval" } as const;
  expect(parse({ ...rules, everyone: "everyone", newcomers: true })).toEqual({
    ...rules,
    everyone: "everyone",
    newcomers: true,
  });
  expect(parse({ slow: 1e12 })).toEqual({ slow: SLOW_SECONDS_MAX });
});

test("the members of a box follow those of its room, also after a snapshot", () => {
  const ruled = new RuledRoom({ rules: { post: "private" } });
  const id = boxId(ROOM, BEN);
  const ownRecord = { kind: "room", room: id, by: "server", id: "", body: {} } as const;
  ruled.record([ownRecord]);
  ruled.write("join", EVE);
  const people = () => [...(ruled.rooms.get(id)?.members ?? [])].sort();
  expect(people()).toEqual([ANA, BEN]);
  ruled.restart();
  expect(people()).toEqual([ANA, BEN]);
  ruled.write("grant", ANA, { user: EVE, on: true });
  expect(people()).toEqual([ANA, BEN, EVE]);
  ruled.write("leave", BEN);
  expect(people()).toEqual([ANA, EVE]);
  expect(ruled.rooms.roomsOf(BEN).size).toBe(0);
  ruled.write("grant", ANA, { user: EVE, on: false });
  ruled.write("close", ANA, { on: true });
  expect([people(), ruled.rooms.get(id)?.isClosed]).toEqual([[ANA], true]);
});

describe("a room of an earlier version", () => {
  test("has no rules, and a lock is its rule for joining", () => {
    expect([new RuledRoom().room.rules, new RuledRoom({ locked: true }).room.rules]).toEqual([
      {},
      { join: "password" },
    ]);
    expect(new RuledRoom().topic(BEN)).toBe("none");
  });

  test("keeps its rules if a record is damaged", () => {
    const room = new RuledRoom();
    room.change({ slow: 5 });
    room.rooms.apply(room.ledger.damaged("rules", ROOM, ANA, {}));
    expect(room.room.rules).toEqual({ slow: 5 });
  });
});

test("only moderators and operators change rules, an operator without being a member", () => {
  const room = new RuledRoom();
  expect([room.change({ slow: 5 }, BEN), room.change({ slow: 5 }, EVE)]).toEqual([
    ...["not-allowed", "not-allowed"],
  ]);
  expect(room.change({ slow: 5 }, EVE, true)).toBe("none");
  expect(room.change({ post: "moderators" })).toBe("none");
  expect(room.room.rules).toEqual({ post: "moderators", slow: 5 });
  expect(room.change({ slow: 0, post: "everyone" })).toBe("none");
  expect(room.room.rules).toEqual({});
});

test("only moderators post if a rule says so, while reactions and hands stay free", () => {
  const room = new RuledRoom();
  const seq = room.ledger.records.length + 1;
  expect(room.post(BEN)).toBe("none");
  room.change({ post: "moderators" });
  const edit = { kind: "edit", room: ROOM, seq, author: BEN, text: "y" } as const;
  const hand = {
    kind: "hand",
    room: ROOM,
    user: BEN,
    name: DEV,
    on: true,
    isOperator: false,
  } as const;
  expect([room.post(BEN), room.act(BEN, edit), room.post(BEN, { kind: "file" })]).toEqual([
    ...["not-allowed", "not-allowed", "not-allowed"],
  ]);
  const reaction = { kind: "reaction", body: { react: "👍", re: seq } } as const;
  expect([room.post(BEN, reaction), room.act(BEN, hand)]).toEqual(["none", "none"]);
  expect([room.post(ANA), room.post(BEN, {}, true)]).toEqual(["none", "none"]);
  room.write("grant", ANA, { user: ANA, on: false });
  expect(room.post(ANA)).toBe("not-allowed");
});

test("only moderators set the topic if a rule says so", () => {
  const room = new RuledRoom({ rules: { topic: "moderators" } });
  expect([room.topic(BEN), room.topic(ANA), room.topic(BEN, true)]).toEqual([
    ...["not-allowed", "none", "none"],
  ]);
  room.change({ topic: "everyone" });
  expect(room.topic(BEN)).toBe("none");
});

test("a reaction is one emoji where a rule limits messages, and cannot serve as one", () => {
  const room = new RuledRoom();
  const react = (user: UserId, sign: string) =>
    room.post(user, { kind: "reaction", body: { react: sign, re: 2 } });
  expect(react(BEN, "answers: 1a 2b")).toBe("none");
  for (const limit of [{ post: "moderators" }, { post: "everyone", slow: 600 }] as const) {
    room.change(limit);
    expect(["👍", "❤", "👩🏽‍🚀", "🇮🇩"].map((sign) => react(BEN, sign))).toEqual(
      Array(4).fill("none"),
    );
    const texts = ["answers: 1a 2b", "a", "👍👍", "👍 no", "🇦", ""];
    expect(texts.map((sign) => react(BEN, sign))).toEqual(Array(6).fill("text-invalid"));
    expect(react(ANA, "ok")).toBe("none");
  }
});

test("only its start is refused to the author of a poll where only moderators post", () => {
  const room = new RuledRoom();
  const body = { text: "Lunch?\n1. soup\n2. rice", poll: { options: 2 } };
  expect(room.post(BEN, { body })).toBe("none");
  const seq = room.ledger.records.length;
  const poll = { room: ROOM, seq, author: BEN, isPoll: true } as const;
  room.change({ post: "private" });
  expect(room.post(BEN, { body })).toBe("not-allowed");
  room.change({ post: "moderators" });
  expect(room.post(BEN, { body })).toBe("not-allowed");
  const vote = { kind: "vote", ...poll, choices: [1], voter: "p" } as const;
  expect([room.act(BEN, vote), room.act(BEN, { kind: "poll", ...poll })]).toEqual(["none", "none"]);
});

describe("slow mode", () => {
  const slowRoom = (slow = 10, created = {}) => {
    const room = new RuledRoom(created);
    room.change({ slow });
    return room;
  };

  test("lets a member post again after the time, also after a restart", () => {
    const room = slowRoom();
    expect([room.post(BEN), room.post(BEN), room.post(BEN, { kind: "file" })]).toEqual([
      ...["none", "too-fast", "too-fast"],
    ]);
    room.restart();
    room.ledger.time += 9_999;
    expect(room.post(BEN)).toBe("too-fast");
    room.ledger.time += 1;
    expect([room.post(BEN), room.room.posted.size]).toEqual(["none", 1]);
  });

  test("exempts moderators, reactions, edits and other members", () => {
    const room = slowRoom();
    room.post(BEN);
    const seq = room.ledger.records.length;
    const edit = { kind: "edit", room: ROOM, seq, author: BEN, text: "y" } as const;
    expect([room.post(ANA), room.post(ANA), room.act(BEN, edit)]).toEqual([
      ...["none", "none", "none"],
    ]);
    expect(room.post(BEN, { kind: "reaction", body: { react: "👍", re: seq } })).toBe("none");
    room.write("grant", ANA, { user: ANA, on: false });
    expect(room.post(ANA)).toBe("too-fast");
  });

  test("does not count the file that an encrypted message refers to", () => {
    const room = slowRoom(10, { sealed: true });
    room.write("file", BEN);
    expect([room.room.posted.size, room.post(BEN, { kind: "file" })]).toEqual([0, "sealed-room"]);
    room.write("sealed", BEN, { epoch: 0, ciphertext: "" });
    expect(room.post(BEN, { kind: "sealed", body: { epoch: 0, ciphertext: "" } })).toBe("too-fast");
  });

  test("ends with the rule, and does not lock anyone out after a wrong clock", () => {
    const room = slowRoom();
    room.post(BEN);
    room.change({ slow: 0 });
    expect([room.post(BEN), room.post(BEN), room.room.posted.size]).toEqual(["none", "none", 0]);
    room.change({ slow: 10 });
    room.ledger.time += 86_400_000;
    room.post(BEN);
    room.ledger.time = START;
    expect(room.post(BEN)).toBe("none");
  });

  test("refuses without a retry, which would hold up messages to other rooms", () => {
    const room = slowRoom(SLOW_SECONDS_MAX);
    room.post(BEN);
    const post = () => {
      const draft = { kind: "text", body: { text: "x" } } as const;
      checkPost(room.rooms, { user: BEN, isOperator: false, to: ROOM }, room.nowMs, draft);
    };
    expect(post).toThrow("slow mode in 'dev': you can post again in 21600 s");
    try {
      post();
    } catch (error) {
      expect(error).toMatchObject({ code: "too-fast", retryAfterMs: undefined });
    }
  });
});

describe("approval", () => {
  const closedRoom = () => {
    const room = new RuledRoom();
    room.change({ join: "approval" });
    return room;
  };

  test("lets people in whom a moderator has accepted", () => {
    const room = closedRoom();
    expect([room.join(EVE), room.knock(EVE), room.knock(EVE), room.join(EVE)]).toEqual([
      ...["approval-needed", "none", "not-allowed", "approval-needed"],
    ]);
    expect([...room.room.knocks]).toEqual([EVE]);
    room.restart();
    expect([room.invite(EVE, BEN), room.invite(EVE)]).toEqual(["not-allowed", "none"]);
    expect([room.room.knocks.size, room.knock(EVE), room.join(EVE)]).toEqual([
      ...[0, "not-allowed", "none"],
    ]);
  });

  test("can be declined once for all, or withdrawn and asked again", () => {
    const room = closedRoom();
    expect([room.knock(EVE), room.knock(EVE, false), room.knock(EVE)]).toEqual([
      ...["none", "none", "none"],
    ]);
    expect([room.knock(BEN, false, EVE), room.knock(ANA, true, EVE)]).toEqual([
      ...["not-allowed", "not-allowed"],
    ]);
    expect([room.knock(ANA, false, EVE), room.knock(ANA, false, EVE)]).toEqual([
      ...["none", "not-found"],
    ]);
    room.restart();
    expect(room.knock(EVE)).toBe("not-allowed");
    expect([room.invite(EVE), room.join(EVE)]).toEqual(["none", "none"]);
  });

  test("is declined by a kick, too, unless a member kicks", () => {
    const room = closedRoom();
    room.knock(EVE);
    const target = { user: EVE, name: checkName("eve"), isOperator: false };
    const kick = { kind: "kick", room: ROOM, ...target } as const;
    expect([room.act(BEN, kick), room.act(ANA, kick), room.act(ANA, kick)]).toEqual([
      ...["not-allowed", "none", "not-member"],
    ]);
    expect([room.room.knocks.size, [...room.room.declined]]).toEqual([0, [EVE]]);
  });

  test("is not asked where it is not needed", () => {
    const room = new RuledRoom();
    expect([room.knock(EVE), room.change({ join: "password" }), room.knock(EVE)]).toEqual([
      ...["not-allowed", "none", "not-allowed"],
    ]);
    room.change({ join: "approval" });
    expect([room.knock(BEN), room.knock(EVE), room.change({ join: "open" })]).toEqual([
      ...["not-allowed", "none", "none"],
    ]);
    expect([room.room.knocks.size, room.join(EVE)]).toEqual([0, "none"]);
  });

  test("is needed by everyone who was not a member when the rule was made", () => {
    const room = new RuledRoom();
    for (const user of [EVE, BEN]) {
      room.join(user);
      room.write("kick", ANA, { user });
    }
    room.join(BEN);
    room.change({ join: "approval" });
    expect([room.join(EVE), room.join(EVE, true)]).toEqual(["approval-needed", "none"]);
    room.write("leave", BEN);
    expect(room.join(BEN)).toBe("none");
    room.write("kick", ANA, { user: BEN });
    expect(room.join(BEN)).toBe("approval-needed");
  });

  test("is refused in the lobby and in encrypted rooms", () => {
    const lobby = new RuledRoom({ name: LOBBY });
    expect(lobby.change({ join: "approval" })).toBe("not-allowed");
    expect(new RuledRoom({ sealed: true }).change({ join: "approval" })).toBe("sealed-room");
  });

  test("has a bounded list of requests, and of declined ones", () => {
    const room = closedRoom();
    const people = Array.from(
      { length: DECLINED_MAX + 1 },
      (_, i) => `u${String(i).padStart(11, "0")}` as UserId,
    );
    for (const user of people.slice(0, KNOCKS_MAX)) expect(room.knock(user)).toBe("none");
    expect(room.knock(EVE)).toBe("too-many");
    room.write("knock", EVE, { user: EVE, on: true });
    expect(room.room.knocks.size).toBe(KNOCKS_MAX);
    for (const user of people) {
      room.write("knock", user, { user, on: true });
      room.write("knock", ANA, { user, on: false });
    }
    expect([room.room.knocks.size, room.room.declined.size]).toEqual([0, DECLINED_MAX]);
    expect(room.knock(people[0] ?? EVE)).toBe("none");
  });
});

describe("mentions of everyone", () => {
  const everyone = { body: { text: "@everyone", everyone: "all" } };

  test("are free in small rooms, and need a moderator in larger ones", () => {
    const room = new RuledRoom();
    for (let i = room.room.members.size; i < EVERYONE_MEMBERS_MAX; i++) {
      room.write("join", `u${String(i).padStart(11, "0")}`);
    }
    expect(room.post(BEN, everyone)).toBe("none");
    room.write("join", EVE);
    expect([room.post(BEN, everyone), room.post(ANA, everyone), room.post(BEN)]).toEqual([
      ...["not-allowed", "none", "none"],
    ]);
  });

  test("follow the rule in rooms of any size, and are free in conversations", () => {
    const room = new RuledRoom();
    room.change({ everyone: "moderators" });
    expect(room.post(BEN, everyone)).toBe("not-allowed");
    room.change({ everyone: "everyone" });
    for (let i = 0; i < 20; i++) room.write("join", `u${String(i).padStart(11, "0")}`);
    expect(room.post(BEN, everyone)).toBe("none");
    const direct = "dDDDDDDDDDDD" as RoomId;
    room.rooms.apply(room.ledger.write("room", direct, "server", { direct: [ANA, BEN] }));
    const check = () =>
      checkPost(room.rooms, { user: BEN, isOperator: false, to: direct }, 0, {
        kind: "text",
        ...everyone,
      });
    expect(check).not.toThrow();
  });
});

test("a post that was accepted obeys the rules at its place, in any order of changes", () => {
  const step = fc.record({
    by: fc.constantFrom(ANA, BEN, EVE),
    what: fc.constantFrom("post", "rules", "wait", "grant", "leave", "join", "kick"),
    rules: fc.record({
      post: fc.constantFrom("everyone", "moderators"),
      slow: fc.constantFrom(0, 5, 10),
      join: fc.constantFrom("open", "password", "approval"),
    }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const room = new RuledRoom();
      const last = new Map<UserId, number>();
      for (const { by, what, rules } of steps) {
        const { members, moderators } = room.room;
        if (what === "wait") room.ledger.time += 4_000;
        else if (what === "rules") {
          const isAllowed = moderators.has(by);
          expect(room.change(rules as RoomRules, by) === "none").toBe(isAllowed);
          if (isAllowed && rules.slow === 0) last.clear();
        } else if (what === "grant")
          room.write("grant", ANA, { user: by, on: !moderators.has(by) });
        else if (what === "leave" && members.has(by)) room.write("leave", by);
        else if (what === "kick") room.write("kick", ANA, { user: by });
        else if (what === "join") room.join(by);
        else if (what === "post" && members.has(by)) {
          const { post, slow = 0 } = room.room.rules;
          const isOver = room.nowMs - (last.get(by) ?? 0) >= slow * 1_000;
          const isAllowed = moderators.has(by) || (post === undefined && isOver);
          expect(room.post(by) === "none").toBe(isAllowed);
          if (isAllowed && slow > 0) last.set(by, room.nowMs);
        }
        if (room.ledger.records.length % 7 === 0) room.restart();
      }
    }),
  );
});
