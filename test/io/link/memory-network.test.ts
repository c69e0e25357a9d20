import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CONNECT_WITHIN_MS, DRAIN_WITHIN_MS } from "../../../src/base/limits.ts";
import type { Clock } from "../../../src/io/clock.ts";
import type { Link } from "../../../src/io/link/link.ts";
import { MemoryNetwork, type MemoryWeather } from "../../../src/io/link/memory-network.ts";
import { rejection } from "../../rejection.ts";
import { LinkObserver, turn } from "../link-observer.ts";

/** A clock that stands still until told. */
class StillClock implements Clock {
  #now = 0;
  #order = 0;
  #timers: { readonly at: number; readonly order: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  unixMs(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, order: this.#order++, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Runs what is due until then, one by one, with the microtasks between. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      await turn();
      const [next] = this.#timers
        .filter(({ at }) => at <= until)
        .sort((a, b) => a.at - b.at || a.order - b.order);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = until;
  }

  get waiting(): number {
    return this.#timers.length;
  }
}

const host = "10.0.0.1";
const port = 2428;
const timeoutMs = 1_000;

async function place(weather: MemoryWeather = {}) {
  const clock = new StillClock();
  const network = new MemoryNetwork(clock, weather);
  const servers: Link[] = [];
  const listener = network.listen(
    { host, port, certificateHash: new Uint8Array(32) },
    { accept: () => true, link: (link) => servers.push(link) },
  );
  const dial = network.dialFrom("10.0.0.2");
  return { clock, network, servers, listener, dial };
}

async function pair(weather: MemoryWeather = {}) {
  const made = await place(weather);
  const dialled = made.dial({ host, port, timeoutMs });
  await made.clock.advance(timeoutMs);
  const client = await dialled;
  const [server] = made.servers;
  if (server === undefined) throw new Error("nobody was accepted");
  const observers = { atClient: new LinkObserver(client), atServer: new LinkObserver(server) };
  return { ...made, client, server, ...observers };
}

describe("memory network", () => {
  test("nothing moves until the clock does", async () => {
    const { client, clock, atServer } = await pair({ delayMs: () => 30 });
    client.send(Uint8Array.of(1));
    await clock.advance(29);
    expect(atServer.messages).toEqual([]);
    await clock.advance(1);
    expect(atServer.messages).toEqual([Uint8Array.of(1)]);
  });

  test("whatever the delays, order holds", () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.nat(100), { minLength: 1, maxLength: 30 }), async (delays) => {
        let at = 0;
        const delayMs = () => delays[at++ % delays.length] ?? 0;
        const { client, clock, atServer } = await pair({ delayMs });
        for (let i = 0; i < 30; i++) client.send(Uint8Array.of(i));
        await clock.advance(10_000);
        expect(atServer.messages.map(([first]) => first)).toEqual([...Array(30).keys()]);
      }),
      { numRuns: 20 },
    ));

  test("a cut is a fault at both ends, and what was under way is lost", async () => {
    const { client, clock, network, atClient, atServer } = await pair({ delayMs: () => 5 });
    client.send(Uint8Array.of(1));
    network.cut();
    await clock.advance(100);
    expect((await atClient.closed())?.code).toBe("link-closed");
    expect((await atServer.closed())?.code).toBe("link-closed");
    expect(atServer.messages).toEqual([]);
    expect(clock.waiting).toBe(0);
  });

  test("a dial through bad weather times out, one to nobody is refused", async () => {
    const { clock, dial } = await place({ isReachable: (_, to) => to.port !== port });
    const faults = [port, 1].map((other) => dial({ host, port: other, timeoutMs }).catch((e) => e));
    await clock.advance(timeoutMs);
    const [late, refused] = await Promise.all(faults);
    expect([late.code, refused.code]).toEqual(["timeout", "unreachable"]);
  });

  test("a lane in bad weather gives up within CONNECT_WITHIN_MS", async () => {
    let isReachable = true;
    const { client, clock } = await pair({ isReachable: () => isReachable });
    isReachable = false;
    const lane = client.openChannel().catch((error) => error);
    await clock.advance(CONNECT_WITHIN_MS);
    expect((await lane).code).toBe("timeout");
  });

  test("lanes know their link and end with it", async () => {
    const { client, clock, servers, atClient } = await pair();
    const opened = client.openChannel();
    await clock.advance(1);
    const atChannel = new LinkObserver(await opened);
    expect(servers).toHaveLength(2);
    client.close();
    await clock.advance(1);
    expect(await atClient.closed()).toBeUndefined();
    expect((await atChannel.closed())?.code).toBe("link-closed");
  });

  test("a reader that never reads holds close() for DRAIN_WITHIN_MS", async () => {
    const { client, server, clock, atServer } = await pair();
    if ("stall" in client && typeof client.stall === "function") client.stall();
    server.send(Uint8Array.of(1));
    server.close();
    await clock.advance(DRAIN_WITHIN_MS - 1);
    expect(atServer.closedCount).toBe(0);
    await clock.advance(1);
    expect(await atServer.closed()).toBeUndefined();
  });

  test("one port has one listener, and one local port one link", async () => {
    const { client, clock, network, listener, dial } = await pair();
    const events = { accept: () => true, link: () => {} };
    const again = { host, port, certificateHash: new Uint8Array(32) };
    expect(() => network.listen(again, events)).toThrow(`another program listens on ${host}`);
    const first = dial({ host, port, timeoutMs, localPort: 7 });
    await clock.advance(1);
    await first;
    expect(await rejection(dial({ host, port, timeoutMs, localPort: 7 }))).toMatchObject({
      code: "port-taken",
    });
    client.close();
    const stopped = listener.stop();
    await clock.advance(DRAIN_WITHIN_MS);
    await stopped;
    network.listen(again, events);
  });
});
