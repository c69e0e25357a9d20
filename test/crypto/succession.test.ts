import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Identity } from "../../src/crypto/identity.ts";
import { lineage, makeSuccession } from "../../src/crypto/succession.ts";
import { sampleSize } from "../samples.ts";

function chain(length: number) {
  const keys = Array.from({ length: length + 1 }, () => Identity.generate());
  const formers = keys.slice(1).map((old, i) => makeSuccession(old, (keys[i] ?? old).publicKey));
  return { keys, formers };
}

describe("keys of one server", () => {
  test("form a chain to the first key, listed newest first", () => {
    const { keys, formers } = chain(4);
    const [present, ...old] = keys.map(({ publicKey }) => publicKey);
    if (present === undefined) throw new Error("no key");
    expect(lineage(present, formers)).toEqual(keys.slice(1).map(({ fingerprint }) => fingerprint));
    expect(lineage(present, [])).toEqual([]);
    expect(old).toHaveLength(4);
  });

  test("stop at the first invalid signature", () =>
    fc.assert(
      fc.property(fc.nat({ max: 3 }), fc.nat({ max: 63 }), (at, byte) => {
        const { keys, formers } = chain(4);
        const forged = formers.map((former, i) => ({
          ...former,
          signature: former.signature.map((value, j) =>
            i === at && j === byte ? value ^ 1 : value,
          ),
        }));
        const present = keys[0]?.publicKey ?? new Uint8Array(32);
        expect(lineage(present, forged)).toHaveLength(at);
      }),
      { numRuns: sampleSize(30, 150) },
    ));

  test("reject a signature for another key or purpose", () => {
    const [old, next, other] = [Identity.generate(), Identity.generate(), Identity.generate()];
    const former = makeSuccession(old, next.publicKey);
    expect(lineage(other.publicKey, [former])).toEqual([]);
    const signature = old.sign(next.publicKey);
    expect(lineage(next.publicKey, [{ key: old.publicKey, signature }])).toEqual([]);
  });
});
