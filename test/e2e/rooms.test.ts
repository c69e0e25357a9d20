import { expect, test } from "bun:test";
import { Fault, type FaultCode } from "../../src/base/fault.ts";
import { type Json, ndjson, Sandbox } from "./program.ts";

/** Rooms: made, locked, entered, left; and people in them. */

test("rooms and people: made, entered, locked, left", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const place = { bob: sandbox.home("bob").with({ CHAT_USER: "bob" }) };
  const ana = await sandbox.home("ana").join(["--user", "ana"]);
  ana.type("/join cellar skeleton", "in the cellar", "/topic Wine", "/who", "/rooms");
  expect(await ana.json("joined")).toEqual({ kind: "joined", room: "cellar", created: true });
  expect(await ana.json("ack")).toMatchObject({ room: "cellar" });
  await ana.json("topic", { topic: "Wine" });
  expect(await ana.json("who")).toMatchObject({ room: "cellar", users: [{ user: "ana" }] });
  const listed = await ana.json("rooms");
  expect(listed["rooms"]).toContainEqual(
    expect.objectContaining({ room: "cellar", locked: true, members: 1, topic: "Wine" }),
  );
  const bob = await place.bob.join([]);
  bob.type(
    "/join cellar wrong",
    "/join cellar skeleton",
    "hello down there",
    "/leave",
    "/join CELLAR",
  );
  expect(await bob.json("fault")).toMatchObject({ code: "room-password-wrong" });
  expect(await bob.json("joined")).toMatchObject({ room: "cellar", created: false });
  expect(await ana.json("text", { from: "bob" })).toMatchObject({ text: "hello down there" });
  expect(await bob.json("left")).toEqual({ kind: "left", room: "cellar" });
  await ana.json("leave", { from: "bob" });
  expect(await bob.json("joined")).toMatchObject({ room: "cellar" });
  const rooms = await place.bob.json(["rooms"]);
  expect(rooms).toContainEqual({
    kind: "room",
    room: "cellar",
    topic: "Wine",
    members: 2,
    sealed: false,
    joined: true,
    locked: true,
    unread: 0,
  });
  const users = await place.bob.json(["users", "--room", "cellar"]);
  expect(users).toEqual([
    { kind: "user", user: "ana", online: true, role: expect.any(String) },
    { kind: "user", user: "bob", online: true, role: expect.any(String) },
  ]);
});

test("three wrong passwords of a locked room end it, and that is the last word", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  await sandbox.home("ana").run(["join", "--user", "ana"], { stdin: "/join cellar skeleton\n" });
  const stdin =
    "/join cellar a\n/join cellar b\n/join cellar c\n/join cellar skeleton\n/list\nhello\n";
  const bob = await sandbox.home("bob").run(["join", "--user", "bob", "--json"], { stdin });
  expect(bob.exitCode).toBe(3);
  const faults = ndjson(bob.out).filter(({ kind }) => kind === "fault");
  expect(faults.map(({ code }) => code)).toEqual(faults.map(() => "room-password-wrong"));
  expect(ndjson(bob.out).at(-1)).toMatchObject({ kind: "fault", code: "room-password-wrong" });
  const said = await sandbox.home("ana").json(["history", "--user", "ana", "--from", "bob"]);
  expect(said.filter(({ kind }) => kind === "text")).toEqual([]);
});

test("a locked room: its password in the environment opens it, and it is asked once", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  await sandbox.home("ana").run(["join", "--user", "ana"], { stdin: "/join cellar skeleton\n" });
  const bob = sandbox.home("bob").with({ CHAT_USER: "bob" });
  await bob.run(["register"]);
  const shut = await bob.run(["join", "--room", "cellar", "--json"]);
  expect([shut.exitCode, ndjson(shut.out).at(-1)?.["code"]]).toEqual([3, "room-password-wrong"]);
  const open = await bob.run(["join", "--room", "cellar"], {
    env: { CHAT_ROOM_PASSWORD: "skeleton" },
  });
  expect(open.exitCode).toBe(0);
  const again = await bob.run(["join", "--room", "cellar"], { stdin: "/leave\n" });
  expect(again.exitCode).toBe(0);
  expect((await bob.run(["join", "--room", "cellar"])).exitCode).toBe(0);
});

test("while one talks to a person, room commands mean the room", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  await sandbox.home("bob").run(["register", "--user", "bob"]);
  const ana = await sandbox.home("ana").join(["--user", "ana"]);
  ana.type("/msg bob", "for bob", "/who", "/topic News", "/sendall for all", "still for bob");
  expect(await ana.json("ack")).toMatchObject({ to: "bob", text: "for bob", queued: true });
  expect(await ana.json("who")).toMatchObject({ room: "lobby" });
  expect(await ana.json("topic")).toMatchObject({ room: "lobby", topic: "News" });
  expect(await ana.json("ack")).toMatchObject({ room: "lobby", text: "for all" });
  expect(await ana.json("ack")).toMatchObject({ to: "bob", text: "still for bob" });
  ana.type("/leave lobby", "/msg #lobby not a member");
  expect(await ana.json("left")).toEqual({ kind: "left", room: "lobby" });
  expect(await ana.json("fault")).toMatchObject({ code: "not-member" });
});

test("what one said is not told as news at the next start", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  await sandbox.home("bob").run(["register", "--user", "bob"]);
  const ana = sandbox.home("ana").with({ CHAT_USER: "ana" });
  const texts = (lines: readonly Json[]) =>
    lines.flatMap(({ kind, text }) => (kind === "text" ? text : []));
  // A first word opens the conversation; from then on it is followed like any room.
  await ana.run(["join"], { stdin: "/msg bob hello\n" });
  await ana.run(["join"]);
  for (let i = 0; i < 5; i++) {
    const stdin = `to all ${i}\n/msg bob to bob ${i}\n`;
    const ran = await ana.run(["join", "--json"], { stdin });
    expect(texts(ndjson(ran.out))).toEqual([`to all ${i}`, `to bob ${i}`]);
  }
});

const FAILED_MOVES: readonly (readonly [move: string, code: FaultCode])[] = [
  ["/join cellar wrong", "room-password-wrong"],
  ["/join cellar skeleton extra", "usage"],
  ["/j cellar --sealed", "name-taken"],
  ["/j cellar --seeled", "usage"],
  ["/jion cellar skeleton", "usage"],
  ["/msg @b.b", "name-invalid"],
  ["/msg nobody", "user-unknown"],
  ["/msg #nowhere", "room-unknown"],
  ["/msg #cellar", "not-member"],
];

test.each(FAILED_MOVES)("in a script, after %s nothing is said elsewhere", async (move, code) => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  await sandbox.home("ana").run(["join", "--user", "ana"], { stdin: "/join cellar skeleton\n" });
  const bob = sandbox.home("bob");
  const lines = [move, "secret", "/me hides", "/topic secret", "/leave", "/sendall secret"];
  const stdin = `${lines.join("\n")}\n/msg ana for ana\n/join attic\nin the attic\n`;
  const ran = await bob.run(["join", "--user", "bob", "--json"], { stdin });
  const printed = ndjson(ran.out);
  const faults = printed.filter(({ kind }) => kind === "fault");
  const unsent = lines.slice(1).map(() => "not-member");
  expect(faults.map((fault) => fault["code"])).toEqual([code, ...unsent]);
  expect(faults.map(({ line }) => line)).toEqual(lines.map((_, i) => i + 1));
  expect(faults[1]).toMatchObject({ text: "secret" });
  const acks = printed.filter(({ kind }) => kind === "ack");
  expect(acks.map(({ room, to, text }) => room ?? to ?? text)).toEqual(["ana", "attic"]);
  expect(ran.exitCode).toBe(new Fault(code, "").exitCode);
  const said = await bob.json(["history", "--user", "bob", "--room", "lobby"]);
  expect(said.filter(({ kind }) => kind !== "join")).toEqual([]);
});

test("in a script, a failed /join is told, and what needs no room goes on", async () => {
  await using sandbox = new Sandbox();
  await sandbox.serve();
  const stdin = "/join a b c\n/list\n/join attic\nin the attic\n";
  const ran = await sandbox.home("ana").run(["join", "--user", "ana", "--json"], { stdin });
  const kinds = ndjson(ran.out).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === "fault" || kind === "list" || kind === "ack")).toEqual([
    "fault",
    "list",
    "ack",
  ]);
  expect(ran.exitCode).toBe(2);
});

test("a script that ends after a join prints its own join record", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  // Without the wait for the record, about half of these end too early.
  const runs = Array.from({ length: 12 }, async (_, index) => {
    const user = `user-${index}`;
    const home = sandbox.home(user);
    const byFlag = index % 2 === 0;
    const ran = await home.run(
      ["join", served.invite, "--user", user, "--json", ...(byFlag ? ["--room", user] : [])],
      { stdin: byFlag ? "" : `/join ${user}\n` },
    );
    const joins = ndjson(ran.out).filter(({ kind, room }) => kind === "join" && room === user);
    return [ran.exitCode, joins.map(({ from }) => from)];
  });
  expect(await Promise.all(runs)).toEqual(runs.map((_, index) => [0, [`user-${index}`]]));
}, 60_000);
