import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { FileId, RoomId, UserId } from "../../../src/base/ids.ts";
import {
  CHUNK_BYTES,
  FILE_BYTES_MAX,
  FILE_ID_LENGTH,
  FILES_PER_POST_MAX,
  FOLDER_ENTRIES_MAX,
  MANIFEST_BYTES_MAX,
} from "../../../src/base/limits.ts";
import {
  erasedFilesIn,
  type FileBody,
  Files,
  fileIn,
  filesIn,
  isPrivateFile,
  withErasedFiles,
} from "../../../src/core/rooms/files.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { RecordKind } from "../../../src/wire/kinds.ts";
import { asDamaged, asErased, type LogRecord, sealDraft } from "../../../src/wire/record.ts";
import { encodeLine } from "../../encode-line.ts";

const [ana, bob] = ["uana" as UserId, "ubob" as UserId];
const [lobby, router] = ["rlobby" as RoomId, "rdesk" as RoomId];
const id = (letter: string) => `f${letter.repeat(FILE_ID_LENGTH - 1)}` as FileId;
const [one, two] = [id("1"), id("2")];

function body(file: FileId, size = 10): FileBody {
  const digest = "0a".repeat(32);
  return { file, name: "a.txt", size, chunks: Math.ceil(size / CHUNK_BYTES), digest };
}

function listing(...files: readonly unknown[]) {
  return { files };
}

function record(
  seq: number,
  kind: RecordKind,
  fileBody: unknown,
  by = ana,
  room = lobby,
): LogRecord {
  const salt = new Uint8Array(16);
  const sealed = sealDraft({ kind, room, by, id: "", body: fileBody }, salt, sha256);
  return encodeLine(sealed, { seq, n: seq, time: 1_000 + seq }, seq - 1).record;
}

function folded(...records: LogRecord[]): Files {
  const files = new Files();
  for (const next of records) files.apply(next);
  return files;
}

describe("files", () => {
  test("counts a file with several records once", () => {
    const files = folded(
      record(1, "file", listing(body(one))),
      record(2, "file", listing(body(one)), ana, router),
      record(3, "file", listing(body(two, 5)), bob),
      record(4, "text", { text: "no file" }),
    );
    expect([files.size, files.totalBytes]).toEqual([2, 15]);
    expect([files.bytesOf(ana), files.bytesOf(bob)]).toEqual([10, 5]);
    const fact = files.get(one);
    expect(fact).toMatchObject({ ...body(one), by: ana, time: 1_001 });
    expect([...(fact?.at ?? [])]).toEqual([
      [1, lobby],
      [2, router],
    ]);
    expect(files.of(2).map(({ file }) => file)).toEqual([one]);
    const named = (id?: RoomId) => ({ get: (room: RoomId) => ({ name: room === id }) as never });
    const nameless = { get: () => ({}) as never };
    expect(fact && [isPrivateFile(fact, named(router)), isPrivateFile(fact, nameless)]).toEqual([
      ...[false, true],
    ]);
    expect([...files.ids()]).toEqual([one, two]);
  });

  test("allows only the sender and readers of its rooms to read a file", () => {
    const files = folded(
      record(1, "file", listing(body(one))),
      record(2, "file", listing(body(one)), ana, router),
    );
    const reads = (room?: RoomId) => (requested: RoomId) => requested === room;
    expect(files.mayRead(one, ana, reads())).toBe(true);
    expect(files.mayRead(one, bob, reads(router))).toBe(true);
    expect(files.mayRead(one, bob, reads("rother" as RoomId))).toBe(false);
    expect(files.mayRead(two, ana, reads(lobby))).toBe(false);
    files.apply(record(3, "erase", { seq: 2, also: [] }));
    expect(files.mayRead(one, bob, reads(router))).toBe(false);
  });

  test("removes a file with its last record", () => {
    const files = folded(
      record(1, "file", listing(body(one))),
      record(2, "file", listing(body(one)), ana, router),
    );
    expect(files.apply(record(3, "erase", { seq: 1, also: [] }))).toEqual([]);
    expect(files.get(one)?.at.size).toBe(1);
    expect(files.apply(record(4, "erase", { seq: 1, also: [] }))).toEqual([]);
    expect(files.apply(record(5, "erase", { seq: 2, also: [] }))).toEqual([one]);
    expect([files.size, files.totalBytes, files.bytesOf(ana)]).toEqual([0, 0, 0]);
    expect(files.get(one)).toBeUndefined();
    expect(files.of(2)).toEqual([]);
  });

  test("lists the files that a user has sent to a room, also from a snapshot", () => {
    const files = folded(
      record(1, "file", listing(body(one))),
      record(2, "file", listing(body(one)), ana, router),
      record(3, "file", listing(body(one))),
      record(4, "file", listing(body(two)), bob),
    );
    const loaded = new Files();
    loaded.load(files.value());
    for (const each of [files, loaded]) {
      const sent = (room: RoomId, user: UserId) =>
        [...each.sentTo(room, user)].map((it) => it.file);
      expect([sent(lobby, ana), sent(lobby, bob), sent(router, bob)]).toEqual([[one], [two], []]);
      each.apply(record(5, "erase", { seq: 1, also: [] }));
      expect([sent(lobby, ana), sent(router, ana)]).toEqual([[one], [one]]);
      each.apply(record(6, "erase", { seq: 3, also: [2] }));
      expect([sent(lobby, ana), sent(router, ana), sent(lobby, bob)]).toEqual([[], [], [two]]);
    }
  });

  test("erases files of a message, also from a snapshot and after the message is blank", () => {
    const preview = { file: id("3"), size: 5, digest: "0b".repeat(32) };
    const album = record(1, "file", listing({ ...body(one), preview }, body(two)));
    const other = record(2, "file", listing(body(one)), ana, router);
    const order = record(3, "erase", { of: 1, files: [one, preview.file] });
    const later = record(4, "erase", { seq: 2, also: [], files: [one] });
    const files = folded(album, other);
    expect(files.apply(order)).toEqual([preview.file]);
    const loaded = new Files();
    loaded.load(files.value());
    for (const each of [files, loaded]) {
      expect(each.of(1).map(({ file }) => file)).toEqual([two]);
      expect([each.erasedAt(1), each.erasedAt(2)]).toEqual([[one], undefined]);
      expect([each.wasErased(one), each.wasErased(preview.file)]).toEqual([false, true]);
      expect([...each.sentTo(lobby, ana)].map(({ file }) => file)).toEqual([two]);
      expect(each.apply(record(4, "erase", { of: 1, files: [id("4")] }))).toEqual([]);
      expect(each.apply(later)).toEqual([one]);
      expect([each.size, each.totalBytes, each.wasErased(one)]).toEqual([1, 10, true]);
      expect(each.idsAt([1])).toEqual([two]);
      each.apply(record(5, "erase", { seq: 1, also: [], files: [two] }));
      expect([each.size, each.erasedAt(1)]).toEqual([0, undefined]);
    }
    const again = folded(asErased(album, 5), asErased(other, 4), order, later);
    expect([again.erasedAt(1), again.wasErased(one)]).toEqual([undefined, true]);
  });

  test("marks erased files of a body, and omits them from its files", () => {
    const album = listing(body(one), body(two), 7, null);
    const marked = withErasedFiles(album, [two, id("4")]);
    expect(filesIn(marked).map(({ file }) => file)).toEqual([one]);
    expect(erasedFilesIn(marked)).toEqual([body(two)]);
    expect(withErasedFiles(album, [])).toBe(album);
    expect(withErasedFiles({ files: 3 }, [one])).toEqual({ files: 3 });
  });

  test("excludes erased records and counts damaged ones", () => {
    const announced = record(1, "file", listing(body(one)));
    const files = folded(asErased(announced, 3), asDamaged(record(2, "file", listing(body(two)))));
    expect([files.size, files.unreadable]).toEqual([0, 1]);
    files.apply(record(3, "file", listing({ file: "?" })));
    expect([files.size, files.unreadable]).toEqual([0, 2]);
  });

  test("removes all files of a message with it, and their previews", () => {
    const preview = { file: id("3"), size: 5, digest: "0b".repeat(32) };
    const album = listing({ ...body(one), preview }, body(two));
    const files = folded(record(1, "file", album), record(2, "file", listing(body(two))));
    const loaded = new Files();
    loaded.load(files.value());
    for (const each of [files, loaded]) {
      expect(each.of(1).map(({ file }) => file)).toEqual([one, two]);
      expect([each.size, each.totalBytes]).toEqual([3, 25]);
      expect(each.apply(record(3, "erase", { seq: 1, also: [] }))).toEqual([one, preview.file]);
      expect(each.apply(record(4, "erase", { seq: 2, also: [] }))).toEqual([two]);
      expect([each.size, each.totalBytes]).toEqual([0, 0]);
    }
  });

  test("counts a record with an invalid entry as damaged, and keeps its other files", () => {
    const files = folded(record(1, "file", listing(body(one), { file: "?" }, body(two))));
    expect([files.size, files.unreadable]).toEqual([2, 1]);
  });

  test("does not reassign a file by another user's record", () => {
    const files = folded(
      record(1, "file", listing(body(one))),
      record(2, "file", listing(body(one)), bob, router),
    );
    expect(files.get(one)?.at.size).toBe(1);
    expect(files.mayRead(one, bob, (room) => room === router)).toBe(false);
  });
});

describe("body of a file record", () => {
  const LARGEST = { entries: FOLDER_ENTRIES_MAX, manifestBytes: MANIFEST_BYTES_MAX };
  const folderBody = (change: Partial<typeof LARGEST>) => ({
    ...body(one, FILE_BYTES_MAX),
    folder: { ...LARGEST, ...change },
  });

  test("round-trips", () => {
    const folder = { entries: 0, manifestBytes: 20 };
    expect(fileIn(folderBody({}))).toEqual(folderBody({}));
    expect(fileIn(body(one))).toEqual(body(one));
    expect(fileIn({ ...body(one), folder, later: 1 })).toEqual({ ...body(one), folder });
    expect(fileIn(body(one, FILE_BYTES_MAX))).toEqual(body(one, FILE_BYTES_MAX));
  });

  test.each([
    ["no object", "text"],
    ["nothing", null],
    ["no id", { ...body(one), file: "r1234567890a" }],
    ["an id that is too long", { ...body(one), file: `${one}1` }],
    ["an empty name", { ...body(one), name: "" }],
    ["a fraction", { ...body(one), size: 0.5 }],
    ["a size beyond all", { ...body(one, FILE_BYTES_MAX + 1) }],
    ["a count that does not fit", { ...body(one), chunks: 2 }],
    ["a digest in capitals", { ...body(one), digest: "0A".repeat(32) }],
    ["a folder without entries", { ...body(one), folder: { manifestBytes: 3 } }],
    ["a folder that is none", { ...body(one), folder: 3 }],
    ["a folder that is nil", { ...body(one), folder: null }],
    ["a list beyond all", folderBody({ manifestBytes: MANIFEST_BYTES_MAX + 1 })],
    ["a number of entries beyond all", folderBody({ entries: FOLDER_ENTRIES_MAX + 1 })],
  ])("is rejected if %s", (_name, value) => expect(fileIn(value)).toBeUndefined());

  test("is parsed or rejected for any value", () =>
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(fileIn(value)).toBeUndefined();
      }),
    ));

  test("lists up to FILES_PER_POST_MAX files once each, without invalid entries", () => {
    const many = Array.from({ length: FILES_PER_POST_MAX + 1 }, (_, i) =>
      body(`f${String(i).padStart(FILE_ID_LENGTH - 1, "0")}` as FileId),
    );
    expect(filesIn(listing(...many))).toEqual(many.slice(0, FILES_PER_POST_MAX));
    const [first = body(one), second = body(two)] = many;
    expect(filesIn(listing(first, { ...first, name: "b" }, { file: "?" }, null, second))).toEqual([
      ...[first, second],
    ]);
    for (const files of [undefined, null, "x", {}, []]) expect(filesIn({ files })).toEqual([]);
  });
});
