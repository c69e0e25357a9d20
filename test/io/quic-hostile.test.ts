import { afterAll, describe, expect, test } from "bun:test";
import { MESSAGE_BYTES_MAX, UDP_STREAMS_MAX, UDP_UNTAKEN_MAX } from "../../src/base/limits.ts";
import { QUIC_CODE } from "../../src/io/quic-close.ts";
import { QuicDialer } from "../../src/io/quic-dial.ts";
import { encodeRecords } from "../../src/io/quic-record.ts";
import { eventually, within } from "../event.ts";
import { LinkObserver } from "./link-observer.ts";
import {
  exchange,
  firstDatagrams,
  OPENING,
  passes,
  relayed,
  Station,
  Stranger,
} from "./quic-fixture.ts";
import { DIAL_MS, HOST } from "./quic-place.ts";
import { CALM, openSocket, UdpRelay } from "./udp-relay.ts";

const station = new Station();
const honest = new QuicDialer();
const stranger = new Stranger();
const { port } = station.listener;
const first = await firstDatagrams(station);
afterAll(async () => {
  stranger.close();
  await station.listener.stop();
  honest.close();
});

/** Sends datagrams from a port of its own, and counts the answer's bytes. */
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
  test("of a whole first datagram is answered three times its bytes, over 2 s", async () => {
    const datagram = initial();
    expect(datagram.length).toBeGreaterThanOrEqual(1_200);
    expect(await answerTo([datagram], 2_000)).toBeLessThanOrEqual(3 * datagram.length);
  });

  test("of a short one is not answered with more", async () => {
    for (const sizeBytes of [1, 20, 400, 1_199]) {
      const datagram = initial().subarray(0, sizeBytes);
      expect(await answerTo([datagram], 100)).toBeLessThanOrEqual(3 * sizeBytes);
    }
  });

  test("of another version is answered three times its bytes at most", async () => {
    const datagram = initial();
    new DataView(datagram.buffer).setUint32(1, 0x1a2a3a4a);
    expect(await answerTo([datagram], 200)).toBeLessThanOrEqual(3 * datagram.length);
  });

  test("of garbage by the thousand is not answered with more, and others are served", async () => {
    const before = process.memoryUsage.rss();
    const garbage = Array.from({ length: 5_000 }, (_, i) => {
      const bytes = crypto.getRandomValues(new Uint8Array(40 + (i % 1_200)));
      bytes[0] = (bytes[0] ?? 0) | 0x40;
      return bytes;
    });
    const sent = garbage.reduce((sum, { length }) => sum + length, 0);
    expect(await answerTo(garbage, 200)).toBeLessThanOrEqual(sent);
    expect(process.memoryUsage.rss() - before).toBeLessThan(128 * 1024 * 1024);
    await station.serves(honest);
  });

  test("of a client whose port is closed: an ICMP storm harms nobody", async () => {
    for (let i = 0; i < 200; i++) {
      const socket = await openSocket(() => {});
      const datagram = initial();
      datagram[10] = i; // Another connection each time, as far as the server can tell.
      socket.send(datagram, port, HOST);
      socket.close();
    }
    await station.serves(honest);
  });
});

describe("damage", () => {
  test("at every byte of a first datagram makes no link and no crash", async () => {
    const links = station.links.length;
    const socket = await openSocket(() => {});
    for (let at = 0; at < initial().length; at++) {
      const flipped = initial();
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      socket.send(flipped, port, HOST);
      socket.send(initial().subarray(0, at + 1), port, HOST);
      if (at % 64 === 0) await passes(1);
    }
    await station.serves(honest);
    expect(station.links).toHaveLength(links + 1);
    socket.close();
  });

  test("at every byte of datagrams under way changes no message", async () => {
    const pair = await relayed(station);
    let at = 0;
    pair.relay.tap = (way, datagram, caller) => {
      const copy = datagram.slice();
      at = (at + 1) % copy.length;
      copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
      pair.relay.forge(way, copy, caller);
      if (at % 2 === 0) pair.relay.forge(way, datagram.slice(0, at + 1), caller);
      return true;
    };
    await exchange(pair, 0, 8);
    pair.close();
  }, 30_000);
});

describe("repetition", () => {
  test("of every datagram ten times changes no message", async () => {
    const pair = await relayed(station);
    pair.relay.tap = (way, datagram, caller) => {
      for (let i = 0; i < 9; i++) pair.relay.forge(way, datagram.slice(), caller);
      return true;
    };
    await exchange(pair, 0, 4);
    pair.close();
  }, 30_000);

  test("of a conversation, from its port and from another, tells the server nothing", async () => {
    const relay = await UdpRelay.open(station.target, CALM);
    const recorded: Uint8Array[] = [];
    relay.tap = (way, datagram) => {
      if (way === "up") recorded.push(datagram.slice());
      return true;
    };
    const dialer = new QuicDialer();
    const client = await dialer.dial({ host: HOST, port: relay.port, timeoutMs: DIAL_MS });
    const atClient = new LinkObserver(client);
    for (let i = 0; i < 20; i++) client.send(Uint8Array.of(i));
    const atServer = await eventually("a link", () => station.observers.at(-1));
    await atServer.count(20);
    const links = station.links.length;
    for (const datagram of recorded) relay.forge("up", datagram, await callerOf(relay));
    await answerTo(recorded, 200);
    expect(station.links).toHaveLength(links);
    expect(atServer.messages).toHaveLength(20);
    client.close();
    expect(await atClient.closed()).toBeUndefined();
    dialer.close();
    relay.close();
  });
});

async function callerOf(relay: UdpRelay) {
  return eventually("a caller", () => relay.callers[0]);
}

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
    ["another beginning", [encodeRecords([one(1)])], QUIC_CODE.malformed],
    ["an HTTP request", [new TextEncoder().encode("GET / HTTP/1.1\r\n")], QUIC_CODE.tooLarge],
  ])("%s costs that peer its link, with a code", async (_, pieces, code) => {
    const known = station.links.length;
    const wire = await stranger.wire(port);
    const { pipe, broken } = await stranger.pipe(wire);
    for (const piece of pieces) {
      expect(pipe.write(piece)).toBe("taken");
      await passes(1);
    }
    expect(await within("the end", broken)).toBe(code);
    const observer = await eventually("a link", () => station.observers[known]);
    const wanted = code === QUIC_CODE.tooLarge ? "too-large" : "frame-malformed";
    expect((await observer.closed())?.code).toBe(wanted);
    expect(observer.messages).toEqual([]);
  });

  test.each([
    ["within a record", encodeRecords([new Uint8Array(0), new Uint8Array(100)]).subarray(0, 50)],
    ["without a goodbye", OPENING],
  ])("a stream that ends %s was lost", async (_, bytes) => {
    const known = station.links.length;
    const { pipe } = await stranger.pipe(await stranger.wire(port));
    pipe.write(bytes);
    pipe.end();
    const observer = await eventually("a link", () => station.observers[known]);
    expect((await observer.closed())?.code).toBe("link-closed");
  });

  test("in single bytes are read as ever", async () => {
    const known = station.links.length;
    const { pipe } = await stranger.pipe(await stranger.wire(port));
    for (const byte of encodeRecords([new Uint8Array(0), Uint8Array.of(1, 2, 3)])) {
      while (pipe.write(one(byte)) === "full") await pipe.writable();
    }
    const observer = await eventually("a link", () => station.observers[known]);
    await observer.count(1);
    expect(observer.messages).toEqual([Uint8Array.of(1, 2, 3)]);
  });
});

function one(byte: number): Uint8Array {
  return Uint8Array.of(byte);
}

describe("a peer that only takes", () => {
  test("has UDP_STREAMS_MAX streams, and the next one waits", async () => {
    const known = station.links.length;
    const wire = await stranger.wire(port);
    for (let i = 0; i < UDP_STREAMS_MAX + 3; i++) {
      const { pipe } = await stranger.pipe(wire);
      pipe.write(OPENING);
    }
    await eventually("its links", () => station.links.length === known + UDP_STREAMS_MAX);
    await passes(50);
    expect(station.links).toHaveLength(known + UDP_STREAMS_MAX);
    wire.close(QUIC_CODE.lost);
    for (const observer of station.observers.slice(known)) {
      expect((await observer.closed())?.code).toBe("link-closed");
    }
  });

  test("and opens no stream is let go for the next of UDP_UNTAKEN_MAX", async () => {
    const untakenMax = UDP_UNTAKEN_MAX / 16;
    const small = new Station({ untakenMax });
    const wires = [];
    for (let i = 0; i < 3; i++) {
      const wire = await stranger.wire(small.listener.port);
      await within("a handshake", wire.opened());
      wires.push(wire);
    }
    const relay = await UdpRelay.open(small.target);
    relay.tap = (way) => way === "up"; // Handshakes that are never finished.
    const flood = [];
    for (let i = 0; i < untakenMax + 3; i++) {
      const wire = await stranger.wire(relay.port);
      wire.opened().catch(() => {});
      flood.push(wire);
    }
    await within("being let go", Promise.all(wires.map(({ gone }) => gone)));
    expect(wires.map(({ code }) => code)).toEqual(wires.map(() => QUIC_CODE.refused));
    await small.serves(honest); // Amid all the half-open ones.
    for (const wire of flood) wire.close(QUIC_CODE.lost);
    relay.close();
    await small.listener.stop();
  });
});
