import { expect, test } from "bun:test";
import { connectFault, tcpCode } from "../../../src/io/ws/connect-fault.ts";

const place = "192.0.2.9:2428";

function faultOf(code: string, waitedMs = 10, transport?: "UDP") {
  const host = "192.0.2.9";
  return connectFault({ code, place, host, waitedMs, cause: new Error(code), transport });
}

test.each([
  ["ECONNREFUSED", "connection to 192.0.2.9:2428 refused", "server is running"],
  ["EHOSTUNREACH", "a router or firewall rejects connections to", "ask who runs the network"],
  ["ENETUNREACH", "no route to 192.0.2.9:2428", "check cable, Wi-Fi and VPN"],
  ["ENETDOWN", "no route to", "check cable, Wi-Fi and VPN"],
  ["ENODEV", "no route to", "check cable, Wi-Fi and VPN"],
  ["EACCES", "this machine prohibits connections to", "firewall and its routes"],
  ["EPERM", "this machine prohibits connections to", "firewall and its routes"],
  ["EINVAL", "this machine prohibits connections to", "firewall and its routes"],
  ["EADDRNOTAVAIL", "no free address or port", "network settings"],
  ["EAFNOSUPPORT", "cannot connect to addresses such as", "IPv4 or IPv6"],
  ["EMFILE", "no resources for a connection to 192.0.2.9:2428 (EMFILE)", "ulimit -n"],
  ["ECONNRESET", "192.0.2.9:2428 closed the connection", "check the port"],
  ["EAI_AGAIN", "cannot resolve 192.0.2.9", "check the address"],
  ["EOTHER", "cannot connect to 192.0.2.9:2428 (EOTHER)", "check the address"],
])("explains %s", (code, message, remedy) => {
  const fault = faultOf(code);
  expect(fault.code).toBe("unreachable");
  expect(fault.message).toContain(message);
  expect(fault.remedy).toContain(remedy);
});

test("distinguishes a refusal from an address that no host uses", () => {
  expect(faultOf("ECONNREFUSED", 300).message).toBe(`connection to ${place} refused`);
  expect(faultOf("ECONNREFUSED", 3_060).message).toBe(`no host answers at ${place}`);
  expect(faultOf("EHOSTUNREACH", 3_060).message).toBe(`no host answers at ${place}`);
  expect(faultOf("ETIMEDOUT").code).toBe("timeout");
});

test("names UDP", () => {
  expect(faultOf("ECONNREFUSED", 1, "UDP").message).toBe(`UDP connection to ${place} refused`);
  expect(faultOf("EPERM", 1, "UDP").message).toContain("prohibits UDP connections");
  expect(faultOf("EOTHER", 1, "UDP").message).toContain("over UDP");
});

test("asks for the zone of a link-local address", () => {
  const failed = { code: "EINVAL", place: "[fe80::1]:2428", waitedMs: 1, cause: undefined };
  expect(connectFault({ ...failed, host: "fe80::1" }).remedy).toContain("%eth0");
});

test("believes a refusal of this machine, and a late one", async () => {
  const refused = { port: 9, waitedMs: 1 };
  expect(await tcpCode("ECONNREFUSED", { ...refused, host: "127.0.0.1" })).toBe("ECONNREFUSED");
  const late = { host: "192.0.2.9", port: 9, waitedMs: 3_000 };
  expect(await tcpCode("ECONNREFUSED", late)).toBe("ECONNREFUSED");
  expect(await tcpCode("EACCES", { ...late, waitedMs: 0 })).toBe("EACCES");
});

test("asks the system for the cause of a refusal", async () => {
  // Neither routes nor permissions allow a connection to this address, and nothing is sent.
  const broadcast = { host: "255.255.255.255", port: 9, waitedMs: 1 };
  expect(await tcpCode("ECONNREFUSED", broadcast)).not.toBe("ECONNREFUSED");
});
