import { expect, test } from "bun:test";
import { highlight } from "../../../src/ui/text/highlight.ts";

test("divides code into parts with roles, and keeps its text", () => {
  const code = 'def half(x):  # of "it"\n    return "a" + 2.5';
  const parts = highlight("PY", code) ?? [];
  expect(parts.map(({ text }) => text).join("")).toBe(code);
  const roles = Object.fromEntries(parts.map(({ text, role }) => [text, role]));
  expect(roles).toMatchObject({
    def: "keyword",
    half: "name",
    '# of "it"': "comment",
    '"a"': "string",
    "2.5": "number",
  });
});

test.each([
  ["klingon", "x"],
  ["", "x"],
  ["py", "x".repeat(20_001)],
])("leaves code without colours: %s", (language, code) => {
  expect(highlight(language, code)).toBeUndefined();
});
