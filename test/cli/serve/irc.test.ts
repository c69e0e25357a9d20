import { expect, test } from "bun:test";
import {
  checkIrcListening,
  ircAddress,
  ircEndpoints,
  openIrcListeners,
} from "../../../src/cli/serve/irc.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { faultCode } from "../../fault-code.ts";
import { rejection } from "../../rejection.ts";

test("listens on loopback without TLS, and on the server's addresses with TLS", () => {
  expect(ircEndpoints({})).toEqual([]);
  expect(ircEndpoints({ irc: "6667" })).toEqual([
    { scheme: "irc", hosts: ["127.0.0.1"], port: 6667 },
  ]);
  expect(ircEndpoints({ irc: "[::1]:0" })).toEqual([{ scheme: "irc", hosts: ["::1"], port: 0 }]);
  const hostsOf = (host: string | undefined, ircTls: string) =>
    ircEndpoints({ host, ircTls }).map(({ scheme, hosts, port }) => [scheme, hosts, port]);
  expect(hostsOf(undefined, "6697")).toEqual([["ircs", ["::", "0.0.0.0"], 6697]]);
  expect(hostsOf("192.0.2.7", "6697")).toEqual([["ircs", ["192.0.2.7"], 6697]]);
  expect(hostsOf("192.0.2.7", "0.0.0.0:65535")).toEqual([["ircs", ["0.0.0.0"], 65_535]]);
  expect(hostsOf(undefined, "irc.example.org:1")).toEqual([["ircs", ["irc.example.org"], 1]]);
});

test("refuses other addresses without TLS, and invalid addresses", () => {
  const addresses = ["0.0.0.0:6667", "192.0.2.7:6667", "[::]:6667", "example.org:6667"];
  for (const irc of addresses) {
    expect(() => ircEndpoints({ irc })).toThrow("--irc requires a loopback address");
  }
  const invalid = ["", "port", "65536", "-1", "127.0.0.1", "127.0.0.1:", "::1:6667", "a b:6667"];
  for (const text of [...invalid, "[::1", "[127.0.0.1]:6667", "256.0.0.1:6667", "irc://x:6667"]) {
    expect(faultCode(() => ircEndpoints({ irc: text }))).toBe("usage");
    expect(faultCode(() => ircEndpoints({ ircTls: text }))).toBe("usage");
  }
});

test("reports a taken port before the server starts", async () => {
  const clock = systemClock();
  const socket = () => ({ data() {}, queueLow() {}, closed() {} });
  const events = { accept: () => false, socket };
  const [opened] = openIrcListeners(ircEndpoints({ irc: "0" }), events, {
    clock,
    certificate: undefined,
  });
  if (opened === undefined) throw new Error("no listener");
  const { port } = opened.listener;
  const fault = await rejection(checkIrcListening(ircEndpoints({ irc: `${port}` }), clock));
  expect(fault).toMatchObject({ code: "port-taken" });
  await opened.listener.stop();
  await checkIrcListening(ircEndpoints({ irc: `${port}` }), clock);
});

test("names a host that other machines reach", () => {
  const listener = { port: 6697, stop: async () => {} };
  const address = (host: string) => ircAddress({ scheme: "ircs", host, listener }, "192.0.2.7");
  expect(address("::")).toBe("ircs://192.0.2.7:6697");
  expect(address("0.0.0.0")).toBe("ircs://192.0.2.7:6697");
  expect(address("irc.example.org")).toBe("ircs://irc.example.org:6697");
  expect(address("fd00::1")).toBe("ircs://[fd00::1]:6697");
});
