import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { KINDS, RECORD_KINDS, type RecordKind } from "../../src/wire/kinds.ts";
import { REQUESTS, type RequestKind } from "../../src/wire/messages.ts";
import {
  ADDITIONS,
  announcedVersion,
  FIRST_VERSION,
  isKnownIn,
  newestVersion,
  type Version,
  versionOf,
  versionOfRequest,
} from "../../src/wire/since.ts";
import { additionsSince, type Known, knownNow } from "../../tools/release/known.ts";
import { plantVersion } from "../plant.ts";

/** Fields that restrict who may read or write, or where a message is shown. */
const RESTRICTING = ["poll", "private", "members", "rules", "thread"];
/** The tables of the program, without planted rows. */
const OWN = { ...ADDITIONS };

describe("the rows of this program", () => {
  test("name versions, kinds, fields and requests that exist", () => {
    for (const [kind, row] of Object.entries(OWN.kinds)) {
      expect(RECORD_KINDS).toContain(kind as RecordKind);
      expect(OWN.versions).toContain(row.since);
      expect(row.server).toBe("stops");
    }
    for (const [kind, rows] of Object.entries(OWN.fields))
      for (const [field, row] of Object.entries(rows)) {
        expect(Object.keys(KINDS[kind as RecordKind].body)).toContain(field);
        expect(OWN.versions).toContain(row.since);
        const stops = RESTRICTING.includes(field) && kind !== "prefs";
        expect([kind, field, row.server]).toEqual([kind, field, stops ? "stops" : "ignores"]);
      }
    for (const kind of Object.keys({ ...OWN.requests, ...OWN.requestFields }))
      expect(Object.keys(REQUESTS)).toContain(kind);
  });
});

/** Names of rows that are later than `version`, in the form of `additionsSince`. */
function rowsSince({ versions, ...tables }: typeof ADDITIONS, version: Version): string[] {
  const isLater = (since: Version) => versions.indexOf(since) > versions.indexOf(version);
  const fieldsOf = (kinds: object) =>
    Object.entries(kinds).flatMap(([kind, rows]: [string, object]) =>
      Object.entries(rows).map(([field, row]) => [`${kind}.${field}`, row] as const),
    );
  const records = [...Object.entries(tables.kinds), ...fieldsOf(tables.fields)];
  const requests = [...Object.entries(tables.requests), ...fieldsOf(tables.requestFields)];
  return [
    ...records.flatMap(([name, { since }]) => (isLater(since) ? [`record ${name}`] : [])),
    ...requests.flatMap(([name, since]) => (isLater(since) ? [`request ${name}`] : [])),
  ];
}

/** Lists that `npm run release` has written. Before the first release, additions need no rows. */
const RELEASED = readdirSync(import.meta.dir).flatMap((name) => {
  const version = /^known-(.+)\.json$/.exec(name)?.[1];
  return version === undefined ? [] : [version as Version];
});

test("everything that a release lacks has a row, and nothing else", () => {
  for (const version of RELEASED) {
    const path = join(import.meta.dir, `known-${version}.json`);
    const known: Known = JSON.parse(readFileSync(path, "utf8"));
    expect(rowsSince(OWN, version).sort()).toEqual(additionsSince(known, knownNow()).sort());
  }
});

describe("with rows of a later version", () => {
  plantVersion();

  test("finds the row of everything that a release lacks", () => {
    const now = knownNow();
    const without = (table: Known["kinds"], rows: object, fieldRows: object): Known["kinds"] => {
      const left = Object.entries(table).filter(([kind]) => !Object.hasOwn(rows, kind));
      return Object.fromEntries(
        left.map(([kind, fields]) => {
          const lacking = Object.keys((fieldRows as Record<string, object>)[kind] ?? {});
          return [kind, fields.filter((field) => !lacking.includes(field))];
        }),
      );
    };
    const { kinds, fields, requests, requestFields } = ADDITIONS;
    const known = {
      kinds: without(now.kinds, kinds, fields),
      requests: without(now.requests, requests, requestFields),
    };
    const additions = additionsSince(known, now);
    expect(additions).toContain("record poll");
    expect(additions).toContain("record text.thread");
    expect(additions).toContain("request post.thread");
    expect(rowsSince(ADDITIONS, "0.4.0").sort()).toEqual(additions.sort());
    expect(rowsSince(ADDITIONS, "0.5.0")).toEqual([]);
    expect(additionsSince(now, now)).toEqual([]);
  });

  test("a record belongs to the version of its kind, or of a field that restricts", () => {
    expect(newestVersion()).toBe("0.5.0");
    expect(versionOf({ kind: "poll", body: {} })).toBe("0.5.0");
    expect(versionOf({ kind: "room", body: { name: "a" } })).toBe(FIRST_VERSION);
    expect(versionOf({ kind: "room", body: { initiator: "x" } })).toBe(FIRST_VERSION);
    expect(versionOf({ kind: "room", body: { private: true } })).toBe("0.5.0");
    expect([isKnownIn("0.4.0", "poll"), isKnownIn("0.5.0", "poll")]).toEqual([false, true]);
    expect(isKnownIn("0.4.0", "text")).toBe(true);
  });

  test.each([
    ["no body", undefined],
    ["null", null],
    ["a list", ["private"]],
    ["a text", "private"],
    ["an inherited field", Object.create({ private: true })],
  ])("a room record with %s belongs to 0.4.0", (_name, body) => {
    expect(versionOf({ kind: "room", body })).toBe("0.4.0");
  });

  test.each<[RequestKind, object, string]>([
    ["vote", { seq: 1, choices: [] }, "0.5.0"],
    ["topic", { room: "lab", topic: "" }, "0.4.0"],
    ["join", { room: "lab" }, "0.4.0"],
    ["join", { room: "lab", assignment: undefined }, "0.4.0"],
    ["join", { room: "lab", assignment: true }, "0.5.0"],
    ["history", { target: "lab", re: 3 }, "0.4.0"],
    ["post", { body: { text: "a", everyone: true } }, "0.4.0"],
    ["post", { body: { text: "a", thread: true } }, "0.5.0"],
    ["post", { body: null }, "0.4.0"],
    ["post", {}, "0.4.0"],
  ])("a request %s %p needs the version of what the user relies on", (kind, fields, version) => {
    expect(versionOfRequest(kind, { ...fields })).toBe(version as "0.4.0");
  });

  test("a program that announces a later version knows what this one knows", () => {
    expect([undefined, 4, "0.4.0", "0.5.0", "9.0.0", "nonsense"].map(announcedVersion)).toEqual([
      "0.4.0",
      "0.4.0",
      "0.4.0",
      "0.5.0",
      "0.5.0",
      "0.5.0",
    ]);
  });
});
