import { expect, test } from "bun:test";
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { utf8Encode } from "../../src/base/bytes.ts";
import { rootOf } from "../../src/core/log/proofs.ts";
import { signCheckpoint } from "../../src/crypto/checkpoint.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { originOf } from "../../src/wire/checkpoint.ts";
import { commitment, leafHash } from "../../src/wire/record.ts";
import { nodesOf } from "../core/log-nodes.ts";
import { type Home, ndjson, Sandbox, type Served } from "./program.ts";

/** An operator, or a thief of the folder and its key, who writes another past and signs it. */

const TEXTS = ["one", "two", "three", "four", "five", "six"];
const TIMEOUT_MS = 180_000;

interface Line {
  head: Record<string, unknown>;
  salt: string;
  body: Record<string, unknown>;
}

/** The whole history, as if the server itself had written these lines, and signed by `identity`. */
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

/** A server at which Ana has said six things, and came again; it has ended in peace. */
async function prepared() {
  const sandbox = new Sandbox();
  const server = await sandbox.serve();
  const ana = sandbox.home("ana");
  const join1 = await ana.join([server.invite, "--user", "ana"]);
  join1.type(...TEXTS);
  for (const text of TEXTS) await join1.json("text", { text });
  expect((await join1.finish()).exitCode).toBe(0);
  const join2 = await ana.join([server.address]);
  expect((await join2.finish()).exitCode).toBe(0);
  await server.program.signal("SIGTERM");
  return { sandbox, server, ana };
}

/** Another server in its place: the same port, this folder. */
async function again(sandbox: Sandbox, { port }: Served, data: string): Promise<Served> {
  return sandbox.serve({ data, port });
}

async function caught(ana: Home, server: Served, sentence: RegExp): Promise<void> {
  const joined = await ana.run(["join", server.address]);
  expect(joined.err).toMatch(sentence);
  expect(joined.exitCode).toBe(6);
  const verified = await ana.run(["verify", server.address, "--json"]);
  expect(verified.exitCode).toBe(6);
  const [finding] = ndjson(verified.out);
  expect(finding).toMatchObject({ kind: "verify", ok: false });
  expect(String(finding?.["reason"])).toMatch(sentence);
}

type Case = readonly [string, RegExp, (lines: Line[]) => Line[]];
const CASES: readonly Case[] = [
  [
    "one byte changed",
    /its first \d+ are not what this device has seen; record 5 in #lobby \(ana, /,
    (lines) => {
      const i = at(lines, "three");
      const line = lines[i] as Line;
      const id = String(line.head["id"]).replace(/^./, (letter) => (letter === "A" ? "B" : "A"));
      const now = { ...line, head: { ...line.head, id } };
      return lines.map((one, k) => (k < i ? one : k === i ? now : one));
    },
  ],
  [
    "a line changed",
    /record 5 in #lobby \(ana, [^)]+\) that this device has read is not in the history/,
    (lines) =>
      lines.with(at(lines, "three"), {
        ...(lines[at(lines, "three")] as Line),
        body: { text: "thirteen" },
      }),
  ],
  [
    "two lines swapped",
    /record 4 in #lobby .* nor is 1 later one/,
    (lines) => {
      const [i, k] = [at(lines, "two"), at(lines, "three")];
      const [two, three] = [lines[i] as Line, lines[k] as Line];
      return lines.with(i, { ...two, body: three.body }).with(k, { ...three, body: two.body });
    },
  ],
  [
    "a record left out",
    /the server shows \d+ records?, .*record 4 in #lobby .* nor are 4 later ones/,
    (lines) => lines.toSpliced(at(lines, "two"), 1),
  ],
  [
    "the tail cut",
    /the server shows 6 records, and this device has seen 8; record 7 in #lobby .* nor is 1 later/,
    (lines) => lines.slice(0, -2),
  ],
];

test(
  "an earlier client and chat verify catch each manipulation, and say which record it is",
  async () => {
    const { sandbox, server, ana } = await prepared();
    await using _ = sandbox;
    for (const [name, sentence, change] of CASES) {
      const data = sandbox.path(name.replaceAll(" ", "-"));
      cpSync(server.data, data, { recursive: true });
      rewrite(data, change);
      // The folder is sound in itself; this device has seen another one.
      const offline = await ana.run(["verify", "--data", data, "--json"]);
      expect(offline.exitCode).toBe(6);
      expect(offline.out).toContain("this device has seen");
      expect((await sandbox.home("eve").run(["verify", "--data", data])).exitCode).toBe(0);
      const false_ = await again(sandbox, server, name.replaceAll(" ", "-"));
      await caught(ana, false_, sentence);
      await false_.program.signal("SIGTERM");
    }
    const [evidence] = readdirSync(join(ana.folder, "evidence"));
    const kept = join(ana.folder, "evidence", evidence ?? "");
    expect(statSync(kept).mode & 0o777).toBe(0o600);
    expect(Object.keys(JSON.parse(readFileSync(kept, "utf8")))).toContain("shown");
    // The honest folder again: all is well.
    const honest = await again(sandbox, server, "data");
    expect((await ana.run(["join", honest.address])).exitCode).toBe(0);
    expect((await ana.run(["verify", honest.address])).exitCode).toBe(0);
  },
  TIMEOUT_MS,
);

test(
  "an older copy of the folder, and one signed again with another key",
  async () => {
    const sandbox = new Sandbox();
    await using _ = sandbox;
    const server = await sandbox.serve();
    const ana = sandbox.home("ana");
    await ana.json(["send", "early", "--server", server.invite, "--user", "ana"]);
    await server.program.signal("SIGTERM");
    cpSync(server.data, sandbox.path("older"), { recursive: true });
    const later = await again(sandbox, server, "data");
    const joined = await ana.join([later.address]);
    joined.type("later");
    await joined.json("text", { text: "later" });
    await joined.finish();
    expect((await ana.run(["verify", later.address])).exitCode).toBe(0);
    await later.program.signal("SIGTERM");

    const rolled = await again(sandbox, server, "older");
    const told =
      /the server shows \d+ records?, and this device has seen \d+; record \d+ in #lobby/;
    await caught(ana, rolled, told);
    await rolled.program.signal("SIGTERM");
    // Meant so: the user says it, and the next log-in pins what is shown.
    const back = await again(sandbox, server, "older");
    const trusted = await ana.run(["trust", "accept", back.address]);
    expect(trusted.err).toContain("are let go");
    expect(trusted.exitCode).toBe(0);
    expect((await ana.run(["join", back.address])).exitCode).toBe(0);
    expect((await ana.run(["verify", back.address])).exitCode).toBe(0);
    await back.program.signal("SIGTERM");

    const foreign = sandbox.path("foreign");
    cpSync(sandbox.path("older"), foreign, { recursive: true });
    const eve = Identity.generate();
    writeFileSync(join(foreign, "identity.key"), eve.toPem());
    rewrite(foreign, (lines) => lines.with(-1, { ...(lines.at(-1) as Line), body: { text: "x" } }));
    expect((await ana.run(["verify", "--data", foreign])).exitCode).toBe(6);
    // The server would refuse the accounts, too, whose checkpoint is of the key before.
    rmSync(join(foreign, "accounts", "checkpoint"));
    const other = await again(sandbox, server, "foreign");
    for (const command of ["join", "verify"]) {
      const refused = await ana.run([command, other.address]);
      expect(refused.exitCode).toBe(6);
      expect(refused.err).toContain("the server's identity has changed");
    }
  },
  TIMEOUT_MS,
);

test(
  "two users compare words: the same for one history, others for two",
  async () => {
    const { sandbox, server, ana } = await prepared();
    await using _ = sandbox;
    const words = async (data: string) => {
      const out = await sandbox.home("any").json(["verify", "--data", data, "--words"]);
      return out[0]?.["words"] as string[];
    };
    const one = await words(server.data);
    expect(one).toHaveLength(12);
    const other = sandbox.path("other");
    cpSync(server.data, other, { recursive: true });
    rewrite(other, (lines) => lines.with(-1, { ...(lines.at(-1) as Line), body: { text: "no" } }));
    expect(await words(other)).not.toEqual(one);
    const honest = await again(sandbox, server, "data");
    const said = await ana.json(["verify", honest.address, "--words"]);
    expect(said.at(-1)).toMatchObject({ kind: "verify", ok: true });
    expect(said.at(-1)?.["words"]).toEqual(one);
  },
  TIMEOUT_MS,
);

test(
  "honest erasing, restarting and a new key pass; a proof of one record is checked offline",
  async () => {
    const { sandbox, server, ana } = await prepared();
    await using _ = sandbox;
    const honest = await again(sandbox, server, "data");
    const proof = sandbox.path("proof.txt");
    for (const wrong of [proof, sandbox.path("."), "/dev/zero"]) {
      expect((await ana.run(["verify", "--proof", wrong])).exitCode).toBe(4);
    }
    const words = await ana.run(["verify", honest.address, "--words"]);
    const [, first = "", second = ""] = words.out.split("\n");
    expect(`${first} ${second}`.split(" ")).toHaveLength(12);
    const asked = await ana.run(["verify", honest.address, "--fingerprint"]);
    expect(asked.out).toBe(words.out);
    const prove = ["verify", honest.address, "--seq", "5", "--out", proof];
    expect((await ana.run(prove)).exitCode).toBe(0);
    const repeated = await ana.run(prove);
    expect([repeated.exitCode, repeated.err]).toEqual([
      2,
      `chat: ${proof} is there already, and is not replaced; ` +
        "name another place with --out, or remove it\n",
    ]);
    const joined = await ana.join([honest.address]);
    joined.type("/erase 5");
    await joined.json("erased");
    await joined.finish();
    for (const all of [[], ["--all"]]) {
      const verified = await ana.run(["verify", honest.address, ...all]);
      expect(verified.out).toMatch(/; \d+ records, all of 1 room, are complete\n$/);
      expect(verified.exitCode).toBe(0);
    }
    expect((await ana.run(["verify", "--data", honest.data])).exitCode).toBe(0);
    await honest.program.signal("SIGKILL");
    const renewed = await sandbox.serve({ port: server.port, args: ["--new-identity"] });
    expect((await ana.run(["join", renewed.address])).exitCode).toBe(0);
    const verified = await ana.json(["verify", renewed.address]);
    expect(verified.at(-1)).toMatchObject({ kind: "verify", ok: true });
    await renewed.program.signal("SIGTERM");

    const expected = ["--fingerprint", server.fingerprint];
    const checked = await ana.run(["verify", "--proof", proof, ...expected, "--json"]);
    expect(checked.exitCode).toBe(0);
    expect(ndjson(checked.out)[0]).toMatchObject({ ok: true, seq: 5, body: { text: "three" } });
    expect((await sandbox.home("eve").run(["verify", "--proof", proof])).exitCode).toBe(6);
    const text = readFileSync(proof, "utf8");
    for (const [was, now] of [
      ["three", "thirteen"],
      ["index 4", "index 3"],
      ['"seq":5', '"seq":6'],
    ]) {
      writeFileSync(proof, text.replace(was ?? "", now ?? ""));
      const wrong = await ana.run(["verify", "--proof", proof, ...expected]);
      expect(wrong.exitCode).toBe(6);
    }
  },
  TIMEOUT_MS,
);

test(
  "records of a room that was left are proved no more, and that is no alarm",
  async () => {
    const { sandbox, server, ana } = await prepared();
    await using _ = sandbox;
    const served = await again(sandbox, server, "data");
    const joined = await ana.join([served.address]);
    joined.type("/join other", "said there");
    await joined.json("text", { text: "said there" });
    joined.type("/leave");
    await joined.json("leave");
    expect((await joined.finish()).exitCode).toBe(0);
    const verified = await ana.run(["verify", served.address]);
    expect(verified.out).toMatch(
      / in it, and \d more are of rooms that were left; \d+ records, all of 1 room,/,
    );
    expect(verified.exitCode).toBe(0);
    expect((await ana.run(["join", served.address])).exitCode).toBe(0);
  },
  TIMEOUT_MS,
);

test(
  "what a short command was told is on the disk, is missed by the next one",
  async () => {
    await using sandbox = new Sandbox();
    const server = await sandbox.serve();
    const ana = sandbox.home("ana");
    await ana.json(["send", "early", "--server", server.invite, "--user", "ana"]);
    await server.program.signal("SIGTERM");
    cpSync(server.data, sandbox.path("older"), { recursive: true });
    const later = await again(sandbox, server, "data");
    // Its proof is asked for before it is said, so that no checkpoint has told of this one.
    await ana.json(["send", "later", "--server", later.address]);
    await later.program.signal("SIGTERM");
    const rolled = await again(sandbox, server, "older");
    const sent = await ana.run(["rooms", "--server", rolled.address]);
    expect(sent.err).toMatch(/the server shows \d+ records, and this device has seen \d+/);
    expect(sent.exitCode).toBe(6);
    await caught(ana, rolled, /the server shows \d+ records, and this device has seen \d+/);
  },
  TIMEOUT_MS,
);

test(
  "what chat history has shown is held against the server",
  async () => {
    const { sandbox, server } = await prepared();
    await using _ = sandbox;
    const honest = await again(sandbox, server, "data");
    const ben = sandbox.home("ben");
    // Comes in when all was said, and reads it.
    await ben.json(["register", server.invite, "--user", "ben"]);
    expect((await ben.json(["history", honest.address, "--last", "50"])).length).toBe(8);
    await honest.program.signal("SIGTERM");
    const data = sandbox.path("short");
    cpSync(honest.data, data, { recursive: true });
    rewrite(data, (lines) =>
      lines.with(at(lines, "three"), {
        ...(lines[at(lines, "three")] as Line),
        body: { text: "thirteen" },
      }),
    );
    const false_ = await again(sandbox, server, "short");
    await caught(ben, false_, /record 5 in #lobby \(ana, [^)]+\) that this device has read is not/);
  },
  TIMEOUT_MS,
);
