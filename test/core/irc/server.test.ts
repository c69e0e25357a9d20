import { describe, expect, test } from "bun:test";
import {
  findAccount,
  findRoom,
  messageId,
  seqOfMessageId,
  userMask,
} from "../../../src/core/irc/server.ts";
import { siteWith } from "../../server/site.ts";
import { ircServer } from "./irc-server.ts";

async function start() {
  const { site, ana } = await siteWith(["ana"]);
  await ana.request("join", { room: "lab", create: true });
  return { site, ana, server: ircServer({ rooms: site.rooms, registry: site.registry }) };
}

describe("the id of a message", () => {
  test.each([1, 9, 10, Number(`1${"0".repeat(14)}`)])("round-trips for %p", async (seq) => {
    const { server } = await start();
    const id = messageId(server, seq);
    expect(id).toMatch(/^r[\w-]{8}-\d+$/);
    expect(seqOfMessageId(server, id)).toBe(seq);
  });

  test.each(["", "0", "01", "1x", "-1", "+1", "1.0", "1e1", " 1", "1\n", "1".repeat(16)])(
    "has no number %p",
    async (digits) => {
      const { server } = await start();
      const [origin] = messageId(server, 7).split("-7");
      expect(seqOfMessageId(server, `${origin}-${digits}`)).toBeUndefined();
    },
  );

  test("of another server is unknown", async () => {
    const { server } = await start();
    expect(seqOfMessageId(server, messageId(ircServer(), 7))).toBeUndefined();
    for (const id of ["", "7", "-7", "x-7", "r-7"]) {
      expect(seqOfMessageId(server, id)).toBeUndefined();
    }
  });

  test("lasts after a restart", async () => {
    const { site, server } = await start();
    const id = messageId(server, 7);
    await site.restart();
    expect(messageId(ircServer({ rooms: site.rooms }), 7)).toBe(id);
  });
});

test("users have the same host", () => {
  expect(userMask("ana")).toBe("ana!ana@chat");
});

test("finds accounts and rooms in any case", async () => {
  const { ana, server } = await start();
  expect(findAccount(server, "ANA")).toMatchObject({ name: "ana" });
  expect(findRoom({ server, account: undefined }, "#LAB")).toMatchObject({ name: "lab" });
  for (const name of ["", "ben", "a b", "__proto__", "#ana", "x".repeat(33)]) {
    expect(findAccount(server, name)).toBeUndefined();
  }
  for (const name of ["", "#", "lab", "##lab", "&lab", "#none", "#la b"]) {
    expect(findRoom({ server, account: undefined }, name)).toBeUndefined();
  }
  await ana.request("join", { room: "vault", create: true, sealed: true });
  expect(ana.room("vault")).toBeDefined();
  expect(findRoom({ server, account: undefined }, "#vault")).toBeUndefined();
});
