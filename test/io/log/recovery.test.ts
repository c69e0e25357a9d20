import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { toHex } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/base/fault.ts";
import { rejection } from "../../rejection.ts";
import { SWEEP_STEP } from "../../samples.ts";
import { draftOf, FIRST, FOLDER, holding, lineAt } from "../log-fixture.ts";

function spoilt(line: string): string {
  return line.replace('{"text":"m', '{"text":"M');
}

const faultCodeOf = (error: unknown) => (error instanceof Fault ? error.code : error);

describe("a torn tail", () => {
  const complete = lineAt(1, 1) + lineAt(2, 2);
  const tails: Record<string, string> = {
    "half a line": lineAt(3, 3).slice(0, 90),
    "a line without its newline": lineAt(3, 3).slice(0, -1),
    zeros: "\0".repeat(700),
    "zeros, then a line of the same batch": `${"\0".repeat(300)}\n${lineAt(4, 4, 2)}`,
    "a hole in a line": lineAt(3, 3, 2).replace(/"seq":3.{30}/, "\0".repeat(37)),
    "a spoilt body": spoilt(lineAt(3, 3, 2)),
    "a spoilt body, then a line of the same batch": spoilt(lineAt(3, 3, 2)) + lineAt(4, 4, 2),
    "a spoilt body, then a line without its newline":
      spoilt(lineAt(3, 3, 2)) + lineAt(4, 4, 3).slice(0, -1),
    "a spoilt body, then a spoilt line that calls it durable":
      spoilt(lineAt(3, 3, 2)) + spoilt(lineAt(4, 4, 3)),
    "a line that is missing": lineAt(4, 4, 2),
  };
  for (const [name, tail] of Object.entries(tails)) {
    test(`is moved away: ${name}`, async () => {
      const fixture = holding(complete, tail);
      const log = await fixture.open();
      expect(log.head()).toBe(2);
      expect(log.damaged).toEqual([]);
      const tornPath = `/data/torn/000000000001.jsonl.${complete.length}.1`;
      const droppedBytes = Buffer.byteLength(tail);
      const dropped = { file: FIRST, offset: complete.length, droppedBytes, tornPath };
      expect(log.recovered).toEqual([dropped]);
      expect(fixture.bytes(tornPath).toString()).toBe(tail);
      await log.append(draftOf("next"));
      await log.close();
      fixture.disk.losePower();
      const again = await fixture.open();
      expect(again.head()).toBe(3);
      expect(again.recovered).toEqual([]);
      expect(fixture.bytes(tornPath).toString()).toBe(tail);
    });
  }

  test.each([false, true])(
    "survives an error of any call at a start (loss: %p)",
    async (acceptsLoss) => {
      for (let failing = 1; ; failing++) {
        const fixture = holding(lineAt(1, 1), acceptsLoss ? "" : "half a line");
        if (acceptsLoss) fixture.put(`${FOLDER}/000000000005.jsonl`, Buffer.from(lineAt(5, 5)));
        const first = fixture.disk.calls;
        let hasFailed = false;
        fixture.failure = (_call, _path, number) => {
          hasFailed ||= number === first + failing;
          return number === first + failing ? "EIO" : undefined;
        };
        const opening = fixture.open({ acceptsLoss });
        const outcome = await opening.then(() => "opened", faultCodeOf);
        if (!hasFailed) break;
        expect([failing, outcome]).toEqual([failing, "store-failed"]);
        fixture.failure = undefined;
        const log = await fixture.open({ acceptsLoss });
        expect(log.head()).toBeGreaterThanOrEqual(1);
        await log.close();
      }
    },
  );

  test("of the first batch leaves an empty log", async () => {
    const fixture = holding("\0\0\0");
    const log = await fixture.open();
    expect([log.head(), log.recovered.length]).toEqual([0, 1]);
    expect((await log.append(draftOf("first"))).head.seq).toBe(1);
  });

  test("is stored twice if it happens twice", async () => {
    const fixture = holding(lineAt(1, 1), "one");
    await (await fixture.open()).close();
    fixture.put(FIRST, Buffer.from(`${lineAt(1, 1)}two`));
    await (await fixture.open()).close();
    expect(fixture.disk.list("/data/torn").length).toBe(2);
  });
});

describe("damage to acknowledged records", () => {
  const [one, two, three, four] = [lineAt(1, 1), lineAt(2, 2), lineAt(3, 3), lineAt(4, 4)];
  const broken: Record<string, [string, number]> = {
    "a bad line": [one + two.replace("seq", "sEq") + three + four, 2],
    "a line that is gone": [one + three + four, 2],
    "two lines that changed places": [one + three + two + four, 2],
    "a line twice": [one + two + two + three + four, 3],
    "a hole": [one + "\0".repeat(two.length) + three + four, 2],
    "an n that is not dense": [one + lineAt(2, 3) + three + four, 2],
    "a time that falls": [one + lineAt(2, 2, 1, 5) + three + four, 2],
    "another line in its place": [one + lineAt(2, 1) + lineAt(3, 2), 2],
  };
  for (const [name, [text, seq]] of Object.entries(broken)) {
    test(`refuses the start and changes nothing: ${name}`, async () => {
      const fixture = holding(text);
      const before = toHex(fixture.bytes(FIRST));
      const fault = await rejection(fixture.open());
      expect(fault).toMatchObject({ code: "log-corrupt", exitCode: 6 });
      expect(fault.message).toContain(FIRST);
      expect(fault.message).toContain(`seq ${seq} `);
      expect(toHex(fixture.bytes(FIRST))).toBe(before);
      expect(fixture.disk.exists("/data/torn")).toBe(false);
    });
  }

  test("of a body is reported and hidden", async () => {
    const fixture = holding(one, spoilt(two), three, four);
    const log = await fixture.open();
    expect(log.damaged).toEqual([2]);
    expect(log.recovered).toEqual([]);
    expect(log.head()).toBe(4);
    expect(fixture.observed[1]).toMatchObject({ damaged: true, head: { seq: 2 } });
    expect(fixture.observed[1]?.bodyBytes).toBeUndefined();
    for await (const record of log.read(2, 2)) expect(record.damaged).toBe(true);
  });

  test("of a body before a torn tail keeps one and removes the other", async () => {
    const fixture = holding(one, spoilt(two), three, "torn");
    const log = await fixture.open();
    expect(log.damaged).toEqual([2]);
    expect(log.recovered).toMatchObject([{ droppedBytes: 4 }]);
    expect(log.head()).toBe(3);
  });

  test("in an earlier segment is never removed", async () => {
    const fixture = holding(one, "torn");
    fixture.put(`${FOLDER}/000000000002.jsonl`, Buffer.from(""));
    expect(await rejection(fixture.open())).toMatchObject({ code: "log-corrupt" });
    expect(fixture.bytes(FIRST).toString()).toBe(`${one}torn`);
  });

  test("includes a missing segment", async () => {
    for (const firstSeq of [2, 4]) {
      const fixture = holding(one, two);
      fixture.put(`${FOLDER}/00000000000${firstSeq}.jsonl`, Buffer.from(lineAt(firstSeq, 3)));
      if (firstSeq === 2) fixture.disk.remove(FIRST);
      expect(await rejection(fixture.open())).toMatchObject({
        code: "log-corrupt",
        message: expect.stringContaining("missing"),
      });
    }
  });

  test("of an unknown kind requires a newer version", async () => {
    const fixture = holding(one, two.replace('"kind":"text"', '"kind":"hologram"'));
    expect(await rejection(fixture.open())).toMatchObject({ code: "version-unsupported" });
    expect(fixture.disk.exists("/data/torn")).toBe(false);
  });

  test("of an unknown kind, which may be damage, is a loss that can be accepted", async () => {
    const fixture = holding(one, two.replace('"kind":"text"', '"kind":"tezt"'), three);
    const message = "record 2: unknown kind 'tezt': damaged, or written by a newer version";
    const remedy = expect.stringContaining("--accept-loss");
    expect(await rejection(fixture.open())).toMatchObject({ message, remedy });
    const log = await fixture.open({ acceptsLoss: true });
    for await (const { head } of log.read(2, log.head())) expect(head.kind).toBe("fork");
    expect(log.recovered).toMatchObject([{ droppedBytes: two.length + three.length }]);
    expect(fixture.disk.exists("/data/torn")).toBe(true);
  });
});

test("ignores foreign files", async () => {
  const fixture = holding(lineAt(1, 1));
  for (const name of ["README.md", "1.jsonl", "000000000002.jsonl.bak", "000000000000.jsonl"]) {
    fixture.put(`${FOLDER}/${name}`, Buffer.from("mine"));
  }
  expect((await fixture.open()).head()).toBe(1);
  expect(fixture.bytes(`${FOLDER}/README.md`).toString()).toBe("mine");
});

test("counts writes of a killed process only after a sync", async () => {
  const fixture = holding();
  fixture.disk.open(FIRST, "write").write(Buffer.from(lineAt(1, 1)), 0);
  fixture.disk.killProcess();
  await (await fixture.open()).close();
  fixture.disk.losePower();
  expect((await fixture.open()).head()).toBe(1);
});

test("by any flipped bit is rejected, reported, removed or visible in the root", async () => {
  const text = [1, 2, 3, 4, 5, 6].map((seq) => lineAt(seq, seq)).join("");
  const lastLine = text.lastIndexOf("\n", text.length - 2);
  const good = holding(text);
  const goodLog = await good.open();
  const goodRecords = [...good.observed];
  const root = toHex(goodLog.tree.root());
  const outcomes = { refused: 0, damaged: 0, cut: 0, root: 0, unhashed: 0 };
  for (let bit = 0; bit < text.length * 8; bit += SWEEP_STEP) {
    const bytes = Buffer.from(text);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const fixture = holding(bytes.toString("latin1"));
    fixture.put(FIRST, bytes);
    const log = await fixture.open().catch((error: unknown) => error);
    if (log instanceof Fault) {
      expect(["log-corrupt", "version-unsupported"]).toContain(log.code);
      outcomes.refused += 1;
      continue;
    }
    const opened = log as typeof goodLog;
    if (opened.recovered.length > 0) {
      expect(opened.head()).toBe(bit >> 3 === lastLine ? 4 : 5);
      outcomes.cut += 1;
    } else if (opened.damaged.length > 0) {
      outcomes.damaged += 1;
    } else if (toHex(opened.tree.root()) !== root) {
      outcomes.root += 1;
    } else {
      expect(fixture.observed).toEqual(goodRecords);
      outcomes.unhashed += 1;
    }
  }
  expect(outcomes.unhashed).toBeLessThan(12);
  expect(outcomes.refused).toBeGreaterThan((text.length * 4) / SWEEP_STEP);
});

test("proved only by a broken tail rejects the start", async () => {
  const fixture = holding();
  const lines = [spoilt(lineAt(1, 1)), "\n", lineAt(2, 2)].map((line) => Buffer.from(line));
  fixture.put(FIRST, Buffer.concat(lines));
  for (let start = 0; start < 2; start++) {
    expect(await rejection(fixture.open())).toMatchObject({ code: "log-corrupt" });
  }
});

test("by arbitrary bytes gives the same result at a second start", async () => {
  const part = fc.oneof(
    fc.integer({ min: 1, max: 5 }).map((seq) => Buffer.from(lineAt(seq, seq))),
    fc.integer({ min: 1, max: 5 }).map((seq) => Buffer.from(spoilt(lineAt(seq, seq)))),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc.constant(Buffer.from("\n")),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
      const fixture = holding();
      fixture.put(FIRST, Buffer.concat(parts));
      const outcome = async () => {
        const log = await fixture.open().catch((error: unknown) => error);
        if (log instanceof Fault) return `${log.code} ${log.message}`;
        const opened = log as Awaited<ReturnType<typeof fixture.open>>;
        const seqs = fixture.observed.map(({ head, damaged }) => [head.seq, damaged]);
        await opened.close();
        return JSON.stringify([seqs, opened.damaged]);
      };
      const first = await outcome();
      expect(await outcome()).toBe(first);
    }),
  );
});
