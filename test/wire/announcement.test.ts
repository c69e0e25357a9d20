import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { utf8Encode } from "../../src/base/bytes.ts";
import {
  SERVERS_FOUND_MAX,
  SERVERS_FOUND_PER_ADDRESS_MAX,
  SERVERS_FOUND_PER_SENDER_MAX,
} from "../../src/base/limits.ts";
import {
  type DiscoveredServer,
  DiscoveredServers,
  hostLabel,
  instanceLabel,
  type ReceivedAnnouncement,
  txtRecord,
} from "../../src/wire/announcement.ts";
import type { Fingerprint } from "../../src/wire/fingerprint.ts";
import { ANY_CHARACTER } from "../any-character.ts";

const FINGERPRINT = "q3Lr9mVt0sXyB7cKJ2hFwZ4eNaQp6uTgD8iRoM1kYlE" as Fingerprint;
const ANNOUNCEMENT = {
  name: "Room 12",
  fingerprint: FINGERPRINT,
  needs: "password",
  version: "1.2.3",
} as const;
const RECEIVED: ReceivedAnnouncement = {
  label: "Room 12",
  port: 2428,
  addresses: ["10.9.9.9", "192.0.2.7"],
  sender: "192.0.2.7",
  text: txtRecord(ANNOUNCEMENT),
};

function readSighting(received: ReceivedAnnouncement): DiscoveredServer | undefined {
  const sightings = new DiscoveredServers();
  sightings.add(received);
  return sightings.all[0];
}

describe("announcement", () => {
  test("is parsed as it was encoded", () => {
    const host = "192.0.2.7";
    expect(readSighting(RECEIVED)).toEqual({ label: "Room 12", host, port: 2428, ...ANNOUNCEMENT });
  });

  test("cuts any name to one TXT string and one label", () => {
    fc.assert(
      fc.property(fc.string({ unit: ANY_CHARACTER, maxLength: 400 }), fc.nat(99), (name, count) => {
        for (const value of Object.values(txtRecord({ ...ANNOUNCEMENT, name }))) {
          expect(utf8Encode(value).length).toBeLessThanOrEqual(255 - "txtvers=".length);
        }
        const label = instanceLabel(name, count + 1);
        expect(utf8Encode(label).length).toBeLessThanOrEqual(63);
        expect(label).not.toMatch(/[.\\\p{Cc}]|^$/u);
      }),
    );
  });

  test("numbers servers of the same name", () => {
    expect([1, 2].map((count) => instanceLabel("v1.2", count))).toEqual(["v1-2", "v1-2 (2)"]);
    expect(instanceLabel("", 1)).toBe("chat");
    expect(readSighting({ ...RECEIVED, label: "Room 12 (2)" })?.name).toBe("Room 12 (2)");
    expect(hostLabel(FINGERPRINT)).toBe("chat-q3lr9mvt0sxyb7ck.local");
  });

  test.each<[string, Partial<ReceivedAnnouncement>]>([
    ["port 0", { port: 0 }],
    ["a port beyond all", { port: 65_536 }],
    ["no address", { addresses: [], sender: undefined }],
    ["addresses that are none", { addresses: ["evil;rm", "1.2.3"], sender: "::g" }],
    ["a fingerprint of the wrong size", { text: { fp: FINGERPRINT.slice(1) } }],
    ["a fingerprint that is none", { text: { fp: `${FINGERPRINT.slice(1)}\u001b` } }],
  ])("is dropped with %s", (_, change) => {
    expect(readSighting({ ...RECEIVED, ...change })).toBeUndefined();
  });

  test("resolves to its sender unless a relay forwarded it", () => {
    expect(readSighting({ ...RECEIVED, addresses: [] })?.host).toBe("192.0.2.7");
    expect(readSighting({ ...RECEIVED, sender: "192.0.2.1" })?.host).toBe("10.9.9.9");
  });

  test("never exceeds its maximum size", () => {
    const text = { fp: FINGERPRINT, name: "\u{1f600}\ud800".repeat(9_999), needs: "x", version: 7 };
    const sighting = readSighting({ ...RECEIVED, text });
    expect(utf8Encode(sighting?.name ?? "").length).toBeLessThanOrEqual(200);
    expect(sighting?.name.isWellFormed()).toBe(true);
    expect([sighting?.needs, sighting?.version]).toEqual([undefined, undefined]);
  });
});

describe("discovered servers", () => {
  const from = (sender: string, port: number): ReceivedAnnouncement => ({
    ...RECEIVED,
    sender,
    addresses: [],
    port,
  });

  test("lists a repeated announcement once", () => {
    const sightings = new DiscoveredServers();
    expect([sightings.add(RECEIVED), sightings.add(RECEIVED)]).toEqual([true, false]);
    expect(sightings.all.length).toBe(1);
  });

  test("lists a server with a copied name and fingerprint separately", () => {
    const sightings = new DiscoveredServers();
    sightings.add(from("192.0.2.66", 2428));
    expect(sightings.add(RECEIVED)).toBe(true);
    expect(sightings.all.map(({ host }) => host)).toEqual(["192.0.2.66", "192.0.2.7"]);
  });

  test("leaves room for other servers despite 10,000 forgeries of one sender", () => {
    const sightings = new DiscoveredServers();
    for (let i = 1; i <= 10_000; i++) sightings.add(from("192.0.2.66", i));
    expect(sightings.all.length).toBe(SERVERS_FOUND_PER_ADDRESS_MAX);
    expect(sightings.droppedCount).toBe(10_000 - SERVERS_FOUND_PER_ADDRESS_MAX);
    expect(sightings.add(RECEIVED)).toBe(true);
  });

  test("leaves room for other servers despite 10,000 addresses announced by one sender", () => {
    const sightings = new DiscoveredServers();
    for (let i = 0; i < 10_000; i++) {
      sightings.add({
        ...RECEIVED,
        sender: "192.0.2.66",
        addresses: [`10.0.${i >> 8}.${i & 255}`],
      });
    }
    expect(sightings.all.length).toBe(SERVERS_FOUND_PER_SENDER_MAX);
    expect(sightings.add(RECEIVED)).toBe(true);
  });

  test("lists all servers behind one reflector", () => {
    const sightings = new DiscoveredServers();
    for (let i = 1; i <= 100; i++) {
      sightings.add({ ...RECEIVED, sender: "192.0.2.1", addresses: [`10.9.0.${i}`] });
    }
    expect(sightings.all.length).toBe(100);
    expect(sightings.droppedCount).toBe(0);
  });

  test("finds a wanted server after any number of others of its sender", () => {
    const sightings = new DiscoveredServers(({ port }) => port === 9_999);
    for (let i = 1; i <= 10_000; i++) sightings.add(from("192.0.2.66", i));
    expect(sightings.all.map(({ port }) => port)).toEqual([9_999]);
    expect(sightings.droppedCount).toBe(0);
  });

  test("limits 10,000 forgeries of 10,000 senders", () => {
    const sightings = new DiscoveredServers();
    for (let i = 0; i < 10_000; i++) sightings.add(from(`10.0.${i >> 8}.${i & 255}`, 1));
    expect(sightings.all.length).toBe(SERVERS_FOUND_MAX);
    expect(sightings.droppedCount).toBe(10_000 - SERVERS_FOUND_MAX);
  });
});
