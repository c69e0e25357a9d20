import { describe, expect, test } from "bun:test";
import { READ_TOLD_EVERY_MS } from "../../src/base/limits.ts";
import { AccountFeed } from "../../src/client/account-feed.ts";
import type { ClientEvent } from "../../src/client/event.ts";
import { ReadState } from "../../src/client/read-state.ts";
import { ReadReporter } from "../../src/client/reading.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import type { Fingerprint } from "../../src/wire/fingerprint.ts";
import type { RequestFields } from "../../src/wire/messages.ts";
import { VirtualClock } from "./virtual-clock.ts";

test("unread is what there is less what was read, on whichever device", () => {
  const state = new ReadState();
  expect([state.unread("r"), state.read("r", 3)]).toEqual([0, undefined]);
  state.room("r", 5, 2);
  expect(state.unread("r")).toBe(3);
  state.record("r", 6, { hidden: false, counts: true });
  expect(state.unread("r")).toBe(4);
  expect([state.read("r", 4), state.read("r", 3), state.unread("r")]).toEqual([4, undefined, 2]);
  state.room("r", 5, 1); // Another link tells of it, and knows less.
  expect(state.unread("r")).toBe(1);
  expect([state.read("r", 9), state.unread("r")]).toEqual([9, 0]);
  state.gone("r");
  expect(state.unread("r")).toBe(0);
});

test("only words of others count, and what the server says of those before", () => {
  const state = new ReadState();
  state.room("r", 90, 40, 7);
  expect(state.unread("r")).toBe(7);
  state.record("r", 91, { hidden: false, counts: false });
  state.record("r", 92, { hidden: false, counts: true });
  expect(state.unread("r")).toBe(8);
  expect([state.read("r", 60, 5), state.unread("r")]).toEqual([60, 5]);
  expect([state.read("r", 70), state.unread("r")]).toEqual([70, 5]); // No fewer than there are.
  expect([state.read("r", 89), state.unread("r")]).toEqual([89, 3]);
  state.room("r", 92, 60, 5); // Another link, to which what was read here is not reported yet.
  expect([state.read("r", 92), state.unread("r")]).toEqual([92, 0]);
});

test("a record that nobody is shown is read with the one before it", () => {
  const state = new ReadState();
  state.room("r", 3, 2);
  state.record("r", 4, { hidden: true, counts: false });
  expect([state.read("r", 3), state.unread("r")]).toEqual([4, 0]);
});

test("reports go out once in a while, the last of each room, and not without a link", async () => {
  const clock = new VirtualClock();
  const sent: [string, number][] = [];
  const link = {
    isClosed: true,
    askThen: (_: string, fields: object) => {
      const { room, n } = fields as RequestFields<"read">;
      sent.push([room, n]);
    },
  };
  const reporter = new ReadReporter(clock);
  reporter.connected(link);
  for (let n = 1; n <= 100; n++) reporter.note("r", n);
  reporter.note("r", 7);
  reporter.note("s", 1);
  await clock.advance(READ_TOLD_EVERY_MS - 1);
  expect(sent).toEqual([]);
  await clock.advance(1);
  link.isClosed = false;
  reporter.flush();
  expect(sent).toEqual([
    ["r", 100],
    ["s", 1],
  ]);
  reporter.note("r", 101);
  reporter.clear();
  await clock.advance(2 * READ_TOLD_EVERY_MS);
  expect(sent).toHaveLength(2);
});

describe("a follower", () => {
  const FACTS = { kind: "connected", server: "s", address: "a", user: "ana" } as const;
  const connected = {
    ...FACTS,
    transport: "memory",
    fingerprint: "f" as Fingerprint,
    welcome: undefined,
    registered: false,
  } as const;
  const lobby = { kind: "room", room: "r1", name: "lobby", n: 11, skipped: 0, read: 7 } as const;

  function followed(): { follower: AccountFeed; events: ClientEvent[] } {
    const events: ClientEvent[] = [];
    const ignore = () => undefined;
    const sink = { event: (event: ClientEvent) => events.push(event) };
    const more = { saw: ignore, cursor: ignore, rewind: ignore, hole: ignore };
    const follower = new AccountFeed("all", 100, sha256, { ...sink, ...more });
    follower.connected(connected);
    follower.notice(lobby);
    follower.notice({ kind: "caught-up", seq: 100 });
    return { follower, events };
  }

  test("hears what another device reads, once", () => {
    const { follower, events } = followed();
    expect(follower.reads.unread("r1")).toBe(3);
    for (const n of [9, 9, 8]) follower.notice({ kind: "read", room: "r1", n });
    follower.notice({ kind: "read", room: "elsewhere", n: 3 });
    const told = events.filter(({ kind }) => kind === "read");
    expect(told).toMatchObject([{ room: { name: "lobby" }, n: 9, unread: 1 }]);
  });

  test("counts what the server does", () => {
    const { follower } = followed();
    follower.notice({ ...lobby, n: 31, unread: 2 });
    expect(follower.reads.unread("r1")).toBe(2);
    follower.notice({ kind: "read", room: "r1", n: 20, unread: 1 });
    expect(follower.reads.unread("r1")).toBe(1);
  });

  test("knows whom not to show, without regard to case, as the present link says", () => {
    const { follower } = followed();
    follower.notice({ kind: "ignored", users: ["Bob"] });
    expect([follower.ignores("bob"), follower.ignores("ana")]).toEqual([true, false]);
    expect(follower.ignores(undefined)).toBe(false);
    follower.notice({ kind: "ignored", users: [] });
    expect(follower.ignores("Bob")).toBe(false);
    follower.notice({ kind: "ignored", users: ["bob"] });
    follower.connected(connected);
    expect(follower.ignores("bob")).toBe(false);
  });
});
