import { afterAll, describe, expect, test } from "bun:test";
import { CONTROL_FRAMES_BURST } from "../../../src/base/limits.ts";
import { makeCertificate } from "../../../src/crypto/certificate.ts";
import type { LineListenerEvents } from "../../../src/io/link/line-socket.ts";
import { listenWs, type WsListenOptions } from "../../../src/io/ws/listener.ts";
import { until, within } from "../../event.ts";
import { type LineClient, LineLog, LineObserver } from "../line-client.ts";
import { lineCompliance } from "../line-compliance.ts";
import { turn } from "../link-observer.ts";

const certificate = await makeCertificate();
const host = "127.0.0.1";
const TEXT = "text.ircv3.net";
const BINARY = "binary.ircv3.net";

class WsLineClient implements LineClient {
  readonly received = new LineLog();
  readonly messages: unknown[] = [];
  readonly opened: Promise<void>;
  readonly closed: Promise<void>;
  closeCode = 0;
  readonly socket: WebSocket;

  constructor(port: number, isSecure: boolean, protocols: string[]) {
    const [opened, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    this.opened = within("a connection", opened.promise);
    this.closed = within("the end of a client", closed.promise);
    this.closed.catch(() => undefined);
    const url = `${isSecure ? "wss" : "ws"}://${host}:${port}/irc`;
    const socket = new WebSocket(url, { protocols, tls: { rejectUnauthorized: false } });
    socket.binaryType = "arraybuffer";
    socket.onopen = () => opened.resolve();
    socket.onmessage = ({ data }) => {
      this.messages.push(data);
      const text = typeof data === "string" ? data : new TextDecoder().decode(data);
      this.received.add(`${text}\r\n`);
    };
    socket.onclose = ({ code }) => {
      this.closeCode = code;
      opened.reject(new Error("not connected"));
      closed.resolve();
    };
    this.socket = socket;
  }

  write(text: string): void {
    for (const line of text.split("\r\n").slice(0, -1)) this.socket.send(line);
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  sever(): void {
    this.socket.terminate();
  }

  close(): void {
    this.socket.close();
  }
}

async function dial(port: number, isSecure: boolean, protocols = [TEXT]): Promise<WsLineClient> {
  const client = new WsLineClient(port, isSecure, protocols);
  await client.opened;
  return client;
}

const http = () => new Response("not found", { status: 404 });

function listen({ accept, socket }: LineListenerEvents, tls: WsListenOptions["tls"]) {
  const link = () => {
    throw new Error("the connection is not a link");
  };
  return listenWs({ host, port: 0, tls, http, irc: socket }, { accept, link });
}

for (const isSecure of [false, true]) {
  lineCompliance(isSecure ? "WebSocket with TLS" : "WebSocket", {
    isSecure,
    listen: (events) => listen(events, isSecure ? certificate : false),
    dial: (port) => dial(port, isSecure),
  });
}

describe("a WebSocket line socket", () => {
  const observers: LineObserver[] = [];
  const events = {
    accept: () => true,
    socket: (socket: LineObserver["socket"]) => {
      const observer = new LineObserver(socket);
      observers.push(observer);
      return observer;
    },
  };
  const listener = listen(events, false);
  const without = listenWs(
    { host, port: 0, tls: false, http },
    { accept: () => true, link: () => undefined },
  );
  afterAll(async () => {
    await Promise.all([listener.stop(), without.stop()]);
  });

  async function pair(protocols?: string[]) {
    const client = await dial(listener.port, false, protocols);
    return { client, server: await until("a connection", () => observers.shift()) };
  }

  test.each([
    [[TEXT], TEXT],
    [[BINARY], BINARY],
    [[BINARY, TEXT], BINARY],
    [["other", TEXT, BINARY], TEXT],
    [[], ""],
  ])("for the protocols %j uses %s", async (offered, chosen) => {
    const { client, server } = await pair(offered);
    expect(client.socket.protocol).toBe(chosen);
    server.write("PING a\r\nPING \u{feff}é\r\n");
    server.write("PING c\r\n");
    await client.received.ending("PING c\r\n");
    const lines = ["PING a", "PING \u{feff}é", "PING c"];
    const binary = lines.map((line) => new TextEncoder().encode(line).buffer);
    expect(client.messages).toEqual(chosen === BINARY ? binary : lines);
    client.close();
  });

  test("accepts text and binary messages, with or without the end of the line", async () => {
    const { client, server } = await pair();
    for (const line of ["a", "b\n", "c\r\n", Buffer.from("d"), "", Buffer.from("é\n")]) {
      client.socket.send(line);
    }
    await server.received.ending("é\n");
    expect(server.received.text).toBe("a\r\nb\nc\r\nd\r\n\r\né\n");
    client.close();
  });

  test.each(["a\nQUIT", "\n\n", Buffer.from("a\r\nb")])(
    "closes after a message with several lines: %j",
    async (message) => {
      const { client, server } = await pair();
      client.socket.send(message);
      expect((await server.untilClosed())?.code).toBe("frame-malformed");
      expect(server.received.text).toBe("");
      await client.closed;
    },
  );

  test("closes after invalid UTF-8 in a text message", async () => {
    const { client, server } = await pair();
    const socket = await rawUpgrade(listener.port);
    const raw = await until("a connection", () => observers.shift());
    socket.write(Uint8Array.of(0x81, 0x81, 0, 0, 0, 0, 0xff));
    expect((await raw.untilClosed())?.code).toBe("frame-malformed");
    server.write("still here\r\n");
    await client.received.ending("still here\r\n");
    client.close();
  });

  test("pausing stops reading until it resumes", async () => {
    const { client, server } = await pair();
    server.socket.pause();
    const line = "z".repeat(64 * 1024);
    for (let i = 0; i < 512; i++) client.socket.send(line);
    for (let i = 0; i < 50; i++) await turn();
    expect(server.received.text.length).toBeLessThan(1024 * 1024);
    expect(client.socket.bufferedAmount).toBeGreaterThan(0);
    server.socket.resume();
    const sizeBytes = 512 * (line.length + 2);
    await server.received.until("all lines", (text) => text.length === sizeBytes);
    client.close();
  });

  test("closes after too many pings", async () => {
    const { client, server } = await pair();
    for (let i = 0; i <= CONTROL_FRAMES_BURST + 2; i++) client.socket.ping();
    expect((await server.untilClosed())?.code).toBe("too-fast");
    await client.closed;
  });

  test("closes normally at the end", async () => {
    const { client, server } = await pair();
    server.socket.end();
    await client.closed;
    expect(client.closeCode).toBe(1_000);
    expect(await server.untilClosed()).toBeUndefined();
  });

  test.each([
    [{}, 426],
    [{ "Sec-WebSocket-Protocol": "" }, 400],
    [{ "Sec-WebSocket-Protocol": "irc" }, 400],
    [{ "Sec-WebSocket-Protocol": TEXT }, 426],
    [{ "Sec-WebSocket-Protocol": TEXT, Origin: "https://evil.example" }, 403],
    [{ "Sec-WebSocket-Protocol": TEXT, Origin: "null" }, 403],
    [{ Origin: "https://evil.example" }, 403],
  ])("%j is answered with %i", async (headers, status) => {
    const response = await fetch(`http://${host}:${listener.port}/irc`, { headers });
    expect(response.status).toBe(status);
  });

  test("does not exist without a gateway", async () => {
    const headers = { "Sec-WebSocket-Protocol": TEXT };
    const response = await fetch(`http://${host}:${without.port}/irc`, { headers });
    expect(response.status).toBe(404);
  });
});

/** Upgraded connection on which a test writes its own frames. */
async function rawUpgrade(port: number) {
  const upgraded = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: host,
    port,
    socket: {
      data: (_socket, data) => {
        if (data.toString("latin1").startsWith("HTTP/1.1 101")) upgraded.resolve();
      },
    },
  });
  const headers = [
    "Host: x",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    `Sec-WebSocket-Protocol: ${TEXT}`,
  ];
  socket.write(["GET /irc HTTP/1.1", ...headers, "\r\n"].join("\r\n"));
  await within("an upgrade", upgraded.promise);
  return socket;
}
