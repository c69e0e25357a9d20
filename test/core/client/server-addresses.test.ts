import { expect, test } from "bun:test";
import {
  ADVERTISED_DIALS_BURST,
  ADVERTISED_DIALS_PER_SECOND,
  CLUSTER_ADDRESSES_MAX,
} from "../../../src/base/limits-cluster.ts";
import {
  ServerAddresses,
  type ServerAddressesOptions,
} from "../../../src/core/client/server-addresses.ts";
import type { ServerAddress } from "../../../src/wire/invite.ts";

const at = (host: string, port = 2428): ServerAddress => ({ host, port });
const WORLD = "198.51.100.7";
const HOME = at("chat.example");
const [A, B, C] = [at("a.example"), at("b.example"), at("c.example")];
const hosts = (places: readonly ServerAddress[]) => places.map(({ host }) => host.split(".")[0]);

function placesOf(options: Partial<ServerAddressesOptions> = {}): ServerAddresses {
  const none = { configured: [HOME], advertised: [], isExplicit: true, now: 0, chance: 0 } as const;
  return new ServerAddresses({ ...none, ...options });
}

test("tries the last good address first, unless the user names another", () => {
  const stored = { advertised: [A, B, C], last: B };
  expect(hosts(placesOf(stored).candidates())).toEqual(["chat", "b", "a", "c"]);
  const places = placesOf({ ...stored, isExplicit: false });
  expect(hosts(places.candidates())).toEqual(["b", "chat", "a", "c"]);
  expect(places.succeeded(C)).toBe(true);
  expect(places.succeeded(C)).toBe(false);
  expect(hosts(places.candidates())).toEqual(["c", "chat", "a", "b"]);
});

test("starts the advertised addresses at random, to spread users over servers", () => {
  const order = (chance: number) => hosts(placesOf({ advertised: [A, B, C], chance }).candidates());
  expect(order(0.34)).toEqual(["chat", "b", "c", "a"]);
  expect(order(0.999)).toEqual(["chat", "c", "a", "b"]);
});

test("tries failed addresses last, until they succeed", () => {
  const places = placesOf({ advertised: [A, B] });
  places.failed(HOME);
  places.failed(A);
  expect(hosts(places.candidates())).toEqual(["b", "chat", "a"]);
  for (let i = 0; i < 100; i++) places.failed(B);
  for (let i = 0; i < 3; i++) places.failed(A);
  expect(hosts(places.candidates())).toEqual(["chat", "a", "b"]);
  places.succeeded(B);
  expect(hosts(places.candidates())).toEqual(["b", "chat", "a"]);
});

test("avoids addresses of a different server, unless the user names them", () => {
  const places = placesOf({ advertised: [A, B] });
  places.markForeign(A);
  places.markForeign(HOME);
  expect(hosts(places.candidates())).toEqual(["chat", "b"]);
  expect(places.setAdvertised([A, B, C], WORLD)).toBe(true);
  expect(hosts(places.candidates())).toEqual(["chat", "b", "c"]);
  places.setAdvertised([B], WORLD);
  places.setAdvertised([B, A], WORLD);
  expect(hosts(places.candidates())).toEqual(["chat", "b", "a"]);
});

test("drops advertised addresses when the server advertises none", () => {
  const places = placesOf({ advertised: [A], last: A, isExplicit: false });
  expect([places.clearAdvertised(), places.clearAdvertised()]).toEqual([true, false]);
  expect(hosts(places.candidates())).toEqual(["chat"]);
});

test("rejects local addresses advertised by a server on the internet", () => {
  const near = [
    ...["127.0.0.1", "127.9.9.9", "0.0.0.0", "localhost", "a.localhost", "::1", "0::1", "::"],
    ...["::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "::ffff:0:0"],
  ];
  const site = [
    ...["10.0.0.9", "172.16.0.1", "172.31.9.9", "192.168.1.1", "169.254.1.1", "100.64.0.1"],
    ...["router.local", "fd00::1", "fe80::1%eth0", "::ffff:192.168.1.1", "::ffff:a00:9"],
  ];
  const world = ["9.9.9.9", "172.32.0.1", "100.128.0.1", "2001:db8::1", "x.example"];
  const taken = (from: string) => {
    const places = placesOf();
    const advertised: string[] = [];
    for (const host of [...near, ...site, ...world]) {
      if (places.setAdvertised([at(host)], from) && places.advertised.length > 0)
        advertised.push(host);
    }
    return advertised;
  };
  expect(taken(WORLD)).toEqual(world);
  expect(taken("192.168.1.20")).toEqual([...site, ...world]);
  expect(taken("fd00::20")).toEqual([...site, ...world]);
  expect(taken("127.0.0.1")).toEqual([...near, ...site, ...world]);
  expect(taken("::1")).toEqual([...near, ...site, ...world]);
});

test("drops invalid addresses and limits their number", () => {
  const places = placesOf();
  const odd = ["", "a b", "x/y", "[::1]", "a@b", "0x7f000001", "x.0x1", "1.2.3", "host:80", "a,b"];
  expect(
    places.setAdvertised([...odd.map((host) => at(host)), at("a", 0), at("a", 65_536)], WORLD),
  ).toBe(false);
  const many = Array.from({ length: CLUSTER_ADDRESSES_MAX + 1 }, (_, i) => at(`h${i}.example`));
  expect(places.setAdvertised([at("a", 1), at("b", 65_535)], WORLD)).toBe(true);
  expect(places.advertised).toHaveLength(2);
  places.setAdvertised(many, WORLD);
  expect(places.advertised).toEqual(many.slice(0, CLUSTER_ADDRESSES_MAX));
});

test("limits the rate of dials to advertised addresses, but not to the user's", () => {
  const places = placesOf({ advertised: [A] });
  const dialled = (now: number) => {
    let count = 0;
    while (places.canDial(A, now)) count++;
    return count;
  };
  expect(dialled(0)).toBe(ADVERTISED_DIALS_BURST);
  expect(places.canDial(HOME, 0)).toBe(true);
  expect(dialled(10_000)).toBe(10 * ADVERTISED_DIALS_PER_SECOND);
});
