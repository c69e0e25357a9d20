import { expect } from "bun:test";
import { testWorlds } from "../fleet.ts";
import { SEALED_ONLY_KINDS } from "../request-coverage.ts";

testWorlds("sealed", {
  usual: 16,
  full: 1_000,
  // Packages from before two clocks were corrected; a lost edit of an erased message.
  past: [402, 603],
  check: (sentKinds) =>
    expect(SEALED_ONLY_KINDS.filter((kind) => !sentKinds.has(kind))).toEqual([]),
});
