import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RawClient } from "../../bench/raw-client.ts";
import type { Fault } from "../../src/base/fault.ts";
import { cleanFileName } from "../../src/base/file-names.ts";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES } from "../../src/base/limits.ts";
import { sha256 as hashOf } from "../../src/crypto/sha256.ts";
import { encodeHashLine } from "../../src/wire/chunks.ts";
import { encodeManifest } from "../../src/wire/manifest.ts";
import { TestFile } from "../server/data-channel.ts";
import { file, gets, noise, people, sends } from "./couriers.ts";
import { before, until } from "./deadline.ts";
import { ndjson, Sandbox } from "./program.ts";

/** Senders who mean no good, and names that would do harm, with the compiled program. */

/** Legal on this disk, and trouble on another, in a shell or on a screen. */
const LOCAL: readonly string[] = [
  "-rf",
  "--out=x",
  ".profile",
  "CON",
  "nul.txt",
  "com1.tar.gz",
  "a:b?c*.txt",
  "back\\slash",
  "new\nline\t.txt",
  "\u001b]0;evil\u0007.txt",
  "photo\u202egpj.exe",
  "dots and blanks. . .",
  `${"n".repeat(251)}.txt`,
  `${"é".repeat(125)}.tar`,
];

/** What only a program of the sender's own would send. */
const FOREIGN: readonly string[] = [
  "..",
  ".",
  "../../../evil",
  "/etc/evil",
  "a/../../evil",
  "..\\..\\evil",
  "C:\\evil",
  "nul\u0000l.txt",
  "   ",
  "\u200b",
  `${"../".repeat(340)}e`,
  "x".repeat(1_024),
];

/** One who speaks the protocol by hand, and is in. */
async function stranger(sandbox: Sandbox): Promise<{ main: RawClient; port: number }> {
  const { port } = await sandbox.serve({ args: ["--open"] });
  return { main: await RawClient.register(port, "mallory"), port };
}

/** With bytes of its own: the link keeps them. */
function chunkOf(file: TestFile, index: number, wrong: object = {}) {
  const bytes = file.chunks[index]?.slice() ?? new Uint8Array(1);
  const hash = file.hashes[index] ?? hashOf(bytes);
  return { kind: "chunk", file: file.id, index, sha256: hash, bytes, ...wrong } as const;
}

async function upload(lane: RawClient, file: TestFile, more: object = {}): Promise<string> {
  const { have } = await lane.ask("offer", file.offer(["lobby"], more));
  for (let index = have; index < file.chunks.length; index++) lane.tell(chunkOf(file, index));
  await before(20_000, "the end of an upload", lane.ask("finish", file.finish));
  return file.id;
}

describe("a name", () => {
  test("of any kind leaves here, and arrives as one that harms nobody", async () => {
    await using sandbox = new Sandbox();
    await sandbox.serve();
    const { ana, bob } = await people(sandbox);
    LOCAL.forEach((name, i) => {
      writeFileSync(sandbox.path(name), `content ${i}`);
    });
    const { out } = await ana.run(["send-file", "--json", "--", ...LOCAL], { cwd: sandbox.folder });
    const sent = ndjson(out).filter(({ kind }) => kind === "file");
    expect(sent.map(({ name }) => name)).toEqual([...LOCAL]);
    const around = readdirSync(sandbox.folder).sort();
    const inbox = sandbox.path("inbox");
    const ids = sent.map(({ id }) => String(id));
    const ran = await bob.run(["get-file", ...ids, "--out", inbox]);
    expect(ran.exitCode).toBe(0);
    const names = LOCAL.map(cleanFileName);
    expect(readdirSync(inbox).sort()).toEqual(names.toSorted());
    names.forEach((name, i) => {
      expect(readFileSync(join(inbox, name), "utf8")).toBe(`content ${i}`);
      expect(name).not.toMatch(/^[-.]|[\p{Cc}\u202e<>:"/\\|?*]|[. ]$/u);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
    });
    expect(readdirSync(sandbox.folder).sort()).toEqual([...around, "inbox"].sort());
    // Nor does a name do anything to the screen on which it is shown.
    for (const args of [["files"], ["history", "--files"]]) {
      const shown = (await bob.run(args)).out;
      expect(shown).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f\u202e]/u);
      expect(shown.trimEnd().split("\n").length).toBe(LOCAL.length);
    }
  });

  test("from a program of the sender's own stays in the folder", async () => {
    await using sandbox = new Sandbox();
    const { main } = await stranger(sandbox);
    const bob = sandbox.home("bob").with({ CHAT_USER: "bob" });
    await bob.json(["register"]);
    const lane = await main.lane();
    const inbox = sandbox.path("deep", "in", "inbox");
    const around = new Set(readdirSync(sandbox.folder));
    for (const [i, name] of FOREIGN.entries()) {
      const file = new TestFile(`n${i}x`, 10 + i, name);
      const got = await gets(bob, await upload(lane, file), inbox);
      expect(got).toMatchObject({
        name,
        path: join(inbox, String(got["path"]).slice(inbox.length)),
      });
      expect(readFileSync(String(got["path"])).length).toBe(10 + i);
    }
    expect(readdirSync(inbox).length).toBe(FOREIGN.length);
    expect(readdirSync(sandbox.path("deep"))).toEqual(["in"]);
    expect(readdirSync(sandbox.path("deep", "in"))).toEqual(["inbox"]);
    expect(readdirSync(sandbox.folder).filter((name) => !around.has(name))).toEqual(["deep"]);
    main.close();
  });

  test("inside a folder does not lead out of it", async () => {
    await using sandbox = new Sandbox();
    const { main } = await stranger(sandbox);
    const bob = sandbox.home("bob").with({ CHAT_USER: "bob" });
    await bob.json(["register"]);
    const lane = await main.lane();
    const honest = { path: "aaaaaaaaaa", size: 4, mode: 0o644, mtime: 1_763_617_717_003 };
    for (const [i, path] of ["../../evil", "/etc/eevil", "a/../../ev", "..\\..\\evil"].entries()) {
      const text = Buffer.from(encodeManifest([honest])).toString();
      const escaped = JSON.stringify(path).slice(1, -1).padEnd(10, "l");
      const manifest = Buffer.from(text.replace(honest.path, escaped));
      const file = TestFile.of(`d${i}x`, Buffer.concat([manifest, Buffer.from("evil")]), "tree");
      const folder = { entries: 1, manifestBytes: manifest.length };
      const id = await upload(lane, file, { folder });
      const inbox = sandbox.path("deep", `inbox-${i}`);
      const ran = await bob.run(["get-file", id, "--out", inbox]);
      const all = readdirSync(sandbox.path("deep"), { recursive: true }).map(String);
      const evil = all.filter((one) => one.includes("evil"));
      if (ran.exitCode === 0) {
        expect(evil.every((one) => one.startsWith(`inbox-`) && one.includes("/tree"))).toBe(true);
      } else expect([ran.exitCode, evil]).toEqual([6, []]);
    }
    expect(readdirSync(sandbox.folder)).not.toContain("evil");
    main.close();
  });
});

const FILE = new TestFile("file", 3 * CHUNK_BYTES + 9);
const OTHER = new TestFile("other", 3 * CHUNK_BYTES);
const junk = () => new Uint8Array(CHUNK_BYTES).fill(1);

const LIES: readonly [string, readonly object[], string, string][] = [
  ["a wrong checksum", [chunkOf(FILE, 1, { bytes: junk() })], "checksum-wrong", "chunk 1"],
  ["a chunk out of order", [chunkOf(FILE, 2)], "out-of-order", "chunk 2"],
  [
    "a chunk twice, with other bytes",
    [chunkOf(FILE, 0, { bytes: junk(), sha256: hashOf(junk()) })],
    "out-of-order",
    "chunk 0",
  ],
  ["a chunk of a foreign file", [chunkOf(OTHER, 1)], "out-of-order", "chunk 1"],
  [
    "a chunk beyond the end",
    [1, 2, 3, 4].map((index) => chunkOf(FILE, index)),
    "out-of-order",
    "chunk 4",
  ],
];

test.each(LIES)("%s ends the lane, and the file is not there", async (_, wrong, code, says) => {
  await using sandbox = new Sandbox();
  const { main } = await stranger(sandbox);
  const bob = sandbox.home("bob").with({ CHAT_USER: "bob" });
  await bob.json(["register"]);
  const lane = await main.lane();
  await lane.ask("offer", FILE.offer());
  lane.tell(chunkOf(FILE, 0));
  for (const chunk of wrong) lane.tell(chunk as ReturnType<typeof chunkOf>);
  const fault = (await before(20_000, "the end of the lane", lane.ended)) as Fault;
  expect([fault.code as string, fault.message]).toEqual([code, expect.stringContaining(says)]);
  expect(await bob.json(["files"])).toEqual([]);
  await main.post("lobby", "still here"); // It cost the lane, and nothing else.
  const again = await main.lane();
  // The server may be about to let go of the file that the lane had.
  const id = await until("the file is free", () =>
    upload(again, FILE).catch((error: Fault) => {
      if (error.retryAfterMs === undefined) throw error;
      return undefined;
    }),
  );
  const got = await gets(bob, id, sandbox.path("inbox"));
  const bytes = readFileSync(String(got["path"]));
  expect(Buffer.compare(bytes, Buffer.concat(FILE.chunks))).toBe(0);
  main.close();
});

test("a digest that is not that of the chunks is refused, and nobody is told", async () => {
  await using sandbox = new Sandbox();
  const { main } = await stranger(sandbox);
  const lane = await main.lane();
  await lane.ask("offer", FILE.offer());
  for (const index of FILE.chunks.keys()) lane.tell(chunkOf(FILE, index));
  const finish = { ...FILE.finish, digest: new Uint8Array(32) };
  const refused = lane.ask("finish", finish).then(
    () => "taken",
    ({ code }: Fault) => code,
  );
  expect(await before(20_000, "an answer", refused)).toBe("checksum-wrong");
  const bob = sandbox.home("bob").with({ CHAT_USER: "bob" });
  await bob.json(["register"]);
  expect(await bob.json(["files"])).toEqual([]);
  const honest = await sends(bob, sandbox.write("honest", "words"));
  expect((await gets(bob, honest["id"], sandbox.path("inbox")))["digest"]).toBe(honest["digest"]);
  main.close();
});

/** What a receiver of an earlier version would have taken for its own notes of `name`. */
function notesOf(real: Uint8Array, about: { readonly file: string; readonly server: string }) {
  const theirs = real.slice();
  theirs.fill(0x21, 0, CHUNK_BYTES); // Far before what is read again of one's own.
  const lines: Uint8Array[] = [Buffer.from(`${JSON.stringify({ v: 1, ...about })}\n`)];
  for (let at = 0; at < real.length; at += CHUNK_BYTES) {
    lines.push(encodeHashLine(hashOf(real.subarray(at, at + CHUNK_BYTES))));
  }
  return { part: theirs, journal: Buffer.concat(lines) };
}

describe("notes of a half received file", () => {
  const real = noise(TRANSFER_SYNC_BYTES + 8 * CHUNK_BYTES);

  async function shared() {
    const sandbox = new Sandbox();
    const { fingerprint } = await sandbox.serve({ args: ["--open"] });
    const { ana, bob } = await people(sandbox);
    const id = String((await sends(ana, file(sandbox, "report.bin", real)))["id"]);
    const notes = notesOf(real, { file: id, server: fingerprint.replace(/^SHA256:/, "") });
    return { town: sandbox, ana, bob, id, notes };
  }

  test("that a member has sent are no notes", async () => {
    const { town: sandbox, ana, bob, id, notes } = await shared();
    await using _ = sandbox;
    for (const [name, bytes] of [
      ["report.bin.part", notes.part],
      ["report.bin.part.journal", notes.journal],
    ] as const) {
      const sent = await sends(ana, file(sandbox, name, bytes));
      await gets(bob, sent["id"], sandbox.path("inbox"));
    }
    await gets(bob, id, sandbox.path("inbox"));
    expect(Buffer.from(real).equals(readFileSync(sandbox.path("inbox", "report.bin")))).toBe(true);
    expect(readdirSync(sandbox.path("inbox")).sort()).toEqual([
      "report.bin",
      "report.bin.part.journal_",
      "report.bin.part_",
    ]);
  });

  test("that stand there without a proof are read, and not believed", async () => {
    const { town: sandbox, bob, id, notes } = await shared();
    await using _ = sandbox;
    mkdirSync(sandbox.path("inbox"));
    writeFileSync(sandbox.path("inbox", "report.bin.part"), notes.part);
    writeFileSync(sandbox.path("inbox", "report.bin.part.journal"), notes.journal);
    await gets(bob, id, sandbox.path("inbox"));
    expect(Buffer.from(real).equals(readFileSync(sandbox.path("inbox", "report.bin")))).toBe(true);
    expect(readdirSync(sandbox.path("inbox"))).toEqual(["report.bin"]);
  });
});
