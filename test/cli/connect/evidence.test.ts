import { expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { storeEvidence } from "../../../src/cli/connect/client.ts";
import type { AuditEvidence } from "../../../src/client/auditor.ts";
import { tempFolder } from "../../temp-folder.ts";

const EVIDENCE: AuditEvidence = {
  log: "history",
  reason: "forked",
  sentence: "it is not what it was",
  foundAtUnixMs: 1,
  server: "f",
  key: "k",
  user: "ana",
  known: "old note",
  shown: "new note",
  consistency: [],
  records: [],
};

test("stores evidence once, readable by this user only", () => {
  const home = tempFolder();
  const path = storeEvidence(home, EVIDENCE);
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(EVIDENCE);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(home, "evidence")).mode & 0o777).toBe(0o700);
  expect(storeEvidence(home, { ...EVIDENCE, foundAtUnixMs: 2 })).toBe(path);
  expect(storeEvidence(home, { ...EVIDENCE, shown: "another" })).not.toBe(path);
  expect(readdirSync(join(home, "evidence"))).toHaveLength(2);
});
