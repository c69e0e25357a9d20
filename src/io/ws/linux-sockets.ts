/** Socket system calls and UDP options that Bun (1.4.4) does not offer. Linux only. */

import { dlopen, FFIType, ptr } from "bun:ffi";
import { readdirSync } from "node:fs";
import { UDP_RECEIVE_BUFFER_BYTES } from "../../base/limits.ts";
import type { Address } from "../link/link.ts";
import { normalizeAddress } from "./address.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SHUT_RDWR = 2;
const NAME_BYTES = 128;

export interface SocketName extends Address {
  readonly family: "ipv4" | "ipv6";
}

type NameCall = (fd: number, name: ReturnType<typeof ptr>, size: ReturnType<typeof ptr>) => number;

function openLibrary() {
  const { i32, ptr: pointer, u32 } = FFIType;
  return dlopen("libc.so.6", {
    getpeername: { args: [i32, pointer, pointer], returns: i32 },
    getsockname: { args: [i32, pointer, pointer], returns: i32 },
    getsockopt: { args: [i32, i32, i32, pointer, pointer], returns: i32 },
    setsockopt: { args: [i32, i32, i32, pointer, u32], returns: i32 },
    shutdown: { args: [i32, i32], returns: i32 },
  });
}

export class LinuxSockets {
  readonly #library = openLibrary();
  readonly #name = new Uint8Array(NAME_BYTES);
  readonly #size = new Uint32Array(1);

  static open(): LinuxSockets | undefined {
    if (process.platform !== "linux") return undefined;
    try {
      return new LinuxSockets();
    } catch {
      return undefined;
    }
  }

  localName(fd: number): SocketName | undefined {
    return this.#read(this.#library.symbols.getsockname, fd);
  }

  peerName(fd: number): SocketName | undefined {
    return this.#read(this.#library.symbols.getpeername, fd);
  }

  shutdown(fd: number): void {
    this.#library.symbols.shutdown(fd, SHUT_RDWR);
  }

  setOption(fd: number, level: number, name: number, value: number): void {
    const option = Int32Array.of(value);
    this.#library.symbols.setsockopt(fd, level, name, ptr(option), option.byteLength);
  }

  option(fd: number, level: number, name: number): number | undefined {
    const option = new Int32Array(1);
    const size = Uint32Array.of(option.byteLength);
    const failed = this.#library.symbols.getsockopt(fd, level, name, ptr(option), ptr(size));
    return failed === 0 ? option[0] : undefined;
  }

  [Symbol.dispose](): void {
    this.#library.close();
  }

  #read(call: NameCall, fd: number): SocketName | undefined {
    this.#size[0] = NAME_BYTES;
    if (call(fd, ptr(this.#name), ptr(this.#size)) !== 0) return undefined;
    const view = new DataView(this.#name.buffer);
    const port = view.getUint16(2);
    const family = view.getUint16(0, true);
    if (family === AF_INET) {
      return { family: "ipv4", host: this.#name.subarray(4, 8).join("."), port };
    }
    if (family !== AF_INET6) return undefined;
    if (view.getUint32(8) === 0 && view.getUint32(12) === 0 && view.getUint32(16) === 0xffff) {
      return { family: "ipv6", host: this.#name.subarray(20, 24).join("."), port };
    }
    const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(8 + 2 * i).toString(16));
    const { hostname } = new URL(`http://[${groups.join(":")}]`);
    return { family: "ipv6", ...normalizeAddress(hostname.slice(1, -1), port) };
  }
}

const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const IPPROTO_IP = 0;
const IP_RECVERR = 11;
const IP_MULTICAST_ALL = 49;
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

/**
 * Ignores datagrams of interfaces on which only other sockets have joined the group: Linux delivers
 * them, so that a socket would get a datagram once from each card in the same network.
 */
export function receiveOnlyJoined(address: UdpSocketAddress): void {
  withSocket(address, (system, fd) => {
    system.setOption(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
    return undefined;
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
