/** Monitor for a Bun listener's connections that have not sent a request. */

// Bun (1.4.4) has no hook before the request, and closes such connections only after `idleTimeout`.
// The monitor finds them among this process's descriptors, on Linux only.

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

/** A scan ends after a gap of this many descriptors. The system assigns the lowest free one. */
const DESCRIPTOR_GAP = 1_024;
const SCAN_SHARE = 0.01;

export interface OpenSocket {
  readonly descriptor: number;
  readonly remote: Address;
}

export interface Sockets {
  at(port: number): OpenSocket[];
  shutdown(descriptor: number): void;
}

export function openSockets(): Sockets | undefined {
  const system = LinuxSockets.open();
  if (system === undefined) return undefined;
  return {
    at: (port) => {
      const sockets: OpenSocket[] = [];
      let last = 0;
      for (let descriptor = 3; descriptor < last + DESCRIPTOR_GAP; descriptor++) {
        if (system.localName(descriptor)?.port !== port) continue;
        last = descriptor;
        const peer = system.peerName(descriptor);
        if (peer !== undefined)
          sockets.push({ descriptor, remote: { host: peer.host, port: peer.port } });
      }
      return sockets;
    },
    shutdown: (descriptor) => system.shutdown(descriptor),
  };
}

export interface HalfOpenWatchOptions {
  readonly sockets: Sockets;
  readonly port: number;
  readonly now: () => number;
  readonly areDescriptorsLow: () => boolean;
}

interface HalfOpen {
  readonly key: string;
  readonly socket: OpenSocket;
  readonly sinceMs: number;
}

export class HalfOpenWatch {
  #active = new Set<string>();
  #activeSinceScan = new Set<string>();
  #since = new Map<string, number>();

  constructor(private readonly options: HalfOpenWatchOptions) {}

  onRequest(remote: Address): void {
    this.#activeSinceScan.add(keyOf(remote));
  }

  scan(): number {
    const { sockets, port, now, areDescriptorsLow } = this.options;
    const startedAt = now();
    const connected = sockets.at(port);
    const halfOpen: HalfOpen[] = [];
    const active = new Set<string>();
    for (const socket of connected) {
      const key = keyOf(socket.remote);
      if (this.#active.has(key) || this.#activeSinceScan.has(key)) active.add(key);
      else halfOpen.push({ key, socket, sinceMs: this.#since.get(key) ?? startedAt });
    }
    this.#active = active;
    this.#activeSinceScan = new Set();
    this.#since = new Map(halfOpen.map(({ key, sinceMs }) => [key, sinceMs]));
    const areLow = areDescriptorsLow();
    for (const { socket } of toClose(halfOpen, startedAt, areLow))
      sockets.shutdown(socket.descriptor);
    const everyMs = areLow ? HALF_OPEN_CHECK_SHORT_INTERVAL_MS : HALF_OPEN_CHECK_INTERVAL_MS;
    const pauseMs = Math.max(everyMs, (now() - startedAt) / SCAN_SHARE);
    // On a busy machine, a scan that is interrupted would otherwise end the checks for minutes.
    return Math.min(pauseMs, FIRST_REQUEST_TIMEOUT_MS);
  }
}

function toClose(halfOpen: readonly HalfOpen[], now: number, areLow: boolean): HalfOpen[] {
  const byHost = Map.groupBy(halfOpen, ({ socket }) => socket.remote.host);
  return [...byHost].flatMap(([host, of]) => {
    const exempt = isLoopback(host) ? of.length : HALF_OPEN_PER_ADDRESS_MAX;
    const maximum = areLow ? HALF_OPEN_WHEN_SHORT_MAX : exempt;
    const oldestFirst = of.sort((a, b) => a.sinceMs - b.sinceMs);
    const surplus = of.length - maximum;
    return oldestFirst.filter(
      ({ sinceMs }, i) => i < surplus || now - sinceMs > FIRST_REQUEST_TIMEOUT_MS,
    );
  });
}

function keyOf({ host, port }: Address): string {
  return `${host.split("%")[0]} ${port}`;
}
