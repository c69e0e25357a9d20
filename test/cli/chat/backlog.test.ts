import { expect, test } from "bun:test";
import type { RoomId } from "../../../src/base/ids.ts";
import { Backlog } from "../../../src/cli/chat/backlog.ts";
import type { ChatRecord } from "../../../src/core/client/chat-record.ts";

const DEV = "rAAAAAAAAAAA" as RoomId;

const record = (n: number) => ({ n, seq: 100 + n, room: { id: DEV } }) as unknown as ChatRecord;

test("what is printed behind unread messages counts as read when these were printed", () => {
  const backlog = new Backlog();
  backlog.begin([DEV]);
  expect(backlog.printed(record(8), 5)).toBe(false);
  expect(backlog.printed(record(9), 5)).toBe(false);
  expect(backlog.printedFrom(DEV)).toBe(108);
  expect(backlog.end(DEV)).toEqual(record(9));
  expect(backlog.printed(record(10), 5)).toBe(true);
});

test("a record next to the read position ends the backlog, also if another device moved it", () => {
  const backlog = new Backlog();
  backlog.begin([DEV]);
  expect(backlog.printed(record(6), 5)).toBe(true);
  expect(backlog.printed(record(7), 5)).toBe(true);
  backlog.begin([DEV]);
  expect(backlog.printed(record(8), 5)).toBe(false);
  expect(backlog.printed(record(9), 8)).toBe(true);
  expect(backlog.end(DEV)).toBeUndefined();
});
