import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../../src/base/fault.ts";
import { selectFile } from "../../../src/cli/chat/last-files.ts";
import { isOpenable, openerOf } from "../../../src/cli/chat/open-file.ts";
import { faultFrom } from "../../commands/fake-world.ts";
import { tempFolder } from "../../temp-folder.ts";

const [A, B, C, D] = ["a", "b", "c", "d"].map((letter) => `f${letter.repeat(11)}`);

const FILES = [
  { id: A, name: "report.pdf", digest: "1" },
  { id: B, name: "my report.pdf", digest: "2" },
  { id: C, name: "cat.png", digest: "3" },
  { id: D, name: "cat.png", digest: "4" },
  { id: A, name: "report.pdf", digest: "1" },
  { id: B, name: "my", digest: "2" },
  { id: C, name: "twice.png", digest: "3" },
  { id: D, name: "twice.png", digest: "3" },
];

const selected = (...args: readonly string[]) =>
  selectFile(args, () => Promise.resolve(FILES as never)).then(({ id, out }) => [id, out]);

test("accepts an id, followed by a folder, without a connection too", async () => {
  const lost = () => Promise.reject(new Fault("link-closed", "not connected"));
  for (const files of [() => Promise.resolve(FILES as never), lost]) {
    expect(await selectFile([A ?? ""], files)).toEqual({ id: A ?? "", out: undefined });
    expect(await selectFile([A ?? "", "My", "Files"], files)).toEqual({
      id: A ?? "",
      out: "My Files",
    });
  }
});

test("prefers a listed id, then a name that looks like an id, then another id", async () => {
  const named = { id: B, name: "final_photos", digest: "1" };
  const files = () => Promise.resolve([...FILES, named, { ...named, id: C, name: A }] as never);
  expect(await selectFile(["final_photos", "x"], files)).toEqual({ id: B ?? "", out: "x" });
  expect(await selectFile([A ?? ""], files)).toEqual({ id: A ?? "", out: undefined });
  expect(await selectFile(["final_report"], files)).toMatchObject({ id: "final_report" });
});

test("accepts the number of a file's message, after ids and names", async () => {
  const numbered = FILES.map((file, i) => ({ ...file, seq: 40 + i }));
  const files = [...numbered, { id: D, name: "41", digest: "1", seq: 90 }];
  const found = (...args: readonly string[]) => selectFile(args, async () => files as never);
  expect(await found("42", "My", "Files")).toEqual({ id: C ?? "", out: "My Files" });
  expect(await found("#40")).toEqual({ id: A ?? "", out: undefined });
  expect(await found("41")).toEqual({ id: D ?? "", out: undefined });
  expect(await faultFrom(() => found("7"))).toMatchObject({ code: "file-unknown" });
});

test("accepts an id with the punctuation of the line that it was copied from", async () => {
  expect(await selected(`${A};`, "My", "Files")).toEqual([A, "My Files"]);
});

test("accepts a name with spaces, followed by a folder", async () => {
  expect(await selected("report.pdf")).toEqual([A, undefined]);
  expect(await selected("REPORT.pdf", "x")).toEqual([A, "x"]);
  expect(await selected("my", "report.pdf", "to", "there")).toEqual([B, "to there"]);
  expect(await selected("my report.pdf", "to", "there")).toEqual([B, "to there"]);
  expect(await selected("my", "other.pdf")).toEqual([B, "other.pdf"]);
});

test("rejects an ambiguous or unknown name with a remedy", async () => {
  const several = await faultFrom(() => selected("cat.png", "x"));
  expect(several).toMatchObject({ code: "usage", message: "2 files here are named 'cat.png'" });
  expect(several.remedy).toBe(`choose one by id, newest first: ${D}, ${C}`);
  const none = await faultFrom(() => selected("no", "such", "file"));
  expect(none).toMatchObject({ code: "file-unknown", remedy: "list them: /files" });
  expect(none.message).toContain("'no such file'");
});

const root = tempFolder();

async function isOpenableFile(
  name: string,
  content: string | Uint8Array = "words",
): Promise<boolean> {
  const path = join(root, name);
  writeFileSync(path, content);
  return isOpenable(path);
}

test("opens pictures, documents, music and films", async () => {
  for (const name of ["a.jpg", "A.PNG", "paper.pdf", "song.ogg", "film.mp4", "notes.txt"]) {
    expect([name, await isOpenableFile(name)]).toEqual([name, true]);
  }
});

test("does not open programs", async () => {
  const programs = ["a.exe", "a.sh", "a.bat", "a.js", "a.desktop", "a.html", "a.svg", "a.jar"];
  for (const name of [...programs, "a", "jpg", ".jpg", "a.jpg.exe", "a.lnk", "a.app", "a.docm"]) {
    expect([name, await isOpenableFile(name)]).toEqual([name, false]);
  }
});

test("does not open disguised programs, folders or missing files", async () => {
  const elf = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46);
  expect(await isOpenableFile("elf.jpg", elf)).toBe(false);
  expect(await isOpenableFile("script.txt", "#!/bin/sh\nrm -rf /\n")).toBe(false);
  expect(await isOpenableFile("windows.pdf", "MZ..")).toBe(false);
  expect(await isOpenableFile("mac.png", Uint8Array.of(0xcf, 0xfa, 0xed, 0xfe))).toBe(false);
  mkdirSync(join(root, "folder.jpg"));
  expect(await isOpenable(join(root, "folder.jpg"))).toBe(false);
  expect(await isOpenable(join(root, "gone.jpg"))).toBe(false);
  expect(await isOpenableFile("empty.txt", "")).toBe(true);
});

test("finds no opener if PATH is empty", () => {
  if (process.platform !== "win32") expect(openerOf({ PATH: root })).toBeUndefined();
});
