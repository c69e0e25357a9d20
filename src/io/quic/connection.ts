/** QUIC connection with its streams. */

import { Fault } from "../../base/fault.ts";
import { DRAIN_TIMEOUT_MS } from "../../base/limits.ts";
import type { QuicWire } from "./adapter.ts";
import type { CloseOrder, QuicLink } from "./link.ts";

/**
 * Either end of a connection, with its link (the first stream) and data channels. The side that is
 * last to detect that the link has ended closes the connection, so that retransmissions complete.
 * Either side closes it after DRAIN_TIMEOUT_MS at the latest.
 */
export class QuicConnection {
  readonly wire: QuicWire;
  #link: QuicLink | undefined;
  readonly #channels = new Set<QuicLink>();
  #isEnded = false;

  constructor(wire: QuicWire) {
    this.wire = wire;
  }

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
