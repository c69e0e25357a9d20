import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Sandbox } from "./program.ts";

/** What an operator of a classroom needs: lost passwords, from the terminal's side. */

const OLGA = ["--user", "olga"];

test("somebody who lost their password gets a line, and sets another one", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const register = ["register", served.invite, "--user", "bob"];
  await sandbox.home("bob").with({ CHAT_PASSWORD: "lost word" }).json(register);
  const admin = sandbox.home("admin");
  const [made] = await admin.json(["admin", "reset", "bob", ...OLGA]);
  expect(made).toMatchObject({ kind: "reset", user: "bob" });
  expect(String(made?.["web"])).toBe(
    `https://127.0.0.1:${served.port}/#reset=${String(made?.["code"])}`,
  );
  const shown = await admin.run(["admin", "reset", "bob", ...OLGA]);
  expect(shown.out).toMatch(/^'chat:\/\/[^']+\?fp=[^']+#p[\w-]{22}'\n$/);
  // The first one ended with the second; quotes are copied along.
  const old = { CHAT_RESET: String(made?.["url"]), CHAT_NEW_PASSWORD: "xxxxxxxx" };
  const spare = sandbox.home("spare");
  expect((await spare.run(["passwd", "--reset"], { env: old })).exitCode).toBe(3);
  const env = { CHAT_RESET: shown.out.trim(), CHAT_NEW_PASSWORD: "found word" };
  expect(await spare.json(["passwd", "--reset"], { env })).toEqual([
    { kind: "password-changed", user: "bob" },
  ]);
  expect((await spare.json(["users"]))[0]).toMatchObject({ kind: "user" });
  const login = ["login", served.invite, "--user", "bob"];
  const other = sandbox.home("other");
  expect((await other.run(login, { env: { CHAT_PASSWORD: "lost word" } })).exitCode).toBe(3);
  expect((await other.run(login, { env: { CHAT_PASSWORD: "found word" } })).exitCode).toBe(0);
  const again = await spare.run(["passwd", "--reset"], { env });
  expect([again.exitCode, again.err]).toEqual([
    3,
    expect.stringContaining("the reset code is unknown, used or too old"),
  ]);
  const none = await spare.run(["passwd", "--reset"], {});
  expect([none.exitCode, none.err]).toEqual([2, expect.stringContaining("there is no reset line")]);
});

test("the folder of an older server is taken, and is that older server's no more", async () => {
  await using sandbox = new Sandbox();
  const first = await sandbox.serve();
  await first.program.signal("SIGTERM");
  const path = join(first.data, "format.json");
  writeFileSync(path, '{"format":1,"minReader":1}\n');
  const second = await sandbox.serve();
  expect(second.fingerprint).toBe(first.fingerprint);
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ format: 2, minReader: 2 });
});

test("an account and a room are renamed, and whoever is there goes on", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const bob = await sandbox.home("bob").join(["--user", "bob"]);
  const eve = await sandbox.home("eve").join(["--user", "eve", "--room", "lab"]);
  await eve.json("join", { room: "lab", from: "eve" });
  bob.type("/join lab");
  await eve.json("join", { room: "lab", from: "bob" });
  const admin = sandbox.home("admin");
  expect(await admin.json(["admin", "rename", "bob", "robert", ...OLGA])).toEqual([
    { kind: "renamed", user: "bob", name: "robert" },
  ]);
  expect(await eve.json("rename", { room: "lab" })).toMatchObject({
    from: "olga",
    user: "bob",
    was: "bob",
    name: "robert",
  });
  await bob.json("lost");
  await bob.json("connected", { user: "robert" });
  bob.type("still here");
  expect(await eve.json("text", { text: "still here" })).toMatchObject({ from: "robert" });
  expect(await admin.json(["admin", "room", "rename", "lab", "den", ...OLGA])).toEqual([
    { kind: "renamed", room: "lab", name: "den" },
  ]);
  expect(await bob.json("rename", { was: "lab" })).toMatchObject({ name: "den", from: "olga" });
  bob.type("in the den");
  expect(await eve.json("text", { text: "in the den" })).toMatchObject({ room: "den" });
  // The next run knows the name, and what was read: nothing is told again.
  expect((await bob.finish()).exitCode).toBe(0);
  const again = await sandbox.home("bob").join([]);
  eve.type("welcome back");
  const first = await again.out.next("a text", (line) => line.includes('"kind":"text"'));
  expect(first).toContain("welcome back");
  const direct = await admin.json(["history", "--data", served.data, "--room", "den"]);
  expect(direct.filter(({ kind }) => kind === "text").map(({ from }) => from)).toEqual([
    "robert",
    "robert",
    "eve",
  ]);
});

test("an account is removed, a room closed, opened and removed, each in a sentence", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const bob = await sandbox.home("bob").join(["--user", "bob", "--room", "lab"]);
  const eve = await sandbox.home("eve").join(["--user", "eve", "--room", "lab"]);
  await bob.json("join", { room: "lab", from: "eve" });
  const admin = sandbox.home("admin");
  const [closed] = await admin.json(["admin", "room", "close", "lab", ...OLGA]);
  expect(closed).toMatchObject({ kind: "closed", room: "lab" });
  expect(await bob.json("close", { on: true })).toMatchObject({ room: "lab", from: "olga" });
  bob.type("anybody?");
  expect(await bob.json("fault")).toMatchObject({ code: "not-allowed" });
  await admin.json(["admin", "room", "reopen", "lab", ...OLGA]);
  await bob.json("close", { on: false });
  bob.type("anybody now?");
  await eve.json("text", { text: "anybody now?" });
  const unsure = await admin.run(["admin", "remove", "eve", ...OLGA]);
  expect([unsure.exitCode, unsure.err]).toEqual([2, expect.stringContaining("--yes")]);
  expect(await admin.json(["admin", "remove", "eve", "--yes", ...OLGA])).toEqual([
    { kind: "removed", user: "eve" },
  ]);
  const gone = { from: "eve", by: "olga", removed: true };
  expect(await bob.json("leave", { room: "lab" })).toMatchObject(gone);
  const ended = await eve.ended();
  expect([ended.exitCode, ended.err]).toEqual([3, expect.stringContaining("eve was removed")]);
  const text = await sandbox.home("bob").run(["history", "--room", "lab"]);
  expect(text.out).toContain("olga\tclosed the room: it can be read");
  expect(text.out).toContain("eve\tis gone: olga removed the account");
  await admin.json(["admin", "room", "remove", "lab", "--yes", ...OLGA]);
  await bob.json("remove", { room: "lab" });
  expect((await sandbox.home("bob").run(["history", "--room", "lab"])).exitCode).toBe(4);
  const lobby = await admin.run(["admin", "room", "close", "lobby", ...OLGA]);
  expect([lobby.exitCode, lobby.err]).toEqual([3, expect.stringContaining("the lobby is")]);
});

test("an operator removes many rooms at once, by name or pattern, or if empty", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const admin = sandbox.home("admin");
  const remove = (...args: string[]) => admin.run(["admin", "room", "remove", ...args, ...OLGA]);
  const rooms = ["spam-1", "spam-2", "Spam-3", "lab", "plan"];
  const bob = await sandbox.home("bob").join(["--user", "bob"]);
  for (const room of rooms) {
    bob.type(`/join ${room}`);
    await bob.json("join", { room });
  }
  // A closed room is kept when its last member leaves.
  await admin.json(["admin", "room", "close", "plan", ...OLGA]);
  bob.type("/leave plan");
  await bob.json("left");
  await admin.json(["admin", "room", "reopen", "plan", ...OLGA]);
  expect((await remove("--match", "spam-*", "lab")).exitCode).toBe(2);
  expect((await remove()).exitCode).toBe(2);
  expect((await remove("--match", "spam-*")).exitCode).toBe(2); // Without --yes.
  const listed = await admin.json(["admin", "rooms", "--sort", "name", ...OLGA]);
  expect(listed.map(({ room, empty }) => [room, empty])).toEqual([
    ["lab", false],
    ["lobby", false],
    ["plan", true],
    ["spam-1", false],
    ["spam-2", false],
    ["Spam-3", false],
  ]);
  const removed = async (...args: string[]) => {
    const lines = await admin.json(["admin", "room", "remove", ...args, "--yes", ...OLGA]);
    return lines.map(({ kind, room }) => [kind, room]);
  };
  expect(await removed("--empty")).toEqual([["removed", "plan"]]);
  expect(await removed("--empty", "--match", "*")).toEqual([]);
  expect(await removed("--match", "spam-?")).toEqual([
    ["removed", "spam-1"],
    ["removed", "spam-2"],
    ["removed", "Spam-3"],
  ]);
  const some = await remove("lab", "nowhere", "--yes");
  expect([some.exitCode, some.err]).toEqual([4, expect.stringContaining("lab is removed")]);
  const left = await admin.json(["admin", "rooms", ...OLGA]);
  expect(left.map(({ room }) => room)).toEqual(["lobby"]);
});
