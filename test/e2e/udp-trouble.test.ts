import { expect, test } from "bun:test";
import { toBase64Url } from "../../src/base/bytes.ts";
import { UDP_SILENCE_MAX_MS } from "../../src/base/limits.ts";
import { passes, Stranger } from "../io/quic-fixture.ts";
import { CALM, UdpRelay } from "../io/udp-relay.ts";
import { soonerThan } from "./deadline.ts";
import { type Program, Sandbox } from "./program.ts";

/** What may befall a room over UDP. */

const HOST = "127.0.0.1";
const OPEN = { args: ["--open"] };

function texts(program: Program): string[] {
  return program.jsonLines.flatMap(({ kind, text }) => (kind === "text" ? String(text) : []));
}

test("a server that is killed and started again has its clients back", async () => {
  await using sandbox = new Sandbox();
  const { port, program } = await sandbox.serve(OPEN);
  const way = `udp://${HOST}:${port}`;
  const clients = await Promise.all(
    ["ana", "bob", "cleo"].map((name) => sandbox.home(name).join([way, "--user", name])),
  );
  const [ana] = clients;
  ana?.type("before");
  for (const client of clients) await client.json("text", { text: "before" });
  await program.signal("SIGKILL");
  ana?.type("amid");
  await sandbox.serve({ ...OPEN, port });
  for (const client of clients) {
    expect(await client.json("connected")).toMatchObject({ transport: "udp" });
  }
  ana?.type("after");
  for (const client of clients) await client.json("text", { text: "after" });
  for (const client of clients) expect(texts(client)).toEqual(["before", "amid", "after"]);
}, 40_000);

// They wait most of their time, at once.
test.concurrent.each([
  ["shorter", 1_500],
  ["longer", UDP_SILENCE_MAX_MS + 3_000],
])(
  "a gap %s than a link's patience loses and doubles no word",
  async (_, gapMs) => {
    await using sandbox = new Sandbox();
    const { port } = await sandbox.serve(OPEN);
    const relay = await UdpRelay.open({ host: HOST, port }, CALM);
    const way = `udp://${HOST}:${relay.port}`;
    const ana = await sandbox.home("ana").join([way, "--user", "ana"]);
    const bob = await sandbox.home("bob").join([`udp://${HOST}:${port}`, "--user", "bob"]);
    const words = Array.from({ length: 300 }, (_, i) => `${i}`);
    ana.type(...words.slice(0, 100));
    await bob.json("text", { text: "99" });
    const join = relay.part();
    ana.type(...words.slice(100, 200));
    bob.type("amid");
    await passes(gapMs);
    expect(texts(ana)).not.toContain("amid");
    join();
    ana.type(...words.slice(200));
    await bob.json("text", { text: "299" }, 30_000);
    await ana.json("text", { text: "299" }, 30_000);
    const lost = ana.jsonLines.filter(({ kind }) => kind === "lost").length;
    expect(lost).toBe(gapMs < UDP_SILENCE_MAX_MS ? 0 : 1);
    expect(texts(ana).filter((text) => text !== "amid")).toEqual(words);
    expect(texts(bob)).toEqual(texts(ana));
    relay.close();
  },
  90_000,
);

test("a router that forgets where one is: words go on, both ways", async () => {
  await using sandbox = new Sandbox();
  const { port } = await sandbox.serve(OPEN);
  const relay = await UdpRelay.open({ host: HOST, port }, CALM);
  const ana = await sandbox.home("ana").join([`udp://${HOST}:${relay.port}`, "--user", "ana"]);
  const bob = await sandbox.home("bob").join([`udp://${HOST}:${port}`, "--user", "bob"]);
  await relay.rebind();
  bob.type("to a place where she is no more");
  await ana.json("text", { from: "bob" });
  ana.type("here I am");
  await bob.json("text", { from: "ana" });
  relay.close();
}, 40_000);

test("another server than the pinned one, over UDP: exit 6, and nobody comes in", async () => {
  await using sandbox = new Sandbox();
  const { port, program } = await sandbox.serve(OPEN);
  const other = `SHA256:${toBase64Url(new Uint8Array(32).fill(7))}`;
  const way = `udp://${HOST}:${port}`;
  const env = { CHAT_PASSWORD: "a secret" };
  const args = ["send", "words", "--server", way, "--user", "ana", "--fingerprint", other];
  const ran = await sandbox.home("ana").run(args, { env });
  expect([ran.exitCode, ran.out]).toEqual([6, ""]);
  await program.json("disconnected");
  expect(program.out.text).not.toContain("ana");
});

test("half-open handshakes by the hundred keep nobody out, over UDP or TCP", async () => {
  await using sandbox = new Sandbox();
  const { port } = await sandbox.serve(OPEN);
  const relay = await UdpRelay.open({ host: HOST, port }, CALM);
  relay.tap = (way) => way === "up";
  const stranger = new Stranger();
  for (let i = 0; i < 400; i++) {
    const wire = await stranger.wire(relay.port);
    wire.opened().catch(() => {});
  }
  for (const transport of ["tcp", "udp"]) {
    await soonerThan(3_000, 10, async (attempt) => {
      const name = `${transport}${attempt}`;
      const args = [`${HOST}:${port}`, "--user", name, "--transport", transport];
      await (await sandbox.home(name).join(args)).finish();
    });
  }
  stranger.close();
  relay.close();
}, 40_000);

test("a ban holds over UDP as over TCP", async () => {
  await using sandbox = new Sandbox();
  const { port } = await sandbox.serve(OPEN);
  const way = `udp://${HOST}:${port}`;
  const bob = await sandbox.home("bob").join([way, "--user", "bob"]);
  const ban = ["admin", "ban", "bob", "--user", "op", "--data", sandbox.path("data")];
  expect((await sandbox.home("op").run(ban)).exitCode).toBe(0);
  expect((await bob.ended()).exitCode).toBe(3);
  for (const transport of ["udp", "tcp"]) {
    const args = ["join", `${HOST}:${port}`, "--user", "bob", "--transport", transport, "--json"];
    const ran = await sandbox.home("bob").run(args);
    expect([ran.exitCode, ran.out]).toEqual([3, expect.stringContaining('"banned"')]);
  }
});
