import { expect } from "bun:test";
import { testPlanted, testWorlds } from "./fleet.ts";
import { PLANTED } from "./planted.ts";
import { coverageErrors } from "./request-coverage.ts";

const check = (sentKinds: ReadonlySet<string>) => expect(coverageErrors(sentKinds)).toEqual([]);
testWorlds("server", { usual: 60, full: 2_000, check });
testPlanted("server", Object.keys(PLANTED));
