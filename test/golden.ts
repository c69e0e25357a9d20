import { expect } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** `CHAT_GOLDEN=write` records what the tests of golden files find, for another review. */
export const RECORDS_GOLDEN = process.env["CHAT_GOLDEN"] === "write";

/** Compares a text with a reviewed file. */
export function expectGolden(path: string, actual: string): void {
  if (RECORDS_GOLDEN) writeFileSync(path, actual);
  expect(actual).toBe(existsSync(path) ? readFileSync(path, "utf8") : "");
}

/** Compares a text with a row of a reviewed JSON file. */
export function expectGoldenRow(path: string, name: string, actual: string): void {
  const rows: Record<string, string> = JSON.parse(readFileSync(path, "utf8"));
  if (RECORDS_GOLDEN && rows[name] !== actual) {
    rows[name] = actual;
    writeFileSync(path, `${JSON.stringify(rows, undefined, 2)}\n`);
  }
  expect(rows[name] ?? `nothing is recorded for ${name}: CHAT_GOLDEN=write`).toBe(actual);
}
