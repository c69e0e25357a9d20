import { expect, test } from "bun:test";
import { PAGE_RECORDS_MAX, PRESENCE_MEMBERS_MAX } from "../../../src/base/limits.ts";
import type { Account } from "../../../src/core/rooms/accounts.ts";
import type { Sender } from "../../../src/server/kernel/service.ts";
import { Queries, type QueriesOptions } from "../../../src/server/rooms/queries.ts";
import { Site } from "../site.ts";

function openQueries(count: number) {
  const names = Array.from({ length: count }, (_, i) => `u${String(i).padStart(5, "0")}`);
  const accounts = names.map((name) => ({ id: name, name, isGone: false }) as unknown as Account);
  const counts = { walks: 0, now: 0 };
  const registry = {
    namesVersion: 1,
    all: () => {
      counts.walks++;
      return accounts.toReversed();
    },
    policy: { isOperator: () => false },
  };
  const clock = {
    now: () => counts.now,
    unixMs: () => 0,
    expiryUnixMs: () => 0,
    after: () => () => {},
  };
  const engine = { isOnline: () => false };
  const peers = { of: () => [] };
  const queries = new Queries({ registry, peers, clock, engine } as unknown as QueriesOptions);
  const who = (after?: string) =>
    queries.handlers.who({ ref: 1, kind: "who", ...(after && { after }) }, {
      account: accounts[0],
    } as Sender);
  return { who, counts, registry, names };
}

test("sorts many accounts at most once a second", () => {
  const { who, counts, registry } = openQueries(PRESENCE_MEMBERS_MAX + 1);
  for (let i = 0; i < 20; i++) {
    registry.namesVersion++;
    who();
  }
  expect(counts.walks).toBe(1);
  counts.now += 1_000;
  who();
  expect(counts.walks).toBe(2);
  who();
  counts.now += 1_000;
  who();
  expect(counts.walks).toBe(2);
});

test("begins a page after the given name, even an unknown one", () => {
  const { who, names } = openQueries(2 * PAGE_RECORDS_MAX + 1);
  const read: string[] = [];
  for (let after: string | undefined; ; ) {
    const { users, more } = who(after);
    read.push(...users.map(({ user }) => user));
    after = read.at(-1);
    if (!more) break;
  }
  expect(read).toEqual(names);
  expect(who("u00000x").users[0]?.user).toBe("u00001");
  expect(who("zz")).toEqual({ users: [], more: false });
});

test("refuses the history of a room that the user leaves during the read", async () => {
  let leave: () => Promise<unknown> = () => Promise.resolve();
  const site = await Site.open({ afterReading: () => leave().then(() => undefined) });
  const [ana, ben] = [await site.member("ana"), await site.member("ben")];
  await ana.request("join", { room: "dev", create: true });
  await ben.request("join", { room: "dev" });
  leave = () => ana.request("leave", { room: "dev" });
  expect(await ana.refusal("history", { target: "dev", limit: 5 })).toBe("not-member");
});
