import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { utf8Encode } from "../../../src/base/bytes.ts";
import { formatLines, formatSafely } from "../../../src/core/irc/format.ts";
import { type LineFields, parseIrcLine, REST_BYTES_MAX } from "../../../src/wire/irc/line.ts";
import { ANY_CHARACTER } from "../../any-character.ts";
import { HOSTILE_TEXTS } from "../../hostile-texts.ts";

const START = "PRIVMSG #lobby :";

function formatText(text: string, tags: Readonly<Record<string, string>> = {}): string {
  return formatSafely({ tags, command: "PRIVMSG", params: ["#lobby", text] });
}

describe("the length of a line", () => {
  test("is at most 510 bytes", () => {
    const longest = "x".repeat(REST_BYTES_MAX - START.length);
    expect(formatText(longest)).toBe(`${START}${longest}`);
    expect(formatText(`${longest}x`)).toBe(`${START}${longest}`);
    expect(formatText(`${longest}${"x".repeat(70_000)}`)).toBe(`${START}${longest}`);
  });

  test("is counted in bytes, and the cut is between characters", () => {
    const longest = "é".repeat((REST_BYTES_MAX - START.length) / 2);
    expect(utf8Encode(formatText(longest))).toHaveLength(REST_BYTES_MAX);
    expect(formatText(`${longest}é`)).toBe(`${START}${longest}`);
    expect(formatText(`x${longest}`)).toBe(`${START}x${longest.slice(1)}`);
  });

  test("does not include the tags", () => {
    const longest = "x".repeat(REST_BYTES_MAX - START.length);
    const label = "y".repeat(64);
    expect(formatText(longest, { label })).toBe(`@label=${label} ${START}${longest}`);
  });
});

describe("several lines", () => {
  const tags = { time: "now" };
  const field = fc.constantFrom("", "a", ":a", " ", "a b", "\r\nQUIT", "é".repeat(300), "ben");
  const line = fc.record({
    tags: fc.constantFrom(tags, undefined, { time: "now" }, { label: "a" }),
    source: fc.constantFrom("ana!ana@chat", undefined),
    command: fc.constantFrom("PRIVMSG", "BATCH", "TOPIC"),
    params: fc.array(field, { maxLength: 3 }),
  });

  test("are formatted as each of them alone", () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        const alone = lines.map((item) => `${formatSafely(item as LineFields)}\r\n`);
        expect(formatLines(lines as LineFields[])).toBe(alone.join(""));
      }),
    );
  });
});

describe("a parameter before the last", () => {
  test.each([
    ["a b  c", "a_b__c"],
    ["", "*"],
    [":a", "*"],
    ["a\r\nQUIT", "a_QUIT"],
    ["\0", "_"],
    ["x".repeat(100), "x".repeat(100)],
    ["x".repeat(101), "x".repeat(100)],
    ["é".repeat(51), "é".repeat(50)],
    [`x${"é".repeat(50)}`, `x${"é".repeat(49)}`],
  ])("%p becomes %p", (param, shown) => {
    expect(formatSafely({ command: "KICK", params: [param, "x"] })).toBe(`KICK ${shown} :x`);
  });
});

test("text never ends its line", () => {
  expect(formatText("a\r\nQUIT :b\0c\r\r\n\n")).toBe(`${START}a QUIT :b c `);
});

test("a tag never ends its line or its value", () => {
  expect(formatText("x", { label: "a\r\n\0 ;b" })).toBe(`@label=a\\r\\n\\s\\:b ${START}x`);
});

test("any texts form one line with the same number of parameters", () => {
  const hostile = Object.values(HOSTILE_TEXTS).map((text) => text.toWellFormed());
  const text = fc.oneof(
    fc.constantFrom(...hostile),
    fc.string({ unit: ANY_CHARACTER, maxLength: 700 }),
  );
  const params = fc.array(text, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(params, text, (texts, label) => {
      const line = formatSafely({ tags: { label }, command: "NOTICE", params: texts });
      expect(line).not.toMatch(/[\r\n\0]/);
      const rest = line.slice(line.indexOf(" ") + 1);
      expect(utf8Encode(rest).length).toBeLessThanOrEqual(REST_BYTES_MAX);
      expect(parseIrcLine(utf8Encode(rest))).toMatchObject({ params: { length: texts.length } });
    }),
  );
});
