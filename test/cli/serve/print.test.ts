import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { Fault } from "../../../src/base/fault.ts";
import {
  OUTPUT_QUEUE_BYTES_MAX,
  PRINTED_CHARS_MAX,
  PRINTED_CHARS_PER_SECOND,
  TEXT_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { checkName } from "../../../src/base/names.ts";
import { createContext } from "../../../src/cli/context.ts";
import { shownRecord } from "../../../src/cli/output/records.ts";
import { renderRecord, styleOf } from "../../../src/cli/output/render.ts";
import {
  type Joining,
  operatorLink,
  printJoining,
  ServePrinter,
} from "../../../src/cli/serve/print.ts";
import { Registry } from "../../../src/core/rooms/accounts.ts";
import { LOBBY, Rooms } from "../../../src/core/rooms/rooms.ts";
import { parseFingerprint } from "../../../src/wire/fingerprint.ts";
import { quoteInvite } from "../../../src/wire/invite.ts";
import { FakeOutput, fakeWorld } from "../../commands/fake-world.ts";
import { ANA, Ledger, ROOM } from "../../core/ledger.ts";

class StuckOutput extends FakeOutput {
  queued = 0;

  override queuedBytes(): number {
    return this.queued;
  }
}

test("a window that does not read: lines beyond the bound are left out, and counted", () => {
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
  expect(lines.map((line) => JSON.parse(line).user ?? JSON.parse(line).lines)).toEqual([
    "first",
    "2",
    "fourth",
  ]);
});

test("a text is printed as any record is, if its line is made of the log's bytes, too", () => {
  const registry = new Registry();
  const enrolment = {
    name: checkName("Ana"),
    accountKey: new Uint8Array(32),
    deviceKey: new Uint8Array(32),
    deviceCert: new Uint8Array(70),
  };
  registry.apply(new Ledger().append(registry.accountDraft(ANA, enrolment)));
  const ledger = new Ledger();
  const rooms = new Rooms();
  rooms.apply(ledger.write("room", ROOM, "server", { name: LOBBY }));
  const room = rooms.get(ROOM);
  if (room === undefined) throw new Error("the room was made");
  const world = fakeWorld();
  const context = createContext(world, { json: true, color: false, debug: false });
  const printer = new ServePrinter(context, registry);
  const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }));
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
        const shown = shownRecord(record, { from: "Ana", destination: { room: LOBBY } });
        expected += renderRecord(shown, styleOf(context));
      }
      printer.flush();
      expect(world.stdout.text).toBe(expected);
    }),
  );
});

test("warnings go to standard error, cleaned, and a full disk is told of once a minute", () => {
  const world = fakeWorld();
  const context = createContext(world, { json: true, color: false, debug: false });
  const printer = new ServePrinter(context, new Registry());
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

test("the loss and the return of the majority are each one line, and one of JSON", () => {
  const world = fakeWorld();
  const context = createContext(world, { json: true, color: false, debug: false });
  const printer = new ServePrinter(context, new Registry());
  const message = "the cluster has no majority: 2 of 3 NATS servers do not answer: nats://n2:4222";
  printer.event({ kind: "majority", fault: new Fault("no-majority", message) });
  printer.event({ kind: "majority", fault: undefined });
  printer.flush();
  const lines = world.stdout.text.trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { kind: "majority", on: false, reason: message },
    { kind: "majority", on: true },
  ]);
  expect(world.stderr.text).toContain("do not answer: nats://n2:4222");
  expect(world.stderr.text).toContain("has a majority again");
});

const JOINING: Joining = {
  name: "Room 12",
  local: { host: "127.0.0.1", port: 2500, portGiven: true },
  invite: { host: "192.0.2.7", port: 2500, portGiven: true, secret: "pass word" },
  isPublic: false,
  fingerprint: "SHA256:x",
  roomPassword: "pass word",
  tls: true,
  udp: true,
  data: "/srv/chat",
  operatorToken: "op-token",
};

function joiningText(terminal: boolean, more: Partial<Joining> = {}, env = {}): string {
  const world = fakeWorld({ terminal, env });
  const context = createContext(world, { json: false, color: true, debug: false });
  printJoining(context, { ...JOINING, ...more });
  return world.stderr.text;
}

test("on a terminal it says how a browser and a phone come in, with a code to read off", () => {
  const text = joiningText(true);
  expect(operatorLink(JOINING)).toBe("https://127.0.0.1:2500/#operator=op-token");
  expect(text).toContain("https://127.0.0.1:2500/#operator=op-token");
  expect(text).toContain("on a phone");
  const narrow = joiningText(true, { data: `/srv/${"x".repeat(60)}` });
  expect(narrow).toContain("on a phone        https://192.0.2.7:2500/#invite=pass%20word\n");
  expect(text).toContain("\u001b[30;107m");
  expect(joiningText(true, {}, { NO_COLOR: "1" })).not.toContain("\u001b");
  expect(joiningText(true, {}, { NO_COLOR: "1" })).toContain("█");
});

test("where the program itself is had is a line for terminals, before the last one", () => {
  const programs = ["chat-linux-x64", "chat-windows-x64.exe"];
  const lines = (more: Partial<Joining>) =>
    joiningText(true, more, { NO_COLOR: "1" }).trimEnd().split("\n").slice(-3);
  expect(lines({ offered: { programs, isCertified: false } })).toEqual([
    "  the program       curl -kO https://192.0.2.7:2500/program/chat-linux-x64",
    "                    or chat-windows-x64.exe",
    expect.stringContaining("on another one"),
  ]);
  const invite = { host: "chat.example", port: 443, portGiven: true, secret: "x" };
  const isPublic = { isPublic: true, invite, tls: false };
  const [line] = lines({ ...isPublic, offered: { programs, isCertified: true } });
  expect(line).toBe("  the program       curl -O https://chat.example/program/chat-linux-x64");
  expect(joiningText(true, { offered: { programs: [], isCertified: false } })).not.toContain(
    "curl",
  );
});

test("behind a proxy no inner port is told: the public address is, or what to add for it", () => {
  const hidden = joiningText(true, { tls: false });
  expect(hidden).not.toContain("chat://");
  expect(hidden).toContain("add --public HOST\n");
  const invite = { host: "chat.example", port: 443, portGiven: true, secret: "pass word" };
  const shown = joiningText(true, { tls: false, isPublic: true, invite });
  expect(shown).toContain("'chat://chat.example:443#pass%20word'");
  expect(shown).toContain("in a browser      https://chat.example/\n");
  expect(shown).toContain("on a phone        https://chat.example/#invite=pass%20word\n");
  const other = { ...JOINING, isPublic: true, invite: { ...invite, host: "::5", port: 8443 } };
  expect(operatorLink(other)).toBe("https://[::5]:8443/#operator=op-token");
});

test("there is no code for an address that no phone reaches", () => {
  const local = joiningText(true, { invite: JOINING.local });
  expect(local).not.toContain("phone");
  expect(joiningText(true, { tls: false })).not.toContain("phone");
  expect(joiningText(true, { tls: false })).toContain("http://127.0.0.1:2500/\n");
});

/** Rows that they take on a terminal of 80 columns. */
function rowsOf(text: string): number {
  const lines = text.trimEnd().split("\n");
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(Bun.stringWidth(line) / 80)), 0);
}

/** A folder in which this very program is called `chat`, as where it is installed. */
function chatFolder() {
  const path = mkdtempSync(join(tmpdir(), "chat-print-"));
  symlinkSync(process.execPath, join(path, "chat"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test("on 80x24 the code and all lines are seen at once, the line for others last", () => {
  const fingerprint = `SHA256:${"A".repeat(43)}`;
  const operatorToken = "o".repeat(22);
  const secret = "k7mq-tz4w-9hpd";
  const place = { host: "192.168.100.200", port: 65_535, portGiven: true } as const;
  const invite = { ...place, room: LOBBY, fingerprint: parseFingerprint(fingerprint), secret };
  const local = { ...place, host: "127.0.0.1" };
  const all = { fingerprint, operatorToken, invite, local, roomPassword: secret };
  using folder = chatFolder();
  for (const data of ["/srv/chat", "/var/lib/chat-room/data"]) {
    const text = joiningText(true, { ...all, data }, { PATH: folder.path });
    expect(rowsOf(text)).toBeLessThan(24); // The last row is the cursor's.
    const last = text.trimEnd().split("\n").at(-1);
    expect(last).toBe(`  on another one    chat join ${quoteInvite(invite)} --user YOUR-NAME`);
    for (const words of [
      fingerprint,
      operatorToken,
      secret,
      data,
      "https://192.168.100.200:65535/",
    ])
      expect(text).toContain(words);
  }
});

test("UDP is named where it is there", () => {
  expect(joiningText(true)).toContain("add --transport udp\n");
  expect(joiningText(true, { udp: false })).not.toContain("udp");
});

test("in a pipe there are no secrets", () => {
  const text = joiningText(false);
  expect(text).not.toContain("op-token");
  expect(text).not.toContain("pass");
});

test("prints the beginning of a long text for people, and no more than so much in a second", () => {
  const ledger = new Ledger();
  const rooms = new Rooms();
  rooms.apply(ledger.write("room", ROOM, "server", { name: LOBBY }));
  const room = rooms.get(ROOM);
  if (room === undefined) throw new Error("the room was made");
  for (const json of [false, true]) {
    const world = fakeWorld();
    const printer = new ServePrinter(
      createContext(world, { json, color: false, debug: false }),
      new Registry(),
    );
    const count = Math.ceil(PRINTED_CHARS_PER_SECOND / PRINTED_CHARS_MAX);
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
