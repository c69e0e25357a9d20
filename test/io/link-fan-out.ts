import { expect, test } from "bun:test";
import { SEND_QUEUE_BYTES_MAX } from "../../src/base/limits.ts";
import { rejection } from "../rejection.ts";
import {
  type Bench,
  CHUNK_BYTES,
  expectNumbered,
  type LinkSetup,
  numbered,
  numberOf,
} from "./link-bench.ts";
import { turn } from "./link-observer.ts";

export function topics(bench: Bench, setup: LinkSetup): void {
  test("reach those who follow, from then until they leave", async () => {
    const [one, two] = [await bench.pair(), await bench.pair()];
    bench.listener.publish("room", numbered(99)); // Nobody follows yet.
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

  test("a closed link follows nothing", async () => {
    const { client, server, atServer } = await bench.pair();
    server.follow("room");
    client.close();
    await atServer.closed();
    server.follow("room");
    bench.listener.publish("room", numbered(0));
    server.unfollow("room");
    expect(server.counters().sentMessages).toBe(0);
  });
}

export function channels(bench: Bench): void {
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
