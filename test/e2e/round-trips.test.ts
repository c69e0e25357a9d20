/** Round trips of commands, which a relay counts. */

import { expect } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { SharedServer } from "./shared-server.ts";
import { TcpTurnRelay, UdpTurnRelay } from "./turn-relay.ts";

const server = new SharedServer({ args: ["--open"] });

/** TCP itself takes one more. Then follow TLS, `hello` with the upgrade, and the log-in. */
const KNOWN = 3;

/** QUIC joins TCP and TLS. */
const KNOWN_UDP = 3;
/** TCP, during which the ticket is requested, TLS and `hello` of the data channel. */
const CHANNEL = KNOWN + 3;
/** The registration must be answered before a post can follow. */
const FIRST_CONTACT = 4;

const COMMANDS: readonly (readonly string[])[] = [
  ["send", "quick"],
  ["users"],
  ["rooms"],
  ["history", "-n", "20"],
  ["history", "--room", "lobby"],
  ["files"],
];

for (const [index, command] of COMMANDS.entries()) {
  const label = command.join(" ");
  const user = `user${index}`;
  server.test(`chat ${label} takes ${KNOWN} round trips to a known server`, async (sandbox) => {
    const ana = sandbox.home(user);
    const { port, address } = server.served;
    await ana.json(["send", "first", "--server", address, "--user", user]);
    // Leaves records to prove to the next command.
    await ana.json(["history", "-n", "9", "--server", address]);
    using relay = await TcpTurnRelay.open(port);
    const { exitCode } = await ana.run([...command, "--server", relay.address, "--user", user]);
    expect([exitCode, relay.answered]).toEqual([0, KNOWN]);
  });
}

server.test(`chat send takes ${KNOWN_UDP} round trips over UDP`, async (sandbox) => {
  const ana = sandbox.home("ana");
  const { port, address } = server.served;
  await ana.json(["send", "first", "--server", address, "--user", "udp-ana"]);
  await using relay = await UdpTurnRelay.open(port);
  const { exitCode } = await ana.run([
    "send",
    "quick",
    "--server",
    relay.address,
    "--user",
    "udp-ana",
  ]);
  expect([exitCode, relay.answered]).toEqual([0, KNOWN_UDP]);
});

server.test(`the first contact takes ${FIRST_CONTACT} round trips`, async (sandbox) => {
  using relay = await TcpTurnRelay.open(server.served.port);
  const args = ["send", "hi", "--server", relay.address, "--user", "newcomer"];
  const { exitCode } = await sandbox.home("newcomer").run(args);
  expect([exitCode, relay.answered]).toEqual([0, FIRST_CONTACT]);
});

for (const [verb, turns] of [
  ["send-file", CHANNEL + 2],
  ["get-file", CHANNEL + 2],
] as const) {
  server.test(`chat ${verb} of a small file takes ${turns} round trips`, async (sandbox) => {
    const ana = sandbox.home(verb);
    const { port, address } = server.served;
    const path = sandbox.path("small.txt");
    const out = sandbox.path("out");
    writeFileSync(path, "small");
    mkdirSync(out, { recursive: true });
    const known = ["--user", verb];
    const [sent] = await ana.json(["send-file", path, "--server", address, ...known]);
    using relay = await TcpTurnRelay.open(port);
    const what = verb === "send-file" ? [path] : [String(sent?.["id"]), "--out", out];
    const { exitCode } = await ana.run([verb, ...what, "--server", relay.address, ...known]);
    expect([exitCode, relay.answered]).toEqual([0, turns]);
  });
}

server.test("chat history requests the pages of all rooms at once", async (sandbox) => {
  const { port, address } = server.served;
  const to = (user: string) => ["--server", address, "--user", user];
  const people = ["peer-a", "peer-b", "peer-c"];
  for (const name of people) await sandbox.home(name).json(["send", "hi", ...to(name)]);
  const ana = sandbox.home("ana");
  for (const name of people) await ana.json(["send", "hi", "--to", `@${name}`, ...to("reader")]);
  using relay = await TcpTurnRelay.open(port);
  const { exitCode } = await ana.run(["history", "--server", relay.address, "--user", "reader"]);
  expect([exitCode, relay.answered]).toEqual([0, KNOWN + 1]);
});

server.test("nothing acknowledged depends on a regular close", async (sandbox) => {
  const ana = sandbox.home("ana");
  const { port, address } = server.served;
  const known = ["--server", address, "--user", "closer"];
  await ana.json(["send", "first", ...known]);
  using relay = await TcpTurnRelay.open(port);
  const sending = ana.start([
    "send",
    "kept",
    "--server",
    relay.address,
    "--user",
    "closer",
    "--json",
  ]);
  await sending.json("sent");
  relay.cut(); // The server sees no close frame, and the connection ends as if the power had gone.
  expect(await sending.ended()).toMatchObject({ exitCode: 0 });
  const texts = await ana.json(["history", "--from", "closer", "--kind", "text", ...known]);
  expect(texts.map(({ text }) => text)).toEqual(["first", "kept"]);
  const again = await ana.json(["send", "last", ...known]);
  expect(again).toHaveLength(1); // No unsent message of the earlier run precedes it.
});

server.test("join shows the newest messages after 3 round trips", async (sandbox) => {
  const ana = sandbox.home("ana");
  const { port, address } = server.served;
  const known = ["--server", address, "--user", "joiner"];
  const first = await ana.join(known);
  first.type("/quit");
  await first.finish();
  await sandbox.home("ben").json(["send", "newest", "--server", address, "--user", "ben"]);
  using relay = await TcpTurnRelay.open(port);
  const joined = ana.start(["join", "--json", "--server", relay.address, "--user", "joiner"]);
  await joined.json("text", { text: "newest" });
  expect(relay.answered).toBe(KNOWN);
  await joined.finish();
});
