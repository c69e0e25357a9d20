import { describe, expect, test } from "bun:test";
import { parseMarkup } from "../../../src/core/markup/blocks.ts";
import { linkAt } from "../../../src/core/markup/inline.ts";
import { linksOf, outline } from "./rendered.ts";

describe("links", () => {
  test.each([
    ["see https://example.org/a.", ["https://example.org/a"]],
    ["(https://example.org/a)", ["https://example.org/a"]],
    ["https://en.wikipedia.org/wiki/Foo_(bar).", ["https://en.wikipedia.org/wiki/Foo_(bar)"]],
    ["(see https://example.org/Foo_(bar)).", ["https://example.org/Foo_(bar)"]],
    ["**https://example.org/a_b_c**", ["https://example.org/a_b_c"]],
    // Codes may end with any sign of base64url.
    [
      "see https://example.org/#/lobby/50/f8M0tMWIT_ there",
      ["https://example.org/#/lobby/50/f8M0tMWIT_"],
    ],
    ["_see_ https://example.org/a_.", ["https://example.org/a_"]],
    ["_see https://example.org/a__", ["https://example.org/a"]],
    ["_see https://example.org/a_ there", ["https://example.org/a"]],
    [
      "~~https://example.org/~~ *(https://example.org/b*)*",
      ["https://example.org/", "https://example.org/b"],
    ],
    ["HTTP://EXAMPLE.org", ["http://example.org/"]],
    [
      "www.example.org/x, WWW.example.org",
      ["https://www.example.org/x", "https://www.example.org/"],
    ],
    ["[a](https://example.org/)", ["https://example.org/"]],
    ['<a href="https://example.org/">', ["https://example.org/"]],
    [
      "> https://example.org/\n- https://example.com/",
      ["https://example.org/", "https://example.com/"],
    ],
    ["javascript:alert(1)", []],
    ["data:text/html,x", []],
    ["https://user:pw@evil.example/", []],
    ["https://bank.example@evil.example/", []],
    ["www.bank.example@evil.example", []],
    ["www.bank www. www..example a.www.example.org", []],
    ["xhttps://example.org", []],
    ["https:// http://", []],
    ["`https://example.org`", []],
  ] as const)("%p", (text, hrefs) => {
    expect(linksOf(parseMarkup(text, undefined))).toEqual([...hrefs]);
  });
});

test.each([
  ["see [the *notes*](https://a.example/x?y).", "see [link:the *notes* → a.example]."],
  ["[a.example](https://a.example/)", "[link:a.example → a.example]"],
  ["[a.example](https://a.example:8443/)", "[link:a.example → a.example:8443]"],
  ["[a](javascript:alert(1)) [b](data:x) [c]()", "[a](javascript:alert(1)) [b](data:x) [c]()"],
  ["[a](https://b@evil.example/)", "[a](https://b@evil.example/)"],
  ["[ ](https://a.example/)", "[ ]([link:https://a.example/])"],
  ["[a\nb](https://a.example/)", "[a\nb]([link:https://a.example/])"],
  ["\\[a](https://a.example/)", "[a]([link:https://a.example/])"],
])("with a text: %j", (text, tree) => {
  expect(outline(parseMarkup(text, undefined))).toBe(tree);
});

test("never hide their target", () => {
  expect(outline(parseMarkup("[bank](https://evil.example/)", undefined))).toBe(
    "[link:bank → evil.example]",
  );
});

test.each([
  ["https://example.org:443/x", undefined],
  ["https://EXAMPLE.org", undefined],
  ["https://аpple.com/", "xn--pple-43d.com"],
  ["https://ex%61mple.org", "example.org"],
  ["http://0x7f.1/", "127.0.0.1"],
  ["https://example.org./", undefined],
  ["https://example.org:8443?a#b", undefined],
  ["http://[::1]:80/", undefined],
  ["www.Example.org/www", undefined],
  ["https://аррӏе.com/xn--80ak6aa92e.com", "xn--80ak6aa92e.com"],
  ["https://аррӏе.com?xn--80ak6aa92e.com", "xn--80ak6aa92e.com"],
  ["https://аррӏе.com#xn--80ak6aa92e.com", "xn--80ak6aa92e.com"],
  ["https://аррӏе.com\\xn--80ak6aa92e.com", "xn--80ak6aa92e.com"],
  ["www.аррӏе.com:8443/www.xn--80ak6aa92e.com:8443", "www.xn--80ak6aa92e.com:8443"],
  ["https://@example.org", "example.org"],
  ["https://:@example.org", "example.org"],
])("include the true host of %j unless the text shows it", (text, host) => {
  expect(linkAt(text, 0).link?.host).toBe(host);
});

test("end after 2,000 letters", () => {
  const { link } = linkAt(`https://a.example/${"x".repeat(5_000)}`, 0);
  expect(link?.text).toHaveLength(2_000);
});
