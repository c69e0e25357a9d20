/** Details of files and folders that may be absent, unreadable or on a disk that fails. */

import { lstatSync, type Stats, statSync } from "node:fs";
import { errorCode } from "./disk.ts";

/** @returns `undefined` for whatever the system cannot look at, for example without a right */
export function statOf(path: string): Stats | undefined {
  return unlessRefused(() => statSync(path));
}

/** Does not follow a link at the end of the path. */
export function linkStatOf(path: string): Stats | undefined {
  return unlessRefused(() => lstatSync(path));
}

function unlessRefused<Result>(look: () => Result): Result | undefined {
  try {
    return look();
  } catch (error) {
    if (errorCode(error) === "") throw error;
    return undefined;
  }
}
