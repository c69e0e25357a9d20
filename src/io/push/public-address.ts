/** Tests whether an address is on the public Internet. */

// Members supply the push addresses, through which they could otherwise reach the server's local
// network.

import { BlockList, isIP } from "node:net";

/** @see RFC 6890 and its IANA registries */
const RESERVED_IPV4 = [
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
const GLOBAL_IPV6 = ["2000::/3"];
/** Address blocks for documentation and for tunnels, which can reach any IPv4 address. */
const RESERVED_IPV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

function blockList(subnets: readonly string[], family: "ipv4" | "ipv6"): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = "", bits] = subnet.split("/");
    list.addSubnet(network, Number(bits), family);
  }
  return list;
}

const RESERVED_IPV4_LIST = blockList(RESERVED_IPV4, "ipv4");
const GLOBAL_IPV6_LIST = blockList(GLOBAL_IPV6, "ipv6");
const RESERVED_IPV6_LIST = blockList(RESERVED_IPV6, "ipv6");

export function isPublicAddress(address: string): boolean {
  if (address.includes("%")) return false;
  const family = isIP(address);
  if (family === 4) return !RESERVED_IPV4_LIST.check(address, "ipv4");
  if (family !== 6) return false;
  return GLOBAL_IPV6_LIST.check(address, "ipv6") && !RESERVED_IPV6_LIST.check(address, "ipv6");
}
