/** Finds out whether a UDP port answers. */

import type { Address } from "../link/link.ts";

/** A datagram that no QUIC server answers: it is too short to be one of its packets. */
const QUESTION = new Uint8Array(1);

/**
 * Asks whether a UDP port is dead, so that a dial need not wait for its time-out: QUIC in Bun 1.4.4
 * does not tell of refusals. Silence says nothing: many machines never refuse.
 * @param onRefused called when the other machine says that the port is closed
 * @returns what ends the asking
 */
export async function probeUdp(remote: Address, onRefused: () => void): Promise<() => void> {
  const onError = (...found: unknown[]) => {
    for (const error of found) {
      if (error instanceof Error && "code" in error && error.code === "ECONNREFUSED") onRefused();
    }
  };
  try {
    const socket = await Bun.udpSocket({
      hostname: remote.host.includes(":") ? "::" : "0.0.0.0", // Bun (1.4.4) takes IPv4 otherwise.
      connect: { hostname: remote.host, port: remote.port },
      // Bun (1.4.4) gives the error alone; its types say that the socket comes first.
      socket: { error: (...found: unknown[]) => onError(...found) },
    });
    try {
      socket.send(QUESTION);
    } catch (error) {
      onError(error);
    }
    return () => socket.close();
  } catch {
    return () => {}; // There is no way to that machine: QUIC finds out, too.
  }
}
