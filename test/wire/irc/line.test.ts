import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { concatBytes, utf8Encode } from "../../../src/base/bytes.ts";
import {
  formatLine,
  INVALID_UTF8,
  IrcLineBuffer,
  type LineFields,
  parseIrcLine,
} from "../../../src/wire/irc/line.ts";

const parse = (text: string) => parseIrcLine(utf8Encode(text));
const line = (command: string, params: string[], source?: string, tags: object = {}) => ({
  tags: new Map(Object.entries(tags)),
  source,
  command,
  params,
});

test.each([
  ["QUIT", line("QUIT", [])],
  ["privmsg #lab :hello  there ", line("PRIVMSG", ["#lab", "hello  there "])],
  ["  JOIN   #a,#b  key  ", line("JOIN", ["#a,#b", "key"])],
  ["TOPIC #lab :", line("TOPIC", ["#lab", ""])],
  ["PRIVMSG ana ::)", line("PRIVMSG", ["ana", ":)"])],
  ["PRIVMSG ana a:b", line("PRIVMSG", ["ana", "a:b"])],
  ["PING a\tb", line("PING", ["a\tb"])],
  [":ana!ana@chat 433 * ana :in use", line("433", ["*", "ana", "in use"], "ana!ana@chat")],
  ["@time  :x  PING 1", line("PING", ["1"], "x", { time: "" })],
  [
    "@a;b=;+c=d;e.org/f=g=h PING",
    line("PING", [], undefined, { a: "", b: "", "+c": "d", "e.org/f": "g=h" }),
  ],
  ["@a=1;b=2;a=3 PING", line("PING", [], undefined, { a: "3", b: "2" })],
  [String.raw`@a=\:\s\\\r\n\x\ PING`, line("PING", [], undefined, { a: "; \\\r\nx" })],
  [String.raw`@a=\\s PING`, line("PING", [], undefined, { a: "\\s" })],
  ["@;=x;a_b;/c;é=1;__proto__=1;ok PING", line("PING", [], undefined, { ok: "" })],
])("parses %j", (text, parsed) => {
  expect(parse(text)).toEqual(parsed);
});

test("puts the rest of the line into the fifteenth parameter", () => {
  const fourteen = Array.from({ length: 14 }, (_, i) => `${i}`);
  const params = (text: string) => parse(`X ${fourteen.join(" ")} ${text}`);
  expect(params("a b")).toEqual(line("X", [...fourteen, "a b"]));
  expect(params(":a b")).toEqual(line("X", [...fourteen, "a b"]));
  expect(params("")).toEqual(line("X", fourteen));
});

test.each([
  ["", "empty"],
  ["   ", "empty"],
  ["@a=b", "malformed"],
  ["@a=b ", "malformed"],
  [":ana", "malformed"],
  [": PING", "malformed"],
  ["Host: example.org", "malformed"],
  ["{}", "malformed"],
  ["PING a\0b", "control-character"],
  ["PING a\rb", "control-character"],
  ["PING a\nb", "control-character"],
])("refuses %j", (text, fault) => {
  expect(parse(text)).toBe(fault as never);
});

test("finds invalid UTF-8 in any part of a line, and keeps its tags", () => {
  const find = (...parts: readonly (string | Uint8Array)[]) => {
    const bytes = parts.map((part) => (typeof part === "string" ? utf8Encode(part) : part));
    const found = parseIrcLine(concatBytes(...bytes));
    if (typeof found === "string") throw new Error(found);
    expect(found).toMatchObject({ command: INVALID_UTF8, params: [], source: undefined });
    return Object.fromEntries(found.tags);
  };
  for (const bad of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]].map((bad) =>
    Uint8Array.from(bad),
  )) {
    expect(find("PING a", bad)).toEqual({});
    expect(find("@label=é;b PING a", bad)).toEqual({ label: "é", b: "" });
    expect(find("@label=x;a=", bad, " PING")["label"]).toBe("x");
    expect(find("@label=x", bad)["label"]).toBeString();
    expect(find("@", bad)).toEqual({});
    expect(find(bad)).toEqual({});
  }
  expect(parse("PING \ufeffa")).toEqual(line("PING", ["\ufeffa"]));
});

test("limits the tags and the rest of a line in bytes", () => {
  const tags = (length: number) => `@a=${"x".repeat(length - 3)}`;
  const rest = (length: number) => `PING :${"x".repeat(length - 6)}`;
  expect(parse(`${tags(4_095)} ${rest(510)}`)).toMatchObject({ command: "PING" });
  expect(parse(`${tags(4_096)} ${rest(510)}`)).toBe("tags-too-long");
  expect(parse(tags(4_097))).toBe("tags-too-long");
  expect(parse(`${tags(4_095)} ${rest(511)}`)).toBe("too-long");
  expect(parse(rest(511))).toBe("too-long");
  expect(parse(`PING ${"é".repeat(253)}`)).toBe("too-long");
  expect(parse(`PING ${"é".repeat(252)}`)).toMatchObject({ command: "PING" });
});

test.each<[LineFields, string]>([
  [{ command: "PING", params: [] }, "PING"],
  [
    { source: "chat", command: "001", params: ["ana", "Welcome, ana"] },
    ":chat 001 ana :Welcome, ana",
  ],
  [{ command: "TOPIC", params: ["#lab", ""] }, "TOPIC #lab :"],
  [{ command: "PRIVMSG", params: ["ana", ":)"] }, "PRIVMSG ana ::)"],
  [{ command: "PRIVMSG", params: ["ana", "a:b"] }, "PRIVMSG ana :a:b"],
  [
    { tags: { a: undefined, b: "", c: "; \\\r\n" }, command: "A", params: [] },
    String.raw`@b;c=\:\s\\\r\n A`,
  ],
  [{ tags: { a: undefined }, command: "A", params: [] }, "A"],
])("formats %j", (fields, text) => {
  expect(formatLine(fields)).toBe(text);
});

test.each<Partial<LineFields>>([
  { params: ["a\rQUIT"] },
  { params: ["a\nQUIT"] },
  { params: ["a\0"] },
  { params: ["", "a"] },
  { params: ["a b", "c"] },
  { params: [":a", "b"] },
  { params: Array.from({ length: 16 }, () => "a") },
  { source: "" },
  { source: "a b" },
  { source: "a\nb" },
  { command: "" },
  { command: "A B" },
  { command: "A\n" },
  { tags: { "a b": "" } },
  { tags: { "": "a" } },
  { tags: { a: "\0" } },
])("does not format %j", (fields) => {
  expect(() => formatLine({ command: "PING", params: [], ...fields })).toThrow("IRC");
});

const characters = (excluded: RegExp) =>
  fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => text.replaceAll(excluded, ""));
const middle = characters(/[\0\r\n :]/g).filter((text) => text !== "");
const fields = fc.record({
  tags: fc.dictionary(
    fc.stringMatching(/^\+?([a-z.]{1,5}\/)?[a-zA-Z0-9-]{1,9}$/),
    characters(/\0/g),
    { maxKeys: 5 },
  ),
  source: fc.option(middle, { nil: undefined }),
  command: fc.oneof(fc.stringMatching(/^[A-Z]{1,9}$/), fc.stringMatching(/^[0-9]{3}$/)),
  middles: fc.array(middle, { maxLength: 14 }),
  last: fc.option(characters(/[\0\r\n]/g), { nil: undefined }),
});

test("parses what it formats", () => {
  fc.assert(
    fc.property(fields, ({ middles, last, ...rest }) => {
      const params = last === undefined ? middles : [...middles, last];
      const parsed = parse(formatLine({ ...rest, params }));
      if (parsed === "too-long") return;
      expect(parsed).toEqual(line(rest.command, params, rest.source, rest.tags));
    }),
  );
});

test("formats what it parses from any bytes, with the same meaning", () => {
  const likely = fc
    .array(fc.constantFrom("@", ":", " ", ";", "=", "\\", "a", "PING", "\0", "\r", "é", "+x/y"))
    .map((signs) => utf8Encode(signs.join("")));
  fc.assert(
    fc.property(fc.oneof(likely, fc.uint8Array({ maxLength: 600 })), (bytes) => {
      const parsed = parseIrcLine(bytes);
      // Commands that only clients may send, such as `_`, are never formatted.
      if (typeof parsed === "string" || !/^[A-Za-z0-9]+$/.test(parsed.command)) return;
      const text = formatLine({ ...parsed, tags: Object.fromEntries(parsed.tags) });
      expect(parse(text)).toEqual(parsed);
    }),
  );
});

describe("line buffer", () => {
  const read = (buffer: IrcLineBuffer) => {
    const found: (Buffer | string)[] = [];
    for (let line = buffer.next(); line !== undefined; line = buffer.next()) {
      found.push(line === "too-long" ? line : Buffer.from(line));
    }
    return found;
  };
  const push = (buffer: IrcLineBuffer, bytes: Uint8Array) => {
    buffer.push(bytes);
    return read(buffer);
  };
  const texts = (buffer: IrcLineBuffer, text: string) =>
    push(buffer, utf8Encode(text)).map((found) => found.toString());

  test("splits at LF and drops one CR before it", () => {
    const buffer = new IrcLineBuffer();
    expect(texts(buffer, "a\r\nb\n\r\r\n\nc\rd\r")).toEqual(["a", "b", "\r", ""]);
    expect(texts(buffer, "\ne")).toEqual(["c\rd"]);
    expect(texts(buffer, "")).toEqual([]);
    expect(texts(buffer, "\r")).toEqual([]);
    expect(texts(buffer, "\n")).toEqual(["e"]);
  });

  test("reports a line over its limit once and skips it", () => {
    const longest = "x".repeat(8_704);
    for (const pieces of [[`${longest}\n`], [longest, "\n"], ["x", longest.slice(1), "\n"]]) {
      const buffer = new IrcLineBuffer();
      expect(pieces.flatMap((piece) => texts(buffer, piece))).toEqual([longest]);
    }
    for (const pieces of [[`${longest}y\n`], [longest, "y\n"], [longest, "y", longest, "\n"]]) {
      const buffer = new IrcLineBuffer();
      expect(pieces.flatMap((piece) => texts(buffer, piece))).toEqual(["too-long"]);
      expect(texts(buffer, "next\n")).toEqual(["next"]);
    }
  });

  test("shares memory with the chunk unless a line spans two", () => {
    const chunk = utf8Encode("a\nb");
    const buffer = new IrcLineBuffer();
    buffer.push(chunk);
    expect((buffer.next() as Uint8Array).buffer).toBe(chunk.buffer);
    expect(buffer.next()).toBeUndefined();
    chunk.fill(0);
    expect(texts(buffer, "c\n")).toEqual(["bc"]);
  });

  test("finds equal lines in any chunks", () => {
    const piece = fc.oneof(
      fc.constantFrom("\n", "\r\n", "\r", "é", "PING a"),
      fc.constantFrom(4_000, 8_703, 8_704, 8_705, 20_000).map((length) => "x".repeat(length)),
    );
    const stream = fc.array(piece, { maxLength: 12 }).map((pieces) => utf8Encode(pieces.join("")));
    fc.assert(
      fc.property(stream, fc.array(fc.nat(9_000), { maxLength: 20 }), (bytes, sizes) => {
        const [whole, chunked] = [new IrcLineBuffer(), new IrcLineBuffer()];
        const found: (Buffer | string)[] = [];
        let at = 0;
        for (const size of [...sizes, bytes.length]) {
          const chunk = bytes.subarray(at, at + size);
          chunked.push(chunk);
          if (size % 3 > 0) found.push(...read(chunked));
          at += size;
        }
        expect([...found, ...read(chunked)]).toEqual(push(whole, bytes));
        expect(chunked.unreadBytes).toBeLessThanOrEqual(8_704);
      }),
    );
  });

  test("joins single bytes", () => {
    const buffer = new IrcLineBuffer();
    const byte = utf8Encode("x");
    for (let i = 0; i < 8_704; i++) expect(push(buffer, byte)).toEqual([]);
    expect(push(buffer, utf8Encode("\n"))).toHaveLength(1);
  });

  test("counts the bytes of lines that have not been read", () => {
    const buffer = new IrcLineBuffer();
    for (let i = 0; i < 3; i++) buffer.push(utf8Encode("ab\nc"));
    expect(buffer.unreadBytes).toBe(12);
    expect(Buffer.from(buffer.next() as Uint8Array).toString()).toBe("ab");
    expect(buffer.unreadBytes).toBe(9);
    expect(read(buffer).map(String)).toEqual(["cab", "cab"]);
    expect(buffer.unreadBytes).toBe(1);
  });
});
