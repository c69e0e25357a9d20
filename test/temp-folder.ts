import { afterAll } from "bun:test";
import { accessSync, constants, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeFolder } from "./remove-folder.ts";

/** A folder in memory if the system has one, because syncing a real disk takes milliseconds. */
export const MEMORY_FOLDER = isWritable("/dev/shm") ? "/dev/shm" : tmpdir();

/** Creates a folder that is removed after the tests of the file or `describe` block. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "chat-test-"));
  afterAll(() => removeFolder(folder));
  return folder;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
