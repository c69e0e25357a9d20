/** Options of a UDP socket that Bun (1.4.4) cannot set, set through the system's C library. */

// Only on Linux; elsewhere, and if the library cannot be opened, sockets stay as they are.

import { dlopen, FFIType, ptr } from "bun:ffi";
import { readdirSync } from "node:fs";
import { UDP_RECEIVE_BUFFER_BYTES } from "../../base/limits.ts";

// Linux, on every processor that Bun runs on.
const AF_INET = 2;
const AF_INET6 = 10;
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
    system.set(fd, SOL_SOCKET, SO_RCVBUF, UDP_RECEIVE_BUFFER_BYTES);
    // Beyond the system's limit; needs the right to administer the network.
    system.set(fd, SOL_SOCKET, SO_RCVBUFFORCE, UDP_RECEIVE_BUFFER_BYTES);
    system.set(fd, IPPROTO_IP, IP_RECVERR, 0);
    if (where.family === "ipv6") system.set(fd, IPPROTO_IPV6, IPV6_RECVERR, 0);
    return system.get(fd, SOL_SOCKET, SO_RCVBUF);
  });
}

/** Reads the same size without changing anything. @internal */
export function receiveBufferBytes(where: UdpPlace): number | undefined {
  return withSocket(where, (system, fd) => system.get(fd, SOL_SOCKET, SO_RCVBUF));
}

function withSocket(
  where: UdpPlace,
  use: (system: System, fd: number) => number | undefined,
): number | undefined {
  const system = openSystem();
  if (system === undefined) return undefined;
  try {
    const fd = findSocket(system, where);
    return fd === undefined ? undefined : use(system, fd);
  } catch {
    return undefined; // No descriptor is left to list them with.
  } finally {
    system.close();
  }
}

interface System {
  set(fd: number, level: number, name: number, value: number): void;
  get(fd: number, level: number, name: number): number | undefined;
  /** Family and port; `undefined` if the descriptor is not a socket with an address. */
  nameOf(fd: number): { readonly family: number; readonly port: number } | undefined;
  close(): void;
}

function openSystem(): System | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    return new LinuxSystem();
  } catch {
    return undefined; // Another C library: everything works, only slower under load.
  }
}

function openLibrary() {
  const { i32, ptr: pointer, u32 } = FFIType;
  return dlopen("libc.so.6", {
    setsockopt: { args: [i32, i32, i32, pointer, u32], returns: i32 },
    getsockopt: { args: [i32, i32, i32, pointer, pointer], returns: i32 },
    getsockname: { args: [i32, pointer, pointer], returns: i32 },
  });
}

class LinuxSystem implements System {
  readonly #library = openLibrary();

  set(fd: number, level: number, name: number, value: number): void {
    const option = Int32Array.of(value);
    this.#library.symbols.setsockopt(fd, level, name, ptr(option), option.byteLength);
  }

  get(fd: number, level: number, name: number): number | undefined {
    const option = new Int32Array(1);
    const size = Uint32Array.of(option.byteLength);
    const failed = this.#library.symbols.getsockopt(fd, level, name, ptr(option), ptr(size));
    return failed === 0 ? option[0] : undefined;
  }

  nameOf(fd: number): { family: number; port: number } | undefined {
    const name = new Uint8Array(128); // A sockaddr_storage.
    const size = Uint32Array.of(name.length);
    if (this.#library.symbols.getsockname(fd, ptr(name), ptr(size)) !== 0) return undefined;
    const view = new DataView(name.buffer);
    return { family: view.getUint16(0, true), port: view.getUint16(2) };
  }

  close(): void {
    this.#library.close();
  }
}

function findSocket(system: System, { family, port }: UdpPlace): number | undefined {
  const wanted = family === "ipv4" ? AF_INET : AF_INET6;
  for (const entry of readdirSync("/proc/self/fd")) {
    const fd = Number(entry);
    const name = system.nameOf(fd);
    if (name?.family !== wanted || name.port !== port) continue;
    if (system.get(fd, SOL_SOCKET, SO_TYPE) === SOCK_DGRAM) return fd;
  }
  return undefined;
}
