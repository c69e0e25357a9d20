import { afterAll, expect, test } from "bun:test";
import { UDP_QUEUE_BYTES, UDP_STREAM_WINDOW_BYTES } from "../../src/base/limits.ts";
import { until } from "../event.ts";
import { passes, QuicHost, Stranger } from "./quic-fixture.ts";
import { CALM, UdpRelay } from "./udp-relay.ts";

const quicHost = new QuicHost();
afterAll(() => quicHost.listener.stop());

test("QUIC queues at most UDP_QUEUE_BYTES and a window", async () => {
  const relay = await UdpRelay.open(quicHost.target, CALM);
  const stranger = new Stranger();
  const wire = await stranger.wire(relay.port);
  const { pipe } = await stranger.pipe(wire);
  await until("an answer", () => relay.down.datagrams > 2);
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
});
