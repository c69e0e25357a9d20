/** Probe that detects closed UDP ports. */

import type { Address } from "../link/link.ts";

/** Content of a probe, too short for a QUIC packet, so that QUIC servers ignore it. */
const PROBE = new Uint8Array(1);

/**
 * Detects a closed UDP port, so that a dial need not wait for its timeout. Bun's QUIC (1.4.4) does
 * not report refusals, and many machines never send a refusal.
 * @param onRefused called if the remote machine reports that the port is closed
 * @returns a function that ends the probe
 */
export async function probeUdp(remote: Address, onRefused: () => void): Promise<() => void> {
  const onError = (...errors: unknown[]) => {
    for (const error of errors) {
      if (error instanceof Error && "code" in error && error.code === "ECONNREFUSED") onRefused();
    }
  };
  try {
    const socket = await Bun.udpSocket({
      hostname: remote.host.includes(":") ? "::" : "0.0.0.0", // Bun (1.4.4) defaults to IPv4.
      connect: { hostname: remote.host, port: remote.port },
      // Bun (1.4.4) passes only the error, contrary to its types.
      socket: { error: (...errors: unknown[]) => onError(...errors) },
    });
    try {
      socket.send(PROBE);
    } catch (error) {
      onError(error);
    }
    return () => socket.close();
  } catch {
    return () => {}; // There is no route. The QUIC dial reports this.
  }
}
