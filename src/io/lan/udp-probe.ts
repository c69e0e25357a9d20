/** Asks the system and the network about an address with one datagram. */

import { errorCode } from "../disk/disk.ts";
import type { Address } from "../link/link.ts";

export interface ProbeAnswer {
  /** Code of the system, such as `ECONNREFUSED`. */
  readonly code: string;
  /** Whether the system refused to connect the socket, before anything was sent. */
  readonly isLocal: boolean;
  readonly cause: unknown;
}

/** QUIC servers ignore a probe, because it is too short for a packet. */
const PROBE = new Uint8Array(1);

/**
 * Detects what Bun's QUIC (1.4.4) does not report, so that a dial need not wait for its timeout.
 * Many machines never send a refusal.
 * @returns a function that ends the probe
 */
export async function probeUdp(
  { host, port }: Address,
  onAnswer: (answer: ProbeAnswer) => void,
): Promise<() => void> {
  const report = (cause: unknown, isLocal: boolean) => {
    const code = isLocal ? routeCode(cause) : errorCode(cause);
    if (code !== "") onAnswer({ code, isLocal, cause });
  };
  try {
    const socket = await connectUdp({ host, port }, (...errors) => {
      for (const error of errors) report(error, false);
    });
    try {
      socket.send(PROBE);
    } catch (error) {
      report(error, false);
    }
    return () => socket.close();
  } catch (error) {
    report(error, true);
    return () => {};
  }
}

/** Code of a failed `connectUdp`. Linux has a type of routes with the code of a missing host. */
export function routeCode(error: unknown): string {
  const code = errorCode(error);
  return code === "EHOSTUNREACH" ? "ENETUNREACH" : code;
}

/**
 * Connects a UDP socket, which looks up the route without sending a datagram.
 * @throws {Error} with the code of the system if there is no route
 */
export async function connectUdp(
  { host, port }: Address,
  onError: (...errors: unknown[]) => void = () => {},
) {
  return await Bun.udpSocket({
    hostname: host.includes(":") ? "::" : "0.0.0.0",
    connect: { hostname: host, port },
    socket: { error: (...errors: unknown[]) => onError(...errors) },
  });
}
