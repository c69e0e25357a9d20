import { expect, test } from "bun:test";
import fc from "fast-check";
import { oneLine, plainLine } from "../../../src/core/markup/plain.ts";
import { ANY_CHARACTER } from "../../any-character.ts";
import { ACTIVE, HOSTILE_TEXTS, largestCluster } from "../../hostile-texts.ts";

test.each([
  ["**bold** _and_ ~~not~~ `code`", "bold and ~~not~~ code"],
  ["> said\n\n- one\n- **two**\n1. three", "said • one • two 1. three"],
  ["```js\nlet a\t= *1*;\n```\nso", "let a = *1*; so"],
  ["@bob see www.example.org and #lobby", "@bob see www.example.org and #lobby"],
  ["2*3*4 snake_case_name", "2*3*4 snake_case_name"],
  ["```\n\n```", "``` ```"],
  ["", ""],
])("converts %j to one line", (text, plain) => {
  expect(plainLine(text, 100)).toBe(plain);
});

test("makes formulas and tables readable", () => {
  expect(plainLine("so $a^2 + b^2$ is $$\\frac{c}{2}$$", 80)).toBe("so a² + b² is c/2");
  const table = "| task | points |\n| --- | --- |\n| $x^2$ | 10 |";
  expect(plainLine(table, 80)).toBe("task, points; x², 10");
  expect(plainLine("$5 and $6", 80)).toBe("$5 and $6");
});

test("uses the beginning of a long text, also inside marks", () => {
  expect(plainLine(`**${"long ".repeat(12)}x**`, 20)).toBe("long long long long ");
  expect(plainLine("x".repeat(100_000), 300)).toHaveLength(300);
  expect(plainLine(`**${"x".repeat(100_000)}**`, 300)).toBe(`**${"x".repeat(298)}`);
});

test("keeps all characters of a file name", () => {
  expect(oneLine("_notes_ of\n*all*.txt", 100)).toBe("_notes_ of *all*.txt");
});

test("converts any text to one clean line", () => {
  const texts = fc.oneof(
    fc.constantFrom(...Object.values(HOSTILE_TEXTS)),
    fc.string({ unit: ANY_CHARACTER, maxLength: 200 }),
    fc.stringMatching(/^[*_~`>@#\n 1.a-]{0,60}$/),
  );
  const isClean = (text: string) => {
    const plain = plainLine(text, 100);
    expect(plain).not.toMatch(ACTIVE);
    expect(plain).not.toContain("\n");
    expect(largestCluster(plain)).toBeLessThanOrEqual(16);
    expect(text.trim() !== "" && plain === "" && oneLine(text, 100) !== "").toBe(false);
  };
  for (const text of Object.values(HOSTILE_TEXTS)) isClean(text);
  fc.assert(fc.property(texts, isClean));
});
