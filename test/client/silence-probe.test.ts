import { expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import {
  IDLE_CONNECT_TIMEOUT_MS,
  IDLE_PING_AFTER_MS,
  IDLE_PING_TIMEOUT_MS,
  IDLE_UDP_CONNECT_TIMEOUT_MS,
  IDLE_UDP_PING_AFTER_MS,
  IDLE_UDP_PING_TIMEOUT_MS,
} from "../../src/base/limits-cluster.ts";
import type { Connection } from "../../src/client/link/connection.ts";
import { SilenceProbe } from "../../src/client/link/silence-probe.ts";
import { VirtualClock } from "./virtual-clock.ts";

const TCP_MS = IDLE_PING_AFTER_MS + IDLE_PING_TIMEOUT_MS + IDLE_CONNECT_TIMEOUT_MS;
const UDP_MS = IDLE_UDP_PING_AFTER_MS + IDLE_UDP_PING_TIMEOUT_MS + IDLE_UDP_CONNECT_TIMEOUT_MS;

function silent(transport: "tcp" | "udp", dial: () => Promise<never>) {
  const clock = new VirtualClock();
  const said: string[] = [];
  const connection = {
    link: { transport },
    heardAt: clock.now(),
    onClosed: () => undefined,
    probe: () => said.push("asked"),
    close: (fault: Fault) => said.push(fault.code),
  };
  new SilenceProbe({
    clock,
    connection: connection as unknown as Connection,
    dial,
    onSilent: () => said.push("silent"),
  });
  return { clock, said };
}

test.each([
  ["tcp", TCP_MS],
  ["udp", UDP_MS],
] as const)("over %s a machine that answers nothing is given up after %d ms", async (kind, ms) => {
  const { clock, said } = silent(kind, () => new Promise(() => {}));
  await clock.advance(ms - 1);
  expect(said).toEqual(["asked"]);
  await clock.advance(1);
  expect(said).toEqual(["asked", "silent", "timeout"]);
});

test("gives up at once a machine whose port is closed", async () => {
  const { clock, said } = silent("udp", () => Promise.reject(new Fault("unreachable", "refused")));
  await clock.advance(IDLE_UDP_PING_AFTER_MS + IDLE_UDP_PING_TIMEOUT_MS);
  expect(said).toEqual(["asked", "silent", "timeout"]);
});
