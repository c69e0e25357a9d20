/** Decides whether an address is on the public Internet. */

// A subscription comes from a member: a server that posts to any address would give the member
// access to the local network.

import { BlockList, isIP } from "node:net";

/** Ranges reserved for other purposes. @see RFC 6890 and the IANA lists after it */
const OTHERS_4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
];
/** All that is assigned today. */
const PUBLIC_6 = ["2000::/3"];
/** Exceptions: tunnels, which lead to any IPv4 address, and addresses for documents. */
const OTHERS_6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

function listOf(subnets: readonly string[], family: "ipv4" | "ipv6"): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = "", bits] = subnet.split("/");
    list.addSubnet(network, Number(bits), family);
  }
  return list;
}

const NOT_PUBLIC_4 = listOf(OTHERS_4, "ipv4");
const GIVEN_OUT_6 = listOf(PUBLIC_6, "ipv6");
const NOT_PUBLIC_6 = listOf(OTHERS_6, "ipv6");

/** Returns false if it is not an address. */
export function isPublicAddress(address: string): boolean {
  // A zone names an interface of this machine.
  if (address.includes("%")) return false;
  const family = isIP(address);
  if (family === 4) return !NOT_PUBLIC_4.check(address, "ipv4");
  if (family !== 6) return false;
  return GIVEN_OUT_6.check(address, "ipv6") && !NOT_PUBLIC_6.check(address, "ipv6");
}
