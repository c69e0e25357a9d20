/** Server end of a WebSocket connection that carries one line in each message. */

// See the IRCv3 specification "WebSocket".

import type { ServerWebSocket } from "bun";
import { NEWLINE } from "../../base/ascii.ts";
import { concatBytes, utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { CLOSE_CODE, closeFault } from "../link/close-code.ts";
import { BaseLineSocket } from "../link/line-socket.ts";
import type { WsEndpoint, WsSocketData } from "./server-link.ts";

export const LINE_PATH = "/irc";

const LINE_PROTOCOLS = ["text.ircv3.net", "binary.ircv3.net"] as const;
export type LineProtocol = (typeof LINE_PROTOCOLS)[number];

const CRLF = Uint8Array.of(13, NEWLINE);

/** @returns the first supported protocol of the header; text without one, as gamja sends none */
export function lineProtocolOf(header: string | null): LineProtocol | undefined {
  if (header === null) return "text.ircv3.net";
  const offered = header.split(",").map((name) => name.trim());
  for (const name of offered) {
    const protocol = LINE_PROTOCOLS.find((supported) => supported === name);
    if (protocol !== undefined) return protocol;
  }
  return undefined;
}

export class WsLineSocket
  extends BaseLineSocket<ServerWebSocket<WsSocketData>>
  implements WsEndpoint
{
  #socketBytes = 0;

  queuedBytes(): number {
    if (this.state === "closed") return 0;
    if (this.unsent.length === 0) this.#socketBytes = this.socket.getBufferedAmount();
    return this.unsentBytes + this.#socketBytes;
  }

  flush(): void {
    if (this.state === "closed") return;
    const { unsent } = this;
    this.dropUnsent();
    this.socket.cork((socket) => {
      for (const lines of unsent) this.#send(socket, lines);
    });
    this.settle();
    this.#closeWhenFlushed();
  }

  onMessage(message: Uint8Array | string): void {
    const line = typeof message === "string" ? utf8Encode(message) : message;
    const lf = line.indexOf(NEWLINE);
    if (lf >= 0 && lf < line.length - 1) {
      return this.drop(new Fault("frame-malformed", "a message contains more than one line"));
    }
    this.receive(lf < 0 ? concatBytes(line, CRLF) : line);
  }

  onDrain(): void {
    this.settle();
    this.#closeWhenFlushed();
  }

  onSocketClosed(code: number, reason: string): void {
    this.dropUnsent();
    this.finish(closeFault(code, reason));
  }

  protected terminate(): void {
    this.dropUnsent();
    this.socket.terminate();
  }

  #send(socket: ServerWebSocket<WsSocketData>, lines: Uint8Array): void {
    const isText = socket.data.lineProtocol === "text.ircv3.net";
    let start = 0;
    for (let end = lines.indexOf(NEWLINE); end >= 0; end = lines.indexOf(NEWLINE, start)) {
      const line = lines.subarray(start, end - 1);
      start = end + 1;
      if (isText) socket.sendText(utf8Decode(line));
      else socket.sendBinary(line);
    }
  }

  #closeWhenFlushed(): void {
    if (this.state !== "ending" || this.socket.getBufferedAmount() > 0) return;
    this.socket.close(CLOSE_CODE.normal);
  }
}
