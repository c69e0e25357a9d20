import { expect, test } from "bun:test";
import { checkNewFolder } from "../../../src/io/disk/working-folder.ts";

test.each([
  ["C:\\chat\\con", "'con'"],
  ["\\\\.\\NUL", "'NUL'"],
  ["C:\\aux.d\\data", "'aux.d'"],
  ["C:\\trail. ", "'trail. '"],
  ["C:/chat/COM1.txt", "'COM1.txt'"],
])("Windows gets no folder %p", (path, name) => {
  expect(() => checkNewFolder(path, "win32")).toThrow(
    `Windows does not allow a folder named ${name}`,
  );
  checkNewFolder(path, "linux");
});

test.each([
  "C:\\chat\\data",
  "\\\\?\\C:\\chat\\console",
  "\\\\server\\share\\.chat",
  "C:\\a\\..\\b",
])("Windows gets the folder %p", (path) => checkNewFolder(path, "win32"));
