import { describe, expect, test } from "bun:test";
import type { FileId, RoomId } from "../../../src/base/ids.ts";
import { Announcements } from "../../../src/core/rooms/files.ts";
import { ANA, Ledger, ROOM } from "../ledger.ts";

const OTHER_ROOM = "rSSSSSSSSSSS" as RoomId;
const FILE = "fAAAAAAAAAAA" as FileId;

function writeFile(ledger: Ledger, room: typeof ROOM, id: string) {
  return ledger.append({ kind: "file", room, by: ANA, id, body: { file: id } });
}

describe("announcements", () => {
  test("find the first record of a file in each room by heads alone", () => {
    const ledger = new Ledger();
    const announcements = new Announcements();
    expect(announcements.has(FILE)).toBe(false);
    const records = [
      writeFile(ledger, ROOM, FILE),
      writeFile(ledger, OTHER_ROOM, FILE),
      writeFile(ledger, ROOM, FILE),
    ];
    for (const { head } of records) announcements.record(head);
    expect(announcements.of(FILE, ROOM)).toMatchObject({ seq: 1, n: 1 });
    expect(announcements.of(FILE, OTHER_ROOM)).toMatchObject({ seq: 2, n: 1 });
    expect(announcements.seqs(FILE)).toEqual([1, 2]);
    expect([1, 2, 3].map((seq) => announcements.fileAt(seq))).toEqual([FILE, FILE, FILE]);
    expect(announcements.has(FILE)).toBe(true);
  });

  test("ignore other records and invalid file ids", () => {
    const ledger = new Ledger();
    const announcements = new Announcements();
    const body = {};
    for (const head of [
      ledger.append({ kind: "text", room: ROOM, by: ANA, id: FILE, body }).head,
      ledger.append({ kind: "file", room: ROOM, by: ANA, id: "", body }).head,
      ledger.append({ kind: "file", room: ROOM, by: ANA, id: "AAAAAAAAAAA.1", body }).head,
    ]) {
      announcements.record(head);
    }
    expect(announcements.has(FILE)).toBe(false);
    expect(announcements.seqs(FILE)).toEqual([]);
    expect(announcements.fileAt(2)).toBeUndefined();
  });
});
