import { expect, test } from "bun:test";
import { isPastedText } from "../../../src/web/input/pasted.ts";

const FILE = ["report 1.pdf"];

test.each([
  ["no text", { text: "", types: [], fileNames: FILE }, false],
  ["text alone", { text: "hello", types: ["text/plain"], fileNames: [] }, true],
  ["a file's name", { text: "report 1.pdf", types: ["text/plain"], fileNames: FILE }, false],
  ["a path", { text: "/srv/ana/report 1.pdf\n", types: [], fileNames: FILE }, false],
  ["a Windows path", { text: "C:\\work\\report 1.pdf", types: [], fileNames: FILE }, false],
  ["a file address", { text: "file:///srv/report%201.pdf", types: [], fileNames: FILE }, false],
  ["several names", { text: "a.png\r\nb.png", types: [], fileNames: ["a.png", "b.png"] }, false],
  [
    "a picture's address",
    { text: "https://a.b/c.png", types: [], fileNames: ["image.png"] },
    false,
  ],
  ["cells", { text: "Ani\t81", types: [], fileNames: ["image.png"] }, true],
  ["a cell with an address", { text: "https://a.b", types: ["text/rtf"], fileNames: FILE }, true],
  ["text that mentions the file", { text: "see report 1.pdf", types: [], fileNames: FILE }, true],
] as const)("%s", (_, pasted, isText) => {
  expect(isPastedText(pasted)).toBe(isText);
});
