import { connect, createServer, type Server } from "node:net";
import { systemClock } from "../../src/io/clock.ts";
import { reservedPort } from "../ports.ts";

/**
 * Longer than either end takes to send what does not depend on the other end's next bytes. A slower
 * end makes the relay count too many turns, never too few.
 */
const LATENCY_MS = 150;
/** Longer, because each end of QUIC also answers packets that nobody waits for. */
const UDP_LATENCY_MS = 400;

const clock = systemClock();

/**
 * Delays both directions equally, and counts turns: bytes from the client belong to the turn after
 * the newest one from which it has received bytes, and bytes from the server to the newest turn
 * from which it has received bytes.
 */
class Turns {
  #atServer = 0;
  #atClient = 0;

  constructor(private readonly latencyMs: number) {}

  /** Turns whose answers the client has received. */
  get answered(): number {
    return this.#atClient;
  }

  /** Counts a turn that the relay does not see. */
  addOne(): void {
    this.#atClient += 1;
    this.#atServer = Math.max(this.#atServer, this.#atClient);
  }

  later(deliver: () => void): void {
    clock.after(this.latencyMs, deliver);
  }

  up(deliver: () => void): void {
    const turn = this.#atClient + 1;
    this.later(() => {
      this.#atServer = Math.max(this.#atServer, turn);
      deliver();
    });
  }

  down(deliver: () => void): void {
    const turn = this.#atServer;
    this.later(() => {
      this.#atClient = Math.max(this.#atClient, turn);
      deliver();
    });
  }
}

/**
 * Counts the turns behind the first connection's TCP handshake, which is not included. Those of
 * later connections are.
 */
export class TcpTurnRelay implements Disposable {
  readonly #server: Server;
  #answered = 0;
  #isCut = false;
  /** Answers of later turns are lost. */
  answeredMax = Number.POSITIVE_INFINITY;

  private constructor(port: number) {
    const turns = new Turns(LATENCY_MS);
    let isFirst = true;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
      const far = connect(port, "127.0.0.1");
      if (!isFirst) turns.addOne();
      isFirst = false;
      near.on("data", (bytes) =>
        turns.up(() => {
          if (!this.#isCut) far.write(bytes);
        }),
      );
      far.on("data", (bytes) =>
        turns.down(() => {
          if (near.readyState !== "open") return; // The client has ended.
          if (turns.answered > this.answeredMax) return;
          this.#answered = Math.max(this.#answered, turns.answered);
          near.write(bytes);
        }),
      );
      near.on("end", () => turns.later(() => far.destroy()));
      near.on("error", () => {});
      far.on("error", () => {});
      near.on("close", () => turns.later(() => far.destroy()));
      far.on("close", () => turns.later(() => near.destroy()));
    });
  }

  static async open(port: number): Promise<TcpTurnRelay> {
    const relay = new TcpTurnRelay(port);
    await new Promise<void>((resolve) => relay.#server.listen(0, "127.0.0.1", resolve));
    return relay;
  }

  get address(): string {
    const address = this.#server.address();
    return typeof address === "object" ? `127.0.0.1:${address?.port}` : "";
  }

  /** Most answered turns of a connection. */
  get answered(): number {
    return this.#answered;
  }

  /** From now on, the server receives nothing more. */
  cut(): void {
    this.#isCut = true;
  }

  [Symbol.dispose](): void {
    this.#server.close();
  }
}

/** The system reports that a client or server has ended, which no test asks about. */
const ignoreEnded = () => {};

/** Counts all turns of clients over UDP. */
export class UdpTurnRelay implements AsyncDisposable {
  readonly #turns = new Turns(UDP_LATENCY_MS);
  readonly #far: Promise<Bun.udp.Socket<"buffer">>;
  #near: Bun.udp.Socket<"buffer"> | undefined;
  #client = { host: "", port: 0 };
  #isClosed = false;

  private constructor(port: number) {
    this.#far = Bun.udpSocket({
      socket: {
        data: (_, bytes) =>
          this.#turns.down(() => {
            if (!this.#isClosed) this.#near?.send(bytes, this.#client.port, this.#client.host);
          }),
        error: ignoreEnded,
      },
      connect: { hostname: "127.0.0.1", port },
    }) as unknown as Promise<Bun.udp.Socket<"buffer">>;
  }

  static async open(port: number): Promise<UdpTurnRelay> {
    const relay = new UdpTurnRelay(port);
    const far = (await relay.#far) as unknown as Bun.udp.ConnectedSocket<"buffer">;
    relay.#near = await Bun.udpSocket({
      hostname: "127.0.0.1",
      port: await reservedPort(),
      socket: {
        data: (_, bytes, port, host) => {
          if (bytes.length === 1) return; // Probe for a closed port, from a port of its own.
          relay.#client = { host, port };
          relay.#turns.up(() => {
            if (!relay.#isClosed) far.send(bytes);
          });
        },
        error: ignoreEnded,
      },
    });
    return relay;
  }

  get address(): string {
    return `udp://127.0.0.1:${this.#near?.port}`;
  }

  get answered(): number {
    return this.#turns.answered;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#near?.close();
    (await this.#far).close();
  }
}
