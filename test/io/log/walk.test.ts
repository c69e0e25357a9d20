import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { ScannedLine } from "../../../src/io/log/scan.ts";
import { LogWalk, type WalkEvents } from "../../../src/io/log/walk.ts";
import { originOf } from "../../../src/wire/checkpoint.ts";
import { leafHash, parseHead, parseLine } from "../../../src/wire/record.ts";
import { sampleSize } from "../../samples.ts";
import { FIRST, FOLDER, LogFixture, lineAt } from "../log-fixture.ts";

const LINES = Array.from({ length: 9 }, (_, index) => lineAt(index + 1, index + 1));

interface WalkReport {
  readonly sound: number[];
  readonly doubtful: string[];
  readonly isDone: boolean;
}

async function walked(
  text: string,
  options: { blockBytes?: number; walk?: LogWalk; events?: Partial<WalkEvents> } = {},
): Promise<WalkReport> {
  const fixture = new LogFixture();
  const bytes = Buffer.from(text);
  fixture.disk.boot().makeFolder(FOLDER);
  fixture.put(FIRST, bytes);
  const { walk = new LogWalk(sha256), events, blockBytes } = options;
  const file = fixture.disk.boot().open(FIRST, "read");
  const sound: number[] = [];
  const doubtful: string[] = [];
  let next = 0;
  const stretch = { file, from: 0, to: bytes.length, ...(blockBytes && { blockBytes }) };
  const isDone = await walk.read(stretch, {
    onValid: (start, end) => {
      expect(start).toBe(next);
      next = end;
      const parsed = parseLine(bytes.subarray(start, end - 1));
      expect(parsed.kind === "record" && parsed.record.head.seq).toBe(walk.line.seq);
      sound.push(walk.line.seq);
      return events?.onValid?.(start, end);
    },
    onInvalid: (line: ScannedLine) => {
      expect(line.offset).toBe(next);
      next += line.bytes.length + Number(line.isComplete);
      doubtful.push(line.bytes.toString());
      if (events?.onInvalid !== undefined) return events.onInvalid(line);
      const record = parseHead(line.bytes)?.record;
      if (record === undefined || walk.order.violation(record.head) !== undefined) return false;
      walk.accept(record);
      return true;
    },
    ...(events?.onBlock && { onBlock: events.onBlock }),
  });
  file.close();
  return { sound, doubtful, isDone };
}

const seqs = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe("a walk", () => {
  test("adds valid lines to order, tree and origin, in blocks of any size", async () => {
    for (const blockBytes of [1, 300, 700, 1 << 20]) {
      const walk = new LogWalk(sha256);
      const reported = await walked(LINES.join(""), { blockBytes, walk });
      expect(reported).toEqual({ sound: seqs(1, 9), doubtful: [], isDone: true });
      expect([walk.order.seq, walk.tree.size]).toEqual([9, 9]);
      const first = parseLine(Buffer.from(LINES[0]?.trimEnd() ?? ""));
      if (first.kind !== "record") throw new Error("no record");
      expect(walk.origin).toBe(originOf(leafHash(first.record.headBytes, sha256)));
    }
  });

  test("continues after a damaged body, with the same root", async () => {
    const [complete, damaged] = [new LogWalk(sha256), new LogWalk(sha256)];
    await walked(LINES.join(""), { walk: complete });
    const bad = (LINES[4] ?? "").replace('"text":"m5"', '"text":"m6"');
    const reported = await walked(LINES.with(4, bad).join(""), { walk: damaged, blockBytes: 700 });
    expect(reported).toEqual({
      sound: [...seqs(1, 4), ...seqs(6, 9)],
      doubtful: [bad.trimEnd()],
      isDone: true,
    });
    expect(damaged.tree.root()).toEqual(complete.tree.root());
  });

  test("reports lines out of order and incomplete ones", async () => {
    const [first = "", , third = ""] = LINES;
    expect(await walked(first + third)).toEqual({
      sound: [1],
      doubtful: [third.trimEnd()],
      isDone: false,
    });
    const torn = third.slice(0, -1);
    const onInvalid = () => true;
    expect(await walked(first + torn, { events: { onInvalid } })).toEqual({
      sound: [1],
      doubtful: [torn],
      isDone: true,
    });
  });

  test("stops at a seq, which may increase", async () => {
    const walk = new LogWalk(sha256);
    walk.lastSeq = 3;
    const onValid = () => {
      if (walk.line.seq === 3) walk.lastSeq = 5;
      return undefined;
    };
    const reported = await walked(`${LINES.join("")}x\n`, { walk, events: { onValid } });
    expect(reported).toEqual({ sound: seqs(1, 5), doubtful: [], isDone: true });
  });

  test("awaits promises of handlers", async () => {
    const open: number[] = [];
    const walk = new LogWalk(sha256);
    const onValid = async () => {
      const { seq } = walk.line;
      open.push(seq);
      await Promise.resolve();
      expect(open).toEqual([seq]);
      open.pop();
    };
    const reported = await walked(LINES.join(""), { walk, blockBytes: 700, events: { onValid } });
    expect(reported.sound).toEqual(seqs(1, 9));
  });

  test("pauses between blocks, and may be stopped there", async () => {
    let blocks = 0;
    const onBlock = () => Promise.resolve(++blocks < 3);
    const reported = await walked(LINES.join(""), { blockBytes: 400, events: { onBlock } });
    expect(reported).toEqual({ sound: seqs(1, 3), doubtful: [], isDone: false });
  });
});

test("yields the lines before any overwritten byte", async () => {
  const text = LINES.join("");
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.nat(text.length - 5), bytes, async (at, put) => {
      const spoilt = Buffer.from(text);
      spoilt.set(put, at);
      const latin1 = spoilt.toString("latin1");
      fc.pre(latin1 !== text && !put.includes(0x0a) && !put.some((byte) => byte > 0x7f));
      const line = text.slice(0, at).split("\n").length;
      const { sound, doubtful } = await walked(latin1);
      expect(sound.slice(0, line - 1)).toEqual(seqs(1, line - 1));
      const lineText = latin1.split("\n")[line - 1] ?? "";
      const isUnhashed = /^[^}]*},"durable":\d+,/.test(lineText);
      if (doubtful.length === 0) expect(isUnhashed).toBe(true);
    }),
    { numRuns: sampleSize(300, 1_500) },
  );
});
