/** HTTP exchange that upgrades a connection to WebSocket. @see RFC 6455, section 4 */

import { toBase64Url, tryBase64Url, utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { PROXY_STATUSES } from "../http/proxy-status.ts";

export const LINK_PATH = "/ws";
/** Header with the link's first message in base64url, which the server repeats with this value. */
export const FIRST_MESSAGE_HEADER = "chat-first-message";
export const FIRST_MESSAGE_RECEIVED = "received";
/** In base64url. A `hello` takes at most 400, and 1,400 with the proof that it asks for. */
const FIRST_MESSAGE_LENGTH_MAX = 2048;
/** OpenSSL's number for TLS 1.3. Bun accepts no version name. */
export const TLS_1_3 = 0x0304;

const RESPONSE_BYTES_MAX = 8 * 1024;
const ACCEPT_SALT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const HEADER_END = "\r\n\r\n";

export function formatHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

export class MisdirectedFault extends Fault {
  constructor(address: string) {
    super("unreachable", `the server at ${address} does not accept that host name`, {
      remedy: "use its address, or start it with chat serve --public NAME",
    });
  }
}

/** Returns the message in the request's header; `undefined` without one or if it is invalid. */
export function firstMessageOf(headers: Headers): Uint8Array | undefined {
  const text = headers.get(FIRST_MESSAGE_HEADER) ?? undefined;
  return text === undefined || text.length > FIRST_MESSAGE_LENGTH_MAX
    ? undefined
    : tryBase64Url(text);
}

export class WebSocketUpgrade {
  readonly #key = crypto.getRandomValues(new Uint8Array(16)).toBase64();
  #response = new Uint8Array(0);
  #isFirstReceived = false;

  constructor(
    private readonly address: string,
    private readonly host = address,
    private readonly first?: Uint8Array,
  ) {}

  /** Whether the server has received the first message with the request. */
  get isFirstReceived(): boolean {
    return this.#isFirstReceived;
  }

  request(): Uint8Array {
    return utf8Encode(
      [
        `GET ${LINK_PATH} HTTP/1.1`,
        // A zone, as in fe80::1%eth0, has a meaning on this machine only (RFC 6874, section 4).
        `Host: ${this.host.replace(/%[^\]]*/, "")}`,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        `Sec-WebSocket-Key: ${this.#key}`,
        ...(this.first === undefined
          ? []
          : [`${FIRST_MESSAGE_HEADER}: ${toBase64Url(this.first)}`]),
        HEADER_END,
      ].join("\r\n"),
    ).subarray(0, -2);
  }

  /**
   * Returns the bytes after the header; `undefined` until the header is complete.
   * @throws {Fault} unreachable if the server refuses or is not a chat server
   */
  feed(chunk: Uint8Array): Uint8Array | undefined {
    const bytes = new Uint8Array(this.#response.length + chunk.length);
    bytes.set(this.#response);
    bytes.set(chunk, this.#response.length);
    this.#response = bytes;
    const text = Buffer.from(bytes.buffer, 0, Math.min(bytes.length, RESPONSE_BYTES_MAX)).toString(
      "latin1",
    );
    const end = text.indexOf(HEADER_END);
    if (end < 0) {
      if (bytes.length < RESPONSE_BYTES_MAX && "HTTP/1.1 ".startsWith(text.slice(0, 9))) return;
      throw this.#notChatServer("speaks another protocol");
    }
    this.#check(text.slice(0, end).split("\r\n"));
    return bytes.subarray(end + HEADER_END.length);
  }

  #check(lines: readonly string[]): void {
    const status = Number(lines[0]?.split(" ")[1]);
    const headers = new Map(lines.slice(1).map(splitHeader));
    // A chat server, too, refuses with 503. Some proxies answer in plain text.
    const isOwn =
      status === 503 &&
      headers.get("content-type")?.startsWith("text/plain") === true &&
      headers.get("cache-control") === "no-store";
    if (PROXY_STATUSES.has(status) && !isOwn) {
      const text = msg`the proxy at ${this.address} does not reach the chat server`;
      const remedy = "wait until the server has restarted, or ask its operator";
      throw new Fault("unreachable", text, { remedy });
    }
    if (status === 503 || status === 429) {
      throw new Fault(
        "unreachable",
        msg`${this.address} accepts no more connections, of this network or of all`,
        { remedy: msg`try again later; its operator sees why` },
      );
    }
    if (status === 426) {
      const text = msg`the proxy at ${this.address} does not pass on the WebSocket upgrade`;
      const remedy = "forward the headers Upgrade and Connection, as in docs/certificates.md";
      throw new Fault("unreachable", text, { remedy });
    }
    if (status === 421) throw new MisdirectedFault(this.address);
    if (status !== 101) throw this.#notChatServer(`answers with HTTP status ${status}`);
    const isAccepted =
      headers.get("upgrade")?.toLowerCase() === "websocket" &&
      headers.get("sec-websocket-accept") === expectedAccept(this.#key);
    if (!isAccepted || headers.has("sec-websocket-extensions")) {
      throw this.#notChatServer("sent an invalid upgrade response");
    }
    this.#isFirstReceived = headers.get(FIRST_MESSAGE_HEADER) === FIRST_MESSAGE_RECEIVED;
  }

  #notChatServer(reason: string): Fault {
    return new Fault("unreachable", msg`${this.address} is not a chat server: it ${reason}`, {
      remedy: msg`check the port, or open a web page if this network has a log-in page`,
    });
  }
}

function splitHeader(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function expectedAccept(key: string): string {
  return new Bun.CryptoHasher("sha1").update(key + ACCEPT_SALT).digest("base64");
}
