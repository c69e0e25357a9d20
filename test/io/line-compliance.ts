import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  BYTES_AFTER_CLOSE_MIN,
  LINES_QUEUE_LOW_BYTES,
  SEND_QUEUE_BYTES_MAX,
} from "../../src/base/limits.ts";
import type { Clock } from "../../src/io/clock.ts";
import type {
  LineListener,
  LineListenerEvents,
  LineSocket,
} from "../../src/io/link/line-socket.ts";
import { until, within } from "../event.ts";
import { type LineClient, LineObserver } from "./line-client.ts";
import { turn } from "./link-observer.ts";

export interface LineSetup {
  readonly isSecure: boolean;
  listen(events: LineListenerEvents, clock?: Clock): LineListener;
  dial(port: number): Promise<LineClient>;
}

const KIB = 1024;
const LINE = `${"x".repeat(510)}\r\n`;
/** More than the kernel buffers between two sockets on loopback. */
const FLOOD_LINES = 16 * 2 * KIB;

class Bench {
  readonly #setup: LineSetup;
  readonly #accepted: LineObserver[] = [];
  #listener: LineListener | undefined;

  constructor(setup: LineSetup) {
    this.#setup = setup;
  }

  open(): void {
    this.#listener = this.#setup.listen({
      accept: () => true,
      socket: (socket) => {
        const observer = new LineObserver(socket);
        this.#accepted.push(observer);
        return observer;
      },
    });
  }

  async close(): Promise<void> {
    await this.#listener?.stop();
  }

  async pair(): Promise<{ client: LineClient; server: LineObserver }> {
    const client = await this.#setup.dial(this.#listener?.port ?? 0);
    const server = await until("a connection", () => this.#accepted.shift());
    return { client, server };
  }
}

export function lineCompliance(name: string, setup: LineSetup): void {
  const bench = new Bench(setup);

  describe(`${name} line socket`, () => {
    beforeAll(() => bench.open());
    afterAll(() => bench.close());
    describe("lines", () => lines(bench, setup));
    describe("back pressure", () => backPressure(bench));
    describe("ends", () => ends(bench));
    describe("listener", () => listeners(setup));
  });
}

function numbered(first: number, count: number, padding = ""): string {
  return Array.from({ length: count }, (_, i) => `${padding}line ${first + i}\r\n`).join("");
}

function lines(bench: Bench, setup: LineSetup): void {
  test("arrive whole and in order, both ways", async () => {
    const { client, server } = await bench.pair();
    expect(server.socket.remote.host).toBe("127.0.0.1");
    expect(server.socket.remote.port).toBeGreaterThan(0);
    expect(server.socket.isSecure).toBe(setup.isSecure);
    for (let i = 0; i < 500; i++) client.write(numbered(i, 1));
    await server.received.ending("line 499\r\n");
    expect(server.received.text).toBe(numbered(0, 500));
    for (let i = 0; i < 500; i++) {
      server.write(numbered(i, 1));
      if (i % 100 === 0) await turn();
    }
    server.write(numbered(500, 500));
    await client.received.ending("line 999\r\n");
    expect(client.received.text).toBe(numbered(0, 1_000));
    client.close();
  });

  test("of 1 MiB in one write arrive whole", async () => {
    const { client, server } = await bench.pair();
    const long = LINE.repeat(2 * KIB);
    server.write(`${long}é\r\n`);
    await client.received.ending("é\r\n");
    expect(client.received.text === `${long}é\r\n`).toBe(true);
    client.close();
  });

  test("written before the receiver is known are sent", async () => {
    const listener = setup.listen({
      accept: () => true,
      socket: (socket) => {
        socket.write(new TextEncoder().encode("hello\r\n"));
        return new LineObserver(socket);
      },
    });
    const client = await setup.dial(listener.port);
    await client.received.ending("hello\r\n");
    client.close();
    await listener.stop();
  });
}

function backPressure(bench: Bench): void {
  test("a peer that reads again receives everything, and the queue drains once", async () => {
    const { client, server } = await bench.pair();
    client.pause();
    const padding = "x".repeat(480);
    let sent = 0;
    while (server.socket.queuedBytes() < SEND_QUEUE_BYTES_MAX / 2) {
      server.write(numbered(sent, 100, padding));
      sent += 100;
      await turn();
    }
    // The system's buffers may have taken an early part of the lines at once.
    const drainedBefore = server.drainedCount;
    client.resume();
    await until("a drained queue", () => server.drainedCount > drainedBefore);
    expect(server.socket.queuedBytes()).toBeLessThanOrEqual(LINES_QUEUE_LOW_BYTES);
    await client.received.ending(`line ${sent - 1}\r\n`);
    expect(client.received.text === numbered(0, sent, padding)).toBe(true);
    expect(server.drainedCount).toBe(drainedBefore + 1);
    client.close();
  });

  test("a peer that does not read is closed, and nobody else", async () => {
    const other = await bench.pair();
    const { client, server } = await bench.pair();
    client.pause();
    let queuedBytesMax = 0;
    for (let i = 0; i < 2 * FLOOD_LINES && server.closedCount === 0; i++) {
      server.write(LINE);
      queuedBytesMax = Math.max(queuedBytesMax, server.socket.queuedBytes());
      if (i % KIB === 0) await turn();
    }
    expect((await server.untilClosed())?.message).toContain("too slowly");
    expect(server.closedCount).toBe(1);
    expect(queuedBytesMax).toBeGreaterThan(SEND_QUEUE_BYTES_MAX - KIB);
    expect(queuedBytesMax).toBeLessThanOrEqual(SEND_QUEUE_BYTES_MAX);
    server.write(LINE);
    server.socket.end();
    server.socket.destroy();
    client.resume();
    await client.closed;
    other.server.write("still here\r\n");
    await other.client.received.ending("still here\r\n");
    other.client.close();
  });

  test("a queue of exactly the limit is sent, and one more byte closes the socket", async () => {
    const fitting = await bench.pair();
    fitting.server.write(`${"y".repeat(SEND_QUEUE_BYTES_MAX - 2)}\r\n`);
    const isWhole = (text: string) => text.length === SEND_QUEUE_BYTES_MAX;
    await fitting.client.received.until("the whole queue", isWhole);
    fitting.client.close();
    const { client, server } = await bench.pair();
    server.write(`${"y".repeat(SEND_QUEUE_BYTES_MAX - 1)}\r\n`);
    expect(server.closedCount).toBe(0);
    expect((await server.untilClosed())?.code).toBe("link-closed");
    await client.closed;
  });
}

function ends(bench: Bench): void {
  test("sends its queue before it closes, and receives nothing more", async () => {
    const { client, server } = await bench.pair();
    server.write(LINE.repeat(2 * KIB));
    server.write("goodbye\r\n");
    server.socket.end();
    server.write("too late\r\n");
    client.write("not received\r\n");
    await client.received.ending("goodbye\r\n");
    await client.closed;
    expect(await server.untilClosed()).toBeUndefined();
    expect(client.received.text.length).toBe(LINE.length * 2 * KIB + "goodbye\r\n".length);
    expect(server.received.text).toBe("");
  });

  test("a peer that floods a closing socket is disconnected", async () => {
    const { client, server } = await bench.pair();
    client.pause();
    server.write(LINE.repeat(10 * KIB));
    server.socket.end();
    const flood = LINE.repeat(KIB);
    for (let sent = 0; sent <= 4 * BYTES_AFTER_CLOSE_MIN; sent += flood.length) {
      client.write(flood);
    }
    expect(await server.untilClosed()).toBeUndefined();
    expect(server.received.text).toBe("");
    client.sever();
  });

  test("destroying closes without the queue", async () => {
    const { client, server } = await bench.pair();
    server.write(LINE);
    server.socket.destroy();
    expect(server.closedCount).toBe(0);
    expect(await server.untilClosed()).toBeUndefined();
    await client.closed;
    await turn();
    expect([server.closedCount, server.lateCount]).toEqual([1, 0]);
    expect(server.socket.queuedBytes()).toBe(0);
  });

  test("the peer closes: all its lines arrive first", async () => {
    const { client, server } = await bench.pair();
    client.write(numbered(0, 1_000));
    client.close();
    expect(await server.untilClosed()).toBeUndefined();
    expect(server.received.text).toBe(numbered(0, 1_000));
    expect([server.closedCount, server.lateCount]).toEqual([1, 0]);
  });

  test("a lost connection is a fault", async () => {
    const { client, server } = await bench.pair();
    client.sever();
    expect((await server.untilClosed())?.message).toBe("the connection was lost");
  });
}

function listeners(setup: LineSetup): void {
  test("stop closes all sockets after sending their queues", async () => {
    const observers: LineObserver[] = [];
    const listener = setup.listen({
      accept: () => true,
      socket: (socket: LineSocket) => {
        const observer = new LineObserver(socket);
        observers.push(observer);
        return observer;
      },
    });
    const clients = await Promise.all([1, 2, 3].map(() => setup.dial(listener.port)));
    await until("3 connections", () => observers.length === 3);
    for (const observer of observers) observer.write("restarting\r\n");
    await within("the listener's end", listener.stop());
    expect(observers.map(({ closedCount }) => closedCount)).toEqual([1, 1, 1]);
    for (const client of clients) {
      await client.closed;
      expect(client.received.text).toBe("restarting\r\n");
    }
  });

  test("a refused connection gets no socket", async () => {
    const listener = setup.listen({
      accept: () => false,
      socket: () => {
        throw new Error("the connection was refused");
      },
    });
    const outcome = await setup.dial(listener.port).then(
      ({ closed }) => closed.then(() => "closed"),
      () => "refused",
    );
    expect(["closed", "refused"]).toContain(outcome);
    await listener.stop();
  });
}
