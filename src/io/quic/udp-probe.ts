/** Probe that detects closed UDP ports. */

import type { Address } from "../link/link.ts";

/** QUIC servers ignore a probe, because it is too short for a packet. */
const PROBE = new Uint8Array(1);

/**
 * Detects refusals, which Bun's QUIC (1.4.4) does not report, so that a dial need not wait for its
 * timeout. Many machines never send a refusal.
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
      hostname: remote.host.includes(":") ? "::" : "0.0.0.0",
      connect: { hostname: remote.host, port: remote.port },
      socket: { error: (...errors: unknown[]) => onError(...errors) },
    });
    try {
      socket.send(PROBE);
    } catch (error) {
      onError(error);
    }
    return () => socket.close();
  } catch {
    return () => {};
  }
}
