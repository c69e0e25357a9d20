import { beforeEach, describe, expect, test } from "bun:test";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { RoomId, UserId } from "../../../src/base/ids.ts";
import { openFolder } from "../../../src/cli/serve/folder.ts";
import { verifyFolder, verifyForHome } from "../../../src/cli/verify/folder.ts";
import { lobbyDraft } from "../../../src/core/rooms/drafts.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { systemDisk } from "../../../src/io/disk/system-disk.ts";
import { systemEntropy } from "../../../src/io/entropy.ts";
import { recordedCommitment } from "../../../src/io/log/checkpoints.ts";
import { openLog } from "../../../src/io/log/log-file.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import { fingerprintWith } from "../../../src/wire/fingerprint.ts";
import { type Draft, leafHash, parseHead } from "../../../src/wire/record.ts";
import { rejection } from "../../rejection.ts";
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

describe("an older copy of the accounts log", () => {
  const accounts = () => join(path, "accounts");
  const ACT: Draft = {
    kind: "role",
    room: "uAAAAAAAAAAA" as UserId,
    by: "uOOOOOOOOOOO" as UserId,
    id: "",
    body: { operator: true },
  };
  const start = async (options: { acceptsLoss?: boolean } = {}) =>
    openFolder({
      path,
      clock: systemClock(),
      entropy: systemEntropy(),
      certificate: undefined,
      hosts: [],
      onWriteError: (fault) => {
        throw fault;
      },
      ...options,
    });

  async function actAndPutBack(): Promise<void> {
    await run(true, 3);
    await run(true, 0);
    const copy = join(path, "..", `${basename(path)}-copy`);
    cpSync(accounts(), copy, { recursive: true });
    const open = await start();
    await open.accounts.append(ACT);
    await open.close();
    rmSync(accounts(), { recursive: true });
    cpSync(copy, accounts(), { recursive: true });
  }

  test("contradicts the history's checkpoint", async () => {
    await actAndPutBack();
    const { ok, uncovered } = await verifyFolder(path);
    expect([ok, uncovered]).toEqual([
      false,
      [
        expect.objectContaining({
          log: "accounts",
          reason: expect.stringMatching(/^it has 1 record, but the server has signed 2/),
        }),
      ],
    ]);
    expect((await rejection(start())).message).toContain("2 records were signed as durable");
  });

  test("contradicts the history, in which the server records each act of an operator", async () => {
    await actAndPutBack();
    rmSync(join(path, "history", "checkpoint"));
    expect((await rejection(start())).message).toContain(
      "has 1 record, but the history was written when it had 2",
    );
    const accepted = await start({ acceptsLoss: true });
    expect(accepted.accounts.head()).toBe(2);
    await accepted.close();
    await (await start()).close();
    expect((await verifyFolder(path)).ok).toBe(true);
  });

  test("is noticed even if the server was killed before it recorded the act", async () => {
    await run(true, 3);
    await run(true, 0);
    const common = { disk: systemDisk(), clock: systemClock(), entropy: systemEntropy(), sha256 };
    const log = await openLog({ ...common, folder: accounts() });
    await log.append(ACT);
    await log.close();
    for (let i = 0; i < 2; i++) await (await start()).close();
    const { history, close } = await start();
    expect([history.head(), await recordedCommitment(history)]).toEqual([
      4,
      expect.objectContaining({ size: 2 }),
    ]);
    await close();
    expect((await verifyFolder(path)).ok).toBe(true);
  });
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
