/** The HTTP exchange that upgrades a connection to WebSocket. @see RFC 6455, section 4 */

import { utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";

/** Path of links; everything else is plain HTTP. */
export const LINK_PATH = "/ws";
/** OpenSSL's number for TLS 1.3; Bun takes no name. Neither end accepts anything older. */
export const TLS_1_3 = 0x0304;

/** A longer answer is not from a server of ours. */
const ANSWER_BYTES_MAX = 8 * 1024;
/** @see RFC 6455, section 1.3 */
const ACCEPT_SALT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const HEADER_END = "\r\n\r\n";

export function formatHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The server does not recognize the name by which it was addressed (RFC 9110, 15.5.20). */
export class MisdirectedFault extends Fault {
  constructor(where: string) {
    super("unreachable", `the server at ${where} does not go by that name`, {
      remedy: "use its address, or start it with chat serve --public NAME",
    });
  }
}

/** The client's side of one upgrade. */
export class Upgrade {
  readonly #where: string;
  readonly #host: string;
  readonly #key = crypto.getRandomValues(new Uint8Array(16)).toBase64();
  #answer = new Uint8Array(0);

  /**
   * @param where host:port, as shown in faults
   * @param host Host header
   */
  constructor(where: string, host = where) {
    this.#where = where;
    this.#host = host;
  }

  request(): Uint8Array {
    return utf8Encode(
      [
        `GET ${LINK_PATH} HTTP/1.1`,
        `Host: ${this.#host}`,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        `Sec-WebSocket-Key: ${this.#key}`,
        HEADER_END,
      ].join("\r\n"),
    ).subarray(0, -2);
  }

  /**
   * Reads the next bytes of the answer.
   * @returns the bytes after the header, once it is complete: the first frames
   * @throws Fault unreachable if the server refuses or is something else
   */
  feed(chunk: Uint8Array): Uint8Array | undefined {
    const bytes = new Uint8Array(this.#answer.length + chunk.length);
    bytes.set(this.#answer);
    bytes.set(chunk, this.#answer.length);
    this.#answer = bytes;
    const text = Buffer.from(bytes.buffer, 0, Math.min(bytes.length, ANSWER_BYTES_MAX)).toString(
      "latin1",
    );
    const end = text.indexOf(HEADER_END);
    if (end < 0) {
      if (bytes.length < ANSWER_BYTES_MAX && "HTTP/1.1 ".startsWith(text.slice(0, 9))) return;
      throw this.#foreign("speaks another protocol");
    }
    this.#check(text.slice(0, end).split("\r\n"));
    return bytes.subarray(end + HEADER_END.length);
  }

  #check(lines: readonly string[]): void {
    const status = Number(lines[0]?.split(" ")[1]);
    const headers = new Map(lines.slice(1).map(splitHeader));
    if (status === 503 || status === 429) {
      throw new Fault("unreachable", msg`${this.#where} takes no more connections`, {
        remedy: "try again later",
      });
    }
    if (status === 421) throw new MisdirectedFault(this.#where);
    if (status !== 101) throw this.#foreign(`answers with HTTP status ${status}`);
    const isAccepted =
      headers.get("upgrade")?.toLowerCase() === "websocket" &&
      headers.get("sec-websocket-accept") === acceptOf(this.#key);
    // We offered no extension: one enabled anyway would garble every frame.
    if (!isAccepted || headers.has("sec-websocket-extensions")) {
      throw this.#foreign("answers the upgrade wrongly");
    }
  }

  #foreign(what: string): Fault {
    return new Fault("unreachable", msg`${this.#where} is not a chat server: it ${what}`, {
      remedy: "check the port",
    });
  }
}

function splitHeader(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function acceptOf(key: string): string {
  return new Bun.CryptoHasher("sha1").update(key + ACCEPT_SALT).digest("base64");
}
