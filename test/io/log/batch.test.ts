import { expect, test } from "bun:test";
import { utf8Encode } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/base/fault.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import { BATCH_BYTES_MAX } from "../../../src/base/limits.ts";
import { LogOrder } from "../../../src/core/log/order.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import {
  batchLength,
  buildBatch,
  LineWriter,
  type PendingAppend,
} from "../../../src/io/log/batch.ts";
import {
  type CopiedLine,
  copyLine,
  LINE_FRAME_BYTES_MAX,
  sealDraft,
} from "../../../src/wire/record.ts";
import { draftOf, LOBBY, lineAt } from "../log-fixture.ts";

const settle = () => {};
const TIME = 1_000;

function drafted(text: string, more: Partial<PendingAppend> = {}): PendingAppend {
  return { content: sealDraft(draftOf(text), new Uint8Array(16), sha256), settle, ...more };
}

function copied(seq: number, n: number, time = TIME): PendingAppend {
  const line = copyLine(utf8Encode(lineAt(seq, n, 0, time).trimEnd()));
  if (line === undefined) throw new Error("no line");
  return { content: line satisfies CopiedLine, settle };
}

function positionsOf(...waiters: readonly PendingAppend[]) {
  const order = new LogOrder();
  order.load({ seq: 5, time: TIME, falls: [], rooms: [[LOBBY, 2, 4]] });
  const { entries } = buildBatch(waiters, order, TIME + 5, new LineWriter());
  return entries.map(({ outcome }) => {
    if (outcome instanceof Fault) return outcome.code;
    const { seq, n, time } = outcome.head;
    return [seq, n, time];
  });
}

test("accepts consecutive copied lines", () => {
  expect(positionsOf(copied(6, 3), copied(7, 4))).toEqual([
    [6, 3, TIME],
    [7, 4, TIME],
  ]);
  const wrong = [copied(7, 3), copied(5, 3), copied(6, 4), copied(6, 2), copied(6, 3, TIME - 1)];
  for (const one of wrong) {
    expect(positionsOf(one, copied(6, 3))).toEqual(["log-conflict", [6, 3, TIME]]);
  }
});

test("records an assigned position exactly there or not at all", () => {
  const at = (seq: number, unixMs = TIME + 9) => drafted("x", { assigned: { seq, unixMs } });
  expect(positionsOf(at(6), at(7), at(7), at(9))).toEqual([
    [6, 3, TIME + 9],
    [7, 4, TIME + 9],
    "log-conflict",
    "log-conflict",
  ]);
  expect(positionsOf(at(6, TIME - 1))).toEqual([[6, 3, TIME]]);
});

test("stamps a correction with the time in its body, and later records after it", () => {
  const clock = (to: number) => {
    const draft = {
      kind: "clock",
      room: "clock" as RoomId,
      by: "server",
      id: "",
      body: { to },
    } as const;
    return { content: sealDraft(draft, new Uint8Array(16), sha256), settle };
  };
  expect(positionsOf(clock(400), drafted("x"))).toEqual([
    [6, 1, 400],
    [7, 3, TIME + 5],
  ]);
  const assigned = { ...clock(400), assigned: { seq: 6, unixMs: TIME + 900 } };
  const next = drafted("x", { assigned: { seq: 7, unixMs: 500 } });
  expect(positionsOf(assigned, next)).toEqual([
    [6, 1, 400],
    [7, 3, 500],
  ]);
  expect(positionsOf(clock(TIME * 9), drafted("x"))[1]).toEqual([7, 3, TIME * 9]);
});

test("stamps the log's own records like the record before them", () => {
  const fork = { kind: "fork", room: "server" as RoomId, by: "server", id: "", body: {} } as const;
  const content = sealDraft(fork, new Uint8Array(16), sha256);
  expect(positionsOf({ content, settle }, drafted("x"))).toEqual([
    [6, 1, TIME],
    [7, 3, TIME + 5],
  ]);
  const shared = { content, settle, assigned: { seq: 6, unixMs: TIME + 3 } };
  expect(positionsOf(shared)).toEqual([[6, 1, TIME + 3]]);
});

test("limits a batch to BATCH_BYTES_MAX, or one record of any size", () => {
  const bytes = (sizeBytes: number): PendingAppend => {
    const { content } = drafted("");
    const bodyBytes = new Uint8Array(sizeBytes - LINE_FRAME_BYTES_MAX);
    return { content: { ...content, bodyBytes } as PendingAppend["content"], settle };
  };
  const half = bytes(BATCH_BYTES_MAX / 2);
  expect(batchLength([half, half, half])).toBe(2);
  expect(batchLength([half, bytes(BATCH_BYTES_MAX / 2 + 1)])).toBe(1);
  expect(batchLength([bytes(BATCH_BYTES_MAX + 1), half])).toBe(1);
  expect(batchLength([])).toBe(0);
});
