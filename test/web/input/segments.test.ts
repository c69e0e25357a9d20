import { describe, expect, test } from "bun:test";
import { segmentsOf } from "../../../src/web/input/segments.ts";

const NAMES = new Set(["bob"]);

function links(text: string): readonly string[] {
  return segmentsOf(text, NAMES).flatMap((one) => (one.kind === "link" ? [one.href] : []));
}

describe("what can be followed", () => {
  test.each([
    ["see https://example.org/a.", ["https://example.org/a"]],
    ["(https://example.org/a)", ["https://example.org/a"]],
    ["https://en.wikipedia.org/wiki/Foo_(bar).", ["https://en.wikipedia.org/wiki/Foo_(bar)"]],
    ["HTTP://EXAMPLE.org", ["http://example.org/"]],
    ["javascript:alert(1)", []],
    ["data:text/html,x", []],
    ["https://user:pw@evil.example/", []],
    ["https://bank.example@evil.example/", []],
    ["xhttps://example.org", []],
    ['<a href="https://example.org/">', ["https://example.org/"]],
  ] as const)("%p", (text, hrefs) => {
    expect(links(text)).toEqual([...hrefs]);
  });
});

test("nothing of a text is lost or doubled", () => {
  const text = "hi @bob, see https://example.org/x(1) and @ana\nbye";
  expect(segmentsOf(text, NAMES).map((one) => one.text)).toEqual([
    "hi ",
    "@bob",
    ", see ",
    "https://example.org/x(1)",
    " and @ana\nbye",
  ]);
});

test("only whom the author called is marked", () => {
  const kinds = segmentsOf("@Bob @ana me@bob", NAMES).map(({ kind, text }) => [kind, text]);
  expect(kinds).toEqual([
    ["mention", "@Bob"],
    ["text", " @ana me@bob"],
  ]);
});

test("hostile text is cleaned before it is cut", () => {
  const [first] = segmentsOf("a\u202eb https://example.org", NAMES);
  expect(first).toEqual({ kind: "text", text: "a<U+202E>b " });
  expect(segmentsOf("", NAMES)).toEqual([]);
});

test("tabs are tabs: the page has stops for them", () => {
  expect(segmentsOf("if x:\n\treturn", NAMES)).toEqual([{ kind: "text", text: "if x:\n\treturn" }]);
});
