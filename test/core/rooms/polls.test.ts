import { expect, test } from "bun:test";
import { POLLS_OPEN_MAX } from "../../../src/base/limits.ts";
import { actionDrafts } from "../../../src/core/rooms/moderation.ts";
import type { PollAction } from "../../../src/core/rooms/polls.ts";
import { Rooms } from "../../../src/core/rooms/rooms.ts";
import { parseBody } from "../../../src/wire/record.ts";
import { faultCode } from "../../fault-code.ts";
import { ANA, BEN, EVE, Ledger, ROOM } from "../ledger.ts";

const NOW = 1_000;

/** Ana's room, with ben as a member and a text by ben. */
class PollRoom {
  rooms = new Rooms();
  readonly ledger = new Ledger();
  readonly seq: number;

  constructor(properties: object = {}) {
    this.write("room", ANA, { name: "dev", ...properties });
    for (const user of [ANA, BEN]) this.write("join", user, {});
    this.seq = this.write("text", BEN, { text: "Lunch?\n1. soup\n2. rice\n3. none" });
  }

  write(kind: Parameters<Ledger["write"]>[0], by: string, body: unknown): number {
    const record = this.ledger.write(kind, ROOM, by, body);
    this.rooms.apply(record);
    return record.head.seq;
  }

  act(user: typeof ANA, action: Parameters<typeof actionDrafts>[2], unixMs = NOW): string {
    return faultCode(() => {
      for (const draft of actionDrafts(this.rooms, { user, isOperator: false }, action, unixMs)) {
        this.rooms.apply(this.ledger.append(draft));
      }
    });
  }

  poll(user: typeof ANA, rules: Partial<PollAction> = {}, unixMs?: number): string {
    const action = { kind: "poll", room: ROOM, seq: this.seq, author: BEN, on: true } as const;
    return this.act(user, { ...action, options: 3, ...rules }, unixMs);
  }

  vote(user: typeof ANA, choices: readonly number[], unixMs?: number, start?: number): string {
    const action = { kind: "vote", room: ROOM, seq: this.seq, author: BEN } as const;
    return this.act(user, { ...action, choices, voter: "p", start }, unixMs);
  }

  restart(): void {
    const value = JSON.parse(JSON.stringify(this.rooms.value()));
    this.rooms = new Rooms();
    this.rooms.load(value);
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
  expect([poll.vote(ANA, [1]), poll.poll(ANA)]).toEqual(["not-found", "not-allowed"]);
  expect([poll.poll(BEN), poll.poll(BEN)]).toEqual(["none", "not-allowed"]);
  expect([poll.vote(ANA, [3]), poll.vote(EVE, [1])]).toEqual(["none", "not-member"]);
  expect(poll.vote(ANA, [])).toBe("none");
  expect(poll.last).toEqual({ by: ANA, re: poll.seq, choices: [] });
  const invalid = [[4], [1, 2], [1, 1]].map((choices) => poll.vote(ANA, choices));
  expect(invalid).toEqual(["usage", "usage", "usage"]);
  poll.write("mute", ANA, { user: BEN, name: "ben", on: true });
  expect([poll.vote(BEN, [1]), poll.poll(BEN, { on: false })]).toEqual(["muted", "muted"]);
  expect(poll.poll(ANA, { on: false })).toBe("none");
  expect([poll.vote(ANA, [1]), poll.poll(ANA, { on: false })]).toEqual([
    "not-allowed",
    "not-found",
  ]);
});

test("a read-only room accepts no votes", () => {
  const poll = new PollRoom();
  expect(poll.poll(BEN)).toBe("none");
  poll.write("close", ANA, { on: true });
  expect([poll.vote(ANA, [1]), poll.poll(BEN, { on: false })]).toEqual([
    ...(["not-allowed", "not-allowed"] as const),
  ]);
});

test("a member cannot end the poll of another", () => {
  const poll = new PollRoom();
  poll.write("join", EVE, {});
  expect([poll.poll(BEN), poll.poll(EVE, { on: false })]).toEqual(["none", "not-allowed"]);
});

test("a poll ends at its time", () => {
  const poll = new PollRoom();
  expect([poll.poll(BEN, { until: NOW }), poll.poll(BEN, { until: NOW + 5 })]).toEqual([
    ...(["usage", "none"] as const),
  ]);
  expect([poll.vote(ANA, [1], NOW + 4), poll.vote(ANA, [1], NOW + 5)]).toEqual([
    ...(["none", "not-allowed"] as const),
  ]);
});

test("an anonymous vote names only a pseudonym", () => {
  const poll = new PollRoom();
  expect([poll.poll(BEN, { anonymous: true, many: true }), poll.vote(ANA, [1, 3])]).toEqual([
    ...(["none", "none"] as const),
  ]);
  expect(poll.last).toEqual({ by: "server", re: poll.seq, choices: [1, 3], voter: "p" });
});

test("a text becomes a poll once, also after a restart", () => {
  const poll = new PollRoom();
  expect([poll.poll(BEN, { anonymous: true }), poll.poll(BEN, { on: false })]).toEqual([
    ...(["none", "none"] as const),
  ]);
  const message = { kind: "edit", room: ROOM, seq: poll.seq, author: BEN, text: "x" } as const;
  for (const _ of [1, 2]) {
    expect([poll.poll(BEN), poll.vote(ANA, [1]), poll.act(BEN, message)]).toEqual([
      ...(["not-allowed", "not-allowed", "not-allowed"] as const),
    ]);
    poll.restart();
  }
});

test("a vote counts only for the poll that its user saw", () => {
  const poll = new PollRoom();
  poll.poll(BEN, { anonymous: true });
  const start = poll.ledger.records.length;
  expect(poll.vote(ANA, [1], NOW, start)).toBe("none");
  // As by a server before 0.3, which restarts polls.
  poll.write("poll", BEN, { seq: poll.seq, on: false });
  poll.write("poll", BEN, { seq: poll.seq, on: true, options: 3 });
  expect([poll.vote(ANA, [1], NOW, start), poll.vote(ANA, [1], NOW, start + 3)]).toEqual([
    ...(["not-allowed", "none"] as const),
  ]);
  expect(poll.vote(ANA, [1])).toBe("none");
});

test("erasing its text ends a poll, and editing it is refused", () => {
  const poll = new PollRoom();
  poll.poll(BEN);
  const message = { room: ROOM, seq: poll.seq, author: BEN } as const;
  expect(poll.act(BEN, { kind: "edit", text: "x", ...message })).toBe("not-allowed");
  poll.act(BEN, { kind: "erase", ...message });
  expect([poll.open, poll.vote(ANA, [1]), poll.poll(BEN)]).toEqual([[], "not-found", "not-found"]);
});

test("sealed rooms have no polls", () => {
  expect(new PollRoom({ sealed: true }).poll(BEN)).toBe("sealed-room");
});

test("polls survive a snapshot, and at most POLLS_OPEN_MAX are open", () => {
  const poll = new PollRoom();
  for (let i = 0; i < POLLS_OPEN_MAX; i++) {
    const seq = poll.write("text", BEN, { text: "Again?\n1. yes\n2. no" });
    poll.write("poll", BEN, { seq, on: true, options: 2, until: poll.ledger.time + 10 });
  }
  const other = new Rooms();
  other.load(JSON.parse(JSON.stringify(poll.rooms.value())));
  expect([...(other.get(ROOM)?.polls ?? [])]).toEqual([...(poll.rooms.get(ROOM)?.polls ?? [])]);
  expect(poll.poll(BEN, {}, poll.ledger.time)).toBe("too-many");
  poll.ledger.time += 20;
  expect(poll.poll(BEN, {}, poll.ledger.time)).toBe("none");
  expect(poll.open).toEqual([poll.seq]);
});
