import { afterAll, describe, expect, test } from "bun:test";
import { QuicDialer } from "../../src/io/quic/dial.ts";
import { until, within } from "../event.ts";
import { reservedPort } from "../ports.ts";
import { rejection } from "../rejection.ts";
import { CHUNK_BYTES, numbered } from "./link-bench.ts";
import { LinkObserver } from "./link-observer.ts";
import { arrived, exchange, passes, QuicHost, relayed } from "./quic-fixture.ts";
import { DIAL_MS, HOST } from "./quic-relays.ts";
import { CALM, openSocket } from "./udp-relay.ts";

const quicHost = new QuicHost();
afterAll(() => {
  for (const link of quicHost.links) link.destroy();
  return quicHost.listener.stop();
});

test("a partition loses and repeats no message", async () => {
  const pair = await relayed(quicHost);
  await exchange(pair, 0, 2);
  const join = pair.relay.part();
  for (let i = 2; i < 6; i++) {
    pair.client.send(numbered(i, CHUNK_BYTES));
    pair.server.send(numbered(i, CHUNK_BYTES));
  }
  await passes(200);
  expect(pair.atServer.messages.length).toBeLessThan(6);
  join();
  await arrived(pair, 6);
  await exchange(pair, 6, 2);
  pair.close();
});

test("a client that moved has its new address at the server", async () => {
  const pair = await relayed(quicHost);
  await exchange(pair, 0, 2);
  const before = pair.server.remote.port;
  await pair.relay.rebind();
  // The server sends nothing to the closed port, which the kernel would report to it.
  pair.client.send(numbered(2, CHUNK_BYTES));
  const [post] = pair.relay.localPosts;
  const port = await until("the new path is validated", () => {
    const { port } = pair.server.remote;
    return port === before ? undefined : port;
  });
  expect(port).toBe(post?.socket?.port ?? 0);
  pair.server.send(numbered(2, CHUNK_BYTES));
  await arrived(pair, 3);
  pair.close();
});

test("bad network conditions change no byte", async () => {
  const weather = {
    drop: 0.03,
    double: 0.05,
    reorder: 0.1,
    flip: 0.02,
    truncate: 0.02,
    delayMs: 2,
  };
  const pair = await relayed(quicHost, weather);
  await exchange(pair, 0, 6);
  const counters = pair.client.counters();
  expect(counters.lostPackets).toBeGreaterThan(0);
  expect(counters.roundTripMs).toBeGreaterThan(3);
  expect(counters.sentPackets).toBeGreaterThan(100);
  expect(counters.receivedPackets).toBeGreaterThan(100);
  expect(counters.congestionWindowBytes).toBeGreaterThan(0);
  pair.close();
});

test.concurrent("silence ends a link with one fault", async () => {
  const own = new QuicHost();
  const pair = await relayed(own, CALM, new QuicDialer({ idleSeconds: 1 }));
  pair.relay.part();
  expect((await pair.atClient.closed())?.code).toBe("link-closed");
  expect(pair.client.send(numbered(0))).toBe(false);
  pair.close();
  expect(pair.atClient.closedCount).toBe(1);
  await own.listener.stop();
});

test.concurrent("a dial times out after UDP_ANSWER_TIMEOUT_MS", async () => {
  const dialer = new QuicDialer();
  const silent = await openSocket(() => {});
  const dial = dialer.dial({ host: HOST, port: silent.port, timeoutMs: 3_600_000 });
  expect(await rejection(dial)).toMatchObject({ code: "timeout" });
  silent.close();
  dialer.close();
});

describe("a dial", () => {
  const dialer = new QuicDialer();
  afterAll(() => dialer.close());

  test("to a closed port fails immediately if refusals arrive", async () => {
    const port = await reservedPort();
    const fault = await rejection(dialer.dial({ host: HOST, port, timeoutMs: DIAL_MS }));
    expect(fault).toMatchObject({ code: "unreachable" });
    expect(fault.message).toContain("UDP connection to");
    await within("an honest link", quicHost.serves(dialer));
  });

  test("to a name tries its addresses", async () => {
    const known = quicHost.links.length;
    const { port } = quicHost.listener;
    const link = await dialer.dial({ host: "localhost", port, timeoutMs: DIAL_MS });
    const observer = new LinkObserver(link);
    await until("a link", () => quicHost.links[known]);
    link.close();
    expect(await observer.closed()).toBeUndefined();
    const nobody = dialer.dial({ host: "nobody.invalid", port, timeoutMs: DIAL_MS });
    expect(await rejection(nobody)).toMatchObject({ code: "unreachable" });
  });
});
