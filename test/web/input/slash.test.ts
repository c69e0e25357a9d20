import { describe, expect, test } from "bun:test";
import { slashRows } from "../../../src/cli/chat/slash.ts";
import { ENGLISH_PARTS } from "../../../src/ui/messages/en/parts.ts";
import { SLASH, slashCommand } from "../../../src/web/input/slash.ts";

const JOIN = { kind: "misused", usage: "/join ROOM [PASSWORD | --sealed]", summary: "cmdJoin" };
const MUTE = { kind: "misused", usage: "/mute NAME [TIME]", summary: "cmdMute" };
const BAN = { kind: "ban", forMs: 7_200_000 };

/** Of the terminal alone: on the page the timeline, a file's line or the way in does it. */
const TERMINAL_ALONE = ["caption", "get", "history", "login", "readers", "register", "stats"];
/** Which the page writes otherwise: what it shows there has more than the words could say. */
const OTHERWISE: Readonly<Record<string, string>> = {
  who: "/who",
  notify: "/notify on|off [TARGET]",
  send: "/send",
  sealed: "/sealed",
  verify: "/verify NAME",
  set: "/set",
  help: "/help",
};

describe("orders in the composer", () => {
  test.each([
    ["hello", undefined],
    ["a /join b", undefined],
    ["QUIT", { kind: "logout" }],
    ["/join vault --sealed", { kind: "join", room: "vault", password: undefined, sealed: true }],
    ["/join --sealed vault", { kind: "join", room: "vault", password: undefined, sealed: true }],
    ["/join vault --sealde", JOIN],
    ["/invite", { kind: "invite", user: undefined }],
    ["/seal", { kind: "misused", usage: "/seal @NAME", summary: "cmdSeal" }],
    ["/join", JOIN],
    ["/msg @bob two\nlines", { kind: "msg", to: "@bob", text: "two\nlines" }],
    ["/me waves", { kind: "say", text: "/me waves" }],
    ["//me", { kind: "say", text: "/me" }],
    ["/msg #lab hi", { kind: "msg", to: "lab", text: "hi" }],
    ["/mute @bob 10m", { kind: "mute", user: "bob", on: true, forMs: 600_000 }],
    ["/mute bob soon", MUTE],
    ["/ban @bob 2h too loud", { ...BAN, whom: { user: "bob" }, reason: "too loud" }],
    ["/ban bob 2 cats", { kind: "ban", whom: { user: "bob" }, reason: "2 cats" }],
    ["/leave", { kind: "leave", room: undefined }],
    ["/reply 12 yes\nno", { kind: "reply", seq: 12, text: "yes\nno" }],
    ["/reply 12", { kind: "reply", seq: undefined, text: "12" }],
    ["/react 👍 x", { kind: "misused", usage: "/react EMOJI [SEQ]", summary: "cmdReact" }],
    ["/reply yes", { kind: "reply", seq: undefined, text: "yes" }],
    ["/react 👍", { kind: "react", seq: undefined, sign: "👍" }],
    ["/edit two words", { kind: "edit", text: "two words" }],
    ["/unmute @bob", { kind: "mute", user: "bob", on: false }],
    ["/pin 12", { kind: "pin", seq: 12, on: true }],
    ["/notify on #lab", { kind: "notify", on: true, target: "lab" }],
    ["/erase", { kind: "erase", seq: undefined }],
    ["/unpin", { kind: "misused", usage: "/unpin SEQ", summary: "cmdUnpin" }],
    ["/unsave 7", { kind: "save", seq: 7, on: false }],
    ["/revoke bob", { kind: "grant", user: "bob", on: false }],
    ["/quiet off", { kind: "quiet", on: false }],
    ["/receipts", { kind: "misused", usage: "/receipts on|off", summary: "cmdReceipts" }],
    ["/j lab", { kind: "join", room: "lab", password: undefined, sealed: false }],
    ["/sendall hi", { kind: "say", text: "hi" }],
    ["/toString", { kind: "unknown", word: "toString" }],
    ["/", { kind: "unknown", word: "" }],
  ] as const)("%p", (text, order) => {
    expect(slashCommand(text) as unknown).toEqual(order);
  });

  test("each one of the terminal is here, and the other way round, and is written alike", () => {
    const terminal = slashRows();
    const missing = terminal.filter(({ name }) => !SLASH.has(name)).map(({ name }) => name);
    expect(missing.sort()).toEqual(TERMINAL_ALONE);
    for (const [name, { usage }] of SLASH) {
      const there = terminal.find((row) => row.name === name)?.usage;
      expect([name, usage]).toEqual([name, OTHERWISE[name] ?? String(there)]);
    }
    for (const name of Object.keys(OTHERWISE)) expect(SLASH.has(name)).toBe(true);
  });

  test("each is explained", () => {
    for (const [word, { usage, summary }] of SLASH) {
      expect(usage.startsWith(`/${word}`)).toBe(true);
      expect(ENGLISH_PARTS[summary]).not.toBe("");
    }
  });
});
