import { describe, expect, test } from "bun:test";
import { UDP_RECEIVE_BUFFER_BYTES } from "../../../src/base/limits.ts";
import { type ProbeAnswer, probeUdp } from "../../../src/io/lan/udp-probe.ts";
import { receiveBufferBytes, tuneUdpSocket } from "../../../src/io/ws/linux-sockets.ts";
import { within } from "../../event.ts";
import { openSocket } from "../udp-relay.ts";

const host = "127.0.0.1";

describe("tuning", () => {
  test("raises the receive buffer, as far as the system allows", async () => {
    const socket = await Bun.udpSocket({ hostname: host });
    const place = { family: "ipv4", port: socket.port } as const;
    const before = receiveBufferBytes(place);
    const after = tuneUdpSocket(place);
    if (before === undefined || after === undefined) throw new Error("not on Linux");
    expect(after).toBeGreaterThanOrEqual(before);
    expect(after).toBeLessThanOrEqual(2 * UDP_RECEIVE_BUFFER_BYTES);
    expect(receiveBufferBytes(place)).toBe(after);
    socket.close();
  });

  test("disables refusals on a socket", async () => {
    const errors: unknown[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const socket = await Bun.udpSocket({
      hostname: host,
      socket: { error: (...found: unknown[]) => void errors.push(found), data: () => resolve() },
    });
    tuneUdpSocket({ family: "ipv4", port: socket.port });
    for (let i = 0; i < 50; i++) socket.send("x", 1, host);
    socket.send("y", socket.port, host);
    await within("a datagram", promise);
    expect(errors).toEqual([]);
    socket.close();
  });
});

describe("a probe", () => {
  test("detects a closed port", async () => {
    const gone = await openSocket(() => {});
    const { port } = gone;
    gone.close();
    const { promise, resolve } = Promise.withResolvers<ProbeAnswer>();
    const close = await probeUdp({ host, port }, resolve);
    const refusal = await within("the refusal", promise);
    expect(refusal).toMatchObject({ code: "ECONNREFUSED", isLocal: false });
    close();
  });

  test("detects nothing on an open port, which gets one byte", async () => {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    const live = await openSocket(resolve);
    const close = await probeUdp({ host, port: live.port }, () => expect.unreachable());
    expect(await within("the question", promise)).toHaveLength(1);
    close();
    live.close();
  });
});
