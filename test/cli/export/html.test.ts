import { expect, test } from "bun:test";
import fc from "fast-check";
import { type PageOptions, renderPage } from "../../../src/cli/export/html.ts";
import type { ShownBody, ShownRecord } from "../../../src/cli/output/render.ts";

const TIME = Date.parse("2026-11-20T22:46:33.123Z");
const HOSTILE = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>\u202e&amp;`;

function record(seq: number, body: ShownBody, from = "ana"): ShownRecord {
  return { seq, timeUnixMs: TIME + seq, destination: { room: "lobby" }, from, ...body };
}

const options: PageOptions = {
  title: "lobby",
  offsetMinutes: () => 120,
  madeUnixMs: TIME,
  file: () => undefined,
};

const page = (records: readonly ShownRecord[], more: Partial<PageOptions> = {}) =>
  [...renderPage(records, { ...options, ...more })].join("");

/** Tags of the page, without those of its head. */
function tagsOf(html: string): string[] {
  const body = html.slice(html.indexOf("<body>"));
  return [...body.matchAll(/<([a-z0-9]+)/g)].map(([, tag = ""]) => tag);
}

test("edits, replies and reactions stand where they belong; days are local", () => {
  const html = page([
    record(1, { kind: "text", text: "one\ntwo" }),
    record(2, { kind: "text", text: "yes", re: 1 }, "bob"),
    record(3, { kind: "reaction", re: 1, react: "👍" }, "bob"),
    record(4, { kind: "reaction", re: 1, react: "👍" }, "bob"),
    record(5, { kind: "edited", of: 1, text: "changed" }),
    record(6, { kind: "topic", topic: "tea" }),
    record(7, { kind: "text", text: "no", re: 99 }),
  ]);
  expect(html).toContain("<h2>2026-11-21</h2>");
  expect(html.match(/<article/g)).toHaveLength(3);
  expect(html).not.toContain("one\ntwo");
  expect(html).toContain('changed <small title="2026-11-21 00:46:33">(edited)</small>');
  expect(html).toContain('<a href="#m1"><b>ana</b></a> <span dir="auto">changed</span>');
  expect(html).toContain('<span title="bob"><span dir="auto">👍</span> 1</span>');
  expect(html).toContain("ana set the topic: tea");
  expect(html).toContain("In reply to message 99");
});

test("an imported message names who imported it", () => {
  const imported = { from: "bob", time: "2019-05-01T10:00:00.000Z" };
  const html = page([record(1, { kind: "text", text: "old", imported })]);
  expect(html).toContain("<b>bob (imported)</b>");
  expect(html).toContain("said 2019-05-01 12:00:00, imported by ana");
});

test("addresses can be followed, and end before the full stop", () => {
  const text = `see https://x.example/a?b=1&c. "https://'" javascript:alert(1) https://`;
  const html = page([record(1, { kind: "text", text })]);
  expect(html.match(/<a /g)).toHaveLength(1);
  expect(html).toContain('<a href="https://x.example/a?b=1&amp;c" rel=');
});

test("a file shows its picture and leads to its content", () => {
  const text = `${HOSTILE}\nhttps://example.org`;
  const file = { id: "f1", name: HOSTILE, sizeBytes: 1200, digest: "", chunks: 1, text };
  const place = { picture: "data:image/png;base64,AAAA", path: "files/a #1?<.png" };
  const html = page([record(1, { kind: "file", ...file })], { file: () => place });
  expect(html).toContain('src="data:image/png;base64,AAAA"');
  expect(html).toContain('href="files/a%20%231%3F%3C.png"');
  expect(html).toContain('<a href="https://example.org" rel=');
  expect(html).not.toContain("<script");
});

test("what is said with a file is what it was changed to; an answer names the file", () => {
  const file = { id: "f1", name: "a.png", sizeBytes: 1200, digest: "", chunks: 1, text: "old" };
  const change = (seq: number, of: number, text: string) =>
    record(seq, { kind: "edited", of, text });
  const html = page([
    record(1, { kind: "file", ...file }),
    record(2, { kind: "file", ...file, id: "f2" }),
    record(3, { kind: "text", text: "nice", re: 1 }),
    change(4, 1, HOSTILE),
    change(5, 2, ""),
  ]);
  expect(html).not.toContain("old");
  expect(html).not.toContain("<script");
  expect(html.match(/\(edited\)/g)).toHaveLength(1);
  expect(html).toContain('<a href="#m1"><b>ana</b></a> <span dir="auto">a.png</span>');
});

test("a policy forbids scripts and addresses", () => {
  expect(page([])).toContain(`content="default-src 'none'; img-src data:;`);
});

test("whatever is said, the page has no tags but its own", () => {
  const strings = fc.oneof(fc.string({ unit: "binary" }), fc.constant(HOSTILE));
  fc.assert(
    fc.property(strings, strings, strings, (text, from, name) => {
      const make = (said: string, by: string, called: string) =>
        page(
          [
            record(1, { kind: "text", text: said }, by),
            record(2, { kind: "action", text: said, re: 1 }, by),
            record(3, { kind: "reaction", re: 1, react: said }, by),
            record(4, { kind: "topic", topic: said }, by),
            record(5, {
              ...{ kind: "file", id: called, name: called, sizeBytes: 1, digest: "", chunks: 1 },
            } as ShownBody),
            record(6, { kind: "text", text: said, imported: { from: called, time: "x" } }),
          ],
          { title: called },
        );
      expect(tagsOf(make(text, from, name))).toEqual(tagsOf(make("x", "y", "z")));
    }),
  );
  expect(page([record(1, { kind: "text", text: `<>&"'` })])).toContain("&lt;&gt;&amp;&quot;&#39;");
});
