/** UDP socket options that Bun (1.4.4) cannot set, set through libc on Linux. */

import { readdirSync } from "node:fs";
import { UDP_RECEIVE_BUFFER_BYTES } from "../../base/limits.ts";
import { LinuxSockets } from "../ws/linux-sockets.ts";

const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const IPPROTO_IP = 0;
const IP_RECVERR = 11;
const IPPROTO_IPV6 = 41;
const IPV6_RECVERR = 25;

export interface UdpSocketAddress {
  readonly family: "ipv4" | "ipv6";
  readonly port: number;
}

/**
 * Enlarges the receive buffer to UDP_RECEIVE_BUFFER_BYTES and disables ICMP errors. With ICMP
 * errors, which Bun enables, sending fails after any peer refuses a packet, and the packet is
 * retransmitted only after 1 s.
 * @returns the size that the kernel reports (twice the requested one)
 */
export function tuneUdpSocket(address: UdpSocketAddress): number | undefined {
  return withSocket(address, (system, fd) => {
    system.setOption(fd, SOL_SOCKET, SO_RCVBUF, UDP_RECEIVE_BUFFER_BYTES);
    // SO_RCVBUFFORCE may exceed the system's limit, but needs CAP_NET_ADMIN.
    system.setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, UDP_RECEIVE_BUFFER_BYTES);
    system.setOption(fd, IPPROTO_IP, IP_RECVERR, 0);
    if (address.family === "ipv6") system.setOption(fd, IPPROTO_IPV6, IPV6_RECVERR, 0);
    return system.option(fd, SOL_SOCKET, SO_RCVBUF);
  });
}

/** @internal */
export function receiveBufferBytes(address: UdpSocketAddress): number | undefined {
  return withSocket(address, (system, fd) => system.option(fd, SOL_SOCKET, SO_RCVBUF));
}

function withSocket(
  address: UdpSocketAddress,
  use: (system: LinuxSockets, fd: number) => number | undefined,
): number | undefined {
  using system = LinuxSockets.open();
  try {
    const fd = system && findSocket(system, address);
    return system && fd && use(system, fd);
  } catch {
    return undefined; // No descriptor is free to list the descriptors.
  }
}

function findSocket(system: LinuxSockets, { family, port }: UdpSocketAddress): number | undefined {
  return readdirSync("/proc/self/fd")
    .map(Number)
    .find((fd) => {
      const name = system.localName(fd);
      const isAt = name?.family === family && name.port === port;
      return isAt && system.option(fd, SOL_SOCKET, SO_TYPE) === SOCK_DGRAM;
    });
}
