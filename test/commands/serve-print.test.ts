import { expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import { OUTPUT_QUEUE_BYTES_MAX } from "../../src/base/limits.ts";
import { createContext } from "../../src/commands/_context.ts";
import {
  type Joining,
  operatorLink,
  printJoining,
  ServePrinter,
} from "../../src/commands/_serve-print.ts";
import { Registry } from "../../src/core/registry.ts";
import { FakeOutput, fakeWorld } from "./fake-world.ts";

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

const JOINING: Joining = {
  name: "Room 12",
  local: { host: "127.0.0.1", port: 2500, portGiven: true },
  invite: { host: "192.0.2.7", port: 2500, portGiven: true, secret: "pass word" },
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
  expect(text).toContain("on a phone        https://192.0.2.7:2500/#invite=pass%20word\n");
  expect(text).toContain("\u001b[30;107m");
  expect(joiningText(true, {}, { NO_COLOR: "1" })).not.toContain("\u001b");
  expect(joiningText(true, {}, { NO_COLOR: "1" })).toContain("█");
});

test("there is no code for an address that no phone reaches", () => {
  const local = joiningText(true, { invite: JOINING.local });
  expect(local).not.toContain("phone");
  expect(joiningText(true, { tls: false })).not.toContain("phone");
  expect(joiningText(true, { tls: false })).toContain("http://127.0.0.1:2500/\n");
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
