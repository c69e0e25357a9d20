import { testPlanted, testWorlds } from "../fleet.ts";
import { PLANTED } from "./planted.ts";

// 33288: after NATS lost all messages, a node without another node's record confirmed a change of
// settings as having no effect.
testWorlds("cluster", { usual: 14, full: 1_000, past: [33_288] });
testPlanted("cluster", Object.keys(PLANTED));
