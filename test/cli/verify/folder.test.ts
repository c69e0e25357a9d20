import { beforeEach, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RoomId } from "../../../src/base/ids.ts";
import { openFolder } from "../../../src/cli/serve/folder.ts";
import { verifyFolder, verifyForHome } from "../../../src/cli/verify/folder.ts";
import { lobbyDraft } from "../../../src/core/rooms/drafts.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { systemEntropy } from "../../../src/io/entropy.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import { fingerprintWith } from "../../../src/wire/fingerprint.ts";
import { leafHash, parseHead } from "../../../src/wire/record.ts";
import { tempFolder } from "../../temp-folder.ts";

let path = "";

beforeEach(() => {
  path = tempFolder();
});

async function run(newIdentity: boolean, records: number): Promise<Uint8Array> {
  const open = await openFolder({
    path,
    clock: systemClock(),
    entropy: systemEntropy(),
    newIdentity,
    certificate: undefined,
    hosts: [],
    onWriteError: (fault) => {
      throw fault;
    },
  });
  for (let i = 0; i < records; i++) {
    await open.history.append({ ...lobbyDraft("rLLLLLLLLLLL" as RoomId), body: { name: `r${i}` } });
  }
  await open.close();
  return open.identity.publicKey;
}

test("verifies a folder after restarts and new identities", async () => {
  await run(false, 3);
  await run(true, 2);
  const key = await run(true, 0);
  const verdict = await verifyFolder(path);
  expect(verdict.history.findings).toEqual([]);
  expect(verdict.accounts.findings).toEqual([]);
  expect(verdict).toMatchObject({ ok: true, key, history: { size: 5 }, accounts: { size: 2 } });
});

test("accepts a checkpoint of a previous key, but of no other key", async () => {
  await run(false, 3);
  const file = join(path, "history", "checkpoint");
  const note = readFileSync(file);
  await run(true, 0);
  writeFileSync(file, note);
  expect((await verifyFolder(path)).ok).toBe(true);
  writeFileSync(join(path, "accounts", "000000000001.jsonl"), "");
  const { history, accounts } = await verifyFolder(path);
  expect(history.findings[0]?.reason).toBe("the checkpoint is not signed by the server");
  expect(accounts.findings[0]?.reason).toContain("the log ends here");
});

describe("the history known to this device", () => {
  const leafOf = (seq: number): Uint8Array => {
    const log = readFileSync(join(path, "history", "000000000001.jsonl"));
    const line = log.toString("latin1").split("\n")[seq - 1] ?? "";
    const found = parseHead(Buffer.from(line, "latin1"))?.record;
    return leafHash(found?.headBytes ?? new Uint8Array(), sha256);
  };
  const readerOf = (key: Uint8Array) => {
    return { fingerprint: fingerprintWith(key, sha256), formers: [], user: "ana" };
  };
  const seenRecord = (seq: number, leaf: Uint8Array) => {
    return { seq, leaf, room: "r", place: "#lobby", from: "ben", timeUnixMs: 0 };
  };
  const reasons = async (state: ClientState) =>
    (await verifyForHome(path, state.logPins)).findings.map(
      ({ seq, reason }) => `${seq}: ${reason}`,
    );

  test("must be in the folder, up to the last confirmed record", async () => {
    const state = ClientState.inMemory();
    const reader = readerOf(await run(false, 5));
    state.logPins.storeRecords(reader, [seenRecord(2, leafOf(2)), seenRecord(5, leafOf(5))]);
    state.logPins.storeConfirmed(reader, 5);
    expect(await reasons(state)).toEqual([]);
    state.logPins.storeConfirmed(reader, 6);
    expect(await reasons(state)).toEqual(["6: it has 5 records, but this device has seen 6"]);
  });

  test("must contain each record that was read, unchanged", async () => {
    const state = ClientState.inMemory();
    const reader = readerOf(await run(false, 5));
    const other = leafOf(3);
    state.logPins.storeRecords(reader, [seenRecord(4, other), seenRecord(7, other)]);
    expect(await reasons(state)).toEqual([
      "6: it has 5 records, but this device has seen 7",
      "4: differs from the record that this device has seen in #lobby",
    ]);
  });

  test("must reach the cursor, unless it was replaced", async () => {
    const state = ClientState.inMemory();
    const reader = readerOf(await run(false, 5));
    state.advanceCursor(reader.fingerprint, "ana", 9);
    const { history } = await verifyFolder(path);
    const { origin = "", root = new Uint8Array(), checkpoint: note = "" } = history;
    state.logPins.storePin(reader, { origin, size: 5, root, note });
    expect(await reasons(state)).toEqual(["6: it has 5 records, but this device has seen 9"]);
    state.logPins.forget(reader.fingerprint);
    expect(await reasons(state)).toEqual([]);
  });
});
