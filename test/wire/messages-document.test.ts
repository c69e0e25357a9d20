import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FAULTS } from "../../src/base/fault.ts";
import * as limits from "../../src/base/limits.ts";
import { KINDS } from "../../src/wire/kinds.ts";
import { WIRE_VERSION } from "../../src/wire/messages.ts";
import { expectGolden } from "../golden.ts";
import { limitTable } from "./limit-table.ts";
import { noticeTable, recordText, requestTable, sinceTables } from "./message-tables.ts";

/** Compares PROTOCOL.md with the source. CHAT_GOLDEN=write updates its generated tables. */

const PATH = join(import.meta.dir, "../../docs/design/PROTOCOL.md");
let text = readFileSync(PATH, "utf8");

function documentedFaults(): string[] {
  const [, section = ""] = text.split("\n## Faults\n");
  const [body = ""] = section.split(/\n##/);
  const rows = [...body.matchAll(/^\| (\w+) \| (\d+) \| (.*) \|$/gm)];
  return rows.flatMap(([, blame, exitCode, cell = ""]) =>
    [...cell.matchAll(/`([\w-]+)`/g)].map(([, code]) => `${code}: ${blame}, ${exitCode}`),
  );
}

describe("PROTOCOL.md", () => {
  test.each([
    ["### Notices", noticeTable()],
    ["### Requests", requestTable()],
    ["### What older programs do", sinceTables()],
    ["## Limits", limitTable()],
  ])("contains the table of: %s", (heading, table) => {
    const [before = "", after = ""] = text.split(`\n${heading}\n`);
    const now = [before, after.replace(/^(\|.*\n)+(\n(\|.*\n)+)*/m, `${table}\n`)].join(
      `\n${heading}\n`,
    );
    expectGolden(PATH, now);
    text = now;
  });

  test("describes a record", () => expect(text).toContain(recordText()));

  test("lists each fault once, with its blame and exit code", () => {
    const inSource = Object.entries(FAULTS).map(
      ([code, { blame, exitCode }]) => `${code}: ${blame}, ${exitCode}`,
    );
    expect(documentedFaults().sort()).toEqual(inSource.sort());
  });

  test("lists every kind of record in the history", () => {
    const table = text.split("\n## Records\n")[1] ?? "";
    for (const [kind, { log }] of Object.entries(KINDS)) {
      if (log === "history") expect(table).toContain(`\`${kind}\``);
    }
  });

  test("contains the same numbers as the source", () => {
    const grouped = (number: number) => number.toLocaleString("en-US");
    expect(text).toContain(`version ${WIRE_VERSION} of the protocol`);
    for (const number of [
      limits.MESSAGE_BYTES_MAX,
      limits.MESSAGE_BEFORE_LOGIN_BYTES_MAX,
      limits.REQUESTS_IN_FLIGHT_MAX,
      limits.TEXT_BYTES_MAX,
      limits.CHUNK_BYTES,
      limits.FILE_NAME_BYTES_MAX,
      limits.FOLDER_ENTRIES_MAX,
      limits.MANIFEST_BYTES_MAX,
      limits.PATH_BYTES_MAX,
      limits.UPLOADS_PER_ACCOUNT_MAX,
    ]) {
      expect(text).toContain(grouped(number));
    }
    for (const ms of [
      limits.HELLO_TIMEOUT_MS,
      limits.LOGIN_TIMEOUT_MS,
      limits.PING_INTERVAL_MS,
      limits.IDLE_TIMEOUT_MS,
      limits.TICKET_MS,
    ]) {
      expect(text).toContain(`${ms / 1000} s`);
    }
    expect(text).toContain(`2^${Math.log2(limits.FILE_BYTES_MAX)} bytes`);
    expect(text).toContain(`list of 1 to ${limits.FILE_TARGETS_MAX} targets`);
    expect(text).toContain(`262144 to ${limits.TRANSFER_WINDOW_BYTES_MAX}`);
    expect(text.replaceAll(/\s+/g, " ")).toContain(
      `every ${grouped(limits.TRANSFER_SYNC_BYTES)} bytes`,
    );
    const prose = text.replaceAll(/\s+/g, " ");
    for (const statement of [
      `can have ${limits.DATA_CHANNELS_PER_SESSION_MAX} channels, ` +
        `an account ${limits.DATA_CHANNELS_PER_ACCOUNT_MAX}`,
      `For ${limits.UPLOAD_KEEP_MS / 86_400_000} days after the last chunk`,
      `the last ${limits.FIRST_RECORDS} records`,
      `the last ${limits.CATCH_UP_RECORDS_MAX}`,
      `last ${limits.OUTBOX_IN_FLIGHT_MAX} counters of the ${limits.OUTBOXES_PER_ACCOUNT_MAX}`,
    ]) {
      expect(prose).toContain(statement);
    }
  });
});
