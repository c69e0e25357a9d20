import { expect, test } from "bun:test";
import { isPublicAddress } from "../../../src/io/push/public-address.ts";

test.each(["1.1.1.1", "142.250.1.1", "172.15.255.255", "172.32.0.0", "2607:f8b0::1", "2a00::1"])(
  "%s is public",
  (address) => expect(isPublicAddress(address)).toBe(true),
);

const PRIVATE = [
  ...["0.0.0.0", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254"],
  ...["169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.1.1", "192.0.0.8", "198.19.0.1"],
  ...["224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "203.0.113.9"],
  ...["::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fdff::1", "ff02::1", "fec0::1"],
  // Notations of IPv4 addresses, and tunnels to them.
  ...["::ffff:127.0.0.1", "::ffff:a00:1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"],
  ...["2001:0:1::1", "2001:db8::1", "3fff::1", "2606::1%lo"],
  ...["", "localhost", "1.1.1", "0x7f.1", "2130706433", "1.1.1.1 ", "[::1]"],
];

test.each(PRIVATE)("%s is not public", (address) => expect(isPublicAddress(address)).toBe(false));
