/** Stamps that detect changes to a file. */

import type * as fs from "node:fs";
import { Fault, msg } from "../../base/fault.ts";
import { quoteText } from "../../base/text.ts";

export function stampOf({ dev, ino, size, mtimeNs }: fs.BigIntStats): string {
  return `${dev}.${ino}.${size}.${mtimeNs}`;
}

export function changedFault(path: string): Fault {
  return new Fault("file-changed", msg`${quoteText(path)} changed while it was sent`);
}
