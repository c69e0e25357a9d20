import { expect } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fillLogs } from "../../bench/data-folder.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { snapshotBytes } from "../../src/crypto/signed-bytes.ts";
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
