/** In-memory network and links, with delays and partitions. */

import { assert } from "../../base/assert.ts";
import { concatBytes } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import {
  CONNECT_TIMEOUT_MS,
  DRAIN_TIMEOUT_MS,
  MESSAGE_BYTES_MAX,
  SEND_QUEUE_BYTES_MAX,
} from "../../base/limits.ts";
import type { Clock } from "../clock.ts";
import { BaseLink, slowReaderFault } from "./base-link.ts";
import type { Address, Dial, DialOptions, Link, Listener, ListenerEvents } from "./link.ts";
import { Topics } from "./topics.ts";

/** Added to the size of each queued message, so that queues of empty messages are limited too. */
const QUEUED_OVERHEAD_BYTES = 16;

interface PendingChunk {
  readonly bytes: Uint8Array | undefined;
  readonly arrivesAt: number;
}

export interface MemoryWire {
  readonly clock: Clock;
  readonly certificateHash: Uint8Array;
  delayMs(from: Address, to: Address, sizeBytes: number): number;
  readonly topics: Topics<MemoryLink>;
  openChannel(end: MemoryLink): Promise<Link>;
  onClosed(end: MemoryLink): void;
}

export class MemoryLink extends BaseLink {
  readonly transport = "memory";
  readonly #pending: PendingChunk[] = [];
  #pendingChunkBytes = 0;
  #lastArrival = 0;
  #peer: MemoryLink | undefined;
  #isStalled = false;
  #isScheduled = false;
  #cancelDeadline: (() => void) | undefined;

  constructor(
    private readonly wire: MemoryWire,
    readonly local: Address,
    readonly remote: Address,
    readonly isServer: boolean,
  ) {
    super(isServer ? wire.topics : undefined);
  }

  static join(a: MemoryLink, b: MemoryLink): void {
    a.#peer = b;
    b.#peer = a;
  }

  get peer(): MemoryLink {
    assert(this.#peer !== undefined, "a memory link has two ends");
    return this.#peer;
  }

  get certificateHash(): Uint8Array {
    return this.wire.certificateHash;
  }

  send(head: Uint8Array, tail?: Uint8Array): boolean {
    if (this.state !== "open") return false;
    const message = tail === undefined ? head.slice() : concatBytes(head, tail);
    if (this.#pendingChunkBytes + message.length + QUEUED_OVERHEAD_BYTES > SEND_QUEUE_BYTES_MAX) {
      this.cut(slowReaderFault());
      return false;
    }
    this.countSent(1, message.length);
    this.#enqueue(message);
    return true;
  }

  queuedBytes(): number {
    return this.#pendingChunkBytes;
  }

  protected override dialChannel(): Promise<Link> {
    assert(!this.isServer, "only the client end opens data channels");
    return this.wire.openChannel(this);
  }

  close(): void {
    if (this.state !== "open") return;
    this.state = "closing";
    this.inbox.mute();
    this.#enqueue(undefined);
    // Limits the wait for a peer that has stopped reading.
    this.#cancelDeadline = this.wire.clock.after(DRAIN_TIMEOUT_MS, () => this.destroy());
  }

  drop(fault: Fault | undefined): void {
    this.#finish(fault);
    this.peer.#finish(new Fault("link-closed", "the peer closed the connection"));
  }

  cut(fault = new Fault("link-closed", "the connection was lost")): void {
    this.#finish(fault);
    this.peer.#finish(fault);
  }

  stall(): () => void {
    this.#isStalled = true;
    return () => {
      this.#isStalled = false;
      this.peer.#schedule();
    };
  }

  #enqueue(bytes: Uint8Array | undefined): void {
    const { clock } = this.wire;
    const sizeBytes = bytes?.length ?? 0;
    const delayMs = this.wire.delayMs(this.local, this.remote, sizeBytes);
    // A decreasing delay must not reorder messages.
    this.#lastArrival = Math.max(this.#lastArrival, clock.now() + delayMs);
    this.#pending.push({ bytes, arrivesAt: this.#lastArrival });
    this.#pendingChunkBytes += sizeBytes + QUEUED_OVERHEAD_BYTES;
    this.#schedule();
  }

  #schedule(): void {
    const front = this.#pending[0];
    if (front === undefined || this.#isScheduled || this.peer.#isStalled) return;
    this.#isScheduled = true;
    const delayMs = Math.max(0, front.arrivesAt - this.wire.clock.now());
    this.wire.clock.after(delayMs, () => {
      this.#isScheduled = false;
      this.#deliverDue();
      this.#schedule();
    });
  }

  #deliverDue(): void {
    const now = this.wire.clock.now();
    for (;;) {
      const front = this.#pending[0];
      if (front === undefined || front.arrivesAt > now || this.peer.#isStalled) break;
      this.#pending.shift();
      this.#pendingChunkBytes -= (front.bytes?.length ?? 0) + QUEUED_OVERHEAD_BYTES;
      this.#deliver(front.bytes);
    }
    this.settle();
  }

  #deliver(bytes: Uint8Array | undefined): void {
    const { peer } = this;
    if (bytes === undefined) {
      peer.#finish(undefined);
      this.#finish(undefined);
    } else if (bytes.length > MESSAGE_BYTES_MAX) {
      const message = msg`a message is longer than ${MESSAGE_BYTES_MAX} bytes`;
      this.cut(new Fault("too-large", message));
    } else {
      peer.receiveMessage(bytes);
    }
  }

  #finish(fault: Fault | undefined): void {
    if (this.state === "closed") return;
    const isOwnClose = this.state === "closing";
    this.state = "closed";
    this.#cancelDeadline?.();
    this.#pending.length = 0;
    this.#pendingChunkBytes = 0;
    this.inbox.close(isOwnClose ? undefined : fault);
    this.settle();
    this.leaveTopics();
    this.wire.onClosed(this);
  }
}

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
  readonly #servers = new Map<string, MemoryServer>();
  readonly #channels = new Map<MemoryLink, Set<MemoryLink>>();
  readonly #localPorts = new Set<string>();
  #freePort = FREE_PORT_FIRST;

  constructor(
    private readonly clock: Clock,
    private readonly conditions: NetworkConditions = {},
  ) {}

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
    const isReachable = this.conditions.isReachable?.(local, remote) ?? true;
    const delayMs = isReachable ? this.#delayMs(local, remote, 0) : timeoutMs;
    return new Promise((resolve, reject) => {
      this.clock.after(Math.min(delayMs, timeoutMs), () => {
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
      clock: this.clock,
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
    return this.conditions.delayMs?.(from, to, sizeBytes) ?? 0;
  }
}

function keyOf({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
