import { expect } from "bun:test";
import { testPlanted, testWorlds } from "../fleet.ts";
import { SEALED_ONLY_KINDS } from "../request-coverage.ts";
import { PLANTED } from "./planted.ts";

testWorlds("sealed", {
  usual: 16,
  full: 1_000,
  // Packages from before two clocks were corrected; a lost edit of an erased message; a lost edit
  // and its message, both erased; a state that arrives during the request for it; an edit of an
  // erased edit.
  past: [402, 603, 10_069, 10_961, 30_089],
  check: (sentKinds) =>
    expect(SEALED_ONLY_KINDS.filter((kind) => !sentKinds.has(kind))).toEqual([]),
});
testPlanted("sealed", Object.keys(PLANTED), "1-30");
