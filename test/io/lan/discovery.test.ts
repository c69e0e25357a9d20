import { expect, spyOn, test } from "bun:test";
import { Socket } from "node:dgram";
import { SAME_NAME_MAX, SERVERS_FOUND_PER_ADDRESS_MAX } from "../../../src/base/limits.ts";
import { type Clock, systemClock } from "../../../src/io/clock.ts";
import {
  Announcer,
  type DiscoveryResult,
  findOnLan,
  type MulticastDnsNetwork,
  noNetwork,
} from "../../../src/io/lan/discovery.ts";
import type { InterfaceAddress } from "../../../src/io/lan/interfaces.ts";
import { type DiscoveredServer, instanceLabel } from "../../../src/wire/announcement.ts";
import type { Fingerprint } from "../../../src/wire/fingerprint.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { faultFrom } from "../../commands/fake-world.ts";
import { until } from "../../event.ts";
import { forged, privateNetwork, question, RawSpeaker, reflected } from "./mdns-fixture.ts";

const clock = systemClock();
const fingerprint = (letter: string) => `${letter.repeat(42)}A` as Fingerprint;

const SERVER = {
  announcement: { name: "Room 12", fingerprint: fingerprint("a"), needs: "open", version: "1.2.3" },
  host: undefined,
  port: 2428,
} as const;

function announce(around: MulticastDnsNetwork, letter: string, name = "Room 12"): Announcer {
  return new Announcer(
    {
      announcement: { name, fingerprint: fingerprint(letter), needs: "open", version: "1.2.3" },
      host: undefined,
      port: 2428 + letter.charCodeAt(0),
      clock,
      onFailure: (fault) => {
        throw fault;
      },
    },
    around,
  );
}

const SEARCH_MS = 250;
const look = (around: MulticastDnsNetwork, time: Clock = clock): Promise<DiscoveryResult> =>
  findOnLan({ clock: time, forMs: SEARCH_MS }, around);

async function waitForServers(around: MulticastDnsNetwork, count: number) {
  const find = async () => {
    const { servers } = await look(around);
    return servers.length === count ? servers : undefined;
  };
  return until(`${count} servers are found`, find);
}

test.concurrent("finds a server with its details until it stops", async () => {
  const around = privateNetwork();
  const out = spyOn(console, "log");
  const announcer = announce(around, "a", "Haus. Nr. 7 \u{1f600}");
  expect(await waitForServers(around, 1)).toEqual([
    {
      label: "Haus- Nr- 7 \u{1f600}",
      name: "Haus. Nr. 7 \u{1f600}",
      host: "127.0.0.1",
      port: 2428 + 97,
      fingerprint: fingerprint("a"),
      needs: "open",
      version: "1.2.3",
    },
  ]);
  using ear = await RawSpeaker.open(around);
  await announcer.stop();
  await until("a goodbye is heard", () => ear.received.some((bytes) => isGoodbye(bytes)));
  expect((await look(around)).servers).toEqual([]);
  expect(out).not.toHaveBeenCalled();
  out.mockRestore();
});

function isGoodbye(bytes: Uint8Array): boolean {
  const service = Buffer.from("\x05_chat\x04_tcp\x05local\x00\x00\x0c", "latin1");
  const at = Buffer.from(bytes).indexOf(service) + service.length;
  return at > service.length && bytes.slice(at + 2, at + 6).every((byte) => byte === 0);
}

test.concurrent("a forger of names only increases the server's number", async () => {
  const around = privateNetwork();
  using forger = await RawSpeaker.open(around);
  const fp = `fp=${fingerprint("A")}`; // Wins conflicts: smaller than the server's.
  const announcer = announce(around, "e");
  for (let count = 1; count <= SAME_NAME_MAX; count++) {
    await forger.say(forged(instanceLabel("Room 12", count), 9, [fp]));
  }
  const found = await until("it is announced all the same", async () => {
    const { servers } = await look(around);
    return servers.find((server) => server.fingerprint === fingerprint("e"));
  });
  expect(found.label).toBe(instanceLabel("Room 12", SAME_NAME_MAX));
  await announcer.stop();
});

test.concurrent("bounds and drops forged and malformed datagrams", async () => {
  const around = privateNetwork();
  const announcer = announce(around, "f", "Honest");
  await waitForServers(around, 1);
  using forger = await RawSpeaker.open(around);
  const complete = forged("cut", 77, [`fp=${fingerprint("g")}`]);
  for (let length = 0; length < complete.length; length++)
    await forger.say(complete.slice(0, length));
  const time = new VirtualClock();
  const looking = look(around, time);
  await until("the question is heard", () =>
    forger.received.some((bytes) => Buffer.from(bytes).equals(question())),
  );
  for (let i = 0; i < SERVERS_FOUND_PER_ADDRESS_MAX + 10; i++) {
    await forger.say(forged(`\x1b[2J\x07${i}`, 3000 + i, ["name=\u001b[31mevil\n\u202e"]));
    await forger.say(forged(`wrong ${i}`, 4000, ["fp=short", "=", "name", "__proto__=x"]));
  }
  const last = forged("last", 1, []);
  await forger.say(last);
  await until("all have come", () =>
    forger.received.some((bytes) => Buffer.from(bytes).equals(last)),
  );
  await time.advance(SEARCH_MS);
  const { servers, droppedCount } = await looking;
  expect(servers.filter(({ name }) => name === "Honest").length).toBe(1);
  expect(servers.length).toBeLessThanOrEqual(SERVERS_FOUND_PER_ADDRESS_MAX);
  expect(droppedCount).toBeGreaterThan(0);
  expect((await waitForServers(around, 1)).map(({ name }) => name)).toEqual(["Honest"]);
  await announcer.stop();
});

test.concurrent("finds a server whose records arrive in several responses", async () => {
  const around = privateNetwork();
  using reflector = await RawSpeaker.open(around);
  const isWanted = ({ label }: DiscoveredServer) => label === "Far";
  const looking = findOnLan({ clock, forMs: 60_000, isWanted }, around);
  await until("the question is heard", () => reflector.received.length > 0);
  for (const bytes of reflected("Far", 99, [`fp=${fingerprint("d")}`])) await reflector.say(bytes);
  expect((await looking).servers).toMatchObject([{ port: 99, fingerprint: fingerprint("d") }]);
});

test("announces again after the system has left the group", async () => {
  const around = privateNetwork();
  const time = new VirtualClock();
  const spy = spyOn(Socket.prototype, "addMembership");
  const announcer = new Announcer({ ...SERVER, clock: time, onFailure: () => {} }, around);
  // Not a member itself, the speaker hears nothing that the system drops for the announcer.
  using speaker = await RawSpeaker.open(around, around.port, false);
  const isAnswered = async () => {
    await time.advance(1_000);
    await speaker.say(question());
    return speaker.received.some((bytes) => Buffer.from(bytes).includes("Room 12"));
  };
  await until("it is announced", isAnswered);
  const [socket] = spy.mock.contexts as Socket[];
  spy.mockRestore();
  socket?.dropMembership(around.group, "127.0.0.1");
  speaker.received.length = 0;
  await until("it is announced again", isAnswered);
  const stopped = announcer.stop();
  await time.advance(1_000);
  await stopped;
});

test("reports a missing network and its return once each", async () => {
  const around = privateNetwork();
  const time = new VirtualClock();
  const reports: string[] = [];
  let addresses: string[] = [];
  const announcer = new Announcer(
    {
      ...SERVER,
      clock: time,
      onFailure: ({ code }) => reports.push(code),
      onRecovery: () => reports.push("announced"),
    },
    { ...around, interfaces: () => addresses },
  );
  await time.advance(60_000);
  expect(reports).toEqual(["unreachable"]);
  addresses = ["127.0.0.1"];
  await until("it is announced", async () => {
    await time.advance(1_000);
    return reports.length > 1;
  });
  addresses = [];
  await time.advance(60_000);
  expect(reports).toEqual(["unreachable", "announced", "unreachable"]);
  const stopped = announcer.stop();
  await time.advance(1_000);
  await stopped;
});

test("reports a network without IPv4 as such", () => {
  const address = (text: string, internal = false) =>
    ({ address: text, internal, family: "IPv6" }) as InterfaceAddress;
  const loopback = address("::1", true);
  expect(noNetwork([loopback, address("fe80::1")]).message).toContain("not connected");
  expect(noNetwork([loopback, address("fd00::7")]).message).toContain("has no IPv4 address");
});

test.concurrent("reports a missing network, for clients and servers", async () => {
  const nowhere = { ...privateNetwork(), interfaces: () => [] };
  const fault = await faultFrom(() => look(nowhere));
  expect([fault.code, fault.message]).toEqual([
    "unreachable",
    "this machine is not connected to a network",
  ]);
  const faults: string[] = [];
  const quiet = new Announcer(
    {
      announcement: { name: "x", fingerprint: fingerprint("h"), needs: "open", version: "1" },
      host: undefined,
      port: 1,
      clock,
      onFailure: ({ message }) => faults.push(message),
    },
    nowhere,
  );
  expect(faults).toEqual(["this machine is not connected to a network"]);
  await quiet.stop();
});
