import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CLUSTER_CODE_POINTS_MAX } from "../../../src/base/limits.ts";
import { cleanText } from "../../../src/base/text.ts";
import { parseLines, parseMarkup } from "../../../src/core/markup/blocks.ts";
import { ACTIVE, HOSTILE_TEXTS, largestCluster } from "../../hostile-texts.ts";
import { sampleSize } from "../../samples.ts";
import { depthOf, lettersOf, linksOf, outline } from "./rendered.ts";

const NAMES = new Set(["bob"]);

function read(text: string): string {
  return outline(parseMarkup(text, NAMES));
}

test.each([
  ["a\n\n- b\n\nc", "a\n¶[list:• b]¶\nc"],
  ["- a\n\n- b", "[list:• a]¶¶[list:• b]"],
  ["- a\n\n  b\n\n  - c", "[list:• a\n\nb\n¶[list:• c]]"],
  ["> a\n> \n> - b\n\n\nc", "[quote:a\n¶[list:• b]]¶\n\nc"],
  ["```\n\n```\n\n", "[pre :]¶\n"],
  ["\n", "\n"],
])("keeps the blank lines of %j if requested", (text, tree) => {
  expect(outline(parseLines(text.split("\n")))).toBe(tree);
});

test.each([
  ["```\n\tx = 1\n```", "[pre :\tx = 1]"],
  ["```py\nx\n\ny\n```", "[pre py:x\n\ny]"],
  ["see\n\n```c++\nx\n```\n\nso", "see¶[pre c++:x]¶so"],
  ["```\n**no** `x` @bob\n```", "[pre :**no** `x` @bob]"],
  ["```\nnot ended\nyet", "[pre :not ended\nyet]"],
  ["````\n```\n````", "[pre :```]"],
  ["```one two\nthree```\nfour", "[pre :one two\nthree]¶four"],
  ["```one line```", "[code:one line]"],
  ["```", "```"],
  ["```js", "```js"],
  ["a ```", "a ```"],
  ["  ```\n    x\n  ```", "[pre :  x]"],
])("parses fenced code: %j", (text, tree) => {
  expect(read(text)).toBe(tree);
});

test.each([
  ["> a\n> b\nc", "[quote:a\nb]¶c"],
  ["> > a\n> b", "[quote:[quote:a]¶b]"],
  ["> ```\n> x\n> ```", "[quote:[pre :x]]"],
  [">_< >:( x > y", ">_< >:( x > y"],
  ["a\n- b\n* c", "a¶[list:• b|• c]"],
  ["- a\n  - b\n    more\n- c", "[list:• a¶[list:• b\nmore]|• c]"],
  ["- a\n\tb", "[list:• a\nb]"],
  ["2. a\n9) b", "[list:2. a|9) b]"],
  ["1. a\n   ```\n   x\n   ```\n2. b", "[list:1. a¶[pre :x]|2. b]"],
  ["- a\n\nb", "[list:• a]¶b"],
  ["-5 degrees\n*\n1.5", "-5 degrees\n*\n1.5"],
  ["> > > > > > a", "[quote:[quote:[quote:[quote:> > a]]]]"],
  ["- - - - - - a", "[list:• [list:• [list:• [list:• - - a]]]]"],
])("parses quotes and lists: %j", (text, tree) => {
  expect(read(text)).toBe(tree);
});

test.each([
  ["# Plan\n## *a* @bob", "[h1:Plan]¶[h2:[i:a] [mention:@bob]]"],
  ["a | b\n--|:-:", "[table lc:a|b]"],
  ["| a | b |\n|---|--:|\n| 1 | **2** |\nend", "[table lr:a|b/1|[b:2]]¶end"],
  ["a|b\n-|-\nx\\|y|`z`|more\nq|", "[table ll:a|b/x|y|[code:z] | more/q|]"],
  ["- a|b\n  -|-\n  1|2", "[list:• [table ll:a|b/1|2]]"],
])("parses headings and tables: %j", (text, tree) => {
  expect(read(text)).toBe(tree);
});

test("draws at most 200 rows of a table", () => {
  const [table, rest] = parseMarkup(`a|b\n-|-\n${"1|2\n".repeat(300)}`, NAMES);
  expect(table?.kind === "table" && table.rows.length).toBe(200);
  expect(rest?.kind).toBe("lines");
});

test.each([
  "if x:\n\treturn",
  "a\n\n\nb",
  "  indented, and a blank behind  ",
  "#### deeper",
  "# ",
  "a | b\n--|-x",
  "a | b\n--",
  "a | b | c\n--|--",
  `${"a|".repeat(25)}a\n${"-|".repeat(25)}-`,
  "---",
  "",
  " \n ",
])("keeps text without markup: %j", (text) => {
  expect(read(text)).toBe(text);
});

const pieces = fc.constantFrom(
  ...["*", "**", "_", "__", "~~", "`", "``", "```", "\\", "\n", "\n\n", " ", "\t", "> ", "- "],
  ...["1. ", "@", "#", "(", ")", ".", "a", "bob", "ü", "漢", "👩‍💻", "www.b.example"],
  ...["https://a.example/", ...Object.values(HOSTILE_TEXTS).filter(({ length }) => length < 500)],
);
const texts = fc.array(pieces, { maxLength: 60 }).map((all) => all.join(""));

test("keeps all letters in order", () => {
  const bare = (text: string) => text.replaceAll(/[\s*_~`\\>•#|$-]/g, "");
  fc.assert(
    fc.property(texts, (text) => {
      const clean = cleanText(text, { lines: true, tabs: true });
      expect(bare(lettersOf(parseMarkup(text, NAMES)))).toBe(bare(clean));
    }),
    { seed: 17 },
  );
  fc.assert(
    fc.property(fc.array(fc.constantFrom(..."*_~`\\\n >-1.ab@#"), { maxLength: 80 }), (all) => {
      expect(bare(lettersOf(parseMarkup(all.join(""), NAMES)))).toBe(bare(all.join("")));
    }),
    { seed: 17, numRuns: sampleSize(2_000, 10_000) },
  );
});

test("keeps any text clean, with limited depth and only web links", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const blocks = parseMarkup(text, undefined);
      expect(lettersOf(blocks)).not.toMatch(ACTIVE);
      expect(lettersOf(blocks).isWellFormed()).toBe(true);
      expect(depthOf(blocks)).toBeLessThanOrEqual(4 + 4 + 1);
      for (const href of linksOf(blocks)) expect(href).toMatch(/^https?:\/\/[^@]*(\/|$)/);
    }),
    { seed: 17 },
  );
});

test.each(Object.entries(HOSTILE_TEXTS))("parses %s between marks", (_, text) => {
  for (const around of [
    `**${text}**`,
    `\`${text}\``,
    `\`\`\`\n${text}\n\`\`\``,
    `> ${text}`,
    text,
  ]) {
    const letters = lettersOf(parseMarkup(around, NAMES));
    expect(letters).not.toMatch(ACTIVE);
    expect(largestCluster(letters)).toBeLessThanOrEqual(CLUSTER_CODE_POINTS_MAX);
  }
});

describe("half a megabyte of marks is parsed in linear time", () => {
  const LENGTH = sampleSize(512, 512) * 1024;
  test.each([
    ...["*a ", "*a* ", "**a *b ", "~~a _b ", "_", "`", "``` ", "`a``", "`` ` ", "*_~`@#", "\\*"],
    ...["> ", "> > > > > x\n", "- - - - - ", "- a\n\n\n", "  - a\n", "1. \n", "```\n"],
    ...["````\n```\n", "https://a ", `https://a${".".repeat(50)}`, "www.", "@a", "#a "],
    ...["\n", "\t", "\n ", "\n\t\t "],
    ...["[a](https://", "[", "[a", "$a ", "$", "$a$", ":a:", ":a", "|", "a|b\n-|-\n", "# a\n"],
    ...["a|b\n", "-|-\n", "$$"],
    ...["`a\n", "``a\n", "(https://a(", "- \n"],
  ])("%j", (piece) => {
    // Quadratic time per mark would take hours.
    const text = piece.repeat(LENGTH / piece.length);
    expect(parseMarkup(text, NAMES).length).toBeGreaterThan(0);
  });
});
