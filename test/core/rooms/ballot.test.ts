import { expect, test } from "bun:test";
import { toBase64Url } from "../../../src/base/bytes.ts";
import { BALLOT_NONCE_BYTES, openBallot, sealBallot } from "../../../src/core/rooms/ballot.ts";

const keyOf = (byte: number) => toBase64Url(new Uint8Array(32).fill(byte));
const nonceOf = (byte: number) => new Uint8Array(BALLOT_NONCE_BYTES).fill(byte);

test("opens ballots with the key of their poll only", () => {
  for (const choices of [[1], [10], [2, 3, 9], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]) {
    const ballot = sealBallot(keyOf(1), nonceOf(choices.length), choices);
    expect(openBallot(keyOf(1), ballot)).toEqual(choices);
    expect(openBallot(keyOf(2), ballot)).toBeUndefined();
  }
  expect(openBallot("?", sealBallot(keyOf(1), nonceOf(1), [1]))).toBeUndefined();
  expect(openBallot(keyOf(1), "short")).toBeUndefined();
});

test("equal votes look different, and all ballots have one length", () => {
  const ballots = [1, 2, 3].map((n) => sealBallot(keyOf(1), nonceOf(n), n < 3 ? [1] : [1, 10]));
  expect(new Set(ballots).size).toBe(3);
  expect(new Set(ballots.map((ballot) => ballot.length)).size).toBe(1);
});
