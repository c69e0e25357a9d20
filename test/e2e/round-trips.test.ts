/** Round trips of commands, which a relay counts. */

import { expect } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SMALL_FILE_BYTES_MAX, TEXT_BYTES_MAX } from "../../src/base/limits.ts";
import { SharedServer } from "./shared-server.ts";
import { TcpTurnRelay, UdpTurnRelay } from "./turn-relay.ts";

const server = new SharedServer({ args: ["--open"] });

/** TCP itself takes one more. Then follow TLS, `hello` with the upgrade, and the log-in. */
const KNOWN = 3;

/** QUIC joins TCP and TLS. */
const KNOWN_UDP = 3;
/** TCP, during which the ticket is requested, TLS and `hello` of the data channel. */
const CHANNEL = KNOWN + 3;
/** Files whose requests leave with the log-in. */
const SMALL_BYTES = 12_000;
/** The registration must be answered before a post can follow. */
const FIRST_CONTACT = 4;

/** A busy machine adds turns and never removes any, so the fewest of three attempts count. */
const ATTEMPTS = 3;

interface Relay {
  readonly address: string;
  readonly answered: number;
}

/** Runs a command until it takes at most these turns, and tells which it took. */
async function turnsOf(
  open: (port: number) => Promise<Relay & (Disposable | AsyncDisposable)>,
  turns: number,
  run: (address: string, attempt: number) => Promise<{ readonly exitCode: number }>,
): Promise<number> {
  let fewest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS && fewest > turns; attempt++) {
    await using relay = await open(server.served.port);
    expect((await run(relay.address, attempt)).exitCode).toBe(0);
    fewest = Math.min(fewest, relay.answered);
  }
  return fewest;
}

const COMMANDS: readonly (readonly string[])[] = [
  ["send", "quick"],
  ["users"],
  ["rooms"],
  ["history", "-n", "20"],
  ["history", "--room", "lobby"],
  ["files"],
  ["devices"],
];

for (const [index, command] of COMMANDS.entries()) {
  const label = command.join(" ");
  const user = `user${index}`;
  server.test(`chat ${label} takes ${KNOWN} round trips to a known server`, async (sandbox) => {
    const ana = sandbox.home(user);
    const { address } = server.served;
    await ana.json(["send", "first", "--server", address, "--user", user]);
    // Leaves records to prove to the next command.
    await ana.json(["history", "-n", "9", "--server", address]);
    const turns = await turnsOf(TcpTurnRelay.open, KNOWN, (to) =>
      ana.run([...command, "--server", to, "--user", user]),
    );
    expect(turns).toBe(KNOWN);
  });
}

server.test("a message that is too long to leave with the log-in follows it", async (sandbox) => {
  const ana = sandbox.home("long");
  const { address } = server.served;
  const known = ["--user", "long"];
  await ana.json(["send", "first", "--server", address, ...known]);
  for (const [size, turns] of [
    [8_000, KNOWN],
    [20_000, KNOWN + 1],
    [TEXT_BYTES_MAX, KNOWN + 1],
  ] as const) {
    const taken = await turnsOf(TcpTurnRelay.open, turns, (to) =>
      ana.run(["send", "x".repeat(size), "--server", to, ...known]),
    );
    expect(taken).toBe(turns);
  }
});

for (const verb of ["send", "send-file", "get-file"] as const) {
  server.test(`chat ${verb} takes ${KNOWN_UDP} round trips over UDP`, async (sandbox) => {
    const user = `udp-${verb}`;
    const ana = sandbox.home(user);
    const { address } = server.served;
    const path = sandbox.path("file.txt");
    const out = sandbox.path("out");
    writeFileSync(path, "small");
    mkdirSync(out, { recursive: true });
    const known = ["--user", user];
    const [sent] = await ana.json(["send-file", path, "--server", address, ...known]);
    const operands = {
      send: ["quick"],
      "send-file": [path],
      "get-file": [String(sent?.["id"]), "--out", out],
    }[verb];
    const turns = await turnsOf(UdpTurnRelay.open, KNOWN_UDP, (to) =>
      ana.run([verb, ...operands, "--server", to, ...known]),
    );
    expect(turns).toBe(KNOWN_UDP);
  });
}

server.test(`the first contact takes ${FIRST_CONTACT} round trips`, async (sandbox) => {
  const turns = await turnsOf(TcpTurnRelay.open, FIRST_CONTACT, (to, attempt) => {
    const user = `newcomer${attempt}`;
    return sandbox.home(user).run(["send", "hi", "--server", to, "--user", user]);
  });
  expect(turns).toBe(FIRST_CONTACT);
});

for (const [verb, bytes, turns] of [
  ["send-file", 0, KNOWN],
  ["send-file", 5, KNOWN],
  ["send-file", SMALL_BYTES, KNOWN],
  ["send-file", SMALL_FILE_BYTES_MAX, KNOWN + 1],
  ["send-file", SMALL_FILE_BYTES_MAX + 1, CHANNEL + 3],
  ["get-file", 0, KNOWN],
  ["get-file", 5, KNOWN],
  ["get-file", SMALL_FILE_BYTES_MAX, KNOWN],
  ["get-file", SMALL_FILE_BYTES_MAX + 1, CHANNEL + 2],
] as const) {
  server.test(`chat ${verb} of ${bytes} bytes takes ${turns} round trips`, async (sandbox) => {
    const user = `${verb}-${bytes}`;
    const ana = sandbox.home(user);
    const { address } = server.served;
    const path = sandbox.path("file.txt");
    const out = sandbox.path("out");
    writeFileSync(path, "x".repeat(bytes));
    mkdirSync(out, { recursive: true });
    const known = ["--user", user];
    const [sent] = await ana.json(["send-file", path, "--server", address, ...known]);
    const what = verb === "send-file" ? [path] : [String(sent?.["id"]), "--out", out];
    const taken = await turnsOf(TcpTurnRelay.open, turns, (to) =>
      ana.run([verb, ...what, "--server", to, ...known]),
    );
    expect(taken).toBe(turns);
    if (verb === "get-file") expect(readFileSync(join(out, "file.txt"))).toHaveLength(bytes);
  });
}

server.test("chat history requests the pages of all rooms at once", async (sandbox) => {
  const { address } = server.served;
  const to = (user: string) => ["--server", address, "--user", user];
  const people = ["peer-a", "peer-b", "peer-c"];
  for (const name of people) await sandbox.home(name).json(["send", "hi", ...to(name)]);
  const ana = sandbox.home("ana");
  for (const name of people) await ana.json(["send", "hi", "--to", `@${name}`, ...to("reader")]);
  const turns = await turnsOf(TcpTurnRelay.open, KNOWN + 1, (server) =>
    ana.run(["history", "--server", server, "--user", "reader"]),
  );
  expect(turns).toBe(KNOWN + 1);
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

server.test("a file whose answer is lost with its sender is posted once", async (sandbox) => {
  const [ana, ben] = [sandbox.home("ana"), sandbox.home("ben")];
  const { port, address } = server.served;
  const known = ["--user", "loser"];
  await ana.json(["send", "first", "--server", address, ...known]);
  const path = sandbox.path("lost.txt");
  writeFileSync(path, "lost");
  await ben.json(["send", "hi", "--server", address, "--user", "watcher"]);
  const follow = ["history", "--follow", "--json", "--server", address, "--user", "watcher"];
  const following = ben.start(follow);
  await following.json("text", { text: "first" });
  using relay = await TcpTurnRelay.open(port);
  relay.answeredMax = KNOWN - 1;
  const sending = ana.start(["send-file", path, "--server", relay.address, ...known]);
  const { seq } = await following.file({ name: "lost.txt" });
  await sending.signal("SIGKILL");
  const sent = await ana.json(["send-file", path, "--server", address, ...known]);
  expect(sent.at(-1)).toMatchObject({ kind: "file", seq });
  const query = ["--from", "loser", "--kind", "file", "--server", address, ...known];
  expect(await ana.json(["history", ...query])).toHaveLength(1);
});

server.test("join shows the newest messages after 3 round trips", async (sandbox) => {
  const ana = sandbox.home("ana");
  const { port, address } = server.served;
  const known = ["--server", address, "--user", "joiner"];
  const first = await ana.join(known);
  first.type("/quit");
  await first.finish();
  await sandbox.home("ben").json(["send", "newest", "--server", address, "--user", "ben"]);
  let fewest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS && fewest > KNOWN; attempt++) {
    using relay = await TcpTurnRelay.open(port);
    const joined = ana.start(["join", "--json", "--server", relay.address, "--user", "joiner"]);
    await joined.json("text", { text: "newest" });
    fewest = Math.min(fewest, relay.answered);
    await joined.finish();
  }
  expect(fewest).toBe(KNOWN);
});
