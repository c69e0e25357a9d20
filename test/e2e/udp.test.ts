import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import {
  CHUNK_BYTES,
  DATA_CHANNELS_PER_SESSION_MAX,
  UDP_STREAMS_MAX,
} from "../../src/base/limits.ts";
import { until, within } from "../event.ts";
import { CALM, UdpRelay, type Weather } from "../io/udp-relay.ts";
import { reservedPort } from "../ports.ts";
import { sampleSize } from "../samples.ts";
import { file, MIB, noise, sends, sha256 } from "./couriers.ts";
import { metricsText } from "./metrics.ts";
import { type Home, type Program, Sandbox, textsOf } from "./program.ts";
import { Relay } from "./relay.ts";
import { SharedServer } from "./shared-server.ts";

const HOST = "127.0.0.1";
const TEXTS = 100;
const TRANSFERS = sampleSize(2, 100);
const STORM: Weather = {
  drop: 0.05,
  double: 0.05,
  reorder: 0.1,
  flip: 0.02,
  truncate: 0.02,
  delayMs: 2,
};
const shared = new SharedServer({ args: ["--open"] });

function relayed(weather = CALM, seed = 1): Promise<UdpRelay> {
  return UdpRelay.open({ host: HOST, port: shared.served.port }, weather, seed);
}

function joins(name: string, ...args: readonly string[]): Promise<Program> {
  return shared.sandbox.home(name).join([...args, "--user", name]);
}

test("leaves a TCP path on which connections open, but soon carry nothing", async () => {
  const udp = await relayed();
  await using tcp = await Relay.open(shared.served.port, udp.port);
  const address = `${HOST}:${udp.port}`;
  const writer = await joins("writer", address);
  const text = "x".repeat(4_000);
  writer.type(...Array.from({ length: 20 }, () => text), "last");
  await writer.json("text", { text: "last" });
  // Enough for the handshake and the log-in, but not for the room's texts.
  tcp.stallEachAfter(8_000);
  const reader = shared.sandbox
    .home("reader")
    .start(["join", "--json", address, "--user", "reader"]);
  await reader.json("lost", {}, 40_000);
  await reader.json("connected", { transport: "udp" }, 40_000);
  await reader.json("text", { text: "last" });
  await reader.finish();
  udp.close();
});

test(`delivers ${TEXTS} texts in each direction once and in order with 20 % loss`, async () => {
  const relay = await relayed({ ...CALM, drop: 0.2 });
  const way = `udp://${HOST}:${relay.port}`;
  const names = ["ana", "bob"];
  const [ana, bob] = [await joins("ana", way), await joins("bob", way)];
  const words = (name: string) => Array.from({ length: TEXTS }, (_, i) => `${name} ${i}`);
  ana.type(...words("ana"));
  bob.type(...words("bob"));
  for (const reader of [ana, bob]) {
    for (const name of names) await reader.json("text", { text: `${name} ${TEXTS - 1}` }, 50_000);
  }
  // Wait, because a read-position report or a proof request may be in flight.
  const stats = await until("all is acknowledged", async () => {
    ana.type("/stats");
    const now = await ana.json("stats");
    return now["asked"] === now["acknowledged"] && now;
  });
  expect(stats).toMatchObject({ transport: "udp" });
  expect(Number(stats["lostPackets"])).toBeGreaterThan(0);
  expect(Number(stats["acknowledged"])).toBeGreaterThan(TEXTS);
  for (const name of names) {
    expect(textsOf(ana).filter((text) => text.startsWith(name))).toEqual(words(name));
  }
  const sent = textsOf(ana).filter((text) => names.some((name) => text.startsWith(name)));
  expect(sent.length).toBe(2 * TEXTS);
  expect(textsOf(bob).slice(-sent.length)).toEqual(sent);
  await Promise.all([ana.finish(), bob.finish()]);
  relay.close();
});

test("reconnects over TCP when UDP stops working, and loses no text", async () => {
  const relay = await relayed();
  const cleo = await joins("cleo", `${HOST}:${relay.port}`);
  cleo.type("over UDP");
  await cleo.json("ack", { text: "over UDP" });
  await using tcp = await Relay.open(shared.served.port, relay.port);
  relay.part();
  cleo.type("into the silence");
  await cleo.json("lost");
  expect(await cleo.json("connected")).toMatchObject({ transport: "tcp" });
  expect(tcp.passed.up).toBeGreaterThan(0);
  await cleo.json("ack", { text: "into the silence" });
  await cleo.finish();
  expect(textsOf(cleo).slice(-2)).toEqual(["over UDP", "into the silence"]);
  expect(textsOf(cleo).filter((text) => text.includes("silence"))).toHaveLength(1);
  relay.close();
});

test("supports room passwords, notices and counters over UDP", async () => {
  await using sandbox = new Sandbox();
  const room = sandbox.write("room", "open sesame\n");
  const args = ["--room-password-file", room, "--verbose"];
  const served = await sandbox.serve({ args });
  const way = `udp://${HOST}:${served.port}`;
  const nobody = await sandbox.home("eve").run(["join", `udp://${HOST}:9`, "--user", "eve"]);
  expect([nobody.exitCode, nobody.err]).toEqual([
    5,
    expect.stringMatching(/^chat: UDP connection to 127\.0\.0\.1:9 refused; [^\n]+\n$/),
  ]);
  const env = { CHAT_ROOM_PASSWORD: "open sesame", CHAT_PASSWORD: "a secret" };
  const ana = await sandbox.home("ana").join([way, "--user", "ana"], { env });
  const bob = await sandbox.home("bob").join([way, "--user", "bob"], { env });
  await ana.json("join", { from: "bob" });
  ana.type("hello bob");
  expect(await bob.json("text")).toMatchObject({ from: "ana", text: "hello bob" });
  const counted = await served.program.json("stats", { user: "ana", transport: "udp" });
  expect(Number(counted["acknowledged"])).toBeGreaterThan(0);
  expect(Number(counted["sentPackets"])).toBeGreaterThan(0);
  expect(counted).toHaveProperty("lostPackets");
  const metrics = await metricsText(served);
  expect(metrics).toContain('chat_transport_links{transport="udp"} 2\n');
  expect(metrics).toMatch(/^chat_transport_sent_packets_total\{transport="udp"\} [1-9]/m);
  await bob.finish();
  await ana.json("presence", { user: "bob", online: false });
  await ana.finish();
});

test("--local-port sets the client's UDP port; a used port fails with one line", async () => {
  const free = await relayed();
  const own = free.port;
  const way = `udp://${HOST}:${shared.served.port}`;
  const eli = shared.sandbox.home("eli");
  const args = [way, "--user", "eli", "--local-port", String(own)];
  const busy = await eli.run(["join", ...args]);
  expect([busy.exitCode, busy.err]).toEqual([
    1,
    expect.stringMatching(/^chat: local UDP port \d+ is in use; [^\n]+--local-port[^\n]*\n$/),
  ]);
  free.close();
  const joined = await eli.join(args);
  const address = `${HOST}:${own}`;
  await shared.served.program.json("logged-in", { user: "eli", address, transport: "udp" });
  await joined.finish();
});

test("continues without UDP if the port is in use; --no-udp prints no warning", async () => {
  await using sandbox = new Sandbox();
  const squatter = await Bun.udpSocket({ hostname: HOST, port: await reservedPort() });
  const { port } = squatter;
  const server = await sandbox.serve({ port, args: ["--open"] });
  expect(server.listening).toMatchObject({ udp: false, port });
  await server.program.stderrLine(`UDP port ${port} is in use; continuing with TCP only`);
  const ana = await sandbox.home("ana").join(["--user", "ana"]);
  await ana.finish();
  await server.program.signal("SIGTERM");
  squatter.close();
  const plain = await sandbox.serve({ port, args: ["--no-udp"] });
  expect(plain.listening).toMatchObject({ udp: false });
  expect(plain.program.err.text).not.toContain("UDP");
  const refused = await sandbox.home("ana").run(["send", "x", "--transport", "udp"]);
  expect([refused.exitCode, refused.err]).toEqual([
    5,
    expect.stringContaining("UDP connection to"),
  ]);
});

test("a stopping server closes UDP connections; an invite can select UDP", async () => {
  await using sandbox = new Sandbox();
  const { program, invite, listening } = await sandbox.serve({
    args: ["--udp-cc", "cubic", "--invite-via", "udp"],
  });
  expect(listening).toMatchObject({ udp: true });
  expect(invite).toContain("via=udp");
  const args = ["join", invite, "--user", "ana", "--transport", "udp", "--plain"];
  const ana = sandbox.home("ana").start(args);
  await program.json("logged-in", { user: "ana", transport: "udp" });
  expect((await program.signal("SIGTERM")).exitCode).toBe(0);
  await ana.stderrLine("connection lost (the server is stopping)");
  await ana.signal("SIGINT");
});

async function couriers(
  names: readonly [string, string],
  weather: Weather,
): Promise<{ one: Home; other: Home; relay: UdpRelay }> {
  const relay = await relayed(weather, 5);
  const server = { CHAT_SERVER: `udp://${HOST}:${relay.port}` };
  const [one, other] = names.map((user) =>
    shared.sandbox.home(user).with({ CHAT_USER: user, ...server }),
  ) as [Home, Home];
  for (const home of [one, other]) await home.json(["register"]);
  return { one, other, relay };
}

test(`${TRANSFERS} files arrive unchanged over bad networks of all kinds`, async () => {
  const { one, other, relay } = await couriers(["fay", "gus"], STORM);
  const { sandbox } = shared;
  const inbox = sandbox.path("inbox-storm");
  for (let i = 0; i < TRANSFERS; i++) {
    const sizeBytes = ((i + 1) * 197_003) % (3 * CHUNK_BYTES);
    const path = file(sandbox, `${i}.bin`, noise(sizeBytes));
    const sent = await sends(one, path);
    const got = await other.json(["get-file", String(sent["id"]), "--out", inbox]);
    expect(got.at(-1)).toMatchObject({ kind: "got", digest: sent["digest"] });
    expect([i, sha256(join(inbox, `${i}.bin`))]).toEqual([i, sha256(path)]);
  }
  expect(readdirSync(inbox).length).toBe(TRANSFERS);
  relay.close();
}, 600_000);

test("sends more concurrent files than data channels and streams", async () => {
  const count = UDP_STREAMS_MAX + 10;
  expect(count).toBeGreaterThan(DATA_CHANNELS_PER_SESSION_MAX);
  const hal = await joins("hal", `udp://${HOST}:${shared.served.port}`);
  const names = new Set(Array.from({ length: count }, (_, i) => `many-${i}.txt`));
  for (const name of names) file(shared.sandbox, name, noise(1_000));
  hal.type(...[...names].map((name) => `/send ${shared.sandbox.path(name)}`));
  while (names.size > 0) names.delete(String((await shared.served.program.file({}))["name"]));
  expect((await hal.finish()).exitCode).toBe(0);
});

test("a text does not wait for a large file over UDP", async () => {
  const ida = await joins("ida", `udp://${HOST}:${shared.served.port}`);
  const path = file(shared.sandbox, "large.bin", noise(24 * MIB));
  ida.type(`/send ${path}`);
  const { id } = await shared.served.program.json("offered", { name: "large.bin" });
  ida.type("beside the file");
  const { seq } = await within("the file", ida.file({ id }));
  await ida.json("ack", { seq });
  const acks = ida.jsonLines.filter(({ kind }) => kind === "ack");
  expect(acks).toMatchObject([{ text: "beside the file" }, { files: [{ id }] }]);
  expect((await ida.finish()).exitCode).toBe(0);
});

test("a download survives a router that forgets its mapping", async () => {
  const { one, other, relay } = await couriers(["jan", "kim"], CALM);
  const path = file(shared.sandbox, "routed.bin", noise(12 * MIB));
  const sent = await sends(one, path);
  const known = relay.down.bytes;
  const out = shared.sandbox.path("inbox-routed");
  const getting = other.start(["get-file", String(sent["id"]), "--out", out, "--json"]);
  await until("some of it", () => relay.down.bytes > known + 2 * MIB);
  await relay.rebind();
  await getting.json("got", { digest: sent["digest"] }, 60_000);
  expect(sha256(join(out, "routed.bin"))).toBe(sha256(path));
  relay.close();
});
