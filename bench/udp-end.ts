/**
 * Server and client of one link: `server HOST` prints its port; `client TRANSPORT HOST PORT
 * CONGESTION SECONDS` fills a data channel while it sends small messages, and prints the results.
 */
import { makeCertificate } from "../src/crypto/certificate.ts";
import type { Dial, Link, ListenerEvents } from "../src/io/link/link.ts";
import { QuicDialer } from "../src/io/quic/dial.ts";
import { listenQuic } from "../src/io/quic/listener.ts";
import { wsDial } from "../src/io/ws/dial.ts";
import { listenWs } from "../src/io/ws/listener.ts";
import { percentile } from "./samples.ts";

export interface Outcome {
  readonly megabytesPerS: number;
  readonly echoP99Ms: number;
  readonly echoP50Ms: number;
}

export interface ConnectionCost {
  readonly connectMs: number;
  readonly idleBytes: number;
}

const CHUNK_BYTES = 256 * 1024;
const QUEUE_BYTES = 1 << 20;
const ECHO_INTERVAL_MS = 50;
const CONNECTS = 51;
const IDLE_LINKS = 200;
const SMALL_BYTES = 64;

async function serve(host: string, congestion: "bbr" | "cubic"): Promise<void> {
  const tls = await makeCertificate();
  const events: ListenerEvents = {
    accept: () => true,
    link: (link) =>
      link.receive({
        message: (bytes) =>
          link.send(
            bytes.length <= SMALL_BYTES ? bytes : new Uint8Array(new Uint32Array(1).buffer),
          ),
        closed: () => {},
      }),
  };
  const http = () => new Response("");
  const { port } = listenWs({ host, port: 0, tls, http }, events);
  listenQuic({ host, port, tls, congestion }, events);
  process.stdout.write(`${port}\n`);
  process.stdin.on("end", () => process.exit(0)).resume();
}

function dialOf(transport: string, congestion: "bbr" | "cubic"): Dial {
  return transport === "udp" ? new QuicDialer({ congestion }).dial : wsDial();
}

async function transfer(link: Link, seconds: number): Promise<Outcome> {
  const echoMs: number[] = [];
  link.receive({
    message: (bytes) => {
      const [sentAt = 0] = new Float64Array(bytes.slice().buffer);
      echoMs.push(performance.now() - sentAt);
    },
    closed: (fault) => process.stderr.write(`the link ended: ${fault}\n`),
  });
  const channel = await link.openChannel();
  let acked = 0;
  channel.receive({ message: () => acked++, closed: () => {} });
  const timer = setInterval(
    () => link.send(new Uint8Array(new Float64Array([performance.now()]).buffer)),
    ECHO_INTERVAL_MS,
  );
  const chunk = crypto.getRandomValues(new Uint8Array(CHUNK_BYTES / 4));
  const message = new Uint8Array(CHUNK_BYTES);
  for (let at = 0; at < CHUNK_BYTES; at += chunk.length) message.set(chunk, at);
  const startedAt = performance.now();
  const until = startedAt + seconds * 1_000;
  while (performance.now() < until) {
    channel.send(message);
    if (channel.queuedBytes() > QUEUE_BYTES)
      await Promise.race([channel.drained(), Bun.sleep(until - performance.now())]);
    else await Bun.sleep(0);
  }
  const elapsedS = (performance.now() - startedAt) / 1_000;
  clearInterval(timer);
  const megabytesPerS = (acked * CHUNK_BYTES) / 1e6 / elapsedS;
  return { megabytesPerS, echoP99Ms: percentile(echoMs, 0.99), echoP50Ms: percentile(echoMs, 0.5) };
}

async function measureConnections(dial: Dial, host: string, port: number): Promise<ConnectionCost> {
  const connect = () => dial({ host, port, timeoutMs: 10_000 });
  const times: number[] = [];
  for (let i = 0; i < CONNECTS; i++) {
    const startedAt = performance.now();
    const link = await connect();
    const echo = Promise.withResolvers<void>();
    link.receive({ message: () => echo.resolve(), closed: () => {} });
    link.send(new Uint8Array(SMALL_BYTES));
    await echo.promise;
    times.push(performance.now() - startedAt);
    link.destroy();
  }
  Bun.gc(true);
  const before = process.memoryUsage().rss;
  const links: Link[] = [];
  for (let i = 0; i < IDLE_LINKS; i++) {
    const link = await connect();
    link.receive({ message: () => {}, closed: () => {} });
    links.push(link);
  }
  Bun.gc(true);
  const idleBytes = (process.memoryUsage().rss - before) / links.length;
  return { connectMs: percentile(times, 0.5), idleBytes };
}

const [role, ...args] = process.argv.slice(2);
if (role === "server") {
  const [host = "", congestion] = args;
  await serve(host, congestion === "cubic" ? "cubic" : "bbr");
} else if (role === "client") {
  const [transport = "", host = "", port = "", congestion, seconds = "0"] = args;
  const dial = dialOf(transport, congestion === "cubic" ? "cubic" : "bbr");
  const isOpening = Number(seconds) === 0;
  const outcome = isOpening
    ? await measureConnections(dial, host, Number(port))
    : await transfer(await dial({ host, port: Number(port), timeoutMs: 10_000 }), Number(seconds));
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
  process.exit(0);
}
