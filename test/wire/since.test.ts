import { describe, expect, test } from "bun:test";
import { KINDS, RECORD_KINDS, type RecordKind } from "../../src/wire/kinds.ts";
import { RECORDS_0_2_0 } from "../../src/wire/released.ts";
import { FIELDS_SINCE, KINDS_SINCE, type Since, versionOf } from "../../src/wire/since.ts";

/** Fields that restrict who may read or write, or where a message is shown. */
const RESTRICTING = ["poll", "private", "members", "rules", "thread"];

const OLD_KINDS = Object.keys(RECORDS_0_2_0) as (keyof typeof RECORDS_0_2_0)[];
const NEW_KINDS = Object.keys(KINDS_SINCE) as (keyof typeof KINDS_SINCE)[];
const NEW_FIELDS = Object.entries<Readonly<Record<string, Since>>>(FIELDS_SINCE).flatMap(
  ([kind, rows]) =>
    Object.entries(rows).map(([field, row]) => [kind as RecordKind, field, row] as const),
);

describe("versions of records", () => {
  test("each kind is in 0.2.0 or has a row, never both", () => {
    expect([...OLD_KINDS, ...NEW_KINDS].sort()).toEqual([...RECORD_KINDS].sort());
  });

  test.each(OLD_KINDS)("%s keeps the fields of 0.2.0", (kind) => {
    expect(Object.keys(KINDS[kind].body)).toEqual(expect.arrayContaining([...RECORDS_0_2_0[kind]]));
    expect(versionOf({ kind, body: {} })).toBe("0.2.0");
  });

  test.each(NEW_KINDS)("servers without %s stop at it", (kind) => {
    expect(KINDS_SINCE[kind].server).toBe("stops");
    expect(versionOf({ kind, body: {} })).toBe(KINDS_SINCE[kind].since);
  });

  test.each(NEW_FIELDS)("%s.%s is ignored only if it restricts nothing", (kind, field, row) => {
    const stops = RESTRICTING.includes(field) && kind !== "prefs";
    expect(row.server).toBe(stops ? "stops" : "ignores");
    expect(versionOf({ kind, body: { [field]: 1 } })).toBe(stops ? row.since : "0.2.0");
  });

  test.each([
    ["no body", undefined],
    ["null", null],
    ["a list", ["private"]],
    ["a text", "private"],
    ["an inherited field", Object.create({ private: true })],
  ])("a room record with %s belongs to 0.2.0", (_name, body) => {
    expect(versionOf({ kind: "room", body })).toBe("0.2.0");
  });
});
