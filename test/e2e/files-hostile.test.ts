import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { RawClient } from "../../bench/raw-client.ts";
import type { Fault } from "../../src/base/fault.ts";
import { cleanFileName } from "../../src/base/file-names.ts";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES } from "../../src/base/limits.ts";
import { sha256 as hashOf } from "../../src/crypto/sha256.ts";
import { encodeHashLine } from "../../src/wire/chunks.ts";
import { encodeManifest } from "../../src/wire/manifest.ts";
import { within } from "../event.ts";
import { TestFile } from "../server/data-channel.ts";
import { Couriers, file, gets, noise, sends } from "./couriers.ts";
import { ndjson } from "./program.ts";

const couriers = new Couriers({ args: ["--open"] });

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

function register(name: string): Promise<RawClient> {
  return RawClient.register(couriers.served.port, name);
}

function chunkOf(file: TestFile, index: number, wrong: object = {}) {
  const bytes = file.chunks[index]?.slice() ?? new Uint8Array(1);
  const hash = file.hashes[index] ?? hashOf(bytes);
  return { kind: "chunk", file: file.id, index, sha256: hash, bytes, ...wrong } as const;
}

async function post(main: RawClient, lane: RawClient, file: TestFile, more: object = {}) {
  const { have } = await lane.request("offer", file.offer(["lobby"], more));
  for (let index = have; index < file.chunks.length; index++) lane.notify(chunkOf(file, index));
  await within("the end of an upload", lane.request("finish", file.finish));
  await main.request("post", file.post("lobby"));
  return file.id;
}

describe("a name", () => {
  test("of any kind arrives as a safe name", async () => {
    const { sandbox, ana, bob } = couriers;
    LOCAL.forEach((name, i) => {
      writeFileSync(sandbox.path(name), `content ${i}`);
    });
    const { out } = await ana.run(["send-file", "--json", "--", ...LOCAL], { cwd: sandbox.folder });
    const sent = ndjson(out).filter(({ kind }) => kind === "file");
    expect(sent.map(({ name }) => name)).toEqual([...LOCAL]);
    const around = readdirSync(sandbox.folder).sort();
    const inbox = couriers.inbox();
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
    expect(readdirSync(sandbox.folder).sort()).toEqual([...around, basename(inbox)].sort());
    for (const args of [["files"], ["history", "--files"]]) {
      const output = (await bob.run(args)).out;
      expect(output).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f\u202e]/u);
      // The history has one message with all files.
      const lines = args[0] === "files" ? LOCAL.length : 1;
      expect(output.trimEnd().split("\n").length).toBe(lines);
    }
  });

  test("from a modified sender stays in the folder", async () => {
    const { sandbox, bob } = couriers;
    const main = await register("foreign");
    const lane = await main.openDataChannel();
    const inbox = sandbox.path("deep", "in", "inbox");
    const around = new Set(readdirSync(sandbox.folder));
    const ids: string[] = [];
    for (const [i, name] of FOREIGN.entries()) {
      ids.push(await post(main, lane, new TestFile(`n${i}x`, 10 + i, name)));
    }
    const lines = await bob.json(["get-file", ...ids, "--out", inbox]);
    for (const [i, name] of FOREIGN.entries()) {
      const got = lines.find(({ kind, id }) => kind === "got" && id === ids[i]);
      const path = String(got?.["path"]);
      expect(got).toMatchObject({ name, path: join(inbox, path.slice(inbox.length)) });
      expect(readFileSync(path).length).toBe(10 + i);
    }
    expect(readdirSync(inbox).length).toBe(FOREIGN.length);
    expect(readdirSync(sandbox.path("deep"))).toEqual(["in"]);
    expect(readdirSync(sandbox.path("deep", "in"))).toEqual(["inbox"]);
    expect(readdirSync(sandbox.folder).filter((name) => !around.has(name))).toEqual(["deep"]);
    main.close();
  });

  test("inside a folder stays in that folder", async () => {
    const { sandbox, bob } = couriers;
    const main = await register("folders");
    const lane = await main.openDataChannel();
    const honest = { path: "aaaaaaaaaa", size: 4, mode: 0o644, mtime: 1_763_617_717_003 };
    for (const [i, path] of ["../../evil", "/etc/eevil", "a/../../ev", "..\\..\\evil"].entries()) {
      const text = Buffer.from(encodeManifest([honest])).toString();
      const escaped = JSON.stringify(path).slice(1, -1).padEnd(10, "l");
      const manifest = Buffer.from(text.replace(honest.path, escaped));
      const file = TestFile.of(`d${i}x`, Buffer.concat([manifest, Buffer.from("evil")]), "tree");
      const folder = { entries: 1, manifestBytes: manifest.length };
      const id = await post(main, lane, file, { folder });
      const inbox = sandbox.path("wide", `inbox-${i}`);
      const ran = await bob.run(["get-file", id, "--out", inbox]);
      const all = readdirSync(sandbox.path("wide"), { recursive: true }).map(String);
      const evil = all.filter((one) => one.includes("evil"));
      if (ran.exitCode === 0) {
        expect(evil.every((one) => one.startsWith(`inbox-`) && one.includes("/tree"))).toBe(true);
      } else expect([ran.exitCode, evil]).toEqual([6, []]);
    }
    expect(readdirSync(sandbox.folder)).not.toContain("evil");
    main.close();
  });
});

test("refuses a digest that does not match the chunks, and announces no file", async () => {
  const { bob } = couriers;
  const wrong = new TestFile("digest", CHUNK_BYTES + 9);
  const main = await register("eve");
  const lane = await main.openDataChannel();
  await lane.request("offer", wrong.offer());
  for (const index of wrong.chunks.keys()) lane.notify(chunkOf(wrong, index));
  const finish = { ...wrong.finish, digest: new Uint8Array(32) };
  const refused = lane.request("finish", finish).then(
    () => "taken",
    ({ code }: Fault) => code,
  );
  expect(await within("an answer", refused)).toBe("checksum-wrong");
  expect((await bob.json(["files"])).map(({ id }) => id)).not.toContain(wrong.id);
  main.close();
});

function notesOf(real: Uint8Array, about: { readonly file: string; readonly server: string }) {
  const otherBytes = real.slice();
  otherBytes.fill(0x21, 0, CHUNK_BYTES);
  const lines: Uint8Array[] = [Buffer.from(`${JSON.stringify({ v: 1, ...about })}\n`)];
  for (let at = 0; at < real.length; at += CHUNK_BYTES) {
    lines.push(encodeHashLine(hashOf(real.subarray(at, at + CHUNK_BYTES))));
  }
  return { part: otherBytes, journal: Buffer.concat(lines) };
}

describe("journals of a partial download", () => {
  const real = noise(TRANSFER_SYNC_BYTES + 8 * CHUNK_BYTES);

  async function shared() {
    const { sandbox, ana, served } = couriers;
    const id = String((await sends(ana, file(sandbox, "report.bin", real)))["id"]);
    const server = served.fingerprint.replace(/^SHA256:/, "");
    return { id, notes: notesOf(real, { file: id, server }), inbox: couriers.inbox() };
  }

  function isReal(inbox: string): boolean {
    return Buffer.from(real).equals(readFileSync(join(inbox, "report.bin")));
  }

  test("are not accepted as a file from another member", async () => {
    const { sandbox, ana, bob } = couriers;
    const { id, notes, inbox } = await shared();
    for (const [name, bytes] of [
      ["report.bin.part", notes.part],
      ["report.bin.part.journal", notes.journal],
    ] as const) {
      const sent = await sends(ana, file(sandbox, name, bytes));
      await gets(bob, sent["id"], inbox);
    }
    await gets(bob, id, inbox);
    expect(isReal(inbox)).toBe(true);
    expect(readdirSync(inbox).sort()).toEqual([
      "report.bin",
      "report.bin.part.journal_",
      "report.bin.part_",
    ]);
  });
});
