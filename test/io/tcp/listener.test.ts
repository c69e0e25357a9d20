import { describe, expect, test } from "bun:test";
import { connect as connectTls } from "node:tls";
import type { Socket } from "bun";
import { DRAIN_TIMEOUT_MS, FIRST_REQUEST_TIMEOUT_MS } from "../../../src/base/limits.ts";
import { makeCertificate } from "../../../src/crypto/certificate.ts";
import { type Clock, systemClock } from "../../../src/io/clock.ts";
import type { LineListenerEvents, LineSocket } from "../../../src/io/link/line-socket.ts";
import { listenTcp } from "../../../src/io/tcp/listener.ts";
import { until, within } from "../../event.ts";
import { type LineClient, LineLog, LineObserver } from "../line-client.ts";
import { lineCompliance } from "../line-compliance.ts";
import { turn } from "../link-observer.ts";

const certificate = await makeCertificate();
const host = "127.0.0.1";
const tls = { rejectUnauthorized: false };

class TcpClient implements LineClient {
  readonly received = new LineLog();
  readonly closed: Promise<void>;
  readonly opened: Promise<void>;
  hasEnded = false;
  keepsOpen = false;
  #socket: Socket | undefined;
  #unsent: Uint8Array = new Uint8Array(0);
  #closesWhenSent = false;
  readonly #decoder = new TextDecoder();

  constructor(port: number, isSecure: boolean) {
    const closed = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<void>();
    this.closed = within("the end of a client", closed.promise);
    this.closed.catch(() => undefined);
    this.opened = within("a connection", opened.promise);
    const fail = () => opened.reject(new Error("not connected"));
    Bun.connect({
      hostname: host,
      port,
      allowHalfOpen: true,
      ...(isSecure ? { tls } : {}),
      socket: {
        open: (socket) => {
          this.#socket = socket;
          if (!isSecure) opened.resolve();
        },
        handshake: (_socket, _isAuthorized, error) => {
          if (error === null || !error.message.includes("SSL")) opened.resolve();
        },
        data: (_socket, data) => this.received.add(this.#decoder.decode(data, { stream: true })),
        drain: () => this.#flush(),
        end: () => {
          this.hasEnded = true;
          if (!this.keepsOpen) this.close();
        },
        error: () => undefined,
        close: () => {
          closed.resolve();
          fail();
        },
      },
    }).catch(fail);
  }

  write(text: string): void {
    this.writeBytes(new TextEncoder().encode(text));
  }

  writeBytes(bytes: Uint8Array): void {
    this.#unsent = Buffer.concat([this.#unsent, bytes]);
    this.#flush();
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  sever(): void {
    this.#socket?.terminate();
  }

  close(): void {
    this.#closesWhenSent = true;
    this.#flush();
  }

  /** Ends this direction, and continues to read. */
  halfClose(): void {
    this.#socket?.shutdown();
  }

  get unsentBytes(): number {
    return this.#unsent.length;
  }

  #flush(): void {
    const written = this.#socket?.write(this.#unsent) ?? 0;
    this.#unsent = this.#unsent.subarray(Math.max(0, written));
    if (this.#unsent.length === 0 && this.#closesWhenSent) this.#socket?.end();
  }
}

async function dial(port: number, isSecure: boolean): Promise<TcpClient> {
  const client = new TcpClient(port, isSecure);
  await client.opened;
  return client;
}

function listen(events: LineListenerEvents, isSecure: boolean, clock: Clock = systemClock()) {
  return listenTcp({ host, port: 0, tls: isSecure ? certificate : undefined }, events, clock);
}

for (const isSecure of [false, true]) {
  lineCompliance(isSecure ? "TLS" : "TCP", {
    isSecure,
    listen: (events, clock) => listen(events, isSecure, clock),
    dial: (port) => dial(port, isSecure),
  });
}

/** A listener with one client. */
async function pair(isSecure: boolean, options: { ended?: boolean; clock?: Clock } = {}) {
  const opened = Promise.withResolvers<LineObserver>();
  const events: LineListenerEvents = {
    accept: () => true,
    socket: (socket) => {
      const observer = new LineObserver(socket);
      const ended = () => observer.received.add("(end)");
      opened.resolve(observer);
      return options.ended === true ? Object.assign(observer, { ended }) : observer;
    },
  };
  const listener = listen(events, isSecure, options.clock);
  const client = await dial(listener.port, isSecure);
  const server = await within("a socket", opened.promise);
  return { listener, client, server };
}

describe.each([false, true])("with TLS: %p", (isSecure) => {
  test("a half-closed peer receives what is queued", async () => {
    const { listener, client, server } = await pair(isSecure);
    client.write("QUIT\r\n");
    await server.received.ending("QUIT\r\n");
    server.write("ERROR :bye\r\n".repeat(50_000));
    client.halfClose();
    await client.closed;
    expect(client.received.text === "ERROR :bye\r\n".repeat(50_000)).toBe(true);
    expect(await server.untilClosed()).toBeUndefined();
    await listener.stop();
  });

  test("a half-closed peer receives later answers if the receiver handles the end", async () => {
    const { listener, client, server } = await pair(isSecure, { ended: true });
    client.write("QUIT\r\n");
    client.halfClose();
    await server.received.ending("QUIT\r\n(end)");
    await turn();
    server.write("ERROR :bye\r\n");
    server.socket.end();
    await client.closed;
    expect(client.received.text).toBe("ERROR :bye\r\n");
    expect(await server.untilClosed()).toBeUndefined();
    await listener.stop();
  });

  test("pausing stops reading until it resumes", async () => {
    const { listener, client, server } = await pair(isSecure);
    server.socket.pause();
    const text = "z".repeat(32 * 1024 * 1024);
    client.write(`${text}\r\n`);
    for (let i = 0; i < 50; i++) await turn();
    const readBytes = server.received.text.length;
    expect(client.unsentBytes).toBeGreaterThan(0);
    expect(readBytes).toBeLessThan(1024 * 1024);
    server.socket.resume();
    await server.received.ending("\r\n");
    expect(server.received.text.length).toBe(text.length + 2);
    client.close();
    await listener.stop();
  });

  test("a peer that does not read its last lines is closed after the timeout", async () => {
    const system = systemClock();
    const timers: { readonly delayMs: number; readonly callback: () => void }[] = [];
    const clock: Clock = {
      ...system,
      after: (delayMs, callback) => {
        timers.push({ delayMs, callback });
        return () => undefined;
      },
    };
    const { listener, client, server } = await pair(isSecure, { clock });
    client.pause();
    server.write(`${"z".repeat(8 * 1024 * 1024 - 2)}\r\n`);
    server.socket.end();
    for (let i = 0; i < 10; i++) await turn();
    expect(server.closedCount).toBe(0);
    const deadline = timers.find(({ delayMs }) => delayMs === DRAIN_TIMEOUT_MS);
    deadline?.callback();
    expect(await server.untilClosed()).toBeUndefined();
    client.resume();
    await client.closed;
    expect(timers.filter(({ delayMs }) => delayMs === DRAIN_TIMEOUT_MS)).toHaveLength(1);
    await listener.stop();
  });

  test("stopping does not wait for a peer that keeps the connection open", async () => {
    const system = systemClock();
    const timers: { readonly delayMs: number; readonly callback: () => void }[] = [];
    const after: Clock["after"] = (delayMs, callback) => {
      timers.push({ delayMs, callback });
      return () => undefined;
    };
    const { listener, client, server } = await pair(isSecure, { clock: { ...system, after } });
    client.keepsOpen = true;
    server.write("ERROR :bye\r\n");
    const before = timers.length;
    const stopped = listener.stop();
    await client.received.ending("ERROR :bye\r\n");
    const short = timers.slice(before).filter(({ delayMs }) => delayMs <= 1_000);
    expect(short).toHaveLength(1);
    for (const { callback } of short) callback();
    await within("the end of a listener", stopped);
    expect(await server.untilClosed()).toBeUndefined();
    client.sever();
  });

  test("a port in use and a foreign address are faults", async () => {
    const { listener, client } = await pair(isSecure);
    const options = { host, port: listener.port, tls: isSecure ? certificate : undefined };
    const events = { accept: () => true, socket: (socket: never) => new LineObserver(socket) };
    const listenAt = (at: object) => () => listenTcp({ ...options, ...at }, events, systemClock());
    expect(listenAt({})).toThrow(`${listener.port} is in use`);
    for (const elsewhere of ["192.0.2.1", "chat.invalid"]) {
      expect(listenAt({ host: elsewhere })).toThrow(`${elsewhere} is not an address`);
    }
    client.close();
    await listener.stop();
  });
});

describe("TLS handshakes", () => {
  async function handshakes(clock: Clock = systemClock()) {
    const counts = { connecting: 0, done: 0, sockets: 0 };
    const events: LineListenerEvents = {
      accept: () => true,
      connecting: () => {
        counts.connecting += 1;
        return () => {
          counts.done += 1;
        };
      },
      socket: (socket) => {
        counts.sockets += 1;
        return new LineObserver(socket);
      },
    };
    return { counts, listener: listen(events, true, clock) };
  }

  test.each([
    ["HTTP", "GET / HTTP/1.1\r\nHost: chat\r\n\r\n"],
    ["IRC without TLS", "NICK ana\r\nUSER ana 0 * :Ana\r\n"],
    ["a broken record", "\x16\x03\x01\xff\xff\x02\x00\x00"],
    ["an old version", "\x16\x02\x00\x00\x05\x01\x00\x00\x01\x00"],
  ])("that begin with %s are refused", async (_name, text) => {
    const { counts, listener } = await handshakes();
    const client = await dial(listener.port, false);
    client.writeBytes(Buffer.from(text, "latin1"));
    if (text.includes("\xff")) client.halfClose();
    await client.closed;
    expect(counts).toEqual({ connecting: 1, done: 1, sockets: 0 });
    await listener.stop();
  });

  test("count as connecting until they end", async () => {
    const { counts, listener } = await handshakes();
    const [silent, aborted] = [await dial(listener.port, false), await dial(listener.port, false)];
    await until("two connections", () => counts.connecting === 2);
    aborted.sever();
    await until("the end of one", () => counts.done === 1);
    const client = await dial(listener.port, true);
    await until("a socket", () => counts.sockets === 1);
    expect(counts).toEqual({ connecting: 3, done: 2, sockets: 1 });
    client.close();
    await listener.stop();
    await silent.closed;
    expect(counts.done).toBe(3);
  });

  test("that take too long are closed, and nothing runs while none is in progress", async () => {
    const system = systemClock();
    let nowMs = 0;
    const scans: (() => void)[] = [];
    const clock: Clock = {
      ...system,
      now: () => nowMs,
      after: (_delayMs, callback) => {
        scans.push(callback);
        return () => undefined;
      },
    };
    const { counts, listener } = await handshakes(clock);
    const silent = await dial(listener.port, false);
    await until("a connection", () => counts.connecting === 1);
    nowMs = FIRST_REQUEST_TIMEOUT_MS;
    scans.shift()?.();
    for (let i = 0; i < 10; i++) await turn();
    expect(counts.done).toBe(0);
    nowMs += 1;
    scans.shift()?.();
    await silent.closed;
    expect(counts).toEqual({ connecting: 1, done: 1, sockets: 0 });
    scans.shift()?.();
    expect(scans).toEqual([]);
    await listener.stop();
  });

  test.each([
    ["TLSv1.1", false],
    ["TLSv1.2", true],
    ["TLSv1.3", true],
  ] as const)("with %s: accepted is %p", async (version, isAccepted) => {
    const { connect } = await import("node:tls");
    const { counts, listener } = await handshakes();
    const outcome = Promise.withResolvers<boolean>();
    const client = connect({
      host,
      port: listener.port,
      rejectUnauthorized: false,
      minVersion: version,
      maxVersion: version,
    });
    client.on("secureConnect", () => outcome.resolve(true));
    client.on("error", () => outcome.resolve(false));
    expect(await within("a handshake", outcome.promise)).toBe(isAccepted);
    client.destroy();
    await until("the end of the handshake", () => counts.done === 1);
    await listener.stop();
  });
});

/** Relay on which a test adds its own bytes to an encrypted stream. */
async function relay(port: number) {
  const outer = Promise.withResolvers<Socket>();
  let inner: Socket | undefined;
  const relay = Bun.listen({
    hostname: host,
    port: 0,
    socket: {
      open: async (client) => {
        outer.resolve(
          await Bun.connect({
            hostname: host,
            port,
            socket: {
              open: (server) => {
                inner = server;
              },
              data: (_server, data) => void client.write(data),
              close: () => void client.end(),
            },
          }),
        );
      },
      data: async (_client, data) => {
        (await outer.promise).write(data);
      },
      close: () => void inner?.end(),
    },
  });
  return { relay, toServer: outer.promise };
}

test.each([
  ["garbage", [0x17, 3, 3, 0, 16, ...new Array<number>(16).fill(7)]],
  ["plain text", [...Buffer.from("QUIT\r\n")]],
])("an established TLS connection ends after %s", async (_name, bytes) => {
  const opened = Promise.withResolvers<LineObserver>();
  const events: LineListenerEvents = {
    accept: () => true,
    socket: (socket) => {
      const observer = new LineObserver(socket);
      opened.resolve(observer);
      return observer;
    },
  };
  const listener = listen(events, true);
  const { relay: between, toServer } = await relay(listener.port);
  const client = await dial(between.port, true);
  const server = await within("a socket", opened.promise);
  client.write("NICK ana\r\n");
  await server.received.ending("NICK ana\r\n");
  (await toServer).write(Uint8Array.from(bytes));
  expect((await server.untilClosed())?.message).toBe("the connection was lost");
  expect(server.received.text).toBe("NICK ana\r\n");
  expect(server.closedCount).toBe(1);
  client.sever();
  between.stop(true);
  await listener.stop();
});

test("serves a new certificate to new connections, while open ones continue", async () => {
  const sockets: LineObserver[] = [];
  const socket = (opened: LineSocket) => {
    const observer = new LineObserver(opened);
    sockets.push(observer);
    return observer;
  };
  const listener = listen({ accept: () => true, socket }, true);
  const first = await dial(listener.port, true);
  const next = await makeCertificate(["next.example"]);
  listener.setCertificate?.(next);
  const names = await new Promise((resolve, reject) => {
    const { port } = listener;
    const peer = connectTls({ host, port, rejectUnauthorized: false }, () => {
      resolve(peer.getPeerCertificate().subjectaltname);
      peer.end();
    });
    peer.on("error", reject);
  });
  expect(names).toContain("next.example");
  first.write("PING\n");
  await until("a line on the first connection", () => sockets[0]?.received.text.includes("PING"));
  first.close();
  await listener.stop();
});
