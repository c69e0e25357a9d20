import { expect } from "bun:test";
import { labTest } from "../site-lab.ts";

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
