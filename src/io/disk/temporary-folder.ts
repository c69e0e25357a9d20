/** Private folders for temporary files. */

import { mkdtempSync, readdirSync } from "node:fs";
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
    throw temporaryFolderFault(error, parent);
  }
}

function temporaryFolderFault(error: unknown, parent: string): Fault {
  const { code, message } = diskFault(error, parent);
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
