import { expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { Fault } from "../../../src/base/fault.ts";
import { boxId, type FileId } from "../../../src/base/ids.ts";
import {
  OUTPUT_QUEUE_BYTES_MAX,
  PRINTED_CHARS_MAX,
  PRINTED_CHARS_PER_SECOND,
  TEXT_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { checkName, type Name } from "../../../src/base/names.ts";
import { createContext } from "../../../src/cli/context.ts";
import { displayRecord } from "../../../src/cli/output/records.ts";
import { renderRecord, styleOf } from "../../../src/cli/output/render.ts";
import type { OpenFolder } from "../../../src/cli/serve/folder.ts";
import { type JoinInfo, printListening } from "../../../src/cli/serve/join-info.ts";
import { ServePrinter } from "../../../src/cli/serve/print.ts";
import { Registry } from "../../../src/core/rooms/accounts.ts";
import { LOBBY, type Room, Rooms } from "../../../src/core/rooms/rooms.ts";
import { parseFingerprint } from "../../../src/wire/fingerprint.ts";
import { quoteInvite } from "../../../src/wire/invite.ts";
import { ANY_CHARACTER } from "../../any-character.ts";
import { FakeOutput, fakeContext, fakeWorld } from "../../commands/fake-world.ts";
import { ANA, Ledger, ROOM } from "../../core/ledger.ts";
import { sampleSize } from "../../samples.ts";
import { tempFolder } from "../../temp-folder.ts";

class StuckOutput extends FakeOutput {
  queued = 0;

  override queuedBytes(): number {
    return this.queued;
  }
}

function printing(json: boolean, registry = new Registry()) {
  const { world, context } = fakeContext({ json });
  return { world, context, printer: new ServePrinter(context, registry) };
}

function lobby() {
  const ledger = new Ledger();
  const rooms = new Rooms();
  rooms.apply(ledger.write("room", ROOM, "server", { name: LOBBY }));
  const room = rooms.get(ROOM);
  if (room === undefined) throw new Error("the lobby does not exist");
  return { ledger, room };
}

test("counts lines that are dropped while the output is blocked", () => {
  const stdout = new StuckOutput(false);
  const world = { ...fakeWorld(), stdout };
  const context = createContext(world, { json: true, color: false, debug: false });
  const printer = new ServePrinter(context, new Registry());
  const address = { host: "10.0.0.1", port: 1 };
  const say = (user: string) => {
    printer.event({ kind: "logged-in", user, address, transport: "tcp" });
    printer.flush();
  };
  stdout.queued = OUTPUT_QUEUE_BYTES_MAX;
  say("first");
  stdout.queued = OUTPUT_QUEUE_BYTES_MAX + 1;
  say("second");
  say("third");
  stdout.queued = 0;
  say("fourth");
  const lines = stdout.text.trim().split("\n");
  const told = lines.map((line) => JSON.parse(line)).map(({ user, lines }) => user ?? lines);
  expect(told).toEqual(["first", "2", "fourth"]);
});

test.each([true, false])("omits what is written in a box, with --json: %p", (json) => {
  const { world, printer } = printing(json);
  const { ledger } = lobby();
  const rooms = new Rooms();
  for (const record of ledger.records) rooms.apply(record);
  rooms.apply(ledger.write("join", ROOM, ANA, {}));
  const box = boxId(ROOM, ANA);
  rooms.apply(ledger.write("room", box, "server", {}));
  const room = rooms.get(box) as Room;
  const record = ledger.write("text", box, ANA, { text: "my essay" });
  printer.event({ kind: "record", record, room });
  printer.flush();
  expect(world.stdout.text).toContain(`lobby@${ANA}`);
  expect(world.stdout.text).not.toContain("essay");
});

test.each([
  [["lab"], true],
  [["@ben"], false],
  [["lab@ben"], false],
  [["lab", "group-0123456789abcdef"], false],
])("prints the name of a file for %j: %p", (to, isShown) => {
  const { world, printer } = printing(true);
  const address = { host: "10.0.0.1", port: 1 };
  const file = { file: "f1" as FileId, name: "essay.txt", sizeBytes: 1 };
  printer.event({ kind: "offered", user: "ben" as Name, address, to, ...file });
  printer.flush();
  expect(world.stdout.text).toContain('"offered"');
  expect(world.stdout.text.includes("essay.txt")).toBe(isShown);
});

test("prints a text from the log's bytes like any record", () => {
  const registry = new Registry();
  const enrolment = {
    name: checkName("Ana"),
    accountKey: new Uint8Array(32),
    deviceKey: new Uint8Array(32),
    deviceCert: new Uint8Array(70),
  };
  registry.apply(new Ledger().append(registry.accountDraft(ANA, enrolment)));
  const { ledger, room } = lobby();
  const { world, context, printer } = printing(true, registry);
  const text = fc.oneof(fc.string(), fc.string({ unit: ANY_CHARACTER }));
  const body = fc.oneof(
    fc.record({ text }),
    fc.record({ text, re: fc.integer() }),
    fc.record({ text, mentions: fc.array(text) }, { requiredKeys: ["text"] }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom("text", "action"), body)), (all) => {
      world.stdout.text = "";
      let expected = "";
      for (const [kind, said] of all) {
        ledger.time += 7;
        const record = ledger.write(kind as "text", ROOM, ANA, said);
        printer.event({ kind: "record", record, room });
        const shown = displayRecord(record, { from: "Ana", destination: { room: LOBBY } });
        expected += renderRecord(shown, styleOf(context));
      }
      printer.flush();
      expect(world.stdout.text).toBe(expected);
    }),
    { numRuns: sampleSize(40, 200) },
  );
});

test("prints sanitised warnings, and a full disk once a minute", () => {
  const { world, printer } = printing(true);
  printer.event({ kind: "warning", fault: new Fault("store-failed", "no\u001b[2J marks") });
  for (let i = 0; i < 3; i++) {
    printer.event({ kind: "full", fault: new Fault("store-full", "no space left") });
  }
  printer.flush();
  expect(world.stdout.text).toBe("");
  const { text } = world.stderr;
  expect(text).toContain("marks");
  expect(text).not.toContain("\u001b");
  expect(text.match(/no space left/g)).toHaveLength(1);
});

test("reports when the majority is lost and restored", () => {
  const { world, printer } = printing(true);
  const reason = "the cluster has no majority";
  for (const fault of [new Fault("no-majority", reason), undefined]) {
    printer.event({ kind: "majority", fault });
  }
  printer.flush();
  const lines = world.stdout.text.trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { on: false, reason },
    { on: true },
  ]);
});

const JOINING: JoinInfo = {
  name: "Room 12",
  local: { host: "127.0.0.1", port: 2500, portGiven: true },
  invite: { host: "192.0.2.7", port: 2500, portGiven: true, secret: "pass word" },
  isPublic: false,
  fingerprint: "SHA256:x",
  roomPassword: "pass word",
  tls: true,
  udp: true,
  irc: [],
  data: "/srv/chat",
  operatorToken: "op-token",
};

const SOUND_LOG = { keptSize: undefined, recovered: [], damaged: [] };
/** Folder whose logs lost nothing. */
const UNDAMAGED = {
  accounts: SOUND_LOG,
  history: SOUND_LOG,
  lostAccounts: [],
} as unknown as OpenFolder;

function joiningText(terminal: boolean, more: Partial<JoinInfo> = {}, env = {}): string {
  const { world, context } = fakeContext({ terminal, env, color: true });
  printListening(context, { ...JOINING, ...more }, UNDAMAGED);
  return world.stderr.text;
}

test("prints links for browser and phone, with a QR code", () => {
  const folder = tempFolder();
  symlinkSync(process.execPath, join(folder, "chat")); // Simulates an installed program.
  const text = joiningText(true, {}, { PATH: folder });
  expect(text).toContain("https://127.0.0.1:2500/#operator=op-token");
  for (const heading of [
    "on this computer",
    "phones and others: scan this, or",
    "server password",
  ]) {
    expect(text).toMatch(new RegExp(`${heading}\n.* {3}\\S`));
  }
  expect(text).not.toMatch(/--transport udp|operator link:/);
  const narrow = joiningText(true, { irc: [`irc://${"x".repeat(60)}:1`] });
  expect(narrow).toContain("phones and others https://192.0.2.7:2500/#invite=pass%20word\n");
  expect(text).toContain("\u001b[30;107m");
  expect(joiningText(true, {}, { NO_COLOR: "1" })).not.toContain("\u001b");
  expect(joiningText(true, {}, { NO_COLOR: "1" })).toContain("█");
});

function rowsOf(text: string): number {
  const lines = text.trimEnd().split("\n");
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(Bun.stringWidth(line) / 80)), 0);
}

test("the code is complete on 80x24, however many lines precede it", () => {
  const fingerprint = `SHA256:${"A".repeat(43)}`;
  const operatorToken = "o".repeat(22);
  const secret = "k7mq-tz4w-9hpd";
  const place = { host: "192.168.100.200", port: 65_535, portGiven: true } as const;
  const invite = { ...place, room: LOBBY, fingerprint: parseFingerprint(fingerprint), secret };
  const local = { ...place, host: "127.0.0.1" };
  const named = { name: "chat-room.local", rootSha256: "a".repeat(64) };
  const downloads = { programs: ["chat-linux-x64"], release: undefined, pin: "sha256//x=" };
  const all = { fingerprint, operatorToken, invite, local, roomPassword: secret };
  const folder = tempFolder();
  symlinkSync(process.execPath, join(folder, "chat")); // Simulates an installed program.
  for (const more of [{}, { named, downloads }, { data: `/var/lib/${"x".repeat(200)}` }]) {
    const text = joiningText(true, { ...all, ...more }, { PATH: folder });
    const page = "https://192.168.100.200:65535/";
    for (const words of [fingerprint, operatorToken, secret, page, quoteInvite(invite)]) {
      expect(text).toContain(words);
    }
    const lines = text.trimEnd().split("\n");
    const start = lines.findIndex((line) => line.includes("\u001b[30;107m"));
    expect(lines.slice(start).every((line) => line.includes("\u001b[30;107m"))).toBe(true);
    expect(rowsOf(lines.slice(start).join("\n"))).toBeLessThan(24);
  }
  expect(rowsOf(joiningText(true, all, { PATH: folder }))).toBeLessThan(24);
});

test("prints the addresses for IRC clients, beside the QR code or below it", () => {
  const irc = ["irc://127.0.0.1:6667", "ircs://192.0.2.7:6697"];
  expect(joiningText(true)).not.toContain("IRC");
  expect(joiningText(true, { irc })).toContain("ircs://192.0.2.7:6697");
  const long = [...irc, `irc://${"x".repeat(60)}:1`];
  const text = joiningText(true, { irc: long });
  for (const address of long) expect(text).toContain(`  in an IRC client  ${address}\n`);
});

test("prints how to download the program", () => {
  const programs = ["chat-linux-x64", "chat-windows-x64.exe"];
  const linesOf = (downloads: NonNullable<JoinInfo["downloads"]>) =>
    joiningText(true, { downloads }, { NO_COLOR: "1" })
      .split("\n")
      .filter((line) => /the program|^ {20}or /.test(line));
  const release = { version: "0.2.0", isVerified: true };
  expect(linesOf({ programs, release, pin: "sha256//x=" })[0]).toBe(
    "  the program       curl -fsSk --pinnedpubkey 'sha256//x=' " +
      "https://192.0.2.7:2500/program/install.sh | " +
      "sh -s -- https://192.0.2.7:2500/program --pin 'sha256//x='",
  );
  expect(linesOf({ programs, release })[0]).toBe(
    "  the program       curl -fsSL https://192.0.2.7:2500/program/install.sh | " +
      "sh -s -- https://192.0.2.7:2500/program",
  );
  const lines = linesOf({ programs, release: undefined, pin: "sha256//x=" });
  expect(lines).toEqual([
    "  the program       curl -kO https://192.0.2.7:2500/program/chat-linux-x64",
    "                    or chat-windows-x64.exe",
  ]);
});

test("prints no secrets to a pipe", () => {
  const text = joiningText(false);
  expect(text).not.toContain("op-token");
  expect(text).not.toContain("pass");
});

test("truncates long texts, and limits the output per second", () => {
  const { ledger, room } = lobby();
  for (const json of [false, true]) {
    const { world, printer } = printing(json);
    const count = Math.ceil(PRINTED_CHARS_PER_SECOND / (json ? TEXT_BYTES_MAX : PRINTED_CHARS_MAX));
    const said = () => {
      world.stdout.text = "";
      const text = "\u0001".repeat(TEXT_BYTES_MAX);
      printer.event({ kind: "record", record: ledger.write("text", ROOM, ANA, { text }), room });
      printer.flush();
      return world.stdout.text;
    };
    if (json) {
      for (let i = 0; i <= count; i++) expect(said().length).toBeGreaterThan(6 * TEXT_BYTES_MAX);
      continue;
    }
    const first = said();
    expect(first).toContain(`${"\u2401".repeat(PRINTED_CHARS_MAX)}…`);
    expect(first.length).toBeLessThan(PRINTED_CHARS_MAX + 100);
    for (let i = 1; i < count; i++) said();
    expect(said()).toContain(`(${TEXT_BYTES_MAX} characters)`);
  }
});
