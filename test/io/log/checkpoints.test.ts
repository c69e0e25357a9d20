import { expect, test } from "bun:test";
import type { Fault } from "../../../src/base/fault.ts";
import {
  CHECKPOINT_INTERVAL_MS,
  CHECKPOINT_INTERVAL_RECORDS,
  NOTE_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { signCheckpoint, verifyNote } from "../../../src/crypto/checkpoint.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { Checkpoints, readCheckpointFile } from "../../../src/io/log/checkpoints.ts";
import type { LogFile } from "../../../src/io/log/log-file.ts";
import { LogProofs } from "../../../src/io/log/proofs.ts";
import { type LogRecord, parseBody } from "../../../src/wire/record.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { identityOfSeed } from "../../crypto/seed-identity.ts";
import { faultCode } from "../../fault-code.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { collect, draftOf, FOLDER, LogFixture } from "../log-fixture.ts";

const SERVER = identityOfSeed(new Uint8Array(32).fill(1));

class Signing {
  readonly fixture = new LogFixture();
  readonly time = new VirtualClock();
  readonly troubles: Fault[] = [];
  readonly sizes: number[] = [];
  #open: { readonly log: LogFile; readonly checkpoints: Checkpoints } | undefined;

  static async open(): Promise<Signing> {
    const signing = new Signing();
    await signing.reopen();
    return signing;
  }

  get log(): LogFile {
    if (this.#open === undefined) throw new Error("it is not open");
    return this.#open.log;
  }

  get checkpoints(): Checkpoints {
    if (this.#open === undefined) throw new Error("it is not open");
    return this.#open.checkpoints;
  }

  async reopen(): Promise<void> {
    const log = await this.fixture.open();
    const checkpoints = new Checkpoints({
      log,
      folder: FOLDER,
      disk: this.fixture.disk.boot(),
      clock: this.time,
      sign: (checkpoint) => {
        this.sizes.push(checkpoint.size);
        return signCheckpoint(checkpoint, SERVER);
      },
      isRecorded: true,
      onWriteError: (fault) => this.troubles.push(fault),
    });
    await checkpoints.start();
    this.#open = { log, checkpoints };
  }

  stored(): number | undefined {
    const stored = readCheckpointFile(this.fixture.disk.boot(), FOLDER);
    return stored === undefined ? undefined : verifyNote(stored.note, SERVER.publicKey).size;
  }

  async append(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, i) => this.log.append(draftOf(`m${i}`))));
  }
}

const signingTest = fixtureTest(() => Signing.open());

signingTest("signs nothing for an empty log, and a record within the interval", async (signing) => {
  expect(signing.checkpoints.newest()).toBeUndefined();
  expect(signing.stored()).toBeUndefined();
  await signing.append(1);
  await signing.time.advance(CHECKPOINT_INTERVAL_MS - 1);
  expect(signing.stored()).toBeUndefined();
  await signing.time.advance(1);
  expect(signing.stored()).toBe(1);
  await signing.time.advance(60_000);
  expect(signing.sizes).toEqual([1]);
});

signingTest("signs once per interval under load, and at the end", async (signing) => {
  for (let i = 0; i < 100; i++) {
    await signing.append(2);
    signing.checkpoints.newest();
    await signing.time.advance(CHECKPOINT_INTERVAL_MS / 20);
  }
  expect(signing.sizes.length).toBeLessThanOrEqual(7);
  await signing.append(1);
  await signing.checkpoints.close();
  expect(signing.stored()).toBe(201);
  await signing.append(1);
  await signing.time.advance(10 * CHECKPOINT_INTERVAL_MS);
  expect(signing.stored()).toBe(201);
});

signingTest("signs immediately for a reader that knows more records", async (signing) => {
  await signing.append(3);
  const { checkpoints } = signing;
  expect(checkpoints.newest()?.size).toBe(3);
  await signing.append(2);
  expect([checkpoints.newest()?.size, checkpoints.newest(3)?.size]).toEqual([3, 3]);
  expect(checkpoints.newest(4)?.size).toBe(5);
  expect(checkpoints.newest(9)?.size).toBe(5);
  expect(signing.sizes).toEqual([3, 5]);
});

signingTest("signs again when the accounts log has grown", async (signing) => {
  const { fixture, time } = signing;
  const folder = "/d/accounts";
  const accounts = await fixture.open({ folder });
  const disk = fixture.disk.boot();
  const { log } = signing;
  const checkpoints = new Checkpoints({
    log,
    accounts,
    folder: "/d/both",
    disk,
    clock: time,
    sign: (history, committed) => signCheckpoint(history, SERVER, committed),
    isRecorded: false,
    onWriteError: (fault) => signing.troubles.push(fault),
  });
  disk.makeFolder("/d/both");
  await checkpoints.start();
  await signing.append(3);
  expect(checkpoints.newest()).toMatchObject({ size: 3, accountsSize: 0 });
  await accounts.append(draftOf("ana"));
  await time.advance(CHECKPOINT_INTERVAL_MS);
  const stored = () => {
    const { note = "" } = readCheckpointFile(disk, "/d/both") ?? {};
    return verifyNote(note, SERVER.publicKey);
  };
  const root = accounts.tree.root();
  expect(stored().accounts).toEqual({ origin: accounts.origin ?? "", size: 1, root });
  await accounts.append(draftOf("ben"));
  expect(checkpoints.newest(3, 1)?.accountsSize).toBe(1);
  expect(checkpoints.newest(3, 2)).toMatchObject({ size: 3, accountsSize: 2 });
  await checkpoints.close();
  expect(stored()).toMatchObject({ size: 3, accounts: { size: 2 } });
  expect(signing.troubles).toEqual([]);
});

signingTest("signs a log of an older program when it is opened", async (signing) => {
  await signing.append(5);
  await signing.log.close();
  await signing.reopen();
  expect(signing.stored()).toBe(5);
});

signingTest("retries an unwritable file, and reports it once", async (signing) => {
  signing.fixture.failure = (_call, path) => (path.includes("checkpoint") ? "ENOSPC" : undefined);
  await signing.append(3);
  await signing.time.advance(5 * CHECKPOINT_INTERVAL_MS);
  expect(signing.troubles.map(({ code }) => code)).toEqual(["store-full"]);
  signing.fixture.failure = undefined;
  await signing.time.advance(CHECKPOINT_INTERVAL_MS);
  expect(signing.stored()).toBe(3);
  await signing.append(1);
  await signing.time.advance(CHECKPOINT_INTERVAL_MS);
  expect(signing.stored()).toBe(4);
  signing.fixture.failure = (_call, path) => (path.includes("checkpoint") ? "EIO" : undefined);
  await signing.append(1);
  await signing.time.advance(5 * CHECKPOINT_INTERVAL_MS);
  expect(signing.troubles.map(({ code }) => code)).toEqual(["store-full", "store-failed"]);
});

signingTest("records a checkpoint every CHECKPOINT_INTERVAL_RECORDS records", async (signing) => {
  for (let i = 0; i < 25; i++) {
    await signing.append(CHECKPOINT_INTERVAL_RECORDS / 10);
    await signing.time.advance(CHECKPOINT_INTERVAL_MS);
  }
  const notes = (records: readonly LogRecord[]) =>
    records.filter(({ head }) => head.kind === "checkpoint");
  const found = notes(await collect(signing.log.read(1)));
  expect(found.map(({ head }) => head.n)).toEqual([1, 2]);
  expect(found[0]?.head.seq).toBe(CHECKPOINT_INTERVAL_RECORDS + 1);
  for (const record of found) {
    const { size } = verifyNote(String(parseBody(record)?.["note"]), SERVER.publicKey);
    expect(size).toBe(record.head.seq - 1);
    expect(record.head).toMatchObject({ room: "server", by: "server", id: "" });
  }
  await signing.checkpoints.close();
  await signing.log.close();
  await signing.reopen();
  await signing.append(1);
  await signing.time.advance(CHECKPOINT_INTERVAL_MS);
  expect(notes(await collect(signing.log.read(1))).length).toBe(2);
});

signingTest("records none at shutdown", async (signing) => {
  await signing.append(CHECKPOINT_INTERVAL_RECORDS);
  await signing.checkpoints.close();
  await signing.log.close();
  expect([signing.log.head(), signing.stored()]).toEqual([
    ...[CHECKPOINT_INTERVAL_RECORDS, CHECKPOINT_INTERVAL_RECORDS],
  ]);
});

test("treats a malformed file as damage, but not a disk error", async () => {
  const fixture = new LogFixture();
  fixture.disk.makeFolder(FOLDER);
  const read = () => faultCode(() => readCheckpointFile(fixture.disk.boot(), FOLDER));
  expect(read()).toBe("none");
  for (const sizeBytes of [NOTE_BYTES_MAX + 1, 4]) {
    fixture.put(`${FOLDER}/checkpoint`, new Uint8Array(sizeBytes).fill(0x78));
    expect(read()).toBe("log-corrupt");
  }
  fixture.failure = (call) => (call === "read" ? "EIO" : undefined);
  expect(read()).toBe("store-failed");
});

test("preserves the file in a power loss", async () => {
  for (let records = 1; records <= 40; records++) {
    const signing = await Signing.open();
    await signing.append(records);
    await signing.time.advance(CHECKPOINT_INTERVAL_MS);
    await signing.append(1);
    await signing.time.advance(CHECKPOINT_INTERVAL_MS);
    signing.fixture.disk.losePower();
    expect(signing.stored()).toBe(records + 1);
  }
});

signingTest("signs the root of the signed size at any time", async (signing) => {
  const { log } = signing;
  let now = 0;
  const checkpoints = new Checkpoints({
    log,
    folder: FOLDER,
    disk: signing.fixture.disk.boot(),
    clock: {
      now: () => {
        now += CHECKPOINT_INTERVAL_MS;
        return now;
      },
      unixMs: () => 0,
      after: () => () => undefined,
    },
    sign: (checkpoint) => signCheckpoint(checkpoint, SERVER),
    isRecorded: false,
    onWriteError: (fault) => signing.troubles.push(fault),
  });
  const notes = new Set<string>();
  let isFinished = false;
  const appending = (async () => {
    for (let i = 0; i < 50; i++) await signing.append(3);
    isFinished = true;
  })();
  while (!isFinished) {
    await undefined;
    const { note } = checkpoints.newest() ?? {};
    if (note !== undefined) notes.add(note);
  }
  await appending;
  const proofs = new LogProofs(log, sha256);
  expect(notes.size).toBeGreaterThan(20);
  for (const note of notes) {
    const { size, root } = verifyNote(note, SERVER.publicKey);
    expect(root).toEqual(await proofs.root(size));
  }
});
