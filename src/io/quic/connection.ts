/** A QUIC connection and its streams. */

import { Fault } from "../../base/fault.ts";
import { DRAIN_TIMEOUT_MS } from "../../base/limits.ts";
import type { QuicWire } from "./adapter.ts";
import type { HangUp, QuicLink } from "./link.ts";

/**
 * One connection with its link (the first stream) and its channels (the others), at either end. The
 * end that learns last of the link's end closes the connection, so that no retransmission is cut
 * off. If the peer does not close it, we do so after DRAIN_TIMEOUT_MS.
 */
export class QuicConnection {
  readonly wire: QuicWire;
  #link: QuicLink | undefined;
  readonly #lanes = new Set<QuicLink>(); // Bounded by UDP_STREAMS_MAX, which QUIC enforces.
  #isOver = false;

  constructor(wire: QuicWire) {
    this.wire = wire;
  }

  /** `undefined` before there is one and after its end. */
  get link(): QuicLink | undefined {
    return this.#isOver ? undefined : this.#link;
  }

  /** The link has ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  add(link: QuicLink): void {
    if (this.#link === undefined) this.#link = link;
    else this.#lanes.add(link);
  }

  /** A closing channel ends before its link does. */
  async settled(link: QuicLink): Promise<void> {
    if (link !== this.#link) return;
    await Promise.all([...this.#lanes].filter((lane) => lane.isClosing).map((lane) => lane.ended));
  }

  over(link: QuicLink, hangUp: HangUp, code: number): void {
    this.#lanes.delete(link);
    if (link !== this.#link || this.#isOver) return;
    this.#isOver = true;
    const fault = new Fault("link-closed", "the link of this lane was closed");
    for (const lane of [...this.#lanes]) lane.drop(fault);
    if (hangUp === "now") return this.wire.close(code);
    const timer = setTimeout(() => this.wire.close(code), DRAIN_TIMEOUT_MS);
    void this.wire.gone.then(() => clearTimeout(timer));
  }
}
