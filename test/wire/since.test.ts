import { describe, expect, test } from "bun:test";
import { KINDS, RECORD_KINDS, type RecordKind } from "../../src/wire/kinds.ts";
import { REQUESTS, type RequestKind } from "../../src/wire/messages.ts";
import {
  ADDITIONS,
  announcedVersion,
  FIRST_VERSION,
  isKnownIn,
  newestVersion,
  versionOf,
  versionOfRequest,
} from "../../src/wire/since.ts";
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

describe("with rows of a later version", () => {
  plantVersion();

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
