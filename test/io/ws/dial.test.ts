import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { toBase64Url } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/base/fault.ts";
import { makeCertificate } from "../../../src/crypto/certificate.ts";
import type { Address, Link, Listener } from "../../../src/io/link/link.ts";
import { handshakeTls, serverTime } from "../../../src/io/probe/network-probe.ts";
import { wsDial } from "../../../src/io/ws/dial.ts";
import { listenWs } from "../../../src/io/ws/listener.ts";
import { certificateHash } from "../../crypto/certificate-hash.ts";
import { within } from "../../event.ts";
import { reservedPort } from "../../ports.ts";
import { LinkObserver } from "../link-observer.ts";

const certificate = await makeCertificate();
const dial = wsDial();
const dialPlain = wsDial({ tls: false });
const http = () => new Response("page");
const timeoutMs = 20_000;
const loopback = { host: "127.0.0.1", timeoutMs };

class Place {
  readonly remotes: Address[] = [];
  readonly listener: Listener;
  readonly links: Link[] = [];

  constructor(
    host = "127.0.0.1",
    port = 0,
    tls = certificate,
    isHost = (_: string | null) => true,
  ) {
    this.listener = listenWs(
      { host, port, tls, http, isHost },
      {
        accept: (remote) => this.remotes.push(remote) > 0,
        link: (link) => {
          this.links.push(link);
          new LinkObserver(link);
        },
      },
    );
  }
}

test("retries with the address if the server does not know the name", async () => {
  const hosts: (string | null)[] = [];
  const isHost = (name: string | null) => hosts.push(name) > 1;
  const place = new Place("127.0.0.1", 0, certificate, isHost);
  const { port } = place.listener;
  const link = await dial({ host: "localhost", port, timeoutMs });
  expect(hosts).toEqual([`localhost:${port}`, `127.0.0.1:${port}`]);
  const lane = await link.openChannel();
  expect(hosts.at(-1)).toBe(`127.0.0.1:${port}`);
  lane.destroy();
  link.destroy();
  await place.listener.stop();
});

async function faultOf(dialled: Promise<Link>): Promise<Fault> {
  const error = await within(
    "a failed dial",
    dialled.then(
      () => undefined,
      (reason) => reason,
    ),
  );
  if (error instanceof Fault) return error;
  throw new Error(`expected a fault, got ${error}`);
}

async function rawServer(onSocket: (socket: Socket) => void): Promise<[Server, number]> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    onSocket(socket);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  return [server, typeof address === "object" && address !== null ? address.port : 0];
}

describe("wsDial", () => {
  let place: Place;
  let plain: Listener;
  const observers: LinkObserver[] = [];
  beforeAll(() => {
    place = new Place("::");
    const events = {
      accept: () => true,
      link: (link: Link) => observers.push(new LinkObserver(link)),
    };
    plain = listenWs({ host: "127.0.0.1", port: 0, tls: false, http }, events);
  });
  afterAll(() => Promise.all([place.listener.stop(), plain.stop()]));

  test("has the same certificate hash at both ends", async () => {
    const link = await dial({ ...loopback, port: place.listener.port });
    expect(link.certificateHash).toEqual(certificateHash(certificate.certPem));
    expect(place.links.at(-1)?.certificateHash).toEqual(link.certificateHash);
    expect(link.transport).toBe("tcp");
    expect(link.remote).toEqual({ host: "127.0.0.1", port: place.listener.port });
    link.close();
  });

  test("sends the first message with its request, or after an answer without it", async () => {
    const first = new Uint8Array(40).fill(7);
    for (const isOld of [false, true]) {
      const headers: string[] = [];
      const [relay, port] = await rawServer((socket) => {
        const onward = connect(plain.port, "127.0.0.1");
        socket.on("close", () => onward.destroy());
        onward.pipe(socket);
        socket.on("data", (chunk) => {
          const text = chunk.toString("latin1");
          if (text.startsWith("GET")) headers.push(text);
          onward.write(isOld ? text.replace("chat-first-message", "x-unknown") : text, "latin1");
        });
      });
      const link = await dialPlain({ ...loopback, port, first });
      expect(link.hasSentFirst).toBe(true);
      const observer = observers.at(-1);
      await observer?.count(1);
      expect(observer?.messages).toEqual([first]);
      expect(headers).toEqual([
        expect.stringContaining(`chat-first-message: ${toBase64Url(first)}`),
      ]);
      link.close();
      relay.close();
    }
  });

  test("reports a local port in use by another program or link", async () => {
    const [blocker, localPort] = await rawServer(() => {});
    const { port } = place.listener;
    const taken = await faultOf(dial({ ...loopback, port, localPort }));
    expect(taken).toMatchObject({ code: "port-taken", exitCode: 1 });
    expect(taken.message).toBe(`local port ${localPort} is in use`);
    blocker.close();
    const mine = await reservedPort();
    const link = await dial({ ...loopback, port, localPort: mine });
    expect((await faultOf(dial({ ...loopback, port, localPort: mine }))).code).toBe("port-taken");
    link.close();
  });

  test("rejects a data channel with another certificate", async () => {
    const [first, second] = [new Place(), new Place("127.0.0.1", 0, await makeCertificate())];
    let target = first.listener.port;
    const [relay, port] = await rawServer((socket) => {
      const onward = connect(target, "127.0.0.1");
      onward.on("error", () => {});
      socket.on("close", () => onward.destroy());
      socket.pipe(onward).pipe(socket);
    });
    const link = await dial({ ...loopback, port });
    (await link.openChannel()).close();
    target = second.listener.port;
    const fault = await faultOf(link.openChannel());
    expect(fault.message).toContain("changed its certificate");
    expect(second.links).toEqual([]);
    link.close();
    relay.close();
    await Promise.all([first.listener.stop(), second.listener.stop()]);
  });
});

describe("a dial reports", () => {
  test("a refused connection", async () => {
    const port = await reservedPort();
    const fault = await faultOf(dial({ ...loopback, port }));
    expect(fault).toMatchObject({ code: "unreachable", exitCode: 5 });
    expect(fault.message).toBe(`connection to 127.0.0.1:${port} refused`);
    const local = await faultOf(dial({ ...loopback, port, localPort: await reservedPort() }));
    expect(local.message).toBe(fault.message);
  });

  test.each([undefined, 9_678])("an unknown name, local port %p", async (localPort) => {
    const from = localPort === undefined ? {} : { localPort };
    const fault = await faultOf(dial({ host: "no such host", port: 1, timeoutMs, ...from }));
    expect(fault.code).toBe("unreachable");
    expect(fault.message).toBe("cannot resolve no such host");
  });

  test("a plain web server, dialed with TLS", async () => {
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    const fault = await faultOf(dial({ ...loopback, port: server.port ?? 0 }));
    expect(fault.code).toBe("unreachable");
    expect(fault.message).toContain("does not speak TLS");
    await server.stop(true);
  });

  test.each([true, false])("a silent server, TLS %p", async (tls) => {
    const [server, port] = await rawServer(() => {});
    const fault = await faultOf(wsDial({ tls })({ host: "127.0.0.1", port, timeoutMs: 50 }));
    expect(fault).toMatchObject({ code: "timeout", exitCode: 5 });
    expect(fault.message).toBe(`127.0.0.1:${port} did not answer within 1 s`);
    server.close();
  });

  const hangsUp: Record<string, (socket: Socket) => void> = {
    "at once": (socket) => socket.destroy(),
    "at once, with a reset": (socket) => socket.resetAndDestroy(),
    "after the first words": (socket) => socket.once("data", () => socket.destroy()),
    "after them, with a reset": (socket) => socket.once("data", () => socket.resetAndDestroy()),
    "amid its own": (socket) => socket.end(Uint8Array.of(0x16, 3, 3, 0, 0x50)),
  };
  const ways = Object.entries(hangsUp).flatMap(([when, act]) =>
    [true, false].map((tls) => [when, tls, act] as const),
  );
  test.each(ways)("a server that closes the connection %s, TLS %p", async (_, tls, act) => {
    const [server, port] = await rawServer(act);
    const fault = await faultOf(wsDial({ tls })({ ...loopback, port }));
    expect(fault.code).toBe("unreachable");
    expect(fault.message).not.toContain("does not speak TLS");
    if (tls)
      expect(fault.message).toBe(`127.0.0.1:${port} closed the connection during the handshake`);
    server.close();
  });

  const wrong = {
    "another protocol": "220 mail.example ESMTP\r\n",
    "a wrong accept": "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
    "no status": "HTTP/1.1 \r\n\r\n",
    "an endless header": `HTTP/1.1 101 X\r\nA: ${"a".repeat(20_000)}`,
    "half an answer": "HTTP/1.1 101 Switching",
  };
  test.each(Object.entries(wrong))("a server that answers with %s", async (_, answer) => {
    const [server, port] = await rawServer((socket) => socket.end(answer));
    const fault = await faultOf(dialPlain({ ...loopback, port }));
    expect(fault.code).toBe("unreachable");
    expect(fault.message).toContain(`127.0.0.1:${port}`);
    server.close();
  });
});

async function hostileServer(bytes: Uint8Array): Promise<[LinkObserver, Promise<Buffer>]> {
  const said = Promise.withResolvers<Buffer>();
  const [server, port] = await rawServer((socket) => {
    const parts: Buffer[] = [];
    socket.once("data", (request) => {
      const key = /Sec-WebSocket-Key: (.*)\r\n/.exec(request.toString())?.[1] ?? "";
      const salted = `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = new Bun.CryptoHasher("sha1").update(salted).digest("base64");
      const header = `Upgrade: websocket\r\nSec-WebSocket-Accept: ${accept}`;
      const answer = `HTTP/1.1 101 X\r\n${header}\r\n\r\n`;
      socket.write(Buffer.concat([Buffer.from(answer), bytes]));
      socket.on("data", (data) => parts.push(Buffer.from(data)));
      socket.on("end", () => said.resolve(Buffer.concat(parts)));
    });
    socket.on("close", () => {
      said.resolve(Buffer.concat(parts));
      server.close();
    });
  });
  const link = await dialPlain({ ...loopback, port });
  return [new LinkObserver(link), within("what the client said", said.promise)];
}

describe("a client's link", () => {
  const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));

  test.each([
    ["a text frame", "8101 61", "frame-malformed", 1002],
    ["a masked frame", "8281 00000000 01", "frame-malformed", 1002],
    ["an oversized frame", "827f 00000000 7fffffff", "too-large", 1009],
  ])("rejects %s with a fault and a close code", async (_, bytes, code, closeCode) => {
    const [observer, said] = await hostileServer(hex(bytes));
    const last = await said;
    expect(last.subarray(-2).readUInt16BE()).toBe(closeCode);
    expect((await observer.closed())?.code).toBe(code as "too-large");
    expect(observer.messages).toEqual([]);
  });

  test("keeps data that arrives with the upgrade response", async () => {
    const [observer] = await hostileServer(hex("8202 0102 8201 03 8802 03e8"));
    expect(await observer.closed()).toBeUndefined();
    expect(observer.messages).toEqual([hex("0102"), hex("03")]);
  });

  test("answers pings with the same bytes", async () => {
    const [observer, said] = await hostileServer(hex("8903 010203 8802 03e8"));
    await observer.closed();
    expect((await said).subarray(0, 9)).toEqual(Buffer.from(hex("8a83 00000000 010203")));
  });
});

test("links, data channels and the doctor require TLS 1.3", async () => {
  const { certPem: cert, keyPem: key } = certificate;
  let agreed = 0;
  const old = createTlsServer({ cert, key, maxVersion: "TLSv1.2" }, () => agreed++);
  old.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => old.listen(0, "127.0.0.1", resolve));
  const { port } = old.address() as AddressInfo;
  const fault = await faultOf(dial({ ...loopback, port }));
  expect(fault).toMatchObject({ code: "unreachable", message: expect.stringContaining("TLS 1.3") });
  const target = { host: "127.0.0.1", address: "127.0.0.1", port, timeoutMs };
  const observed = await handshakeTls(target).catch((error: unknown) => error);
  expect(observed).toMatchObject({
    code: "unreachable",
    message: expect.stringContaining("TLS 1.3"),
  });
  expect(await serverTime(target)).toBeUndefined();
  expect(agreed).toBe(0);
  old.close();
});

test("a server requires TLS 1.3", async () => {
  const place = new Place();
  const { port } = place.listener;
  const error = await within(
    "a refusal",
    new Promise<Error>((resolve) => {
      const options = { host: "127.0.0.1", port, rejectUnauthorized: false } as const;
      connectTls({ ...options, maxVersion: "TLSv1.2" }).once("error", resolve);
    }),
  );
  expect(error.message).toContain("PROTOCOL_VERSION");
  await place.listener.stop();
});
