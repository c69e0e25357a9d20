import { describe, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { UserId } from "../../../src/base/ids.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { openArchive } from "../../../src/io/archive/archive.ts";
import type { LogFile } from "../../../src/io/log/log-file.ts";
import { verifyLog } from "../../../src/io/log/verify.ts";
import { type LogRecord, parseBody } from "../../../src/wire/record.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { rejection } from "../../rejection.ts";
import {
  ANA,
  blanked,
  collect,
  draftOf,
  eraseLineAt,
  FIRST,
  FOLDER,
  holding,
  LOBBY,
  LogFixture,
  lineAt,
} from "../log-fixture.ts";

async function ordered(fixture: LogFixture, segmentBytes?: number): Promise<LogFile> {
  const log = await fixture.open(segmentBytes === undefined ? {} : { segmentBytes });
  for (const text of ["one", "two", "three"]) await log.append(draftOf(text));
  const body = { seq: 2, also: [] };
  await log.append({ kind: "erase", room: LOBBY, by: ANA, id: "", body });
  return log;
}

const textsOf = (records: readonly LogRecord[]) =>
  records.map((record) => record.erased ?? (parseBody(record) as { text?: string }).text);

const logTest = fixtureTest(() => new LogFixture());

describe("blank", () => {
  test.each([undefined, 300])("leaves only the head (segments of %p)", async (size) => {
    const fixture = new LogFixture();
    const log = await ordered(fixture, size);
    const files = () => fixture.disk.list(FOLDER).map((name) => fixture.bytes(`${FOLDER}/${name}`));
    const before = files();
    const root = log.tree.root();
    await log.erase(2, 4);
    expect(log.tree.root()).toEqual(root);
    expect(files().map(({ length }) => length)).toEqual(before.map(({ length }) => length));
    expect(Buffer.concat(files()).includes("two")).toBe(false);
    await log.append(draftOf("after"));
    const texts = ["one", 4, "three", undefined, "after"];
    expect(textsOf(await collect(log.read(1)))).toEqual(texts);
    await log.close();
    const again = await fixture.open(size === undefined ? {} : { segmentBytes: size });
    expect(again.damaged).toEqual([]);
    expect(textsOf(fixture.observed)).toEqual(texts);
    await again.close();
  });

  logTest("survives a power loss, even if repeated", async (fixture) => {
    const log = await ordered(fixture);
    await Promise.all([log.erase(2, 4), log.erase(2, 4)]);
    fixture.disk.losePower();
    await (await fixture.open()).close();
    expect(textsOf(fixture.observed)).toEqual(["one", 4, "three", undefined]);
  });

  logTest("is performed by the next start if it was not begun", async (fixture) => {
    await (await ordered(fixture)).close();
    const log = await fixture.open();
    expect(textsOf(await collect(log.read(1)))).toEqual(["one", 4, "three", undefined]);
    expect(fixture.bytes(FIRST).includes("two")).toBe(false);
    await log.close();
  });

  logTest("is visible in an archive with an older index", async (fixture) => {
    const log = await ordered(fixture);
    const cachePath = "/data/cache/history.index";
    const options = { folder: FOLDER, disk: fixture.disk, sha256, cachePath };
    const archive = openArchive({ ...options, head: () => log.head() });
    const all = { from: "oldest", limit: 50, bytesMax: 1 << 20 } as const;
    expect(textsOf((await archive.page(all)).records)).toEqual(["one", "two", "three", undefined]);
    archive.close();
    await log.erase(2, 4);
    for (const again of [archive, openArchive(options)]) {
      const { records } = await again.page({ ...all, beforeSeq: 4 });
      expect(textsOf(records)).toEqual(["one", 4, "three"]);
      expect((await again.page({ ...all, grep: "two" })).records).toEqual([]);
    }
    await log.close();
  });

  logTest("is visible to a reader that has read the line before", async (fixture) => {
    const log = await fixture.open();
    for (let i = 1; i <= 3; i++) await log.append(draftOf(`m${i}`));
    const reading = log.read(1);
    await reading.next();
    const body = { seq: 2, also: [3] };
    await log.append({ kind: "erase", room: LOBBY, by: ANA, id: "", body });
    const second = await reading.next();
    for (const seq of [2, 3]) await log.erase(seq, 4);
    const third = await reading.next();
    for (const { value } of [second, third]) {
      expect(value).toMatchObject({ erased: 4 });
      expect(value).not.toHaveProperty("bodyBytes");
    }
  });

  logTest("uses the reserve of a full disk", async (fixture) => {
    const log = await ordered(fixture);
    let writes = 0;
    fixture.failure = (call) => (call === "write" && writes++ === 0 ? "ENOSPC" : undefined);
    await log.erase(2, 4);
    expect(fixture.disk.exists("/data/reserve")).toBe(false);
    expect(fixture.bytes(FIRST).includes("two")).toBe(false);
    await log.close();
    const other = new LogFixture();
    const failing = await ordered(other);
    writes = 0;
    other.failure = (call) =>
      call === "write" ? (["ENOSPC", "EIO"] as const)[writes++] : undefined;
    expect(await rejection(failing.erase(2, 4))).toMatchObject({ code: "store-failed" });
  });

  logTest("counts a blank record as erased when durable", async (fixture) => {
    const log = await ordered(fixture);
    await log.erase(2, 4);
    for (const [seq, eraseSeq] of [
      [0, 4],
      [4, 4],
      [2, 5],
    ] as const)
      expect(() => log.erase(seq, eraseSeq)).toThrow("a durable record orders it");
    fixture.failure = (call) => (call === "sync" ? "EIO" : undefined);
    expect(await rejection(log.erase(2, 4))).toMatchObject({ code: "store-failed" });
  });

  test("is completed by the next start after any disk error", async () => {
    for (let failing = 1; ; failing++) {
      const fixture = new LogFixture();
      const log = await ordered(fixture);
      const first = fixture.disk.calls;
      let hasFailed = false;
      fixture.failure = (_call, _path, number) => {
        if (number !== first + failing) return undefined;
        hasFailed = true;
        return "EIO";
      };
      const fault = await log.erase(2, 4).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (!hasFailed) break;
      expect(fault).toBeInstanceOf(Fault);
      expect((fault as Fault).code).toBe("store-failed");
      expect(await rejection(log.append(draftOf("more")))).toMatchObject({ code: "store-failed" });
      fixture.failure = undefined;
      fixture.disk.losePower();
      await (await fixture.open()).close();
      expect(fixture.bytes(FIRST).includes("two")).toBe(false);
    }
  });
});

logTest("accepts a replaced password after any number of further ones", async (fixture) => {
  const log = await fixture.open();
  let replaces: number | undefined;
  for (const [by, times] of [
    [ANA, 4],
    ["uBBBBBBBBBBB" as UserId, 2],
  ] as const) {
    replaces = undefined;
    for (let i = 0; i < times; i++) {
      const body = { password: `hash ${i}`, ...(replaces === undefined ? {} : { replaces }) };
      const { head } = await log.append({ kind: "password", room: by, by, id: "", body });
      if (replaces !== undefined) await log.erase(replaces, head.seq);
      replaces = head.seq;
    }
  }
  await log.close();
  const again = await fixture.open();
  expect(again.damaged).toEqual([]);
  await again.close();
  const unordered = async () => {
    const where = { disk: fixture.disk.boot(), folder: FOLDER, sha256, isSigned: () => true };
    return (await verifyLog(where)).findings.map(({ seq }) => seq);
  };
  expect(await unordered()).toEqual([]);
  const bytes = fixture.bytes(FIRST).toString();
  fixture.put(FIRST, Buffer.from(bytes.replace('"erased":2}', '"erased":4}')));
  const other = await fixture.open();
  expect(other.damaged).toEqual([1]);
  await other.close();
  fixture.put(FIRST, Buffer.from(bytes.replace('"erased":2}', '"erased":5}')));
  expect(await unordered()).toEqual([1]);
  const forged = await fixture.open();
  expect(forged.damaged).toEqual([1]);
  await forged.close();
});

describe("a torn blanking", () => {
  const [one, two, three] = [lineAt(1, 1), lineAt(2, 2), lineAt(3, 3)];
  const order = eraseLineAt(4, 2);
  const erase = blanked(two, 4);

  test("is completed by the next start, at any byte and in any context", async () => {
    for (let cut = two.indexOf('"salt"') + 1; cut < two.length - 1; cut++) {
      for (const torn of [
        erase.slice(0, cut) + two.slice(cut),
        two.slice(0, cut) + erase.slice(cut),
      ]) {
        const fixture = holding(one, torn, three, order);
        const log = await fixture.open();
        expect(log.damaged).toEqual([]);
        expect(log.recovered).toEqual([]);
        await log.close();
        expect(fixture.bytes(FIRST).toString()).toBe(one + erase + three + order);
      }
    }
  });

  test("is completed in an earlier segment", async () => {
    const fixture = holding(one, two.slice(0, two.length - 9) + erase.slice(-9), three);
    fixture.put(`${FOLDER}/000000000004.jsonl`, Buffer.from(order));
    await (await fixture.open()).close();
    expect(fixture.bytes(FIRST).toString()).toBe(one + erase + three);
  });

  test("a damaged line without an order stays damage", async () => {
    const bad = two.slice(0, two.length - 9) + erase.slice(-9);
    const fixture = holding(one, bad, three, eraseLineAt(4, 3));
    expect(await rejection(fixture.open())).toMatchObject({ code: "log-corrupt" });
    expect(fixture.bytes(FIRST).toString()).toBe(one + bad + three + eraseLineAt(4, 3));
  });

  test("an erasure without an order damages that record", async () => {
    const fixture = holding(one, erase, three, eraseLineAt(4, 3));
    const log = await fixture.open();
    expect(log.damaged).toEqual([2]);
    await log.close();
  });

  test("an order affects only earlier records", async () => {
    const fixture = holding(one, eraseLineAt(2, 3), lineAt(3, 3), lineAt(4, 4));
    const log = await fixture.open();
    expect(textsOf(await collect(log.read(3)))).toEqual(["m3", "m4"]);
    await log.close();
  });
});
