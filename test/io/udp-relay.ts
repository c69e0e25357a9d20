import type { udp } from "bun";
import { systemClock } from "../../src/io/clock.ts";
import type { Address } from "../../src/io/link/link.ts";
import { tuneUdpSocket } from "../../src/io/ws/linux-sockets.ts";
import { reservedPort } from "../ports.ts";
import { SeededRandom } from "../worlds/seeded-random.ts";

export interface Weather {
  readonly drop: number;
  readonly double: number;
  readonly reorder: number;
  readonly flip: number;
  readonly truncate: number;
  readonly delayMs: number;
}

export const CALM: Weather = { drop: 0, double: 0, reorder: 0, flip: 0, truncate: 0, delayMs: 0 };

export type Way = "up" | "down";

export interface Passed {
  datagrams: number;
  bytes: number;
}

/** Called first for each datagram; false drops it. */
export type Tap = (way: Way, datagram: Uint8Array, caller: Caller) => boolean;

export interface Caller {
  readonly host: string;
  readonly port: number;
  socket: udp.Socket<"buffer"> | undefined;
}

const REORDER_MS = 3;

export class UdpRelay {
  conditions: Weather;
  tap: Tap = () => true;
  readonly up: Passed = { datagrams: 0, bytes: 0 };
  readonly down: Passed = { datagrams: 0, bytes: 0 };
  readonly #target: Address;
  readonly #dice: SeededRandom;
  readonly #localPosts = new Map<number, Caller>();
  readonly #clock = systemClock();
  #front: udp.Socket<"buffer"> | undefined;
  #isParted = false;

  private constructor(target: Address, conditions: Weather, seed: number) {
    this.#target = target;
    this.conditions = conditions;
    this.#dice = new SeededRandom(seed);
  }

  static async open(target: Address, conditions = CALM, seed = 1): Promise<UdpRelay> {
    const relay = new UdpRelay(target, conditions, seed);
    // Reserve the port for TCP as well, because tests use or refuse it.
    const own = await reservedPort();
    relay.#front = await openSocket((data, port, host) => relay.#onClient(data, port, host), own);
    return relay;
  }

  get port(): number {
    return this.#front?.port ?? 0;
  }

  get localPosts(): Caller[] {
    return [...this.#localPosts.values()];
  }

  part(): () => void {
    this.#isParted = true;
    return () => {
      this.#isParted = false;
    };
  }

  async rebind(): Promise<void> {
    for (const caller of this.#localPosts.values()) {
      const old = caller.socket;
      caller.socket = await this.#upstream(caller);
      old?.close();
    }
  }

  forge(way: Way, datagram: Uint8Array, caller: Caller): void {
    if (way === "up") caller.socket?.send(datagram, this.#target.port, this.#target.host);
    else this.#front?.send(datagram, caller.port, caller.host);
  }

  close(): void {
    this.#isParted = true;
    this.#front?.close();
    for (const { socket } of this.#localPosts.values()) socket?.close();
    this.#localPosts.clear();
    this.#front = undefined;
  }

  async #onClient(data: Uint8Array, port: number, host: string): Promise<void> {
    // Too short for QUIC: a probe for a closed port, from a separate port.
    if (data.length === 1) return;
    const known = this.#localPosts.get(port);
    if (known !== undefined) return this.#pass("up", data, known);
    const caller: Caller = { host, port, socket: undefined };
    this.#localPosts.set(port, caller);
    caller.socket = await this.#upstream(caller);
    this.#pass("up", data, caller);
  }

  #upstream(caller: Caller): Promise<udp.Socket<"buffer">> {
    return openSocket((data) => this.#pass("down", data, caller));
  }

  #pass(way: Way, data: Uint8Array, caller: Caller): void {
    const passed = this[way];
    passed.datagrams += 1;
    passed.bytes += data.length;
    if (!this.tap(way, data, caller) || this.#isParted) return;
    const { conditions } = this;
    if (this.#dice.chance(conditions.drop)) return;
    const datagram = this.#damaged(data);
    const copies = this.#dice.chance(conditions.double) ? 2 : 1;
    const delayMs = conditions.delayMs + (this.#dice.chance(conditions.reorder) ? REORDER_MS : 0);
    for (let i = 0; i < copies; i++) {
      if (delayMs === 0) this.forge(way, datagram, caller);
      else this.#clock.after(delayMs, () => this.#forgeLate(way, datagram, caller));
    }
  }

  #forgeLate(way: Way, datagram: Uint8Array, caller: Caller): void {
    if (this.#front !== undefined && !this.#isParted) this.forge(way, datagram, caller);
  }

  #damaged(data: Uint8Array): Uint8Array {
    const datagram = data.slice();
    if (this.#dice.chance(this.conditions.flip)) {
      const at = this.#dice.int(datagram.length);
      datagram[at] = (datagram[at] ?? 0) ^ (1 << this.#dice.int(8));
    }
    if (!this.#dice.chance(this.conditions.truncate)) return datagram;
    return datagram.subarray(0, this.#dice.int(datagram.length) + 1);
  }
}

export async function openSocket(
  onData: (data: Uint8Array, port: number, host: string) => void,
  ownPort = 0,
): Promise<udp.Socket<"buffer">> {
  const socket = await Bun.udpSocket({
    hostname: "127.0.0.1",
    port: ownPort,
    binaryType: "buffer",
    socket: {
      // Copy the data, because `slice` of a Buffer is only a view.
      data: (_, data, port, host) => onData(new Uint8Array(data), port, host),
      error: () => {},
    },
  });
  tuneUdpSocket({ family: "ipv4", port: socket.port });
  return socket;
}
