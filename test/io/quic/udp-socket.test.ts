import { describe, expect, test } from "bun:test";
import { createSocket } from "node:dgram";
import { join } from "node:path";
import { UDP_RECEIVE_BUFFER_BYTES } from "../../../src/base/limits.ts";
import { probeUdp } from "../../../src/io/quic/udp-probe.ts";
import { receiveBufferBytes, tuneUdpSocket } from "../../../src/io/quic/udp-socket.ts";
import { within } from "../../event.ts";
import { openSocket } from "../udp-relay.ts";

const host = "127.0.0.1";

async function program(mode: string): Promise<{ code: number; stderr: string }> {
  const path = join(import.meta.dir, "udp-socket-program.ts");
  const child = Bun.spawn([process.execPath, path, mode], { stdout: "ignore", stderr: "pipe" });
  const stderr = await new Response(child.stderr).text();
  return { code: await within("the program", child.exited), stderr };
}

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

  test("finds IPv6 sockets, too, and none that is not there", async () => {
    const socket = await Bun.udpSocket({ hostname: "::1" });
    expect(tuneUdpSocket({ family: "ipv6", port: socket.port })).toBeGreaterThan(0);
    expect(tuneUdpSocket({ family: "ipv4", port: socket.port })).toBeUndefined();
    socket.close();
  });

  test("makes a socket deaf to refusals", async () => {
    const errors: unknown[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const socket = await Bun.udpSocket({
      hostname: host,
      socket: { error: (...found: unknown[]) => void errors.push(found), data: () => resolve() },
    });
    tuneUdpSocket({ family: "ipv4", port: socket.port });
    for (let i = 0; i < 50; i++) socket.send("x", 1, host);
    socket.send("y", socket.port, host); // What comes after the refusals.
    await within("a datagram", promise);
    expect(errors).toEqual([]);
    socket.close();
  });
});

describe("a probe", () => {
  test("learns that a port is dead", async () => {
    const gone = await openSocket(() => {});
    const { port } = gone;
    gone.close();
    const { promise, resolve } = Promise.withResolvers<void>();
    const close = await probeUdp({ host, port }, resolve);
    await within("the refusal", promise);
    close();
  });

  test("learns nothing of a live one, which gets one byte", async () => {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    const live = await openSocket(resolve);
    const close = await probeUdp({ host, port: live.port }, () => expect.unreachable());
    expect(await within("the question", promise)).toHaveLength(1);
    close();
    live.close();
  });
});

/** Of UDP sockets in Bun 1.4.4: when one of these fails, Bun has changed. */
describe("traps", () => {
  test("an ICMP refusal without an error handler ends the process", async () => {
    const { code, stderr } = await program("refusal");
    expect(stderr).toContain("ECONNREFUSED");
    expect(code).not.toBe(0);
  });

  test("the error handler is given the error alone", async () => {
    const { promise, resolve } = Promise.withResolvers<unknown[]>();
    const gone = await openSocket(() => {});
    const socket = await Bun.udpSocket({
      connect: { hostname: host, port: gone.port },
      socket: { error: (...found: unknown[]) => resolve(found) },
    });
    gone.close();
    socket.send("x");
    const found = await within("the refusal", promise);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ code: "ECONNREFUSED" });
    socket.close();
  });

  test("more than 65,507 bytes throw", async () => {
    const socket = await Bun.udpSocket({ hostname: host });
    expect(() => socket.send(new Uint8Array(65_508), socket.port, host)).toThrow();
    expect(socket.send(new Uint8Array(65_507), socket.port, host)).toBe(true);
    socket.close();
  });

  test("a port cannot be shared, though it is asked for", async () => {
    const first = await Bun.udpSocket({ hostname: host });
    const options = { hostname: host, port: first.port, reuseAddr: true };
    const open = async () => Bun.udpSocket(options);
    const second: unknown = await open().catch((error: unknown) => error);
    expect(second).toMatchObject({ code: "EADDRINUSE" });
    first.close();
  });

  test("IPv4 callers of an IPv6 socket are spelt ::ffff:a.b.c.d", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const wide = await Bun.udpSocket({
      hostname: "::",
      socket: { data: (_, __, ___, address) => resolve(address) },
    });
    const caller = await openSocket(() => {});
    caller.send("x", wide.port, host);
    expect(await within("a datagram", promise)).toBe("::ffff:127.0.0.1");
    wide.close();
    caller.close();
  });

  test("recvBufferSize of node:dgram works", async () => {
    const socket = createSocket({ type: "udp4", recvBufferSize: 100_000 });
    const bound = Promise.withResolvers<void>();
    socket.bind(0, host, bound.resolve);
    await within("a port", bound.promise);
    const { port } = socket.address();
    expect(receiveBufferBytes({ family: "ipv4", port })).toBe(200_000);
    socket.close();
  });

  test("loading QUIC prints nothing, and other warnings are printed as ever", async () => {
    const { code, stderr } = await program("quiet");
    expect(code).toBe(0);
    expect(stderr).toContain("another one");
    expect(stderr).not.toContain("quic is");
  });
});
