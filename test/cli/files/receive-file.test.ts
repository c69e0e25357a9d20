import { expect, test } from "bun:test";
import type { FileId } from "../../../src/base/ids.ts";
import { RENAMED_LISTED_MAX } from "../../../src/base/limits.ts";
import { downloadedJson, reportRenamed } from "../../../src/cli/files/receive-file.ts";
import type { DownloadedFile } from "../../../src/client/transfer/transfers.ts";
import { ENGLISH_TERMINAL } from "../../../src/ui/messages/en/terminal.ts";

function folder(renamed: number): DownloadedFile {
  return {
    ...{ id: "fAAAAAAAAAAA" as FileId, name: "tree\u202e", from: "ana", path: "/in/tree" },
    ...{ sizeBytes: 1, chunks: 1, digest: "00", resumedBytes: 0, entries: renamed },
    renamed: Array.from({ length: renamed }, (_, i) => ({ from: `a:${i}`, to: `a_${i}` })),
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

test("JSON contains the number of renamed files", () => {
  expect(downloadedJson(folder(2))).toMatchObject({ entries: 2, renamed: 2 });
  expect(downloadedJson(folder(0))).not.toHaveProperty("renamed");
});
