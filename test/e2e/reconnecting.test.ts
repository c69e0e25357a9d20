import { expect, test } from "bun:test";
import { Sandbox, textsOf } from "./program.ts";

test("reconnects, and receives and sends each missed message once", async () => {
  await using sandbox = new Sandbox();
  const first = await sandbox.serve();
  const { port, invite } = first;
  const ana = await sandbox.home("ana").join([invite, "--user", "ana"]);
  const bob = await sandbox.home("bob").join([invite, "--user", "bob"]);
  const cleo = await sandbox.home("cleo").join([invite, "--user", "cleo"]);
  ana.type("before");
  for (const one of [ana, bob, cleo]) await one.json("text", { text: "before" });
  await cleo.finish();
  await first.program.signal("SIGTERM");
  expect(await ana.json("lost")).toEqual({ kind: "lost" });
  await bob.json("lost");
  ana.type("typed offline", "/me waits");
  await sandbox.serve({ port });
  expect(await ana.json("connected")).toMatchObject({ user: "ana", rooms: ["lobby"] });
  await ana.json("ack", { text: "typed offline" });
  await bob.json("text", { text: "typed offline" });
  await bob.json("action", { text: "waits" });
  ana.type("after");
  await bob.json("text", { text: "after" });
  for (const program of [ana, bob]) {
    expect((await program.finish()).exitCode).toBe(0);
    expect(textsOf(program)).toEqual(["before", "typed offline", "after"]);
    const kinds = program.jsonLines.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "connected").length).toBe(2);
    expect(kinds.filter((kind) => kind === "lost").length).toBe(1);
  }
  const back = sandbox.home("cleo").start(["join", invite, "--user", "cleo", "--json"]);
  expect((await back.finish()).exitCode).toBe(0);
  expect(textsOf(back)).toEqual(["typed offline", "after"]);
  const third = sandbox.home("cleo").start(["join", invite, "--user", "cleo", "--json"]);
  expect((await third.finish()).exitCode).toBe(0);
  expect(textsOf(third)).toEqual([]);
});

test("at the end of input without a server, waits for unsent messages until Ctrl-C", async () => {
  await using sandbox = new Sandbox();
  const { program, invite } = await sandbox.serve();
  const ana = await sandbox.home("ana").join([invite, "--user", "ana"]);
  await program.signal("SIGKILL");
  await ana.json("lost");
  ana.type("never confirmed");
  const ended = ana.finish(60_000);
  ana.signal("SIGINT");
  const { exitCode, out } = await ended;
  expect(exitCode).toBe(130);
  expect(out).not.toContain('"ack"');
});

test("`send` delivers its line once if the server restarts meanwhile", async () => {
  await using sandbox = new Sandbox();
  const first = await sandbox.serve();
  const { port, invite } = first;
  const ana = sandbox.home("ana").start(["send", "--json", "--user", "ana", "--server", invite]);
  ana.type("one");
  await ana.json("sent");
  await first.program.signal("SIGKILL");
  ana.type("two", "three");
  await sandbox.serve({ port });
  expect((await ana.finish()).exitCode).toBe(0);
  const said = await sandbox.home("ana").json(["history", "--from", "ana", "--user", "ana"]);
  expect(said.flatMap(({ text }) => text ?? [])).toEqual(["one", "two", "three"]);
});
