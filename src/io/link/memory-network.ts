/** A network in memory with loss, delay and partitions. */

import { Fault, msg } from "../../base/fault.ts";
import { CONNECT_TIMEOUT_MS } from "../../base/limits.ts";
import type { Clock } from "../clock.ts";
import type { Address, Dial, DialOptions, Link, Listener, ListenerEvents } from "./link.ts";
import { MemoryLink, type MemoryWire } from "./memory-link.ts";
import { Topics } from "./topics.ts";

/** Path conditions of a simulation. Default: no delay, everything reachable. */
export interface MemoryWeather {
  /** Milliseconds in flight; order is always kept. */
  delayMs?(from: Address, to: Address, sizeBytes: number): number;
  /** Reports whether a dial succeeds; `false` makes it time out. */
  isReachable?(from: Address, to: Address): boolean;
}

export interface MemoryListenOptions {
  readonly host: string;
  /** 0 chooses a free port. */
  readonly port: number;
  readonly certificateHash: Uint8Array;
}

interface Station {
  readonly address: Address;
  readonly certificateHash: Uint8Array;
  readonly events: ListenerEvents;
  readonly topics: Topics<MemoryLink>;
  readonly ends: Set<MemoryLink>;
  stopped: (() => void) | undefined;
}

/** First ephemeral port, as on a real host. */
const FREE_PORT_FIRST = 49_152;

/** Hosts, ports and wires inside one process, on a given clock. */
export class MemoryNetwork {
  readonly #clock: Clock;
  readonly #weather: MemoryWeather;
  readonly #stations = new Map<string, Station>();
  readonly #lanes = new Map<MemoryLink, Set<MemoryLink>>();
  readonly #localPorts = new Set<string>();
  #freePort = FREE_PORT_FIRST;

  constructor(clock: Clock, weather: MemoryWeather = {}) {
    this.#clock = clock;
    this.#weather = weather;
  }

  /** @throws Fault port-taken */
  listen(options: MemoryListenOptions, events: ListenerEvents): Listener {
    const port = options.port === 0 ? this.#freePort++ : options.port;
    const address = { host: options.host, port };
    const key = keyOf(address);
    if (this.#stations.has(key)) {
      throw new Fault("port-taken", msg`another program listens on ${key}`);
    }
    const { certificateHash } = options;
    const ends = new Set<MemoryLink>();
    const topics = new Topics<MemoryLink>();
    const station: Station = { address, certificateHash, events, ends, topics, stopped: undefined };
    this.#stations.set(key, station);
    return {
      transport: "memory",
      port,
      publish: (topic, message) => {
        for (const end of [...topics.followers(topic)]) end.send(message);
      },
      stop: () => this.#stop(station),
    };
  }

  /** @param host the caller's address, as the server sees it */
  dialFrom(host: string): Dial {
    return (options) => this.#dial(host, options);
  }

  /** Breaks every link that matches (called with the server's end). */
  cut(isMeant: (end: MemoryLink) => boolean = () => true): void {
    for (const station of this.#stations.values()) {
      for (const end of [...station.ends]) if (isMeant(end)) end.cut();
    }
  }

  #dial(host: string, options: DialOptions): Promise<Link> {
    const remote = { host: options.host, port: options.port };
    const local = { host, port: options.localPort ?? this.#freePort++ };
    if (this.#localPorts.has(keyOf(local))) {
      const sentence = msg`the local port ${local.port} is taken by another program`;
      return Promise.reject(new Fault("port-taken", sentence, { remedy: "choose another one" }));
    }
    return this.#connect(local, remote, options.timeoutMs, undefined);
  }

  #connect(
    local: Address,
    remote: Address,
    timeoutMs: number,
    parent: MemoryLink | undefined,
  ): Promise<Link> {
    const isReachable = this.#weather.isReachable?.(local, remote) ?? true;
    const delayMs = isReachable ? this.#delayMs(local, remote, 0) : timeoutMs;
    return new Promise((resolve, reject) => {
      this.#clock.after(Math.min(delayMs, timeoutMs), () => {
        const station = this.#stations.get(keyOf(remote));
        if (!isReachable || delayMs >= timeoutMs) {
          reject(new Fault("timeout", msg`${keyOf(remote)} did not answer in time`));
        } else if (station === undefined || station.stopped !== undefined) {
          reject(new Fault("unreachable", msg`nobody listens on ${keyOf(remote)}`));
        } else if (!station.events.accept(local)) {
          reject(new Fault("unreachable", msg`${keyOf(remote)} takes no more connections`));
        } else if (parent !== undefined && !station.ends.has(parent.other)) {
          reject(new Fault("unreachable", "the link is closed"));
        } else {
          resolve(this.#join(station, local, parent));
        }
      });
    });
  }

  #join(station: Station, local: Address, parent: MemoryLink | undefined): MemoryLink {
    const wire = this.#wire(station);
    const client = new MemoryLink(wire, local, station.address, false);
    const server = new MemoryLink(wire, station.address, local, true);
    MemoryLink.join(client, server);
    station.ends.add(server);
    this.#localPorts.add(keyOf(local));
    if (parent !== undefined) {
      const lanes = this.#lanes.get(parent.other) ?? new Set();
      this.#lanes.set(parent.other, lanes.add(server));
    }
    station.events.link(server, parent?.other);
    return client;
  }

  #wire(station: Station): MemoryWire {
    return {
      clock: this.#clock,
      certificateHash: station.certificateHash,
      delayMs: (from, to, sizeBytes) => this.#delayMs(from, to, sizeBytes),
      topics: station.topics,
      openLane: (end) => {
        const local = { host: end.local.host, port: this.#freePort++ };
        return this.#connect(local, end.remote, CONNECT_TIMEOUT_MS, end);
      },
      gone: (end) => this.#forget(station, end),
    };
  }

  #forget(station: Station, end: MemoryLink): void {
    if (!end.isServer) {
      this.#localPorts.delete(keyOf(end.local));
      return;
    }
    station.ends.delete(end);
    // A channel ends with its link, as on QUIC.
    for (const lane of this.#lanes.get(end) ?? []) lane.cut();
    this.#lanes.delete(end);
    if (station.ends.size === 0) station.stopped?.();
  }

  #stop(station: Station): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = station.stopped;
    station.stopped = () => {
      before?.();
      this.#stations.delete(keyOf(station.address));
      resolve();
    };
    if (station.ends.size === 0) station.stopped();
    for (const end of [...station.ends]) end.close();
    return promise;
  }

  #delayMs(from: Address, to: Address, sizeBytes: number): number {
    return this.#weather.delayMs?.(from, to, sizeBytes) ?? 0;
  }
}

function keyOf({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
