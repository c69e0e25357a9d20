import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { ndjson, Sandbox } from "./program.ts";

/** Passwords, devices, homes. */

test("register, passwd, and a log-in from another home with the new password", async () => {
  await using sandbox = new Sandbox();
  const { invite } = await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_INVITE: invite, CHAT_USER: "ana" });
  const made = await ana.run(["register", "--json"]);
  expect(ndjson(made.out)).toEqual([{ kind: "registered", user: "ana" }]);
  const none = await ana.run(["passwd"]);
  expect([none.exitCode, none.err]).toEqual([
    2,
    "chat: there is no new password; set CHAT_NEW_PASSWORD or give --new-password-file\n",
  ]);
  const short = await ana.run(["passwd"], { env: { CHAT_NEW_PASSWORD: "seven77" } });
  expect([short.exitCode, short.err]).toEqual([
    2,
    "chat: a new password needs at least 8 characters; choose a longer one\n",
  ]);
  const first = await ana.json(["passwd"], { env: { CHAT_NEW_PASSWORD: "first one" } });
  expect(first).toEqual([{ kind: "password-changed", user: "ana" }]);
  const file = sandbox.write("new", "second one\n");
  for (const [current, exitCode] of [
    ["", 3],
    ["a guess", 3],
    ["first one", 0],
  ] as const) {
    const env = { CHAT_PASSWORD: current };
    const changed = await ana.run(["passwd", "--new-password-file", file], { env });
    expect([current, changed.exitCode]).toEqual([current, exitCode]);
  }
  const other = sandbox.home("other").with({ CHAT_INVITE: invite, CHAT_USER: "ana" });
  const old = await other.run(["login", "--json"], { env: { CHAT_PASSWORD: "first one" } });
  expect([old.exitCode, ndjson(old.out).at(-1)?.["code"]]).toEqual([3, "login-refused"]);
  const right = await other.json(["login"], { env: { CHAT_PASSWORD: "second one" } });
  expect(right).toEqual([{ kind: "logged-in", user: "ana" }]);
  // From now on the device signs, without a password.
  expect((await other.run(["send", "hi"])).exitCode).toBe(0);
});

test("a short password is refused for new names and rooms, and old ones stay valid", async () => {
  await using sandbox = new Sandbox();
  const short = sandbox.write("short", "seven77\n");
  const refused = await sandbox.startServer({ args: ["--room-password-file", short] }).ended();
  expect([refused.exitCode, existsSync(sandbox.path("data"))]).toEqual([2, false]);
  const { invite } = await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_SERVER: invite, CHAT_USER: "ana" });
  const made = await ana.run(["register"], { env: { CHAT_PASSWORD: "seven77" } });
  expect([made.exitCode, made.err]).toEqual([2, expect.stringContaining("at least 8 characters")]);
  await ana.json(["register"], { env: { CHAT_PASSWORD: "eight888" } });
  const other = sandbox.home("other").with({ CHAT_SERVER: invite, CHAT_USER: "ana" });
  const wrong = await other.run(["join"], { env: { CHAT_PASSWORD: "seven77" } });
  expect(wrong.exitCode).toBe(3); // The name is known: this is a wrong password, not a short one.
  const ran = await ana.run(["join", "--json"], {
    stdin: "/join cellar key\n/join cellar keyhole1\n",
  });
  expect(ndjson(ran.out).find(({ kind }) => kind === "fault")).toMatchObject({
    code: "usage",
    line: 1,
    text: "/join",
  });
  expect(ndjson(ran.out).find(({ kind }) => kind === "joined")).toMatchObject({ room: "cellar" });
});

test("logout: refused while nothing else signs in; then the password is asked", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  await ana.run(["register"]);
  const refused = await ana.run(["logout", "--json"]);
  expect([refused.exitCode, ndjson(refused.out)]).toEqual([
    3,
    [expect.objectContaining({ kind: "fault", code: "last-credential" })],
  ]);
  expect((await ana.run(["send", "still in"])).exitCode).toBe(0);
  await ana.run(["passwd"], { env: { CHAT_NEW_PASSWORD: "swordfish" } });
  expect(await ana.json(["logout"])).toEqual([{ kind: "logged-out", user: "ana" }]);
  const asked = await ana.run(["join", "--json"]);
  expect([asked.exitCode, ndjson(asked.out).at(-1)?.["code"]]).toEqual([3, "login-refused"]);
  expect(asked.err).toContain("CHAT_PASSWORD");
  const back = await ana.with({ CHAT_PASSWORD: "swordfish" }).run(["join"]);
  expect(back.exitCode).toBe(0);
  expect((await ana.run(["send", "in again"])).exitCode).toBe(0);
});

test("one person from several homes and processes: each sees what the others say", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const env = { CHAT_USER: "ana", CHAT_PASSWORD: "swordfish" };
  const home = sandbox.home("laptop").with(env);
  await home.run(["register"]);
  const laptop = await home.join([]);
  const window = await home.join([]);
  const phone = await sandbox.home("phone").with(env).join([]);
  phone.type("from the phone");
  for (const one of [laptop, window, phone]) await one.json("text", { text: "from the phone" });
  laptop.type("from the laptop");
  for (const one of [laptop, window, phone]) await one.json("text", { text: "from the laptop" });
  const users = await home.json(["users"]);
  expect(users).toEqual([{ kind: "user", user: "ana", online: true, role: expect.any(String) }]);
  for (const one of [laptop, window, phone]) expect((await one.finish()).exitCode).toBe(0);
  expect(phone.jsonLines.filter(({ kind }) => kind === "presence")).toEqual([]);
});

test("twenty processes begin at once in one new home, as one new person", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const ran = await Promise.all(
    Array.from({ length: 20 }, (_, i) => ana.run(["send", `message ${i}`])),
  );
  expect(
    ran.map(({ exitCode, err }) => [exitCode, err.replace(/^chat: first[^\n]+\n/, "")]),
  ).toEqual(Array.from({ length: 20 }, () => [0, ""]));
  const said = await ana.json(["history", "--from", "ana"]);
  const texts = said.flatMap(({ text }) => text ?? []).map(String);
  const wanted = Array.from({ length: 20 }, (_, i) => `message ${i}`);
  expect(texts.toSorted()).toEqual(wanted.toSorted());
  expect((await ana.json(["users"])).length).toBe(1);
});

test("two people race for one name: one has it, the other is told", async () => {
  await using sandbox = new Sandbox();
  const { invite } = await sandbox.serve();
  const env = { CHAT_USER: "Ana", CHAT_INVITE: invite };
  const ran = await Promise.all(
    Array.from({ length: 6 }, (_, i) =>
      sandbox
        .home(`home${i}`)
        .with({ ...env, CHAT_PASSWORD: `own number ${i}` })
        .run(["register", "--json"]),
    ),
  );
  const codes = ran.map(({ exitCode, out }) => [exitCode, ndjson(out).at(-1)?.["code"]]);
  expect(codes.toSorted((one, other) => Number(one[0]) - Number(other[0]))).toEqual([
    [0, undefined],
    ...Array.from({ length: 5 }, () => [3, "name-taken"]),
  ]);
});

test("the room password is asked once: a known person comes back without it", async () => {
  await using sandbox = new Sandbox();
  const { address } = await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana", CHAT_PASSWORD: "swordfish" });
  const secret = (await Bun.file(sandbox.path("data", "settings.json")).json()).roomPassword;
  const first = await ana.run(["join", address], { env: { CHAT_ROOM_PASSWORD: secret } });
  expect(first.exitCode).toBe(0);
  expect((await ana.run(["join", address])).exitCode).toBe(0);
  const elsewhere = sandbox.home("other").with({ CHAT_USER: "ana", CHAT_PASSWORD: "swordfish" });
  expect((await elsewhere.run(["join", address])).exitCode).toBe(0);
});

test("a client that is killed leaves its home usable", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  for (let i = 0; i < 5; i++) {
    const program = await ana.join([]);
    program.type(`message ${i}`);
    await program.json("ack", { text: `message ${i}` });
    await program.signal("SIGKILL");
  }
  const said = await ana.json(["history", "--from", "ana"]);
  expect(said.flatMap(({ text }) => text ?? [])).toEqual(
    Array.from({ length: 5 }, (_, i) => `message ${i}`),
  );
});
