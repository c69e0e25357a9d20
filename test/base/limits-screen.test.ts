import { expect, test } from "bun:test";
import * as limits from "../../src/base/limits.ts";
import * as page from "../../src/base/limits-page.ts";
import * as screen from "../../src/base/limits-screen.ts";

test("no bound has two homes", () => {
  const others = { ...limits, ...page };
  expect(Object.keys(screen).filter((name) => name in others)).toEqual([]);
});

test("a message fits into the clipboard", () => {
  expect(screen.COPY_BYTES_MAX).toBeGreaterThanOrEqual(limits.TEXT_BYTES_MAX);
});

test("bounds that depend on each other fit together", () => {
  // A paste fits beside what is typed, and what is typed can be undone.
  expect(screen.EDITOR_LENGTH_MAX).toBeGreaterThan(page.PASTE_BYTES_MAX);
  expect(screen.EDITOR_LENGTH_MAX).toBeGreaterThan(limits.TEXT_BYTES_MAX);
  expect(screen.UNDO_LENGTH_MAX).toBeGreaterThan(screen.EDITOR_LENGTH_MAX);
  expect(screen.TYPED_LINE_BYTES_MAX).toBeLessThan(screen.TYPED_FILE_BYTES_MAX);
});
