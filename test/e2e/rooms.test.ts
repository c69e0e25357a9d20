import { expect, test } from "bun:test";
import { Fault, type FaultCode } from "../../src/base/fault.ts";
import { ndjson } from "./program.ts";
import { SharedServer } from "./shared-server.ts";

const server = new SharedServer();

server.test("ends after three wrong room passwords; asks for a right one once", async (sandbox) => {
  const cid = sandbox.home("cid").with({ CHAT_USER: "cid" });
  await cid.run(["join"], { stdin: "/join attic skeleton\n" });
  const dan = sandbox.home("dan").with({ CHAT_USER: "dan" });
  await dan.run(["register"]);
  const open = await dan.run(["join", "--room", "attic"], {
    env: { CHAT_ROOM_PASSWORD: "skeleton" },
  });
  expect(open.exitCode).toBe(0);
  expect((await dan.run(["join", "--room", "attic"])).exitCode).toBe(0);
  const back = await dan.run(["join", "--json"], { stdin: "/leave attic\n/join ATTIC\n" });
  const joined = ndjson(back.out).find(({ kind }) => kind === "joined");
  expect(joined).toEqual({ kind: "joined", room: "attic", created: false });
  const listed = await dan.json(["rooms"]);
  const attic = { room: "attic", members: 2, joined: true, locked: true };
  expect(listed).toContainEqual(expect.objectContaining(attic));
  const members = await dan.json(["users", "--room", "attic"]);
  expect(members.map(({ user }) => user)).toEqual(["cid", "dan"]);
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
  const history = await cid.json(["history", "--from", "eva"]);
  expect(history.filter(({ kind }) => kind === "text")).toEqual([]);
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
  const history = await kim.json(["history", "--room", "lobby", "--from", "kim"]);
  expect(history.filter(({ kind }) => kind !== "join")).toEqual([]);
});
