import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { LAN_ECHO_TIMEOUT_MS, OUTPUT_QUEUE_BYTES_MAX } from "../../../src/base/limits.ts";
import { checkName } from "../../../src/base/names.ts";
import { LanClient, PlainClient } from "../../../src/cli/lan/client.ts";
import type { LanNotice, LanPeer } from "../../../src/core/lan/lan.ts";
import type { Fingerprint } from "../../../src/wire/fingerprint.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { fakeContext } from "../../commands/fake-world.ts";

const KEY = "q3Lr9mVt0sXyB7cKJ2hFwZ4eNaQp6uTgD8iRoM1kYlE" as Fingerprint;
const BOB: LanPeer = { name: checkName("bob"), keyId: KEY, isVerified: true };

function chatConsole(json = false) {
  const clock = new VirtualClock();
  const { world, context } = fakeContext({ json, clock });
  const client = new LanClient(context, checkName("ana"), KEY);
  return { client, context, clock, stdout: world.stdout, stderr: world.stderr };
}

test("prints one line for each event", () => {
  const { client, stdout, stderr } = chatConsole();
  const eve = { ...BOB, isVerified: false };
  client.show({ kind: "join", person: BOB });
  client.show({ kind: "gap", from: BOB, missing: 1 });
  client.show({ kind: "gap", from: eve, missing: 2 });
  client.show({ kind: "leave", person: BOB, isSilent: false });
  client.show({ kind: "leave", person: BOB, isSilent: true });
  client.show({ kind: "text", from: eve, text: "hi", isAction: false, timeUnixMs: 0 });
  expect(stderr.text.split("\n")).toEqual([
    "chat: bob joined",
    "chat: 1 message from bob lost",
    "chat: 2 messages from bob?q3Lr9mVt0sXy lost",
    "chat: bob left",
    "chat: bob left (timed out)",
    "",
  ]);
  expect(stdout.text).toBe("1970-01-01T00:00:00.000Z\tlan\tbob?q3Lr9mVt0sXy\thi\n");
});

test("--json prints an object for each event, and nothing on standard error", () => {
  const { client, stdout, stderr } = chatConsole(true);
  client.show({ kind: "gap", from: BOB, missing: 3 });
  client.show({ kind: "notice", notice: { kind: "no-echo" } });
  client.show({ kind: "fault", fault: new Fault("unreachable", "no way") });
  const [gap, ...faults] = stdout.text.trim().split("\n");
  expect(JSON.parse(gap ?? "")).toEqual({
    kind: "gap",
    time: "2027-01-15T08:00:00.000Z",
    from: "bob",
    key: `SHA256:${KEY}`,
    verified: true,
    missing: 3,
  });
  expect(faults.map((line) => JSON.parse(line).code)).toEqual(["unreachable", "unreachable"]);
  expect(stderr.text).toBe("");
});

test.each<readonly [LanNotice, string]>([
  [{ kind: "no-echo" }, "multicast is blocked"],
  [{ kind: "plain" }, "to see them: chat lan --plain"],
  [{ kind: "open" }, "has no password set"],
  [{ kind: "sealed" }, "a different password"],
  [{ kind: "version" }, "an incompatible version"],
  [{ kind: "malformed" }, "damaged or forged"],
  [{ kind: "crowded", name: BOB.name }, "hiding bob; for this many users, run a server"],
  [{ kind: "taken", name: BOB.name }, "also named bob"],
  [{ kind: "clock", name: BOB.name, aheadMs: 130_000 }, "bob's clock is 2 minutes ahead"],
  [{ kind: "clock", name: BOB.name, aheadMs: -1.7e12 }, "bob's clock is 19676 days behind"],
])("%j is one line with a remedy", (notice, words) => {
  const { client, stderr } = chatConsole();
  client.show({ kind: "notice", notice });
  expect(stderr.text).toContain(words);
  expect(stderr.text).toMatch(/^chat: [^\n]+; [^\n]+\n$/);
});

test("drops texts while the output is blocked, with one notice", () => {
  const { client, context, stdout, stderr } = chatConsole();
  const plain = new PlainClient(context);
  const source = { address: "192.0.2.1", port: 5, isOwn: false };
  stdout.queuedBytes = () => OUTPUT_QUEUE_BYTES_MAX + 1;
  for (let i = 0; i < 3; i++) {
    client.show({ kind: "text", from: BOB, text: "hi", isAction: false, timeUnixMs: 0 });
    plain.show(new TextEncoder().encode("hi"), source);
  }
  expect(stdout.text).toBe("");
  expect(stderr.text.match(/some messages were skipped/g)).toHaveLength(2);
  stdout.queuedBytes = () => OUTPUT_QUEUE_BYTES_MAX;
  plain.show(new TextEncoder().encode("hi\r\n"), source);
  expect(stdout.text).toBe("hi\n");
});

test.each([true, false])(
  "warns if plain texts do not return from the group (%p: they return)",
  async (isBack) => {
    const { context, clock, stderr } = chatConsole();
    const typed = ["hello", "again"];
    const last = Promise.withResolvers<string | undefined>();
    const stdin = { ...context.stdin, line: async () => typed.shift() ?? last.promise };
    const plain = new PlainClient({ ...context, stdin });
    const running = plain.run({
      interfaces: [],
      send: async (bytes) => {
        if (isBack) plain.show(bytes, { address: "192.0.2.1", port: 5, isOwn: true });
      },
      refresh: async () => {},
      close: async () => {},
    });
    await clock.advance(LAN_ECHO_TIMEOUT_MS - 1);
    expect(stderr.text).toBe("");
    await clock.advance(10 * LAN_ECHO_TIMEOUT_MS);
    const told = stderr.text.match(/multicast is blocked/g) ?? [];
    expect(told).toHaveLength(isBack ? 0 : 1);
    last.resolve(undefined);
    expect(await running).toBe(0);
  },
);
