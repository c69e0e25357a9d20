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
import type { Link } from "../../src/io/link/link.ts";
import { VirtualClock } from "./virtual-clock.ts";

const TCP_MS = IDLE_PING_AFTER_MS + IDLE_PING_TIMEOUT_MS + IDLE_CONNECT_TIMEOUT_MS;
const UDP_MS = IDLE_UDP_PING_AFTER_MS + IDLE_UDP_PING_TIMEOUT_MS + IDLE_UDP_CONNECT_TIMEOUT_MS;

interface Scene {
  readonly transport: "tcp" | "udp";
  readonly dial: () => Promise<Link>;
  readonly hasOthers?: boolean;
  readonly awaitsAnswer?: boolean;
  /** Reads from the socket after a time in milliseconds; `undefined` if the link counts none. */
  readonly readsAt?: (ms: number) => number | undefined;
  readonly sentBytesAt?: (ms: number) => number;
}

function startProbe(scene: Scene) {
  const { transport, dial, hasOthers = true, awaitsAnswer = false } = scene;
  const { readsAt = () => undefined, sentBytesAt = () => 0 } = scene;
  const clock = new VirtualClock();
  const calls: string[] = [];
  const connection = {
    link: { transport, counters: () => ({ sentBytes: sentBytesAt(clock.now()) }) },
    awaitsAnswer,
    lastReceivedAt: clock.now(),
    get reads() {
      return readsAt(clock.now());
    },
    onClosed: () => undefined,
    probe: () => calls.push("probed"),
    close: (fault: Fault) => calls.push(fault.code),
  };
  new IdleProbe({
    clock,
    connection: connection as unknown as Connection,
    dial,
    hasOthers: () => hasOthers,
    onUnreachable: () => calls.push("unreachable"),
  });
  return { clock, calls };
}

const NEVER_ANSWERS = () => new Promise<never>(() => {});
const ANSWERS = async () => ({ destroy: () => undefined }) as unknown as Link;
const SILENT = { transport: "tcp", dial: ANSWERS, hasOthers: false, awaitsAnswer: true } as const;

test.each([
  ["tcp", TCP_MS],
  ["udp", UDP_MS],
] as const)("over %s, gives up an unresponsive machine after %d ms", async (kind, ms) => {
  const { clock, calls } = startProbe({ transport: kind, dial: NEVER_ANSWERS });
  await clock.advance(ms - 1);
  expect(calls).toEqual(["probed"]);
  await clock.advance(1);
  expect(calls).toEqual(["probed", "unreachable", "timeout"]);
});

test("immediately gives up a machine with a closed port", async () => {
  const { clock, calls } = startProbe({
    transport: "udp",
    dial: () => Promise.reject(new Fault("unreachable", "refused")),
  });
  await clock.advance(IDLE_UDP_PING_AFTER_MS + IDLE_UDP_PING_TIMEOUT_MS);
  expect(calls).toEqual(["probed", "unreachable", "timeout"]);
});

const SILENT_MS = IDLE_PING_AFTER_MS + 2 * IDLE_PING_TIMEOUT_MS;

test("gives up a link on which nothing arrives while the server accepts another one", async () => {
  const { clock, calls } = startProbe({ ...SILENT, readsAt: () => 7 });
  await clock.advance(SILENT_MS - 1);
  expect(calls).toEqual(["probed"]);
  await clock.advance(1);
  expect(calls).toEqual(["probed", "timeout"]);
});

test.each([
  ["part of a message arrives", { readsAt: (ms: number) => ms }],
  ["does not count its reads", {}],
  ["awaits no answer", { readsAt: () => 7, awaitsAnswer: false }],
  ["has its own heartbeat", { readsAt: () => 7, transport: "udp" as const }],
  ["shares an outage with other links", { readsAt: () => 7, dial: NEVER_ANSWERS }],
])("keeps a link that %s", async (_, scene) => {
  const { clock, calls } = startProbe({ ...SILENT, ...scene });
  await clock.advance(60_000);
  expect(calls).not.toContain("timeout");
});

test("waits longer for the pong behind a long message on a slow uplink", async () => {
  const sentBytesAt = (ms: number) => (ms > 0 ? 64 * 1024 : 0);
  const { clock, calls } = startProbe({ ...SILENT, readsAt: () => 7, sentBytesAt });
  await clock.advance(SILENT_MS + 16_000);
  expect(calls).toEqual(["probed"]);
  await clock.advance(1_000);
  expect(calls).toEqual(["probed", "timeout"]);
});
