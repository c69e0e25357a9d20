import { afterAll, beforeAll } from "bun:test";
import { ADDITIONS, type Additions, type Since } from "../src/wire/since.ts";

type Tables = { -readonly [Name in keyof Additions]: Additions[Name] };

const KIND: Since = { since: "0.5.0", client: "skipped", server: "stops" };
const PLAIN: Since = { since: "0.5.0", client: "plain", server: "ignores" };
const RESTRICTING: Since = { since: "0.5.0", client: "plain", server: "stops" };

/** Additions of a version 0.5.0, as if 0.4.0 lacked these kinds, fields and requests. */
const PLANTED: Additions = {
  versions: ["0.4.0", "0.5.0"],
  kinds: { poll: KIND, vote: KIND, hand: KIND, rules: KIND, bot: { ...KIND, client: "unsent" } },
  fields: { room: { private: RESTRICTING, initiator: PLAIN }, text: { thread: RESTRICTING } },
  requests: { poll: "0.5.0", vote: "0.5.0", hand: "0.5.0", rules: "0.5.0", bot: "0.5.0" },
  requestFields: {
    join: { assignment: "0.5.0" },
    "prefs-set": { keywords: "0.5.0" },
    history: { re: "0.5.0" },
    post: { thread: "0.5.0", everyone: "0.5.0" },
  },
  reliedOn: { join: ["assignment"], post: ["thread"], "prefs-set": ["keywords"] },
};

/** Makes this program one of version 0.5.0 while the tests of a file run. */
export function plantVersion(): void {
  const tables: Tables = ADDITIONS;
  const before = { ...ADDITIONS };
  beforeAll(() => void Object.assign(tables, PLANTED));
  afterAll(() => void Object.assign(tables, before));
}
