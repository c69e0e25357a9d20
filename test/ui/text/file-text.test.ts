import { expect, test } from "bun:test";
import { ENGLISH } from "../../../src/ui/messages/en/page.ts";
import { detailTexts } from "../../../src/ui/text/file-text.ts";

test("shows neither the mode nor the time of a file", () => {
  expect(detailTexts({ mode: 0o644, mtimeMs: 5 }, ENGLISH)).toEqual([]);
  expect(detailTexts(undefined, ENGLISH)).toEqual([]);
});
