import { connect, createServer, type Server, type Socket } from "node:net";

export type Direction = "up" | "down";

interface Stall {
  readonly way: Direction;
  left: number;
  readonly reached: () => void;
}

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  downBytes: number;
}

/**
 * Relay to a local server that counts bytes, can stall after a number of bytes, and can be cut.
 * Bytes that it does not forward stay with the sender, because it buffers no more than a socket.
 */
export class Relay {
  readonly passed: Record<Direction, number> = { up: 0, down: 0 };
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #isCut = false;
  #stall: Stall | undefined;
  #bytesPerConnection = Number.POSITIVE_INFINITY;

  private constructor(server: Server, port: number) {
    this.#server = server;
    server.on("connection", (near) => this.#connect(near, port));
  }

  static async open(port: number, at = 0): Promise<Relay> {
    const server = createServer({ noDelay: true });
    const relay = new Relay(server, port);
    await new Promise<void>((resolve) => server.listen(at, "127.0.0.1", resolve));
    return relay;
  }

  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("a relay has a port");
    return `127.0.0.1:${address.port}`;
  }

  stallAfter(way: Direction, bytes: number): Promise<void> {
    if (bytes <= 0) throw new Error("a wire stands still after some bytes, not before");
    return new Promise((resolve) => {
      this.#stall = { way, left: bytes, reached: resolve };
    });
  }

  /** Each connection, also of later clients, stalls after this many bytes from the server. */
  stallEachAfter(bytes: number): void {
    this.#bytesPerConnection = bytes;
  }

  /** Resumes forwarding. Cancels a stall that has not begun. */
  release(): void {
    this.#stall = undefined;
    for (const { near, far } of this.#pairs) {
      near.resume();
      far.resume();
    }
  }

  drop(): void {
    for (const pair of [...this.#pairs]) this.#drop(pair);
    this.release();
  }

  cut(): void {
    this.#isCut = true;
    this.drop();
  }

  mend(): void {
    this.#isCut = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #connect(near: Socket, port: number): void {
    if (this.#isCut) return void near.destroy();
    const far = connect({ port, host: "127.0.0.1", noDelay: true });
    const pair: Pair = { near, far, downBytes: 0 };
    this.#pairs.add(pair);
    this.#carry(pair, near, pair.far, "up");
    this.#carry(pair, pair.far, near, "down");
    near.pause(); // Paused until the other end is connected.
    pair.far.once("connect", () => {
      if (!this.#isStalled) near.resume();
    });
    if (this.#isStalled) this.#halt(pair);
  }

  #carry(pair: Pair, from: Socket, to: Socket, way: Direction): void {
    from.on("data", (bytes: Buffer) => {
      const isFree = to.write(bytes);
      this.#count(way, bytes.length);
      if (way === "down") pair.downBytes += bytes.length;
      if (pair.downBytes > this.#bytesPerConnection) return this.#halt(pair);
      if (!isFree || this.#isStalled) from.pause();
    });
    to.on("drain", () => {
      if (!this.#isStalled) from.resume();
    });
    from.on("error", () => this.#drop(pair));
    from.on("close", () => this.#drop(pair));
  }

  get #isStalled(): boolean {
    return this.#stall !== undefined && this.#stall.left <= 0;
  }

  #count(way: Direction, bytes: number): void {
    this.passed[way] += bytes;
    const stall = this.#stall;
    if (stall === undefined || stall.way !== way || stall.left <= 0) return;
    stall.left -= bytes;
    if (stall.left > 0) return;
    for (const pair of this.#pairs) this.#halt(pair);
    stall.reached();
  }

  #halt({ near, far }: Pair): void {
    near.pause();
    far.pause();
  }

  #drop(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return;
    pair.near.destroy();
    pair.far.destroy();
  }
}
