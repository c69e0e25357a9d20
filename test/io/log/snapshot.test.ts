import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { Disk } from "../../../src/io/disk/disk.ts";
import type { LogFile } from "../../../src/io/log/log-file.ts";
import {
  type LogSnapshot,
  readSnapshot,
  type SnapshotLocation,
  writeSnapshot,
} from "../../../src/io/log/snapshot.ts";
import type { FoldedRecord } from "../../../src/wire/record.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { collect, draftOf, FIRST, FOLDER, LogFixture, OTHER } from "../log-fixture.ts";
import { snapshotKeyOf } from "./snapshot-key.ts";

const PATH = "/data/cache/history.snapshot";
const SEGMENT_BYTES = 2_000;

function placeOf(fixture: LogFixture, version = "1", secret = "the server"): SnapshotLocation {
  const key = snapshotKeyOf(secret);
  return { disk: fixture.disk.boot(), path: PATH, folder: FOLDER, sha256, version, key };
}

async function append(log: LogFile, from: number, to: number): Promise<void> {
  for (let i = from; i <= to; i++)
    await log.append(draftOf(`message ${i}`, i % 3 ? OTHER : undefined));
}

async function save(fixture: LogFixture, log: LogFile): Promise<void> {
  const value = log.value();
  if (value === undefined) throw new Error("the log has no value");
  await writeSnapshot(placeOf(fixture), { log: value, folds: `${value.order.seq} records` });
}

async function stopped(): Promise<LogFixture> {
  const fixture = new LogFixture();
  const log = await fixture.open({ segmentBytes: SEGMENT_BYTES });
  await append(log, 1, 20);
  await save(fixture, log);
  await log.close();
  return fixture;
}

function withYield(disk: Disk, yieldNow: () => Promise<void>): Disk {
  return new Proxy(disk, {
    get: (target, key) => {
      if (key === "yieldNow") return yieldNow;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

interface Opened {
  readonly log: LogFile;
  readonly loaded: boolean;
  readonly folded: FoldedRecord[];
}

async function openBy(
  fixture: LogFixture,
  snapshot: LogSnapshot<string> | undefined,
  load = () => true,
): Promise<Opened> {
  const folded: FoldedRecord[] = [];
  let loaded = false;
  const log = await fixture.open({
    segmentBytes: SEGMENT_BYTES,
    ...(snapshot === undefined ? {} : { snapshot: snapshot.log }),
    fold: {
      needsBody: () => true,
      load: () => {
        loaded = load();
        return loaded;
      },
      apply: (record) => folded.push(record),
    },
  });
  return { log, loaded, folded };
}

const seqsOf = (records: readonly FoldedRecord[]) => records.map(({ head }) => head.seq);
const upTo = (last: number, from = 1) =>
  Array.from({ length: last - from + 1 }, (_, i) => from + i);

const snapshotTest = fixtureTest(stopped);

describe("a snapshot", () => {
  snapshotTest("replaces the records that it covers", async (fixture) => {
    const snapshot = readSnapshot<string>(placeOf(fixture));
    expect(snapshot?.folds).toBe("20 records");
    const { log, loaded, folded } = await openBy(fixture, snapshot);
    expect([loaded, folded.length, log.head()]).toEqual([true, 0, 20]);
    const complete = await fixture.open({ segmentBytes: SEGMENT_BYTES });
    expect(log.value()).toEqual(complete.value());
    expect(log.tree.root()).toEqual(complete.tree.root());
    await append(log, 21, 25);
    expect(seqsOf(await collect(log.read(1)))).toEqual(upTo(25));
    expect(await log.verify()).toEqual([]);
  });

  snapshotTest("combines with later records over several segments", async (fixture) => {
    const log = await fixture.open({ segmentBytes: SEGMENT_BYTES });
    await append(log, 21, 60);
    await log.close();
    const opened = await openBy(fixture, readSnapshot(placeOf(fixture)));
    expect(seqsOf(opened.folded)).toEqual(upTo(60, 21));
    const complete = await fixture.open({ segmentBytes: SEGMENT_BYTES });
    expect(opened.log.value()).toEqual(complete.value());
  });

  snapshotTest("is ignored if the folds cannot load it", async (fixture) => {
    const opened = await openBy(fixture, readSnapshot(placeOf(fixture)), () => false);
    expect(seqsOf(opened.folded)).toEqual(upTo(20));
    expect(opened.log.coveredBytes).toBe(0);
  });

  snapshotTest("is ignored if it is inconsistent", async (fixture) => {
    const snapshot = readSnapshot<string>(placeOf(fixture));
    if (snapshot === undefined) throw new Error("no snapshot");
    const { tree } = snapshot.log;
    for (const log of [
      { ...snapshot.log, tree: { ...tree, size: 19 } },
      { ...snapshot.log, tree: { ...tree, open: "?" } },
      { ...snapshot.log, unfinished: [[3, 4] as const] },
      { ...snapshot.log, order: { ...snapshot.log.order, seq: 19 } },
    ]) {
      const opened = await openBy(fixture, { ...snapshot, log });
      expect(seqsOf(opened.folded)).toEqual(upTo(20));
      await opened.log.close();
    }
  });
});

describe("is written", () => {
  async function openLog() {
    const fixture = new LogFixture();
    const log = await fixture.open();
    await append(log, 1, 3);
    const value = log.value();
    if (value === undefined) throw new Error("the log has no value");
    return { location: placeOf(fixture), value };
  }

  test("in pieces between which other tasks run", async () => {
    const { location, value } = await openLog();
    let turns = 0;
    const { disk } = location;
    const yielding = { ...location, disk: withYield(disk, async () => void turns++) };
    const folds = { names: Array.from({ length: 20_000 }, (_, i) => `a name of some length ${i}`) };
    await writeSnapshot(yielding, { log: value, folds });
    expect(turns).toBeGreaterThan(8);
    expect(readSnapshot<typeof folds>(location)?.folds).toEqual(folds);
  });

  test("as the same value", async () => {
    const { location, value } = await openLog();
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (folds) => {
        await writeSnapshot(location, { log: value, folds: { a: folds, b: undefined } });
        const stored = JSON.parse(JSON.stringify({ a: folds }));
        expect(readSnapshot<object>(location)?.folds).toEqual(stored);
      }),
    );
  });
});

describe("is rejected", () => {
  snapshotTest("with any byte changed or missing", (fixture) => {
    const good = fixture.bytes(PATH);
    for (let at = 0; at < good.length; at += 7) {
      const bytes = Buffer.from(good);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      fixture.put(PATH, bytes);
      expect(readSnapshot(placeOf(fixture))).toBeUndefined();
      fixture.put(PATH, good.subarray(0, at));
      expect(readSnapshot(placeOf(fixture))).toBeUndefined();
    }
    fixture.put(PATH, good);
    expect(readSnapshot(placeOf(fixture))).toBeDefined();
  });

  snapshotTest("if unsigned or signed by another key", (fixture) => {
    expect(readSnapshot(placeOf(fixture, "1", "another server"))).toBeUndefined();
    const payload = fixture.bytes(PATH).subarray(64);
    fixture.put(PATH, Buffer.concat([sha256(payload), payload]));
    expect(readSnapshot(placeOf(fixture))).toBeUndefined();
  });

  snapshotTest("if missing or written by another version", (fixture) => {
    expect(readSnapshot(placeOf(fixture, "2"))).toBeUndefined();
    fixture.disk.remove(PATH);
    expect(readSnapshot(placeOf(fixture))).toBeUndefined();
  });

  test("if the log is shorter or different, or an earlier segment has another size", async () => {
    const fixture = await stopped();
    const segments = fixture.disk.list(FOLDER).map((name) => `${FOLDER}/${name}`);
    expect(segments.length).toBeGreaterThan(2);
    const last = segments.at(-1) ?? "";
    for (const [path, change] of [
      [last, (bytes: Buffer) => bytes.subarray(0, bytes.lastIndexOf(10, -2) + 1)],
      [
        last,
        (bytes: Buffer) =>
          Buffer.from(bytes.toString().replace(/"commit":"..../g, '"commit":"AAAA')),
      ],
      [last, (bytes: Buffer) => bytes.subarray(0, -1)],
      [FIRST, (bytes: Buffer) => Buffer.concat([bytes, Buffer.from(" ")])],
      [FIRST, (bytes: Buffer) => bytes.subarray(0, -1)],
    ] as const) {
      const before = fixture.bytes(path);
      fixture.put(path, change(before));
      expect(readSnapshot(placeOf(fixture))).toBeUndefined();
      fixture.put(path, before);
    }
    expect(readSnapshot(placeOf(fixture))).toBeDefined();
    fixture.disk.remove(last);
    expect(readSnapshot(placeOf(fixture))).toBeUndefined();
  });
});

test("does not exist for an empty log", async () => {
  const fixture = new LogFixture();
  expect((await fixture.open()).value()).toBeUndefined();
});
