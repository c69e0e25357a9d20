/** Options of a UDP socket that Bun (1.4.4) cannot set, set through the system's C library. */

// Only on Linux; elsewhere, and if the library cannot be opened, sockets stay as they are.

import { readdirSync } from "node:fs";
import { UDP_RECEIVE_BUFFER_BYTES } from "../../base/limits.ts";
import { LinuxSockets } from "../ws/linux-sockets.ts";

// Linux, on every processor that Bun runs on.
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const IPPROTO_IP = 0;
const IP_RECVERR = 11;
const IPPROTO_IPV6 = 41;
const IPV6_RECVERR = 25;

export interface UdpPlace {
  readonly family: "ipv4" | "ipv6";
  readonly port: number;
}

/**
 * Gives this process's UDP socket a receive buffer of UDP_RECEIVE_BUFFER_BYTES, as far as the
 * system allows, and disables ICMP errors: Bun enables them, and an old refusal then makes the next
 * packet to another peer fail (1 s until it is retransmitted).
 * @returns the size that the kernel reports (twice the requested one), or undefined
 */
export function tuneUdpSocket(where: UdpPlace): number | undefined {
  return withSocket(where, (system, fd) => {
    system.setOption(fd, SOL_SOCKET, SO_RCVBUF, UDP_RECEIVE_BUFFER_BYTES);
    // Beyond the system's limit; needs the right to administer the network.
    system.setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, UDP_RECEIVE_BUFFER_BYTES);
    system.setOption(fd, IPPROTO_IP, IP_RECVERR, 0);
    if (where.family === "ipv6") system.setOption(fd, IPPROTO_IPV6, IPV6_RECVERR, 0);
    return system.option(fd, SOL_SOCKET, SO_RCVBUF);
  });
}

/** Reads the same size without changing anything. @internal */
export function receiveBufferBytes(where: UdpPlace): number | undefined {
  return withSocket(where, (system, fd) => system.option(fd, SOL_SOCKET, SO_RCVBUF));
}

function withSocket(
  where: UdpPlace,
  use: (system: LinuxSockets, fd: number) => number | undefined,
): number | undefined {
  using system = LinuxSockets.open();
  try {
    const fd = system && findSocket(system, where);
    return system && fd && use(system, fd);
  } catch {
    return undefined; // No descriptor is left to list them with.
  }
}

function findSocket(system: LinuxSockets, { family, port }: UdpPlace): number | undefined {
  return readdirSync("/proc/self/fd")
    .map(Number)
    .find((fd) => {
      const name = system.localName(fd);
      const isAt = name?.family === family && name.port === port;
      return isAt && system.option(fd, SOL_SOCKET, SO_TYPE) === SOCK_DGRAM;
    });
}
