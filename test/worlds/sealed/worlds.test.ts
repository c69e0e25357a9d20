import { expect } from "bun:test";
import { ASKED_BY_SEALED } from "../asked.ts";
import { testWorlds } from "../fleet.ts";

testWorlds("sealed", {
  usual: 16,
  full: 1_000,
  check: (asked) => expect(ASKED_BY_SEALED.filter((kind) => !asked.has(kind))).toEqual([]),
});
