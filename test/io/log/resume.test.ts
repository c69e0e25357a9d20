import { describe, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { MerkleTree } from "../../../src/core/log/merkle.ts";
import { SeqSet } from "../../../src/core/log/seq-set.ts";
import { signCheckpoint } from "../../../src/crypto/checkpoint.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { LogFile } from "../../../src/io/log/log-file.ts";
import type { LogValue } from "../../../src/io/log/snapshot.ts";
import { type Checkpoint, originOf } from "../../../src/wire/checkpoint.ts";
import { type FoldedRecord, leafHash } from "../../../src/wire/record.ts";
import { identityOfSeed } from "../../crypto/seed-identity.ts";
import { ANA, collect, draftOf, FIRST, FOLDER, LOBBY, LogFixture } from "../log-fixture.ts";

function snapshotOf(log: LogFile): LogValue {
  const value = log.value();
  if (value === undefined) throw new Error("the log has no value");
  return value;
}

async function resumed(fixture: LogFixture, snapshot: LogValue) {
  const folded: FoldedRecord[] = [];
  const fold = {
    needsBody: () => true,
    load: () => true,
    apply: (one: FoldedRecord) => folded.push(one),
  };
  const log = await fixture.open({ snapshot, fold });
  return { log, folded };
}

async function grown() {
  const fixture = new LogFixture();
  const log = await fixture.open();
  for (let i = 1; i <= 3; i++) await log.append(draftOf(`m${i}`));
  const value = snapshotOf(log);
  for (let i = 4; i <= 6; i++) await log.append(draftOf(`m${i}`));
  await log.close();
  const checkpoint = async (size: number): Promise<Checkpoint> => {
    const tree = new MerkleTree(sha256);
    let origin = "";
    const again = await fixture.open();
    for await (const { head, headBytes } of again.read(1, size)) {
      const leaf = leafHash(headBytes, sha256);
      if (head.seq === 1) origin = originOf(leaf);
      tree.append(leaf);
    }
    await again.close();
    return { origin, size, root: tree.root() };
  };
  return { fixture, value, checkpoint };
}

function noteOf(checkpoint: Checkpoint, size = checkpoint.size): string {
  return signCheckpoint({ ...checkpoint, size }, identityOfSeed(new Uint8Array(32).fill(1)));
}

describe("reads the whole log on a mismatch after the snapshot", () => {
  const changes: Record<string, (text: string) => string> = {
    "a torn end": (text) => text.slice(0, -9),
    "a line without a sense": (text) => `${text}\0\0\0\n`,
    "a damaged body": (text) => text.replace('"m5"', '"M5"'),
    "a blank line that nothing ordered": (text) =>
      text.replace(/("seq":5,.*?)"salt".*/, (line, head: string) =>
        `${head}"erased":6}`.padEnd(line.length),
      ),
  };
  for (const [name, change] of Object.entries(changes)) {
    test(name, async () => {
      const { fixture, value } = await grown();
      fixture.put(FIRST, Buffer.from(change(fixture.bytes(FIRST).toString())));
      const bytes = fixture.bytes(FIRST);
      const { log, folded } = await resumed(fixture, value);
      expect(log.coveredBytes).toBe(0);
      expect(folded[0]?.head.seq).toBe(1);
      await log.close();
      fixture.put(FIRST, bytes);
      const complete = await fixture.open();
      expect(complete.head()).toBe(log.head());
      expect(complete.damaged).toEqual(log.damaged);
    });
  }
});

describe("requires the last signed record", () => {
  async function startOf(fixture: LogFixture, value: LogValue): Promise<string> {
    try {
      const { log } = await resumed(fixture, value);
      await log.close();
      return log.coveredBytes > 0 ? "resumed" : "read as a whole";
    } catch (error) {
      if (error instanceof Fault) return error.code;
      throw error;
    }
  }

  const sizes: [string, number, string][] = [
    ["at the end of the snapshot", 3, "resumed"],
    ["behind it", 5, "resumed"],
    ["at the end of the log", 6, "resumed"],
    ["before the end of the snapshot, where no root is known", 2, "read as a whole"],
    ["behind the end of the log, which was cut", 7, "log-corrupt"],
  ];
  for (const [name, size, start] of sizes) {
    test(name, async () => {
      const { fixture, value, checkpoint } = await grown();
      const note = noteOf(await checkpoint(Math.min(size, 6)), size);
      fixture.put(`${FOLDER}/checkpoint`, Buffer.from(note));
      expect(await startOf(fixture, value)).toBe(start);
    });
  }

  test("with its root and origin", async () => {
    for (const size of [3, 5]) {
      const { fixture, value, checkpoint } = await grown();
      const signed = await checkpoint(size);
      for (const other of [
        { ...signed, root: new Uint8Array(32) },
        { ...signed, origin: "chat/AAAAAAAAAAAAAAAAAAAAAA" },
      ]) {
        fixture.put(`${FOLDER}/checkpoint`, Buffer.from(noteOf(other)));
        expect(await startOf(fixture, value)).toBe("log-corrupt");
      }
    }
  });

  test("and rejects a malformed checkpoint file", async () => {
    const { fixture, value } = await grown();
    fixture.put(`${FOLDER}/checkpoint`, Buffer.from("torn"));
    expect(await startOf(fixture, value)).toBe("log-corrupt");
  });

  test("or reads the whole log if loss is accepted", async () => {
    const { fixture, value, checkpoint } = await grown();
    fixture.put(`${FOLDER}/checkpoint`, Buffer.from(noteOf(await checkpoint(3))));
    const fold = { needsBody: () => true, load: () => true, apply: () => undefined };
    const log = await fixture.open({ snapshot: value, fold, acceptsLoss: true });
    expect(log.coveredBytes).toBe(0);
  });
});

test("performs erasures that later records order", async () => {
  const { fixture, value } = await grown();
  const log = await fixture.open();
  await log.append({ kind: "erase", room: LOBBY, by: ANA, id: "", body: { seq: 2 } });
  await log.close();
  expect(fixture.bytes(FIRST).toString()).toContain('"m2"');
  const again = await resumed(fixture, value);
  expect(again.log.coveredBytes).toBeGreaterThan(0);
  expect(fixture.bytes(FIRST).toString()).not.toContain('"m2"');
  const [second] = await collect(again.log.read(2, 2));
  expect(second?.erased).toBe(7);
  expect(await again.log.verify()).toEqual([]);
});

test("performs unfinished erasures of the snapshot", async () => {
  const fixture = new LogFixture();
  const log = await fixture.open();
  for (let i = 1; i <= 3; i++) await log.append(draftOf(`m${i}`));
  await log.append({ kind: "erase", room: LOBBY, by: ANA, id: "", body: { seq: 2 } });
  const before = snapshotOf(log);
  expect(before.unfinished).toEqual([[2, 4]]);
  expect(new SeqSet(before.erased).has(2)).toBe(true);
  const bytes = fixture.bytes(FIRST);
  await log.erase(2, 4);
  const after = snapshotOf(log);
  expect(after).toMatchObject({ erased: before.erased, unfinished: [] });
  await log.close();

  for (const [value, disk] of [
    [before, bytes],
    [before, fixture.bytes(FIRST)],
    [after, fixture.bytes(FIRST)],
  ] as const) {
    fixture.put(FIRST, disk);
    const again = await resumed(fixture, value);
    expect(again.log.coveredBytes).toBeGreaterThan(0);
    expect(fixture.bytes(FIRST).toString()).not.toContain('"m2"');
    expect(snapshotOf(again.log)).toEqual(after);
    await again.log.close();
  }
});

test("keeps known damage", async () => {
  const { fixture } = await grown();
  fixture.put(FIRST, Buffer.from(fixture.bytes(FIRST).toString().replace('"m2"', '"M2"')));
  const log = await fixture.open();
  expect(log.damaged).toEqual([2]);
  const value = snapshotOf(log);
  await log.close();
  const again = await resumed(fixture, value);
  expect(again.log.damaged).toEqual([2]);
  expect(await again.log.verify()).toEqual([]);
  expect(snapshotOf(again.log).damaged).toEqual([2]);
});
