import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request as forward, type Server } from "node:https";
import { makeCertificate } from "../../src/crypto/certificate.ts";

interface HttpProxyOptions {
  /** Holds each response back until it is complete. */
  readonly isBuffering?: boolean;
  /** Refused with status 403. */
  readonly refuses?: (request: IncomingMessage) => boolean;
  /** Forwarded, but the connection breaks before the answer. */
  readonly losesAnswer?: (request: IncomingMessage) => boolean;
}

/** TLS proxy that refuses WebSocket, as those of schools do. */
export class HttpProxy {
  upgrades = 0;
  options: HttpProxyOptions = {};
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  readonly #port: number;

  private constructor(
    port: number,
    { certPem: cert, keyPem: key }: { certPem: string; keyPem: string },
  ) {
    this.#port = port;
    this.#server = createServer({ cert, key }, (request, response) =>
      this.#answer(request, response),
    );
    this.#server.on("upgrade", (_request, socket) => {
      this.upgrades += 1;
      socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    });
  }

  static async open(
    port: number,
    options: HttpProxyOptions = {},
    host = "127.0.0.1",
  ): Promise<HttpProxy> {
    const proxy = new HttpProxy(port, await makeCertificate());
    proxy.options = options;
    await new Promise<void>((resolve) => proxy.#server.listen(0, host, resolve));
    return proxy;
  }

  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("a proxy has a port");
    return `127.0.0.1:${address.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { isBuffering = false, refuses, losesAnswer } = this.options;
    if (request.headers.upgrade !== undefined) this.upgrades += 1;
    if (request.headers.upgrade !== undefined || refuses?.(request) === true) {
      response.writeHead(403).end();
      return;
    }
    const { method, url, headers } = request;
    const options = { host: "127.0.0.1", port: this.#port, method, path: url, headers };
    const onward = forward({ ...options, agent: this.#agent }, (answer) => {
      if (losesAnswer?.(request) === true) {
        answer.resume();
        request.socket.destroy();
        return;
      }
      const parts: Buffer[] = [];
      if (!isBuffering) {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        response.flushHeaders();
      }
      answer.on("data", (part: Buffer) => {
        if (isBuffering) parts.push(part);
        else response.write(part);
      });
      answer.on("end", () => {
        if (isBuffering) response.writeHead(answer.statusCode ?? 502, answer.headers);
        response.end(Buffer.concat(parts));
      });
    });
    onward.on("error", () => request.socket.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  }
}

// For checks on real phones (test/by-hand/phones.md).
if (import.meta.main) {
  const { address } = await HttpProxy.open(Number(Bun.argv[2]), {}, "0.0.0.0");
  process.stdout.write(`open https://ADDRESS:${address.split(":")[1]}/ on the phone\n`);
}
