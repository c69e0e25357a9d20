import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { gets, MIB, noise, people, sends, sha256Of } from "./couriers.ts";
import { before } from "./deadline.ts";
import { type Home, type Json, type Program, Sandbox, type Served } from "./program.ts";
import { Relay, type Way } from "./relay.ts";

/** What a transfer is for: everybody has the same in the end, whatever happens on the way. */

const BYTES = Number(process.env["CHAT_WALK_BYTES"] ?? 48 * MIB);
const DEADLINE_MS = 120_000 + BYTES / 10_000;
const TIMEOUT_MS = 4 * DEADLINE_MS;

/** No two blocks are the same, and none is empty. */
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

/** Everybody, and the wires of those who are killed. */
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
    ...{ sandbox, served, cleo, dan, anas, bobs, kills: [] },
    ana: ana.with({ CHAT_SERVER: anas.address }),
    bob: bob.with({ CHAT_SERVER: bobs.address }),
  };
}

/** Waits until so much more went over the wire: whoever is to die dies there. */
function reached(relay: Relay, way: Way, share: number): Promise<void> {
  const bytes = Math.floor(BYTES * share);
  return before(DEADLINE_MS, `${bytes} bytes ${way}`, relay.stallAfter(way, bytes));
}

async function die(all: Cast, who: string, program: Program, relay: Relay): Promise<void> {
  await program.signal("SIGKILL");
  all.kills.push(who);
  relay.release();
}

/** Sends it, and is killed twice; twice the server is. */
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
  // What was synced before the second kill is not sent again.
  expect(anas.passed.up).toBeLessThan(BYTES + 5 * 40 * MIB);
  return sent;
}

function follow(home: Home, inbox: string): Program {
  return home.start(["get-file", "--follow", "--out", inbox, "--json"]);
}

/** Takes what comes, and is killed twice. */
async function take(all: Cast, inbox: string, first: Program): Promise<Program> {
  let taking = first;
  for (const share of [0.2, 0.3]) {
    await reached(all.bobs, "down", share);
    await die(all, "receiver", taking, all.bobs);
    taking = follow(all.bob, inbox);
  }
  return taking;
}

test(
  `${BYTES} bytes go to three people, one of them absent, through two kills on each side`,
  async () => {
    await using sandbox = new Sandbox();
    await using stack = new AsyncDisposableStack();
    const all = await cast(sandbox, stack);
    const began = performance.now();
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
    const seconds = ((performance.now() - began) / 1_000).toFixed(0);
    expect(all.kills.toSorted()).toEqual(
      ["receiver", "receiver", "sender", "sender", "server", "server"], //
    );
    if (process.env["CHAT_WALK_BYTES"] === undefined) return;
    process.stderr.write(
      `${BYTES} bytes, killed: ${all.kills.join(", ")}; ${seconds} s; ${sums[0]}\n`,
    );
  },
  TIMEOUT_MS,
);

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

const FOLDERS = 50;
const FILES_A_FOLDER = 100;
const NAMES = [
  "plain.txt",
  "with space",
  "Grüße.md",
  "写真.jpg",
  ".hidden",
  "a.tar.gz",
  "e\u0301.c",
];

/** 5,000 files with names, modes and times of all kinds, and folders with nothing in them. */
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

describe("a folder", () => {
  test(`of ${FOLDERS * FILES_A_FOLDER} files goes there and back`, async () => {
    await using sandbox = new Sandbox();
    await sandbox.serve();
    const { ana, bob } = await people(sandbox);
    makeTree(sandbox.path("tree"));
    const before = await entriesOf(sandbox.path("tree"));
    expect([...before.values()].filter(({ sum }) => sum !== undefined).length).toBe(5_000);
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
  }, 120_000);
});
