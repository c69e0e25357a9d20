/** Conversion between faults and QUIC error codes. */

import { Fault } from "../../base/fault.ts";

/**
 * Code 0 is unused because Bun (1.4.4) reports it like a lost connection, and code 1 because Bun
 * itself sends it.
 */
export const QUIC_CODE = {
  done: 0x100,
  refused: 0x101,
  lost: 0x102,
  tooLarge: 0x103,
  malformed: 0x104,
} as const;

export function quicCodeOf(fault: Fault): number {
  switch (fault.code) {
    case "too-large":
      return QUIC_CODE.tooLarge;
    case "frame-malformed":
      return QUIC_CODE.malformed;
    default:
      return QUIC_CODE.lost;
  }
}

export function faultOfQuicCode(code: number | undefined): Fault {
  switch (code) {
    case QUIC_CODE.tooLarge:
      return new Fault("too-large", "the message exceeds the peer's limit");
    case QUIC_CODE.malformed:
      return new Fault("frame-malformed", "the peer rejected a record");
    case QUIC_CODE.refused:
      return new Fault("link-closed", "the peer accepts no more connections");
    default:
      return new Fault("link-closed", "the connection was lost");
  }
}
