import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RoomId } from "../../../src/base/ids.ts";
import { openFolder } from "../../../src/cli/serve/folder.ts";
import { verifyFolder } from "../../../src/cli/verify/folder.ts";
import { lobbyDraft } from "../../../src/core/rooms/drafts.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { systemEntropy } from "../../../src/io/entropy.ts";

let path = "";

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "chat-verify-"));
});

afterEach(() => rmSync(path, { recursive: true }));

/** One run of a server, which records this much and ends in peace. */
async function run(newIdentity: boolean, records: number): Promise<Uint8Array> {
  const open = await openFolder({
    path,
    clock: systemClock(),
    entropy: systemEntropy(),
    certificate: undefined,
    hosts: [],
    newIdentity,
    onTrouble: (fault) => {
      throw fault;
    },
  });
  for (let i = 0; i < records; i++) {
    await open.history.append({ ...lobbyDraft("rLLLLLLLLLLL" as RoomId), body: { name: `r${i}` } });
  }
  await open.close();
  return open.identity.publicKey;
}

test("a folder is sound after restarts and changes of the identity", async () => {
  await run(false, 3);
  await run(true, 2);
  const key = await run(true, 0);
  const verdict = await verifyFolder(path);
  expect(verdict.history.findings).toEqual([]);
  expect(verdict.accounts.findings).toEqual([]);
  expect(verdict).toMatchObject({ ok: true, key, history: { size: 5 }, accounts: { size: 2 } });
});

test("a note of a former key is the server's, that of any other is not", async () => {
  await run(false, 3);
  const file = join(path, "history", "checkpoint");
  const note = readFileSync(file);
  await run(true, 0);
  writeFileSync(file, note);
  expect((await verifyFolder(path)).ok).toBe(true);
  rmSync(join(path, "accounts", "000000000001.jsonl"));
  writeFileSync(join(path, "accounts", "000000000001.jsonl"), "");
  const { history, accounts } = await verifyFolder(path);
  expect(history.findings[0]?.reason).toBe("the server has not signed this checkpoint");
  expect(accounts.findings[0]?.reason).toContain("the log ends here");
});
