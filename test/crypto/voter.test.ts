import { expect, test } from "bun:test";
import type { Identity } from "../../src/crypto/identity.ts";
import { ballotKeyOf, voterOf } from "../../src/crypto/voter.ts";
import { identityOfSeed } from "./seed-identity.ts";

test("a voter has one pseudonym in each poll of a server", () => {
  const [one, other] = [1, 2].map((n) => identityOfSeed(new Uint8Array(32).fill(n))) as [
    Identity,
    Identity,
  ];
  expect(voterOf(one, "uAAAAAAAAAAA", 5)).toBe(voterOf(one, "uAAAAAAAAAAA", 5));
  const all = [
    voterOf(one, "uAAAAAAAAAAA", 5),
    voterOf(one, "uAAAAAAAAAAA", 6),
    voterOf(one, "uBBBBBBBBBBB", 5),
    voterOf(other, "uAAAAAAAAAAA", 5),
  ];
  expect(new Set(all).size).toBe(4);
  expect(all.every((voter) => /^[\w-]{16}$/.test(voter))).toBe(true);
});

test("each poll of a server has its own key for hidden votes", () => {
  const identity = identityOfSeed(new Uint8Array(32).fill(1));
  expect(ballotKeyOf(identity, 5)).toBe(ballotKeyOf(identity, 5));
  expect(ballotKeyOf(identity, 5)).not.toBe(ballotKeyOf(identity, 6));
  expect(ballotKeyOf(identity, 5)).toMatch(/^[\w-]{43}$/);
});
