import { expect, test } from "bun:test";
import { noteChange, withChanges } from "../../../src/core/model/changes.ts";
import { itemOf } from "../../../src/core/model/item.ts";
import type { Changes } from "../../../src/core/model/state.ts";
import { pollText } from "../../../src/core/rooms/polls.ts";
import { record } from "../model-scene.ts";

const TEXT = pollText("Lunch?", ["soup", "rice"]);
const START = { seq: 1, on: true, options: 2 };

type Step = readonly [kind: string, from: string | undefined, body: object];

/** Applies records with seqs from 2 in the given order of their indexes. */
function pollAfter(steps: readonly Step[], order = steps.map((_, index) => index), text = TEXT) {
  const changes = new Map<number, Changes>();
  for (const index of order) {
    const [kind, from, body] = steps[index] as Step;
    noteChange(changes, record(index + 2, { kind, from, body: { ...body } }));
  }
  const item = itemOf(record(1, { body: { text } }), "ana", () => false);
  return withChanges(item, changes.get(1), "ana").poll;
}

const countsOf = (poll: ReturnType<typeof pollAfter>) =>
  poll?.options.map(({ count, isMine }) => (isMine ? -count : count));

test("counts the last vote of each voter, in whatever order the records arrive", () => {
  const steps: Step[] = [
    ["poll", "ben", START],
    ["vote", "ana", { re: 1, choices: [1] }],
    ["vote", "ben", { re: 1, choices: [1] }],
    ["vote", "ana", { re: 1, choices: [2] }],
    ["vote", "eve", { re: 1, choices: [] }],
    ["poll", "ben", { seq: 1, on: false }],
  ];
  const poll = pollAfter(steps);
  expect(poll).toMatchObject({ question: "Lunch?", voters: 2, isClosed: true });
  expect(poll?.options.map(({ option, by }) => [option, by])).toEqual([
    ["soup", ["ben"]],
    ["rice", ["ana"]],
  ]);
  expect(countsOf(poll)).toEqual([1, -1]);
  expect(pollAfter(steps, [5, 4, 3, 2, 1, 0])).toEqual(poll);
  expect(pollAfter(steps, [5, 3, 1, 0, 2, 4, 3, 5])).toEqual(poll);
});

test("an anonymous poll counts by pseudonym", () => {
  const vote = (voter: string, choice: number): Step => {
    return ["vote", undefined, { re: 1, choices: [choice], voter }];
  };
  const start: Step = ["poll", "ben", { ...START, anonymous: true }];
  const poll = pollAfter([start, vote("p1", 1), vote("p2", 1), vote("p1", 2)]);
  expect([poll?.anonymous, poll?.voters, countsOf(poll)]).toEqual([true, 2, [1, 1]]);
});

test("counts nobody twice in a poll that was restarted with names", () => {
  const poll = pollAfter([
    ["poll", "ben", { ...START, anonymous: true }],
    ["vote", undefined, { re: 1, choices: [1], voter: "p1" }],
    ["poll", "ben", { seq: 1, on: false }],
    ["poll", "ben", START],
    ["vote", "ana", { re: 1, choices: [1] }],
  ]);
  expect([poll?.start, poll?.voters, countsOf(poll)]).toEqual([5, 1, [-1, 0]]);
});

test("ignores invalid votes, edits and texts without the options", () => {
  const start: Step = ["poll", "ben", START];
  const votes: Step[] = [
    ["vote", "ana", { re: 1, choices: [1, 2] }],
    ["vote", "eve", { re: 1, choices: [9, "x"] }],
    ["vote", "cy", { re: 1 }],
    ["edit", "ben", { seq: 1, text: pollText("Lunch?", ["rice", "soup"]) }],
  ];
  const poll = pollAfter([start, ...votes]);
  expect([countsOf(poll), poll?.options[0]?.option]).toEqual([[0, 0], "soup"]);
  expect(pollAfter([start], undefined, "Lunch?\n2. rice\n1. soup")).toBeUndefined();
  expect(pollAfter([start], undefined, "1. soup\n2. rice")).toBeUndefined();
  expect(pollAfter(votes)).toBeUndefined();
});
