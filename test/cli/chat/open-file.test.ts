import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isOpenable, openerOf } from "../../../src/cli/chat/open-file.ts";

const root = mkdtempSync(join(tmpdir(), "chat-opening-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function asks(name: string, content: string | Uint8Array = "words"): Promise<boolean> {
  const path = join(root, name);
  writeFileSync(path, content);
  return isOpenable(path);
}

test("pictures, papers, music and films may be opened", async () => {
  for (const name of ["a.jpg", "A.PNG", "paper.pdf", "song.ogg", "film.mp4", "notes.txt"]) {
    expect([name, await asks(name)]).toEqual([name, true]);
  }
});

test("nothing that a system might run", async () => {
  const programs = ["a.exe", "a.sh", "a.bat", "a.js", "a.desktop", "a.html", "a.svg", "a.jar"];
  for (const name of [...programs, "a", "jpg", ".jpg", "a.jpg.exe", "a.lnk", "a.app", "a.docm"]) {
    expect([name, await asks(name)]).toEqual([name, false]);
  }
});

test("nor a program under another name, a folder, or what is gone", async () => {
  const elf = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46);
  expect(await asks("elf.jpg", elf)).toBe(false);
  expect(await asks("script.txt", "#!/bin/sh\nrm -rf /\n")).toBe(false);
  expect(await asks("windows.pdf", "MZ..")).toBe(false);
  expect(await asks("mac.png", Uint8Array.of(0xcf, 0xfa, 0xed, 0xfe))).toBe(false);
  mkdirSync(join(root, "folder.jpg"));
  expect(await isOpenable(join(root, "folder.jpg"))).toBe(false);
  expect(await isOpenable(join(root, "gone.jpg"))).toBe(false);
  expect(await asks("empty.txt", "")).toBe(true);
});

test("without an opener the user is not asked", () => {
  if (process.platform !== "win32") expect(openerOf({ PATH: root })).toBeUndefined();
  else expect(openerOf({})).toBeDefined();
});
