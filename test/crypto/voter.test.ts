import { expect, test } from "bun:test";
import type { Identity } from "../../src/crypto/identity.ts";
import { voterOf } from "../../src/crypto/voter.ts";
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
