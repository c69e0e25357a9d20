import { afterAll, describe, expect, spyOn, test } from "bun:test";
import { connect as connectTls } from "node:tls";
import { Fault } from "../../../src/base/fault.ts";
import { CONTROL_FRAMES_BURST } from "../../../src/base/limits.ts";
import { makeCertificate } from "../../../src/crypto/certificate.ts";
import type { Address, Link } from "../../../src/io/link/link.ts";
import { normalizeAddress, requestUrl } from "../../../src/io/ws/address.ts";
import { wsDial } from "../../../src/io/ws/dial.ts";
import { listenWs } from "../../../src/io/ws/listener.ts";
import { certificateHash } from "../../crypto/certificate-hash.ts";
import { until } from "../../event.ts";
import { LinkObserver, turn } from "../link-observer.ts";

const certificate = await makeCertificate();
const host = "127.0.0.1";
const timeoutMs = 5_000;
const links: Link[] = [];
const events = {
  accept: () => true,
  link: (link: Link) => {
    links.push(link);
  },
};
const http = (request: Request, remote: Address) =>
  Response.json({ path: requestUrl(request)?.pathname, remote });
const listener = listenWs({ host, port: 0, tls: certificate, http }, events);
const plain = listenWs({ host, port: 0, tls: false, http }, events);
const origin = `https://${host}:${listener.port}`;
const tls = { ca: certificate.certPem };
afterAll(async () => {
  await Promise.all([listener.stop(), plain.stop()]);
});

const UPGRADE = [
  "GET /ws HTTP/1.1",
  "Host: x",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  "\r\n",
].join("\r\n");

async function firstLine(request: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = "";
  await Bun.connect({
    hostname: host,
    port: plain.port,
    socket: {
      open: (socket) => void socket.write(request),
      data: (_socket, data) => {
        answer += data.toString();
      },
      close: () => resolve(answer),
    },
  });
  return (await promise).split("\r\n")[0];
}

describe("plain HTTP beside the links", () => {
  test("reports a missing upgrade on the links' path", async () => {
    const response = await fetch(`${origin}/ws`, { tls });
    expect(response.status).toBe(426);
    expect(response.headers.get("upgrade")).toBe("websocket");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  test.each([
    ["GET /healthz HTTP/1.0\r\n\r\n", "200 OK"],
    ["GET /ws HTTP/1.0\r\n\r\n", "426 Upgrade Required"],
    ["GET / HTTP/1.1\r\nHost: a;b *\r\nConnection: close\r\n\r\n", "400 Bad Request"],
    ["GET /ws HTTP/1.1\r\nHost: a%zz\r\nConnection: close\r\n\r\n", "400 Bad Request"],
  ])("%j is answered %s", async (request, status) => {
    expect(await firstLine(request)).toBe(`HTTP/1.1 ${status}`);
  });
});

test("rejects unknown hosts for any path", async () => {
  const picky = listenWs(
    { host, port: 0, tls: false, http, isHost: (name) => name === `${host}:${picky.port}` },
    events,
  );
  const ask = (path: string, headers: Record<string, string> = {}) =>
    fetch(`http://${host}:${picky.port}${path}`, { headers }).then(({ status }) => status);
  expect(await ask("/any/path")).toBe(200);
  expect(await ask("/ws")).toBe(426);
  for (const name of ["evil.example", `evil.example:${picky.port}`, `localhost:${picky.port}`]) {
    const answers = [await ask("/", { Host: name }), await ask("/ws", { Host: name })];
    expect([name, ...answers]).toEqual([name, 421, 421]);
  }
  await picky.stop();
});

describe("origin", () => {
  const upgrade = (headers: Record<string, string>) =>
    fetch(`${origin}/ws`, { tls, headers }).then(({ status }) => status);

  test.each([
    [{ Origin: "https://evil.example" }, 403],
    [{ Origin: "null" }, 403],
    [{ Origin: `http://${host}` }, 403],
    [{ Origin: `https://${host}:1` }, 403],
    [{ Origin: origin }, 426],
    [{ Origin: "https://chat.example", Host: "chat.example" }, 426],
    [{ Origin: "https://chat.example", Host: "CHAT.example:443" }, 426],
    [{ Origin: "https://chat.example", Host: "chat.example.evil.example" }, 403],
  ])("%p is answered with %i", async (headers, status) => {
    expect(await upgrade(headers)).toBe(status);
  });
});

describe("certificate hash without TLS", () => {
  test("is zero, or that of the proxy in front", async () => {
    await dialOnce(plain.port);
    expect(links.at(-1)?.certificateHash).toEqual(new Uint8Array(32));
    const proxied = listenWs(
      { host, port: 0, tls: false, proxyCertificate: certificate.certPem, http },
      events,
    );
    await dialOnce(proxied.port);
    expect(links.at(-1)?.certificateHash).toEqual(certificateHash(certificate.certPem));
    await proxied.stop();
  });

  async function dialOnce(port: number): Promise<void> {
    const link = await wsDial({ tls: false })({ host, port, timeoutMs });
    link.close();
  }
});

describe("a listener fails on", () => {
  const listen = (options: { host?: string; port?: number; certPem?: string }) => () =>
    listenWs(
      {
        host: options.host ?? host,
        port: options.port ?? 0,
        tls: { ...certificate, certPem: options.certPem ?? certificate.certPem },
        http,
      },
      events,
    );

  test("a port in use", () => {
    const { port } = listener;
    expect(listen({ port })).toThrow(`port ${port} is in use`);
    expect(listen({ port })).toThrow(expect.objectContaining({ code: "port-taken" }));
  });

  test.each(["192.0.2.1", "no such host"])("a foreign address: %s", (other) => {
    expect(listen({ host: other })).toThrow(`${other} is not an address of this machine`);
    expect(listen({ host: other })).toThrow(expect.objectContaining({ code: "usage" }));
  });

  test("an invalid certificate", () => {
    expect(listen({ certPem: "nonsense" })).toThrow(Fault);
  });
});

describe("hostile clients", () => {
  const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));
  test.each([
    ["an unmasked frame", "8201 01", "frame-malformed"],
    ["a text frame", "8181 00000000 61", "frame-malformed"],
    ["a length of 2^31", "82ff 00000000 80000000 00000000", "too-large"],
  ])("%s closes that client's link", async (_, bytes, code) => {
    const before = links.length;
    const socket = await Bun.connect({ hostname: host, port: plain.port, socket: { data() {} } });
    socket.write(UPGRADE);
    while (links.length === before) await turn();
    const [link] = links.slice(before);
    if (link === undefined) throw new Error("no link");
    const observer = new LinkObserver(link);
    socket.write(hex(bytes));
    expect((await observer.closed())?.code).toBe(code as "too-large");
    expect(observer.messages).toEqual([]);
    socket.terminate();
  });
});

describe("floods", () => {
  const EMPTY = Buffer.from("828000000000", "hex");
  const PING = Buffer.from("898000000000", "hex");

  async function stubborn(): Promise<{
    link: Link;
    write: (bytes: Uint8Array) => void;
    closed: Promise<void>;
  }> {
    const before = links.length;
    const gone = Promise.withResolvers<void>();
    const handlers = { data: () => undefined, close: () => gone.resolve() };
    const options = { hostname: host, port: plain.port, allowHalfOpen: true };
    const socket = await Bun.connect({ ...options, socket: handlers });
    socket.write(UPGRADE);
    while (links.length === before) await turn();
    const link = links[before];
    if (link === undefined) throw new Error("no link");
    return { link, write: (bytes) => void socket.write(bytes), closed: gone.promise };
  }

  test("of pings close the link", async () => {
    const { link, write } = await stubborn();
    const observer = new LinkObserver(link);
    write(Buffer.concat(Array(CONTROL_FRAMES_BURST).fill(PING)));
    write(EMPTY);
    await observer.count(1);
    write(Buffer.concat(Array(CONTROL_FRAMES_BURST).fill(PING)));
    expect((await observer.closed())?.code).toBe("too-fast");
  });
});

test("compares normalized addresses", () => {
  expect(normalizeAddress("::ffff:192.0.2.1", 5)).toEqual({ host: "192.0.2.1", port: 5 });
  expect(normalizeAddress("::FFFF:192.0.2.1", 5)).toEqual({ host: "192.0.2.1", port: 5 });
  expect(normalizeAddress("2001:DB8::1", 5)).toEqual({ host: "2001:db8::1", port: 5 });
  expect(normalizeAddress("::ffff:1", 5)).toEqual({ host: "::ffff:1", port: 5 });
});

test("reports an unexpected error in a request, and answers the next one", async () => {
  const errors: unknown[] = [];
  const error = new TypeError("broken");
  let isBroken = true;
  const failing = listenWs(
    {
      host,
      port: 0,
      tls: false,
      http: () => {
        if (isBroken) throw error;
        return new Response("fine");
      },
    },
    { ...events, requestFailed: (failed) => errors.push(failed) },
  );
  const url = `http://${host}:${failing.port}/`;
  const refused = await fetch(url);
  expect([refused.status, await refused.text(), errors]).toEqual([
    500,
    "internal error\n",
    [error],
  ]);
  isBroken = false;
  expect(await (await fetch(url)).text()).toBe("fine");
  await failing.stop();
});

describe("a new certificate", () => {
  const peerNames = (port: number, servername = "") =>
    new Promise<string>((resolve, reject) => {
      const socket = connectTls({ host, port, servername, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().subjectaltname ?? "");
        socket.end();
      });
      socket.on("error", reject);
    });

  test("is for new connections, while open ones continue and receive publications", async () => {
    const opened: Link[] = [];
    const onLink = { accept: () => true, link: (link: Link) => void opened.push(link) };
    const changing = listenWs({ host, port: 0, tls: certificate, http }, onLink);
    const { port } = changing;
    const firstLink = await wsDial()({ host, port, timeoutMs });
    const first = new LinkObserver(firstLink);
    const next = await makeCertificate(["next.example"]);
    changing.setCertificate?.(next);
    expect(await peerNames(port)).toContain("next.example");
    const secondLink = await wsDial()({ host, port, timeoutMs });
    const second = new LinkObserver(secondLink);
    const hashes = [firstLink, secondLink].map((link) => link.certificateHash);
    expect(hashes).toEqual([certificateHash(certificate.certPem), certificateHash(next.certPem)]);
    await until("two links", () => opened.length === 2);
    expect(opened.map((link) => link.certificateHash)).toEqual(hashes);
    for (const link of opened) link.follow("room");
    // More followers than receive a message individually.
    const others = await Promise.all(
      Array.from({ length: 20 }, () => wsDial()({ host, port, timeoutMs })),
    );
    await until("all links", () => opened.length === 22);
    for (const link of opened.slice(2)) link.follow("room");
    changing.publish("room", new Uint8Array([7]));
    await Promise.all([first.count(1), second.count(1)]);
    for (const link of [firstLink, secondLink, ...others]) link.close();
    await changing.stop();
    expect(changing.port).toBe(port);
  });

  test("is used when another program has left the port that it took in between", async () => {
    const changing = listenWs({ host, port: 0, tls: certificate, http }, events);
    const { port } = changing;
    const link = await wsDial()({ host, port, timeoutMs });
    const observer = new LinkObserver(link);
    const next = await makeCertificate(["next.example"]);
    const taken = Object.assign(new Error("in use"), { code: "EADDRINUSE" });
    const serve = spyOn(Bun, "serve").mockImplementationOnce(() => {
      throw taken;
    });
    expect(() => changing.setCertificate?.(next)).toThrow(`port ${port} is in use`);
    serve.mockRestore();
    changing.setCertificate?.(next);
    expect(await peerNames(port)).toContain("next.example");
    expect(observer.closedCount).toBe(0);
    link.close();
    await changing.stop();
  });

  test("may be for one name only, with its own hash", async () => {
    const named = { name: "chat.example", ...(await makeCertificate(["chat.example"])) };
    const both = listenWs({ host, port: 0, tls: { ...certificate, named }, http }, events);
    const { port } = both;
    expect(await peerNames(port, "chat.example")).toContain("chat.example");
    expect(await peerNames(port, "other.example")).not.toContain("chat.example");
    expect(await peerNames(port)).not.toContain("chat.example");
    await both.stop();
  });
});
