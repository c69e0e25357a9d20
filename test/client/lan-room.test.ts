import { expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import {
  LAN_ANNOUNCE_INTERVAL_MS,
  LAN_ECHO_TIMEOUT_MS,
  LAN_TEXTS_BURST,
  LAN_TEXTS_PER_SECOND,
} from "../../src/base/limits.ts";
import { checkName } from "../../src/base/names.ts";
import { type LanEvent, LanRoom } from "../../src/client/lan-room.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { LanEnvelope } from "../../src/crypto/lan-envelope.ts";
import { systemEntropy } from "../../src/io/entropy.ts";
import type { Multicast, OnDatagram } from "../../src/io/lan/multicast.ts";
import { rejection } from "../rejection.ts";
import { VirtualClock } from "./virtual-clock.ts";

const PLACE = "224.1.1.1:5004";

class Group {
  readonly clock = new VirtualClock();
  readonly #members = new Map<number, OnDatagram>();
  /** Datagrams to deliver in place of one. Default: the datagram itself. */
  bent: (bytes: Uint8Array) => readonly Uint8Array[] = (bytes) => [bytes];
  isUp = true;
  sent: Uint8Array[] = [];

  join(port: number, onDatagram: OnDatagram): Multicast {
    this.#members.set(port, onDatagram);
    return {
      interfaces: ["192.0.2.1"],
      send: async (bytes) => {
        if (!this.isUp) throw new Fault("unreachable", "a datagram did not leave");
        this.sent.push(bytes);
        for (const [to, hear] of this.#members) {
          const isOwn = to === port;
          for (const piece of isOwn ? [bytes] : this.bent(bytes)) {
            this.clock.after(1, () => hear(piece, { address: "192.0.2.1", port, isOwn }));
          }
        }
      },
      refresh: async () => {},
      close: async () => void this.#members.delete(port),
    };
  }
}

interface Person {
  readonly room: LanRoom;
  readonly events: LanEvent[];
  readonly texts: () => string[];
}

async function enter(group: Group, name: string, port: number, key?: Uint8Array): Promise<Person> {
  const events: LanEvent[] = [];
  const envelope = new LanEnvelope({
    device: Identity.generate(),
    groupAddress: PLACE,
    key,
    randomBytes: systemEntropy(),
  });
  const room = await LanRoom.open({
    clock: group.clock,
    envelope,
    name: checkName(name),
    random: 0.5,
    open: async (onDatagram) => group.join(port, onDatagram),
    onEvent: (event) => events.push(event),
  });
  const texts = () => events.flatMap((event) => (event.kind === "text" ? [event.text] : []));
  return { room, events, texts };
}

const kinds = ({ events }: Person) => events.map(({ kind }) => kind);

test("users join, exchange messages and leave", async () => {
  const group = new Group();
  const ana = await enter(group, "ana", 1);
  await group.clock.advance(5_000);
  const bob = await enter(group, "bob", 2);
  await group.clock.advance(2_000);
  expect(bob.room.people()).toMatchObject([{ name: "ana", isVerified: true }]);
  await ana.room.send("hello");
  await bob.room.send("waves", true);
  await group.clock.advance(10);
  expect(bob.texts()).toEqual(["hello"]);
  expect(ana.events.at(-1)).toMatchObject({ kind: "text", text: "waves", isAction: true });
  await bob.room.close();
  await group.clock.advance(10);
  expect(ana.events.at(-1)).toMatchObject({ kind: "leave", isSilent: false });
  await ana.room.close();
  await ana.room.close();
});

test("shows each text once despite repeated and damaged datagrams", async () => {
  const group = new Group();
  group.bent = (bytes) => {
    const flipped = bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 4 : byte));
    return [bytes, flipped, bytes, bytes.subarray(0, 80), bytes];
  };
  const ana = await enter(group, "ana", 1);
  const bob = await enter(group, "bob", 2);
  for (const text of ["1", "2", "3"]) await ana.room.send(text);
  await group.clock.advance(100);
  expect(bob.texts()).toEqual(["1", "2", "3"]);
  expect(kinds(bob).filter((kind) => kind === "notice")).toHaveLength(1);
});

test("accepts only users with the same password", async () => {
  const group = new Group();
  const key = new Uint8Array(32).fill(7);
  const ana = await enter(group, "ana", 1, key);
  const bob = await enter(group, "bob", 2, key);
  const eve = await enter(group, "eve", 3, new Uint8Array(32));
  const dan = await enter(group, "dan", 4);
  for (const person of [ana, bob, eve, dan]) await person.room.send("psst");
  await group.clock.advance(5_000);
  expect([ana, bob].map(({ texts }) => texts())).toEqual([["psst"], ["psst"]]);
  const reported = (person: Person) =>
    person.events.map((event) => (event.kind === "notice" ? event.notice.kind : event.kind));
  expect(reported(eve).sort()).toEqual(["open", "sealed"]);
  expect(reported(dan)).toEqual(["sealed"]);
});

test("sends a long paste completely within the rate limit", async () => {
  const group = new Group();
  const ana = await enter(group, "ana", 1);
  const bob = await enter(group, "bob", 2);
  const count = LAN_TEXTS_BURST + 3 * LAN_TEXTS_PER_SECOND;
  const paste = async () => {
    for (let i = 0; i < count; i++) await ana.room.send(`${i}`);
  };
  const pasted = paste();
  await group.clock.advance(2_900);
  expect(bob.texts().length).toBeLessThan(count);
  await group.clock.advance(300);
  await pasted;
  expect(bob.texts()).toEqual(Array.from({ length: count }, (_, i) => `${i}`));
});

test("without a network, refuses messages and reports presence faults once", async () => {
  const group = new Group();
  const ana = await enter(group, "ana", 1);
  await group.clock.advance(LAN_ECHO_TIMEOUT_MS);
  expect(ana.events).toEqual([]);
  group.isUp = false;
  expect((await rejection(ana.room.send("hello?"))).message).toContain("did not leave");
  await group.clock.advance(4 * LAN_ANNOUNCE_INTERVAL_MS);
  expect(kinds(ana)).toEqual(["fault"]);
  group.isUp = true;
  await group.clock.advance(LAN_ANNOUNCE_INTERVAL_MS);
  group.isUp = false;
  await group.clock.advance(LAN_ANNOUNCE_INTERVAL_MS);
  expect(kinds(ana)).toEqual(["fault", "fault"]);
});
