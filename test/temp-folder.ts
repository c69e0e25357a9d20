import { afterAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new folder, removed when the tests of the file (or of the `describe` block) have ended. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "chat-test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
