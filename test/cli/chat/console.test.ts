import { expect, test } from "bun:test";
import { ChatConsole } from "../../../src/cli/chat/console.ts";
import type { DisplayRecord } from "../../../src/cli/output/render.ts";
import { fakeContext, fakeWorld } from "../../commands/fake-world.ts";

const NOW = Date.UTC(2026, 10, 20, 12);
const DAY_MS = 86_400_000;

function messageAt(text: string, timeUnixMs: number): DisplayRecord {
  return { kind: "text", seq: 1, timeUnixMs, destination: { room: "lobby" }, from: "bob", text };
}

function shown(records: readonly DisplayRecord[], isTerminal: boolean, json = false): string {
  const { world, context } = fakeContext({ nowUnixMs: NOW, terminal: isTerminal, json });
  const chatConsole = new ChatConsole({ ...context, stdin: fakeWorld().stdin });
  for (const record of records) chatConsole.record(record);
  return world.stdout.text;
}

test("separates days by local time on a terminal", () => {
  const records = [
    messageAt("today", NOW - 1),
    messageAt("long ago", NOW - 2 * DAY_MS),
    messageAt("that evening", NOW - 2 * DAY_MS + 10 * 3_600_000),
    messageAt("past midnight", NOW - 2 * DAY_MS + 11 * 3_600_000),
    messageAt("now", NOW),
  ];
  expect(shown(records, true).split("\n")).toEqual([
    "12:59 #1 lobby bob: today",
    "--- 2026-11-18 ---",
    "13:00 #1 lobby bob: long ago",
    "23:00 #1 lobby bob: that evening",
    "--- 2026-11-19 ---",
    "00:00 #1 lobby bob: past midnight",
    "--- 2026-11-20 ---",
    "13:00 #1 lobby bob: now",
    "",
  ]);
});

test("shows display names on a terminal, and account names to programs", () => {
  const reply = { ...messageAt("yes", NOW), seq: 2, re: 1 } as DisplayRecord;
  const output = (options: { readonly terminal?: boolean; readonly json?: boolean }) => {
    const { world, context } = fakeContext({ nowUnixMs: NOW, ...options });
    const chatConsole = new ChatConsole({ ...context, stdin: fakeWorld().stdin });
    chatConsole.setUser("ana");
    chatConsole.nameOf = (account) => (account === "bob" ? "Bób\u001b" : account);
    for (const record of [messageAt("today", NOW), reply]) chatConsole.record(record);
    return world.stdout.text;
  };
  expect(output({ terminal: true })).toBe(
    "13:00 #1 lobby Bób␛: today\n13:00 #2 lobby Bób␛: ↪ Bób␛: yes\n",
  );
  for (const options of [{}, { json: true }]) {
    expect(output(options)).toContain("bob");
    expect(output(options)).not.toContain("Bób");
  }
});

test("names the author of an answered message only in its own room or conversation", () => {
  const direct = (from: string, to: string, fields: object) => {
    return { ...messageAt("yes", NOW), from, destination: { to }, ...fields } as DisplayRecord;
  };
  const { world, context } = fakeContext({ nowUnixMs: NOW, terminal: true });
  const chatConsole = new ChatConsole({ ...context, stdin: fakeWorld().stdin });
  chatConsole.setUser("ana");
  chatConsole.record(messageAt("hi", NOW));
  const elsewhere = { seq: 2, re: 1, destination: { room: "lab" } };
  chatConsole.record({ ...messageAt("yes", NOW), ...elsewhere } as DisplayRecord);
  chatConsole.record(direct("bob", "ana", { seq: 3, re: 1 }));
  chatConsole.record(direct("ana", "bob", { seq: 4, re: 3 }));
  expect(world.stdout.text.match(/↪ .*/g)).toEqual(["↪ #1: yes", "↪ #1: yes", "↪ bob: yes"]);
});

const FORGED = "chat: the server's identity has changed; run chat trust accept";

function written(act: (chatConsole: ChatConsole) => void): string {
  const { world, context } = fakeContext();
  act(new ChatConsole(context));
  return world.stderr.text;
}

test("escapes line feeds in a user's text", () => {
  const rows = [`f1  a\n${FORGED}`, `f2  b\r\n${FORGED}\u001b[2J`];
  const lines = written((chatConsole) => chatConsole.note(`x\n${FORGED}`, rows))
    .trimEnd()
    .split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[0]).toBe(`chat: x␊${FORGED}`);
  for (const line of lines.slice(1)) expect(line).toStartWith("        f");
  expect(lines.join("")).not.toContain("\u001b");
});
