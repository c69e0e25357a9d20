import { expect, test } from "bun:test";
import type { UserId } from "../../../src/base/ids.ts";
import {
  POLLS_OPEN_MAX,
  POLLS_OPEN_PER_MEMBER_MAX,
  POLLS_OPEN_PER_MODERATOR_MAX,
} from "../../../src/base/limits.ts";
import { checkPost, postDraft } from "../../../src/core/rooms/drafts.ts";
import { actionDrafts } from "../../../src/core/rooms/moderation.ts";
import { mayReadResults, type PollRules, timedRevealsOf } from "../../../src/core/rooms/polls.ts";
import { needsBody, Rooms } from "../../../src/core/rooms/rooms.ts";
import { parseBody } from "../../../src/wire/record.ts";
import { faultCode } from "../../fault-code.ts";
import { ANA, BEN, BOX, EVE, Ledger, ROOM } from "../ledger.ts";

const NOW = 1_000;
const TEXT = "Lunch?\n1. soup\n2. rice\n3. none";

/** Ana's room, with ben as a member. */
class PollRoom {
  rooms = new Rooms();
  readonly ledger = new Ledger();
  /** Seq of the poll. */
  seq = 0;
  #counter = 0;

  constructor(properties: object = {}) {
    this.write("room", ANA, { name: "dev", ...properties });
    for (const user of [ANA, BEN]) this.write("join", user, {});
  }

  write(kind: Parameters<Ledger["write"]>[0], by: string, body: unknown): number {
    const record = this.ledger.write(kind, ROOM, by, body);
    this.rooms.apply(record);
    return record.head.seq;
  }

  act(user: UserId, action: Parameters<typeof actionDrafts>[2], unixMs = NOW): string {
    return faultCode(() => {
      for (const draft of actionDrafts(this.rooms, { user, isOperator: false }, action, unixMs)) {
        this.rooms.apply(this.ledger.append(draft));
      }
    });
  }

  start(rules: Partial<PollRules> = {}, unixMs = NOW, text = TEXT, user = BEN): string {
    return faultCode(() => {
      const body = { poll: { options: 3, ...rules }, text };
      const counter = ++this.#counter;
      const post = { kind: "post", ref: 1, outbox: BOX, counter, to: "dev", body } as const;
      const draft = postDraft(user, post);
      checkPost(this.rooms, { user, isOperator: false, to: ROOM }, unixMs, draft);
      const record = this.ledger.append({ ...draft, room: ROOM });
      this.rooms.apply(record);
      this.seq = record.head.seq;
    });
  }

  end(user: UserId): string {
    const { seq } = this;
    return this.act(user, { kind: "poll", room: ROOM, seq, author: BEN });
  }

  vote(user: UserId, choices: readonly number[], unixMs?: number, isPoll = true): string {
    const { seq } = this;
    const action = { kind: "vote", room: ROOM, seq, author: BEN, isPoll } as const;
    return this.act(user, { ...action, choices, voter: "p" }, unixMs);
  }

  /** State after a start without a snapshot, which reads few bodies. */
  replayed(): Rooms {
    const rooms = new Rooms();
    for (const { head, bodyBytes } of this.ledger.records) {
      const isRead = needsBody(head.kind, head.room, bodyBytes?.at(-2));
      rooms.apply(isRead ? { head, bodyBytes } : { head });
    }
    return rooms;
  }

  get last(): object {
    const record = this.ledger.records.at(-1);
    return { by: record?.head.by, ...(record && parseBody(record)) };
  }

  get open(): readonly number[] {
    return [...(this.rooms.get(ROOM)?.polls.keys() ?? [])];
  }
}

test("its author starts a poll, and members vote until the author or a moderator ends it", () => {
  const poll = new PollRoom();
  expect([poll.vote(ANA, [1], NOW, false), poll.start()]).toEqual(["not-found", "none"]);
  expect([poll.vote(ANA, [3]), poll.vote(EVE, [1])]).toEqual(["none", "not-member"]);
  expect(poll.vote(ANA, [])).toBe("none");
  expect(poll.last).toEqual({ by: ANA, re: poll.seq, choices: [] });
  const invalid = [[4], [1, 2], [1, 1]].map((choices) => poll.vote(ANA, choices));
  expect(invalid).toEqual(["usage", "usage", "usage"]);
  poll.write("mute", ANA, { user: BEN, name: "ben", on: true });
  expect([poll.vote(BEN, [1]), poll.end(BEN)]).toEqual(["muted", "muted"]);
  expect(poll.end(ANA)).toBe("none");
  expect([poll.vote(ANA, [1]), poll.end(ANA)]).toEqual(["not-allowed", "not-found"]);
});

test("a text is a poll only if its last lines are the options", () => {
  const poll = new PollRoom();
  const text = "Q?\n1. a\n2. b";
  expect(poll.start({ options: 3 }, NOW, text)).toBe("usage");
  expect(poll.start({ options: 2 }, NOW, "1. a\n2. b")).toBe("usage");
  expect(poll.start({ options: 2 }, NOW, "Q?\n1. a\n2. a\u200b")).toBe("usage");
  expect(poll.start({ options: 2 }, NOW, text)).toBe("none");
});

test("a read-only room accepts no votes", () => {
  const poll = new PollRoom();
  expect(poll.start()).toBe("none");
  poll.write("close", ANA, { on: true });
  expect([poll.vote(ANA, [1]), poll.end(BEN), poll.start()]).toEqual(Array(3).fill("not-allowed"));
});

test("a member cannot end the poll of another", () => {
  const poll = new PollRoom();
  poll.write("join", EVE, {});
  expect([poll.start(), poll.end(EVE)]).toEqual(["none", "not-allowed"]);
});

test("a poll ends at its time", () => {
  const poll = new PollRoom();
  expect([poll.start({ until: NOW }), poll.start({ until: NOW + 5 })]).toEqual(["usage", "none"]);
  expect([poll.vote(ANA, [1], NOW + 4), poll.vote(ANA, [1], NOW + 5)]).toEqual([
    ...(["none", "not-allowed"] as const),
  ]);
});

test("an anonymous vote names only a pseudonym", () => {
  const poll = new PollRoom();
  expect([poll.start({ anonymous: true, many: true }), poll.vote(ANA, [1, 3])]).toEqual([
    ...(["none", "none"] as const),
  ]);
  expect(poll.last).toEqual({ by: "server", re: poll.seq, choices: [1, 3], voter: "p" });
});

test("erasing its text ends a poll by a record, and edits are refused", () => {
  const poll = new PollRoom();
  poll.start();
  const message = { room: ROOM, seq: poll.seq, author: BEN, isPoll: true } as const;
  expect(poll.act(BEN, { kind: "edit", text: "x", ...message })).toBe("not-allowed");
  poll.act(BEN, { kind: "erase", ...message });
  expect(poll.ledger.records.slice(-2).map(({ head }) => head.kind)).toEqual(["poll", "erase"]);
  expect([poll.open, poll.vote(ANA, [1]), poll.end(BEN)]).toEqual([[], "not-found", "not-found"]);
});

test("sealed rooms have no polls", () => {
  expect(new PollRoom({ sealed: true }).start()).toBe("sealed-room");
});

test("polls survive a snapshot and a replay, and at most POLLS_OPEN_MAX are open", () => {
  const poll = new PollRoom();
  for (let i = 0; i < POLLS_OPEN_MAX; i++) {
    const user = i < POLLS_OPEN_PER_MEMBER_MAX ? BEN : ANA;
    const rules = { until: poll.ledger.time + 10, many: i % 2 === 0 };
    expect(poll.start(rules, NOW, TEXT, user)).toBe("none");
    poll.write("text", BEN, { text: "a text}}}" });
    poll.write("text", BEN, { text: "imported", imported: { from: "x", time: 1 } });
  }
  const other = new Rooms();
  other.load(JSON.parse(JSON.stringify(poll.rooms.value())));
  const polls = [...(poll.rooms.get(ROOM)?.polls ?? [])];
  expect(polls).toHaveLength(POLLS_OPEN_MAX);
  for (const rooms of [other, poll.replayed()])
    expect([...(rooms.get(ROOM)?.polls ?? [])]).toEqual(polls);
  expect(poll.start({}, poll.ledger.time)).toBe("too-many");
  poll.ledger.time += 20;
  expect(poll.start({}, poll.ledger.time)).toBe("none");
  expect(poll.open).toEqual([poll.seq]);
});

test("neither a member nor a moderator can open all polls of a room", () => {
  for (const [user, max] of [
    [BEN, POLLS_OPEN_PER_MEMBER_MAX],
    [ANA, POLLS_OPEN_PER_MODERATOR_MAX],
  ] as const) {
    const poll = new PollRoom();
    for (let i = 0; i < max; i++) expect(poll.start({}, NOW, TEXT, user)).toBe("none");
    expect(poll.start({}, NOW, TEXT, user)).toBe("too-many");
    const restored = new Rooms();
    restored.load(JSON.parse(JSON.stringify(poll.rooms.value())));
    for (const rooms of [restored, poll.replayed()]) {
      poll.rooms = rooms;
      expect(poll.start({}, NOW, TEXT, user)).toBe("too-many");
    }
    expect(poll.start({}, NOW, TEXT, user === BEN ? ANA : BEN)).toBe("none");
    expect(poll.act(user, { kind: "erase", room: ROOM, seq: 4, author: user })).toBe("none");
    expect(poll.start({}, NOW, TEXT, user)).toBe("none");
  }
});

test("hides the results until the reader's vote or the end, as the poll says", () => {
  const states = [
    { isClosed: false, hasVoted: false },
    { isClosed: false, hasVoted: true },
    { isClosed: true, hasVoted: false },
  ];
  const rows = [undefined, "vote", "end"] as const;
  expect(rows.map((hide) => states.map((state) => mayReadResults({ hide }, state)))).toEqual([
    [true, true, true],
    [false, true, true],
    [false, false, true],
  ]);
});

test("records no readable choice before the end of a poll that hides them", () => {
  const poll = new PollRoom();
  expect(poll.start({ hide: "vote", anonymous: true })).toBe("usage");
  expect([poll.start({ hide: "vote" }), poll.vote(ANA, [2])]).toEqual(["none", "none"]);
  expect(poll.last).toEqual({ by: ANA, re: poll.seq, choices: [2], hidden: true });
  expect(poll.start({ hide: "end", until: NOW + 9 })).toBe("none");
  const { seq } = poll;
  const vote = { kind: "vote", room: ROOM, seq, author: BEN, isPoll: true, voter: "p" } as const;
  expect(poll.act(ANA, { ...vote, choices: [2], ballot: "b" })).toBe("none");
  expect(poll.last).toEqual({ by: ANA, re: seq, ballot: "b" });
  expect(poll.act(ANA, { ...vote, choices: [], ballot: "b" })).toBe("none");
  expect(poll.last).toEqual({ by: ANA, re: seq, choices: [] });
  const end = { kind: "poll", room: ROOM, seq, author: BEN, key: "k", isDue: true } as const;
  const room = poll.rooms.get(ROOM);
  expect(room && timedRevealsOf(room)).toEqual([[seq, NOW + 9]]);
  poll.write("mute", ANA, { user: BEN, name: "ben", on: true });
  expect([poll.act(BEN, end), poll.act(BEN, end, NOW + 9)]).toEqual(["not-found", "none"]);
  expect(poll.last).toEqual({ by: BEN, seq, on: false, key: "k" });
  expect(poll.act(BEN, end, NOW + 9)).toBe("not-found");
});
