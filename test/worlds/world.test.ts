import { expect } from "bun:test";
import { testPlanted, testWorlds } from "./fleet.ts";
import { PLANTED } from "./planted.ts";
import { coverageErrors } from "./request-coverage.ts";

const check = (sentKinds: ReadonlySet<string>) => expect(coverageErrors(sentKinds)).toEqual([]);
// 76 sends `cancel`. 123: a room was removed while an IRC client was shown what it had missed
// there. 23465: the account of an IRC client left a room on a device while the client listed its
// conversations.
testWorlds("server", { usual: 70, full: 2_000, past: [76, 123, 23_465], check });
testPlanted("server", Object.keys(PLANTED));
