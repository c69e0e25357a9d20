import { expect, test } from "bun:test";
import { fileMeant } from "../../../src/cli/chat/last-files.ts";
import { faultFrom } from "../../commands/fake-world.ts";

const [A, B, C, D] = ["a", "b", "c", "d"].map((letter) => `f${letter.repeat(11)}`);

/** Oldest first. */
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

const meant = (...words: readonly string[]) =>
  fileMeant(words, () => Promise.resolve(FILES as never)).then(({ id, out }) => [id, out]);

test("an id needs no list, and whatever is behind it is the folder", async () => {
  const asked = () => Promise.reject(new Error("asked"));
  expect(await fileMeant([A ?? ""], asked)).toEqual({ id: A ?? "", out: undefined });
  expect(await fileMeant([A ?? "", "My", "Files"], asked)).toEqual({
    id: A ?? "",
    out: "My Files",
  });
});

test("a name will do, with blanks or without, and a folder behind it", async () => {
  expect(await meant("report.pdf")).toEqual([A, undefined]);
  expect(await meant("REPORT.pdf", "x")).toEqual([A, "x"]);
  expect(await meant("my", "report.pdf", "to", "there")).toEqual([B, "to there"]);
  expect(await meant("my report.pdf", "to", "there")).toEqual([B, "to there"]);
  expect(await meant("my", "other.pdf")).toEqual([B, "other.pdf"]);
});

test("of several files with one content the newest is meant", async () => {
  expect(await meant("twice.png")).toEqual([D, undefined]);
  expect(await meant("TWICE.png", "x")).toEqual([D, "x"]);
});

test("a name of several files, or of none, is refused with what to do", async () => {
  const several = await faultFrom(() => meant("cat.png", "x"));
  expect(several).toMatchObject({ code: "usage", message: "2 files here are named 'cat.png'" });
  expect(several.remedy).toBe(`take one by its id, newest first: ${D}, ${C}`);
  const none = await faultFrom(() => meant("no", "such", "file"));
  expect(none).toMatchObject({ code: "file-unknown", remedy: "/files lists them" });
  expect(none.message).toContain("'no such file'");
});
