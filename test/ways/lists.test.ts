import { expect } from "bun:test";
import { Site } from "../server/site.ts";
import { INTERFACES } from "../ui/parity/interfaces.ts";
import { heldBy, testRule } from "./rule.ts";

/** Lists more messages of each kind than line mode prints, whose notes are the same with --json. */
async function notesCuts(): Promise<void> {
  const site = await Site.open();
  const ben = await site.member("ben");
  const opened = await INTERFACES["line mode"]?.(site);
  if (opened === undefined) return expect.unreachable();
  const cuts = async (line: string) => {
    const before = opened.notes.length;
    await opened.type(line);
    return opened.notes.slice(before).match(/listed are the latest \d+/g);
  };
  const seqs: number[] = [];
  for (let n = 0; n < 21; n++) seqs.push((await site.wait(ben.post(`text ${n}`))).seq);
  expect(await cuts("/history 3")).toEqual(["listed are the latest 3"]);
  expect(await cuts("/search text")).toEqual(["listed are the latest 20"]);
  expect(await cuts("/history 500")).toBeNull();
  expect(await cuts("/search text 20")).toBeNull();
  for (const seq of seqs.slice(1)) await opened.type(`/save ${seq}`);
  expect(await cuts("/saved")).toBeNull();
  await opened.type(`/save ${seqs[0]}`);
  expect(await cuts("/saved")).toEqual(["listed are the latest 20"]);
}

testRule("a list that was cut says so", "list something", {
  page: heldBy("ui/text/poll-text.test.ts", "says how many it does not name"),
  "full screen": heldBy("ui/text/poll-text.test.ts", "says how many it does not name"),
  "line mode": notesCuts,
  "join --json": notesCuts,
  command: heldBy("e2e/history.test.ts", "says that rooms have older messages than it prints"),
  "command --json": heldBy("e2e/history.test.ts", "says that rooms have older messages than it"),
  IRC: heldBy(
    "core/irc/member-lists.test.ts",
    "splits long lists into lines of fewer than 400 characters",
  ),
});
