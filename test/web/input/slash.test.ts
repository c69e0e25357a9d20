import { describe, expect, test } from "bun:test";
import { SLASH, slashCommand } from "../../../src/web/input/slash.ts";
import { ENGLISH_PARTS } from "../../../src/web/text/en-parts.ts";

describe("orders in the composer", () => {
  test.each([
    ["hello", undefined],
    ["a /join b", undefined],
    ["QUIT", { kind: "logout" }],
    ["/join #lobby", { kind: "join", room: "lobby", password: undefined, sealed: false }],
    ["/join lobby pw", { kind: "join", room: "lobby", password: "pw", sealed: false }],
    ["/join vault --sealed", { kind: "join", room: "vault", password: undefined, sealed: true }],
    ["/join --sealed vault", { kind: "join", room: "vault", password: undefined, sealed: true }],
    ["/join vault --sealde", { kind: "misused", usage: "/join ROOM [PASSWORD | --sealed]" }],
    ["/join vault pw --sealed", { kind: "misused", usage: "/join ROOM [PASSWORD | --sealed]" }],
    ["/invite", { kind: "invite", user: undefined }],
    ["/invite @bob", { kind: "invite", user: "bob" }],
    ["/invite bob eve", { kind: "misused", usage: "/invite [NAME]" }],
    ["/seal @bob", { kind: "seal", user: "bob" }],
    ["/seal", { kind: "misused", usage: "/seal @NAME" }],
    ["/sealed", { kind: "sealed" }],
    ["/join", { kind: "misused", usage: "/join ROOM [PASSWORD | --sealed]" }],
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
