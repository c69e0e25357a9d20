import { expect } from "bun:test";
import { ndjson } from "./program.ts";
import { SharedServer } from "./shared-server.ts";

const server = new SharedServer();

server.test("rules of a room bind its members and scripts", async (sandbox) => {
  const ida = sandbox.home("ida").with({ CHAT_USER: "ida" });
  const jon = sandbox.home("jon").with({ CHAT_USER: "jon" });
  await ida.run(["join", "--json"], {
    stdin: "/join ruled\n/rules post moderators slow 600\n/rules\n",
  });
  const joined = await jon.run(["join", "--json"], { stdin: "/join ruled\nhello\n/topic x\n" });
  const faults = ndjson(joined.out).filter(({ kind }) => kind === "fault");
  expect(faults.map(({ code }) => code)).toEqual(["not-allowed", "not-allowed"]);
  await ida.run(["join", "--room", "ruled"], {
    stdin: "/rules post everyone everyone moderators\n",
  });
  const send = (text: string) => jon.run(["send", "--to", "ruled", text, "--json"]);
  expect((await send("one")).exitCode).toBe(0);
  const [second, call] = [await send("two"), await send("@everyone three")];
  expect([second, call].map(({ exitCode, out }) => [exitCode, ndjson(out)[0]?.["code"]])).toEqual([
    [3, "too-fast"],
    [3, "not-allowed"],
  ]);
  const rules = (await ida.json(["history", "--room", "ruled"])).filter(
    ({ kind }) => kind === "rules",
  );
  expect(rules.at(-1)).toMatchObject({
    from: "ida",
    topic: "moderators",
    slow: 600,
    everyone: "moderators",
  });
});

server.test("asks to join a room that admits people by approval", async (sandbox) => {
  const kay = sandbox.home("kay").with({ CHAT_USER: "kay" });
  const lou = sandbox.home("lou").with({ CHAT_USER: "lou" });
  await kay.run(["join"], { stdin: "/join council\n/rules join approval\n" });
  const asked = await lou.run(["join", "--room", "council", "--json"]);
  expect([asked.exitCode, ndjson(asked.out).at(-1)?.["code"]]).toEqual([3, "approval-needed"]);
  const listed = await lou.json(["rooms"]);
  expect(listed).toContainEqual(expect.objectContaining({ room: "council", joined: false }));
  await kay.run(["join", "--room", "council"], { stdin: "/invite @lou\n" });
  expect((await lou.run(["join", "--room", "council"])).exitCode).toBe(0);
});
