import { expect, test } from "bun:test";
import { type Program, Sandbox } from "./program.ts";

/** Clients that outlive their server. */

function texts(program: Program): unknown[] {
  return program.jsonLines.filter(({ kind }) => kind === "text").map(({ text }) => text);
}

test("lost, connected again, each missed message once, what was typed meanwhile once", async () => {
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
    expect(texts(program)).toEqual(["before", "typed offline", "after"]);
    const kinds = program.jsonLines.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "connected").length).toBe(2);
    expect(kinds.filter((kind) => kind === "lost").length).toBe(1);
  }
  // Whoever was away is told what they missed, and not what they had seen.
  const back = sandbox.home("cleo").start(["join", invite, "--user", "cleo", "--json"]);
  expect((await back.finish()).exitCode).toBe(0);
  expect(texts(back)).toEqual(["typed offline", "after"]);
  const third = sandbox.home("cleo").start(["join", invite, "--user", "cleo", "--json"]);
  expect((await third.finish()).exitCode).toBe(0);
  expect(texts(third)).toEqual([]);
});

test("killed and started five times under a client that says something each time", async () => {
  await using sandbox = new Sandbox();
  let served = await sandbox.serve();
  const { port, invite } = served;
  const ana = await sandbox.home("ana").join([invite, "--user", "ana"]);
  const bob = await sandbox.home("bob").join([invite, "--user", "bob"]);
  const wanted: string[] = [];
  for (let round = 0; round < 5; round++) {
    await served.program.signal("SIGKILL");
    await ana.json("lost");
    wanted.push(`round ${round}`);
    ana.type(`round ${round}`);
    served = await sandbox.serve({ port });
    await bob.json("text", { text: `round ${round}` });
  }
  await ana.finish();
  await bob.finish();
  expect([texts(ana), texts(bob)]).toEqual([wanted, wanted]);
});

test("a server of another identity in its place ends the client, exit 6", async () => {
  await using sandbox = new Sandbox();
  const first = await sandbox.serve({ data: "one" });
  const ana = await sandbox.home("ana").join([first.invite, "--user", "ana"]);
  await first.program.signal("SIGKILL");
  await ana.json("lost");
  ana.type("a secret");
  const second = await sandbox.serve({ data: "two", port: first.port, args: ["--open"] });
  const { exitCode, err } = await ana.ended();
  expect(exitCode).toBe(6);
  expect(err).toContain(first.fingerprint);
  expect(err).toContain(second.fingerprint);
  const { out } = await second.program.signal("SIGTERM");
  expect(out).not.toContain("a secret");
});

test("end of input without a server: it waits for what was typed, Ctrl-C ends that", async () => {
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

test("a server that goes while `send` waits: the line arrives once, after it is back", async () => {
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

test("a reader that stands still is let go, comes back, and misses nothing uncounted", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const bob = await sandbox.home("bob").join(["--user", "bob"]);
  await bob.json("join", { from: "bob" });
  process.kill(bob.pid, "SIGSTOP");
  const lines = Array.from({ length: 900 }, (_, i) => `${i} ${"x".repeat(20_000)}`);
  const sent = await sandbox
    .home("ana")
    .run(["send", "--user", "ana"], { stdin: lines.join("\n") });
  expect(sent.exitCode).toBe(0);
  process.kill(bob.pid, "SIGCONT");
  await bob.json("text", { text: lines.at(-1) });
  const { err } = await bob.finish();
  const shown = texts(bob);
  expect(shown).toEqual(lines.filter((line) => shown.includes(line)));
  const skipped =
    /chat: (\d+) earlier messages? of lobby (?:is|are) not shown/.exec(err)?.[1] ?? "0";
  expect(shown.length + Number(skipped)).toBe(lines.length);
  expect(bob.jsonLines.filter(({ kind }) => kind === "lost").length).toBeGreaterThan(0);
});
