import { expect } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { labTest } from "../site-lab.ts";

const TEXT = "Who?\n1. ana\n2. ben";

labTest("keeps an anonymous poll anonymous while its author restarts it", async (it) => {
  const { site, ana, ben, eve } = it;
  for (let round = 0; round < 20; round++) {
    const { seq } = await site.wait(ana.post(TEXT, "lab"));
    const { seq: start } = await ana.request("poll", {
      seq,
      on: true,
      options: 2,
      anonymous: true,
    });
    // As by a client that Ana has changed: it restarts the poll with names while others vote.
    const restart = [
      ana.send("poll", { seq, on: false }),
      ana.send("poll", { seq, on: true, options: 2 }),
    ];
    const votes = [
      ben.send("vote", { seq, choices: [1], start }),
      eve.send("vote", { seq, choices: [2] }),
    ];
    const [, restarted] = await site.wait(Promise.allSettled(restart));
    expect((restarted as PromiseRejectedResult).reason).toBeInstanceOf(Fault);
    await site.wait(Promise.allSettled(votes));
  }
  await site.quiet();
  const votes = ana.records.filter(({ head }) => head.kind === "vote");
  expect(votes.filter(({ head }) => head.by !== "server")).toEqual([]);
});

labTest("refuses options that look alike or are empty, and edited texts", async ({ site, ana }) => {
  const refusal = async (text: string, options = 2, edited?: string) => {
    const { seq } = await site.wait(ana.post(text, "lab"));
    if (edited !== undefined) await ana.request("edit", { seq, text: edited });
    return ana.refusal("poll", { seq, on: true, options });
  };
  expect(await refusal("Q?\n1. Yes\n2. Yes\u200b")).toBe("usage");
  expect(await refusal("Q?\n1. Anna\n2. \u0410nna")).toBe("usage");
  expect(await refusal("Q?\n1. a\n2. \u200b")).toBe("usage");
  expect(await refusal("Q?\n1. a\n2. b\n3. a", 3)).toBe("usage");
  expect(await refusal("Q?\n1. a\n2. b", 2, "Q?\n1. a\n2. a")).toBe("not-allowed");
  const { seq } = await site.wait(ana.post("Q?\n1. 1 km\n2. 1 Km", "lab"));
  await ana.request("poll", { seq, on: true, options: 2 });
});
