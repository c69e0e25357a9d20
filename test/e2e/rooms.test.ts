import { expect, test } from "bun:test";
import { Fault, type FaultCode } from "../../src/base/fault.ts";
import { type Json, ndjson } from "./program.ts";
import { SharedServer } from "./shared-server.ts";

const server = new SharedServer();

test("rooms and people: made, entered, locked, left", async () => {
  await using sandbox = server.guests();
  const bobs = sandbox.home("bob").with({ CHAT_USER: "bob" });
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
  const bob = await bobs.join([]);
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
  const rooms = await bobs.json(["rooms"]);
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
  const users = await bobs.json(["users", "--room", "cellar"]);
  expect(users).toEqual([
    { kind: "user", user: "ana", online: true, role: expect.any(String) },
    { kind: "user", user: "bob", online: true, role: expect.any(String) },
  ]);
});

test("three wrong room passwords end the client; a right one is asked once", async () => {
  await using sandbox = server.guests();
  const cid = sandbox.home("cid").with({ CHAT_USER: "cid" });
  await cid.run(["join"], { stdin: "/join attic skeleton\n" });
  const dan = sandbox.home("dan").with({ CHAT_USER: "dan" });
  await dan.run(["register"]);
  const open = await dan.run(["join", "--room", "attic"], {
    env: { CHAT_ROOM_PASSWORD: "skeleton" },
  });
  expect(open.exitCode).toBe(0);
  expect((await dan.run(["join", "--room", "attic"])).exitCode).toBe(0);
  const eva = sandbox.home("eva").with({ CHAT_USER: "eva" });
  const shut = await eva.run(["join", "--room", "attic", "--json"]);
  expect([shut.exitCode, ndjson(shut.out).at(-1)?.["code"]]).toEqual([3, "room-password-wrong"]);
  const lines = ["a", "b", "c", "skeleton"].map((password) => `/join attic ${password}\n`);
  const stdin = `${lines.join("")}/list\nhello\n`;
  const ran = await eva.run(["join", "--json"], { stdin });
  expect(ran.exitCode).toBe(3);
  const faults = ndjson(ran.out).filter(({ kind }) => kind === "fault");
  expect(faults.map(({ code }) => code)).toEqual(faults.map(() => "room-password-wrong"));
  expect(ndjson(ran.out).at(-1)).toMatchObject({ kind: "fault", code: "room-password-wrong" });
  const said = await cid.json(["history", "--from", "eva"]);
  expect(said.filter(({ kind }) => kind === "text")).toEqual([]);
});

test("while one talks to a person, room commands mean the room", async () => {
  await using sandbox = server.guests();
  await sandbox.home("finn").run(["register", "--user", "finn"]);
  const ana = await sandbox.home("gus").join(["--user", "gus"]);
  ana.type("/msg finn", "for finn", "/who", "/topic News", "/sendall for all", "still for finn");
  expect(await ana.json("ack")).toMatchObject({ to: "finn", text: "for finn", queued: true });
  expect(await ana.json("who")).toMatchObject({ room: "lobby" });
  expect(await ana.json("topic")).toMatchObject({ room: "lobby", topic: "News" });
  expect(await ana.json("ack")).toMatchObject({ room: "lobby", text: "for all" });
  expect(await ana.json("ack")).toMatchObject({ to: "finn", text: "still for finn" });
  ana.type("/leave lobby", "/msg #lobby not a member");
  expect(await ana.json("left")).toEqual({ kind: "left", room: "lobby" });
  expect(await ana.json("fault")).toMatchObject({ code: "not-member" });
});

test("does not repeat the user's own messages at the next start", async () => {
  await using sandbox = server.guests();
  await sandbox.home("hal").run(["register", "--user", "hal"]);
  const ida = sandbox.home("ida").with({ CHAT_USER: "ida" });
  const texts = (lines: readonly Json[]) =>
    lines.flatMap(({ kind, text }) => (kind === "text" ? text : []));
  // A first word opens the conversation; from then on it is followed like any room.
  await ida.run(["join"], { stdin: "/msg hal hello\n" });
  await ida.run(["join"]);
  for (const i of [1, 2]) {
    const stdin = `to all ${i}\n/msg hal to hal ${i}\n`;
    const ran = await ida.run(["join", "--json"], { stdin });
    expect(texts(ndjson(ran.out))).toEqual([`to all ${i}`, `to hal ${i}`]);
  }
});

const FAILED_MOVES: readonly (readonly [move: string, code: FaultCode])[] = [
  ["/join vault wrong", "room-password-wrong"],
  ["/jion vault skeleton", "usage"],
  ["/msg nobody", "user-unknown"],
];

test("sends nothing to another room after a failed change of rooms in a script", async () => {
  await using sandbox = server.guests();
  const jan = sandbox.home("jan").with({ CHAT_USER: "jan" });
  await jan.run(["join"], { stdin: "/join vault skeleton\n" });
  const kim = sandbox.home("kim").with({ CHAT_USER: "kim" });
  for (const [i, [move, code]] of FAILED_MOVES.entries()) {
    const lines = [move, "secret", "/me hides", "/topic secret", "/leave", "/sendall secret"];
    const stdin = `${lines.join("\n")}\n/msg jan for jan\n/join loft${i}\nin the loft\n`;
    const ran = await kim.run(["join", "--json"], { stdin });
    const printed = ndjson(ran.out);
    const faults = printed.filter(({ kind }) => kind === "fault");
    const unsent = lines.slice(1).map(() => "not-member");
    expect([move, ...faults.map((fault) => fault["code"])]).toEqual([move, code, ...unsent]);
    expect(faults.map(({ line }) => line)).toEqual(lines.map((_, i) => i + 1));
    expect(faults[1]).toMatchObject({ text: "secret" });
    const acks = printed.filter(({ kind }) => kind === "ack");
    expect(acks.map(({ room, to, text }) => room ?? to ?? text)).toEqual(["jan", `loft${i}`]);
    expect(ran.exitCode).toBe(new Fault(code, "").exitCode);
  }
  const said = await kim.json(["history", "--room", "lobby", "--from", "kim"]);
  expect(said.filter(({ kind }) => kind !== "join")).toEqual([]);
});

test("a script that ends after a join prints its own join record", async () => {
  await using sandbox = server.guests();
  // Without the wait for the record, about half of these would end too early.
  const runs = Array.from({ length: 4 }, async (_, index) => {
    const user = `user-${index}`;
    const home = sandbox.home(user);
    const byFlag = index % 2 === 0;
    const ran = await home.run(
      ["join", "--user", user, "--json", ...(byFlag ? ["--room", user] : [])],
      { stdin: byFlag ? "" : `/join ${user}\n` },
    );
    const joins = ndjson(ran.out).filter(({ kind, room }) => kind === "join" && room === user);
    return [ran.exitCode, joins.map(({ from }) => from)];
  });
  expect(await Promise.all(runs)).toEqual(runs.map((_, index) => [0, [`user-${index}`]]));
});
