import { expect } from "bun:test";
import { ndjson } from "./program.ts";
import { SharedServer } from "./shared-server.ts";

const server = new SharedServer();

server.test("prints what is new, what calls the account first", async (sandbox) => {
  const [ida, jon] = ["ida", "jon"].map((name) => sandbox.home(name).with({ CHAT_USER: name }));
  if (ida === undefined || jon === undefined) throw new Error("two people");
  await ida.run(["join"], { stdin: "/join hall\n/read all\n" });
  await jon.run(["join"], { stdin: "/join hall\n" });
  await ida.run(["join"], { stdin: "/join hall\n" });
  const before = await ida.run(["inbox", "--count"]);
  const unreadBefore = Number(before.out.split(" ")[1]);
  const stdin = "/join hall\nnothing\n@ida the *first*\nthe end\n/msg ida lunch?\n";
  await jon.run(["join"], { stdin });
  const ran = await ida.run(["inbox", "--json"]);
  expect(ran.exitCode).toBe(0);
  const lines = ndjson(ran.out);
  expect(lines[0]).toMatchObject({
    kind: "call",
    reason: "mention",
    room: "hall",
    from: "jon",
    text: "@ida the *first*",
  });
  expect(lines).toContainEqual(
    expect.objectContaining({ kind: "unread", with: "jon", unread: 1, calls: 0 }),
  );
  expect(lines).toContainEqual(
    expect.objectContaining({ kind: "unread", room: "hall", unread: 3, calls: 1 }),
  );
  const counts = { kind: "inbox", calls: 1, unread: unreadBefore + 4 };
  expect(lines.at(-1)).toMatchObject(counts);
  expect((await ida.run(["inbox", "--count"])).out).toBe(`1@ ${unreadBefore + 4}\n`);
  expect((await ida.run(["inbox"])).out.split("\t").slice(0, 1)).toEqual(["mention"]);
  const [hall, person] = await ida.json(["rooms"]);
  expect(hall).toMatchObject({ kind: "room", room: "hall", unread: 3, calls: 1 });
  expect(person).toMatchObject({ kind: "person", with: "jon", unread: 1, calls: 0 });
  await ida.run(["join"], { stdin: "/read all\n" });
  const after = await ida.run(["inbox", "--json"]);
  expect([after.exitCode, ndjson(after.out)]).toEqual([
    4,
    [{ kind: "inbox", calls: 0, unread: 0 }],
  ]);
});
