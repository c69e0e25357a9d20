import { describe, expect, test } from "bun:test";
import { SLASH, slashCommand } from "../../../src/web/input/slash.ts";
import { ENGLISH_PARTS } from "../../../src/web/text/en-parts.ts";

describe("orders in the composer", () => {
  test.each([
    ["hello", undefined],
    ["a /join b", undefined],
    ["QUIT", { kind: "logout" }],
    ["/join #lobby", { kind: "join", room: "lobby", password: undefined }],
    ["/join lobby pw", { kind: "join", room: "lobby", password: "pw" }],
    ["/join", { kind: "misused", usage: "/join ROOM [PASSWORD]" }],
    ["/msg @bob two\nlines", { kind: "msg", user: "bob", text: "two\nlines" }],
    ["/msg bob", { kind: "msg", user: "bob", text: "" }],
    ["/me waves", { kind: "say", text: "/me waves" }],
    ["//me", { kind: "say", text: "/me" }],
    ["/unmute @bob", { kind: "mute", user: "bob", on: false }],
    ["/kick bob now", { kind: "misused", usage: "/kick NAME" }],
    ["/TOPIC Waves", { kind: "topic", text: "Waves" }],
    ["/toString", { kind: "unknown", word: "toString" }],
    ["/", { kind: "unknown", word: "" }],
  ] as const)("%p", (text, order) => {
    expect(slashCommand(text) as unknown).toEqual(order);
  });

  test("each is explained", () => {
    for (const [word, { usage, summary }] of SLASH) {
      expect(usage.startsWith(`/${word}`)).toBe(true);
      expect(ENGLISH_PARTS[summary]).not.toBe("");
    }
  });
});
