import { expect } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fillLogs } from "../../bench/data-folder.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { snapshotBytes } from "../../src/crypto/signed-bytes.ts";
import { within } from "../event.ts";
import { sampleSize } from "../samples.ts";
import { sandboxTest } from "./shared-server.ts";

const RECORDS = 230_000;

sandboxTest("ignores a snapshot that the server has not signed", async (sandbox) => {
  const first = await sandbox.serve();
  await first.program.signal("SIGTERM");
  fillLogs(sandbox.path("data"), RECORDS);
  for (const name of ["history", "accounts"]) {
    rmSync(sandbox.path("data", name, "checkpoint"), { force: true });
  }
  const second = await sandbox.serve();
  await second.program.signal("SIGTERM");
  const path = sandbox.path("data", "cache", "history.snapshot");
  const bytes = readFileSync(path);
  const text = bytes.subarray(bytes.indexOf('{"format"')).toString();
  const payload = Buffer.from(text.replaceAll('"room-7"', '"forged"'));
  expect(payload.includes('"forged"')).toBe(true);
  const signature = Identity.generate().sign(snapshotBytes(sha256(payload)));
  writeFileSync(path, Buffer.concat([signature, payload]));
  await sandbox.serve();
  const zoe = sandbox.home("zoe");
  await zoe.json(["register", "--user", "zoe"]);
  const rooms = await zoe.json(["rooms", "--user", "zoe"]);
  const names = rooms.map(({ room }) => room);
  expect([names.includes("room-7"), names.includes("forged")]).toEqual([true, false]);
});

sandboxTest("starts after a kill while a snapshot is written", async (sandbox) => {
  const first = await sandbox.serve();
  await first.program.signal("SIGTERM");
  fillLogs(sandbox.path("data"), RECORDS);
  for (const name of ["history", "accounts"]) {
    rmSync(sandbox.path("data", name, "checkpoint"), { force: true });
  }
  const cache = sandbox.path("data", "cache");
  mkdirSync(cache, { recursive: true });
  const zoe = sandbox.home("zoe");
  let killed = 0;
  for (let i = 0; i < sampleSize(3, 50); i++) {
    const { program } = await sandbox.serve();
    if (i === 0) await zoe.json(["register", "--user", "zoe"]);
    await zoe.json(["send", `message ${i}`, "--user", "zoe", "--to", "#lobby"]);
    rmSync(join(cache, "history.snapshot"), { force: true });
    // The first change in the folder is the temporary file that the snapshot replaces.
    const writing = Promise.withResolvers<void>();
    const watcher = watch(cache, () => writing.resolve());
    const stopped = program.signal("SIGTERM");
    await within("the start of a snapshot", writing.promise);
    watcher.close();
    const { exitCode } = await Promise.race([program.signal("SIGKILL"), stopped]);
    if (exitCode === 128 + 9 && !existsSync(join(cache, "history.snapshot"))) killed++;
  }
  expect(killed).toBeGreaterThan(0);
  await sandbox.serve();
  const texts = await zoe.json(["history", "--user", "zoe", "--from", "zoe"]);
  const found = texts.map(({ text }) => text).filter((text) => String(text).startsWith("message"));
  expect(found).toEqual(Array.from({ length: sampleSize(3, 50) }, (_, i) => `message ${i}`));
});
