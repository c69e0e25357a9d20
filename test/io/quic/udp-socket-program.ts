/**
 * Run as a process of its own by udp-socket.test.ts: what an ICMP refusal does to a socket without
 * an `error` handler, and what loading QUIC prints.
 */
import { makeCertificate } from "../../../src/crypto/certificate.ts";
import { listenQuic } from "../../../src/io/quic/listener.ts";

async function refusal(): Promise<void> {
  const socket = await Bun.udpSocket({ hostname: "127.0.0.1", socket: { data: () => {} } });
  // Sending goes on until the refusal of an earlier datagram has come back.
  for (let i = 0; i < 1_000; i++) {
    socket.send("x", 1, "127.0.0.1");
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.close();
}

async function quiet(): Promise<void> {
  const tls = await makeCertificate();
  const events = { accept: () => true, link: () => {} };
  const listener = listenQuic({ host: "127.0.0.1", port: 0, tls }, events);
  process.emitWarning("another one", "ExperimentalWarning");
  await listener.stop();
}

if (process.argv[2] === "refusal") await refusal();
else await quiet();
