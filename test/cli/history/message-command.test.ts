import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MessageCommand } from "../../../src/cli/history/message-command.ts";
import { isRunByCmd } from "../../../src/cli/history/run-by-cmd.ts";
import type { DisplayRecord } from "../../../src/cli/output/render.ts";
import { fakeContext } from "../../commands/fake-world.ts";
import { tempFolder } from "../../temp-folder.ts";
import { eventBody } from "../output/event-body.ts";

const VARIABLES = '"$CHAT_ROOM" "$CHAT_FROM" "$CHAT_SEQ" "$CHAT_TEXT"';
const LINE = `cat >> "$0"; printf '%s|' ${VARIABLES} >> "$0"`;
const BASE = { timeUnixMs: 0, from: "ben", destination: { room: "lobby" } } as const;

function textRecord(seq: number, text: string): DisplayRecord {
  return { ...BASE, kind: "text", seq, text };
}

function runner(script: string) {
  const { context, world } = fakeContext({ env: { PATH: process.env["PATH"] ?? "" } });
  const file = join(tempFolder(), "log");
  const command = new MessageCommand(context, ["sh", "-c", script, file], "ana");
  return { command, world, read: () => readFileSync(file, "utf8") };
}

test("receives each message in order, and no text as code", async () => {
  const { command, read, world } = runner(LINE);
  const hostile = "$(id) `id` ; exit 7 # \"'\n\x1b[31m";
  await command.print([
    textRecord(3, hostile),
    { ...BASE, ...eventBody("topic", { topic: "nul \0 here" }), seq: 4 },
    { ...BASE, kind: "text", seq: 5, destination: { to: "ana" }, text: "psst" },
  ]);
  const time = "1970-01-01T00:00:00.000Z";
  const json = (kind: string, seq: number, fields: object) =>
    `${JSON.stringify({ kind, seq, time, ...fields })}\n`;
  const from = "ben";
  expect(read()).toBe(
    [
      json("text", 3, { room: "lobby", from, text: hostile }),
      `lobby|ben|3|${hostile}|`,
      json("topic", 4, { room: "lobby", from, topic: "nul \0 here" }),
      "lobby|ben|4|nul \ufffd here|",
      json("text", 5, { to: "ana", from, text: "psst" }),
      "@ben|ben|5|psst|",
    ].join(""),
  );
  expect(world.stderr.text).toBe("");
});

test("inherits no secret, but the server of an invite", async () => {
  const secrets = ["PASSWORD", "ROOM_PASSWORD", "NEW_PASSWORD", "RESET", "LINK_CODE"];
  const env = Object.fromEntries(secrets.map((name) => [`CHAT_${name}`, "TOPSECRET"]));
  const path = process.env["PATH"] ?? "";
  const invite = "chat://192.0.2.7:2500/lobby#TOPSECRET";
  const { context } = fakeContext({ env: { PATH: path, CHAT_INVITE: invite, OWN: "x", ...env } });
  const file = join(tempFolder(), "log");
  const command = new MessageCommand(context, ["sh", "-c", 'env > "$0"', file], "ana");
  await command.print([textRecord(3, "hi")]);
  const inherited = readFileSync(file, "utf8");
  expect(inherited).not.toContain("TOPSECRET");
  expect(inherited).toMatch(/^CHAT_SERVER=192\.0\.2\.7:2500$/m);
  expect(inherited).toMatch(/^OWN=x$/m);
});

test("continues after a failure, and omits records without content", async () => {
  const { command, read, world } = runner(`${LINE}; test "$CHAT_SEQ" != 3`);
  await command.print([
    textRecord(3, "one"),
    { ...BASE, kind: "erased", seq: 4 },
    { ...BASE, kind: "unreadable", seq: 5, reason: "no key" },
    textRecord(6, "two"),
  ]);
  expect(world.stderr.text).toBe("chat: sh exited with 1 for message 3\n");
  expect(read().match(/\|\d\|/g)).toEqual(["|3|", "|6|"]);
});

test("requires an existing program", () => {
  const { context } = fakeContext({ env: { PATH: "/nonexistent" } });
  const open = () => new MessageCommand(context, ["nosuchprogram"], "ana");
  expect(open).toThrow("no program named 'nosuchprogram'");
});

test.each([
  ["C:\\x\\script.cmd", true],
  ["C:\\x\\SCRIPT.BAT", true],
  ["C:/x/script.cmd. .", true],
  ["C:\\Windows\\System32\\cmd.exe", true],
  ["cmd", true],
  ["C:\\x\\script.cmd.exe", false],
  ["C:\\x.cmd\\powershell.exe", false],
])("cmd runs %p on Windows: %p", (path, isRun) => {
  expect([isRunByCmd(path, "win32"), isRunByCmd(path, "linux")]).toEqual([isRun, false]);
});
