import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import {
  MESSAGE_BYTES_MAX,
  MESSAGES_AFTER_CLOSE_MAX,
  SEND_QUEUE_BYTES_MAX,
  SEND_QUEUE_LOW_BYTES,
} from "../../../src/base/limits.ts";
import { within } from "../../event.ts";
import { rejection } from "../../rejection.ts";
import {
  Bench,
  CHUNK_BYTES,
  expectNumbered,
  type LinkSetup,
  numbered,
  numberOf,
} from "../link-bench.ts";
import { LinkObserver, turn } from "../link-observer.ts";

export function linkCompliance(name: string, setup: LinkSetup): void {
  const bench = new Bench(setup);

  describe(`${name} link`, () => {
    beforeAll(() => bench.open());
    afterAll(() => bench.listener.stop());
    describe("messages", () => messages(bench));
    describe("refusals", () => refusals(bench));
    describe("backpressure", () => backpressure(bench, setup));
    describe("topics", () => topics(bench, setup));
    describe("lanes", () => channels(bench));
    describe("ends", () => ends(bench, setup));
    describe("listener", () => listeners(setup));
  });
}

function messages(bench: Bench): void {
  test("of every size arrive whole and in order, both ways", async () => {
    const { client, server, atClient, atServer } = await bench.pair();
    const edges = [0, 1, 2, 125, 126, 127, 65_535, 65_536, 65_537, CHUNK_BYTES, MESSAGE_BYTES_MAX];
    const sent = edges.map((size, i) => new Uint8Array(size).map((_, at) => (at * 31 + i) & 0xff));
    for (const message of sent) expect(client.send(message)).toBe(true);
    for (const message of sent) expect(server.send(message)).toBe(true);
    await atServer.count(sent.length);
    await atClient.count(sent.length);
    for (const observed of [atServer.messages, atClient.messages]) {
      expect(observed.map((bytes) => bytes.length)).toEqual(edges);
      for (const [i, bytes] of observed.entries()) {
        expect(Buffer.compare(bytes, sent[i] ?? new Uint8Array())).toBe(0);
        expect(bytes.constructor).toBe(Uint8Array);
      }
    }
    client.close();
  });

  test("whose end lies elsewhere arrive as one, among others", async () => {
    const { client, server, atClient, atServer } = await bench.pair();
    const sizes = [0, 1, 100, 16_383, 16_384, 65_536, CHUNK_BYTES];
    const complete = (i: number, size: number) => numbered(i, 100 + size);
    for (const end of [client, server]) {
      for (const [i, size] of sizes.entries()) {
        const message = complete(2 * i, size);
        expect(end.send(message.slice(0, 100), message.slice(100))).toBe(true);
        expect(end.send(numbered(2 * i + 1))).toBe(true);
      }
    }
    await atServer.count(2 * sizes.length);
    await atClient.count(2 * sizes.length);
    for (const { messages } of [atServer, atClient]) {
      expectNumbered(messages, 2 * sizes.length);
      for (const [i, size] of sizes.entries()) {
        expect(Buffer.compare(messages[2 * i] ?? new Uint8Array(), complete(2 * i, size))).toBe(0);
      }
    }
    const sentBytes = sizes.reduce((sum, size) => sum + 100 + size + numbered(0).length, 0);
    expect(client.counters()).toMatchObject({ sentMessages: 2 * sizes.length, sentBytes });
    expect(server.counters()).toMatchObject({ sentMessages: 2 * sizes.length, sentBytes });
    client.close();
  });

  test("sent before the other end receives are not lost", async () => {
    const dialled = bench.dial().then((client) => {
      client.send(numbered(0));
      return { client, observer: new LinkObserver(client) };
    });
    while (bench.accepted.length === 0) await turn();
    const server = bench.accepted.shift()?.link;
    server?.send(numbered(0));
    const { client, observer } = await dialled;
    await observer.count(1);
    for (let i = 0; i < 5; i++) await turn();
    const late = server === undefined ? undefined : new LinkObserver(server);
    await late?.count(1);
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

function refusals(bench: Bench): void {
  test.each(["close", "destroy"] as const)(
    "%s() for the first of many messages ends the link without the others",
    async (end) => {
      const other = await bench.pair();
      const client = await bench.dial();
      const atClient = new LinkObserver(client);
      while (bench.accepted.length === 0) await turn();
      const server = bench.accepted.shift()?.link;
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      const received: Uint8Array[] = [];
      server?.receive({
        message: (bytes) => {
          received.push(bytes);
          server[end]();
        },
        closed: () => resolve(),
      });
      for (let i = 0; i < 8 * MESSAGES_AFTER_CLOSE_MAX; i++) client.send(new Uint8Array());
      other.client.send(numbered(0));
      await other.atServer.count(1);
      await within("the server's end", closed);
      await atClient.closed();
      expect(received).toHaveLength(1);
      expect(server?.counters().receivedMessages).toBe(1);
      other.client.close();
    },
  );
}

function backpressure(bench: Bench, setup: LinkSetup): void {
  test("a stalled reader fills the queue, and drained() tells when it has room", async () => {
    const { client, server, atClient } = await bench.pair();
    const release = setup.stall(client);
    let sent = 0;
    // Fill the kernel's buffers too, until the queue is half full.
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

function topics(bench: Bench, setup: LinkSetup): void {
  test("reach those who follow, from then until they leave", async () => {
    const [one, two] = [await bench.pair(), await bench.pair()];
    bench.listener.publish("room", numbered(99));
    one.server.follow("room");
    one.server.follow("room");
    two.server.follow("other");
    bench.listener.publish("room", numbered(0));
    two.server.follow("room");
    bench.listener.publish("room", numbered(1));
    one.server.unfollow("room");
    one.server.unfollow("room");
    bench.listener.publish("room", numbered(2));
    bench.listener.publish("other", numbered(3));
    one.server.send(numbered(4));
    await one.atClient.count(3);
    await two.atClient.count(3);
    expect(one.atClient.messages.map(numberOf)).toEqual([0, 1, 4]);
    expect(two.atClient.messages.map(numberOf)).toEqual([1, 2, 3]);
    expect(one.server.counters().sentMessages).toBe(3);
    expect(two.server.counters()).toMatchObject({ sentMessages: 3, sentBytes: 24 });
    one.client.close();
    two.client.close();
    await two.atServer.closed();
  });

  test("keep the order with what is sent", async () => {
    const { client, server, atClient } = await bench.pair();
    server.follow("room");
    for (let i = 0; i < 3_000; ) {
      server.send(numbered(i++));
      if (i % 3 === 0) server.send(numbered(i++));
      bench.listener.publish("room", numbered(i++));
      if (i % 5 === 0) bench.listener.publish("room", numbered(i++, 3_000));
      if (i % 50 === 0) await turn();
    }
    const count = server.counters().sentMessages;
    await atClient.count(count);
    expectNumbered(atClient.messages, count);
    client.close();
  });

  test("a slow reader is closed at the bound, without a hole; others miss nothing", async () => {
    const [slow, fast] = [await bench.pair(), await bench.pair()];
    for (const { server } of [slow, fast]) server.follow("room");
    const release = setup.stall(slow.client);
    let sent = 0;
    while (slow.atServer.closedCount === 0) {
      expect(sent).toBeLessThan(400);
      expect(slow.server.queuedBytes()).toBeLessThanOrEqual(SEND_QUEUE_BYTES_MAX + 2 * CHUNK_BYTES);
      bench.listener.publish("room", numbered(sent++, CHUNK_BYTES));
      await fast.atClient.count(sent);
    }
    expect((sent + 1) * CHUNK_BYTES).toBeGreaterThan(SEND_QUEUE_BYTES_MAX);
    expect(slow.atServer.fault?.message).toContain("too slowly");
    bench.listener.publish("room", numbered(sent++));
    release();
    await slow.atClient.closed();
    expectNumbered(slow.atClient.messages, slow.atClient.messages.length);
    await fast.atClient.count(sent);
    expectNumbered(fast.atClient.messages, sent);
    fast.client.close();
  });
}

function channels(bench: Bench): void {
  test("carry both ways beside their link, each in order", async () => {
    const pair = await bench.pair();
    const all = [pair];
    for (let i = 0; i < 3; i++) all.push(await bench.lane(pair.client));
    for (let i = 0; i < 20; i++) {
      for (const { client, server } of all) {
        client.send(numbered(i, CHUNK_BYTES));
        server.send(numbered(i, 50_000));
      }
    }
    for (const { client, atClient, atServer } of all) {
      await atServer.count(20);
      await atClient.count(20);
      expectNumbered(atServer.messages, 20);
      expectNumbered(atClient.messages, 20);
      expect(client.certificateHash).toEqual(pair.client.certificateHash);
    }
    for (const { client } of all.reverse()) client.close();
    for (const { atServer } of all) expect(await atServer.closed()).toBeUndefined();
  });

  test("end without their link ending", async () => {
    const pair = await bench.pair();
    const lane = await bench.lane(pair.client);
    lane.client.destroy();
    await lane.atServer.closed();
    pair.client.send(numbered(0));
    await pair.atServer.count(1);
    pair.client.close();
    await pair.atClient.closed();
  });

  test("are not opened on a closed link", async () => {
    const { client, atClient } = await bench.pair();
    client.close();
    await atClient.closed();
    expect(await rejection(client.openChannel())).toMatchObject({ code: "unreachable" });
  });
}

function ends(bench: Bench, setup: LinkSetup): void {
  test.each(["client", "server"] as const)(
    "close() of the %s lets all that is queued arrive first",
    async (side) => {
      const { atClient, atServer, ...pair } = await bench.pair();
      const [own, others] = side === "client" ? [atClient, atServer] : [atServer, atClient];
      const isServer = side === "server";
      const release = isServer ? setup.stall(pair.client) : () => {};
      for (let i = 0; i < 28; i++) expect(pair[side].send(numbered(i, CHUNK_BYTES))).toBe(true);
      pair[side].close();
      pair[side].close();
      expect(pair[side].send(numbered(99))).toBe(false);
      for (let i = 0; i < 10; i++) await turn();
      release();
      expect(await others.closed()).toBeUndefined();
      expect(await own.closed()).toBeUndefined();
      expectNumbered(others.messages, 28);
      for (const observer of [own, others]) {
        expect(observer.closedCount).toBe(1);
        expect(observer.lateCount).toBe(0);
      }
    },
  );

  test.each(["client", "server"] as const)("destroy() of the %s ends both", async (side) => {
    const { atClient, atServer, ...pair } = await bench.pair();
    const [own, others] = side === "client" ? [atClient, atServer] : [atServer, atClient];
    pair[side].destroy();
    pair[side].destroy();
    pair[side].close();
    expect(own.closedCount).toBe(0);
    expect(await own.closed()).toBeUndefined();
    expect((await others.closed())?.code).toBe("link-closed");
    for (let i = 0; i < 10; i++) await turn();
    expect([own.closedCount, others.closedCount]).toEqual([1, 1]);
    expect(pair[side].send(numbered(0))).toBe(false);
    expect(pair[side].queuedBytes()).toBe(0);
  });

  test("a severed connection is a fault, once", async () => {
    const { client, atServer, server } = await bench.pair();
    setup.sever(client);
    expect((await atServer.closed())?.code).toBe("link-closed");
    for (let i = 0; i < 10; i++) await turn();
    expect(atServer.closedCount).toBe(1);
    expect(server.send(numbered(0))).toBe(false);
    await within("drained", server.drained());
  });

  test("200 connections come and go and leave nothing open", async () => {
    const warm = await bench.pair();
    warm.client.close();
    await warm.atServer.closed();
    await warm.atClient.closed();
    const before = await settledDescriptors(0);
    for (let i = 0; i < 200; i++) {
      const { client, server, atClient, atServer } = await bench.pair();
      const end = i % 2 === 0 ? client : server;
      if (i % 3 === 0) end.destroy();
      else end.close();
      await atServer.closed();
      await atClient.closed();
    }
    expect(await settledDescriptors(before)).toBeLessThanOrEqual(before + 2);
  }, 120_000);
}

async function settledDescriptors(goal: number): Promise<number> {
  let count = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 500; i++) {
    count = readdirSync("/proc/self/fd").length;
    if (count <= goal) break;
    await turn();
  }
  return count;
}

function listeners(setup: LinkSetup): void {
  test("refuses whom accept() refuses", async () => {
    const listener = setup.listen({ accept: () => false, link: () => expect.unreachable() });
    expect(await rejection(setup.dial(listener))).toMatchObject({ code: "unreachable" });
    await within("stop", listener.stop());
  });

  test("stop() closes all in an orderly way, then nobody answers", async () => {
    const accepted: LinkObserver[] = [];
    const listener = setup.listen({
      accept: () => true,
      link: (link) => {
        accepted.push(new LinkObserver(link));
        for (let i = 0; i < 20; i++) link.send(numbered(i, CHUNK_BYTES));
      },
    });
    const clients: LinkObserver[] = [];
    for (let i = 0; i < 3; i++) clients.push(new LinkObserver(await setup.dial(listener)));
    await within("stop", Promise.all([listener.stop(), listener.stop()]));
    for (const observer of [...clients, ...accepted]) {
      expect(await observer.closed()).toBeUndefined();
    }
    for (const observer of clients) expectNumbered(observer.messages, 20);
    expect(await rejection(setup.dial(listener))).toMatchObject({ code: "unreachable" });
  });
}
