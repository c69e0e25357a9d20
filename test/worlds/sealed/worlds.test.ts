import { expect } from "bun:test";
import { testPlanted, testWorlds } from "../fleet.ts";
import { SEALED_ONLY_KINDS } from "../request-coverage.ts";
import { PLANTED } from "./planted.ts";

testWorlds("sealed", {
  usual: 16,
  full: 1_000,
  check: (sentKinds) =>
    expect(SEALED_ONLY_KINDS.filter((kind) => !sentKinds.has(kind))).toEqual([]),
});
testPlanted("sealed", Object.keys(PLANTED), "1-30");
