import { expect, test } from "bun:test";
import { until } from "../event.ts";
import { Sandbox } from "./program.ts";

const STAMPS = ["seen", "fix", "again", "well-done"];
const COUNT = 24;

test("a server killed between stamps and answers keeps each once, in order", async () => {
  await using sandbox = new Sandbox();
  let server = await sandbox.serve();
  const { port, invite } = server;
  const home = (name: string) => sandbox.home(name).with({ CHAT_USER: name, CHAT_INVITE: invite });
  const [ana, ben] = [home("ana"), home("ben")];
  await ana.run(["join"], { stdin: "/join essay --assignment\n" });
  await ben.run(["join", "--room", "essay"]);
  expect((await ben.run(["send", "--to", "essay", "my essay"])).exitCode).toBe(0);
  const typed = Array.from({ length: COUNT }, (_, i) => STAMPS[i % STAMPS.length] ?? "");
  const program = ana.start(["join", "--json", "--room", "essay"]);
  await program.json("connected");
  const acked = () => program.jsonLines.filter(({ kind }) => kind === "ack").length;
  for (let round = 1; round <= 2; round++) {
    const from = (round - 1) * (COUNT / 2);
    program.type(...typed.slice(from, from + COUNT / 2).map((stamp) => `/stamp ben ${stamp}`));
    await until("an acknowledged stamp", () => acked() > from);
    await server.program.signal("SIGKILL");
    server = await sandbox.serve({ port });
  }
  await until("all acknowledgements", () => acked() >= COUNT);
  expect((await program.finish(60_000)).exitCode).toBe(0);
  const box = await ben.json(["history", "--room", "essay@ben"]);
  const stamps = box.flatMap(({ stamp }) => (stamp === undefined ? [] : [stamp]));
  expect(stamps).toEqual(typed);
  const [work] = await ana.json(["handed", "--room", "essay"]);
  expect(work).toMatchObject({ user: "ben", messages: 1, reply: "done", stamp: "well-done" });
  expect((await ana.run(["handed", "--room", "essay"])).out).toContain("Well done");
}, 120_000);
