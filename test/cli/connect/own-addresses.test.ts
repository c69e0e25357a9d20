import { expect, test } from "bun:test";
import { externalHosts, type OwnAddress, reachableHosts } from "../../../src/cli/connect/invite.ts";

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
  expect(reachableHosts(host, own)).toEqual({ local, external: others, lacksIpv6 });
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
