import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Link } from "../../../src/io/link/link.ts";
import { MemoryNetwork, type NetworkConditions } from "../../../src/io/link/memory-network.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { sampleSize } from "../../samples.ts";
import { LinkObserver } from "../link-observer.ts";

const host = "10.0.0.1";
const port = 2428;
const timeoutMs = 1_000;

async function place(conditions: NetworkConditions = {}) {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock, conditions);
  const servers: Link[] = [];
  const listener = network.listen(
    { host, port, certificateHash: new Uint8Array(32) },
    { accept: () => true, link: (link) => servers.push(link) },
  );
  const dial = network.dialFrom("10.0.0.2");
  return { clock, network, servers, listener, dial };
}

async function pair(conditions: NetworkConditions = {}) {
  const made = await place(conditions);
  const dialled = made.dial({ host, port, timeoutMs });
  await made.clock.advance(timeoutMs);
  const client = await dialled;
  const [server] = made.servers;
  if (server === undefined) throw new Error("nobody was accepted");
  const observers = { atClient: new LinkObserver(client), atServer: new LinkObserver(server) };
  return { ...made, client, server, ...observers };
}

describe("memory network", () => {
  test("keeps the order with any delays", () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.nat(100), { minLength: 1, maxLength: 30 }), async (delays) => {
        let at = 0;
        const delayMs = () => delays[at++ % delays.length] ?? 0;
        const { client, clock, atServer } = await pair({ delayMs });
        for (let i = 0; i < 30; i++) client.send(Uint8Array.of(i));
        await clock.advance(10_000);
        expect(atServer.messages.map(([first]) => first)).toEqual([...Array(30).keys()]);
      }),
      { numRuns: sampleSize(20, 100) },
    ));

  test("reports a cut as a fault at both ends, and loses data in flight", async () => {
    const { client, clock, network, atClient, atServer } = await pair({ delayMs: () => 5 });
    client.send(Uint8Array.of(1));
    network.cut();
    await clock.advance(100);
    expect((await atClient.closed())?.code).toBe("link-closed");
    expect((await atServer.closed())?.code).toBe("link-closed");
    expect(atServer.messages).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});
