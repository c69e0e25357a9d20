import { connect } from "node:net";
import { createServer, type Server } from "node:tls";

export class TlsProxy {
  to = 0;
  readonly #server: Server;

  private constructor(cert: string, key: string) {
    this.#server = createServer({ cert, key }, (front) => {
      const back = connect(this.to, "127.0.0.1");
      front.pipe(back).pipe(front);
      front.on("error", () => back.destroy());
      back.on("error", () => front.destroy());
    });
  }

  static async open(cert: string, key: string): Promise<TlsProxy> {
    const proxy = new TlsProxy(cert, key);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("a proxy has a port");
    return address.port;
  }

  [Symbol.dispose](): void {
    this.#server.close();
  }
}
