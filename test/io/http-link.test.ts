import { expect, test } from "bun:test";
import { makeCertificate } from "../../src/crypto/certificate.ts";
import { systemClock } from "../../src/io/clock.ts";
import type { Link } from "../../src/io/link/link.ts";
import { wsDial } from "../../src/io/ws/dial.ts";
import { listenWs } from "../../src/io/ws/listener.ts";
import { dialHttp } from "../../src/web/browser/http-link.ts";
import { DEADLINE_MS } from "../event.ts";
import { linkCompliance } from "./link/link-compliance.ts";
import { numbered, numberOf } from "./link-bench.ts";
import { LinkObserver } from "./link-observer.ts";

const tls = await makeCertificate();
const host = "127.0.0.1";
const http = () => new Response("page");
const clock = systemClock();

interface Gate {
  opened: Promise<void>;
}

const gates = new WeakMap<Link, Gate>();

/** Passes the bytes of responses on while the gate is open. */
function gated({ body, status }: Response, gate: Gate): Response {
  if (body === null) return new Response(null, { status });
  const pass = new TransformStream<Uint8Array, Uint8Array>({
    transform: async (chunk, controller) => {
      await gate.opened;
      controller.enqueue(chunk);
    },
  });
  return new Response(body.pipeThrough(pass), { status });
}

function dialThrough(gate: Gate, port: number, isBuffering: boolean): Promise<Link> {
  return dialHttp({
    fetch: async (url, options) => {
      const request = { ...options, tls: { rejectUnauthorized: false } };
      return gated(await fetch(url, request), gate);
    },
    origin: `https://${host}:${port}`,
    host,
    clock,
    channelsMax: 8,
    network: { pollsUntil: isBuffering ? Number.POSITIVE_INFINITY : 0 },
  });
}

function compliance(name: string, isBuffering: boolean): void {
  linkCompliance(name, {
    listen: (events) => listenWs({ host, port: 0, tls, http }, events),
    dial: async ({ port }) => {
      const gate: Gate = { opened: Promise.resolve() };
      const link = await dialThrough(gate, port, isBuffering);
      gates.set(link, gate);
      return link;
    },
    stall: (client) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const gate = gates.get(client);
      if (gate !== undefined) gate.opened = promise;
      return resolve;
    },
    sever: (client) => client.destroy(),
  });
}

compliance("http", false);
compliance("http polling", true);

test("100 links at once receive what each of them sends", async () => {
  const listener = listenWs(
    { host, port: 0, tls, http },
    {
      accept: () => true,
      link: (link) => {
        link.follow("room");
        link.receive({ message: (bytes) => listener.publish("room", bytes), closed: () => {} });
      },
    },
  );
  const gate = { opened: Promise.resolve() };
  const clients = await Promise.all(
    Array.from({ length: 100 }, () => dialThrough(gate, listener.port, false)),
  );
  const observers = clients.map((link) => new LinkObserver(link));
  for (const [i, link] of clients.entries()) link.send(numbered(i));
  for (const observer of observers) {
    await observer.count(clients.length);
    const numbers = observer.messages.map(numberOf);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(clients.map((_, i) => i));
  }
  for (const link of clients) link.destroy();
  await listener.stop();
});

test.each(["streaming", "polling"])(
  "a new certificate closes neither a %s link nor a WebSocket",
  async (kind) => {
    const listener = listenWs(
      { host, port: 0, tls, http },
      {
        accept: () => true,
        link: (link) => {
          link.follow("room");
          link.receive({ message: (bytes) => listener.publish("room", bytes), closed: () => {} });
        },
      },
    );
    const { port } = listener;
    const gate = { opened: Promise.resolve() };
    const links = [
      await dialThrough(gate, port, kind === "polling"),
      await wsDial()({ host, port, timeoutMs: DEADLINE_MS }),
    ];
    const observers = links.map((link) => new LinkObserver(link));
    let count = 0;
    const exchange = async () => {
      for (const link of links) {
        link.send(numbered(count++));
        await Promise.all(observers.map((observer) => observer.count(count)));
      }
    };
    await exchange();
    for (const name of ["next.example", "last.example"]) {
      listener.setCertificate?.(await makeCertificate([name]));
      await exchange();
    }
    for (const { messages, closedCount } of observers) {
      expect([messages.map(numberOf), closedCount]).toEqual([[0, 1, 2, 3, 4, 5], 0]);
    }
    for (const link of links) link.destroy();
    await listener.stop();
  },
);
