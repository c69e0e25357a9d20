import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { NAME_CHARS_MAX } from "../../src/base/limits.ts";
import { checkName, foldName, isName, isReservedName } from "../../src/base/names.ts";
import { checkNewName, checkTypedName, proposeName } from "../../src/base/new-names.ts";
import { ANY_CHARACTER } from "../any-character.ts";
import { faultFrom } from "../commands/fake-world.ts";

const folded = (...names: readonly string[]) =>
  new Set(names.map((name) => foldName(checkName(name))));
test.each(["server", "ADMIN", "__proto__", "toString"])(
  "rejects the new name '%s'",
  async (text) => {
    const { code, message, remedy } = await faultFrom(() => checkNewName(text));
    expect([code, message]).toEqual(["name-invalid", expect.stringContaining("is reserved")]);
    expect(remedy).toBe(`choose another name, such as user-${text}`);
  },
);

test.each(["ana", "serverina", "admin2", "_here", "proto"])("accepts the new name '%s'", (text) => {
  expect(checkNewName(text) as string).toBe(text);
});

test("refuses an invalid name and proposes a valid one", async () => {
  expect(checkTypedName("server") as string).toBe("server"); // Names of older accounts are allowed.
  const { code, remedy } = await faultFrom(() => checkTypedName("Jürgen Müller"));
  expect(code).toBe("name-invalid");
  expect(remedy).toMatch(/^use 1 to 32 letters.* not only digits, such as Juergen-Mueller$/);
  expect((await faultFrom(() => checkNewName("a b"))).message).toContain("is not a valid");
});

const typed = fc.oneof(
  fc.string({ unit: ANY_CHARACTER, maxLength: 80 }),
  fc.string({ unit: "grapheme", maxLength: 80 }),
  fc.stringMatching(/^[A-Za-z0-9_ -]{0,40}$/),
  fc.constantFrom("server", "Operator", "__proto__", "constructor", "42", "", " ", "-", "\ud800"),
);

describe("proposeName", () => {
  test.each([
    ["Ana", "Ana"],
    ["Jürgen Müller", "Juergen-Mueller"],
    ["ÄÖÜß", "AeOeUess"],
    ["A\u0308nne", "Aenne"],
    ["Søren Łukasz", "Soren-Lukasz"],
    ["  spaces   around  ", "spaces-around"],
    ["ana@example.org", "ana-example-org"],
    ["snake_case", "snake_case"],
    ["ａｎａ", "ana"],
    ["42", "user-42"],
    ["Admin", "user-Admin"],
    ["__proto__", "user-__proto__"],
    ["", "user"],
    ["田中", "user"],
    ["\u{1F600}", "user"],
    ["x".repeat(40), "x".repeat(32)],
    [`${"x".repeat(31)} y`, "x".repeat(31)],
  ])("proposes for %p the name %p", (text, name) => {
    expect<string>(proposeName(text)).toBe(name);
  });

  test("adds a number to a taken name, ignoring case", () => {
    expect<string>(proposeName("Ana", folded("ana"))).toBe("Ana-2");
    expect<string>(proposeName("ana", folded("ana", "ANA-2"))).toBe("ana-3");
    expect<string>(proposeName("ana-2", folded("ana-2"))).toBe("ana-3");
    expect<string>(proposeName("x".repeat(32), folded("x".repeat(32)))).toBe(`${"x".repeat(30)}-2`);
    expect<string>(proposeName("田中", folded("user"))).toBe("user-2");
  });

  test("proposes a valid, short and free name", () =>
    fc.assert(
      fc.property(typed, fc.array(typed, { maxLength: 8 }), (text, others) => {
        const taken = new Set(others.filter(isName).map(foldName));
        for (let i = 0; i < 4; i++) taken.add(foldName(proposeName(text, taken)));
        const name = proposeName(text, taken);
        expect<string>(checkNewName(name)).toBe(name);
        expect(name.length).toBeLessThanOrEqual(NAME_CHARS_MAX);
        expect(taken.has(foldName(name))).toBe(false);
      }),
    ));

  test("returns the text itself if it is valid and free", () =>
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/), (text) => {
        fc.pre(isName(text) && !isReservedName(text));
        expect<string>(proposeName(text)).toBe(text);
      }),
    ));

  test("accepts text of any length", () => {
    expect(isName(proposeName("\u{1D165}\u0308ab ".repeat(1_000_000)))).toBe(true);
  });
});
