import { afterAll, expect, test } from "bun:test";
import { SocketAddress } from "node:net";
import {
  CHUNK_BYTES,
  LANES_PER_SESSION_MAX,
  TRANSFER_WINDOW_BYTES_MAX,
  UDP_CONNECTION_WINDOW_BYTES,
  UDP_IDLE_SECONDS,
  UDP_KEEP_ALIVE_MS,
  UDP_PING_EVERY_MS,
  UDP_QUEUE_BYTES,
  UDP_SILENCE_MAX_MS,
  UDP_STREAM_WINDOW_BYTES,
  UDP_STREAMS_MAX,
} from "../../src/base/limits.ts";
import { eventually, within } from "../event.ts";
import { numbered } from "./link-bench.ts";
import { passes, QuicHost, relayed, Stranger } from "./quic-fixture.ts";
import { HOST } from "./quic-relays.ts";
import { CALM, UdpRelay } from "./udp-relay.ts";

/** How much a connection may hold, and for how long. */

const quicHost = new QuicHost();
afterAll(() => quicHost.listener.stop());

test("a server tells its windows, streams and idle time to whoever connects", async () => {
  const { connect } = process.getBuiltinModule("node:quic");
  const address = new SocketAddress({ address: HOST, port: quicHost.listener.port });
  const session = await connect(address, {
    alpn: "chat/1",
    servername: "x",
    verifyPeer: "manual",
  });
  session.onerror = () => {};
  await within("a handshake", session.opened);
  // Bun tells more than the types of Node know.
  const told = (session as unknown as { remoteTransportParams: object }).remoteTransportParams;
  expect(told).toMatchObject({
    initialMaxStreamDataBidiRemote: BigInt(UDP_STREAM_WINDOW_BYTES),
    initialMaxData: BigInt(UDP_CONNECTION_WINDOW_BYTES),
    initialMaxStreamsBidi: BigInt(UDP_STREAMS_MAX),
    maxIdleTimeout: BigInt(UDP_IDLE_SECONDS),
  });
  session.destroy();
});

test("what QUIC takes and cannot send is UDP_QUEUE_BYTES at most, and a window", async () => {
  const relay = await UdpRelay.open(quicHost.target, CALM);
  const stranger = new Stranger();
  const wire = await stranger.wire(relay.port);
  const { pipe } = await stranger.pipe(wire);
  await eventually("an answer", () => relay.down.datagrams > 2);
  relay.part();
  let takenBytes = 0;
  for (let idle = 0; idle < 5; ) {
    if (pipe.write(new Uint8Array(1_024)) === "taken") {
      takenBytes += 1_024;
      idle = 0;
    } else {
      idle++;
      await passes(20);
    }
    if (takenBytes > UDP_STREAM_WINDOW_BYTES) break;
  }
  const { congestionWindowBytes } = wire.stats();
  expect(takenBytes).toBeLessThan(2 * UDP_QUEUE_BYTES + 2 * congestionWindowBytes);
  wire.close(0x102);
  stranger.close();
  relay.close();
}, 20_000);

test("a link that is not used keeps its way open, every UDP_KEEP_ALIVE_MS", async () => {
  const pair = await relayed(quicHost);
  pair.client.send(numbered(0));
  await pair.atServer.count(1);
  await passes(500); // What is still on its way arrives.
  const before = pair.relay.up.datagrams;
  const keepsUp = () => pair.relay.up.datagrams > before;
  await eventually("a sign of life", keepsUp, UDP_KEEP_ALIVE_MS + 3_000);
  pair.close();
}, 20_000);

test("the bounds fit together", () => {
  expect(UDP_STREAM_WINDOW_BYTES).toBeGreaterThanOrEqual(TRANSFER_WINDOW_BYTES_MAX);
  expect(UDP_CONNECTION_WINDOW_BYTES).toBeGreaterThan(UDP_STREAM_WINDOW_BYTES);
  expect(UDP_QUEUE_BYTES).toBeLessThanOrEqual(CHUNK_BYTES);
  expect(UDP_STREAMS_MAX).toBeGreaterThan(1 + LANES_PER_SESSION_MAX);
  expect(UDP_KEEP_ALIVE_MS).toBeLessThan((UDP_IDLE_SECONDS * 1_000) / 1.5);
  expect(2 * UDP_PING_EVERY_MS).toBeLessThanOrEqual(UDP_SILENCE_MAX_MS);
  expect(UDP_SILENCE_MAX_MS).toBeLessThan(UDP_IDLE_SECONDS * 1_000);
});
