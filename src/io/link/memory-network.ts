/** In-memory network with delays and partitions. */

import { Fault, msg } from "../../base/fault.ts";
import { CONNECT_TIMEOUT_MS } from "../../base/limits.ts";
import type { Clock } from "../clock.ts";
import type { Address, Dial, DialOptions, Link, Listener, ListenerEvents } from "./link.ts";
import { MemoryLink, type MemoryWire } from "./memory-link.ts";
import { Topics } from "./topics.ts";

export interface NetworkConditions {
  /** A decreasing delay never reorders messages. */
  delayMs?(from: Address, to: Address, sizeBytes: number): number;
  isReachable?(from: Address, to: Address): boolean;
}

export interface MemoryListenOptions {
  readonly host: string;
  readonly port: number;
  readonly certificateHash: Uint8Array;
}

interface MemoryServer {
  readonly address: Address;
  readonly certificateHash: Uint8Array;
  readonly events: ListenerEvents;
  readonly topics: Topics<MemoryLink>;
  readonly ends: Set<MemoryLink>;
  stopped: (() => void) | undefined;
}

const FREE_PORT_FIRST = 49_152;

export class MemoryNetwork {
  readonly #clock: Clock;
  readonly #conditions: NetworkConditions;
  readonly #servers = new Map<string, MemoryServer>();
  readonly #channels = new Map<MemoryLink, Set<MemoryLink>>();
  readonly #localPorts = new Set<string>();
  #freePort = FREE_PORT_FIRST;

  constructor(clock: Clock, conditions: NetworkConditions = {}) {
    this.#clock = clock;
    this.#conditions = conditions;
  }

  listen(options: MemoryListenOptions, events: ListenerEvents): Listener {
    const port = options.port === 0 ? this.#freePort++ : options.port;
    const address = { host: options.host, port };
    const key = keyOf(address);
    if (this.#servers.has(key)) {
      throw new Fault("port-taken", msg`port ${port} is in use`);
    }
    const { certificateHash } = options;
    const ends = new Set<MemoryLink>();
    const topics = new Topics<MemoryLink>();
    const server: MemoryServer = {
      address,
      certificateHash,
      events,
      ends,
      topics,
      stopped: undefined,
    };
    this.#servers.set(key, server);
    return {
      transport: "memory",
      port,
      publish: (topic, message) => {
        for (const end of [...topics.followers(topic)]) end.send(message);
      },
      stop: () => this.#stop(server),
    };
  }

  dialFrom(host: string): Dial {
    return (options) => this.#dial(host, options);
  }

  cut(matches: (end: MemoryLink) => boolean = () => true): void {
    for (const server of this.#servers.values()) {
      for (const end of [...server.ends]) if (matches(end)) end.cut();
    }
  }

  #dial(host: string, options: DialOptions): Promise<Link> {
    const remote = { host: options.host, port: options.port };
    const local = { host, port: options.localPort ?? this.#freePort++ };
    if (this.#localPorts.has(keyOf(local))) {
      const message = msg`local port ${local.port} is in use`;
      return Promise.reject(new Fault("port-taken", message, { remedy: "choose another one" }));
    }
    return this.#connect(local, remote, options.timeoutMs, undefined);
  }

  #connect(
    local: Address,
    remote: Address,
    timeoutMs: number,
    parent: MemoryLink | undefined,
  ): Promise<Link> {
    const isReachable = this.#conditions.isReachable?.(local, remote) ?? true;
    const delayMs = isReachable ? this.#delayMs(local, remote, 0) : timeoutMs;
    return new Promise((resolve, reject) => {
      this.#clock.after(Math.min(delayMs, timeoutMs), () => {
        const server = this.#servers.get(keyOf(remote));
        if (!isReachable || delayMs >= timeoutMs) {
          reject(new Fault("timeout", msg`${keyOf(remote)} did not answer in time`));
        } else if (server === undefined || server.stopped !== undefined) {
          reject(new Fault("unreachable", msg`connection to ${keyOf(remote)} refused`));
        } else if (!server.events.accept(local)) {
          reject(new Fault("unreachable", msg`${keyOf(remote)} accepts no more connections`));
        } else if (parent !== undefined && !server.ends.has(parent.peer)) {
          reject(new Fault("unreachable", "the link is closed"));
        } else {
          resolve(this.#createLink(server, local, parent));
        }
      });
    });
  }

  #createLink(server: MemoryServer, local: Address, parent: MemoryLink | undefined): MemoryLink {
    const wire = this.#wire(server);
    const clientEnd = new MemoryLink(wire, local, server.address, false);
    const serverEnd = new MemoryLink(wire, server.address, local, true);
    MemoryLink.join(clientEnd, serverEnd);
    server.ends.add(serverEnd);
    this.#localPorts.add(keyOf(local));
    if (parent !== undefined) {
      const channels = this.#channels.get(parent.peer) ?? new Set();
      this.#channels.set(parent.peer, channels.add(serverEnd));
    }
    server.events.link(serverEnd, parent?.peer);
    return clientEnd;
  }

  #wire(server: MemoryServer): MemoryWire {
    return {
      clock: this.#clock,
      certificateHash: server.certificateHash,
      delayMs: (from, to, sizeBytes) => this.#delayMs(from, to, sizeBytes),
      topics: server.topics,
      openChannel: (end) => {
        const local = { host: end.local.host, port: this.#freePort++ };
        return this.#connect(local, end.remote, CONNECT_TIMEOUT_MS, end);
      },
      onClosed: (end) => this.#remove(server, end),
    };
  }

  #remove(server: MemoryServer, end: MemoryLink): void {
    if (!end.isServer) {
      this.#localPorts.delete(keyOf(end.local));
      return;
    }
    server.ends.delete(end);
    // A data channel ends with its link, as in QUIC.
    for (const channel of this.#channels.get(end) ?? []) channel.cut();
    this.#channels.delete(end);
    if (server.ends.size === 0) server.stopped?.();
  }

  #stop(server: MemoryServer): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const previous = server.stopped;
    server.stopped = () => {
      previous?.();
      this.#servers.delete(keyOf(server.address));
      resolve();
    };
    if (server.ends.size === 0) server.stopped();
    for (const end of [...server.ends]) end.close();
    return promise;
  }

  #delayMs(from: Address, to: Address, sizeBytes: number): number {
    return this.#conditions.delayMs?.(from, to, sizeBytes) ?? 0;
  }
}

function keyOf({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
