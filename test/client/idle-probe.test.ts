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
import { IdleProbe } from "../../src/client/link/idle-probe.ts";
import { VirtualClock } from "./virtual-clock.ts";

const TCP_MS = IDLE_PING_AFTER_MS + IDLE_PING_TIMEOUT_MS + IDLE_CONNECT_TIMEOUT_MS;
const UDP_MS = IDLE_UDP_PING_AFTER_MS + IDLE_UDP_PING_TIMEOUT_MS + IDLE_UDP_CONNECT_TIMEOUT_MS;

function startProbe(transport: "tcp" | "udp", dial: () => Promise<never>) {
  const clock = new VirtualClock();
  const calls: string[] = [];
  const connection = {
    link: { transport },
    lastReceivedAt: clock.now(),
    onClosed: () => undefined,
    probe: () => calls.push("probed"),
    close: (fault: Fault) => calls.push(fault.code),
  };
  new IdleProbe({
    clock,
    connection: connection as unknown as Connection,
    dial,
    onUnreachable: () => calls.push("unreachable"),
  });
  return { clock, calls };
}

test.each([
  ["tcp", TCP_MS],
  ["udp", UDP_MS],
] as const)("over %s, gives up an unresponsive machine after %d ms", async (kind, ms) => {
  const { clock, calls } = startProbe(kind, () => new Promise(() => {}));
  await clock.advance(ms - 1);
  expect(calls).toEqual(["probed"]);
  await clock.advance(1);
  expect(calls).toEqual(["probed", "unreachable", "timeout"]);
});

test("immediately gives up a machine with a closed port", async () => {
  const { clock, calls } = startProbe("udp", () =>
    Promise.reject(new Fault("unreachable", "refused")),
  );
  await clock.advance(IDLE_UDP_PING_AFTER_MS + IDLE_UDP_PING_TIMEOUT_MS);
  expect(calls).toEqual(["probed", "unreachable", "timeout"]);
});
