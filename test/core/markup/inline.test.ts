import { describe, expect, test } from "bun:test";
import { parseMarkup } from "../../../src/core/markup/blocks.ts";
import { outline } from "./rendered.ts";

const NAMES = new Set(["bob"]);

function read(text: string): string {
  return outline(parseMarkup(text, NAMES));
}

test.each([
  ["so $x^2 + y_1$ and $$\\frac12$$.", "so [math:x^2 + y_1] and [math:\\frac12]."],
  ["$5 and $10, a$b$c, $ x $, $$, $", "$5 and $10, a$b$c, $ x $, $$, $"],
  ["\\$x$ `$y$` $a\nb$", "$x$ [code:$y$] $a\nb$"],
  [`$${"x".repeat(1_000)}$`, `$${"x".repeat(1_000)}$`],
  [":joy: :+1::tada:", "[emoji::joy:] [emoji::+1:][emoji::tada:]"],
  ["10:30:45 a:joy:b ::joy: https://a:81/", "10:30:45 a:joy:b :[emoji::joy:] [link:https://a:81/]"],
])("parses formulas and emoji: %j", (text, tree) => {
  expect(read(text)).toBe(tree);
});

describe("emphasis", () => {
  test.each([
    ["**a** *b* _c_ ~~d~~", "[b:a] [i:b] [i:c] [s:d]"],
    ["***a***", "[b:[i:a]]"],
    ["**a *b* c**", "[b:a [i:b] c]"],
    ["*a **b** c*", "[i:a [b:b] c]"],
    ["**a _b** c_", "[b:a _b] c_"],
    ["*a *b*", "*a [i:b]"],
    ["*a *b c* d*", "*a [i:b c] d*"],
    ["*a**", "[i:a]*"],
    ["**a*", "**a*"],
    ["**two\nlines**", "[b:two\nlines]"],
    ["**not over\n\nan empty line**", "**not over\n\nan empty line**"],
    ["这是**重点**内容", "这是[b:重点]内容"],
    ['("*a*", *b*)', '("[i:a]", [i:b])'],
    ["**Note:** so", "[b:Note:] so"],
  ])("%j", (text, tree) => {
    expect(read(text)).toBe(tree);
  });

  test.each([
    "2*3*4 and 2**3 and 4**5",
    "snake_case_name, größe_in_m, __init__, _",
    "COUNT(*), SUM(*)",
    "*.ts and *.js",
    "f(*args, **kwargs)",
    "a ** b ** c",
    "~5 and ~6, ~/x",
    "*a(* b",
    "*a * b",
    "*)a* b",
    "x * a* b",
    "**** and ~~~~",
    "¯\\_(ツ)_/¯",
    "_why ¯\\_(ツ)_/¯",
    "del C:\\temp\\*",
    "\\d+ \\\\server\\share",
  ])("%j contains none", (text) => {
    expect(read(text)).toBe(text);
  });

  test("is prevented by a backslash", () => {
    expect(read("\\*a\\* \\`b\\` \\~~c~~")).toBe("*a* `b` ~~c~~");
    expect(read("x \\*a")).toBe("x *a");
  });
});

describe("inline code", () => {
  test.each([
    ["`a*b*c` `@bob`", "[code:a*b*c] [code:@bob]"],
    ["`` a`b ``", "[code:a`b]"],
    ["` `` `", "[code:``]"],
    ["` a` `b ` ` `", "[code: a] [code:b ] [code: ]"],
    ["`a\nb`", "`a\nb`"],
    ["x ```a\nb``` y", "x [code:a\nb] y"],
    ["`a", "`a"],
    ["**`a`**", "[b:[code:a]]"],
    ["*`a*`", "*[code:a*]"],
  ])("%j", (text, tree) => {
    expect(read(text)).toBe(tree);
  });

  test("treats nine backticks as text", () => {
    expect(read(`${"`".repeat(8)}a${"`".repeat(8)}`)).toBe("[code:a]");
    expect(read(`${"`".repeat(9)}a${"`".repeat(9)}`)).toBe(`${"`".repeat(9)}a${"`".repeat(9)}`);
  });
});

describe("names and rooms", () => {
  test.each([
    ["@Bob, @ana me@bob @@bob", "[mention:@Bob], @ana me@bob @@bob"],
    ["#lobby (#a-b) #1 #12 a#b ##c &#39;", "[room:#lobby] ([room:#a-b]) #1 #12 a#b ##c &#39;"],
    ["@bob@x #a#b", "@bob@x #a#b"],
    ["_@bob_ and _to #lobby_", "[i:[mention:@bob]] and [i:to [room:#lobby]]"],
    ["＠bob ＃lobby", "[mention:＠bob] [room:＃lobby]"],
    ["**@bob** *#lobby*", "[b:[mention:@bob]] [i:[room:#lobby]]"],
    [`#${"a".repeat(32)}`, `[room:#${"a".repeat(32)}]`],
    [`#${"a".repeat(33)}`, `#${"a".repeat(33)}`],
  ])("%j", (text, tree) => {
    expect(read(text)).toBe(tree);
  });

  test("treats each name as a mention if no names are given", () => {
    expect(outline(parseMarkup("@ana and `@bob`", undefined))).toBe(
      "[mention:@ana] and [code:@bob]",
    );
  });
});
