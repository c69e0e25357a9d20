import { describe, expect, test } from "bun:test";
import { GREP_BYTES_MAX } from "../../src/base/limits.ts";
import { searchFields } from "../../src/client/link/queries.ts";
import { parseSearch, searchCompletions } from "../../src/ui/search-query.ts";
import { recordEvent, scene } from "../core/model-scene.ts";

const NOW = Date.UTC(2026, 10, 25, 12);
const DAY = (day: number) => Date.UTC(2026, 10, day);
const context = { open: "lobby", nowUnixMs: NOW, offsetMinutes: () => 0 };

describe("a query", () => {
  test.each([
    ["word", { text: "word" }],
    ["  two   words ", { text: "two words" }],
    ["from:@ana word", { text: "word", from: "ana" }],
    ["in:#dev word", { text: "word", target: "dev" }],
    ["IN:@ben word", { text: "word", target: "@ben" }],
    ["in:here word", { text: "word", target: "lobby" }],
    ["replies:12 in:here", { text: "", target: "lobby", re: 12 }],
    ["has:file", { text: "", files: true }],
    ["from:ana", { text: "", from: "ana" }],
    ["after:yesterday word", { text: "word", sinceUnixMs: DAY(24) }],
    ["after:2026-11-20 09:30 x", { text: "x", sinceUnixMs: DAY(20) + 34_200_000 }],
    ["before:2026-11-20 09:30Z", { text: "", untilUnixMs: DAY(20) + 34_199_999 }],
    ["from:ana 09:30", { text: "09:30", from: "ana" }],
    ["before:2026-11-20", { text: "", untilUnixMs: DAY(20) - 1 }],
    [
      "since:yesterday until:yesterday",
      { text: "", sinceUnixMs: DAY(24), untilUnixMs: DAY(25) - 1 },
    ],
    ['"in:dev from:x" a', { text: '"in:dev from:x" a' }],
    ["before:0001-01-01", { text: "", untilUnixMs: 0 }],
    ["after:9999-12-31", { text: "", sinceUnixMs: Date.UTC(9999, 11, 31) }],
    ["after:2h from:ana from:ben", { text: "", sinceUnixMs: NOW - 7_200_000, from: "ben" }],
    ["from: word", { text: "from: word" }],
    ["https://in:8080 std:move", { text: "https://in:8080 std:move" }],
  ])("%j", (input, expected) => {
    expect(parseSearch(input, context)).toMatchObject({ input, ...expected });
  });

  test("includes both passes of an hour that clocks repeat", () => {
    const at = (text: string) => Date.parse(`${text}Z`);
    const berlin = (unixMs: number) => (unixMs < at("2026-10-25T01:00") ? 120 : 60);
    const input = "after:2026-10-25T02:10 before:2026-10-25T02:50";
    expect(parseSearch(input, { ...context, offsetMinutes: berlin })).toMatchObject({
      sinceUnixMs: at("2026-10-25T00:10"),
      untilUnixMs: at("2026-10-25T01:50") - 1,
    });
  });

  test("that is empty finds nothing", () => {
    expect(parseSearch(" \n ", context)).toBeUndefined();
    const query = parseSearch("in:here x", { ...context, open: undefined });
    expect(query).toMatchObject({ input: "in:here x", text: "x" });
    expect(query).not.toHaveProperty("target");
  });

  test.each([
    ["before:soon", "'soon' is not a time"],
    ["after:2026-02-30", "'2026-02-30' is not a time"],
    ["replies:0", "'0' is not the number of a message"],
    ["replies:9007199254740993", "is not the number of a message"],
    ["has:love", "unknown filter has:'love'"],
    ["has:\u001b[31m", "unknown filter has:"],
    ["from:a*b", "'a*b' is not a valid user name"],
    ["in:a/b", "'a/b' is an address, and no room's name"],
    [Array.from({ length: 33 }, (_, i) => `w${i}`).join(" "), "at most 32 words"],
    ["x".repeat(GREP_BYTES_MAX + 1), `search text can have at most ${GREP_BYTES_MAX} bytes`],
  ])("is refused: %.20j", (input, message) => {
    expect(() => parseSearch(input, context)).toThrow(message);
  });

  test("becomes the fields of a request", () => {
    const fieldsOf = (input: string) => {
      const query = parseSearch(input, context);
      return query && searchFields(query);
    };
    expect(fieldsOf("from:ana word")).toEqual({ words: ["word"], from: "ana" });
    expect(fieldsOf('Wi-Fi "on the roof" wifi')).toEqual({ words: ["wifi", "on the roof"] });
    expect(fieldsOf("?!")).toEqual({ grep: "?!", ignoreCase: true });
    const kinds = ["text", "action", "file"];
    expect(fieldsOf("replies:12 from:ana")).toEqual({ kinds, from: "ana", re: 12 });
    expect(fieldsOf("has:file after:2026-11-20")).toEqual({ files: true, since: DAY(20) });
    expect(fieldsOf("in:dev before:2026-11-20")).toEqual({
      kinds: ["text", "action", "file"],
      target: "dev",
      until: DAY(20) - 1,
    });
  });
});

test.each([
  ["", []],
  ["fr", ["from:"]],
  ["HAS:", ["HAS:file"]],
  ["in:l", ["in:lobby"]],
  ["before:y", ["before:yesterday"]],
  ["from:be", ["from:ben"]],
  ["http:", []],
])("completes %j", (word, expected) => {
  const { model } = scene(recordEvent(2), { kind: "open", target: "lobby" });
  expect(searchCompletions(word, model)).toEqual(expected);
});
