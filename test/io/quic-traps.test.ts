import { afterAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import type { QuicStream } from "node:quic";
import { receiveBufferBytes } from "../../src/io/quic/udp-socket.ts";
import { eventually, within } from "../event.ts";
import { loopback, type RawServer, rawEndpoint, rawServer, rawSession } from "./quic-raw.ts";
import { certificate, HOST } from "./quic-relays.ts";
import { UdpRelay } from "./udp-relay.ts";

/**
 * What node:quic of Bun 1.4.4 does that one would not expect. When one of these fails, Bun has
 * changed: look at what src/io/quic/adapter.ts does about it, and whether it is still needed.
 */

const DRAINABLE = Symbol.for("Stream.drainableProtocol");
const client = await rawEndpoint();
const verifyPeer = "manual" as const;
const manual = { endpoint: client, verifyPeer };
const servers: RawServer[] = [];
afterAll(() => {
  client.destroy();
  for (const { endpoint } of servers) endpoint.destroy();
});

async function serve(...options: Parameters<typeof rawServer>): Promise<RawServer> {
  const server = await rawServer(...options);
  servers.push(server);
  return server;
}

interface Writing {
  writeSync(bytes: Uint8Array): boolean;
  write(bytes: Uint8Array): Promise<void>;
  readonly desiredSize: number | null;
  [DRAINABLE](): Promise<unknown> | null;
}

function writingOf(stream: QuicStream): Writing {
  return stream.writer as unknown as Writing;
}

async function pair(more: Parameters<typeof rawServer>[0] = {}) {
  const streams: QuicStream[] = [];
  const onstream = (stream: QuicStream) => {
    stream.closed.catch(() => {});
    streams.push(stream);
  };
  const server = await serve({ onstream, ...more });
  const session = await rawSession(server.port, manual);
  await within("a handshake", session.opened);
  const stream = await session.createBidirectionalStream();
  stream.closed.catch(() => {});
  writingOf(stream).writeSync(new Uint8Array(4));
  const other = await eventually("a stream", () => streams[0]);
  const [peer] = server.sessions;
  if (peer === undefined) throw new Error("no session");
  return { server, session, stream, other, peer };
}

async function readAll(stream: QuicStream): Promise<string> {
  let bytes = 0;
  try {
    for await (const batch of stream) for (const chunk of batch) bytes += chunk.length;
    return `ended after ${bytes}`;
  } catch (error) {
    return String(error);
  }
}

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

describe("sockets", () => {
  test("a client without an endpoint binds the loopback alone", async () => {
    const { port } = await serve();
    const session = await rawSession(port, { verifyPeer, reuseEndpoint: false });
    await within("a handshake", session.opened);
    expect(session.endpoint?.address?.address).toBe("127.0.0.1");
    session.endpoint?.destroy();
  });

  test("an endpoint for each connection stays open when that is gone", async () => {
    const { port } = await serve();
    const before = descriptors();
    const kept = [];
    for (let i = 0; i < 5; i++) {
      const session = await rawSession(port, { verifyPeer, endpoint: { address: loopback() } });
      await within("a handshake", session.opened);
      kept.push(session.endpoint);
      session.destroy();
      await session.closed;
    }
    expect(descriptors()).toBeGreaterThanOrEqual(before + 4);
    for (const endpoint of kept) endpoint?.destroy();
  });

  test("udpReceiveBufferSize is ignored", async () => {
    const plain = await serve();
    const asked = await serve({}, { udpReceiveBufferSize: 1024 * 1024 });
    const [one, other] = [plain, asked].map(({ port }) =>
      receiveBufferBytes({ family: "ipv4", port }),
    );
    expect(other).toBe(one);
  });

  test("a port that is taken resolves; the endpoint is destroyed", async () => {
    const { port } = await serve();
    const second = await serve({}, { address: loopback(port) });
    expect(second.endpoint.destroyed).toBe(true);
    const error: unknown = await second.endpoint.closed.catch((cause: unknown) => cause);
    expect(String(error)).toEndWith("Bind failure (98)");
  });

  test("Bun.serve with http3 takes the UDP port of its own number", async () => {
    const tls = { cert: certificate.certPem, key: certificate.keyPem };
    const fetch = () => new Response();
    const web = Bun.serve({ hostname: HOST, port: 0, tls, http3: true, fetch });
    const port = web.port ?? 0;
    expect(() => Bun.udpSocket({ hostname: HOST, port })).toThrow("EADDRINUSE");
    await web.stop(true);
  });

  test("the bound of connections of one host does not keep them from opening", async () => {
    const server = await serve({}, { maxConnectionsPerHost: 2 });
    for (let i = 0; i < 4; i++) {
      await within("a handshake", (await rawSession(server.port, manual)).opened);
    }
    expect(server.sessions).toHaveLength(4);
  });
});

describe("sessions", () => {
  test("a refusal is not told of: only a time-out ends the wait for a dead port", async () => {
    const endpoint = await rawEndpoint();
    const started = performance.now();
    const session = await rawSession(1, { endpoint, verifyPeer, handshakeTimeout: 500 });
    const error: unknown = await session.opened.catch((cause: unknown) => cause);
    expect(String(error)).toContain("handshake timed out");
    expect(performance.now() - started).toBeGreaterThan(400);
    endpoint.destroy();
  });

  test("closed resolves on silence, as if all were well", async () => {
    const server = await serve();
    const relay = await UdpRelay.open({ host: HOST, port: server.port });
    const transportParams = { maxIdleTimeout: 1 };
    const session = await rawSession(relay.port, { ...manual, transportParams });
    await within("a handshake", session.opened);
    relay.part();
    expect(await within("silence", session.closed)).toBeUndefined();
    relay.close();
  });

  test("an end with a code of its own arrives whole, one with 0 as something else", async () => {
    for (const code of [0, 300]) {
      const { session, peer } = await pair();
      peer.destroy(undefined, { code, type: "application" });
      const end = session.closed.catch((error: unknown) => error);
      const told: unknown = await within("the end", end);
      const exactly = { errorCode: BigInt(code), type: "application" };
      if (code === 0) expect(told).not.toMatchObject(exactly);
      else expect(told).toMatchObject(exactly);
    }
  });

  test("destroy() is immediate", async () => {
    const { session, peer } = await pair();
    session.destroy(undefined, { code: 300, type: "application" });
    expect(session.destroyed).toBe(true);
    await eventually("the other end", () => peer.destroyed);
  });

  test("who connects is known after the handshake; path asked before stays empty", async () => {
    let early: string | undefined = "not asked";
    const server = await serve({}, {}, (session) => {
      early = session.path?.remote.address;
    });
    await within("a handshake", (await rawSession(server.port, manual)).opened);
    const peer = await eventually("a session", () => server.sessions[0]);
    expect((await within("its handshake", peer.opened)).remote.address).toBe(HOST);
    expect(early).toBeUndefined();
    expect(peer.path?.remote.address).toBeUndefined();
  });

  test("its numbers know losses and the round trip, not what was acknowledged", async () => {
    const { session, stream, other } = await pair();
    writingOf(stream).writeSync(new Uint8Array(60_000));
    writingOf(stream).writeSync(new Uint8Array(1));
    stream.writer.endSync();
    await within("the bytes", readAll(other));
    const stats = session.stats as unknown as Record<string, bigint>;
    expect(stats["pktSent"]).toBeGreaterThan(10n);
    expect(stats["pktLost"]).toBeDefined();
    expect(stats["smoothedRtt"]).toBeGreaterThan(0n);
    expect(stats["bytesInFlight"]).toBe(0n);
    expect(stream.stats.maxOffsetAcknowledged).toBe(0n);
  });
});

describe("streams", () => {
  test("writeSync says no when the buffer is full; write throws; there is a wait", async () => {
    const { session, stream } = await pair();
    const writing = writingOf(stream);
    expect(writing.writeSync(new Uint8Array(300_000))).toBe(true); // Far above what it wants.
    expect(writing.desiredSize).toBe(0);
    expect(writing.writeSync(new Uint8Array(1))).toBe(false);
    const error: unknown = await writing.write(new Uint8Array(1)).catch((cause: unknown) => cause);
    expect(String(error)).toContain("write buffer is full");
    await within("room", Promise.resolve(writing[DRAINABLE]()));
    expect(writing.writeSync(new Uint8Array(1))).toBe(true);
    session.destroy();
  });

  test("setPriority throws", async () => {
    const { session, stream } = await pair();
    expect(() => stream.setPriority({ level: "high" })).toThrow("priority");
    session.destroy();
  });

  test("who does not read holds nobody back: all that is sent piles up", async () => {
    const transportParams = { initialMaxStreamDataBidiRemote: 65_536, initialMaxData: 131_072 };
    const { session, stream, other } = await pair({ transportParams });
    const writing = writingOf(stream);
    const goal = 20 * 1024 * 1024;
    for (let sent = 0; sent < goal; ) {
      if (writing.writeSync(new Uint8Array(65_536))) sent += 65_536;
      else await within("room", Promise.resolve(writing[DRAINABLE]()));
    }
    const stats = () => other.stats as unknown as Record<string, bigint>;
    await eventually("the pile", () => Number(stats()["bytesAccumulated"]) >= goal);
    session.destroy();
  });

  test("a reader of a connection that is gone ends as if the stream were finished", async () => {
    const { session, other, peer } = await pair();
    const lost = readAll(other);
    peer.destroy(undefined, { code: 300, type: "application" });
    expect(await within("the end", lost)).toStartWith("ended after");
    session.destroy();
  });

  test("a reader of a silent connection ends as if the stream were finished", async () => {
    const server = await serve();
    const relay = await UdpRelay.open({ host: HOST, port: server.port });
    const transportParams = { maxIdleTimeout: 1 };
    const session = await rawSession(relay.port, { ...manual, transportParams });
    await within("a handshake", session.opened);
    const stream = await session.createBidirectionalStream();
    stream.closed.catch(() => {});
    const lost = readAll(stream);
    relay.part();
    expect(await within("the end", lost)).toBe("ended after 0");
    relay.close();
  });

  test("more streams than allowed wait, and there is no error", async () => {
    const { session } = await pair({ transportParams: { initialMaxStreamsBidi: 1 } });
    const second = await session.createBidirectionalStream();
    second.closed.catch(() => {});
    expect((second as unknown as { pending: boolean }).pending).toBe(true);
    session.destroy();
  });
});
