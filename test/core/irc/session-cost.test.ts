import { describe, expect, test } from "bun:test";
import {
  IRC_PACE_UNITS_BURST,
  IRC_PACE_UNITS_PER_SECOND,
  IRC_UNITS_PER_SECOND,
} from "../../../src/base/limits.ts";
import { ScriptedIrc } from "./scripted-irc.ts";

const WHO_ROW = " 352 ";
/** The least that a row of WHO costs: the entry and 60 bytes. */
const ROW_UNITS = 1 + 60 / 64;

test("a client of 60 rooms with 300 members receives all members within 3 seconds", async () => {
  const irc = new ScriptedIrc(300, 60);
  const client = irc.connect();
  client.onLine = (line) => {
    const [, room] = / 366 \S+ (\S+) /.exec(line) ?? [];
    if (room !== undefined) client.send(`MODE ${room}`, `WHO ${room}`, `MODE ${room} b`);
  };
  client.send("PASS user-0:x", "NICK user-0", "USER user-0 0 * :x");
  await irc.advance(3_000);
  expect(client.isClosed).toBe(false);
  expect(client.count(" 366 ")).toBe(60);
  expect(client.count(WHO_ROW)).toBe(60 * 300);
  expect(client.count(" 315 ")).toBe(60);
  expect([client.count(" 324 "), client.count(" 368 ")]).toEqual([60, 60]);
});

describe("the work of an account", () => {
  test.each([1, 32])("is limited in the sum of %i connections", async (connections) => {
    const irc = new ScriptedIrc(100, 0);
    const clients = [];
    for (let i = 0; i < connections; i++) clients.push(await irc.logIn("user-0"));
    await irc.advance(10_000);
    for (const client of clients) client.send(...Array<string>(1_000).fill("WHO *"));
    await irc.advance(1_000);
    const rows = clients.reduce((sum, client) => sum + client.count(WHO_ROW), 0);
    // Each connection may exceed the limit by one turn.
    const units = IRC_PACE_UNITS_BURST + IRC_PACE_UNITS_PER_SECOND + connections * 256;
    expect(rows * ROW_UNITS).toBeLessThan(units);
    expect(rows * ROW_UNITS).toBeGreaterThan(IRC_PACE_UNITS_PER_SECOND / 2);
  });

  test("stays limited if the client reconnects", async () => {
    const irc = new ScriptedIrc(100, 0);
    let rows = 0;
    for (let i = 0; i < 20; i++) {
      const client = irc.connect();
      client.send("PASS user-0:x", "NICK user-0", "USER user-0 0 * :x");
      client.send(...Array<string>(1_000).fill("WHO *"));
      await irc.advance(100);
      rows += client.count(WHO_ROW);
      client.session.close("gone");
    }
    const units = IRC_PACE_UNITS_BURST + 2 * IRC_PACE_UNITS_PER_SECOND + 20 * 256;
    expect(rows * ROW_UNITS).toBeLessThan(units);
    expect(rows * ROW_UNITS).toBeGreaterThan(IRC_PACE_UNITS_PER_SECOND / 2);
  });

  test("does not delay another account", async () => {
    const irc = new ScriptedIrc(100, 0);
    const [eve, ana] = [await irc.logIn("user-0"), await irc.logIn("user-1")];
    eve.send(...Array<string>(2_000).fill("WHO *"));
    await irc.advance(60_000);
    const before = eve.count(WHO_ROW);
    ana.send("WHO user-1", "PING done");
    await irc.advance(0);
    expect(ana.count("PONG chat done")).toBe(1);
    await irc.advance(1_000);
    expect(eve.count(WHO_ROW) - before).toBeLessThan(IRC_UNITS_PER_SECOND);
  });

  test("is done in short turns", async () => {
    const irc = new ScriptedIrc(5_000, 1);
    const client = await irc.logIn("user-0");
    await irc.advance(60_000);
    client.turnBytesMax = 0;
    client.turns = 0;
    client.send("WHO *", "NAMES #room-0", "WHO #room-0");
    await irc.advance(10_000);
    expect(client.count(" 315 ")).toBe(2);
    expect(client.turnBytesMax).toBeLessThan(16 << 10);
    expect(client.turns).toBeGreaterThan(100);
  });
});

test("entries that do not match are work too", async () => {
  const irc = new ScriptedIrc(10_000, 0);
  const client = await irc.logIn("user-0");
  await irc.advance(60_000);
  client.send(...Array<string>(100).fill("WHO *nobody*"));
  await irc.advance(1_000);
  const answered = client.count(" 315 ");
  expect(answered).toBeGreaterThan(0);
  expect(answered * 10_000).toBeLessThan(IRC_PACE_UNITS_BURST + IRC_PACE_UNITS_PER_SECOND + 10_000);
});

test("strangers of an address share the work", async () => {
  const irc = new ScriptedIrc(1, 0);
  let bytes = 0;
  for (let i = 0; i < 100; i++) {
    const client = irc.connect();
    client.send(...Array<string>(60).fill("CAP LS 302"));
    await irc.advance(1);
    bytes += client.lines.reduce((sum, line) => sum + line.length + 2, 0);
  }
  expect(bytes).toBeLessThan(
    64 * (IRC_PACE_UNITS_BURST + 0.1 * IRC_PACE_UNITS_PER_SECOND + 25_600),
  );
});

test("a stranger sends at most 64 lines", async () => {
  const irc = new ScriptedIrc(1, 0);
  const client = irc.connect();
  client.send(...Array<string>(64).fill("NOPE"));
  await irc.advance(1_000);
  expect([client.isClosed, client.count(" 421 ")]).toEqual([false, 64]);
  client.send("NOPE");
  await irc.advance(1_000);
  expect([client.isClosed, client.lines.at(-1)]).toEqual([
    true,
    "ERROR :too many lines before the log-in",
  ]);
});

test("a long labelled reply arrives in parts, all in one batch", async () => {
  const irc = new ScriptedIrc(1_000, 0);
  const client = irc.connect();
  client.send("CAP REQ :batch labeled-response", "PASS user-0:x", "NICK user-0");
  client.send("USER user-0 0 * :x", "CAP END");
  await irc.advance(60_000);
  client.lines.length = 0;
  client.send("@label=a WHO *");
  await irc.advance(0);
  const [first = ""] = client.lines;
  expect(first).toBe("@label=a :chat BATCH +b1 labeled-response");
  expect(client.lines.length).toBeLessThan(1_000);
  await irc.advance(10_000);
  expect(client.lines.slice(1, -1).every((line) => line.startsWith("@batch=b1 :chat 3"))).toBe(
    true,
  );
  expect(client.lines.at(-1)).toBe(":chat BATCH -b1");
  expect(client.count(WHO_ROW)).toBe(1_000);
});
