import { describe, expect, test } from "bun:test";
import { DECISIONS_LOOKED_MAX, DECISIONS_PAGE_MAX } from "../../../src/base/limits-page.ts";
import { PastDecisions } from "../../../src/server/admin/past-decisions.ts";
import type { Answer, RequestFields } from "../../../src/wire/messages.ts";
import { ANA, BEN, Ledger } from "../../core/ledger.ts";
import type { Guest } from "../guest.ts";
import { lab, operating } from "../site-lab.ts";

type Told = Answer<"decisions">["events"][number];

function wordOf({ decision, record }: Told): string {
  const head = record?.head;
  if (decision !== undefined) return decision;
  return head === undefined ? "?" : JSON.parse(Buffer.from(head).toString()).kind;
}

/** All there are, newest page first, as a client asks for them. */
async function all(guest: Guest, bounds: RequestFields<"decisions"> = {}): Promise<Told[]> {
  const told: Told[] = [];
  let next: Answer<"decisions">["next"];
  do {
    const page = await guest.ask("decisions", { ...bounds, ...(next ? { before: next } : {}) });
    told.unshift(...page.events);
    next = page.next;
  } while (next !== undefined);
  return told;
}

describe("decisions of before", () => {
  test("those of both logs, in their order, also of runs that are over", async () => {
    const { site, ana, ben, eve } = await lab();
    await operating(ana);
    await ana.ask("ban", { user: "eve", on: true, reason: "spam" });
    await eve.untilEnded();
    await site.time.advance(10);
    await ana.ask("kick", { room: "lab", user: "ben" });
    await site.time.advance(10);
    const { token } = await ana.ask("reset", { user: "ben" });
    await (await site.greeted()).ask("recover", { token, password: "another" });
    // His own room: operators are not involved.
    await ben.ask("passwd", { password: "secret", current: "another" });
    await ana.ask("rename", { user: "ben", to: "benno" });
    await site.wait(ana.say("secret words", "@eve"));
    await site.restart();
    const again = await operating(await site.again(ana, "ana"));
    await again.ask("announce", { text: "hello" });
    const told = await all(again);
    expect(told.map(wordOf)).toEqual([
      ...["registered", "registered", "registered"],
      ...["banned", "kick", "reset", "reset-used", "renamed", "announced"],
    ]);
    expect(told[3]).toMatchObject({ event: "decided", by: "ana", whom: "eve", reason: "spam" });
    expect(told[4]).toMatchObject({ event: "record", room: { name: "lab" } });
    expect(told.map(({ time }) => time)).toEqual(told.map(({ time }) => time).toSorted());
    expect(JSON.stringify(told)).not.toContain("secret");
    expect(JSON.stringify(told)).not.toContain(token);
    const [ban, kick] = [told[3]?.time ?? 0, told[4]?.time ?? 0];
    expect((await all(again, { since: ban, until: kick })).map(wordOf)).toEqual(["banned", "kick"]);
    expect((await all(again, { since: ban + 1, until: kick - 1 })).map(wordOf)).toEqual([]);
    expect((await all(again, { until: ban - 1 })).map(wordOf)).toHaveLength(3);
    await site.stop();
  });

  test("page by page, each once, whatever comes in between", async () => {
    const { site, ana } = await lab();
    await operating(ana);
    for (let i = 0; i < DECISIONS_PAGE_MAX; i++) {
      await ana.ask("registration", { closed: i % 2 === 0 });
      await site.time.advance(1); // What is of one millisecond has no order.
      if (i % 4 === 0) await ana.ask("close", { room: "lab", on: i % 8 === 0 });
      if (i % 40 === 1) await ana.ask("retention", { room: "lab", keepMs: 86_400_000 + i });
    }
    const first = await ana.ask("decisions", {});
    expect(first.events).toHaveLength(DECISIONS_PAGE_MAX);
    await ana.ask("registration", { closed: true });
    const words = (await all(ana)).map(wordOf);
    expect(words).toHaveLength(3 + DECISIONS_PAGE_MAX * 1.275 + 1);
    const older = await ana.ask("decisions", { before: first.next ?? { accounts: 1, history: 1 } });
    expect(older.next).toBeUndefined();
    expect([...older.events, ...first.events].map(wordOf)).toEqual(words.slice(0, -1));
    await site.stop();
  });
});

test("so many records are looked through for one answer, and the next one goes on", async () => {
  const ledger = new Ledger();
  const ban = () => ledger.write("ban", BEN, ANA, { on: true });
  const records = [ban()];
  while (records.length <= DECISIONS_LOOKED_MAX) records.push(ledger.write("ignore", BEN, BEN, {}));
  const past = new PastDecisions({
    accounts: {
      head: () => records.length,
      read: async function* (from, to = records.length) {
        yield* records.slice(from - 1, to);
      },
    },
    archive: { page: async () => ({ records: [], more: false }) as never },
    registry: { nameOf: (id: string) => id } as never,
    rooms: { get: () => undefined } as never,
    feed: { told: ({ kind: _, ...about }) => about as never },
  });
  const ask = (before?: Answer<"decisions">["next"]) =>
    past.page({ kind: "decisions", ref: 1, ...(before ? { before } : {}) });
  const first = await ask();
  expect(first).toEqual({ events: [], next: { accounts: 2, history: 1 } });
  const second = await ask(first.next);
  expect(second.events.map(({ decision }) => decision)).toEqual(["banned"]);
  expect(second.next).toBeUndefined();
});

test("a kind of which there are many hides no other", async () => {
  const { site, ana } = await lab();
  await operating(ana);
  await ana.ask("retention", { room: "lab", keepMs: 86_400_000 });
  for (let i = 0; i < 2 * DECISIONS_PAGE_MAX; i++) {
    await site.time.advance(1);
    if (i === DECISIONS_PAGE_MAX) await ana.ask("rename", { room: "lab", to: "house" });
    const room = i < DECISIONS_PAGE_MAX ? "lab" : "house";
    await ana.ask("close", { room, on: i % 2 === 0 });
  }
  const words = (await all(ana)).map(wordOf).filter((word) => word !== "registered");
  const closes = Array.from({ length: DECISIONS_PAGE_MAX }, () => "close");
  expect(words).toEqual(["retention", ...closes, "rename", ...closes]);
  await site.stop();
});
