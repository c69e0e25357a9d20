/** Finds out whether a UDP port answers. */

import type { Address } from "../link/link.ts";

/** A datagram that no QUIC server answers: it is too short for a packet. */
const QUESTION = new Uint8Array(1);

/**
 * Probes whether a UDP port is closed, so that a dial need not wait for its timeout: QUIC in Bun
 * 1.4.4 does not report refusals. Silence proves nothing: many machines never refuse.
 * @param onRefused called if the other machine reports that the port is closed
 * @returns a function that ends the probe
 */
export async function probeUdp(remote: Address, onRefused: () => void): Promise<() => void> {
  const onError = (...found: unknown[]) => {
    for (const error of found) {
      if (error instanceof Error && "code" in error && error.code === "ECONNREFUSED") onRefused();
    }
  };
  try {
    const socket = await Bun.udpSocket({
      hostname: remote.host.includes(":") ? "::" : "0.0.0.0", // Bun (1.4.4) defaults to IPv4.
      connect: { hostname: remote.host, port: remote.port },
      // Bun (1.4.4) passes only the error; its types say that the socket comes first.
      socket: { error: (...found: unknown[]) => onError(...found) },
    });
    try {
      socket.send(QUESTION);
    } catch (error) {
      onError(error);
    }
    return () => socket.close();
  } catch {
    return () => {}; // There is no route: QUIC finds out, too.
  }
}
