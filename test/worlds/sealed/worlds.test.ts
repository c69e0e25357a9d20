import { expect } from "bun:test";
import { testWorlds } from "../fleet.ts";
import { SEALED_ONLY_KINDS } from "../request-coverage.ts";

testWorlds("sealed", {
  usual: 16,
  full: 1_000,
  // Packages from before the clocks of a device and the server were corrected.
  past: [402],
  check: (sentKinds) =>
    expect(SEALED_ONLY_KINDS.filter((kind) => !sentKinds.has(kind))).toEqual([]),
});
