import { expect, test } from "bun:test";
import { reservedPort } from "../ports.ts";
import { Sandbox, textsOf } from "./program.ts";

/** Sequences from the five reports, with their original commands. */

test("report 003: server IP and PORT, client IP PORT CLIENTPORT, join notice, QUIT", async () => {
  await using sandbox = new Sandbox();
  const room = sandbox.write("room", "open sesame\n");
  const port = await reservedPort();
  const served = sandbox.start([
    ...["serve", "--host", "127.0.0.1", "-p", String(port), "--data", sandbox.path("data")],
    ...["--room-password-file", room],
  ]);
  await served.stderrLine(`is listening on 127.0.0.1:${port}`);
  const own = await reservedPort();
  const env = { CHAT_ROOM_PASSWORD: "open sesame" };
  const ana = sandbox
    .home("ana")
    .start(["join", `127.0.0.1:${port}`, "--user", "ana", "--local-port", String(own)], { env });
  await ana.stderrLine("logged in as ana on ");
  await served.out.next("her port", (line) => line.includes(`127.0.0.1:${own}`));
  await served.out.next("her coming", (line) => line.endsWith("\tlobby\tana\tjoined"));
  const bob = sandbox.home("bob").start(["join", `127.0.0.1:${port}`, "--user", "bob"], { env });
  await bob.stderrLine("logged in as bob on ");
  await ana.out.next("join notice", (line) => line.endsWith("\tlobby\tbob\tjoined"));
  ana.type("hello bob");
  await served.out.next("the message", (line) => line.endsWith("\tlobby\tana\thello bob"));
  await bob.out.next("the message", (line) => line.endsWith("\tlobby\tana\thello bob"));
  ana.type("QUIT");
  expect((await ana.ended()).exitCode).toBe(0);
  await bob.stderrLine("ana is offline");
  bob.type("/quit");
  expect((await bob.ended()).exitCode).toBe(0);
  expect((await served.signal("SIGINT")).exitCode).toBe(0);
});

test("report 004: regist, login, sendall, sendto, list, logout in one process", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const bob = await sandbox.home("bob").join(["--user", "bob"]);
  const ana = await sandbox.home("ana").join(["--user", "guest"]);
  ana.type("/logout", "/regist ana opensesame");
  expect(await ana.json("logged-out")).toEqual({ kind: "logged-out", user: "guest" });
  expect(await ana.json("logged-in")).toEqual({ kind: "logged-in", user: "ana", rooms: ["lobby"] });
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
  expect((await ana.ended()).exitCode).toBe(4);

  const back = await sandbox.home("bob").join(["--user", "bob"]);
  expect(await back.json("text", { text: "for later" })).toMatchObject({ to: "bob", from: "ana" });
  await back.finish();
  expect(textsOf(back).filter((text) => text === "for later")).toEqual(["for later"]);
});
