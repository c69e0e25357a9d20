/** The multicast socket of the mDNS library, with limits. */

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
/** Bit of the third byte: a response, not a query (RFC 1035, section 4.1.1). */
const IS_ANSWER = 0x80;
/**
 * Offsets in the header of the counts of questions, answers, authorities and additional records.
 */
const COUNTS_AT = [4, 6, 8, 10] as const;

type Sent = (error?: Error | null) => void;

/** Reports whether a datagram is within limits: parsing is quadratic in its parts. @internal */
export function isModest(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_BYTES || bytes.length > MDNS_DATAGRAM_BYTES_MAX) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [questions = 0, ...records] = COUNTS_AT.map((at) => view.getUint16(at));
  const entries = records.reduce((sum, count) => sum + count, questions);
  return questions <= MDNS_QUESTIONS_MAX && entries <= MDNS_ENTRIES_MAX;
}

/**
 * The socket given to the mDNS library: the part of `node:dgram` that it uses. It passes only what
 * honest machines send, and never throws on network errors.
 */
export class MdnsSocket extends EventEmitter {
  /** Drops all received datagrams while set. */
  isDeaf = false;
  readonly #socket: Socket;
  readonly #port: number;
  readonly #now: () => number;
  readonly #onTrouble: (error: unknown) => void;
  readonly #datagrams: TokenBucket;
  readonly #answers: TokenBucket;
  #isOpen = true;

  constructor(port: number, now: () => number, onTrouble: (error: unknown) => void) {
    super();
    this.#port = port;
    this.#now = now;
    this.#onTrouble = onTrouble;
    this.#datagrams = new TokenBucket(MDNS_DATAGRAMS_PER_SECOND, MDNS_DATAGRAMS_PER_SECOND, now());
    this.#answers = new TokenBucket(MDNS_ANSWERS_PER_SECOND, MDNS_ANSWERS_PER_SECOND, now());
    // Other programs on this machine listen on the same port.
    this.#socket = createSocket({ type: "udp4", reuseAddr: true });
    this.#socket.on("error", (error) => this.#onTrouble(error));
    this.#socket.on("listening", () => this.#try(() => this.emit("listening")));
    this.#socket.on("message", (bytes, from) => this.#heard(bytes, from));
  }

  /** Not bound to an interface's address: such a socket receives no multicast. */
  bind(): void {
    this.#try(() => this.#socket.bind(this.#port, "0.0.0.0"));
  }

  address() {
    return this.#socket.address();
  }

  send(bytes: Uint8Array, at: number, length: number, port: number, to: string, done: Sent): void {
    const settle: Sent = (error) => {
      if (error) this.#onTrouble(error);
      done(error);
    };
    if (!this.#isOpen) return done();
    try {
      this.#socket.send(bytes, at, length, port, to, settle);
    } catch (error) {
      settle(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** @throws as the system does: the library retries later */
  addMembership(group: string, address: string): void {
    try {
      this.#socket.addMembership(group, address);
    } catch (error) {
      this.#onTrouble(error);
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

  #heard(bytes: Uint8Array, from: RemoteInfo): void {
    if (this.isDeaf || !this.#isOpen || !isModest(bytes)) return;
    const isAnswer = ((bytes[2] ?? 0) & IS_ANSWER) !== 0;
    // RFC 6762, section 6: other responses must be ignored.
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
      this.#onTrouble(error);
    }
  }
}
