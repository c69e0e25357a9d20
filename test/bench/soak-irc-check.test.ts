import { expect, test } from "bun:test";
import { compare, createFindings, Truth } from "../../scripts/soak-irc-check.ts";

const at = (second: number) => new Date(second * 1_000).toISOString();
const record = (kind: string, seq: number, fields: object) => {
  return { kind, seq, room: "den", from: "ben", time: at(seq), ...fields };
};
const HISTORY = [
  record("join", 1, { from: "ana" }),
  record("text", 10, { text: "den.00001 one" }),
  record("text", 20, { text: "den.00002 two" }),
  record("edited", 30, { of: 20, text: "den.00003 three" }),
  record("text", 40, { text: "den.00004 four" }),
  record("erased", 40, {}),
  record("leave", 50, { from: "ana" }),
  record("text", 60, { text: "den.00005 five" }),
];

function check(view: readonly string[], isLog: boolean, lostAtSecond = 0) {
  const truth = new Truth();
  truth.read(HISTORY);
  const outage = { fromUnixMs: lostAtSecond * 1_000, toUnixMs: lostAtSecond * 1_000 };
  const viewer = { account: "ana", isLog, outages: lostAtSecond === 0 ? [] : [outage] };
  const findings = createFindings();
  const tokens = view.map((number) => `den.0000${number}`);
  compare(truth, "den", viewer, tokens, 0, findings);
  const { lost, repeated, repeatedInWindow, wrong } = findings;
  return [lost.size, repeated.size, repeatedInWindow.size, wrong.size];
}

test("accepts each text once, in an IRC client and in a program with edits", () => {
  expect(check(["1", "2", "3", "4"], true)).toEqual([0, 0, 0, 0]);
  expect(check(["1", "3"], true)).toEqual([0, 0, 0, 0]);
  expect(check(["1", "3"], false)).toEqual([0, 0, 0, 0]);
});

test("finds a lost text", () => {
  expect(check(["2"], true)).toEqual([1, 0, 0, 0]);
  expect(check(["1"], false)).toEqual([1, 0, 0, 0]);
});

test("finds a repeated text, except in an IRC client within 10 seconds of a disconnection", () => {
  expect(check(["1", "1", "2"], true)).toEqual([0, 1, 0, 0]);
  expect(check(["1", "1", "2"], true, 21)).toEqual([0, 1, 0, 0]);
  expect(check(["1", "1", "2"], true, 20)).toEqual([0, 0, 1, 0]);
  expect(check(["1", "1", "3"], false, 15)).toEqual([0, 1, 0, 0]);
});

test("finds an old version, an erased text, and a text for members only", () => {
  expect(check(["1", "2", "3"], false)).toEqual([0, 0, 0, 1]);
  expect(check(["1", "3", "4"], false)).toEqual([0, 0, 0, 1]);
  expect(check(["1", "2", "5"], true)).toEqual([0, 0, 0, 1]);
});

test("ignores events without a number", () => {
  const truth = new Truth();
  truth.read([...HISTORY, { kind: "connected", room: "den" }]);
  expect(truth.lastSeq).toBe(60);
});
