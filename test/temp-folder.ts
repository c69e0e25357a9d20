import { afterAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Creates a folder that is removed after the tests of the file or `describe` block. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "chat-test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
