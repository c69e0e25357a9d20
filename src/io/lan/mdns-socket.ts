/** Multicast socket for the mDNS library, with limits on received datagrams. */

import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { EventEmitter } from "node:events";
import {
  MDNS_ANSWERS_PER_SECOND,
  MDNS_DATAGRAM_BYTES_MAX,
  MDNS_DATAGRAMS_PER_SECOND,
  MDNS_ENTRIES_MAX,
  MDNS_QUESTIONS_MAX,
} from "../../base/limits.ts";
import { TokenBucket } from "../../core/rate.ts";

const HEADER_BYTES = 12;
const RESPONSE_BIT = 0x80;
const COUNT_OFFSETS = [4, 6, 8, 10] as const;

type SendCallback = (error?: Error | null) => void;

/**
 * The library's parsing time is quadratic in the number of records.
 * @internal
 */
export function isWithinLimits(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_BYTES || bytes.length > MDNS_DATAGRAM_BYTES_MAX) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [questions = 0, ...records] = COUNT_OFFSETS.map((at) => view.getUint16(at));
  const entries = records.reduce((sum, count) => sum + count, questions);
  return questions <= MDNS_QUESTIONS_MAX && entries <= MDNS_ENTRIES_MAX;
}

/** Implements the subset of `node:dgram` that the library uses. Never throws on network errors. */
export class MdnsSocket extends EventEmitter {
  isPaused = false;
  readonly #socket: Socket;
  readonly #port: number;
  readonly #now: () => number;
  readonly #onError: (error: unknown) => void;
  readonly #datagrams: TokenBucket;
  readonly #answers: TokenBucket;
  #isOpen = true;

  constructor(port: number, now: () => number, onTrouble: (error: unknown) => void) {
    super();
    this.#port = port;
    this.#now = now;
    this.#onError = onTrouble;
    this.#datagrams = new TokenBucket(MDNS_DATAGRAMS_PER_SECOND, MDNS_DATAGRAMS_PER_SECOND, now());
    this.#answers = new TokenBucket(MDNS_ANSWERS_PER_SECOND, MDNS_ANSWERS_PER_SECOND, now());
    // Share the port with other mDNS programs on this machine.
    this.#socket = createSocket({ type: "udp4", reuseAddr: true });
    this.#socket.on("error", (error) => this.#onError(error));
    this.#socket.on("listening", () => this.#try(() => this.emit("listening")));
    this.#socket.on("message", (bytes, from) => this.#receive(bytes, from));
  }

  bind(): void {
    this.#try(() => this.#socket.bind(this.#port, "0.0.0.0"));
  }

  address() {
    return this.#socket.address();
  }

  send(
    bytes: Uint8Array,
    at: number,
    length: number,
    port: number,
    to: string,
    done: SendCallback,
  ): void {
    const settle: SendCallback = (error) => {
      if (error) this.#onError(error);
      done(error);
    };
    if (!this.#isOpen) return done();
    try {
      this.#socket.send(bytes, at, length, port, to, settle);
    } catch (error) {
      settle(error instanceof Error ? error : new Error(String(error)));
    }
  }

  addMembership(group: string, address: string): void {
    try {
      this.#socket.addMembership(group, address);
    } catch (error) {
      this.#onError(error);
      throw error;
    }
  }

  dropMembership(group: string, address: string): void {
    this.#socket.dropMembership(group, address);
  }

  setMulticastTTL(ttl: number): void {
    this.#socket.setMulticastTTL(ttl);
  }

  setMulticastLoopback(isOn: boolean): void {
    this.#socket.setMulticastLoopback(isOn);
  }

  setMulticastInterface(address: string): void {
    this.#socket.setMulticastInterface(address);
  }

  close(closed?: () => void): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#try(() => this.#socket.close(closed));
  }

  #receive(bytes: Uint8Array, from: RemoteInfo): void {
    if (this.isPaused || !this.#isOpen || !isWithinLimits(bytes)) return;
    const isAnswer = ((bytes[2] ?? 0) & RESPONSE_BIT) !== 0;
    // RFC 6762, section 6: responses from other ports must be ignored.
    if (isAnswer && from.port !== this.#port) return;
    const now = this.#now();
    if (this.#datagrams.take(now) > 0) return;
    if (!isAnswer && this.#answers.take(now) > 0) return;
    this.#try(() => this.emit("message", bytes, from));
  }

  #try(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#onError(error);
    }
  }
}
