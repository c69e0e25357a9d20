import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import {
  OTHER_WAY_AFTER_MS,
  UDP_SILENCE_MAX_MS,
  WRONG_SECRETS_MAX,
} from "../../src/base/limits.ts";
import { CALM, UdpRelay } from "../io/udp-relay.ts";
import { before, soonerThan, until } from "./deadline.ts";
import { type Program, Sandbox, type Served } from "./program.ts";
import { Relay } from "./relay.ts";

/** A room over UDP: report 000, and the ways to and from TCP. */

const HOST = "127.0.0.1";

function relayTo({ port }: Served, weather = CALM, seed = 1): Promise<UdpRelay> {
  return UdpRelay.open({ host: HOST, port }, weather, seed);
}

function texts(program: Program): string[] {
  return program.jsonLines.flatMap(({ kind, text }) => (kind === "text" ? String(text) : []));
}

/** Takes connections, and never says a word. */
async function muteTcp(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, HOST, resolve));
  return server;
}

test("UDP alone, 20 % lost both ways: 1,000 words each way, once and in order", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const relay = await relayTo(served, { ...CALM, drop: 0.2 });
  const way = `udp://${HOST}:${relay.port}`; // Nothing listens there over TCP.
  const names = ["ana", "bob"];
  const [ana, bob] = await Promise.all(
    names.map((name) => sandbox.home(name).join([way, "--user", name])),
  );
  if (ana === undefined || bob === undefined) throw new Error("two came");
  const words = (name: string) => Array.from({ length: 1_000 }, (_, i) => `${name} ${i}`);
  ana.type(...words("ana"));
  bob.type(...words("bob"));
  for (const reader of [ana, bob]) {
    for (const name of names) await reader.json("text", { text: `${name} 999` }, 50_000);
  }
  // A report of what was read, or a question for a proof, may be on its way at any one moment.
  const stats = await until("all is acknowledged", async () => {
    ana.type("/stats");
    const now = await ana.json("stats");
    return now["asked"] === now["acknowledged"] && now;
  });
  expect(stats).toMatchObject({ transport: "udp" });
  expect(Number(stats["lostPackets"])).toBeGreaterThan(0);
  expect(Number(stats["acknowledged"])).toBeGreaterThan(1_000);
  for (const reader of [ana, bob]) {
    const heard = texts(reader);
    expect(heard.length).toBe(2_000);
    for (const name of names) {
      expect(heard.filter((text) => text.startsWith(name))).toEqual(words(name));
    }
  }
  expect(texts(ana)).toEqual(texts(bob));
  await Promise.all([ana.finish(), bob.finish()]);
  relay.close();
}, 90_000);

test.each([
  ["refused", false],
  ["silent", true],
])("where TCP is %s, one is in over UDP within 3 s", async (_, isMute) => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const relay = await relayTo(served);
  const tcp = isMute ? await muteTcp(relay.port) : undefined;
  await soonerThan(3_000, 10, async (attempt) => {
    const args = ["join", `${HOST}:${relay.port}`, "--user", `ana${attempt}`, "--json"];
    const startedAt = performance.now();
    const ana = sandbox.home(`ana${attempt}`).start(args);
    expect(await ana.json("connected")).toMatchObject({ transport: "udp" });
    if (isMute) expect(performance.now() - startedAt).toBeGreaterThan(OTHER_WAY_AFTER_MS - 100);
    await ana.signal("SIGKILL");
  });
  tcp?.close();
  relay.close();
});

test("where UDP falls silent, one is back over TCP; words go on where they were", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const relay = await relayTo(served);
  const ana = await sandbox.home("ana").join([`${HOST}:${relay.port}`, "--user", "ana"]);
  ana.type("over UDP");
  await ana.json("ack", { text: "over UDP" });
  await using tcp = await Relay.open(served.port, relay.port);
  relay.part();
  ana.type("into the silence");
  await ana.json("lost");
  expect(await ana.json("connected")).toMatchObject({ transport: "tcp" });
  expect(tcp.passed.up).toBeGreaterThan(0);
  await ana.json("ack", { text: "into the silence" });
  await ana.finish();
  expect(texts(ana)).toEqual(["over UDP", "into the silence"]);
  relay.close();
}, 40_000);

test("report 000 over UDP: password in three attempts, names, notices, counters", async () => {
  await using sandbox = new Sandbox();
  const room = sandbox.write("room", "open sesame\n");
  const args = ["--room-password-file", room, "--verbose"];
  const served = await sandbox.serve({ args });
  const way = `udp://${HOST}:${served.port}`;
  const bad = await sandbox.home("eve").run(["join", "udp://999.1.2.3:5000", "--user", "eve"]);
  expect([bad.exitCode, bad.err.split("\n").length]).toEqual([2, 2]);
  const nobody = await sandbox.home("eve").run(["join", `udp://${HOST}:9`, "--user", "eve"]);
  expect([nobody.exitCode, nobody.err]).toEqual([
    5,
    expect.stringMatching(/^chat: nobody listens for UDP on 127\.0\.0\.1:9; [^\n]+\n$/),
  ]);
  for (let guess = 0; guess < WRONG_SECRETS_MAX; guess++) {
    const env = { CHAT_ROOM_PASSWORD: `wrong ${guess}` };
    const ran = await sandbox.home("eve").run(["join", way, "--user", "eve"], { env });
    expect([ran.exitCode, ran.out]).toEqual([3, ""]);
  }
  const env = { CHAT_ROOM_PASSWORD: "open sesame", CHAT_PASSWORD: "a secret" };
  const ana = await sandbox.home("ana").join([way, "--user", "ana"], { env });
  const taken = await sandbox.home("eve").run(["join", way, "--user", "ANA", "--register"], {
    env: { ...env, CHAT_PASSWORD: "xxxxxxxx" },
  });
  expect([taken.exitCode, taken.err]).toEqual([3, expect.stringContaining("ANA")]);
  const bob = await sandbox.home("bob").join([way, "--user", "bob"], { env });
  await ana.json("join", { from: "bob" });
  ana.type("hello bob");
  expect(await bob.json("text")).toMatchObject({ from: "ana", text: "hello bob" });
  const counted = await served.program.json("stats", { user: "ana", transport: "udp" });
  expect(Number(counted["acknowledged"])).toBeGreaterThan(0);
  expect(Number(counted["sentPackets"])).toBeGreaterThan(0);
  expect(counted).toHaveProperty("lostPackets");
  const token = readFileSync(join(served.data, "operator"), "utf8").trim();
  const response = await fetch(`https://${HOST}:${served.port}/metrics`, {
    headers: { authorization: `Bearer ${token}` },
    tls: { rejectUnauthorized: false },
  });
  const metrics = await response.text();
  expect(metrics).toContain('chat_transport_links{transport="udp"} 2\n');
  expect(metrics).toMatch(/^chat_transport_sent_packets_total\{transport="udp"\} [1-9]/m);
  await bob.finish();
  await ana.json("presence", { user: "bob", online: false });
  await ana.finish();
}, 60_000);

test.each([
  ["udp", /^chat: over UDP \(QUIC\) since .+ acknowledged; .+ datagrams; .+ round trip \d/m],
  ["tcp", /^chat: over TCP \(WebSocket over TLS\) since .+ acknowledged; sent \d+ messages/m],
])("people read the counters, too, over %s", async (transport, wanted) => {
  await using sandbox = new Sandbox();
  const { address } = await sandbox.serve({ args: ["--open"] });
  const args = ["join", address, "--transport", transport, "--user", "ana", "--plain"];
  const ran = await sandbox.home("ana").run(args, { stdin: "hello\n/stats\n" });
  expect([ran.exitCode, ran.err]).toEqual([0, expect.stringMatching(wanted)]);
});

test("log-out and log-in 100 times in one process, over UDP", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const ana = await sandbox.home("ana").join([`udp://${HOST}:${served.port}`, "--user", "ana"]);
  for (let i = 0; i < 100; i++) {
    ana.type("/logout", "/login ana", `round ${i}`);
    await ana.json("logged-in", { user: "ana" });
    await ana.json("ack", { text: `round ${i}` });
  }
  expect((await ana.finish()).exitCode).toBe(0);
  expect(texts(ana)).toEqual(Array.from({ length: 100 }, (_, i) => `round ${i}`));
}, 60_000);

test("a port of one's own, over UDP; one that is taken is one clear line", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const way = `udp://${HOST}:${served.port}`;
  const free = await relayTo(served);
  const own = free.port;
  const args = ["join", way, "--user", "ana", "--local-port", String(own)];
  const busy = await sandbox.home("ana").run(args);
  expect([busy.exitCode, busy.err]).toEqual([
    1,
    expect.stringMatching(/^chat: the local UDP port \d+ is taken [^\n]+--local-port[^\n]*\n$/),
  ]);
  free.close();
  const ana = await sandbox.home("ana").join(args.slice(1));
  const address = `${HOST}:${own}`;
  await served.program.json("logged-in", { user: "ana", address, transport: "udp" });
  await ana.finish();
});

test("a server whose UDP port is taken says so and goes on; --no-udp is silent", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const { port } = served;
  await served.program.signal("SIGTERM");
  const squatter = await Bun.udpSocket({ hostname: HOST, port });
  const again = await sandbox.serve({ port });
  expect(again.listening).toMatchObject({ udp: false, port });
  await again.program.said(`another program uses UDP on ${HOST}:${port}; TCP goes on without it`);
  const ana = await sandbox.home("ana").join(["--user", "ana"]);
  await ana.finish();
  await again.program.signal("SIGTERM");
  squatter.close();
  const plain = await sandbox.serve({ port, args: ["--no-udp"] });
  expect(plain.listening).toMatchObject({ udp: false });
  expect(plain.program.err.text).not.toContain("UDP");
  const refused = await sandbox.home("ana").run(["send", "x", "--transport", "udp"]);
  expect([refused.exitCode, refused.err]).toEqual([
    5,
    expect.stringContaining("nobody listens for UDP"),
  ]);
});

test("a server that stops says goodbye over UDP, too; an invite may ask for it", async () => {
  await using sandbox = new Sandbox();
  const args = ["--udp-cc", "cubic", "--invite-via", "udp"];
  // Its silence alone would be noticed later.
  await soonerThan(UDP_SILENCE_MAX_MS - 1_000, 10, async (attempt) => {
    const { program, invite, listening } = await sandbox.serve({ args, data: `data${attempt}` });
    expect(listening).toMatchObject({ udp: true });
    expect(invite).toContain("via=udp");
    const home = sandbox.home(`ana${attempt}`);
    const ana = await home.join([invite, "--user", "ana", "--transport", "udp"]);
    expect((await program.signal("SIGTERM")).exitCode).toBe(0);
    await ana.json("lost");
    await before(10_000, "her end", ana.signal("SIGINT"));
  });
});
