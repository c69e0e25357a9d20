import { expect, test } from "bun:test";
import { LINKS_MAX, LINKS_RESERVED } from "../../../src/base/limits.ts";
import {
  AddressLimits,
  addressKey,
  isOwnHost,
} from "../../../src/server/session/connection-limits.ts";

const HOST = "192.0.2.1";

function open(addresses: AddressLimits, host: string, count: number, entered = false): void {
  for (let i = 0; i < count; i++) {
    addresses.opened(host);
    if (entered) addresses.loggedIn(host);
  }
}

test.each([LINKS_MAX, 100])("reserves the last of %i links for this machine", (linksMax) => {
  const addresses = new AddressLimits({ linksMax });
  open(addresses, "127.0.0.1", linksMax - 1);
  expect(addresses.refusalOf(HOST)).toBeUndefined();
  open(addresses, "::1", 1);
  expect(addresses.refusalOf(HOST)).toBe("server");
  open(addresses, "127.0.0.1", LINKS_RESERVED - 1);
  expect(addresses.refusalOf("127.0.0.1")).toBeUndefined();
  open(addresses, "127.0.0.1", 1);
  expect(addresses.refusalOf("127.0.0.1")).toBe("server");
});

test("gives an address three quarters of the links, and leaves the rest to others", () => {
  const addresses = new AddressLimits({ linksMax: 100 });
  open(addresses, HOST, 74, true);
  expect(addresses.refusalOf(HOST)).toBeUndefined();
  open(addresses, HOST, 1, true);
  expect([addresses.refusalOf(HOST), addresses.refusalOf("192.0.2.2")]).toEqual([
    "address",
    undefined,
  ]);
  addresses.closed(HOST, true);
  expect(addresses.refusalOf(HOST)).toBeUndefined();
});

test("counts a link at the address to which it moved", () => {
  const perAddressMax = 4;
  const addresses = new AddressLimits({ perAddressMax });
  open(addresses, HOST, perAddressMax, true);
  expect(addresses.refusalOf(HOST)).toBe("address");
  addresses.moved(HOST, "192.0.2.2", true);
  expect(addresses.refusalOf(HOST)).toBeUndefined();
  open(addresses, "192.0.2.2", perAddressMax - 1, true);
  expect(addresses.refusalOf("192.0.2.2")).toBe("address");
  addresses.closed("192.0.2.2", true);
  expect(addresses.refusalOf("192.0.2.2")).toBeUndefined();
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["2001:0db8::ffff", "2001:db8:0:0::/64"],
  ["2001:db8:0:1::1", "2001:db8:0:1::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
])("%s counts as %s", (host, key) => {
  expect(addressKey(host)).toBe(key);
});

test("recognizes loopback addresses", () => {
  for (const host of ["127.0.0.1", "127.9.9.9", "::1"]) expect(isOwnHost(host)).toBe(true);
  for (const host of ["128.0.0.1", "::2", "10.127.0.1"]) expect(isOwnHost(host)).toBe(false);
});
