import { describe, expect, test } from "bun:test";
import type { LogFile } from "../../../src/io/log/log-file.ts";
import { rejection } from "../../rejection.ts";
import { ANA, draftOf, FIRST, LOBBY, LogFixture } from "../log-fixture.ts";

async function resumed(
  change: (text: string) => string,
): Promise<{ log: LogFile; fixture: LogFixture }> {
  const fixture = new LogFixture();
  const before = await fixture.open();
  for (let i = 1; i <= 4; i++) await before.append(draftOf(`m${i}`));
  await before.append({ kind: "erase", room: LOBBY, by: ANA, id: "", body: { seq: 3 } });
  await before.erase(3, 5);
  await before.append(draftOf("m6"));
  const snapshot = before.value();
  if (snapshot === undefined) throw new Error("no value");
  await before.close();
  fixture.put(FIRST, Buffer.from(change(fixture.bytes(FIRST).toString())));
  const fold = { needsBody: () => true, load: () => true, apply: () => undefined };
  const log = await fixture.open({ snapshot, fold });
  expect(log.coveredBytes).toBeGreaterThan(0);
  return { log, fixture };
}

describe("verifies the covered records after the start", () => {
  test("of an intact log", async () => {
    const { log } = await resumed((text) => text);
    expect(await log.verify()).toEqual([]);
    expect(await log.verify()).toEqual([]);
  });

  test("and reports a damaged body", async () => {
    const { log } = await resumed((text) => text.replace('"m2"', '"M2"'));
    expect(log.damaged).toEqual([]);
    expect(await log.verify()).toEqual([2]);
    expect(log.value()?.damaged).toEqual([2]);
    for await (const record of log.read(2, 2)) expect(record.damaged).toBe(true);
  });

  test("and reports a blank line without an order", async () => {
    const blank = (line: string, head: string) => `${head}"erased":4}`.padEnd(line.length);
    const { log } = await resumed((text) => text.replace(/("seq":2,.*?)"salt".*/, blank));
    expect(await log.verify()).toEqual([2]);
  });

  const damages: Record<string, [(text: string) => string, string]> = {
    "a changed head": [
      (text) => text.replace('"seq":2,"time":1', '"seq":2,"time":2'),
      "older than the record before",
    ],
    "a head of another record": [
      (text) => text.replace(/("seq":2,.*?"commit":")..../, "$1AAAA"),
      "the root",
    ],
    "a line that makes no sense": [
      (text) => text.replace('{"head":{"v":1,"seq":2', '{"head":{"v":9,"seq":2'),
      "at byte",
    ],
    "two lines in one": [
      (text) => text.replace('}\n{"head":{"v":1,"seq":3', '} {"head":{"v":1,"seq":3'),
      "seq 2 was acknowledged",
    ],
  };
  for (const [name, [change, words]] of Object.entries(damages)) {
    test(`${name} is the end of the run`, async () => {
      const { log } = await resumed(change);
      expect(await rejection(log.verify())).toMatchObject({
        code: "log-corrupt",
        exitCode: 6,
        message: expect.stringContaining(words),
      });
    });
  }

  test("during erasures and appends", async () => {
    const { log } = await resumed((text) => text);
    const verifying = log.verify();
    const body = { seq: 2 };
    const order = await log.append({ kind: "erase", room: LOBBY, by: ANA, id: "", body });
    await log.erase(2, order.head.seq);
    expect(await verifying).toEqual([]);
  });

  test("and accepts a partially overwritten line", async () => {
    const { log, fixture } = await resumed((text) => text);
    const erasing = log.erase(4, 5);
    fixture.put(FIRST, Buffer.from(fixture.bytes(FIRST).toString().replace('"m4"}', "     ")));
    expect(await log.verify()).toEqual([]);
    await erasing;
  });

  test("and reports nothing if the log is closed", async () => {
    const { log } = await resumed((text) => text.replace('"m2"', '"M2"'));
    const verifying = log.verify();
    await log.close();
    expect(await verifying).toEqual([]);
  });
});
