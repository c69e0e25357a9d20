import type { Fault } from "../../src/base/fault.ts";
import type { LineSocket, LineSocketHandlers } from "../../src/io/link/line-socket.ts";
import { within } from "../event.ts";

const ENCODER = new TextEncoder();

/** Raw peer of a line socket. Each transport implements it for its tests. */
export interface LineClient {
  readonly received: LineLog;
  write(text: string): void;
  pause(): void;
  resume(): void;
  /** Ends the connection without a normal close. */
  sever(): void;
  close(): void;
  readonly closed: Promise<void>;
}

/** Text that arrived, with a way to wait for more. */
export class LineLog {
  text = "";
  #isChecking = false;
  #waiting: { readonly until: (text: string) => boolean; readonly resolve: () => void }[] = [];

  add(text: string): void {
    this.text += text;
    if (this.#isChecking || this.#waiting.length === 0) return;
    this.#isChecking = true;
    // Once per turn, because each check copies the joined text.
    setImmediate(() => this.#check());
  }

  #check(): void {
    this.#isChecking = false;
    this.#waiting = this.#waiting.filter(({ until, resolve }) => {
      if (!until(this.text)) return true;
      resolve();
      return false;
    });
  }

  async until(description: string, isReached: (text: string) => boolean): Promise<void> {
    if (isReached(this.text)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ until: isReached, resolve });
    await within(description, promise);
  }

  ending(text: string): Promise<void> {
    return this.until(`text that ends with ${JSON.stringify(text)}`, (all) => all.endsWith(text));
  }
}

/** Server end of a line socket, with everything that it has received. */
export class LineObserver implements LineSocketHandlers {
  readonly socket: LineSocket;
  readonly received = new LineLog();
  readonly ended?: () => void;
  drainedCount = 0;
  closedCount = 0;
  lateCount = 0;
  readonly #decoder = new TextDecoder();
  readonly #closed = Promise.withResolvers<Fault | undefined>();

  constructor(socket: LineSocket, ended?: (socket: LineSocket) => void) {
    this.socket = socket;
    if (ended !== undefined) this.ended = () => ended(socket);
  }

  data(bytes: Uint8Array): void {
    if (this.closedCount > 0) this.lateCount += 1;
    this.received.add(this.#decoder.decode(bytes, { stream: true }));
  }

  queueLow(): void {
    this.drainedCount += 1;
  }

  closed(fault: Fault | undefined): void {
    this.closedCount += 1;
    this.#closed.resolve(fault);
  }

  write(text: string): void {
    this.socket.write(ENCODER.encode(text));
  }

  untilClosed(): Promise<Fault | undefined> {
    return within("the end of a line socket", this.#closed.promise);
  }
}
