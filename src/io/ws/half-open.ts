/** Detects accepted connections of a Bun listener that have not sent a request yet. */

// Bun (1.4.4) has no hook before the request, and closes them only after `idleTimeout`; so they are
// found among the descriptors of the process, through the system's C library. Only on Linux.

import {
  FIRST_REQUEST_TIMEOUT_MS,
  HALF_OPEN_CHECK_INTERVAL_MS,
  HALF_OPEN_CHECK_SHORT_INTERVAL_MS,
  HALF_OPEN_PER_ADDRESS_MAX,
  HALF_OPEN_WHEN_SHORT_MAX,
} from "../../base/limits.ts";
import type { Address } from "../link/link.ts";
import { isLoopback } from "./address.ts";
import { LinuxSockets } from "./linux-sockets.ts";

/** The system assigns the lowest free descriptor: after such a gap there are no more. */
const GAP = 1_024;
/** Maximum share of the time spent on scans. */
const LOOK_SHARE = 0.01;

export interface OpenSocket {
  readonly descriptor: number;
  readonly remote: Address;
}

export interface Sockets {
  /** Connected sockets with this local port. */
  at(port: number): OpenSocket[];
  /** Shuts down a connection both ways; its owner then closes it. */
  shutdown(descriptor: number): void;
}

/** @returns `undefined` on systems other than Linux, and with other C libraries */
export function openSockets(): Sockets | undefined {
  const system = LinuxSockets.open();
  if (system === undefined) return undefined;
  return {
    at: (port) => {
      const found: OpenSocket[] = [];
      let last = 0;
      for (let descriptor = 3; descriptor < last + GAP; descriptor++) {
        if (system.localName(descriptor)?.port !== port) continue;
        last = descriptor;
        const peer = system.peerName(descriptor);
        if (peer !== undefined)
          found.push({ descriptor, remote: { host: peer.host, port: peer.port } });
      }
      return found;
    },
    shutdown: (descriptor) => system.shutdown(descriptor),
  };
}

export interface HalfOpenWatchOptions {
  readonly sockets: Sockets;
  readonly port: number;
  /** Monotonic ms. */
  readonly now: () => number;
  /** Reports whether descriptors are short. */
  readonly isShort: () => boolean;
}

interface Half {
  readonly key: string;
  readonly socket: OpenSocket;
  readonly sinceMs: number;
}

/** Closes connections that send no request in time, and the oldest of too many. */
export class HalfOpenWatch {
  readonly #options: HalfOpenWatchOptions;
  /** Connections that have sent a request; forgotten by the second scan after their end. */
  #asked = new Set<string>();
  #askedSinceLook = new Set<string>();
  /** Monotonic ms at which each half-open connection was first seen. Bounded by the descriptors. */
  #since = new Map<string, number>();

  constructor(options: HalfOpenWatchOptions) {
    this.#options = options;
  }

  /** A request arrived on this connection. */
  asked(remote: Address): void {
    this.#askedSinceLook.add(keyOf(remote));
  }

  /** @returns milliseconds until the next scan */
  look(): number {
    const { sockets, port, now, isShort } = this.#options;
    const begun = now();
    const found = sockets.at(port);
    const halves: Half[] = [];
    const asked = new Set<string>();
    for (const socket of found) {
      const key = keyOf(socket.remote);
      if (this.#asked.has(key) || this.#askedSinceLook.has(key)) asked.add(key);
      else halves.push({ key, socket, sinceMs: this.#since.get(key) ?? begun });
    }
    this.#asked = asked;
    this.#askedSinceLook = new Set();
    this.#since = new Map(halves.map(({ key, sinceMs }) => [key, sinceMs]));
    const short = isShort();
    for (const { socket } of tooMany(halves, begun, short)) sockets.shutdown(socket.descriptor);
    const everyMs = short ? HALF_OPEN_CHECK_SHORT_INTERVAL_MS : HALF_OPEN_CHECK_INTERVAL_MS;
    return Math.max(everyMs, (now() - begun) / LOOK_SHARE);
  }
}

function tooMany(halves: readonly Half[], now: number, isShort: boolean): Half[] {
  const byHost = Map.groupBy(halves, ({ socket }) => socket.remote.host);
  return [...byHost].flatMap(([host, of]) => {
    const exempt = isLoopback(host) ? of.length : HALF_OPEN_PER_ADDRESS_MAX;
    const most = isShort ? HALF_OPEN_WHEN_SHORT_MAX : exempt;
    const oldestFirst = of.sort((one, other) => one.sinceMs - other.sinceMs);
    const surplus = of.length - most;
    return oldestFirst.filter(
      ({ sinceMs }, i) => i < surplus || now - sinceMs > FIRST_REQUEST_TIMEOUT_MS,
    );
  });
}

/** Omits the interface of a link-local address, which the system does not report for a socket. */
function keyOf({ host, port }: Address): string {
  return `${host.split("%")[0]} ${port}`;
}
