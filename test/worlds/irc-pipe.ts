import { concatBytes } from "../../src/base/bytes.ts";
import { Fault } from "../../src/base/fault.ts";
import { LINES_QUEUE_LOW_BYTES } from "../../src/base/limits.ts";
import type { LineSocket, LineSocketHandlers } from "../../src/io/link/line-socket.ts";
import type { Address } from "../../src/io/link/link.ts";
import type { Platform } from "./platform.ts";
import type { SeededRandom } from "./seeded-random.ts";

const DELAY_MS_MAX = 20;

/** Client's end of a connection. */
export interface IrcReceiver {
  /** Receives what the server writes, before the delay. Returns what the network carries. */
  written(bytes: Uint8Array): Uint8Array;
  data(bytes: Uint8Array): void;
  closed(): void;
}

/** Connection of an IRC client, with delays, pauses, and cuts in the middle of a line. */
export class IrcPipe implements LineSocket {
  readonly remote: Address;
  readonly isSecure = true;
  readonly #random: SeededRandom;
  readonly #receiver: IrcReceiver;
  readonly #toClient: Flow;
  readonly #toServer: Flow;
  #handlers: LineSocketHandlers | undefined;
  #isEnded = false;
  #isClosed = false;

  constructor(platform: Platform, remote: Address, receiver: IrcReceiver) {
    this.remote = remote;
    this.#random = platform.random;
    this.#receiver = receiver;
    this.#toClient = new Flow(platform, (bytes) => {
      if (bytes === undefined) return this.#close();
      receiver.data(bytes);
      const { bytes: queued } = this.#toClient;
      const isDrained = queued <= LINES_QUEUE_LOW_BYTES;
      if (isDrained && queued + bytes.length > LINES_QUEUE_LOW_BYTES) this.#handlers?.queueLow();
    });
    this.#toServer = new Flow(platform, (bytes) => {
      if (bytes !== undefined && !this.#isEnded) this.#handlers?.data(bytes);
    });
  }

  connect(handlers: LineSocketHandlers): void {
    this.#handlers = handlers;
  }

  send(bytes: Uint8Array): void {
    if (!this.#isClosed) this.#toServer.push(bytes);
  }

  stall(isStalled: boolean): void {
    this.#toClient.hold(isStalled);
  }

  /** Ends the connection at some byte of what is in flight. */
  cut(): void {
    if (this.#isClosed) return;
    const rest = this.#toServer.cut(this.#random);
    if (rest.length > 0 && !this.#isEnded) this.#handlers?.data(rest);
    this.#loseRest();
  }

  /** The server's process ended. */
  lose(): void {
    this.#handlers = undefined;
    this.#loseRest();
  }

  write(bytes: Uint8Array): void {
    if (!this.#isEnded && !this.#isClosed) this.#toClient.push(this.#receiver.written(bytes));
  }

  queuedBytes(): number {
    return this.#toClient.bytes;
  }

  pause(): void {
    this.#toServer.hold(true);
  }

  resume(): void {
    this.#toServer.hold(false);
  }

  end(): void {
    if (this.#isEnded || this.#isClosed) return;
    this.#isEnded = true;
    this.#toClient.push(undefined);
  }

  destroy(): void {
    this.#loseRest();
  }

  #loseRest(): void {
    if (this.#isClosed) return;
    const rest = this.#toClient.cut(this.#random);
    if (rest.length > 0) this.#receiver.data(rest);
    this.#close(new Fault("link-closed", "the connection was cut"));
  }

  #close(fault?: Fault): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#toServer.cut(this.#random);
    this.#toClient.cut(this.#random);
    queueMicrotask(() => {
      this.#handlers?.closed(fault);
      this.#receiver.closed();
    });
  }
}

/** Bytes in one direction. The value `undefined` is their end. */
class Flow {
  bytes = 0;
  readonly #platform: Platform;
  readonly #deliver: (bytes: Uint8Array | undefined) => void;
  readonly #queue: (Uint8Array | undefined)[] = [];
  #ready = 0;
  #due = 0;
  #isHeld = false;

  constructor(platform: Platform, deliver: (bytes: Uint8Array | undefined) => void) {
    this.#platform = platform;
    this.#deliver = deliver;
  }

  push(bytes: Uint8Array | undefined): void {
    const { clock, random } = this.#platform;
    this.#queue.push(bytes);
    this.bytes += bytes?.length ?? 0;
    this.#due = Math.max(this.#due, clock.now() + random.int(DELAY_MS_MAX));
    clock.after(this.#due - clock.now(), () => {
      this.#ready += 1;
      this.#run();
    });
  }

  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#run();
  }

  /** Returns what arrives nevertheless: some first bytes. */
  cut(random: SeededRandom): Uint8Array {
    const rest = concatBytes(...this.#queue.splice(0).filter((bytes) => bytes !== undefined));
    this.bytes = 0;
    return rest.subarray(0, random.int(rest.length + 1));
  }

  #run(): void {
    while (!this.#isHeld && this.#ready > 0 && this.#queue.length > 0) {
      this.#ready -= 1;
      const bytes = this.#queue.shift();
      this.bytes -= bytes?.length ?? 0;
      this.#deliver(bytes);
    }
  }
}
