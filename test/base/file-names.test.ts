import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  accountFolderName,
  cleanEntryName,
  cleanFileName,
  foldFileName,
  numbered,
  partialName,
  UniqueNames,
  uniqueFileNames,
} from "../../src/base/file-names.ts";
import { PATH_SEGMENT_BYTES_MAX } from "../../src/base/limits.ts";
import { ANY_CHARACTER } from "../any-character.ts";
import { sampleSize } from "../samples.ts";

const sizeOf = (text: string) => new TextEncoder().encode(text).length;
const isOwnNote = (name: string) => cleanFileName(name) !== name;
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)( *\.|$)/i;

function isLegal(name: string): boolean {
  return (
    name !== "" &&
    name !== "." &&
    name !== ".." &&
    sizeOf(name) <= PATH_SEGMENT_BYTES_MAX &&
    name.isWellFormed() &&
    !/[<>:"/\\|?*\u0000-\u001f\u007f-\u009f]/.test(name) &&
    !/[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/.test(name) &&
    !/^[\s-]|[\s.]$/u.test(name) &&
    !DEVICE.test(name)
  );
}

const hostile = fc.oneof(
  fc.string({ unit: ANY_CHARACTER, maxLength: 40 }),
  fc.string({ unit: ANY_CHARACTER, minLength: 100, maxLength: 400 }),
  fc
    .array(
      fc.constantFrom(
        ...["-", ".", " ", "/", "\\", "nul", "COM1", "con", ":", "\u200d", "\u202e", "x", "😀"],
        ...[".part", ".JOURNAL", ".lock", "-wal", ".folder", "\uff54", "x".repeat(245)],
        ...[".tar", ".gz", "\u3000", "\ufe0f", "é", "\ud800", "\t", "_", "x".repeat(250)],
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join("")),
);

describe("cleanFileName", () => {
  test("scans a long run of dots or blanks once", () => {
    for (const run of [".", " "]) {
      expect(cleanFileName(`a${run.repeat(1_000_000)}!`)).toBe("a");
      expect(cleanFileName(`a${run.repeat(1_000_000)}`)).toBe("a");
    }
  });

  test.each([
    "a.txt",
    "Übung 3 (neu).pdf",
    "日本語.txt",
    "archive.tar.gz",
    "a..b",
    "👩‍👩‍👧.png",
    "می‌خواهم.txt",
    "console.log",
    "com10.txt",
    "x".repeat(PATH_SEGMENT_BYTES_MAX),
  ])("keeps %s", (name) => expect(cleanFileName(name)).toBe(name));

  test.each([
    ["", "file"],
    ["..", "file"],
    [" . . ", "file"],
    ["\u200b\u2060", "file"],
    ["\u200d", "file"],
    ["../../etc/passwd", "_.._.._etc_passwd"],
    ["C:\\Windows\\x.dll", "C__Windows_x.dll"],
    ["a\0b\nc\x1b[2Jd\x85", "a_b_c_[2Jd_"],
    ["gpj.\u202egnp.exe", "gpj._gnp.exe"],
    ["a\u200bb\ufeffc\u00ad.txt", "abc.txt"],
    ["-rf", "_-rf"],
    [".profile", "_.profile"],
    [" a ", "a"],
    ["a. . .", "a"],
    ["nul.txt", "_nul.txt"],
    ["Aux .tar.gz", "_Aux .tar.gz"],
    ["LPT¹.x", "_LPT¹.x"],
    ["CONIN$", "_CONIN$"],
    ['what?*<>|".txt', "what______.txt"],
    ["a\ud800.txt", "a\ufffd.txt"],
  ])("changes %p to %p", (raw, name) => expect(cleanFileName(raw)).toBe(name));

  test("shortens a long name but keeps its extension and complete characters", () => {
    expect(cleanFileName(`${"x".repeat(300)}.tar.gz`)).toBe(`${"x".repeat(248)}.tar.gz`);
    expect(cleanFileName(`${"é".repeat(300)}.txt`)).toBe(`${"é".repeat(125)}.txt`);
    expect(cleanFileName("😀".repeat(100))).toBe("😀".repeat(63));
    expect(cleanFileName("x".repeat(400))).toBe("x".repeat(PATH_SEGMENT_BYTES_MAX));
    expect(cleanFileName(`${"x".repeat(254)} y`)).toBe("x".repeat(254));
    expect(cleanFileName(`x.${"y".repeat(400)}`)).toBe(`x.${"y".repeat(253)}`);
  });
});

describe("names of the receiver's own files", () => {
  const ENDS = [
    ...["", ".journal", ".lock", ".folder"],
    ...[".lock-journal", ".lock-wal", ".lock-shm"],
  ];

  test.each([
    ["x.part", "x.part_"],
    ["x (1).part", "x (1).part_"],
    ["X.PART", "X.PART_"],
    [".part", "_.part_"],
    ["x.part. . ", "x.part_"],
    ["x.pa\u200drt", "x.pa\u200drt_"],
    ["x.par\ufe0ft.journal", "x.par\ufe0ft.journal_"],
    ["x\uff0e\uff50\uff41\uff52\uff54", "x\uff0e\uff50\uff41\uff52\uff54_"],
    ["x.part.loc\u212a", "x.part.loc\u212a_"],
    ["x\u2024part", "x\u2024part_"],
    [`${"y".repeat(250)}.part and more of it`, `${"y".repeat(250)}.par_`],
    [`${"y".repeat(300)}.part`, `${"y".repeat(250)}.par_`],
  ])("changes %p to %p", (raw, name) => expect(cleanFileName(raw)).toBe(name));

  test.each(["x.parts", "part", "x.part.gz", "x.part_", "party.journal", "x.journal", "x.lock"])(
    "keeps %p",
    (name) => expect(cleanFileName(name)).toBe(name),
  );

  test("are changed in any case, as are their numbered variants", () => {
    for (const end of ENDS) {
      for (const raw of [`x.part${end}`, `X.Part${end.toUpperCase()}`, `x (1).part${end}`]) {
        const name = cleanFileName(raw);
        expect([raw, isOwnNote(raw), isOwnNote(name)]).toEqual([raw, true, false]);
        for (const n of [1, 2, 1_000]) expect(isOwnNote(numbered(name, n))).toBe(false);
      }
    }
    expect(isOwnNote(partialName("x.txt", 3))).toBe(true);
  });
});

test.each([
  [".git", ".git"],
  ["a.part", "a.part"],
  ["..", "file"],
  ["..\\..\\b", ".._.._b"],
  ["C:\\x", "C__x"],
  ["nul", "_nul"],
  ["aux.tar.gz", "_aux.tar.gz"],
  ["-x", "_-x"],
  [" y. ", "y"],
  ["a\0b\u202ec", "a_b_c"],
  ["\u200b", "file"],
])("cleans the entry %p to %p", (raw, name) => expect(cleanEntryName(raw)).toBe(name));

describe("unique file names", () => {
  test.each([
    ["file and file", ["a.txt", "a.txt", "a.txt"], ["a.txt", "a (1).txt", "a (2).txt"]],
    ["case", ["README.md", "readme.md"], ["README.md", "readme (1).md"]],
    ["two extensions", ["a.tar.gz", "A.tar.gz"], ["a.tar.gz", "A (1).tar.gz"]],
    ["composition", ["cafe\u0301", "caf\u00e9"], ["cafe\u0301", "caf\u00e9 (1)"]],
    ["sharp s", ["stra\u00dfe", "STRASSE"], ["stra\u00dfe", "STRASSE (1)"]],
    ["Kelvin sign", ["K", "\u212a"], ["K", "\u212a (1)"]],
    ["joiner", ["ab", "a\u200db"], ["ab", "a\u200db (1)"]],
    ["variation selector", ["\u2764", "\u2764\ufe0f"], ["\u2764", "\u2764\ufe0f (1)"]],
    ["cleaned later name", ["a?", "a_"], ["a_ (1)", "a_"]],
    ["numbered name in use", ["A", "a", "a (1)"], ["A", "a (2)", "a (1)"]],
    ["reserved name", ["con", "_con"], ["_con (1)", "_con"]],
  ])("keeps exact names first: %s", (_, raw, names) => expect(uniqueFileNames(raw)).toEqual(names));

  test("are unique and portable for any names", () =>
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 12 }), (raw) => {
        const names = uniqueFileNames(raw);
        const folded = names.map((name) => name.normalize("NFC").toUpperCase());
        expect(new Set(folded).size).toBe(raw.length);
        expect(names.filter((name) => !isLegal(name))).toEqual([]);
        expect(uniqueFileNames(names)).toEqual(names);
      }),
      { numRuns: sampleSize(300, 3_000) },
    ));

  test("are chosen with a bounded number of attempts per name", () => {
    const count = 20_000;
    const long = (i: number) => `${"x".repeat(248)}${i.toString(36).padStart(4, "0")}`;
    const names = new UniqueNames();
    let attempts = 0;
    const add = (name: string) => {
      while (names.tryAdd(name) === undefined) attempts++;
    };
    for (let i = 0; i < count; i++) {
      names.reserve(long(i));
      add(long(i).toUpperCase());
      add("same.txt");
    }
    expect(attempts).toBeLessThan(count);
  });
});

describe("numbered names", () => {
  test.each([
    ["a.txt", 0, "a.txt"],
    ["a.txt", 1, "a (1).txt"],
    ["a", 2, "a (2)"],
    ["a.tar.gz", 3, "a (3).tar.gz"],
    [".bashrc", 1, ".bashrc (1)"],
    ["a.b.c", 12, "a.b (12).c"],
  ])("adds to %s the number %d: %s", (name, n, expected) =>
    expect(numbered(name, n)).toBe(expected),
  );
});

test("cleans any name to a portable one, idempotently", () =>
  fc.assert(
    fc.property(hostile, fc.nat({ max: 99_999 }), (raw, n) => {
      const name = cleanFileName(raw);
      expect({ name, legal: isLegal(name), dot: name.startsWith(".") }).toEqual({
        name,
        legal: true,
        dot: false,
      });
      expect(cleanFileName(name)).toBe(name);
      expect([name, isOwnNote(name), isOwnNote(numbered(name, n))]).toEqual([name, false, false]);
      expect(isLegal(numbered(name, n))).toBe(true);
      expect(sizeOf(partialName(numbered(name, n)))).toBeLessThanOrEqual(PATH_SEGMENT_BYTES_MAX);
    }),
    { numRuns: sampleSize(1_000, 5_000) },
  ));

test("cleans any entry to a portable name, idempotently", () =>
  fc.assert(
    fc.property(hostile, (raw) => {
      const name = cleanEntryName(raw);
      expect([name, isLegal(name)]).toEqual([name, true]);
      expect(cleanEntryName(name)).toBe(name);
    }),
    { numRuns: sampleSize(600, 3_000) },
  ));

test("folders of accounts are portable, and no two accounts share one", () => {
  const names = ["ana", "con", "_con", "CON1", "-ana", "_-ana", "__-ana", "nul", "_nul", "1-2"];
  const folders = names.map(accountFolderName);
  expect(folders.slice(0, 3)).toEqual(["ana", "@con", "_con"]);
  expect(new Set(folders.map(foldFileName)).size).toBe(names.length);
  for (const folder of folders) expect(cleanFileName(folder)).toBe(folder);
});
