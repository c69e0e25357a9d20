/** QUIC connection with its streams, error codes and errors of binding. */

import { Fault, msg } from "../../base/fault.ts";
import { DRAIN_TIMEOUT_MS } from "../../base/limits.ts";
import type { QuicWire } from "./adapter.ts";
import type { CloseOrder, QuicLink } from "./link.ts";

/**
 * Either end of a connection, with its link (the first stream) and data channels. The side that is
 * last to detect that the link has ended closes the connection, so that retransmissions complete.
 * Either side closes it after DRAIN_TIMEOUT_MS at the latest.
 */
export class QuicConnection {
  #link: QuicLink | undefined;
  readonly #channels = new Set<QuicLink>();
  #isEnded = false;

  constructor(readonly wire: QuicWire) {}

  get link(): QuicLink | undefined {
    return this.#isEnded ? undefined : this.#link;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  add(link: QuicLink): void {
    if (this.#link === undefined) this.#link = link;
    else this.#channels.add(link);
  }

  get links(): QuicLink[] {
    return this.#link === undefined ? [] : [this.#link, ...this.#channels];
  }

  async waitForChannels(link: QuicLink): Promise<void> {
    if (link !== this.#link) return;
    await Promise.all(
      [...this.#channels].filter((channel) => channel.isClosing).map((channel) => channel.ended),
    );
  }

  onLinkEnded(link: QuicLink, hangUp: CloseOrder, code: number): void {
    this.#channels.delete(link);
    if (link !== this.#link || this.#isEnded) return;
    this.#isEnded = true;
    const fault = new Fault("link-closed", "the link of this data channel was closed");
    for (const channel of [...this.#channels]) channel.drop(fault);
    if (hangUp === "now") return this.wire.close(code);
    const timer = setTimeout(() => this.wire.close(code), DRAIN_TIMEOUT_MS);
    void this.wire.closed.then(() => clearTimeout(timer));
  }
}

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
      return new Fault(
        "link-closed",
        msg`the server accepts no more connections, of this network or of all`,
        { remedy: msg`try again later; its operator sees why` },
      );
    default:
      return new Fault("link-closed", "the connection was lost");
  }
}

/** Error numbers on Linux and macOS. */
const ADDRESS_IN_USE = new Set(["98", "48"]);
const ACCESS_DENIED = new Set(["13"]);
const ADDRESS_UNAVAILABLE = new Set(["99", "49"]);

export type BindError = "taken" | "forbidden" | "no-address" | "other";

export function udpBindError(cause: unknown): BindError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const number = /\((\d+)\)$/.exec(message)?.[1] ?? "";
  if (ADDRESS_IN_USE.has(number)) return "taken";
  if (ACCESS_DENIED.has(number)) return "forbidden";
  if (ADDRESS_UNAVAILABLE.has(number) || message.startsWith("Invalid")) return "no-address";
  return "other";
}
