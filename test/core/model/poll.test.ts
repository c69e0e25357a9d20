import { expect, test } from "bun:test";
import { toBase64Url } from "../../../src/base/bytes.ts";
import { noteChange, withChanges } from "../../../src/core/model/changes.ts";
import { itemOf } from "../../../src/core/model/item.ts";
import type { Changes } from "../../../src/core/model/state.ts";
import { BALLOT_NONCE_BYTES, sealBallot } from "../../../src/core/rooms/ballot.ts";
import { pollText } from "../../../src/core/rooms/polls.ts";
import { record } from "../model-scene.ts";

const TEXT = pollText("Lunch?", ["soup", "rice"]);
const START = { options: 2 };

type Step = readonly [kind: string, from: string | undefined, body: object];

/** Applies records with seqs from 2 in the given order of their indexes. */
function pollAfter(
  steps: readonly Step[],
  order = steps.map((_, index) => index),
  { text = TEXT, ...fields }: { text?: string; poll?: object | undefined } = { poll: START },
) {
  const changes = new Map<number, Changes>();
  noteChange(changes, record(1, { kind: "text", from: "ben", body: { text, ...fields } }));
  for (const index of order) {
    const [kind, from, body] = steps[index] as Step;
    noteChange(changes, record(index + 2, { kind, from, body: { ...body } }));
  }
  const item = itemOf(record(1, { body: { text } }), "ana", () => false);
  return withChanges(item, changes.get(1), "ana").poll;
}

const countsOf = (poll: ReturnType<typeof pollAfter>) =>
  poll?.options.map(({ count, isMine }) => (isMine && count !== undefined ? -count : count));

test("counts the last vote of each voter, in whatever order the records arrive", () => {
  const steps: Step[] = [
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
  expect(pollAfter(steps, [4, 3, 2, 1, 0])).toEqual(poll);
  expect(pollAfter(steps, [4, 2, 0, 1, 3, 2, 4])).toEqual(poll);
});

test("an anonymous poll counts by pseudonym", () => {
  const vote = (voter: string, choice: number): Step => {
    return ["vote", undefined, { re: 1, choices: [choice], voter }];
  };
  const steps = [vote("p1", 1), vote("p2", 1), vote("p1", 2)];
  const poll = pollAfter(steps, undefined, { poll: { ...START, anonymous: true } });
  expect([poll?.anonymous, poll?.voters, countsOf(poll)]).toEqual([true, 2, [1, 1]]);
});

test("ignores invalid votes, edits and texts without the options", () => {
  const votes: Step[] = [
    ["vote", "ana", { re: 1, choices: [1, 2] }],
    ["vote", "eve", { re: 1, choices: [9, "x"] }],
    ["vote", "cy", { re: 1 }],
    ["edit", "ben", { seq: 1, text: pollText("Lunch?", ["rice", "soup"]) }],
  ];
  const poll = pollAfter(votes);
  expect([countsOf(poll), poll?.options[0]?.option]).toEqual([[0, 0], "soup"]);
  for (const text of ["Lunch?\n2. rice\n1. soup", "1. soup\n2. rice"])
    expect(pollAfter([], undefined, { text, poll: START })).toBeUndefined();
  expect(pollAfter(votes, undefined, {})).toBeUndefined();
});

const KEY = toBase64Url(new Uint8Array(32).fill(7));

test("shows no votes before the reader's own, if the poll hides them until then", () => {
  const poll = { ...START, hide: "vote" };
  const others: Step[] = [["vote", "ben", { re: 1, choices: [1], hidden: true }]];
  const own: Step = ["vote", "ana", { re: 1, choices: [2], hidden: true }];
  const hidden = pollAfter(others, undefined, { poll });
  expect([hidden?.isHidden, hidden?.voters]).toEqual([true, 1]);
  expect(hidden?.options.map(({ count, by }) => [count, by])).toEqual([
    [undefined, []],
    [undefined, []],
  ]);
  expect(countsOf(pollAfter([...others, own], undefined, { poll }))).toEqual([1, -1]);
  const withdrawn: Step = ["vote", "ana", { re: 1, choices: [], hidden: true }];
  expect(pollAfter([...others, own, withdrawn], undefined, { poll })?.isHidden).toBe(true);
  const end: Step = ["poll", "ben", { seq: 1, on: false }];
  expect(countsOf(pollAfter([...others, end], undefined, { poll }))).toEqual([1, 0]);
});

test("shows no votes before the end reveals them, if the poll hides them until then", () => {
  const poll = { ...START, hide: "end" };
  const ballot = (choice: number) =>
    sealBallot(KEY, new Uint8Array(BALLOT_NONCE_BYTES).fill(choice), [choice]);
  const steps: Step[] = [
    ["vote", "ben", { re: 1, ballot: ballot(1) }],
    ["vote", "ana", { re: 1, ballot: ballot(2) }],
    ["vote", "eve", { re: 1, ballot: ballot(1) }],
    ["vote", "eve", { re: 1, choices: [] }],
    ["vote", "cy", { re: 1, ballot: "forged" }],
  ];
  const hidden = pollAfter(steps, undefined, { poll });
  expect([hidden?.isHidden, hidden?.voters, countsOf(hidden)]).toEqual([
    true,
    3,
    [undefined, undefined],
  ]);
  const unrevealed: Step = ["poll", "ben", { seq: 1, on: false }];
  const ended = pollAfter([...steps, unrevealed], undefined, { poll });
  expect([ended?.isClosed, ended?.isHidden]).toEqual([true, true]);
  const end: Step = ["poll", "ben", { seq: 1, on: false, key: KEY }];
  const shown = pollAfter([...steps, end], undefined, { poll });
  expect([shown?.isHidden, shown?.voters, countsOf(shown)]).toEqual([false, 2, [1, -1]]);
  expect(pollAfter([...steps, end], [5, 4, 3, 2, 1, 0], { poll })).toEqual(shown);
  expect(pollAfter([...steps, unrevealed, end], undefined, { poll })).toEqual(shown);
});
