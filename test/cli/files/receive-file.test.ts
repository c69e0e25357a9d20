import { expect, test } from "bun:test";
import type { Fault } from "../../../src/base/fault.ts";
import type { FileId } from "../../../src/base/ids.ts";
import { RENAMED_LISTED_MAX } from "../../../src/base/limits.ts";
import {
  checkDestination,
  checkOut,
  downloadedJson,
  PropertyReport,
  reportRenamed,
} from "../../../src/cli/files/receive-file.ts";
import type { DownloadedFile } from "../../../src/client/files/transfers.ts";
import { ENGLISH_TERMINAL } from "../../../src/ui/messages/en/terminal.ts";
import { fakeContext } from "../../commands/fake-world.ts";

function folder(renamed: number): DownloadedFile {
  return {
    id: "fAAAAAAAAAAA" as FileId,
    name: "tree\u202e",
    from: "ana",
    path: "/in/tree",
    sizeBytes: 1,
    chunks: 1,
    digest: "00",
    resumedBytes: 0,
    isExisting: false,
    entries: renamed,
    renamed: Array.from({ length: renamed }, (_, i) => ({ from: `a:${i}`, to: `a_${i}` })),
    notKept: [],
  };
}

function said(renamed: number): string[] {
  const lines: string[] = [];
  reportRenamed(folder(renamed), (text) => lines.push(text(ENGLISH_TERMINAL)));
  return lines;
}

test("reports renamed files, and the number of further ones", () => {
  expect(said(0)).toEqual([]);
  expect(said(1)).toEqual(["tree<U+202E>: saved 'a:0' as 'a_0'"]);
  expect(said(RENAMED_LISTED_MAX)).toHaveLength(RENAMED_LISTED_MAX);
  const many = said(RENAMED_LISTED_MAX + 3);
  expect(many).toHaveLength(RENAMED_LISTED_MAX + 1);
  expect(many.at(-1)).toBe("tree<U+202E>: 3 more saved under other names");
});

test("`--out -` takes one file, and neither a terminal nor NDJSON", () => {
  const { context } = fakeContext();
  const refusal = (options: object, isSingle = true) => {
    try {
      checkDestination({ ...context, ...options }, "-", isSingle);
      return undefined;
    } catch (error) {
      return (error as Fault).code;
    }
  };
  expect(refusal({})).toBeUndefined();
  expect(refusal({ json: true })).toBe("usage");
  expect(refusal({ stdout: fakeContext({ terminal: true }).context.stdout })).toBe("usage");
  expect(refusal({}, false)).toBe("usage");
  expect(() => checkOut("-")).toThrow("'-' is not a folder");
});

test("JSON contains the number of renamed files", () => {
  expect(downloadedJson(folder(2))).toMatchObject({ entries: 2, renamed: 2 });
  expect(downloadedJson(folder(0))).not.toHaveProperty("renamed");
});

test("says once what this disk does not keep", () => {
  const lines: string[] = [];
  const report = new PropertyReport();
  for (const notKept of [[], ["times"], ["times", "modes"], ["times", "modes"]] as const)
    report.add({ name: "tree", notKept }, (text) => lines.push(text(ENGLISH_TERMINAL)));
  expect(lines).toEqual([
    "tree: saved, but this disk does not keep times",
    "tree: saved, but this disk does not keep modes",
  ]);
  expect(downloadedJson({ ...folder(0), notKept: ["times"] })).toMatchObject({
    notKept: ["times"],
  });
  expect(downloadedJson(folder(0))).not.toHaveProperty("notKept");
});
