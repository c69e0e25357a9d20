import { expect, test } from "bun:test";
import type { Answer, RequestFields } from "../../../src/wire/messages.ts";
import { type Guest, headOf } from "../guest.ts";
import { lab, operating } from "../site-lab.ts";

type PastDecision = Answer<"decisions">["events"][number];

function labelOf({ decision, record }: PastDecision): string {
  const head = record?.head;
  if (decision !== undefined) return decision;
  return head === undefined ? "?" : headOf({ head }).kind;
}

async function all(guest: Guest, bounds: RequestFields<"decisions"> = {}): Promise<PastDecision[]> {
  const decisions: PastDecision[] = [];
  let next: Answer<"decisions">["next"];
  do {
    const page = await guest.request("decisions", { ...bounds, ...(next ? { before: next } : {}) });
    decisions.unshift(...page.events);
    next = page.next;
  } while (next !== undefined);
  return decisions;
}

test("lists decisions of both logs in order, of earlier runs too", async () => {
  const { site, ana, ben, eve } = await lab();
  await operating(ana);
  await ana.request("ban", { user: "eve", on: true, reason: "spam" });
  await eve.untilEnded();
  await site.time.advance(10);
  await ana.request("kick", { room: "lab", user: "ben" });
  await site.time.advance(10);
  const { token } = await ana.request("reset", { user: "ben" });
  await (await site.greeted()).request("recover", { token, password: "another" });
  await ben.request("passwd", { password: "secret", current: "another" });
  await ana.request("rename", { user: "ben", to: "benno" });
  await site.wait(ana.post("secret words", "@eve"));
  await site.restart();
  const again = await operating(await site.again(ana, "ana"));
  await again.request("announce", { text: "hello" });
  const decisions = await all(again);
  expect(decisions.map(labelOf)).toEqual([
    ...["registered", "registered", "registered"],
    ...["banned", "kick", "reset", "reset-used", "renamed", "announced"],
  ]);
  expect(decisions[3]).toMatchObject({ event: "decided", by: "ana", whom: "eve", reason: "spam" });
  expect(decisions[4]).toMatchObject({ event: "record", room: { name: "lab" } });
  expect(decisions.map(({ time }) => time)).toEqual(decisions.map(({ time }) => time).toSorted());
  expect(JSON.stringify(decisions)).not.toContain("secret");
  expect(JSON.stringify(decisions)).not.toContain(token);
  const [ban, kick] = [decisions[3]?.time ?? 0, decisions[4]?.time ?? 0];
  expect((await all(again, { since: ban, until: kick })).map(labelOf)).toEqual(["banned", "kick"]);
  expect((await all(again, { since: ban + 1, until: kick - 1 })).map(labelOf)).toEqual([]);
  expect((await all(again, { until: ban - 1 })).map(labelOf)).toHaveLength(3);
});
