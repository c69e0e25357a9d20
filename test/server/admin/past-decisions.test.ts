import { expect, test } from "bun:test";
import type { Answer, RequestFields } from "../../../src/wire/messages.ts";
import { type Guest, headOf } from "../guest.ts";
import { lab, operating } from "../site-lab.ts";

type Told = Answer<"decisions">["events"][number];

function wordOf({ decision, record }: Told): string {
  const head = record?.head;
  if (decision !== undefined) return decision;
  return head === undefined ? "?" : headOf({ head }).kind;
}

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

test("lists decisions of both logs in order, of earlier runs too", async () => {
  const { site, ana, ben, eve } = await lab();
  await operating(ana);
  await ana.ask("ban", { user: "eve", on: true, reason: "spam" });
  await eve.untilEnded();
  await site.time.advance(10);
  await ana.ask("kick", { room: "lab", user: "ben" });
  await site.time.advance(10);
  const { token } = await ana.ask("reset", { user: "ben" });
  await (await site.greeted()).ask("recover", { token, password: "another" });
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
});
