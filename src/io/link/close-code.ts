/** Close codes of WebSocket, also used by links over plain HTTP. */

import { Fault, msg } from "../../base/fault.ts";

/** @see RFC 6455, section 7.4.1 */
export const CLOSE_CODE = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  noStatus: 1005,
  abnormal: 1006,
  tooLarge: 1009,
} as const;

export function closeCodeOf(fault: Fault): number {
  if (fault.code === "too-large") return CLOSE_CODE.tooLarge;
  return CLOSE_CODE.protocolError;
}

/**
 * @param reason text from the peer, or from Bun ("Received …") if the peer violated the protocol
 * @returns `undefined` if the peer closed normally
 */
export function closeFault(code: number, reason: string): Fault | undefined {
  switch (code) {
    case CLOSE_CODE.normal:
    case CLOSE_CODE.goingAway:
    case CLOSE_CODE.noStatus:
      return undefined;
    case CLOSE_CODE.tooLarge:
      return new Fault("too-large", "the message exceeds the peer's limit");
    case CLOSE_CODE.protocolError:
      return new Fault("frame-malformed", "the peer rejected a frame");
    default:
      if (reason === "Received too big message") {
        return new Fault("too-large", "the message is too large");
      }
      if (reason.startsWith("Received")) {
        return new Fault("frame-malformed", msg`malformed frame: ${reason.toLowerCase()}`);
      }
      return new Fault("link-closed", "the connection was lost");
  }
}
