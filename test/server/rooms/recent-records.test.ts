import { expect, test } from "bun:test";
import fc from "fast-check";
import { utf8Encode } from "../../../src/base/bytes.ts";
import type { RoomId } from "../../../src/base/ids.ts";
import { RECENT_BYTES_MAX, RECENT_ROOM_BYTES_MAX } from "../../../src/base/limits.ts";
import type { Room } from "../../../src/core/rooms/rooms.ts";
import { RecentRecords } from "../../../src/server/rooms/catch-up.ts";
import type { RecordKind } from "../../../src/wire/kinds.ts";
import type { LogRecord } from "../../../src/wire/record.ts";

const room = (id: string) => ({ id: id as RoomId }) as Room;

class Log {
  readonly recent = new RecentRecords();
  readonly all = new Map<string, LogRecord[]>();
  seq = 0;

  add(id: string, kind: RecordKind = "text", bodyBytes = 10): void {
    const records = this.all.get(id) ?? [];
    this.all.set(id, records);
    const head = { seq: ++this.seq, n: records.length + 1, kind } as LogRecord["head"];
    const bodyBytesOf = new Uint8Array(bodyBytes);
    const record = { head, headBytes: utf8Encode("{}"), bodyBytes: bodyBytesOf };
    records.push(record);
    this.recent.add(room(id), record);
  }

  refill(id: string, count: number): void {
    this.recent.refill(room(id), (this.all.get(id) ?? []).slice(-count));
  }

  check(id: string, seq: number, count: number): void {
    const all = this.all.get(id) ?? [];
    const since = this.recent.since(room(id), seq);
    if (since !== undefined) expect(since).toEqual(all.filter(({ head }) => head.seq > seq));
    const newest = this.recent.newest(room(id), count);
    if (newest !== undefined) expect(newest).toEqual(all.slice(-count));
  }
}

test("returns all records of a range, or none", () => {
  const anyRecord = fc.record({
    id: fc.constantFrom("r1", "r2", "r3"),
    kind: fc.constantFrom<RecordKind>("text", "text", "text", "join", "erase"),
    refill: fc.option(fc.integer({ min: 1, max: 400 }), { freq: 9, nil: undefined }),
  });
  const anyQuery = fc.record({ seq: fc.nat(400), count: fc.integer({ min: 1, max: 60 }) });
  fc.assert(
    fc.property(
      fc.array(anyRecord, { maxLength: 400 }),
      fc.array(anyQuery),
      (records, questions) => {
        const log = new Log();
        for (const { id, kind, refill } of records) {
          log.add(id, kind);
          if (refill !== undefined) log.refill(id, refill);
        }
        for (const { seq, count } of questions) {
          for (const id of ["r1", "r2", "r3", "r4"]) log.check(id, seq, count);
        }
      },
    ),
  );
});

test("drops the records of a room on an erasure or its removal", () => {
  for (const kind of ["erase", "remove"] as const) {
    const log = new Log();
    log.add("r1");
    log.add("r1", kind);
    expect(log.recent.newest(room("r1"), 1)).toBeUndefined();
    log.add("r1");
    expect(log.recent.since(room("r1"), 1)).toBeUndefined();
    expect(log.recent.since(room("r1"), 2)).toHaveLength(1);
  }
});

test("serves records from the disk, but none from before an erasure", () => {
  const log = new Log();
  for (const kind of ["text", "erase", "text", "text"] as const) log.add("r1", kind);
  const later = new RecentRecords();
  later.refill(room("r1"), log.all.get("r1") ?? []);
  expect(later.since(room("r1"), 2)).toHaveLength(2);
  expect(later.since(room("r1"), 1)).toBeUndefined();
});

test("drops the least recent room beyond the total limit", () => {
  const log = new Log();
  log.add("r1");
  const count = RECENT_BYTES_MAX / RECENT_ROOM_BYTES_MAX;
  for (let i = 0; i < count; i++) log.add(`large${i}`, "text", RECENT_ROOM_BYTES_MAX);
  expect(log.recent.newest(room("r1"), 1)).toBeUndefined();
  expect(log.recent.newest(room(`large${count - 1}`), 1)).toHaveLength(1);
});
