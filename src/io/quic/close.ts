/** Faults as QUIC error codes, and back. */

import { Fault } from "../../base/fault.ts";

/**
 * Codes with which a stream or a connection ends. None is 0: Bun (1.4.4) reports a connection that
 * ended with 0 exactly like one that fell silent. None is 1, which Bun sends by itself.
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

/**
 * Translates the end of a stream or connection for the owner of an open link. An orderly end is the
 * end of the stream itself, never a code.
 * @param code undefined if the connection ended without one, for instance in silence
 */
export function faultOfQuicCode(code: number | undefined): Fault {
  switch (code) {
    case QUIC_CODE.tooLarge:
      return new Fault("too-large", "a message was longer than the other end takes");
    case QUIC_CODE.malformed:
      return new Fault("frame-malformed", "the other end could not read a record");
    case QUIC_CODE.refused:
      return new Fault("link-closed", "the other end takes no more connections");
    default:
      return new Fault("link-closed", "the connection was lost");
  }
}
