import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { utf8Encode } from "../../../src/base/bytes.ts";
import {
  cleanIrc,
  ircFromMarkdown,
  markdownFromIrc,
  parseCtcp,
  splitText,
} from "../../../src/core/irc/text.ts";
import { formatLine } from "../../../src/wire/irc/line.ts";
import { ANY_CHARACTER } from "../../any-character.ts";
import { HOSTILE_TEXTS } from "../../hostile-texts.ts";

const BOLD = "\x02";
const ITALIC = "\x1d";
const STRIKE = "\x1e";
const CODE = "\x11";

const anyOf = (signs: string) => fc.string({ unit: fc.constantFrom(...signs), maxLength: 60 });
const anyText = fc.oneof(
  fc.constantFrom(...Object.values(HOSTILE_TEXTS)),
  fc.string({ unit: ANY_CHARACTER, maxLength: 200 }),
  fc.stringMatching(/^[*_~`>@#\n 1.a\\-]{0,60}$/),
  anyOf("\0\x01\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f\x1b\x85\r\n\t a09f,*_~`"),
  anyOf("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200f א\n*"),
);

describe("from Markdown", () => {
  test.each([
    ["**bold** _and_ ~~not~~ `code`", "\x02bold\x02 \x1dand\x1d ~~not~~ `code`"],
    ["***both*** *_nested_ once*", "\x02\x1dboth\x02\x1d \x1dnested once\x1d"],
    ["**a `b` c**", "\x02a `b` c\x02"],
    ["2*3*4 snake_case_name \\*plain\\*", "2*3*4 snake_case_name *plain*"],
    ["@bob see https://example.org/a_b_c and #lobby", undefined],
    ["> said\n- one\n* **two**\n1. three", "> said\n- one\n- \x02two\x02\n1. three"],
    ["- a\n  b\n  - c", "- a\n  b\n  - c"],
    ["so:\n\n- a\n\n  b\n\n\n> c\n\nd", "so:\n\n- a\n  \n  b\n\n\n> c\n\nd"],
    ["so:\n```py\nf(**a)\n\n\tx\n```\nend", "so:\nf(**a)\n\n\tx\nend"],
    ["**two\nlines**", "\x02two\x02\n\x02lines\x02"],
    ["a\r\nb\rc", "a\nb\nc"],
    ["", ""],
  ])("renders %j", (text, rendered) => {
    expect(ircFromMarkdown(text)).toBe(rendered ?? text);
  });

  test("removes controls, and keeps a CTCP mark visible", () => {
    expect(ircFromMarkdown("\x01ACTION x\x01")).toBe("␁ACTION x␁");
    expect(ircFromMarkdown("\x0304red\x02b\x1b[31m\0\x7f\u0085é\tx")).toBe("04redb[31mé\tx");
  });

  test("shows the first 500 lines of a message", () => {
    const lines = (count: number) => "a\n".repeat(count - 1);
    expect(ircFromMarkdown(`${lines(500)}b`)).toBe(`${lines(500)}b`);
    expect(ircFromMarkdown(`${lines(501)}b`)).toBe(`${lines(501)}[lines omitted: 1]`);
    expect(ircFromMarkdown(lines(65_537))).toBe(`${lines(501)}[lines omitted: 65037]`);
  });

  test("leaves the marks of a text with more than 200", () => {
    expect(ircFromMarkdown("*a* ".repeat(100))).toBe("\x1da\x1d ".repeat(100));
    expect(ircFromMarkdown("*a* ".repeat(101))).toBe("*a* ".repeat(101));
    const lines = (count: number) => `**a**${"\n".repeat(count)}b`;
    expect(ircFromMarkdown(lines(196))).toStartWith("\x02a\x02");
    expect(ircFromMarkdown(lines(197))).toStartWith("**a**");
  });

  test("removes zero-width characters of a text with more than 500", () => {
    const family = "👩\u200d👧";
    expect(ircFromMarkdown(family.repeat(500))).toBe(family.repeat(500));
    expect(ircFromMarkdown(family.repeat(501))).toBe("👩👧".repeat(501));
    expect(ircFromMarkdown(`a\t${family.repeat(501)}\nb`)).toEndWith("👧\nb");
  });

  test("ends bidi controls on their line", () => {
    expect(ircFromMarkdown("\u202eabc\ndef")).toBe("\u202eabc\u202c\ndef");
    expect(ircFromMarkdown("\u2067a\u202bb")).toBe("\u2067a\u202bb\u202c\u2069");
    expect(ircFromMarkdown("\u2067a\u202bb\u2069c\u202c")).toBe("\u2067a\u202bb\u2069c");
    expect(ircFromMarkdown("\u202aa\u2066b\u202cc\u2069")).toBe("\u202aa\u2066bc\u2069\u202c");
    expect(ircFromMarkdown("a\u2069b\u202cc\u200fd")).toBe("abc\u200fd");
    expect(ircFromMarkdown("\u202e".repeat(5))).toBe("\u202e".repeat(4) + "\u202c".repeat(4));
  });

  test("renders any text as lines that are safe and complete", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const rendered of ircFromMarkdown(text).split("\n")) {
          expect(rendered).not.toMatch(/[\0\x01\x03-\x08\x0a-\x1c\x1e\x1f\x7f-\x9f]/);
          expectComplete(rendered);
          if (text.length > 2_000) continue;
          expect(() => formatLine({ command: "PRIVMSG", params: ["a", rendered] })).not.toThrow();
        }
      }),
    );
  });

  test("renders plain text as it would after other lines", () => {
    const plain = fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9 ,.!?'"()-]{0,30}$/),
      fc.stringMatching(/^[1a][1a.) -]{0,7}$/),
    );
    fc.assert(
      fc.property(plain, (text) => {
        fc.pre(!/^\d+[.)]/.test(text));
        expect(ircFromMarkdown(text)).toBe(text);
        expect(ircFromMarkdown(`é\n\n${text}`)).toBe(`é\n\n${text}`);
      }),
    );
  });

  test("cleans a text without markup", () => {
    expect(cleanIrc("**a**\x02\0\u202e")).toBe("**a**\u202e\u202c");
  });
});

/** Every style and bidi control ends. */
function expectComplete(line: string): void {
  for (const code of [BOLD, ITALIC]) expect(line.split(code).length % 2).toBe(1);
  const count = (controls: RegExp) => line.match(controls)?.length ?? 0;
  expect(count(/\u2069/g)).toBe(count(/[\u2066-\u2068]/g));
  expect(count(/\u202c/g)).toBeLessThanOrEqual(count(/[\u202a\u202b\u202d\u202e]/g));
}

describe("to Markdown", () => {
  test.each([
    ["plain *text* with **marks** and\ttab", undefined],
    ["\x02bold\x02 \x1dand\x1d \x1enot\x1e \x11code\x11", "**bold** *and* ~~not~~ `code`"],
    ["\x02\x1dboth\x1d\x02 \x02\x11code\x02\x11", "***both*** **`code`**"],
    ["\x02 spaced \x02x", " **spaced** x"],
    ["\x02unclosed", "**unclosed**"],
    ["\x02a \x1db\x02 c", "**a** ***b*** *c*"],
    ["\x02a\x0f b \x02\x02c", "**a** b c"],
    ["\x02one\ntwo", "**one**\ntwo"],
    ["\x02a\x02\x02b\x02", "**ab**"],
    ["in\x02side\x02 a word \x02x\x02y", "inside a word xy"],
    ["(\x02a\x02), \x1d重\x1d点", "(**a**), *重*点"],
    ["\x02a * b\x02 \x02 \x02", "**a * b**  "],
    ["\x02a*b*\x02 \x1da*\x1d", "a*b* a*"],
    ["\x11a`b\x11 \x11``\x11 \x11**x**\x11", "`` a`b `` `` `**x**`"],
    ["\x0304,12red\x03 \x0312345 \x03,5 \x04ff0000,00ff00x\x04y", "red 345 ,5 xy"],
    ["\x1funder\x1f \x16reverse\x16 \x0fa\x01b\0c\x85d\x1b[m", "under reverse abcd[m"],
    ["a\r", "a"],
  ])("converts %j", (text, markdown) => {
    expect(markdownFromIrc(text)).toBe(markdown ?? text);
  });

  test("removes all controls of any text, and changes nothing else without codes", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const markdown = markdownFromIrc(text);
        expect(markdown).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f]/);
        if (!/[\0-\x08\x0b-\x1f\x7f-\x9f]/.test(text)) expect(markdown).toBe(text);
      }),
    );
  });

  test("keeps the style of each word", () => {
    const word = fc.tuple(
      fc.stringMatching(/^[a-zé重(),.:@#1]{1,6}$/u),
      fc.subarray([BOLD, ITALIC, STRIKE, CODE]),
    );
    const clean = /^[a-z重é1][^(),.:@#]*$/u;
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) => {
        const styled = words
          .map(([text, codes]) => [clean.test(text) ? text : "x", codes.join("")] as const)
          .map(([text, codes]) => `${codes}${text}${codes}`)
          .join(" ");
        const rendered = ircFromMarkdown(markdownFromIrc(styled));
        const coded = rendered.replaceAll("~~", STRIKE).replaceAll("`", CODE);
        expect(parseStyles(coded)).toEqual(parseStyles(styled));
      }),
    );
  });

  test("takes linear time", () => {
    const spaces = `${BOLD}a${" ".repeat(60_000)}b${BOLD}`;
    expect(markdownFromIrc(spaces)).toBe(`**a${" ".repeat(60_000)}b**`);
  });

  test("drops the styles of a text that changes them too often", () => {
    const styled = (count: number) => `${BOLD}a${BOLD}\n`.repeat(count);
    expect(markdownFromIrc(styled(1_000))).toBe("**a**\n".repeat(1_000));
    expect(markdownFromIrc(styled(1_001))).toBe("a\n".repeat(1_001));
  });
});

/** The styles of each character that is not a space. */
function parseStyles(text: string): readonly string[] {
  const styles = new Set<string>();
  const found: string[] = [];
  for (const sign of text) {
    if (!/[\x02\x11\x1d\x1e]/.test(sign)) {
      if (sign !== " ") found.push(`${[...styles].sort().join("")}${sign}`);
    } else if (!styles.delete(sign)) styles.add(sign);
  }
  return found;
}

describe("splits a text", () => {
  test("at line ends, without blank lines", () => {
    expect(splitText("a\r\nb\n\n \n\rc ", 100)).toEqual(["a", "b", "c "]);
    expect(splitText("", 100)).toEqual([]);
  });

  test("after the last space that fits", () => {
    const [first, second] = ["a".repeat(60), "b".repeat(60)];
    expect(splitText(`${first} ${second}`, 100)).toEqual([`${first} `, second]);
    expect(splitText(`${first}${second}`, 100)).toEqual([
      `${first}${"b".repeat(26)}`,
      "b".repeat(34),
    ]);
    expect(splitText(`  ${first}${second}`, 100)[0]).toBe(`  ${first}${"b".repeat(24)}`);
    expect(splitText("x".repeat(100), 100)).toEqual(["x".repeat(100)]);
    expect(splitText(`é${"x".repeat(98)}`, 100)).toHaveLength(1);
    expect(splitText(`é${"x".repeat(99)}`, 100)).toHaveLength(2);
  });

  test("between grapheme clusters, and inside one that is too long", () => {
    const family = "\u{1f469}\u200d\u{1f469}\u200d\u{1f466}";
    const parts = splitText(family.repeat(20), 100);
    expect(parts.every((part) => part.length % family.length === 0)).toBe(true);
    const accented = `${"x".repeat(85)}e\u0301${"x".repeat(20)}`;
    expect(splitText(accented, 100)).toEqual(["x".repeat(85), `e\u0301${"x".repeat(20)}`]);
    const marks = `a${"\u0301".repeat(200)}`;
    expect(splitText(marks, 100).join("")).toBe(marks);
  });

  test("ends styles and bidi controls in each part and continues them in the next", () => {
    const text = `${BOLD}${"word ".repeat(30)}\u202b${"א ".repeat(30)}\u202c${BOLD}`;
    const parts = splitText(text, 100);
    expect(parts[0]).toStartWith(BOLD);
    expect(parts[1]).toStartWith(BOLD);
    expect(parts.at(-1)).toStartWith(`${BOLD}\u202b`);
    for (const part of parts) expectComplete(part);
    expect(parseStyles(parts.join("")).filter((found) => /[a-zא]/.test(found))).toEqual(
      parseStyles(text).filter((found) => /[a-zא]/.test(found)),
    );
  });

  test("of any content into parts that fit and are complete", () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 60, max: 600 }), (text, bytesMax) => {
        const rendered = ircFromMarkdown(text);
        const parts = splitText(rendered, bytesMax);
        for (const part of parts) {
          expect(utf8Encode(part).length).toBeLessThanOrEqual(bytesMax);
          expect(part.trim()).not.toBe("");
          expectComplete(part);
        }
        const visible = (lines: string) =>
          lines.replaceAll(/[\s\x02\x1d\u202a-\u202e\u2066-\u2069]/g, "");
        expect(visible(parts.join(""))).toBe(visible(rendered));
      }),
    );
  });

  test("refuses parts too short for the controls at their ends", () => {
    expect(() => splitText("a", 59)).toThrow("too short");
  });
});

test.each([
  ["\x01ACTION waves \x01", { command: "ACTION", text: "waves " }],
  ["\x01action", { command: "ACTION", text: "" }],
  ["\x01PING  1\x01 x", { command: "PING", text: " 1" }],
  ["\x01", { command: "", text: "" }],
  ["\x01\x01", { command: "", text: "" }],
  ["a\x01ACTION\x01", undefined],
  ["", undefined],
])("reads %j as CTCP", (text, ctcp) => {
  expect(parseCtcp(text)).toEqual(ctcp);
});
