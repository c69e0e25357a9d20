import { describe, expect, spyOn, test } from "bun:test";
import { createSocket, Socket } from "node:dgram";
import {
  type Multicast,
  type MulticastOptions,
  type MulticastSource,
  openMulticast,
} from "../../../src/io/lan/multicast.ts";
import { until } from "../../event.ts";
import { rejection } from "../../rejection.ts";
import { freeGroup } from "../multicast-group.ts";

interface Heard extends MulticastSource {
  readonly bytes: Uint8Array;
}

interface Member extends AsyncDisposable {
  readonly received: Heard[];
  readonly multicast: Multicast;
}

async function member(options: Partial<MulticastOptions> & MulticastGroup): Promise<Member> {
  const received: Heard[] = [];
  const complete = { ttl: 1, interface: "127.0.0.1", scope: "all", ...options } as const;
  const multicast = await openMulticast(complete, (bytes, source) =>
    received.push({ bytes, ...source }),
  );
  return { received, multicast, [Symbol.asyncDispose]: () => multicast.close() };
}

type MulticastGroup = Pick<MulticastOptions, "group" | "port">;

const texts = ({ received }: Member) => received.map(({ bytes }) => Buffer.from(bytes).toString());
const utf8 = (text: string) => new TextEncoder().encode(text);

describe("a group on one machine", () => {
  test("delivers each datagram once to all members, and marks own ones", async () => {
    const place = await freeGroup();
    await using ana = await member(place);
    await using bob = await member(place);
    await using carol = await member(place);
    await ana.multicast.send(utf8("from ana"));
    await bob.multicast.send(utf8("from bob"));
    for (const one of [ana, bob, carol]) {
      await until("two datagrams", () => one.received.length === 2);
      expect(texts(one).sort()).toEqual(["from ana", "from bob"]);
    }
    expect(ana.received.filter(({ isOwn }) => isOwn).map(({ bytes }) => bytes.length)).toEqual([8]);
    expect(carol.received.map(({ isOwn, address }) => [isOwn, address])).toEqual([
      [false, "127.0.0.1"],
      [false, "127.0.0.1"],
    ]);
  });

  test("joins again on an interface that returns", async () => {
    const { group, port } = await freeGroup();
    const options = { group, port, ttl: 1, scope: "all" } as const;
    const loopback = { family: "IPv4", address: "127.0.0.1", internal: true };
    const elsewhere = { family: "IPv4", address: "203.0.113.9", internal: true };
    let there = [elsewhere, loopback];
    const received: string[] = [];
    const hear = (bytes: Uint8Array) => received.push(Buffer.from(bytes).toString());
    const multicast = await openMulticast(options, hear, () => there);
    try {
      expect(multicast.interfaces).toEqual(["127.0.0.1"]);
      there = [];
      await multicast.refresh();
      const fault = await rejection(multicast.send(utf8("lost")));
      expect(fault).toMatchObject({ code: "unreachable" });
      expect(multicast.interfaces).toEqual([]);
      there = [loopback];
      await multicast.send(utf8("here again"));
      await until("the datagram", () => received.length > 0);
      expect(received).toEqual(["here again"]);
    } finally {
      await multicast.close();
    }
  });
});

test("plain text uses one interface of each local network", async () => {
  const { group, port } = await freeGroup();
  const one = (address: string, netmask: string, rank: number) => {
    return { family: "IPv4", address, netmask, rank, internal: false };
  };
  const list = () => [
    one("127.0.0.5", "255.255.255.0", 0),
    one("127.0.0.6", "255.255.255.0", 1),
    one("127.0.1.7", "255.255.255.0", 1),
    one("127.0.2.8", "255.255.255.0", 5),
  ];
  const options = { group, port, ttl: 1, scope: "networks" } as const;
  const multicast = await openMulticast(options, () => {}, list);
  expect(multicast.interfaces).toEqual(["127.0.0.5", "127.0.1.7"]);
  await multicast.close();
});

describe("an interface that was removed and created again with its address", () => {
  /** Returns the sockets that joined a group while this is in scope. */
  function joiningSockets() {
    const spy = spyOn(Socket.prototype, "addMembership");
    const sockets = () => spy.mock.contexts as Socket[];
    return { sockets, [Symbol.dispose]: () => spy.mockRestore() };
  }

  test("is joined again at the next refresh", async () => {
    const place = await freeGroup();
    using joining = joiningSockets();
    await using ana = await member(place);
    const [receiver] = joining.sockets();
    receiver?.dropMembership(place.group, "127.0.0.1");
    await ana.multicast.send(utf8("lost"));
    await ana.multicast.refresh();
    await ana.multicast.send(utf8("heard"));
    await until("a datagram", () => ana.received.length > 0);
    expect(texts(ana)).toEqual(["heard"]);
  });
});

describe("reports the reason for", () => {
  test("a missing interface", async () => {
    const fault = await rejection(member({ ...(await freeGroup()), interface: "203.0.113.9" }));
    const remedy = expect.stringContaining("127.0.0.1");
    expect(fault).toMatchObject({ code: "usage", remedy });
  });

  test("a port in use", async () => {
    const place = await freeGroup();
    const keeper = createSocket("udp4");
    await new Promise<void>((resolve) => keeper.bind(place.port, () => resolve()));
    try {
      expect(await rejection(member(place))).toMatchObject({ code: "port-taken" });
    } finally {
      keeper.close();
    }
  });
});
