import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { CHUNK_BYTES, LANES_PER_SESSION_MAX, UDP_STREAMS_MAX } from "../../src/base/limits.ts";
import { CALM, UdpRelay, type Weather } from "../io/udp-relay.ts";
import { file, MIB, noise, sends, sha256 } from "./couriers.ts";
import { before, until } from "./deadline.ts";
import { type Home, Sandbox, type Served } from "./program.ts";

/** Files over UDP. `npm run soak` sends as many as CHAT_TRANSFERS says. */

const HOST = "127.0.0.1";
const TRANSFERS = Number(process.env["CHAT_TRANSFERS"] ?? "10");
const STORM: Weather = {
  drop: 0.05,
  double: 0.05,
  reorder: 0.1,
  flip: 0.02,
  truncate: 0.02,
  delayMs: 2,
};

/** Two people behind a relay, who know nothing of TCP. */
async function couriers(
  sandbox: Sandbox,
  { port }: Served,
  weather: Weather,
): Promise<{ ana: Home; bob: Home; relay: UdpRelay }> {
  const relay = await UdpRelay.open({ host: HOST, port }, weather, 5);
  const [ana, bob] = ["ana", "bob"].map((user) =>
    sandbox.home(user).with({
      CHAT_USER: user,
      CHAT_PASSWORD: "xxxxxxxx",
      CHAT_SERVER: `udp://${HOST}:${relay.port}`,
    }),
  );
  if (ana === undefined || bob === undefined) throw new Error("two names make two homes");
  await Promise.all([ana.json(["register"]), bob.json(["register"])]);
  return { ana, bob, relay };
}

const ALL = `${TRANSFERS} of ${TRANSFERS}`;

test(`${ALL} files arrive bit for bit through bad weather of all kinds`, async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const { ana, bob, relay } = await couriers(sandbox, served, STORM);
  for (let i = 0; i < TRANSFERS; i++) {
    const sizeBytes = (i * 97_003) % (3 * CHUNK_BYTES);
    const path = file(sandbox, `${i}.bin`, noise(sizeBytes));
    const sent = await sends(ana, path);
    const out = sandbox.path("inbox");
    const got = await bob.json(["get-file", String(sent["id"]), "--out", out]);
    expect(got.at(-1)).toMatchObject({ kind: "got", digest: sent["digest"] });
    expect([i, sha256(sandbox.path("inbox", `${i}.bin`))]).toEqual([i, sha256(path)]);
  }
  expect(readdirSync(sandbox.path("inbox")).length).toBe(TRANSFERS);
  relay.close();
}, 600_000);

test("more files at once than there are lanes, and more in a session than streams", async () => {
  const count = UDP_STREAMS_MAX + 10;
  expect(count).toBeGreaterThan(LANES_PER_SESSION_MAX);
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const way = `udp://${HOST}:${served.port}`;
  const ana = await sandbox.home("ana").join([way, "--user", "ana"]);
  const paths = Array.from({ length: count }, (_, i) =>
    file(sandbox, `${i}.txt`, noise(1_000 + i)),
  );
  ana.type(...paths.map((path) => `/send ${path}`));
  const names = new Set<unknown>();
  while (names.size < count) names.add((await served.program.json("file", {}, 30_000))["name"]);
  expect((await ana.finish()).exitCode).toBe(0);
}, 60_000);

test("a word waits for no file: echoes beside 64 MiB over UDP", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const way = `udp://${HOST}:${served.port}`;
  const ana = await sandbox.home("ana").join([way, "--user", "ana"]);
  const path = file(sandbox, "large.bin", noise(64 * MIB));
  ana.type(`/send ${path}`);
  await served.program.json("offered", { user: "ana" });
  const waits: number[] = [];
  const whole = served.program.json("file", { name: "large.bin" }, 40_000);
  let isWhole = false;
  const done = whole.then(() => {
    isWhole = true;
  });
  for (let i = 0; i < 400 && !isWhole; i++) {
    const saidAt = performance.now();
    ana.type(`word ${i}`);
    await ana.json("ack", { text: `word ${i}` });
    waits.push(performance.now() - saidAt);
  }
  await before(40_000, "the file", done);
  const sorted = waits.toSorted((one, other) => one - other);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(1_000);
  expect((await ana.finish()).exitCode).toBe(0);
}, 60_000);

test("a router that forgets where one is, in mid download: it goes on, and is whole", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--open"] });
  const { ana, bob, relay } = await couriers(sandbox, served, CALM);
  const path = file(sandbox, "large.bin", noise(48 * MIB));
  const sent = await sends(ana, path);
  const known = relay.down.bytes;
  const out = sandbox.path("inbox");
  const getting = bob.start(["get-file", String(sent["id"]), "--out", out, "--json"]);
  await until("some of it", () => relay.down.bytes > known + 4 * MIB);
  await relay.rebind();
  await getting.json("got", { digest: sent["digest"] }, 30_000);
  expect(sha256(sandbox.path("inbox", "large.bin"))).toBe(sha256(path));
  relay.close();
}, 60_000);
