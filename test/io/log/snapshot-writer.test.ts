import { describe, expect } from "bun:test";
import type { Fault } from "../../../src/base/fault.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { readSnapshot, SnapshotWriter } from "../../../src/io/log/snapshot.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { ANA, draftOf, FOLDER, LOBBY, LogFixture } from "../log-fixture.ts";
import { snapshotKeyOf } from "./snapshot-key.ts";

const PATH = "/data/cache/history.snapshot";

class Fixture {
  readonly logs = new LogFixture();
  readonly faults: Fault[] = [];
  readonly timers: (() => void)[] = [];
  isBehind = false;
  now = 0;

  place() {
    return {
      disk: this.logs.disk.boot(),
      path: PATH,
      folder: FOLDER,
      sha256,
      version: "1",
      key: snapshotKeyOf("the server"),
    };
  }

  async open(bytesMin = 1) {
    const log = await this.logs.open();
    for (let i = 1; i <= 3; i++) await log.append(draftOf(`m${i}`));
    const clock = {
      now: () => this.now,
      unixMs: () => 0,
      after: (_delayMs: number, callback: () => void) => {
        this.timers.push(callback);
        return () => {
          this.timers.length = 0;
        };
      },
    };
    const keeper = new SnapshotWriter<number>({
      ...this.place(),
      clock,
      log,
      folds: () => (this.isBehind ? undefined : log.head()),
      bytesMin,
      onWriteError: (fault) => this.faults.push(fault),
    });
    await keeper.start();
    return { log, keeper };
  }

  async look(): Promise<void> {
    this.timers.shift()?.();
    for (let turn = 0; turn < 200; turn++) await undefined;
  }

  folds(): number | undefined {
    return readSnapshot<number>(this.place())?.folds;
  }
}

/** An order to erase a record that lists a file. */
const ORDER = { seq: 2, files: ["fAAAAAAAAAAA"] };

const writerTest = fixtureTest(() => new Fixture());

describe("a snapshot is written", () => {
  writerTest("at shutdown, of all records", async (fixture) => {
    const { log, keeper } = await fixture.open();
    await log.append(draftOf("m4"));
    await keeper.close();
    expect(fixture.folds()).toBe(4);
    expect(fixture.timers).toEqual([]);
    await log.close();
  });

  writerTest("at shutdown only if it is outdated", async (fixture) => {
    const { log, keeper } = await fixture.open(1);
    await fixture.look();
    await log.append(draftOf("m4"));
    fixture.logs.failure = (call) => (call === "write" ? "ENOSPC" : undefined);
    await keeper.close();
    expect([fixture.faults.length, fixture.folds()]).toEqual([1, 3]);
    const other = new Fixture();
    const opened = await other.open();
    await other.look();
    other.logs.failure = fixture.logs.failure;
    await opened.keeper.close();
    expect(other.faults).toEqual([]);
  });

  writerTest("soon after a full read, and after enough records", async (fixture) => {
    const { log } = await fixture.open();
    expect(fixture.folds()).toBeUndefined();
    await fixture.look();
    expect(fixture.folds()).toBe(3);
    await log.append(draftOf("m4"));
    await fixture.look();
    expect(fixture.folds()).toBe(3);
    expect(fixture.timers.length).toBe(1);
  });

  writerTest("unless the log is small or the folds are behind", async (small) => {
    const { log, keeper } = await small.open(1 << 20);
    await keeper.close();
    expect(small.logs.disk.exists(PATH)).toBe(false);
    const exact = new Fixture();
    await (await exact.open(log.sizeBytes())).keeper.close();
    expect(exact.logs.disk.exists(PATH)).toBe(true);
    const behind = new Fixture();
    behind.isBehind = true;
    await (await behind.open()).keeper.close();
    expect(behind.logs.disk.exists(PATH)).toBe(false);
  });
});

writerTest("again an hour after an erasure removed it", async (fixture) => {
  const { log } = await fixture.open();
  await fixture.look();
  await log.append({ kind: "erase", room: LOBBY, by: ANA, id: "", body: ORDER });
  expect(fixture.logs.disk.exists(PATH)).toBe(false);
  fixture.now = 3_599_999;
  await fixture.look();
  expect(fixture.logs.disk.exists(PATH)).toBe(false);
  fixture.now = 3_600_000;
  await fixture.look();
  expect(fixture.folds()).toBe(4);
});

writerTest("at shutdown after an erasure removed it", async (fixture) => {
  const { log, keeper } = await fixture.open();
  await fixture.look();
  await log.append({ kind: "erase", room: LOBBY, by: ANA, id: "", body: ORDER });
  await keeper.close();
  expect(fixture.folds()).toBe(4);
});

writerTest("only once if texts are erased that it does not contain", async (fixture) => {
  const { log } = await fixture.open();
  await fixture.look();
  const before = readSnapshot(fixture.place());
  await log.append({ kind: "erase", room: LOBBY, by: ANA, id: "", body: { seq: 1, also: [3] } });
  for (const seq of [1, 3]) await log.erase(seq, 4);
  fixture.now = 24 * 3_600_000;
  await fixture.look();
  expect(readSnapshot(fixture.place())).toEqual(before);
  expect(fixture.folds()).toBe(3);
});

writerTest("without records erased during the write", async (fixture) => {
  const { log } = await fixture.open();
  fixture.timers.shift()?.();
  await log.append({ kind: "erase", room: LOBBY, by: ANA, id: "", body: ORDER });
  for (let turn = 0; turn < 200; turn++) await undefined;
  expect(fixture.folds() ?? 4).toBe(4);
  fixture.now = 3_600_000;
  await fixture.look();
  expect(fixture.folds()).toBe(4);
  expect(fixture.faults).toEqual([]);
});

writerTest("never again after a wrong one was discarded", async (fixture) => {
  const { keeper } = await fixture.open();
  await fixture.look();
  keeper.discard();
  expect(fixture.logs.disk.exists(PATH)).toBe(false);
  await keeper.close();
  expect(fixture.logs.disk.exists(PATH)).toBe(false);
});

writerTest("or its failure is reported once", async (fixture) => {
  const { keeper } = await fixture.open();
  fixture.logs.failure = (call, path) =>
    call === "write" && path.startsWith(PATH) ? "ENOSPC" : undefined;
  await fixture.look();
  await fixture.look();
  await keeper.close();
  expect(fixture.logs.disk.list("/data/cache")).toEqual([]);
  expect(fixture.faults.map(({ code }) => code)).toEqual(["store-full"]);
});
