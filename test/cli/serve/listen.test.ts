import { afterEach, expect, test } from "bun:test";
import { openListeners } from "../../../src/cli/serve/listen.ts";
import { makeCertificate } from "../../../src/crypto/certificate.ts";
import type { Listener, ListenerEvents } from "../../../src/io/link/link.ts";
import { faultFrom } from "../../commands/fake-world.ts";

const NOWHERE = "2001:db8::1";

const opened: Listener[] = [];
const events: ListenerEvents = { accept: () => true, link: () => {} };

afterEach(async () => {
  await Promise.all(opened.splice(0).map((listener) => listener.stop()));
});

async function open(hosts: readonly [string, ...string[]], port = 0) {
  const certificate = await makeCertificate(["localhost"]);
  const http = () => async () => new Response("ok");
  const options = { hosts, port, certificate, udp: "bbr", isHost: () => true, http } as const;
  const listening = await openListeners(options, events);
  opened.push(...listening.listeners);
  return listening;
}

test("tries the next address if the system lacks the first, for TCP and UDP", async () => {
  const { port, listeners, udpFault } = await open([NOWHERE, "127.0.0.1"]);
  expect([listeners.map(({ transport }) => transport), udpFault]).toEqual([
    ["tcp", "udp"],
    undefined,
  ]);
  const answer = await fetch(`https://127.0.0.1:${port}/`, { tls: { rejectUnauthorized: false } });
  expect(await answer.text()).toBe("ok");
});

test("listens only on the specified address", async () => {
  const fault = await faultFrom(() => open([NOWHERE]));
  expect([fault.code, fault.message]).toEqual([
    "usage",
    `${NOWHERE} is not an address of this machine`,
  ]);
});

test("does not try another address if the port is in use", async () => {
  const { port } = await open(["127.0.0.1"]);
  const fault = await faultFrom(() => open(["127.0.0.1", "127.0.0.2"], port));
  expect([fault.code, fault.message]).toEqual(["port-taken", `port ${port} is in use`]);
});
