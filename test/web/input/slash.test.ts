import { describe, expect, test } from "bun:test";
import { slashRows } from "../../../src/cli/chat/slash.ts";
import { SLASH, slashCommand } from "../../../src/web/input/slash.ts";
import { ENGLISH_PARTS } from "../../../src/web/text/en-parts.ts";

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
    ["/join #lobby", { kind: "join", room: "lobby", password: undefined, sealed: false }],
    ["/join lobby pw", { kind: "join", room: "lobby", password: "pw", sealed: false }],
    ["/join vault --sealed", { kind: "join", room: "vault", password: undefined, sealed: true }],
    ["/join --sealed vault", { kind: "join", room: "vault", password: undefined, sealed: true }],
    ["/join vault --sealde", JOIN],
    ["/join vault pw --sealed", JOIN],
    ["/invite", { kind: "invite", user: undefined }],
    ["/invite @bob", { kind: "invite", user: "bob" }],
    ["/invite bob eve", { kind: "misused", usage: "/invite [NAME]", summary: "cmdInvite" }],
    ["/seal @bob", { kind: "seal", user: "bob" }],
    ["/seal", { kind: "misused", usage: "/seal @NAME", summary: "cmdSeal" }],
    ["/sealed", { kind: "sealed" }],
    ["/join", JOIN],
    ["/msg @bob two\nlines", { kind: "msg", to: "@bob", text: "two\nlines" }],
    ["/msg bob", { kind: "msg", to: "@bob", text: "" }],
    ["/me waves", { kind: "say", text: "/me waves" }],
    ["//me", { kind: "say", text: "/me" }],
    ["/unmute @bob", { kind: "mute", user: "bob", on: false }],
    ["/kick bob now", { kind: "misused", usage: "/kick NAME", summary: "cmdKick" }],
    ["/msg #lab hi", { kind: "msg", to: "lab", text: "hi" }],
    ["/msg b.b hi", { kind: "misused", usage: "/msg NAME TEXT", summary: "cmdMsg" }],
    ["/mute bob", { kind: "mute", user: "bob", on: true }],
    ["/mute @bob 10m", { kind: "mute", user: "bob", on: true, forMs: 600_000 }],
    ["/mute bob 7d", { kind: "mute", user: "bob", on: true, forMs: 604_800_000 }],
    ["/mute bob 0m", MUTE],
    ["/mute bob soon", MUTE],
    ["/mute bob 10m now", MUTE],
    ["/ban bob", { kind: "ban", whom: { user: "bob" } }],
    ["/ban @bob 2h too loud", { ...BAN, whom: { user: "bob" }, reason: "too loud" }],
    ["/ban 10.0.0.1 2h", { ...BAN, whom: { address: "10.0.0.1" } }],
    ["/ban bob 2 cats", { kind: "ban", whom: { user: "bob" }, reason: "2 cats" }],
    ["/leave", { kind: "leave", room: undefined }],
    ["/leave #lab", { kind: "leave", room: "lab" }],
    ["/leave lab now", { kind: "misused", usage: "/leave [ROOM]", summary: "cmdLeave" }],
    ["/topic", { kind: "topic", text: "" }],
    ["/reply yes", { kind: "reply", seq: undefined, text: "yes" }],
    ["/reply 12 yes\nno", { kind: "reply", seq: 12, text: "yes\nno" }],
    ["/reply 12", { kind: "reply", seq: undefined, text: "12" }],
    ["/react 👍", { kind: "react", seq: undefined, sign: "👍" }],
    ["/react 👍 12", { kind: "react", seq: 12, sign: "👍" }],
    ["/react 👍 x", { kind: "misused", usage: "/react EMOJI [SEQ]", summary: "cmdReact" }],
    ["/edit two words", { kind: "edit", text: "two words" }],
    ["/erase", { kind: "erase", seq: undefined }],
    ["/pin 12", { kind: "pin", seq: 12, on: true }],
    ["/unpin", { kind: "misused", usage: "/unpin SEQ", summary: "cmdUnpin" }],
    ["/unsave 7", { kind: "save", seq: 7, on: false }],
    ["/revoke bob", { kind: "grant", user: "bob", on: false }],
    ["/quiet", { kind: "quiet", on: true }],
    ["/quiet off", { kind: "quiet", on: false }],
    ["/receipts", { kind: "misused", usage: "/receipts on|off", summary: "cmdReceipts" }],
    ["/notify off", { kind: "notify", on: false, target: undefined }],
    ["/notify on #lab", { kind: "notify", on: true, target: "lab" }],
    ["/j lab", { kind: "join", room: "lab", password: undefined, sealed: false }],
    ["/names", { kind: "who" }],
    ["/sendall hi", { kind: "say", text: "hi" }],
    ["/who lab", { kind: "misused", usage: "/who", summary: "cmdWho" }],
    ["/TOPIC Waves", { kind: "topic", text: "Waves" }],
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
