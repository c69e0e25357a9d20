/** Private folders for temporary files. */

import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault, fixedText, msg } from "../../base/fault.ts";
import { diskFault, errorCode } from "./disk.ts";
import { removeFolderNow } from "./open-elsewhere.ts";
import { restrictAccess } from "./private-path.ts";

/** @throws {Fault} store-…, naming the folder that the environment sets for temporary files */
export function makeTemporaryFolder(prefix: string): string {
  const parent = tmpdir();
  try {
    const path = mkdtempSync(join(parent, prefix));
    restrictAccess(path);
    return path;
  } catch (error) {
    throw temporaryFolderFault(diskFault(error, parent));
  }
}

export interface TemporaryFile {
  readonly path: string;
  remove(): void;
}

/**
 * A private file in a folder of its own.
 * @throws {Fault} store-…
 */
export function makeTemporaryFile(prefix: string, name: string, text: string): TemporaryFile {
  const folder = makeTemporaryFolder(prefix);
  const remove = () => removeTemporaryFolder(folder);
  const path = join(folder, name);
  try {
    writeFileSync(path, text, { mode: 0o600 });
  } catch (error) {
    remove();
    throw temporaryFolderFault(diskFault(error, path));
  }
  return { path, remove };
}

/** Names the user's folder for temporary files instead of an internal one. */
export function temporaryFolderFault(error: unknown): unknown {
  if (!(error instanceof Fault) || errorCode(error.cause) === "") return error;
  if (!error.code.startsWith("store-")) return error;
  const { code, message } = diskFault(error.cause, tmpdir());
  return new Fault(code, msg`no temporary files can be created: ${message}`, {
    remedy: fixedText("set TMPDIR to a folder in which you can create files"),
    cause: error,
  });
}

/** Paths in the folder for temporary files. Empty if the folder cannot be listed. */
export function listTemporaryFolders(prefix: string): string[] {
  const parent = tmpdir();
  try {
    const names = readdirSync(parent).filter((name) => name.startsWith(prefix));
    return names.map((name) => join(parent, name));
  } catch (error) {
    if (errorCode(error) === "") throw error;
    return [];
  }
}

/** Leaves what the disk refuses to remove. */
export function removeTemporaryFolder(path: string): void {
  try {
    removeFolderNow(path);
  } catch (error) {
    if (errorCode(error) === "") throw error;
  }
}
