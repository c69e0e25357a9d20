import { expect, test } from "bun:test";
import { surveyCluster } from "../../../src/cli/serve/survey.ts";
import { packNews } from "../../../src/core/cluster/messages.ts";

const STATE = { last: 12, bytes: 900, leader: "n1", replicas: 3, current: 3, hasMajority: true };

/** Whether servers that say so of themselves have one history. */
async function areOne(...nodes: readonly object[]): Promise<boolean> {
  const plain = { address: "", records: 10, accounts: 4, root: "0a", state: "follows" };
  const survey = await surveyCluster({
    ask: () =>
      Promise.resolve(nodes.map((node, i) => packNews(`n${i}`, { ...plain, seq: 12, ...node }))),
    state: () => Promise.resolve(STATE),
  });
  expect(survey.nodes).toHaveLength(nodes.length);
  return survey.areRootsEqual;
}

const at = (history: number, accounts: number) => ({ applied: { history, accounts } });

test("histories of one length have one root", async () => {
  expect(await areOne({ root: "0a" }, { root: "0a" })).toBe(true);
  expect(await areOne({ root: "0a" }, { root: "0b" })).toBe(false);
});

test("what is made of one part of the stream has one length", async () => {
  const short = { records: 6, root: "06" };
  expect(await areOne(at(10, 4), { ...short, ...at(6, 4) })).toBe(false);
  expect(await areOne(at(10, 4), at(10, 5))).toBe(false);
  expect(await areOne(at(10, 4), at(10, 4))).toBe(true);
});

test("who is behind, gives back what was lost, or does not say, differs from nobody", async () => {
  const short = { records: 6, root: "06" };
  expect(await areOne(at(10, 4), { ...short, ...at(6, 4), seq: 11 })).toBe(true);
  expect(await areOne(at(10, 4), { ...short, ...at(6, 4), state: "restores" })).toBe(true);
  expect(await areOne(at(10, 4), short, { ...short, applied: { history: -1 } })).toBe(true);
});
