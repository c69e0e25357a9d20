/** Evidence files that prove that a server rewrote its log. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { jsonLine } from "../../base/text.ts";
import type { AuditEvidence } from "../../client/auditor.ts";
import { writeSmallFile } from "../../io/disk/data-folder.ts";

const FOLDER = "evidence";
const DIGITS = 16;

export function storeEvidence(home: string, evidence: AuditEvidence): string {
  const { reason, known, shown } = evidence;
  const name = createHash("sha256")
    .update(JSON.stringify([reason, known, shown]))
    .digest("hex")
    .slice(0, DIGITS);
  const folder = join(home, FOLDER);
  const path = join(folder, `${name}.json`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!existsSync(path)) writeSmallFile(path, jsonLine(evidence));
  return path;
}
