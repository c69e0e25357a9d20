import { expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { within } from "../event.ts";
import { IS_SOAK } from "../samples.ts";
import { Couriers, gets, MIB, noise, people, sends, sha256Of } from "./couriers.ts";
import { type Home, type Json, type Program, Sandbox, type Served } from "./program.ts";
import { type Direction, Relay } from "./relay.ts";

/**
 * Large transfers with interruptions, in which all users must receive the same bytes. The lengths
 * in `npm run soak -- tests` exceed 32 bits.
 */

const BYTES = IS_SOAK ? 3_072 * MIB : 16 * MIB;
const SPARSE_BYTES = (IS_SOAK ? 4_096 * MIB : 12 * MIB) + 1;
const FOLDERS = IS_SOAK ? 100 : 4;
const DEADLINE_MS = 120_000 + BYTES / 10_000;

function wideFile(path: string): string {
  const block = noise(4 * MIB + 1);
  const fd = openSync(path, "w");
  for (let at = 0, number = 0; at < BYTES; number++) {
    new DataView(block.buffer).setUint32(0, number);
    at += writeSync(fd, block, 0, Math.min(block.length, BYTES - at));
  }
  closeSync(fd);
  return path;
}

interface Cast {
  readonly sandbox: Sandbox;
  served: Served;
  readonly ana: Home;
  readonly bob: Home;
  readonly cleo: Home;
  readonly dan: Home;
  readonly anas: Relay;
  readonly bobs: Relay;
  readonly kills: string[];
}

async function cast(sandbox: Sandbox, stack: AsyncDisposableStack): Promise<Cast> {
  const served = await sandbox.serve();
  const { ana, bob } = await people(sandbox);
  const [cleo, dan] = ["cleo", "dan"].map((user) => sandbox.home(user).with({ CHAT_USER: user }));
  if (cleo === undefined || dan === undefined) throw new Error("two names make two homes");
  for (const home of [cleo, dan]) await home.json(["register"]);
  const anas = stack.use(await Relay.open(served.port));
  const bobs = stack.use(await Relay.open(served.port));
  return {
    sandbox,
    served,
    cleo,
    dan,
    anas,
    bobs,
    kills: [],
    ana: ana.with({ CHAT_SERVER: anas.address }),
    bob: bob.with({ CHAT_SERVER: bobs.address }),
  };
}

function reached(relay: Relay, way: Direction, share: number): Promise<void> {
  const bytes = Math.floor(BYTES * share);
  return within(`${bytes} bytes ${way}`, relay.stallAfter(way, bytes), DEADLINE_MS);
}

async function die(all: Cast, who: string, program: Program, relay: Relay): Promise<void> {
  await program.signal("SIGKILL");
  all.kills.push(who);
  relay.release();
}

async function send(all: Cast, path: string): Promise<Json> {
  const { sandbox: town, ana, anas } = all;
  const to = ["@bob", "@cleo", "@dan"].flatMap((name) => ["--to", name]);
  const start = () => ana.start(["send-file", path, ...to, "--json"]);
  let sending = start();
  for (const who of ["sender", "server", "sender", "server"]) {
    await reached(anas, "up", 0.2);
    await die(all, who, who === "sender" ? sending : all.served.program, anas);
    if (who === "sender") sending = start();
    else all.served = await town.serve({ port: all.served.port });
  }
  const sent = await sending.json("file", { to: "dan" }, DEADLINE_MS);
  expect((await sending.ended()).exitCode).toBe(0);
  expect(sent).toMatchObject({ sizeBytes: BYTES, chunks: Math.ceil(BYTES / CHUNK_BYTES) });
  expect(anas.passed.up).toBeLessThan(BYTES + 5 * 40 * MIB);
  return sent;
}

function follow(home: Home, inbox: string): Program {
  return home.start(["get-file", "--follow", "--out", inbox, "--json"]);
}

async function take(all: Cast, inbox: string, first: Program): Promise<Program> {
  let taking = first;
  for (const share of [0.2, 0.3]) {
    await reached(all.bobs, "down", share);
    await die(all, "receiver", taking, all.bobs);
    taking = follow(all.bob, inbox);
  }
  return taking;
}

test(`sends ${BYTES} bytes to three users, one offline, despite kills of both ends`, async () => {
  await using sandbox = new Sandbox();
  await using stack = new AsyncDisposableStack();
  const all = await cast(sandbox, stack);
  const [bobs, cleos, dans] = [sandbox.path("bobs"), sandbox.path("cleos"), sandbox.path("dans")];
  const following = { bob: follow(all.bob, bobs), cleo: follow(all.cleo, cleos) };
  writeFileSync(sandbox.path("first"), "first");
  await sends(all.ana, sandbox.path("first"));
  for (const each of [following.bob, following.cleo]) await each.json("got", { name: "first" });
  const path = wideFile(sandbox.path("wide.bin"));
  const [sent, taking] = await Promise.all([send(all, path), take(all, bobs, following.bob)]);
  for (const each of [taking, following.cleo]) {
    const got = await each.json("got", { name: "wide.bin" }, DEADLINE_MS);
    expect(got).toMatchObject({ id: sent["id"], digest: sent["digest"], sizeBytes: BYTES });
    await each.signal("SIGINT");
  }
  const late = follow(all.dan, dans);
  await late.json("got", { name: "wide.bin", digest: sent["digest"] }, DEADLINE_MS);
  await late.signal("SIGINT");
  const content = join(all.served.data, "files", String(sent["id"]), "content");
  const places = [path, content, ...[bobs, cleos, dans].map((inbox) => join(inbox, "wide.bin"))];
  const sums = await Promise.all(places.map(sha256Of));
  expect(new Set(sums).size).toBe(1);
  for (const inbox of [bobs, cleos]) {
    expect(readdirSync(inbox).sort()).toEqual(["first", "wide.bin"]);
  }
  expect(all.kills.toSorted()).toEqual(
    ["receiver", "receiver", "sender", "sender", "server", "server"], //
  );
});

interface Entry {
  readonly mode: number;
  readonly mtimeMs: bigint;
  readonly sum: string | undefined;
}

async function entriesOf(root: string): Promise<Map<string, Entry>> {
  const paths = readdirSync(root, { recursive: true }).map(String).sort();
  const all = new Map<string, Entry>();
  for (const path of paths) {
    const stat = lstatSync(join(root, path), { bigint: true });
    const sum = stat.isFile() ? await sha256Of(join(root, path)) : undefined;
    all.set(path, { mode: Number(stat.mode) & 0o777, mtimeMs: stat.mtimeNs / 1_000_000n, sum });
  }
  return all;
}

const FILES_A_FOLDER = 50;
const couriers = new Couriers();
const NAMES = [
  "plain.txt",
  "with space",
  "Grüße.md",
  "写真.jpg",
  ".hidden",
  "a.tar.gz",
  "e\u0301.c",
];

function makeTree(root: string): void {
  for (let i = 0; i < FOLDERS; i++) {
    const folder = join(root, `d${i % 7}`, `folder ${i}`);
    mkdirSync(join(folder, "empty"), { recursive: true });
    for (let j = 0; j < FILES_A_FOLDER; j++) {
      const path = join(folder, `${j} ${NAMES[j % NAMES.length]}`);
      const isLarge = i === 3 && j % 25 === 0;
      writeFileSync(path, noise(isLarge ? CHUNK_BYTES + j : (i * j) % 700));
      chmodSync(path, [0o644, 0o600, 0o755, 0o444][j % 4] ?? 0o644);
      utimesSync(path, 1_600_000_000 + i, 1_600_000_000 + i + j / 1_000);
    }
    utimesSync(join(folder, "empty"), 1_500_000_000, 1_500_000_000 + i);
    chmodSync(folder, i % 2 === 0 ? 0o755 : 0o700);
    utimesSync(folder, 1_550_000_000, 1_550_000_000 + i);
  }
}

test(`sends a folder of ${FOLDERS * FILES_A_FOLDER} files in both directions`, async () => {
  const { sandbox, ana, bob } = couriers;
  makeTree(sandbox.path("tree"));
  const before = await entriesOf(sandbox.path("tree"));
  const sent = await sends(ana, sandbox.path("tree"));
  const there = await gets(bob, sent["id"], sandbox.path("there"));
  expect(there["entries"]).toBe(before.size);
  const back = await sends(bob, String(there["path"]));
  expect(back["digest"]).toBe(sent["digest"]);
  const again = await gets(ana, back["id"], sandbox.path("back"));
  for (const path of [there["path"], again["path"]]) {
    const after = await entriesOf(String(path));
    expect([...after.keys()]).toEqual([...before.keys()]);
    const different = [...after].filter(
      ([name, entry]) => !Bun.deepEquals(entry, before.get(name)),
    );
    expect(different).toEqual([]);
  }
});

test(
  `a sparse file of ${SPARSE_BYTES} bytes arrives unchanged`,
  async () => {
    const { sandbox, ana, bob } = couriers;
    const path = sandbox.path("sparse.img");
    const fd = openSync(path, "w");
    ftruncateSync(fd, SPARSE_BYTES);
    for (const at of [0, Math.floor(SPARSE_BYTES / 2), SPARSE_BYTES - 1_000])
      writeSync(fd, noise(1_000), 0, 1_000, at);
    closeSync(fd);
    const sent = await sends(ana, path);
    const chunks = Math.ceil(SPARSE_BYTES / CHUNK_BYTES);
    expect(sent).toMatchObject({ sizeBytes: SPARSE_BYTES, chunks, resumedBytes: 0 });
    const got = await gets(bob, sent["id"], couriers.inbox());
    expect(got).toMatchObject({ sizeBytes: SPARSE_BYTES, digest: sent["digest"] });
    expect(statSync(String(got["path"])).size).toBe(SPARSE_BYTES);
    expect(await sha256Of(String(got["path"]))).toBe(await sha256Of(path));
  },
  240_000 + SPARSE_BYTES / 2_000,
);
