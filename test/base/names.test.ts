import { expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../src/base/fault.ts";
import { NAME_CHARS_MAX } from "../../src/base/limits.ts";
import {
  checkName,
  compareNames,
  foldName,
  formatTarget,
  isName,
  isReservedName,
  parseTarget,
} from "../../src/base/names.ts";

const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/).filter((text) => !/^\d+$/.test(text));

test.each(["a", "Ana", "1a", "_", "-", "4-2", "x".repeat(NAME_CHARS_MAX)])(
  "accepts the name '%s'",
  (text) => {
    expect(checkName(text) as string).toBe(text);
  },
);

const NO_NAMES = ["", "12", "x".repeat(NAME_CHARS_MAX + 1), "a b", "ä", "a\nb", "#a", "@a", "a.b"];

test.each([...NO_NAMES, "\u0430na"])("refuses the name '%s'", (text) => {
  expect(isName(text)).toBe(false);
  expect(() => checkName(text)).toThrow(Fault);
});

test("compares names ignoring case", () =>
  fc.assert(
    fc.property(name, (text) => {
      expect(foldName(checkName(text))).toBe(foldName(checkName(text.toUpperCase())));
    }),
  ));

test("parses rooms and users", () => {
  const lobby = { kind: "room", name: checkName("lobby") } as const;
  expect(parseTarget("lobby")).toEqual(lobby);
  expect(parseTarget("#lobby")).toEqual(lobby);
  expect(parseTarget("@ana")).toEqual({ kind: "person", name: checkName("ana") });
  for (const text of ["", "#", "@", "##a", "@#a", "#@a", "12"]) {
    expect(() => parseTarget(text)).toThrow(Fault);
  }
});

test("parses a formatted target", () =>
  fc.assert(
    fc.property(name, fc.boolean(), (text, person) => {
      const target = parseTarget(person ? `@${text}` : text);
      expect(parseTarget(formatTarget(target))).toEqual(target);
    }),
  ));

test.each([
  "server",
  "Operator",
  "ADMIN",
  "everyone",
  "System",
  "__proto__",
  "Constructor",
  "valueof",
])("reserves the name '%s'", (text) => expect(isReservedName(checkName(text))).toBe(true));

test("sorts names in natural order, ignoring case", () => {
  const names = ["room10", "beta", "room1", "Alpha", "Room2"];
  expect(names.sort(compareNames)).toEqual(["Alpha", "beta", "room1", "Room2", "room10"]);
  expect(compareNames("ROOM", "room")).toBe(0);
});
