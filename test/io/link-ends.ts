import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { within } from "../event.ts";
import { rejection } from "../rejection.ts";
import { type Bench, CHUNK_BYTES, expectNumbered, type LinkSetup, numbered } from "./link-bench.ts";
import { LinkObserver, turn } from "./link-observer.ts";

export function ends(bench: Bench, setup: LinkSetup): void {
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

  test("both closing at once is orderly for both", async () => {
    const { client, server, atClient, atServer } = await bench.pair();
    client.send(numbered(0));
    client.close();
    server.close();
    expect(await atClient.closed()).toBeUndefined();
    expect(await atServer.closed()).toBeUndefined();
  });

  test.each(["client", "server"] as const)("destroy() of the %s ends both", async (side) => {
    const { atClient, atServer, ...pair } = await bench.pair();
    const [own, others] = side === "client" ? [atClient, atServer] : [atServer, atClient];
    pair[side].destroy();
    pair[side].destroy();
    pair[side].close();
    expect(own.closedCount).toBe(0); // Never from inside a call.
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
  }, 30_000);
}

/** Descriptors go a little after the last event: gives them turns until they are down. */
async function settledDescriptors(goal: number): Promise<number> {
  let count = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 500; i++) {
    count = readdirSync("/proc/self/fd").length;
    if (count <= goal) break;
    await turn();
  }
  return count;
}

export function listeners(setup: LinkSetup): void {
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
