import { afterAll, describe, expect, test } from "bun:test";
import { Socket } from "node:net";
import {
  EARLY_REQUESTS_BYTES_MAX,
  EARLY_REQUESTS_MAX,
  HTTP_POST_FRAMES_MAX,
  MESSAGE_BEFORE_LOGIN_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  MESSAGES_AFTER_CLOSE_MAX,
  SEND_QUEUE_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { encodeControl, encodeMessage } from "../../../src/io/http/frames.ts";
import {
  ABSENT_MS_MAX,
  HttpServerLink,
  RESPONSE_MS_MAX,
} from "../../../src/io/http/server-link.ts";
import { FRAME_HEADER_BYTES } from "../../../src/io/link/frame.ts";
import type { Link } from "../../../src/io/link/link.ts";
import { Topics } from "../../../src/io/link/topics.ts";
import { wsDial } from "../../../src/io/ws/dial.ts";
import { listenWs } from "../../../src/io/ws/listener.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { until } from "../../event.ts";
import { numbered, numberOf } from "../link-bench.ts";
import { LinkObserver, turn } from "../link-observer.ts";

const host = "127.0.0.1";
const links: Link[] = [];
const refused: string[] = [];
const listener = listenWs(
  { host, port: 0, tls: false, http: () => new Response("page") },
  {
    accept: () => true,
    acceptsRequest: ({ host }) => {
      refused.push(host);
      return true;
    },
    link: (link) => void links.push(link),
  },
);
const origin = `http://${host}:${listener.port}`;
afterAll(() => listener.stop());

async function opened(): Promise<{ url: string; link: Link; observer: LinkObserver }> {
  const response = await fetch(`${origin}/link`, { method: "POST" });
  const id = await response.text();
  expect(id).toMatch(/^[\da-f]{32}$/);
  const link = links.pop();
  if (link === undefined) throw new Error("no link");
  return { url: `${origin}/link/${id}`, link, observer: new LinkObserver(link) };
}

async function post(url: string, from: number, ...frames: Uint8Array[]): Promise<number> {
  const body = Buffer.concat(frames);
  return (await fetch(`${url}?from=${from}`, { method: "POST", body })).status;
}

const EMPTY = encodeMessage(new Uint8Array());
const frames = (...numbers: number[]) => numbers.map((i) => encodeMessage(numbered(i)));

describe("POSTs", () => {
  test("repeated or overlapping are delivered once", async () => {
    const { url, link, observer } = await opened();
    expect(await post(url, 0, ...frames(0, 1))).toBe(204);
    expect(await post(url, 0, ...frames(0, 1))).toBe(204);
    expect(await post(url, 1, ...frames(1, 2))).toBe(204);
    const all = await Promise.all([1, 2].map(() => post(url, 3, ...frames(3))));
    expect(all).toEqual([204, 204]);
    expect(observer.messages.map(numberOf)).toEqual([0, 1, 2, 3]);
    link.destroy();
  });

  test("out of order are refused, and may be repeated in order", async () => {
    const { url, link, observer } = await opened();
    expect(await post(url, 1, ...frames(1))).toBe(409);
    expect(await post(url, 0, ...frames(0))).toBe(204);
    expect(await post(url, 1, ...frames(1))).toBe(204);
    expect(observer.messages.map(numberOf)).toEqual([0, 1]);
    link.destroy();
  });

  test.each([
    ["of the maximum", MESSAGE_BYTES_MAX, 204],
    ["above the maximum", MESSAGE_BYTES_MAX + 1, 413],
  ])("with a body %s", async (_, sizeBytes, status) => {
    const { url, link, observer } = await opened();
    expect(await post(url, 0, encodeMessage(new Uint8Array(sizeBytes)))).toBe(status);
    expect(observer.messages.length).toBe(status === 204 ? 1 : 0);
    expect(await post(url, observer.messages.length, ...frames(7))).toBe(204);
    link.destroy();
  });

  test.each([
    ["whose frame is incomplete", Uint8Array.of(0, 0, 0, 2, 1), "frame-malformed"],
    ["whose header is incomplete", Uint8Array.of(0, 0), "frame-malformed"],
    ["whose length is too large", Uint8Array.of(0, 0x80, 0, 0), "too-large"],
  ])("%s close the link only", async (_, body, code) => {
    const [bad, good] = [await opened(), await opened()];
    expect(await post(bad.url, 0, ...frames(0), body)).toBe(400);
    expect(bad.observer.messages.map(numberOf)).toEqual([0]);
    // The peer would confirm the close frame in the next response.
    await fetch(bad.url, { method: "DELETE" });
    expect((await bad.observer.closed())?.code).toBe(code as "too-large");
    expect(await post(good.url, 0, ...frames(0))).toBe(204);
    good.link.destroy();
  });

  test.each([
    ["destroy", 404],
    ["close", 400],
  ] as const)("are read up to the frame whose receiver calls %s()", async (end, status) => {
    const response = await fetch(`${origin}/link`, { method: "POST" });
    const url = `${origin}/link/${await response.text()}`;
    const link = links.pop();
    let received = 0;
    link?.receive({
      message: () => {
        received += 1;
        link[end]();
      },
      closed: () => {},
    });
    const tooLong = Uint8Array.of(0, 0x80, 0, 0);
    expect(await post(url, 0, ...frames(0, 1), tooLong)).toBe(status);
    expect(received).toBe(1);
    link?.destroy();
  });

  test("of a closing link are read until the peer's close frame, up to a number", async () => {
    const { url, link, observer } = await opened();
    link.close();
    expect(await post(url, 0, ...frames(0, 1), encodeControl(1000), ...frames(3))).toBe(204);
    expect(await observer.closed()).toBeUndefined();
    const other = await opened();
    other.link.close();
    const flood = Array.from({ length: MESSAGES_AFTER_CLOSE_MAX + 1 }, () => EMPTY);
    expect(await post(other.url, 0, ...flood)).toBe(404);
    await other.observer.closed();
    expect(observer.messages.length + other.observer.messages.length).toBe(0);
  });

  test.each([
    ["the largest number of frames", HTTP_POST_FRAMES_MAX, 204],
    ["a frame more", HTTP_POST_FRAMES_MAX + 1, 400],
  ])("with %s", async (_, count, status) => {
    const { url, link, observer } = await opened();
    const body = Array.from({ length: count }, () => EMPTY);
    expect(await post(url, 0, ...body)).toBe(status);
    expect(observer.messages).toHaveLength(HTTP_POST_FRAMES_MAX);
    link.destroy();
  });

  test("before log-in have smaller bodies and messages", async () => {
    const { url, link, observer } = await opened();
    link.limitMessageBytes?.(MESSAGE_BEFORE_LOGIN_BYTES_MAX);
    const longest = encodeMessage(new Uint8Array(MESSAGE_BEFORE_LOGIN_BYTES_MAX));
    const longestCount = 2 + EARLY_REQUESTS_BYTES_MAX / MESSAGE_BEFORE_LOGIN_BYTES_MAX;
    const emptyCount = 2 + EARLY_REQUESTS_MAX - longestCount;
    const all = [
      ...Array.from({ length: longestCount }, () => longest),
      ...Array.from({ length: emptyCount }, () => EMPTY),
    ];
    expect(await post(url, 0, ...all, Uint8Array.of(0))).toBe(413);
    const chunked = new Response(Buffer.concat([...all, longest])).body;
    const options = { method: "POST", body: chunked, duplex: "half" } as RequestInit;
    expect((await fetch(`${url}?from=0`, options)).status).toBe(413);
    expect(observer.messages).toEqual([]);
    expect(await post(url, 0, ...all)).toBe(204);
    expect(observer.messages).toHaveLength(all.length);
    const tooLong = encodeMessage(new Uint8Array(MESSAGE_BEFORE_LOGIN_BYTES_MAX + 1));
    expect(await post(url, all.length, tooLong)).toBe(400);
    await fetch(url, { method: "DELETE" });
    expect((await observer.closed())?.code).toBe("too-large");
  });

  test("before log-in count towards their address", async () => {
    const { url, link } = await opened();
    const before = refused.length;
    expect(await post(url, 0)).toBe(204);
    expect(refused.length).toBe(before);
    link.limitMessageBytes?.(MESSAGE_BEFORE_LOGIN_BYTES_MAX);
    expect(await post(url, 0)).toBe(204);
    expect(refused.length).toBe(before + 1);
    link.destroy();
  });

  test("to unknown links, other methods and other numbers are refused", async () => {
    const { url, link } = await opened();
    const status = (path: string, options: RequestInit = {}) =>
      fetch(path, options).then((response) => response.status);
    const unknown = `${origin}/link/${"0".repeat(32)}`;
    for (const method of ["GET", "POST", "DELETE"]) {
      expect(await status(`${unknown}?from=0`, { method })).toBe(404);
      expect(await status(`${url.toUpperCase().replace(/.*LINK/, `${origin}/link`)}x`)).toBe(404);
    }
    expect(await status(`${origin}/link`)).toBe(405);
    expect(await status(`${url}?from=0`, { method: "PUT" })).toBe(405);
    for (const from of ["", "from=", "from=-1", "from=1e3", "from=x"]) {
      expect(await status(`${url}?${from}`)).toBe(400);
    }
    link.destroy();
  });

  test("from another origin are refused", async () => {
    const { url, link, observer } = await opened();
    const headers = { origin: "https://evil.example" };
    const before = links.length;
    for (const method of ["GET", "POST", "DELETE"]) {
      expect((await fetch(`${url}?from=0`, { method, headers })).status).toBe(403);
    }
    expect((await fetch(`${origin}/link`, { method: "POST", headers })).status).toBe(403);
    expect([links.length, observer.closedCount]).toEqual([before, 0]);
    link.destroy();
  });

  test("in progress are limited to two per link", async () => {
    const { url, link } = await opened();
    const bodies = [1, 2].map(() => new TransformStream<Uint8Array, Uint8Array>());
    const begun = bodies.map(({ readable }) => {
      const options = { method: "POST", body: readable, duplex: "half" };
      return fetch(`${url}?from=0`, options as RequestInit).then(({ status }) => status);
    });
    const writers = bodies.map(({ writable }) => writable.getWriter());
    for (const writer of writers) await writer.write(encodeMessage(numbered(0)));
    await until("a third POST is refused", async () => (await post(url, 0)) === 429);
    for (const writer of writers) await writer.close();
    expect(await Promise.all(begun)).toEqual([204, 204]);
    expect(await post(url, 1, ...frames(1))).toBe(204);
    link.destroy();
  });

  test("have a limit per link instead of one per address", async () => {
    const { url, link } = await opened();
    const before = refused.length;
    const statuses = new Set<number>();
    for (let i = 0; i < 2_000 && !statuses.has(429); i++) statuses.add(await post(url, 0));
    expect([...statuses]).toEqual([204, 429]);
    expect(refused.length).toBe(before);
    const other = await opened();
    expect(await post(other.url, 0)).toBe(204);
    link.destroy();
    other.link.destroy();
  });
});

describe("topics", () => {
  test("reach links of both kinds, also above the number of direct sends", async () => {
    const http = await Promise.all(Array.from({ length: 20 }, opened));
    const dial = wsDial({ tls: false });
    const sockets: LinkObserver[] = [];
    for (let i = 0; i < 20; i++) {
      sockets.push(new LinkObserver(await dial({ host, port: listener.port, timeoutMs: 5_000 })));
    }
    const accepted = links.splice(0);
    for (const link of accepted) link.receive({ message: () => {}, closed: () => {} });
    const all = [...accepted, ...http.map(({ link }) => link)];
    expect(all.length).toBe(40);
    for (const link of all) link.follow("room");
    listener.publish("room", numbered(5));
    for (const observer of sockets) await observer.count(1);
    for (const { url, link } of http) {
      const response = await fetch(`${url}?from=0&poll`);
      expect(numberOf((await response.bytes()).subarray(FRAME_HEADER_BYTES))).toBe(5);
      expect(link.counters()).toMatchObject({ sentMessages: 1, sentBytes: 8 });
    }
    for (const link of all) link.destroy();
  });
});

describe("GETs", () => {
  const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

  test("the later of two ends the earlier; no frame is lost or doubled", async () => {
    const { url, link } = await opened();
    const first = await fetch(`${url}?from=0`);
    link.send(numbered(1));
    await turn();
    const second = await fetch(`${url}?from=1`);
    const started = FRAME_HEADER_BYTES;
    const message = FRAME_HEADER_BYTES + 8;
    expect((await bytesOf(first)).length).toBe(started + message);
    link.send(numbered(2));
    link.close();
    await turn();
    expect(await post(url, 0, encodeControl(1000))).toBe(204);
    const last = await bytesOf(second);
    expect(last.length).toBe(started + message + FRAME_HEADER_BYTES);
    expect(numberOf(last.subarray(started + FRAME_HEADER_BYTES))).toBe(2);
    link.destroy();
  });

  test("repeat unacknowledged frames; other numbers are refused", async () => {
    const { url, link } = await opened();
    link.send(numbered(1));
    link.send(numbered(2));
    const poll = async (from: number) => {
      const response = await fetch(`${url}?from=${from}&poll`);
      return response.ok ? (await bytesOf(response)).length : response.status;
    };
    const message = FRAME_HEADER_BYTES + 8;
    expect(await poll(0)).toBe(2 * message);
    expect(await poll(0)).toBe(2 * message);
    expect(await poll(1)).toBe(message);
    expect(await poll(0)).toBe(409);
    expect(await poll(3)).toBe(409);
    const waiting = poll(2);
    await turn();
    link.send(numbered(3));
    expect(await waiting).toBe(message);
    link.destroy();
  });

  test("a reader that never reads is closed at the bound", async () => {
    const { url, link, observer } = await opened();
    const socket = new Socket();
    socket.pause();
    socket.connect(listener.port, host);
    const { pathname } = new URL(url);
    socket.write(`GET ${pathname}?from=0 HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    let sentBytes = 0;
    const message = new Uint8Array(256 * 1024);
    while (link.send(message)) {
      sentBytes += message.length;
      expect(sentBytes).toBeLessThan(SEND_QUEUE_BYTES_MAX);
      await turn();
    }
    expect((await observer.closed())?.message).toContain("too slowly");
    socket.destroy();
  });

  test("end after a while, and a peer without one loses its link", async () => {
    const clock = new VirtualClock();
    const remote = { host, port: 1 };
    const certificateHash = new Uint8Array(32);
    const topics = new Topics<HttpServerLink>();
    const onClosed = () => {};
    const link = new HttpServerLink({ remote, certificateHash, topics, clock, onClosed });
    const observer = new LinkObserver(link);
    for (let round = 0; round < 3; round++) {
      await clock.advance(ABSENT_MS_MAX - 1);
      const response = await link.respond(0, false, new AbortController().signal);
      await clock.advance(RESPONSE_MS_MAX);
      expect((await bytesOf(response)).length).toBe(FRAME_HEADER_BYTES);
    }
    const abort = new AbortController();
    void link.respond(0, false, abort.signal);
    abort.abort();
    await clock.advance(ABSENT_MS_MAX - 1);
    expect(observer.closedCount).toBe(0);
    await clock.advance(1);
    expect((await observer.closed())?.code).toBe("link-closed");
  });
});
