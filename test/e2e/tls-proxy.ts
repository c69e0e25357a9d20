import type { Socket } from "node:net";
import { connect } from "node:net";
import { connect as connectTls, createServer, type Server } from "node:tls";

export class TlsProxy {
  to = 0;
  /** Whether the proxy encrypts again, for a server with TLS. */
  encrypts = false;
  readonly #sockets = new Set<Socket>();
  #server: Server;

  private constructor(cert: string, key: string) {
    this.#server = this.#newServer(cert, key);
  }

  static async open(cert: string, key: string): Promise<TlsProxy> {
    const proxy = new TlsProxy(cert, key);
    await proxy.#listen(0);
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("a proxy has a port");
    return address.port;
  }

  /** Ends all connections, and listens with another certificate. */
  async restart(cert: string, key: string): Promise<void> {
    const { port } = this;
    this[Symbol.dispose]();
    this.#server = this.#newServer(cert, key);
    await this.#listen(port);
  }

  [Symbol.dispose](): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  #listen(port: number): Promise<void> {
    return new Promise((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
  }

  #newServer(cert: string, key: string): Server {
    return createServer({ cert, key }, (front) => {
      const to = { port: this.to, host: "127.0.0.1" };
      const back = this.encrypts ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
      for (const socket of [front, back]) {
        this.#sockets.add(socket);
        socket.on("close", () => this.#sockets.delete(socket));
      }
      front.pipe(back).pipe(front);
      front.on("error", () => back.destroy());
      back.on("error", () => front.destroy());
    });
  }
}
