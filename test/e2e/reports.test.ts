import { expect, test } from "bun:test";
import { createServer } from "node:net";
import { reservedPort } from "../ports.ts";
import { type Json, type Program, Sandbox } from "./program.ts";

/** The walks of the five reports, in their own words. */

/** What went wrong, without the advice that follows it. */
function sentences(err: string): string[] {
  return err.split("\n").map((line) => line.split("; ")[0] ?? "");
}

function texts(program: Program): unknown[] {
  return program.jsonLines.filter(({ kind }) => kind === "text").map(({ text }) => text);
}

test("report 003: server IP and PORT, client IP PORT CLIENTPORT, join notice, QUIT", async () => {
  await using sandbox = new Sandbox();
  const room = sandbox.write("room", "open sesame\n");
  const port = await reservedPort();
  const server = sandbox.start([
    ...["serve", "--host", "127.0.0.1", "-p", String(port), "--data", sandbox.path("data")],
    ...["--room-password-file", room],
  ]);
  await server.said(`listens on 127.0.0.1:${port}`);
  const own = await reservedPort();
  const env = { CHAT_ROOM_PASSWORD: "open sesame" };
  const ana = sandbox
    .home("ana")
    .start(["join", `127.0.0.1:${port}`, "--user", "ana", "--local-port", String(own)], { env });
  await ana.said("you are ana on ");
  await server.out.next("her port", (line) => line.includes(`127.0.0.1:${own}`));
  await server.out.next("her coming", (line) => line.endsWith("\tlobby\tana\tjoined"));
  const bob = sandbox.home("bob").start(["join", `127.0.0.1:${port}`, "--user", "bob"], { env });
  await bob.said("you are bob on ");
  await ana.out.next("join notice", (line) => line.endsWith("\tlobby\tbob\tjoined"));
  ana.type("hello bob");
  await server.out.next("the message", (line) => line.endsWith("\tlobby\tana\thello bob"));
  await bob.out.next("the message", (line) => line.endsWith("\tlobby\tana\thello bob"));
  ana.type("QUIT");
  expect((await ana.ended()).exitCode).toBe(0);
  await bob.said("ana is offline");
  bob.type("/quit");
  expect((await bob.ended()).exitCode).toBe(0);
  expect((await server.signal("SIGINT")).exitCode).toBe(0);
});

test("report 003: a client's port that is busy, or none, is one clear line", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const first = await sandbox.home("ana").join(["--user", "ana"]);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as { port: number };
  const busy = await sandbox
    .home("bob")
    .run(["join", "--user", "bob", "--local-port", String(port)]);
  other.close();
  expect([busy.exitCode, busy.err]).toEqual([
    1,
    expect.stringMatching(/^chat: [^\n]*port \d+[^\n]*; [^\n]*--local-port[^\n]*\n$/),
  ]);
  const none = await sandbox.home("bob").run(["join", "--user", "bob", "--local-port", "0"]);
  expect([none.exitCode, none.err]).toEqual([2, expect.stringContaining("from 1 to 65535")]);
  expect(first.isRunning).toBe(true);
});

test("report 004: regist, login, sendall, sendto, list, logout in one process", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const bob = await sandbox.home("bob").join(["--user", "bob"]);
  const ana = await sandbox.home("ana").join(["--user", "guest"]);
  ana.type("/logout", "/regist ana opensesame");
  expect(await ana.json("logged-out")).toEqual({ kind: "logged-out", user: "guest" });
  expect(await ana.json("logged-in")).toEqual({
    kind: "logged-in",
    user: "ana",
    rooms: ["lobby"],
  });
  await bob.json("presence", { user: "ana", online: true });
  ana.type("/list", "/sendall hello everyone", "/sendto bob hello you", "/sendto nobody x");
  expect((await ana.json("list"))["users"]).toEqual(["ana", "bob"]);
  expect(await ana.json("ack")).toMatchObject({ room: "lobby", text: "hello everyone" });
  const direct = await ana.json("ack");
  expect([direct, "queued" in direct]).toEqual([
    expect.objectContaining({ to: "bob", text: "hello you" }),
    false,
  ]);
  expect(await ana.json("fault")).toMatchObject({ code: "user-unknown", blame: "user" });
  expect(await bob.json("text")).toMatchObject({ room: "lobby", text: "hello everyone" });
  expect(await bob.json("text")).toMatchObject({ to: "bob", from: "ana", text: "hello you" });

  await bob.finish();
  expect(await ana.json("presence")).toMatchObject({ user: "bob", online: false });
  ana.type("/sendto BOB for later", "/list", "/logout", "anyone?", "/list", "/frobnicate");
  expect(await ana.json("ack")).toMatchObject({ to: "BOB", text: "for later", queued: true });
  expect((await ana.json("list"))["users"]).toEqual(["ana"]);
  await ana.json("logged-out", { user: "ana" });
  expect(await ana.json("fault")).toMatchObject({ code: "not-logged-in" });
  expect(await ana.json("fault")).toMatchObject({ code: "not-logged-in" });
  expect(await ana.json("fault")).toMatchObject({ code: "usage" });
  ana.type("/login ana wrong", "/login ana opensesame", "/help", "QUIT");
  expect(await ana.json("fault")).toMatchObject({ code: "login-refused" });
  await ana.json("logged-in", { user: "ana" });
  const help = await ana.json("help");
  expect(JSON.stringify(help)).toContain("/msg NAME TEXT");
  expect((await ana.ended()).exitCode).toBe(4); // Of the first line that was refused.

  const back = await sandbox.home("bob").join(["--user", "bob"]);
  expect(await back.json("text", { text: "for later" })).toMatchObject({ to: "bob", from: "ana" });
  await back.finish();
  expect(texts(back).filter((text) => text === "for later")).toEqual(["for later"]);
});

test("report 004: the same words read from a pipe, told as sentences", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  await sandbox.home("bob").run(["register", "--user", "bob"]);
  const words = ["/list", "/sendto bob hi", "/sendto nobody hi", "/hlep", "/logout", "/login"];
  const ran = await sandbox.home("ana").run(["join", "--user", "ana"], { stdin: words.join("\n") });
  expect([ran.exitCode, sentences(ran.err).slice(2).toSorted()]).toEqual([
    4,
    [
      "chat: online: ana",
      "chat: line 3: there is no 'nobody' here",
      "chat: line 4: there is no command '/hlep'",
      "chat: bob is offline",
      "chat: you are logged out",
      "chat: line 6: that is not how it is used",
      "",
    ].toSorted(),
  ]);
});

test("report 002, TCP: each newcomer is welcomed, every client hears every other", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve({ args: ["--welcome", "Welcome to the threaded server!"] });
  const names = ["ana", "bob", "cleo", "dan", "eve"];
  const clients = await Promise.all(names.map((name) => sandbox.home(name).join(["--user", name])));
  for (const client of clients) {
    expect(client.jsonLines[0]).toMatchObject({ welcome: "Welcome to the threaded server!" });
  }
  for (const [i, client] of clients.entries()) client.type(`from ${names[i]}`);
  const wanted = names.map((name) => `from ${name}`).toSorted();
  const heard: Json[][] = await Promise.all(
    clients.map(async (client) => {
      const seen: Json[] = [];
      while (seen.length < names.length) seen.push(await client.json("text"));
      return seen;
    }),
  );
  for (const seen of heard) {
    expect(seen.map(({ text }) => String(text)).toSorted()).toEqual(wanted);
    expect(seen).toEqual(heard[0] ?? []);
  }
});

test("log-out and log-in 100 times in one process", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const ana = await sandbox.home("ana").join(["--user", "ana"]);
  ana.type("before");
  for (let i = 0; i < 100; i++) {
    ana.type("/logout", "/login ana", `round ${i}`);
    await ana.json("logged-out");
    await ana.json("logged-in", { user: "ana" });
    await ana.json("ack", { text: `round ${i}` });
  }
  expect((await ana.finish()).exitCode).toBe(0);
  const rounds = Array.from({ length: 100 }, (_, i) => `round ${i}`);
  expect(texts(ana)).toEqual(["before", ...rounds]);
});

test("log-out and log-in 100 times, typed faster than the answers come", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const rounds = Array.from({ length: 100 }, (_, i) => `/logout\n/login ana\nround ${i}\n`);
  const env = { CHAT_PASSWORD: "a secret" };
  const args = ["join", "--user", "ana", "--json"];
  const ran = await sandbox
    .home("ana")
    .start(args, { stdin: rounds.join(""), env })
    .ended(60_000);
  expect([ran.exitCode, ran.err.split("\n").length]).toEqual([0, 2]);
  const said = await sandbox.home("ana").json(["history", "--user", "ana", "--from", "ana"]);
  const wanted = rounds.map((_, i) => `round ${i}`);
  expect(said.flatMap(({ text }) => text ?? [])).toEqual(wanted);
  const lines = ran.out
    .trimEnd()
    .split("\n")
    .map((line): Json => JSON.parse(line));
  expect(lines.filter(({ kind }) => kind === "fault")).toEqual([]);
  expect(lines.filter(({ kind }) => kind === "logged-in").length).toBe(100);
  expect(lines.flatMap(({ kind, text }) => (kind === "text" ? text : []))).toEqual(wanted);
});
