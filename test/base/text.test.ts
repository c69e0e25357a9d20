import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { CLUSTER_CODE_POINTS_MAX, NOTICE_CODE_POINTS_MAX } from "../../src/base/limits.ts";
import {
  cleanText,
  containsText,
  jsonLine,
  quoteText,
  titleText,
  tsvLine,
  tsvLineOfPaths,
} from "../../src/base/text.ts";
import { ANY_CHARACTER } from "../any-character.ts";
import { sampleSize } from "../samples.ts";

const CONTROL = /[\x00-\x1f\x7f-\x9f]/;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: ANY_CHARACTER }),
      fc.constantFrom(
        ..."\u0000\u001b\u0007\r\n\t\u007f\u009b\u202e\u2066\u200b\ufeff\u200c\u200d\ufe0f",
        ..."\u0301\u0e33\u094d\u0915\u1100\u1161\u{1f3f4}\u{e0067}\u{e007f}\u{1f469}\u{1f3fd}",
        ..."a1 \u2028\u034f\u3164\ud800\udc00\u{1f1e6}\u0600\u0d4e",
        "\ud83d",
      ),
      fc
        .constantFrom("\u0301", "\u1100", "\u0e33", "\u200d", "\ufe0f")
        .map((unit) => unit.repeat(20)),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });

function longestCluster(text: string): number {
  let longest = 0;
  for (const { segment } of segmenter.segment(text)) {
    longest = Math.max(longest, Array.from(segment).length);
  }
  return longest;
}

test("replaces control characters by control pictures", () => {
  expect(cleanText("a\u0000b\u001b[2Jc\u0007\u007f\t\r\n")).toBe("a␀b␛[2Jc␇␡␉␍␊");
});

test("escapes C1, bidi controls and line separators", () => {
  expect(cleanText("\u009b31m")).toBe("<U+009B>31m");
  expect(cleanText("a\u202eb\u2066\u061c")).toBe("a<U+202E>b<U+2066><U+061C>");
  expect(cleanText("\u2028\ufff9")).toBe("<U+2028><U+FFF9>");
});

test("removes isolated zero-width characters", () => {
  expect(cleanText("a\u200bb\ufeffc\u2060d\u00ade")).toBe("abcde");
  expect(cleanText("\u200dx \u200c y\u200d")).toBe("x  y");
  expect(cleanText("a\u200d\u200d\u200db")).toBe("a\u200db");
  expect(cleanText("x\u{e0041}\u{e0042}")).toBe("x");
  expect(cleanText("\ufe0fa\u3164")).toBe("a");
});

test("keeps joiners that shape letters and emoji", () => {
  for (const text of [
    "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466}",
    "\u{1f469}\u{1f3fd}\u200d\u2764\ufe0f\u200d\u{1f48b}\u200d\u{1f468}\u{1f3ff}",
    "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "\u{1f3f3}\ufe0f\u200d\u{1f308}",
    "1\ufe0f\u20e3",
    "می\u200cخواهم", // Persian: "I want"
    "क्\u200dष", // Hindi: half form of ka before ssa
    "ക്\u200d", // Malayalam: chillu at the end of a word
    "שָׁלוֹם",
    "한국어 中文 e\u0301",
  ]) {
    expect(cleanText(text)).toBe(text);
  }
});

test("replaces a lone surrogate by U+FFFD", () => {
  expect(cleanText("a\ud800b\udc00")).toBe("a\ufffdb\ufffd");
});

test("keeps line feeds for display on several lines", () => {
  expect(cleanText("a\r\nb\nc\rd\te", { lines: true })).toBe("a\nb\nc␍d␉e");
});

test("cuts a cluster beyond the maximum length", () => {
  const longest = `Z${"\u0301".repeat(CLUSTER_CODE_POINTS_MAX - 1)}`;
  expect(cleanText(longest)).toBe(longest);
  // One more character adds the mark of a cut.
  expect(cleanText(`${longest}\u0301`)).toBe(`${longest.slice(0, -1)}\ufffd`);
});

test("cuts a tower of marks", () => {
  const cleaned = cleanText(`Z${"\u0301".repeat(200)}algo`);
  expect(longestCluster(cleaned)).toBeLessThanOrEqual(CLUSTER_CODE_POINTS_MAX);
  expect(cleaned.endsWith("algo")).toBe(true);
});

test("removes control characters, bidi controls and long clusters from any text", () =>
  fc.assert(
    fc.property(hostile, fc.boolean(), fc.boolean(), (text, lines, tabs) => {
      const cleaned = cleanText(text, { lines, tabs });
      const rest = lines ? cleaned.replaceAll("\n", "") : cleaned;
      expect(CONTROL.test(tabs ? rest.replaceAll("\t", "") : rest)).toBe(false);
      expect(BIDI.test(cleaned)).toBe(false);
      expect(cleaned.isWellFormed()).toBe(true);
      expect(longestCluster(cleaned)).toBeLessThanOrEqual(CLUSTER_CODE_POINTS_MAX);
    }),
    { numRuns: sampleSize(400, 2_000) },
  ));

test("keeps tabs only if requested", () => {
  expect(cleanText("a\tb")).toBe("a␉b");
  expect(cleanText("a\tb\n", { tabs: true })).toBe("a\tb␊");
  expect(cleanText("a\tb\n", { tabs: true, lines: true })).toBe("a\tb\n");
});

test("is idempotent", () =>
  fc.assert(
    fc.property(hostile, fc.boolean(), fc.boolean(), (text, lines, tabs) => {
      const cleaned = cleanText(text, { lines, tabs });
      expect(cleanText(cleaned, { lines, tabs })).toBe(cleaned);
    }),
    { numRuns: sampleSize(400, 2_000) },
  ));

test("TSV: escapes tab, line feed and backslash", () => {
  expect(tsvLine(["a\tb\nc\\d"])).toBe("a\\tb\\nc\\\\d\n");
  expect(tsvLine(["x", "a\tb", ""])).toBe("x\ta\\tb\t\n");
});

test("TSV: keeps a record on one line with its columns", () =>
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 1, maxLength: 5 }), (fields) => {
      const line = tsvLine(fields);
      expect(line.split("\n")).toHaveLength(2);
      expect(line.split("\t")).toHaveLength(fields.length);
    }),
  ));

test("TSV: keeps printable text readable", () =>
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("\\", "t", "n", "\t", "\n", "x") }), (text) => {
      const names: Record<string, string> = { t: "\t", n: "\n", "\\": "\\" };
      const line = tsvLine([text]);
      const back = line.replaceAll(/\\(.)/g, (_, letter: string) => names[letter] ?? "");
      expect(back).toBe(`${text}\n`);
    }),
  ));

test("cleans and shortens quoted text", () => {
  expect(quoteText("a\nb")).toBe("'a␊b'");
  expect(quoteText("x".repeat(100), 10)).toBe(`'${"x".repeat(10)}...'`);
});

test("shortens a title to one line without semicolons", () => {
  expect(titleText(" 4;1;50\n#lobby\u001b]0;x\u0007 ")).toBe("4,1,50 #lobby␛]0,x␇");
  const longest = "x".repeat(NOTICE_CODE_POINTS_MAX);
  expect(titleText(longest)).toBe(longest);
  expect(titleText(`${longest}x`)).toBe(`${longest.slice(1)}…`);
});

describe("jsonLine", () => {
  test("escapes everything that a terminal, an editor or a pager interprets", () => {
    const line = jsonLine({
      kind: "text",
      text: "\u009b2J\u202eevil\u2028\u2066\u0007\u007f\ud800é漢",
    });
    expect(line).toBe(
      '{"kind":"text","text":"\\u009b2J\\u202eevil\\u2028\\u2066\\u0007\\u007f\\ud800é漢"}\n',
    );
  });

  test("prints one line that parses to the same value", () =>
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: ANY_CHARACTER }), fc.string({ unit: ANY_CHARACTER })),
        (value) => {
          const line = jsonLine(value);
          expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify(value)));
          expect(line.slice(0, -1)).not.toMatch(
            /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/,
          );
          expect(line).toEndWith("}\n");
        },
      ),
    ));

  test("has only one form per value", () => {
    const root = join(import.meta.dir, "../../src");
    const files = [...new Bun.Glob("{cli,commands,server}/**/*.ts").scanSync(root)];
    const others = files.filter((path) => {
      return readFileSync(join(root, path), "utf8").includes("${JSON.stringify(");
    });
    expect(others.toSorted()).toEqual(["cli/membership.ts", "cli/serve/folder.ts"]);
  });
});

test("a path of Windows keeps its backslashes in TSV", () => {
  const path = "\\\\server\\temp\\new";
  expect(tsvLineOfPaths(["f1", path], "win32")).toBe(`f1\t${path}\n`);
  expect(tsvLineOfPaths(["f1", "a\tb\\"], "linux")).toBe(tsvLine(["f1", "a\tb\\"]));
  expect(tsvLineOfPaths(["a\tb\nc"], "win32")).toBe("a\u2409b\u240ac\n");
});

test("finds a part in a text as the runtime does", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 90 });
  const texts = fc.tuple(
    letters,
    fc.oneof(letters, fc.constantFrom("a".repeat(70), "ab".repeat(40))),
  );
  fc.assert(
    fc.property(texts, letters, ([before, part], after) => {
      expect(containsText(before + part + after, part)).toBe(true);
      expect(containsText(before + after, part)).toBe((before + after).includes(part));
    }),
  );
});

test("finds a part in a text that was made to take long", () => {
  const half = "a".repeat(62_500);
  const whole = `${half}${half}c${half.slice(2)}b${half}c${half}b${half.slice(1)}`;
  expect(containsText(whole, `${half}b${half}`)).toBe(false);
  expect(containsText(`${whole}${half}`, `${half}b${half}`)).toBe(true);
}, 5_000);
