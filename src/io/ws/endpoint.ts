/** Server end of a WebSocket connection, as the listener uses it. */

import type { Address } from "../link/link.ts";
import type { LineProtocol } from "./line-socket.ts";

export interface WsEndpoint {
  onMessage(message: Uint8Array | string): void;
  onControlFrame(): void;
  onDrain(): void;
  onSocketClosed(code: number, reason: string): void;
}

export interface WsSocketData {
  readonly remote: Address;
  /** `undefined` for a link. */
  readonly lineProtocol?: LineProtocol;
  endpoint?: WsEndpoint;
}
