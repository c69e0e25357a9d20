import { expect, test } from "bun:test";
import { type Json, ndjson, Town } from "./program.ts";

/** Rooms: made, locked, entered, left; and people in them. */

test("rooms and people: made, entered, locked, left", async () => {
  await using town = new Town();
  await town.serve();
  const place = { bob: town.home("bob").with({ CHAT_USER: "bob" }) };
  const ana = await town.home("ana").join(["--user", "ana"]);
  ana.type("/join cellar key", "in the cellar", "/topic Wine", "/who", "/rooms");
  expect(await ana.json("joined")).toEqual({ kind: "joined", room: "cellar", created: true });
  expect(await ana.json("ack")).toMatchObject({ room: "cellar" });
  await ana.json("topic", { topic: "Wine" });
  expect(await ana.json("who")).toMatchObject({ room: "cellar", users: [{ user: "ana" }] });
  const listed = await ana.json("rooms");
  expect(listed["rooms"]).toContainEqual(
    expect.objectContaining({ room: "cellar", locked: true, members: 1, topic: "Wine" }),
  );
  const bob = await place.bob.join([]);
  bob.type("/join cellar wrong", "/join cellar key", "hello down there", "/leave", "/join CELLAR");
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
  await using town = new Town();
  await town.serve();
  await town.home("ana").run(["join", "--user", "ana"], { stdin: "/join cellar key\n" });
  const stdin = "/join cellar a\n/join cellar b\n/join cellar c\n/join cellar key\n/list\nhello\n";
  const bob = await town.home("bob").run(["join", "--user", "bob", "--json"], { stdin });
  expect(bob.exitCode).toBe(3);
  const faults = ndjson(bob.out).filter(({ kind }) => kind === "fault");
  expect(faults.map(({ code }) => code)).toEqual(faults.map(() => "room-password-wrong"));
  expect(ndjson(bob.out).at(-1)).toMatchObject({ kind: "fault", code: "room-password-wrong" });
  const said = await town.home("ana").json(["history", "--user", "ana", "--from", "bob"]);
  expect(said.filter(({ kind }) => kind === "text")).toEqual([]);
});

test("a locked room: its password in the environment opens it, and it is asked once", async () => {
  await using town = new Town();
  await town.serve();
  await town.home("ana").run(["join", "--user", "ana"], { stdin: "/join cellar key\n" });
  const bob = town.home("bob").with({ CHAT_USER: "bob" });
  await bob.run(["register"]);
  const shut = await bob.run(["join", "--room", "cellar", "--json"]);
  expect([shut.exitCode, ndjson(shut.out).at(-1)?.["code"]]).toEqual([3, "room-password-wrong"]);
  const open = await bob.run(["join", "--room", "cellar"], { env: { CHAT_ROOM_PASSWORD: "key" } });
  expect(open.exitCode).toBe(0);
  const again = await bob.run(["join", "--room", "cellar"], { stdin: "/leave\n" });
  expect(again.exitCode).toBe(0);
  expect((await bob.run(["join", "--room", "cellar"])).exitCode).toBe(0);
});

test("while one talks to a person, room commands mean the room", async () => {
  await using town = new Town();
  await town.serve();
  await town.home("bob").run(["register", "--user", "bob"]);
  const ana = await town.home("ana").join(["--user", "ana"]);
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
  await using town = new Town();
  await town.serve();
  await town.home("bob").run(["register", "--user", "bob"]);
  const ana = town.home("ana").with({ CHAT_USER: "ana" });
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
