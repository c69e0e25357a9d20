import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { fillLogs } from "../../bench/data-folder.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { snapshotBytes } from "../../src/crypto/signed-bytes.ts";
import { Sandbox } from "./program.ts";

/** Large enough that a server keeps a snapshot of it. */
const RECORDS = 230_000;

let stopped: Sandbox;
beforeAll(async () => {
  stopped = new Sandbox();
  const first = await stopped.serve();
  await first.program.signal("SIGTERM");
  fillLogs(stopped.path("data"), RECORDS);
  for (const name of ["history", "accounts"]) {
    rmSync(stopped.path("data", name, "checkpoint"), { force: true });
  }
  const second = await stopped.serve();
  await second.program.signal("SIGTERM");
  expect(existsSync(stopped.path("data", "cache", "history.snapshot"))).toBe(true);
}, 120_000);
afterAll(() => stopped[Symbol.asyncDispose]());

/** The stopped folder, with these bytes in place of others in the line of this record. */
function changed(seq: number, from: string, to: string): Sandbox {
  const sandbox = new Sandbox();
  cpSync(stopped.path("data"), sandbox.path("data"), { recursive: true });
  const path = join(sandbox.path("data"), "history", "000000000001.jsonl");
  const fd = openSync(path, "r+");
  const bytes = Buffer.alloc(4 << 20);
  readSync(fd, bytes, 0, bytes.length, 0);
  const at = bytes.indexOf(from, bytes.indexOf(`"seq":${seq},"time"`));
  expect(at).toBeGreaterThan(0);
  writeSync(fd, to, at);
  closeSync(fd);
  return sandbox;
}

test("a large history that a snapshot covers goes on where it was", async () => {
  await using sandbox = changed(1_000, '"text"', '"text"');
  const { program } = await sandbox.serve();
  await sandbox.home("zoe").run(["send", "--user", "zoe"], { stdin: "hello\n" });
  const { exitCode, err } = await program.signal("SIGTERM");
  expect(exitCode).toBe(0);
  expect(err).not.toContain("damaged");
  await sandbox.serve();
  const said = await sandbox.home("zoe").json(["history", "--user", "zoe", "--from", "zoe"]);
  expect(said.map(({ text }) => text)).toContain("hello");
}, 60_000);

test("a damaged body is told of while the server runs", async () => {
  await using sandbox = changed(1_000, "of the lab", "of the LAB");
  const { program } = await sandbox.serve();
  expect(await program.json("damaged")).toEqual({ kind: "damaged", seq: 1_000 });
  expect((await program.signal("SIGTERM")).exitCode).toBe(0);
}, 60_000);

test("a damaged head ends it, and the next start reads all of it", async () => {
  await using sandbox = changed(1_000, '"commit":"', '"cOmmit":"');
  const { program } = await sandbox.serve();
  const { exitCode, err } = await program.ended();
  expect(exitCode).toBe(6);
  expect(err).toContain("where seq 1000 was acknowledged");
  expect(existsSync(sandbox.path("data", "cache", "history.snapshot"))).toBe(false);
}, 60_000);

test("a snapshot that the server has not signed is ignored", async () => {
  const forgeries: readonly ((payload: Uint8Array) => Uint8Array)[] = [
    (payload) => Identity.generate().sign(snapshotBytes(sha256(payload))),
    sha256, // In the place of a signature, as versions before this rule wrote it.
  ];
  for (const signature of forgeries) {
    await using sandbox = new Sandbox();
    cpSync(stopped.path("data"), sandbox.path("data"), { recursive: true });
    const path = sandbox.path("data", "cache", "history.snapshot");
    const bytes = readFileSync(path);
    const text = bytes.subarray(bytes.indexOf('{"format"')).toString();
    const payload = Buffer.from(text.replaceAll('"room-7"', '"forged"'));
    expect(payload.includes('"forged"')).toBe(true);
    writeFileSync(path, Buffer.concat([signature(payload), payload]));
    await sandbox.serve();
    const zoe = sandbox.home("zoe");
    await zoe.json(["register", "--user", "zoe"]);
    const rooms = await zoe.json(["rooms", "--user", "zoe"]);
    const names = rooms.map(({ room }) => room);
    expect([names.includes("room-7"), names.includes("forged")]).toEqual([true, false]);
  }
}, 120_000);
