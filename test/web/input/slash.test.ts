import { describe, expect, test } from "bun:test";
import { slashRows } from "../../../src/cli/chat/slash.ts";
import { type Command, usageFor } from "../../../src/ui/command.ts";
import { COMMANDS } from "../../../src/ui/commands.ts";
import { ENGLISH } from "../../../src/ui/messages/en/page.ts";
import { slashLine } from "../../../src/web/input/slash.ts";

const misused = (name: string) => {
  const usage = usageFor(COMMANDS[name] as Command, "page");
  return { kind: "misused", name, usage };
};
const order = (name: string, fields: object = {}) => {
  return { kind: "order", command: COMMANDS[name], order: fields };
};
const shown = (kind: string, fields: object = {}) => order(kind, { kind, ...fields });
const message = (text: string) => ({ kind: "message", text });

/** Commands for the terminal only, because the page has other controls for them. */
const TERMINAL_ALONE = [
  "caption",
  "get",
  "go",
  "history",
  "inbox",
  "login",
  "readers",
  "register",
  "stamp",
  "stats",
  "wall",
];
const OTHERWISE: Readonly<Record<string, string>> = {
  who: "/who",
  notify: "/notify LEVEL [TARGET]",
  send: "/send",
  files: "/files",
  sealed: "/sealed",
  verify: "/verify NAME",
  set: "/set",
  "irc-password": "/irc-password",
};

describe("slash commands in the composer", () => {
  test.each([
    ["hello", undefined],
    ["a /join b", undefined],
    ["QUIT", shown("quit")],
    ["/join vault --sealed", order("join", { room: "vault", password: undefined, sealed: true })],
    ["/join --sealed vault", order("join", { room: "vault", password: undefined, sealed: true })],
    ["/join vault pw --sealed", misused("join")],
    ["/join vault --sealde", misused("join")],
    ["/invite", order("invite", { user: undefined, isAccount: false })],
    ["/invite bob", order("invite", { user: "bob", isAccount: false })],
    ["/invite @bob", order("invite", { user: "bob", isAccount: true })],
    ["/invite @bob now", misused("invite")],
    ["/seal", shown("seal", { user: undefined, isConfirmed: false })],
    ["/seal a b", misused("seal")],
    ["/irc-password", shown("irc-password", { input: "" })],
    ["/irc-password list", misused("irc-password")],
    ["/join", misused("join")],
    ["/msg @bob two\nlines", order("msg", { to: "@bob", text: "two\nlines" })],
    ["/me waves", order("me", { text: "waves" })],
    ["/shrug", order("shrug", { text: "" })],
    ["//me waves", message("/me waves")],
    ["/msg #lab hi", order("msg", { to: "lab", text: "hi" })],
    ["/msg a! hi", misused("msg")],
    ["/mute @bob 10m", order("mute", { user: "bob", forMs: 600_000 })],
    ["/mute bob soon", misused("mute")],
    ["/ban @bob 2h too loud", order("ban", { name: "@bob", forMs: 7_200_000, reason: "too loud" })],
    ["/ban bob 2 cats", order("ban", { name: "bob", forMs: undefined, reason: "2 cats" })],
    ["/kick @bob", order("kick", { user: "bob", reason: "" })],
    ["/kick bob  too loud ", order("kick", { user: "bob", reason: "too loud" })],
    ["/kick", misused("kick")],
    ["/leave", order("leave", { room: undefined })],
    ["/leave two rooms", misused("leave")],
    ["/reply 12 yes\nno", order("reply", { seq: 12, text: "yes\nno" })],
    ["/reply 12", order("reply", { seq: undefined, text: "12" })],
    ["/react 👍 x", misused("react")],
    ["/reply yes", order("reply", { seq: undefined, text: "yes" })],
    ["/react 👍", order("react", { seq: undefined, sign: "👍" })],
    ["/edit two words", order("edit", { text: "two words" })],
    ["/unmute @bob", order("unmute", { user: "bob" })],
    ["/pin 12", order("pin", { seq: 12 })],
    ["/jump", misused("jump")],
    ["/jump 42", shown("jump", { to: 42 })],
    ["/goto #42", shown("jump", { to: 42 })],
    ["/jump 2 hours ago", shown("jump", { to: "2 hours ago" })],
    ["/notify all", order("notify", { level: "all" })],
    ["/notify on #lab", order("notify", { level: "on", target: "lab" })],
    ["/notify", misused("notify")],
    ["/notify on a b", misused("notify")],
    ["/who lab", misused("who")],
    ["/whois @bob", order("whois", { user: "bob" })],
    ["/whois", misused("whois")],
    ["/erase", order("erase", { seq: undefined })],
    ["/unpin", misused("unpin")],
    ["/unsave 7", order("unsave", { seq: 7 })],
    ["/revoke bob", order("revoke", { user: "bob" })],
    ["/quiet off", order("quiet", { on: false })],
    ["/receipts", misused("receipts")],
    ["/j lab", order("join", { room: "lab", password: undefined, sealed: false })],
    ["/query bob", order("msg", { to: "@bob", text: "" })],
    ["/op @bob", order("grant", { user: "bob" })],
    ["/n", shown("who", { room: undefined })],
    ["/w bob", order("whois", { user: "bob" })],
    ["/lastlog two words", order("search", { text: "two words" })],
    ["/h", shown("help", { input: "" })],
    ["/notice bob", misused("notice")],
    ["/clear now", misused("clear")],
    ["/sendall hi", { kind: "room-message", text: "hi" }],
    ["/toString", { kind: "unknown", word: "toString" }],
    ["/", { kind: "unknown", word: "" }],
  ] as const)("%p", (text, line) => {
    expect(slashLine(text) as unknown).toEqual(line);
  });

  test("offers the commands of the terminal with the same usage", () => {
    const terminal = slashRows();
    const names = new Set(terminal.map(({ name }) => name));
    expect([...names].filter((name) => !Object.hasOwn(COMMANDS, name)).sort()).toEqual(
      TERMINAL_ALONE,
    );
    for (const [name, command] of Object.entries(COMMANDS)) {
      const there = terminal.find((row) => row.name === name)?.usage;
      expect([name, usageFor(command, "page")]).toEqual([name, OTHERWISE[name] ?? String(there)]);
      expect(there).toStartWith(`/${name}`);
    }
    expect(Object.keys(ENGLISH.slash).sort()).toEqual(Object.keys(COMMANDS).sort());
    for (const name of Object.keys(OTHERWISE)) expect(Object.hasOwn(COMMANDS, name)).toBe(true);
  });
});
