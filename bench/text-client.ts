import { DOMAIN } from "./fan-out-program.ts";

/** Bytes that precede each text on the wire, so that clients need not parse a protocol. */
export interface TextPattern {
  readonly marker: string;
  readonly length: number;
}

interface TextClientOptions {
  readonly writeBytesMax?: number;
}

type OnText = (bytes: Buffer, offset: number) => void;

const REPLY_TIMEOUT_MS = 30_000;

/** Returns the offset of the first byte that the next chunk may complete. */
export function forEachText(bytes: Buffer, pattern: TextPattern, onText: OnText): number {
  const { marker, length } = pattern;
  for (let from = 0; ; ) {
    const at = bytes.indexOf(marker, from, "latin1");
    if (at < 0) return Math.max(from, bytes.length - marker.length + 1);
    const text = at + marker.length;
    if (text + length > bytes.length) return at;
    onText(bytes, text);
    from = text + length;
  }
}

/** TLS client that logs in with fixed messages and then only looks for texts. */
export class TextClient {
  #socket: Bun.Socket<undefined> | undefined;
  #received = Buffer.alloc(0);
  #unsent: Buffer[] = [];
  #onReceived: (() => void) | undefined;
  #isClosing = false;
  #writeBytesMax = Number.POSITIVE_INFINITY;
  onChunk: ((chunk: Buffer) => void) | undefined;

  static async connect(port: number, options: TextClientOptions = {}): Promise<TextClient> {
    const client = new TextClient();
    client.#writeBytesMax = options.writeBytesMax ?? Number.POSITIVE_INFINITY;
    const tls = { rejectUnauthorized: false, serverName: DOMAIN };
    const secured = Promise.withResolvers<void>();
    const handlers = {
      handshake: () => secured.resolve(),
      data: (_: unknown, chunk: Buffer) => client.#onData(chunk),
      drain: () => client.#flush(),
      close: () => client.#onClose(),
    };
    client.#socket = await Bun.connect({ hostname: "127.0.0.1", port, tls, socket: handlers });
    await secured.promise;
    return client;
  }

  async request(message: string, reply: string): Promise<void> {
    this.send(message);
    await this.#reply(reply);
  }

  async #reply(expected: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      reject(new Error(`expected ${expected}, received ${this.#received.toString("latin1")}`));
    }, REPLY_TIMEOUT_MS);
    this.#onReceived = () => {
      const at = this.#received.indexOf(expected, 0, "latin1");
      if (at < 0) return;
      this.#received = this.#received.subarray(at + expected.length);
      resolve();
    };
    this.#onReceived();
    await promise;
    clearTimeout(timer);
    this.#onReceived = undefined;
  }

  watch(pattern: TextPattern, onText: OnText): void {
    this.#onReceived = () => {
      const rest = forEachText(this.#received, pattern, onText);
      this.#received = Buffer.from(this.#received.subarray(rest));
    };
    this.#onReceived();
  }

  /** @param message one character per byte */
  send(message: string | Buffer): void {
    const bytes = typeof message === "string" ? Buffer.from(message, "latin1") : message;
    this.#unsent.push(bytes);
    if (this.#unsent.length === 1) queueMicrotask(() => this.#flush());
  }

  close(): void {
    this.#isClosing = true;
    this.#socket?.end();
  }

  #flush(): void {
    if (this.#unsent.length === 0) return;
    let rest = Buffer.concat(this.#unsent);
    while (rest.length > 0) {
      const part = rest.subarray(0, this.#writeBytesMax);
      const written = Math.max(0, this.#socket?.write(part) ?? 0);
      rest = rest.subarray(written);
      if (written < part.length) break;
    }
    this.#unsent = rest.length > 0 ? [rest] : [];
  }

  #onData(chunk: Buffer): void {
    const isEmpty = this.#received.length === 0;
    this.#received = isEmpty ? Buffer.from(chunk) : Buffer.concat([this.#received, chunk]);
    if (this.#onReceived === undefined) this.#received = Buffer.alloc(0);
    else this.#onReceived();
    this.onChunk?.(chunk);
  }

  #onClose(): void {
    if (this.#isClosing) return;
    // Throws outside the socket's handler, so that the error ends the process.
    setTimeout(() => {
      throw new Error("the server closed the connection");
    });
  }
}
