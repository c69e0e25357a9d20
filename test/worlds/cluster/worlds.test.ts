import { testPlanted, testWorlds } from "../fleet.ts";
import { PLANTED } from "./planted.ts";

testWorlds("cluster", { usual: 14, full: 1_000 });
testPlanted("cluster", Object.keys(PLANTED));
