import { expect, test } from "bun:test";
import {
  MESSAGE_BYTES_MAX,
  SEND_QUEUE_BYTES_MAX,
  SEND_QUEUE_LOW_BYTES,
} from "../../src/base/limits.ts";
import { within } from "../event.ts";
import { type Bench, CHUNK_BYTES, expectNumbered, type LinkSetup, numbered } from "./link-bench.ts";
import { LinkObserver, turn } from "./link-observer.ts";

export function messages(bench: Bench): void {
  test("of every size arrive whole and in order, both ways", async () => {
    const { client, server, atClient, atServer } = await bench.pair();
    const edges = [0, 1, 2, 125, 126, 127, 65_535, 65_536, 65_537, CHUNK_BYTES, MESSAGE_BYTES_MAX];
    const sent = edges.map((size, i) => new Uint8Array(size).map((_, at) => (at * 31 + i) & 0xff));
    for (const message of sent) expect(client.send(message)).toBe(true);
    for (const message of sent) expect(server.send(message)).toBe(true);
    await atServer.count(sent.length);
    await atClient.count(sent.length);
    for (const seen of [atServer.messages, atClient.messages]) {
      expect(seen.map((bytes) => bytes.length)).toEqual(edges);
      for (const [i, bytes] of seen.entries()) {
        expect(Buffer.compare(bytes, sent[i] ?? new Uint8Array())).toBe(0);
        expect(bytes.constructor).toBe(Uint8Array);
      }
    }
    client.close();
  });

  test("whose end lies elsewhere arrive as one, among others", async () => {
    const { client, server, atClient, atServer } = await bench.pair();
    const sizes = [0, 1, 100, 16_383, 16_384, 65_536, CHUNK_BYTES];
    const whole = (i: number, size: number) => numbered(i, 100 + size);
    for (const end of [client, server]) {
      for (const [i, size] of sizes.entries()) {
        const message = whole(2 * i, size);
        expect(end.send(message.slice(0, 100), message.slice(100))).toBe(true);
        expect(end.send(numbered(2 * i + 1))).toBe(true);
      }
    }
    await atServer.count(2 * sizes.length);
    await atClient.count(2 * sizes.length);
    for (const { messages } of [atServer, atClient]) {
      expectNumbered(messages, 2 * sizes.length);
      for (const [i, size] of sizes.entries()) {
        expect(Buffer.compare(messages[2 * i] ?? new Uint8Array(), whole(2 * i, size))).toBe(0);
      }
    }
    const sentBytes = sizes.reduce((sum, size) => sum + 100 + size + numbered(0).length, 0);
    expect(client.counters()).toMatchObject({ sentMessages: 2 * sizes.length, sentBytes });
    expect(server.counters()).toMatchObject({ sentMessages: 2 * sizes.length, sentBytes });
    client.close();
  });

  test("by the thousand in one tick keep their order", async () => {
    const { client, server, atClient, atServer } = await bench.pair();
    for (let i = 0; i < 5_000; i++) client.send(numbered(i));
    for (let i = 0; i < 5_000; i++) server.send(numbered(i));
    await atServer.count(5_000);
    await atClient.count(5_000);
    expectNumbered(atServer.messages, 5_000);
    expectNumbered(atClient.messages, 5_000);
    client.close();
  });

  test("sent before the other end receives are not lost", async () => {
    const dialled = bench.dial().then((client) => {
      client.send(numbered(0));
      return { client, observer: new LinkObserver(client) };
    });
    while (bench.accepted.length === 0) await turn();
    const server = bench.accepted.shift()?.link;
    server?.send(numbered(0)); // Before the dial has resolved, where there is a wire between.
    const { client, observer } = await dialled;
    await observer.count(1);
    for (let i = 0; i < 5; i++) await turn();
    const late = server === undefined ? undefined : new LinkObserver(server);
    await late?.count(1);
    client.close();
  });

  test("are counted, payload only", async () => {
    const { client, server, atClient, atServer } = await bench.pair();
    for (const size of [4, 1_000, 70_000]) client.send(numbered(0, size));
    server.send(numbered(0, 500));
    await atServer.count(3);
    await atClient.count(1);
    expect(client.counters()).toMatchObject({
      sentMessages: 3,
      sentBytes: 71_004,
      receivedMessages: 1,
      receivedBytes: 500,
    });
    expect(server.counters()).toMatchObject({
      sentMessages: 1,
      sentBytes: 500,
      receivedMessages: 3,
      receivedBytes: 71_004,
    });
    client.close();
  });

  test.each(["client", "server"] as const)(
    "above the bound, from the %s, close the link and nothing else",
    async (side) => {
      const other = await bench.pair();
      const { atClient, atServer, ...ends } = await bench.pair();
      ends[side].send(new Uint8Array(MESSAGE_BYTES_MAX + 1));
      expect((await atClient.closed())?.code).toBe("too-large");
      expect((await atServer.closed())?.code).toBe("too-large");
      expect(atClient.messages.length + atServer.messages.length).toBe(0);
      other.client.send(numbered(0));
      await other.atServer.count(1);
      other.client.close();
    },
  );
}

export function backpressure(bench: Bench, setup: LinkSetup): void {
  test("a stalled reader fills the queue, and drained() tells when it has room", async () => {
    const { client, server, atClient } = await bench.pair();
    const release = setup.stall(client);
    let sent = 0;
    // Fill what the kernels take, too: until half the queue stays for good.
    while (server.queuedBytes() < SEND_QUEUE_BYTES_MAX / 2) {
      expect(server.send(numbered(sent++, CHUNK_BYTES))).toBe(true);
      await turn();
    }
    let isDrained = false;
    const drained = server.drained().then(() => {
      isDrained = true;
    });
    for (let i = 0; i < 10; i++) await turn();
    expect(isDrained).toBe(false);
    release();
    await within("drained", drained);
    expect(server.queuedBytes()).toBeLessThanOrEqual(SEND_QUEUE_LOW_BYTES);
    await atClient.count(sent);
    expectNumbered(atClient.messages, sent);
    client.close();
  });

  test.each(["client", "server"] as const)(
    "a burst of the %s in one tick drains, again and again",
    async (side) => {
      const { atClient, atServer, ...pair } = await bench.pair();
      const others = side === "client" ? atServer : atClient;
      let sent = 0;
      for (const bursts of [8, 1, 28, 5, 12]) {
        for (let i = 0; i < bursts; i++)
          expect(pair[side].send(numbered(sent++, CHUNK_BYTES))).toBe(true);
        await within("drained", pair[side].drained());
        expect(pair[side].queuedBytes()).toBeLessThanOrEqual(SEND_QUEUE_LOW_BYTES);
        if (bursts > 8) await others.count(sent);
      }
      await others.count(sent);
      expectNumbered(others.messages, sent);
      pair.client.close();
    },
  );

  test("a queue that is empty is drained at once", async () => {
    const { client, server } = await bench.pair();
    await within("drained", Promise.all([client.drained(), server.drained()]));
    client.close();
  });

  test.each(["client", "server"] as const)(
    "what the queue of the %s cannot hold closes the link",
    async (side) => {
      const { atClient, atServer, ...ends } = await bench.pair();
      const end = ends[side];
      let sent = 0;
      while (end.send(numbered(sent, CHUNK_BYTES))) sent += 1;
      expect(sent * CHUNK_BYTES).toBeLessThanOrEqual(SEND_QUEUE_BYTES_MAX);
      expect((sent + 2) * CHUNK_BYTES).toBeGreaterThan(SEND_QUEUE_BYTES_MAX);
      expect(end.send(numbered(0))).toBe(false);
      expect(end.queuedBytes()).toBe(0);
      await within("drained", end.drained());
      const [own, others] = side === "client" ? [atClient, atServer] : [atServer, atClient];
      expect((await own.closed())?.message).toContain("too slowly");
      await others.closed();
      expect(own.closedCount).toBe(1);
    },
  );

  test("a queue of empty messages is bounded as well", async () => {
    const { client, server, atServer } = await bench.pair();
    const empty = new Uint8Array(0);
    let sent = 0;
    while (sent <= SEND_QUEUE_BYTES_MAX && server.send(empty)) sent += 1;
    expect(sent).toBeLessThan(SEND_QUEUE_BYTES_MAX);
    await atServer.closed();
    client.destroy();
  });
}
