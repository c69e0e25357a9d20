import { expect, test } from "bun:test";
import type { networkInterfaces } from "node:os";
import {
  externalHosts,
  type OwnAddress,
  reachableHosts,
  reachWarning,
} from "../../../src/cli/connect/invite.ts";
import { interfaceAddresses } from "../../../src/io/lan/interfaces.ts";
import { parseHost } from "../../../src/wire/host.ts";

const LO4: OwnAddress = { address: "127.0.0.1", family: "IPv4", internal: true };
const LO6: OwnAddress = { address: "::1", family: "IPv6", internal: true };
const LAN4: OwnAddress = { address: "192.168.1.7", family: "IPv4", internal: false };
const WIFI4: OwnAddress = { address: "192.168.2.7", family: "IPv4", internal: false };
const LAN6: OwnAddress = { address: "fd00::7", family: "IPv6", internal: false };
const LINK6: OwnAddress = { address: "fe80::7", family: "IPv6", internal: false };

test.each<readonly [string, string | undefined, OwnAddress[], string, string, boolean]>([
  ["both kinds", undefined, [LO4, LO6, LINK6, LAN6, LAN4], "127.0.0.1", "192.168.1.7", false],
  ["no network", undefined, [LO4, LO6, LINK6], "127.0.0.1", "127.0.0.1", false],
  ["both kinds", "::", [LO4, LO6, LINK6, LAN6, LAN4], "::1", "192.168.1.7", false],
  ["IPv6 alone", "0.0.0.0", [LO4, LO6, LINK6, LAN6], "127.0.0.1", "127.0.0.1", true],
  ["IPv6 alone", "::", [LO4, LO6, LINK6, LAN6], "::1", "fd00::7", false],
  ["whatever", "192.168.2.7", [LO4, LAN4], "192.168.2.7", "192.168.2.7", false],
])("a machine with %s, --host %s", (_, host, own, local, others, lacksIpv6) => {
  expect(reachableHosts(host, own)).toMatchObject({ local, external: others, lacksIpv6 });
});

test.each<readonly [string | undefined, OwnAddress[], string[]]>([
  [undefined, [LO4, LO6, LINK6, LAN6, LAN4, WIFI4], ["192.168.1.7", "192.168.2.7", "fd00::7"]],
  ["::", [LO4, LO6, LAN6, LAN4], ["192.168.1.7", "fd00::7"]],
  ["0.0.0.0", [LO4, LO6, LAN6, LAN4], ["192.168.1.7"]],
  [undefined, [LO4, LO6, LINK6], ["127.0.0.1"]],
  ["192.168.2.7", [LO4, LAN4, WIFI4], ["192.168.2.7"]],
])("invites with --host %s have each reachable address", (host, own, hosts) => {
  expect(externalHosts(host, own)).toEqual(hosts);
});

type Addresses = Readonly<Record<string, readonly string[]>>;

function addressesOf(interfaces: Addresses, routed: readonly string[] = []): OwnAddress[] {
  const entries = Object.entries(interfaces).map(([name, addresses]) => [
    name,
    addresses.map((address) => ({
      address,
      family: address.includes(":") ? "IPv6" : "IPv4",
      internal: name === "lo",
    })),
  ]);
  const list = () => Object.fromEntries(entries) as ReturnType<typeof networkInterfaces>;
  return interfaceAddresses(list, routed).flat();
}

const LO = { lo: ["127.0.0.1", "::1"] };

test.each<readonly [string, Addresses, string[], string, string[]]>([
  [
    "the default route before bridges and tunnels",
    { ...LO, "br-5e1f": ["172.19.0.1"], tun0: ["10.8.0.6"], lan0: ["192.168.77.1"] },
    ["192.168.77.1"],
    "192.168.77.1",
    [],
  ],
  [
    "the LAN before a VPN with the default route, which is named too",
    { ...LO, tun0: ["10.8.0.6"], eth0: ["192.168.1.7"] },
    ["10.8.0.6"],
    "192.168.1.7",
    ["10.8.0.6"],
  ],
  [
    "a likely interface first and several others without a default route",
    { ...LO, docker0: ["172.17.0.1"], tun0: ["10.8.0.6"], veth1: ["192.168.77.1"] },
    [],
    "192.168.77.1",
    ["10.8.0.6", "172.17.0.1"],
  ],
  [
    "a second network beside the default route",
    { ...LO, docker0: ["172.17.0.1"], wlan0: ["192.168.137.1"], eth0: ["10.0.0.5", "fd00::5"] },
    ["10.0.0.5"],
    "10.0.0.5",
    ["192.168.137.1"],
  ],
  [
    "a bridge that is the network",
    { ...LO, enp1s0: ["fe80::1"], "br-lan": ["192.168.1.7"], docker0: ["172.17.0.1"] },
    ["192.168.1.7"],
    "192.168.1.7",
    [],
  ],
  [
    "IPv6 before the IPv4 of a container bridge",
    { ...LO, docker0: ["172.17.0.1"], eth0: ["fe80::7", "2001:db8:1::7"] },
    ["2001:db8:1::7"],
    "2001:db8:1::7",
    [],
  ],
  [
    "an address of Tailscale last",
    { tailscale0: ["100.101.1.2"], en0: ["10.1.1.1"] },
    [],
    "10.1.1.1",
    ["100.101.1.2"],
  ],
  [
    "a link-local address if there is no other",
    { ...LO, eth0: ["169.254.9.9"] },
    [],
    "169.254.9.9",
    [],
  ],
  [
    "the LAN of a router beside its uplink",
    { wan: ["10.64.0.9"], "br-lan": ["192.168.1.1"] },
    ["10.64.0.9"],
    "10.64.0.9",
    ["192.168.1.1"],
  ],
  [
    "Wi-Fi before a fallback address, a virtual machine and a VPN",
    {
      Ethernet: ["169.254.30.92"],
      "VirtualBox Host-Only Network": ["192.168.56.1"],
      NordLynx: ["10.5.0.2"],
      "Radmin VPN": ["26.1.2.3"],
      "Wi-Fi": ["192.168.0.13"],
    },
    [],
    "192.168.0.13",
    ["10.5.0.2", "26.1.2.3", "192.168.56.1"],
  ],
  [
    "a virtual machine's adapter last",
    { "vEthernet (WSL)": ["172.30.1.1"], "Wi-Fi": ["192.168.0.3"] },
    ["192.168.0.3"],
    "192.168.0.3",
    [],
  ],
])("an invite names %s", (_, interfaces, routed, external, also) => {
  const reachable = reachableHosts(undefined, addressesOf(interfaces, routed));
  expect([reachable.external, reachable.also]).toEqual([external, also]);
});

test("an invite has at most three alternatives", () => {
  const many = Object.fromEntries(
    Array.from({ length: 9 }, (_, i) => [`eth${i}`, [`10.0.${i}.1`]]),
  );
  expect(reachableHosts(undefined, addressesOf(many)).also).toHaveLength(3);
});

test.each<readonly [string | undefined, string, string | undefined]>([
  [undefined, "127.0.0.1", "no address that others can reach"],
  ["::", "::1", "no address that others can reach"],
  [undefined, "169.254.1.1", "link-local"],
  [undefined, "192.168.1.7", undefined],
  ["127.0.0.1", "127.0.0.1", undefined],
])("with --host %s and the address %s, the warning is %s", (host, external, text) => {
  if (text === undefined) expect(reachWarning(host, external)).toBeUndefined();
  else expect(reachWarning(host, external)).toContain(text);
});

test.each([
  ["[2001:DB8::1]", "2001:db8::1"],
  ["2001:db8::1", "2001:db8::1"],
  ["fe80::1%eth0", "fe80::1%eth0"],
  ["Lan.Example", "lan.example"],
  ["192.168.1.7", "192.168.1.7"],
])("--host %s is %s", (text, host) => {
  expect(parseHost(text)).toBe(host);
});

test.each(["[]", "[1.2.3.4]", "1.2.3", ":::", "a b", "[::1]:2428"])("refuses --host %s", (text) => {
  expect(() => parseHost(text)).toThrow();
});
