import { afterAll, describe, expect, test } from "bun:test";
import {
  MESSAGE_BEFORE_LOGIN_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  UDP_STREAM_WINDOW_BYTES,
  UDP_STREAMS_MAX,
} from "../../src/base/limits.ts";
import { encodeFrames } from "../../src/io/link/frame.ts";
import type { Link } from "../../src/io/link/link.ts";
import { QuicSocket } from "../../src/io/quic/adapter.ts";
import { QUIC_CODE } from "../../src/io/quic/connection.ts";
import { QuicDialer } from "../../src/io/quic/dial.ts";
import { listenQuic } from "../../src/io/quic/listener.ts";
import { until, within } from "../event.ts";
import { firstDatagrams, OPENING, passes, QuicHost, Stranger } from "./quic-fixture.ts";
import { QuicForger, type StreamFrame } from "./quic-forger.ts";
import { certificate, DIAL_MS, HOST } from "./quic-relays.ts";
import { openSocket, UdpRelay } from "./udp-relay.ts";

const quicHost = new QuicHost();
const honest = new QuicDialer();
const stranger = new Stranger();
const { port } = quicHost.listener;
const first = await firstDatagrams(quicHost);
afterAll(async () => {
  stranger.close();
  await quicHost.listener.stop();
  honest.close();
});

async function answerTo(datagrams: readonly Uint8Array[], waitMs: number): Promise<number> {
  let bytes = 0;
  const socket = await openSocket(({ length }) => {
    bytes += length;
  });
  for (const datagram of datagrams) socket.send(datagram, port, HOST);
  await passes(waitMs);
  socket.close();
  return bytes;
}

function initial(): Uint8Array {
  const [datagram] = first;
  if (datagram === undefined) throw new Error("no first datagram");
  return datagram.slice();
}

describe("a forged source", () => {
  test("of a complete first datagram gets at most three times its bytes in 2 s", async () => {
    const datagram = initial();
    expect(datagram.length).toBeGreaterThanOrEqual(1_200);
    expect(await answerTo([datagram], 2_000)).toBeLessThanOrEqual(3 * datagram.length);
  });

  test("of another version gets at most three times its bytes", async () => {
    const datagram = initial();
    new DataView(datagram.buffer).setUint32(1, 0x1a2a3a4a);
    expect(await answerTo([datagram], 200)).toBeLessThanOrEqual(3 * datagram.length);
  });

  test("of garbage gets no amplification and blocks nobody", async () => {
    const before = process.memoryUsage.rss();
    const garbage = Array.from({ length: 5_000 }, (_, i) => {
      const bytes = crypto.getRandomValues(new Uint8Array(40 + (i % 1_200)));
      bytes[0] = (bytes[0] ?? 0) | 0x40;
      return bytes;
    });
    const sent = garbage.reduce((sum, { length }) => sum + length, 0);
    expect(await answerTo(garbage, 200)).toBeLessThanOrEqual(sent);
    expect(process.memoryUsage.rss() - before).toBeLessThan(128 * 1024 * 1024);
    await quicHost.serves(honest);
  });
});

describe("damage", () => {
  test("at any byte of a first datagram causes neither a link nor a crash", async () => {
    const links = quicHost.links.length;
    const socket = await openSocket(() => {});
    for (let at = 0; at < initial().length; at++) {
      const flipped = initial();
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      socket.send(flipped, port, HOST);
      socket.send(initial().subarray(0, at + 1), port, HOST);
      if (at % 64 === 0) await passes(1);
    }
    await quicHost.serves(honest);
    expect(quicHost.links).toHaveLength(links + 1);
    socket.close();
  });
});

describe("repetition", () => {});

describe("records", () => {
  const header = (length: number) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, length);
    return bytes;
  };

  test.each([
    ["a length of 2^32-1", [OPENING, header(0xffffffff)], QUIC_CODE.tooLarge],
    ["a length above the bound", [OPENING, header(MESSAGE_BYTES_MAX + 1)], QUIC_CODE.tooLarge],
    ["a length in pieces", [OPENING, ...[...header(0x80000001)].map(one)], QUIC_CODE.tooLarge],
    ["another beginning", [encodeFrames([one(1)])], QUIC_CODE.malformed],
    ["an HTTP request", [new TextEncoder().encode("GET / HTTP/1.1\r\n")], QUIC_CODE.tooLarge],
  ])("%s closes that peer's link with a code", async (_, pieces, code) => {
    const known = quicHost.links.length;
    const wire = await stranger.wire(port);
    const { pipe, broken } = await stranger.pipe(wire);
    for (const piece of pieces) {
      expect(pipe.write(piece)).toBe("taken");
      await passes(1);
    }
    expect(await within("the end", broken)).toBe(code);
    const observer = await until("a link", () => quicHost.observers[known]);
    const expected = code === QUIC_CODE.tooLarge ? "too-large" : "frame-malformed";
    expect((await observer.closed())?.code).toBe(expected);
    expect(observer.messages).toEqual([]);
  });

  test.each([
    ["within a record", encodeFrames([new Uint8Array(0), new Uint8Array(100)]).subarray(0, 50)],
    ["without a goodbye", OPENING],
  ])("a stream that ends %s is lost", async (_, bytes) => {
    const known = quicHost.links.length;
    const { pipe } = await stranger.pipe(await stranger.wire(port));
    pipe.write(bytes);
    pipe.end();
    const observer = await until("a link", () => quicHost.observers[known]);
    expect((await observer.closed())?.code).toBe("link-closed");
  });
});

test("nothing after the first refused frame is delivered", async () => {
  const links: Link[] = [];
  const events = { accept: () => true, link: (link: Link) => void links.push(refusing(link)) };
  const listener = listenQuic({ host: HOST, port: 0, tls: certificate }, events);
  const { pipe, broken } = await stranger.pipe(await stranger.wire(listener.port));
  pipe.write(OPENING);
  for (let sent = 0; sent < 20 && pipe.write(new Uint8Array(40_000)) !== "broken"; sent++) {
    await pipe.writable();
  }
  expect(await within("the end", broken)).toBe(QUIC_CODE.lost);
  expect(links.map((link) => link.counters().receivedMessages)).toEqual([3]);
  await listener.stop();
});

/** Destroys the link at its third message, like a server at the limit before a log-in. */
function refusing(link: Link): Link {
  let received = 0;
  const message = () => {
    if (++received >= 3) link.destroy();
  };
  link.receive({ message, closed: () => {} });
  return link;
}

function one(byte: number): Uint8Array {
  return Uint8Array.of(byte);
}

describe("data behind a gap", () => {
  const GAP_BYTES = 1_000;
  const PIECE = new Uint8Array(1_100);
  const BLOCK_BYTES = 4_096;
  const FRAMES_PER_PACKET = 100;

  /** Frames of one byte in each block of 4 KiB, in which lsquic stores them. */
  function* sparse(sizeBytes: number): Iterable<readonly StreamFrame[]> {
    const byte = new Uint8Array(1);
    for (let at = GAP_BYTES; at < sizeBytes; at += FRAMES_PER_PACKET * BLOCK_BYTES) {
      yield Array.from({ length: FRAMES_PER_PACKET }, (_, i) => at + i * BLOCK_BYTES)
        .filter((offset) => offset < sizeBytes)
        .map((offset) => ({ id: 0, offset, bytes: byte }));
    }
  }

  async function sendBehindGap(forger: QuicForger, id: number, sizeBytes: number): Promise<void> {
    forger.mute();
    for (let at = 0; at < sizeBytes; at += PIECE.length) {
      forger.send([{ id, offset: GAP_BYTES + at, bytes: PIECE }]);
      if ((at / PIECE.length) % 32 === 0) await passes(1);
    }
  }

  test("is held for at most so many connections before their log-ins", async () => {
    const beforeLoginMax = 2;
    const host = new QuicHost({ beforeLoginMax });
    const before = process.memoryUsage.rss();
    const forgers: QuicForger[] = [];
    const limit = (i: number, bytes: number) => host.links[i]?.limitMessageBytes?.(bytes);
    for (let i = 0; i < 6; i++) {
      const forger = await QuicForger.connect(host.listener.port);
      forgers.push(forger);
      await until("its link", () => host.links.length === i + 1);
      // The first one logs in and out again.
      if (i === 0) limit(i, MESSAGE_BYTES_MAX);
      limit(i, MESSAGE_BEFORE_LOGIN_BYTES_MAX);
      forger.mute();
      for (const frames of sparse(UDP_STREAM_WINDOW_BYTES)) {
        forger.send(frames);
        await passes(1);
      }
    }
    const closed = host.observers.slice(0, -beforeLoginMax);
    for (const observer of closed) {
      expect((await within("the end", observer.closed()))?.code).toBe("link-closed");
    }
    expect(host.observers.map(({ closedCount }) => closedCount).slice(-beforeLoginMax)).toEqual([
      0, 0,
    ]);
    const heldMax = (beforeLoginMax + 2) * 1.25 * UDP_STREAM_WINDOW_BYTES;
    expect(process.memoryUsage.rss() - before).toBeLessThan(heldMax);
    await host.serves(honest);
    for (const forger of forgers) forger.close();
    for (const link of host.links) link.destroy();
    await host.listener.stop();
  });

  test("is held for at most so many connections, of which those without a log-in end", async () => {
    const host = new QuicHost({ connectionsMax: 3 });
    const forgers: QuicForger[] = [];
    const connect = async (bytesMax: number) => {
      const known = host.links.length;
      const forger = await QuicForger.connect(host.listener.port);
      forgers.push(forger);
      const link = await until("its link", () => host.links[known]);
      forger.mute();
      link.limitMessageBytes?.(bytesMax);
    };
    for (let i = 0; i < 2; i++) await connect(MESSAGE_BYTES_MAX);
    for (let i = 0; i < 3; i++) await connect(MESSAGE_BEFORE_LOGIN_BYTES_MAX);
    for (const observer of host.observers.slice(2, 4)) {
      expect((await within("the end", observer.closed()))?.code).toBe("link-closed");
    }
    expect(host.observers.map(({ closedCount }) => closedCount)).toEqual([0, 0, 1, 1, 0]);
    host.links[4]?.limitMessageBytes?.(MESSAGE_BYTES_MAX);
    // Its connection stays for a while, because the peer does not answer.
    host.links[0]?.destroy();
    await connect(MESSAGE_BEFORE_LOGIN_BYTES_MAX);
    expect(host.observers.map(({ closedCount }) => closedCount)).toEqual([1, 0, 1, 1, 0, 0]);
    await connect(MESSAGE_BEFORE_LOGIN_BYTES_MAX);
    await until("its end", () => host.observers[5]?.closedCount === 1);
    for (const forger of forgers) forger.close();
    for (const link of host.links) link.destroy();
    await host.listener.stop();
  });

  test("ends no connection after its log-in, and arrives when the gap is filled", async () => {
    const known = quicHost.links.length;
    const forger = await QuicForger.connect(port);
    const observer = await until("a link", () => quicHost.observers[known]);
    quicHost.links[known]?.limitMessageBytes?.(MESSAGE_BYTES_MAX);
    const sizeBytes = 150 * PIECE.length;
    const frame = encodeFrames([new Uint8Array(GAP_BYTES - 8 + sizeBytes)]);
    // A datagram that the socket dropped arrives the second time.
    for (let i = 0; i < 2; i++) await sendBehindGap(forger, 0, sizeBytes);
    expect(observer.messages).toEqual([]);
    forger.send([{ id: 0, offset: 4, bytes: frame.subarray(0, GAP_BYTES - 4) }]);
    await observer.count(1);
    expect(observer.closedCount).toBe(0);
    forger.close();
  });
});

describe("a stream before the first", () => {
  test("ends its connection and is not stored", async () => {
    const known = quicHost.links.length;
    const before = process.memoryUsage.rss();
    const attacks = Array.from({ length: 4 }, async () => {
      const wire = await stranger.wire(port);
      await within("a handshake", wire.opened());
      await wire.openPipe();
      const { pipe, broken } = await stranger.pipe(wire);
      const piece = new Uint8Array(60_000);
      let isBroken = false;
      void broken.then(() => {
        isBroken = true;
      });
      while (!isBroken) {
        const outcome = pipe.write(piece);
        if (outcome === "broken") break;
        if (outcome === "full") await Promise.race([pipe.writable(), broken]);
        else await passes(0);
      }
      await within("the end of the connection", wire.closed);
      return wire.code;
    });
    const codes = await within("the end of all", Promise.all(attacks));
    expect(codes).toEqual(codes.map(() => QUIC_CODE.malformed));
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1024 * 1024);
    expect(quicHost.links).toHaveLength(known);
    await quicHost.serves(honest);
  });
});

/** Sends the first datagrams of 40 connections at once to a socket that is busy after `max`. */
async function begunOf40(max: number): Promise<number> {
  const host = { host: HOST, port: 0, family: "ipv4", congestion: "bbr" } as const;
  let begun = 0;
  const socket = QuicSocket.listen({ ...host, ...certificate }, () => {
    begun += 1;
    if (begun === max) socket.isBusy = true;
  });
  const relay = await UdpRelay.open({ host: HOST, port: socket.port });
  const firsts = new Map<string, () => void>();
  relay.tap = (_, datagram, caller) => {
    const id = datagram.subarray(6, 6 + (datagram[5] ?? 0)).toHex();
    const copy = datagram.slice();
    if (!firsts.has(id)) firsts.set(id, () => relay.forge("up", copy, caller));
    return false;
  };
  const client = new Stranger();
  for (let i = 0; i < 40; i++) (await client.wire(relay.port)).opened().catch(() => {});
  await until("40 first datagrams", () => firsts.size === 40);
  const answered = Promise.withResolvers<void>();
  relay.tap = (way) => {
    if (way === "down") answered.resolve();
    return false;
  };
  for (const send of firsts.values()) send();
  await within("an answer", answered.promise);
  await passes(100);
  client.close();
  relay.close();
  socket.close();
  return begun;
}

describe("a burst of handshakes", () => {
  test("ends within one turn when the socket is busy", async () => {
    expect(await begunOf40(1_000)).toBe(40);
    // Bun reads eight datagrams together.
    expect(await begunOf40(4)).toBeLessThanOrEqual(16);
  });

  test("is dialed again after a refusal", async () => {
    const host = { host: HOST, port: 0, family: "ipv4", congestion: "bbr" } as const;
    const socket = QuicSocket.listen({ ...host, ...certificate }, () => {});
    socket.isBusy = true;
    const relay = await UdpRelay.open({ host: HOST, port: socket.port });
    let answers = 0;
    relay.tap = (way) => {
      if (way === "down") answers += 1;
      if (answers === 2) socket.isBusy = false; // The second one is the refusal.
      return true;
    };
    const target = { host: HOST, port: relay.port, timeoutMs: DIAL_MS, first: OPENING };
    const link = await honest.dial(target);
    link.destroy();
    relay.close();
    socket.close();
  });

  test("is served in several turns", async () => {
    const host = new QuicHost({ handshakesPerTurnMax: 1 });
    const links = await Promise.all(
      Array.from({ length: 12 }, () => honest.dial({ ...host.target, timeoutMs: DIAL_MS })),
    );
    await until("all links", () => host.links.length === links.length);
    for (const link of links) link.close();
    await host.listener.stop();
  });
});

describe("a silent peer", () => {
  test("has UDP_STREAMS_MAX streams, and the next one waits", async () => {
    const known = quicHost.links.length;
    const wire = await stranger.wire(port);
    for (let i = 0; i < UDP_STREAMS_MAX + 3; i++) {
      const { pipe } = await stranger.pipe(wire);
      pipe.write(OPENING);
    }
    await until("its links", () => quicHost.links.length === known + UDP_STREAMS_MAX);
    await passes(50);
    expect(quicHost.links).toHaveLength(known + UDP_STREAMS_MAX);
    wire.close(QUIC_CODE.lost);
    for (const observer of quicHost.observers.slice(known)) {
      expect((await observer.closed())?.code).toBe("link-closed");
    }
  });

  test("without a stream is closed when too many are half-open", async () => {
    const untakenMax = 8; // Few, so that a slow machine begins them within HELLO_TIMEOUT_MS.
    const small = new QuicHost({ unlinkedMax: untakenMax, handshakesPerTurnMax: 1_000 });
    const wires = [];
    for (let i = 0; i < 3; i++) {
      const wire = await stranger.wire(small.listener.port);
      await within("a handshake", wire.opened());
      wires.push(wire);
    }
    const relay = await UdpRelay.open(small.target);
    relay.tap = (way) => way === "up";
    const flood = [];
    for (let i = 0; i < untakenMax + 3; i++) {
      const wire = await stranger.wire(relay.port);
      wire.opened().catch(() => {});
      flood.push(wire);
    }
    await within("being let go", Promise.all(wires.map(({ closed }) => closed)));
    expect(wires.map(({ code }) => code)).toEqual(wires.map(() => QUIC_CODE.refused));
    await small.serves(honest);
    for (const wire of flood) wire.close(QUIC_CODE.lost);
    relay.close();
    await small.listener.stop();
  });
});
