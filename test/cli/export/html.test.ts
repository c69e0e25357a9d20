import { expect, test } from "bun:test";
import fc from "fast-check";
import type { FileId } from "../../../src/base/ids.ts";
import { type PageOptions, renderPage } from "../../../src/cli/export/html.ts";
import type { DisplayBody } from "../../../src/cli/output/records.ts";
import type { DisplayRecord } from "../../../src/cli/output/render.ts";
import { ANY_CHARACTER } from "../../any-character.ts";
import { ACTIVE, HOSTILE_TEXTS } from "../../hostile-texts.ts";
import { eventBody } from "../output/event-body.ts";

const TIME = Date.parse("2026-11-20T22:46:33.123Z");
const HOSTILE = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>\u202e&amp;`;

function record(seq: number, body: DisplayBody, from = "ana"): DisplayRecord {
  return { seq, timeUnixMs: TIME + seq, destination: { room: "lobby" }, from, ...body };
}

const WORDS = ["strong", "em", "s", "code", "pre", "blockquote", "ul", "li", "span", "div", "a"];

const options: PageOptions = {
  title: "lobby",
  offsetMinutes: () => 120,
  exportedUnixMs: TIME,
  zone: "Asia/Kolkata",
  file: () => undefined,
};

const page = (records: readonly DisplayRecord[], more: Partial<PageOptions> = {}) =>
  [...renderPage(records, { ...options, ...more })].join("");

function tagsOf(html: string): string[] {
  const body = html.slice(html.indexOf("<body>"));
  return [...body.matchAll(/<([a-z0-9]+)/g)].map(([, tag = ""]) => tag);
}

test("displays the results of a poll below its question", () => {
  const html = page([
    record(1, {
      kind: "text",
      text: `${HOSTILE}?\n1. ${HOSTILE}\n2. rice`,
      poll: { options: 2, until: "2026-11-20T05:46:33.123Z" },
    }),
    record(3, { kind: "vote", re: 1, choices: [1] }, "bob"),
    record(4, { kind: "vote", re: 1, choices: [2] }, "bob"),
    record(5, { kind: "poll", of: 1, on: false }),
  ]);
  expect(html).toContain("<li> 2. ▇▇▇▇▇▇▇▇▇▇ 1  rice (bob)</li><li>1 voter · closed</li></ul>");
  expect(tagsOf(html)).not.toContain("script");
});

test.each([
  [() => 330, "UTC+05:30"],
  [() => -210, "UTC-03:30"],
  [() => 0, "UTC+00:00"],
])("names the time zone at the end", (offsetMinutes, offset) => {
  const html = page([record(1, { kind: "text", text: "hi" })], { offsetMinutes });
  expect(html).toMatch(/<footer>Exported by chat on [-0-9]+ [:0-9]+ \(/);
  expect(html).toContain(`(${offset}). Times are local times in the zone Asia/Kolkata.</footer>`);
});

test("says whether a message was deleted or has expired, also in quotes", () => {
  const html = page([
    record(1, { kind: "erased", expired: true }),
    record(2, { kind: "erased" }),
    record(3, { kind: "text", text: "yes", re: 1 }),
    record(4, { kind: "text", text: "no", re: 2 }),
  ]);
  expect(html.match(/\((?:expired|deleted)\)/g)?.join(" ")).toBe(
    "(expired) (deleted) (expired) (deleted)",
  );
});

test("displays edits, replies and reactions with their messages, by local day", () => {
  const html = page([
    record(1, { kind: "text", text: "one\ntwo" }),
    record(2, { kind: "text", text: "yes", re: 1 }, "bob"),
    record(3, { kind: "reaction", re: 1, react: "👍" }, "bob"),
    record(4, { kind: "reaction", re: 1, react: "👍" }, "bob"),
    record(5, { kind: "edited", of: 1, text: "changed" }),
    record(6, eventBody("topic", { topic: "tea" })),
    record(7, { kind: "text", text: "no", re: 99 }),
    record(8, { kind: "text", text: "built", notice: true }),
  ]);
  expect(html.match(/<small>\(notice\)<\/small>/g)).toHaveLength(1);
  expect(html).toContain("<h2>2026-11-21</h2>");
  expect(html.match(/<article/g)).toHaveLength(4);
  expect(html).not.toContain("one\ntwo");
  expect(html).toContain('changed <small title="2026-11-21 00:46:33">(edited)</small>');
  expect(html).toContain('<a href="#m1"><b>ana</b></a> <span dir="auto">changed</span>');
  expect(html).toContain('<span title="bob"><span dir="auto">👍</span> 1</span>');
  expect(html).toContain("ana set the topic: tea");
  expect(html).toContain("In reply to message 99");
});

test("displays the picture of a file, and links its content", () => {
  const text = `${HOSTILE}\nhttps://example.org`;
  const file = { ...FILE, name: HOSTILE, sizeBytes: 1200 };
  const place = { picture: "data:image/png;base64,AAAA", path: "files/a #1?<.png" };
  const html = page([record(1, { kind: "file", text, files: [file] })], { file: () => place });
  expect(html).toContain('src="data:image/png;base64,AAAA"');
  expect(html).toContain('href="files/a%20%231%3F%3C.png"');
  expect(html).toContain('<a href="https://example.org/" rel=');
  expect(html).not.toContain("<script");
});

test("renders marks, and labels pinned messages", () => {
  const text = "**so** `a < b`, @bob and @eve\n> one\n- **two**\n```js\nif (a<b)\t{}\n```";
  const html = page([
    record(1, { kind: "text", text, mentions: ["bob"] }),
    record(2, { kind: "text", text: "_yes_", re: 1 }),
    record(3, eventBody("pin", { seq: 1, on: true })),
    record(4, eventBody("pin", { seq: 2, on: true })),
    record(5, eventBody("pin", { seq: 2, on: false })),
  ]);
  expect(html).toContain('<p dir="auto"><strong>so</strong> <code>a &lt; b</code>, ');
  expect(html).toContain("<strong>@bob</strong> and @eve</p>");
  expect(html).toContain('<blockquote class="said"><p dir="auto">one</p></blockquote>');
  const item = '<span>•</span><div><p dir="auto"><strong>two</strong></p></div>';
  expect(html).toContain(`<li>${item}</li>`);
  expect(html).toContain('<pre dir="ltr">if (a&lt;b)\t{}</pre>');
  expect(html).toContain('<span dir="auto">so a &lt; b, @bob and @eve one');
  expect(html.match(/\(pinned\)/g)).toHaveLength(1);
  expect(html).toContain("</time> <small>(pinned)</small></header><div");
});

test.each(Object.entries(HOSTILE_TEXTS))("keeps %s as text, also inside markup", (_, hostile) => {
  const marked = [`**${hostile}**`, `> ${hostile}`, `\`\`\`\n${hostile}\n\`\`\``];
  for (const text of [hostile, ...(hostile.length > 10_000 ? [] : marked)]) {
    const html = page([record(1, { kind: "text", text, mentions: [hostile] })]);
    const body = html.slice(html.indexOf("<article"), html.indexOf("</article>"));
    expect(body.replaceAll(/[\n\t]/g, "")).not.toMatch(ACTIVE);
    const known = /^(?:article|header|b|time|p|div|strong|code|pre|blockquote|a|small)$/;
    for (const tag of tagsOf(`<body>${body}`).slice(1)) expect(tag).toMatch(known);
    for (const [, href = ""] of body.matchAll(/href="([^"]*)"/g)) expect(href).toMatch(/^https?:/);
  }
});

test("has a content security policy", () => {
  expect(page([])).toContain(`content="default-src 'none'; img-src data:;`);
});

test("no text adds a tag to the page", () => {
  const strings = fc.oneof(fc.string({ unit: ANY_CHARACTER }), fc.constant(HOSTILE));
  fc.assert(
    fc.property(strings, strings, strings, (text, from, name) => {
      const make = (said: string, by: string, called: string) => {
        const file = { ...FILE, id: called as FileId, name: called };
        const records = [
          record(1, { kind: "text", text: said }, by),
          record(2, { kind: "action", text: said, re: 1 }, by),
          record(3, { kind: "reaction", re: 1, react: said }, by),
          record(4, eventBody("topic", { topic: said }), by),
          record(5, { kind: "file", files: [file, file] }),
          record(6, { kind: "text", text: said, imported: { from: called, time: "x" } }),
        ];
        return page(records, { title: called });
      };
      const own = (html: string) => tagsOf(html).filter((tag) => !WORDS.includes(tag));
      const rest = (html: string) => own(html).filter((tag) => tag !== "p" && tag !== "small");
      expect(rest(make(text, from, name))).toEqual(rest(make("x", "y", "z")));
    }),
  );
  expect(page([record(1, { kind: "text", text: `<>&"'` })])).toContain("&lt;&gt;&amp;&quot;&#x27;");
});

test("quotes only earlier messages that the export can read", () => {
  const html = page([
    record(1, { kind: "unreadable", reason: "no key" }, "bob"),
    record(2, { kind: "text", text: "agreed", re: 1 }),
    record(3, { kind: "text", text: "agreed", re: 4 }),
    record(4, { kind: "text", text: "the later text" }, "bob"),
    record(5, { kind: "file", files: [FILE], re: 4, thread: true }),
  ]);
  const quotes = html
    .match(/<blockquote>.*?<\/blockquote>/g)
    ?.map((quote) => quote.replaceAll(/<[^>]*>/g, ""));
  expect(quotes).toEqual(["In reply to message 1", "In reply to message 4", "bob the later text"]);
});

const FILE = { id: "f" as FileId, name: "a.txt", sizeBytes: 1, digest: "", chunks: 1 };

test("sums joins and departures between two messages", () => {
  const event = { subject: undefined, text: "", isRemoved: false };
  const joined = (seq: number, from: string, kind: "join" | "leave" = "join") =>
    record(seq, { kind, event: event as never }, from);
  const html = page([
    record(1, { kind: "text", text: "hi" }),
    joined(2, "bob"),
    joined(3, "cleo"),
    joined(4, "bob", "leave"),
    record(5, { kind: "text", text: "you" }),
    joined(6, "dora"),
    joined(7, "eve"),
    joined(8, "<b>fay"),
    record(9, { kind: "text", text: "all" }),
    joined(10, "gil"),
    joined(11, "gil", "leave"),
  ]);
  const events = html.match(/<p class="event".*<\/p>/g) ?? [];
  expect(events.map((line) => line.replace(/<time.*<\/time> /, ""))).toEqual([
    '<p class="event" id="m4">cleo joined</p>',
    '<p class="event" id="m8">dora, eve and &lt;b&gt;fay joined</p>',
  ]);
});
