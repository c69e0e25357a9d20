import { expect } from "bun:test";
import { openBallot } from "../../../src/core/rooms/ballot.ts";
import type { Guest } from "../guest.ts";
import { holds, labTest } from "../site-lab.ts";

const POLL = { options: 2 };

labTest("refuses a poll whose options look alike or are empty, and edits", async (it) => {
  const { site, ana } = it;
  let counter = 0;
  const refusal = (text: string, poll: object = POLL) => {
    const body = { text, poll: { ...POLL, ...poll } };
    return ana.refusal("post", { outbox: "BBBBBBBBBBB", counter: ++counter, to: "lab", body });
  };
  expect(await refusal("Q?\n1. Yes\n2. Yes\u200b")).toBe("usage");
  expect(await refusal("Q?\n1. Anna\n2. \u0410nna")).toBe("usage");
  expect(await refusal("Q?\n1. a\n2. \u200b")).toBe("usage");
  expect(await refusal("Q?\n1. a\n2. b\n3. a", { options: 3 })).toBe("usage");
  expect(await refusal("Q?\n1. a\n2. b", { until: 1 })).toBe("usage");
  expect(await refusal("Which one?")).toBe("usage");
  expect(ana.records.filter(({ head }) => head.kind === "text")).toEqual([]);
  const poll = { ...POLL, many: true };
  const { seq } = await site.wait(ana.post("Q?\n1. 1 km\n2. 1 Km", "lab", undefined, { poll }));
  expect(await ana.refusal("edit", { seq, text: "Q?\n1. a\n2. a" })).toBe("not-allowed");
  await ana.request("vote", { seq, choices: [1, 2] });
});

labTest("starts a poll once, also if its post is repeated", async ({ site, ana, ben }) => {
  const body = { text: "Q?\n1. a\n2. b", poll: POLL };
  const fields = { outbox: "BBBBBBBBBBB", counter: 1, to: "lab", body };
  const answers = [await ana.request("post", fields), await ana.request("post", fields)];
  await site.quiet();
  const [seq = 0, again] = answers.map((answer) => answer.seq);
  expect(again).toBe(seq);
  expect(await ben.refusal("poll", { seq })).toBe("not-allowed");
  await ana.request("poll", { seq });
  expect(await ana.refusal("poll", { seq })).toBe("not-found");
  expect(await ben.refusal("vote", { seq, choices: [1] })).toBe("not-allowed");
});

const choicesIn = (guest: Guest) =>
  guest.records.flatMap(({ head, body }) => (head.kind === "vote" ? [body?.["choices"]] : []));

labTest("sends no choice to anybody before the end of a poll hides them", async (it) => {
  const { site, ana, ben, eve } = it;
  const poll = { ...POLL, many: true, hide: "end" } as const;
  const { seq } = await site.wait(ana.post("Q?\n1. a\n2. b", "lab", undefined, { poll }));
  await ben.request("vote", { seq, choices: [1, 2] });
  await ana.request("vote", { seq, choices: [2] });
  await site.quiet();
  expect([choicesIn(ana), choicesIn(eve)]).toEqual([
    [undefined, undefined],
    [undefined, undefined],
  ]);
  expect(holds(site, '"choices"')).toBe(false);
  await ana.request("poll", { seq });
  await site.quiet();
  const bodies = eve.records.map(({ body = {} }) => body);
  const key = String(bodies.find((body) => body["on"] === false)?.["key"]);
  const ballots = bodies.flatMap(({ ballot }) => (typeof ballot === "string" ? [ballot] : []));
  expect(ballots.map((ballot) => openBallot(key, ballot))).toEqual([[1, 2], [2]]);
});

labTest("ends a poll with hidden results at its time, also without its author", async (it) => {
  const { site, ana, ben, eve } = it;
  const until = site.time.unixMs() + 5_000;
  const poll = { ...POLL, hide: "end", until } as const;
  const { seq } = await site.wait(ben.post("Q?\n1. a\n2. b", "lab", undefined, { poll }));
  await eve.request("vote", { seq, choices: [2] });
  await ana.request("kick", { room: "lab", user: "ben" });
  const ends = () => ana.records.filter(({ head }) => head.kind === "poll");
  expect(ends()).toEqual([]);
  await site.time.advance(7_000);
  expect(ends().map(({ body }) => body)).toEqual([{ seq, on: false, key: expect.any(String) }]);
});
