import { connect as connectTcp, type Socket } from "node:net";
import { Readable } from "node:stream";
import { connect as connectTls } from "node:tls";
import { Lines } from "./lines.ts";

const ENCODER = new TextEncoder();

/** IRC client of a real server, over TCP, TLS or WebSocket. */
export class IrcConnection {
  readonly lines: Lines;
  readonly #write: (line: string) => void;
  readonly #close: () => void;
  readonly #endInput: () => void;
  #syncCount = 0;

  private constructor(
    name: string,
    stream: ReadableStream<Uint8Array>,
    write: (line: string) => void,
    close: () => void,
    endInput = close,
  ) {
    this.lines = new Lines(name, stream);
    this.#write = write;
    this.#close = close;
    this.#endInput = endInput;
  }

  /** @param address `irc://HOST:PORT`, `ircs://HOST:PORT` or `wss://HOST:PORT/irc` */
  static open(address: string): IrcConnection {
    const url = new URL(address);
    if (url.protocol === "wss:") return IrcConnection.#openWebSocket(address);
    const { hostname: host, port } = url;
    const target = { host, port: Number(port) };
    const socket: Socket =
      url.protocol === "ircs:"
        ? connectTls({ ...target, rejectUnauthorized: false })
        : connectTcp(target);
    socket.on("error", () => socket.destroy());
    const stream = Readable.toWeb(Readable.from(chunksOf(socket)));
    const write = (line: string) => void socket.write(`${line}\r\n`);
    const close = () => void socket.destroy();
    const endInput = () => void socket.end();
    const bytes = stream as ReadableStream<Uint8Array>;
    return new IrcConnection(address, bytes, write, close, endInput);
  }

  static #openWebSocket(address: string): IrcConnection {
    const tls = { rejectUnauthorized: false };
    const socket = new WebSocket(address, { protocols: ["text.ircv3.net"], tls });
    const opened = new Promise((resolve) => socket.addEventListener("open", resolve));
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        socket.addEventListener("message", ({ data }) => {
          controller.enqueue(ENCODER.encode(`${data}\r\n`));
        });
        socket.addEventListener("close", () => controller.close());
      },
    });
    const write = (line: string) => void opened.then(() => socket.send(line));
    return new IrcConnection(address, stream, write, () => socket.close());
  }

  send(...lines: readonly string[]): void {
    for (const line of lines) this.#write(line);
  }

  /** Waits for a line that has not been returned yet. */
  async until(pattern: RegExp | string): Promise<string> {
    const fits = (line: string) =>
      typeof pattern === "string" ? line.includes(pattern) : pattern.test(line.trimEnd());
    return (await this.lines.next(String(pattern), fits)).trimEnd();
  }

  /** Sends commands and returns the lines that arrive until all commands are complete. */
  async ask(...lines: readonly string[]): Promise<readonly string[]> {
    const start = this.lines.all.length;
    const token = `sync-${++this.#syncCount}`;
    this.send(...lines, `PING ${token}`);
    await this.until(new RegExp(`PONG \\S+ :?${token}$`));
    return this.lines.all.slice(start).map((line) => line.trimEnd());
  }

  async logIn(user: string, password: string, caps = ""): Promise<void> {
    this.send("CAP LS 302", `NICK ${user}`, `USER ${user} 0 * :${user}`);
    this.send(`CAP REQ :sasl ${caps}`, "AUTHENTICATE PLAIN");
    await this.until("AUTHENTICATE +");
    this.send(`AUTHENTICATE ${btoa(`\0${user}\0${password}`)}`, "CAP END");
    await this.until(/ 001 /);
    await this.ask();
  }

  close(): void {
    this.#close();
  }

  /** Sends nothing more, but still receives. */
  endInput(): void {
    this.#endInput();
  }
}

async function* chunksOf(socket: Socket): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of socket) yield chunk as Uint8Array;
  } catch {
    // The server was killed.
  }
}
