import { expect } from "bun:test";
import { unasked } from "./asked.ts";
import { testPlanted, testWorlds } from "./fleet.ts";
import { PLANTED } from "./planted.ts";

const check = (asked: ReadonlySet<string>) => expect(unasked(asked)).toEqual([]);
testWorlds("server", { usual: 40, full: 2_000, check });
testPlanted("server", Object.keys(PLANTED));
