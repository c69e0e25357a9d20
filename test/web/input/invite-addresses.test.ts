import { expect, test } from "bun:test";
import { inviteAddresses, otherPages } from "../../../src/web/input/invite-addresses.ts";

const LAN = { host: "192.168.1.5", port: 2428 };
const SIX = { host: "fd00::5", port: 2428 };
const PUBLIC = { host: "chat.example.org", port: 443 };
const bar = (hostname: string, port = "2428", protocol = "https:") => ({
  hostname,
  port,
  protocol,
});
const origins = (...given: Parameters<typeof inviteAddresses>) =>
  inviteAddresses(...given).map(({ origin }) => origin);

test("uses the server's addresses behind `chat web` and on the server's machine", () => {
  const told = [PUBLIC, LAN, SIX];
  const all = ["https://chat.example.org", "https://192.168.1.5:2428", "https://[fd00::5]:2428"];
  expect(origins(bar("127.0.0.1", "41234", "http:"), told, true)).toEqual(all);
  expect(origins(bar("localhost"), told)).toEqual(all);
  expect(origins(bar("[::1]"), told)).toEqual(all);
});

test("lists the page's own address first if others can reach it", () => {
  expect(origins(bar("192.168.1.5"), [PUBLIC, LAN])).toEqual([
    "https://192.168.1.5:2428",
    "https://chat.example.org",
  ]);
  expect(origins(bar("chat.example.org", ""), [LAN, PUBLIC])[0]).toBe("https://chat.example.org");
  expect(origins(bar("classroom.local"), [LAN])).toEqual([
    "https://classroom.local:2428",
    "https://192.168.1.5:2428",
  ]);
});

test("falls back to the address bar, and marks loopback addresses", () => {
  expect(origins(bar("192.168.1.5"))).toEqual(["https://192.168.1.5:2428"]);
  expect(inviteAddresses(bar("127.0.0.1", "41234", "http:"), undefined, true)).toEqual([
    { host: "127.0.0.1", port: 41_234, origin: "http://127.0.0.1:41234", isLoopback: true },
  ]);
  const alone = { host: "127.0.0.1", port: 2428 };
  expect(inviteAddresses(bar("127.0.0.1"), [alone, LAN]).map((one) => one.isLoopback)).toEqual([
    false,
    true,
  ]);
});

test("rejects invalid addresses from the server", () => {
  const wrong = ["evil/#", "a b", "", "x@y", "-", "a".repeat(300)].map((host) => ({
    host,
    port: 1,
  }));
  expect(origins(bar("192.168.1.5"), [...wrong, { host: "a.example", port: 65_536 }])).toEqual([
    "https://192.168.1.5:2428",
  ]);
});

test("lists the page on other servers, without invalid addresses", () => {
  const odd = { host: "evil.example/x?", port: 1 };
  expect(otherPages(bar("192.168.1.5"), [LAN, PUBLIC, SIX, odd, PUBLIC])).toEqual([
    "https://chat.example.org",
    "https://[fd00::5]:2428",
  ]);
  const here = { host: "127.0.0.1", port: 2428 };
  expect(otherPages(bar("chat.example.org", ""), [LAN, PUBLIC, here])).toEqual([]);
  expect(otherPages(bar("127.0.0.1", "2429"), [here])).toEqual(["https://127.0.0.1:2428"]);
});
