import { expect, test } from "bun:test";
import { closeSync, ftruncateSync, openSync, statSync, writeSync } from "node:fs";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { gets, MIB, noise, people, sends, sha256Of } from "./couriers.ts";
import { Sandbox } from "./program.ts";

/** Larger than what is convenient; `npm run soak` makes it larger than what 32 bits can count. */

const BYTES = Number(process.env["CHAT_LARGE_BYTES"] ?? 200 * MIB + 1);
const TIMEOUT_MS = 240_000 + BYTES / 2_000;

test(
  `${BYTES} bytes, most of them holes`,
  async () => {
    await using sandbox = new Sandbox();
    await sandbox.serve();
    const { ana, bob } = await people(sandbox);
    const path = sandbox.path("sparse.img");
    const fd = openSync(path, "w");
    ftruncateSync(fd, BYTES);
    for (const at of [0, Math.floor(BYTES / 2), BYTES - 1_000])
      writeSync(fd, noise(1_000), 0, 1_000, at);
    closeSync(fd);
    const sent = await sends(ana, path);
    const chunks = Math.ceil(BYTES / CHUNK_BYTES);
    expect(sent).toMatchObject({ sizeBytes: BYTES, chunks, resumedBytes: 0 });
    const got = await gets(bob, sent["id"], sandbox.path("inbox"));
    expect(got).toMatchObject({ sizeBytes: BYTES, digest: sent["digest"] });
    expect(statSync(String(got["path"])).size).toBe(BYTES);
    expect(await sha256Of(String(got["path"]))).toBe(await sha256Of(path));
  },
  TIMEOUT_MS,
);
