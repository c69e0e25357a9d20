import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { utf8Encode } from "../../src/base/bytes.ts";
import { rootOf } from "../../src/core/log/proofs.ts";
import { signCheckpoint } from "../../src/crypto/checkpoint.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { originOf } from "../../src/wire/checkpoint.ts";
import { commitment, leafHash } from "../../src/wire/record.ts";
import { nodesOf } from "../core/log-nodes.ts";
import { type Home, ndjson, Sandbox, type Served } from "./program.ts";

/** An attacker with the folder and its key rewrites the history and signs it. */

const TEXTS = ["one", "two", "three", "four", "five", "six"];

interface Line {
  head: Record<string, unknown>;
  salt: string;
  body: Record<string, unknown>;
}

function rewrite(data: string, change: (lines: Line[]) => Line[], key = "identity.key"): void {
  const folder = join(data, "history");
  const file = join(folder, "000000000001.jsonl");
  const read = readFileSync(file, "utf8").trimEnd().split("\n");
  const lines = change(read.map((line) => JSON.parse(line) as Line));
  const counts = new Map<unknown, number>();
  const heads: string[] = [];
  const written = lines.map(({ head, salt, body }, i) => {
    const n = (counts.get(head["room"]) ?? 0) + 1;
    counts.set(head["room"], n);
    const text = JSON.stringify(body);
    const bytes = Uint8Array.fromBase64(salt, { alphabet: "base64url" });
    const commit = commitment(bytes, utf8Encode(text), sha256);
    const time = Number(lines[i]?.head["time"]);
    const now = JSON.stringify({ ...head, seq: i + 1, time, n, commit });
    heads.push(now);
    return `{"head":${now},"durable":${i},"salt":"${salt}","body":${text}}\n`;
  });
  writeFileSync(file, written.join(""));
  const leaves = heads.map((head) => leafHash(utf8Encode(head), sha256));
  const size = leaves.length;
  const checkpoint = {
    origin: originOf(leaves[0] ?? new Uint8Array(32)),
    size,
    root: rootOf(size, nodesOf(leaves), sha256),
  };
  const identity = Identity.fromPem(readFileSync(join(data, key), "utf8"), key);
  writeFileSync(join(folder, "checkpoint"), signCheckpoint(checkpoint, identity));
  for (const name of readdirSync(folder)) {
    if (!/^(\d{12}\.jsonl|checkpoint)$/.test(name)) rmSync(join(folder, name), { recursive: true });
  }
}

const at = (lines: Line[], text: string) => lines.findIndex(({ body }) => body["text"] === text);

let sandbox: Sandbox;
let prepared: Served;
let copies = 0;

beforeAll(async () => {
  sandbox = new Sandbox();
  prepared = await sandbox.serve();
  const ana = sandbox.home("ana");
  const joined = await ana.join([prepared.invite, "--user", "ana"]);
  joined.type(...TEXTS);
  for (const text of TEXTS) await joined.json("text", { text });
  expect((await joined.finish()).exitCode).toBe(0);
  expect((await (await ana.join([prepared.address])).finish()).exitCode).toBe(0);
  await prepared.program.signal("SIGTERM");
});

afterEach(() => running?.program.signal("SIGKILL"));

afterAll(() => sandbox[Symbol.asyncDispose]());

function copyOf(path: string): string {
  const copy = sandbox.path(`copy-${copies++}`);
  cpSync(path, copy, { recursive: true });
  return copy;
}

function anaThen(): Home {
  return sandbox.home(basename(copyOf(sandbox.path("ana"))));
}

let running: Served | undefined;

async function again(data: string, ...args: readonly string[]): Promise<Served> {
  if (running?.program.isRunning === true) await running.program.signal("SIGTERM");
  running = await sandbox.serve({ data: basename(data), port: prepared.port, args });
  return running;
}

function withText(text: string, now: string): (lines: Line[]) => Line[] {
  return (lines) => {
    const i = at(lines, text);
    return lines.with(i, { ...(lines[i] as Line), body: { text: now } });
  };
}

async function caught(home: Home, sentence: RegExp): Promise<void> {
  const { address } = prepared;
  const joined = await home.run(["join", address]);
  expect(joined.err).toMatch(sentence);
  expect(joined.exitCode).toBe(6);
  const verified = await home.run(["verify", address, "--json"]);
  expect(verified.exitCode).toBe(6);
  const [finding] = ndjson(verified.out);
  expect(finding).toMatchObject({ kind: "verify", ok: false });
  expect(String(finding?.["reason"])).toMatch(sentence);
}

type Case = readonly [RegExp, (lines: Line[]) => Line[]];
const CASES: readonly Case[] = [
  [
    /record 5 in #lobby \(ana, [^)]+\) that this device has read is not in the server's history/,
    withText("three", "thirteen"),
  ],
  [
    /only 6 records, but this device has seen 8; record 7 in #lobby .* nor is 1 later/,
    (lines) => lines.slice(0, -2),
  ],
];

const ROLLED_BACK = /the server's history has only \d+ records?, but this device has seen \d+/;

test("a known client detects a manipulated log, and stores evidence", async () => {
  const ana = anaThen();
  for (const [sentence, change] of CASES) {
    const data = copyOf(prepared.data);
    rewrite(data, change);
    const offline = await ana.run(["verify", "--data", data, "--json"]);
    expect([offline.exitCode, offline.out]).toEqual([
      6,
      expect.stringContaining("this device has seen"),
    ]);
    expect((await sandbox.home("eve").run(["verify", "--data", data])).exitCode).toBe(0);
    await again(data);
    await caught(ana, sentence);
  }
  const [evidence] = readdirSync(join(ana.folder, "evidence"));
  const stored = join(ana.folder, "evidence", evidence ?? "");
  expect(statSync(stored).mode & 0o777).toBe(0o600);
  expect(Object.keys(JSON.parse(readFileSync(stored, "utf8")))).toContain("shown");
  await again(copyOf(prepared.data));
  expect((await ana.run(["join", prepared.address])).exitCode).toBe(0);
  expect((await ana.run(["verify", prepared.address])).exitCode).toBe(0);
});

test("detects an older copy of the folder, and another key of the server", async () => {
  const ana = anaThen();
  const { address } = prepared;
  await again(copyOf(prepared.data));
  const joined = await ana.join([address]);
  joined.type("later");
  await joined.json("text", { text: "later" });
  await joined.finish();
  expect((await ana.run(["verify", address])).exitCode).toBe(0);

  const older = copyOf(prepared.data);
  await again(older);
  await caught(ana, ROLLED_BACK);
  const trusted = await ana.run(["trust", "accept", address]);
  expect(trusted.err).toMatch(/forgot the \d+ records known from /);
  expect(trusted.exitCode).toBe(0);
  expect((await ana.run(["join", address])).exitCode).toBe(0);
  expect((await ana.run(["verify", address])).exitCode).toBe(0);

  const foreign = copyOf(prepared.data);
  writeFileSync(join(foreign, "identity.key"), Identity.generate().toPem());
  rewrite(foreign, (lines) => lines.with(-1, { ...(lines.at(-1) as Line), body: { text: "x" } }));
  expect((await ana.run(["verify", "--data", foreign])).exitCode).toBe(6);
  // Remove the checkpoint, because the previous key signed it and the server would refuse the
  // accounts too.
  rmSync(join(foreign, "accounts", "checkpoint"));
  await again(foreign);
  for (const command of ["join", "verify"]) {
    const refused = await ana.run([command, address]);
    expect(refused.exitCode).toBe(6);
    expect(refused.err).toContain("the server's identity has changed");
  }
});

test("accepts erasures, restarts and a new key, and checks proofs offline", async () => {
  const ana = anaThen();
  const honest = await again(copyOf(prepared.data));
  const proof = sandbox.path("proof.txt");
  expect((await ana.run(["verify", "--proof", "/dev/zero"])).exitCode).toBe(4);
  const words = await ana.run(["verify", honest.address, "--words"]);
  const [, first = "", second = "", third = "", fourth = ""] = words.out.split("\n");
  expect(`${first} ${second}`.split(" ")).toHaveLength(12);
  const [both] = await ana.json(["verify", honest.address, "--words"]);
  expect(both).toMatchObject({
    words: `${first} ${second}`.split(" "),
    accounts: { words: `${third} ${fourth}`.split(" ") },
  });
  const prove = ["verify", honest.address, "--seq", "5", "--out", proof];
  expect((await ana.run(prove)).exitCode).toBe(0);
  const repeated = await ana.run(prove);
  expect([repeated.exitCode, repeated.err]).toEqual([
    2,
    `chat: ${proof} already exists; choose another path with --out, or remove it\n`,
  ]);
  const joined = await ana.join([honest.address]);
  joined.type("/erase 5");
  await joined.json("erased");
  await joined.finish();
  const complete = await ana.run(["verify", honest.address, "--all"]);
  expect(complete.out).toMatch(/; checked all records of 1 room \(\d+ records\)\n$/);
  expect(complete.exitCode).toBe(0);
  expect((await ana.run(["verify", "--data", honest.data])).exitCode).toBe(0);
  await honest.program.signal("SIGKILL");
  const renewed = await again(honest.data, "--new-identity");
  expect((await ana.run(["join", renewed.address])).exitCode).toBe(0);
  const verified = await ana.json(["verify", renewed.address]);
  expect(verified.at(-1)).toMatchObject({ kind: "verify", ok: true });

  const expected = ["--fingerprint", prepared.fingerprint];
  const checked = await ana.run(["verify", "--proof", proof, ...expected, "--json"]);
  expect(checked.exitCode).toBe(0);
  expect(ndjson(checked.out)[0]).toMatchObject({ ok: true, seq: 5, body: { text: "three" } });
  expect((await sandbox.home("eve").run(["verify", "--proof", proof])).exitCode).toBe(6);
  const text = readFileSync(proof, "utf8");
  for (const [was, now] of [
    ["three", "thirteen"],
    ["index 4", "index 3"],
  ]) {
    writeFileSync(proof, text.replace(was ?? "", now ?? ""));
    const wrong = await ana.run(["verify", "--proof", proof, ...expected]);
    expect(wrong.exitCode).toBe(6);
  }
});
