/** Server end of a TCP or TLS connection that carries lines. */

import type { Socket } from "bun";
import { Fault } from "../../base/fault.ts";
import { joinFrames } from "../link/base-link.ts";
import { BaseLineSocket } from "../link/line-socket.ts";

export class TcpLineSocket extends BaseLineSocket<Socket<unknown>> {
  #isBlocked = false;
  #hasPeerEnded = false;
  #isShutDown = false;

  queuedBytes(): number {
    return this.unsentBytes;
  }

  flush(): void {
    if (this.state === "closed" || this.#isShutDown) return;
    let sentCount = 0;
    while (sentCount < this.unsent.length && !this.#isBlocked) {
      const [batch, count] = joinFrames(this.unsent, sentCount);
      const written = Math.max(0, this.socket.write(batch));
      this.unsentBytes -= written;
      sentCount += count;
      if (written === batch.length) continue;
      this.#isBlocked = true;
      sentCount -= 1;
      this.unsent[sentCount] = batch.subarray(written);
    }
    this.unsent = this.unsent.slice(sentCount);
    this.settle();
    if (this.state !== "ending" || this.unsent.length > 0) return;
    this.#isShutDown = true;
    // Closing before the peer does would lose the last lines if unread bytes have arrived.
    if (this.#hasPeerEnded) this.socket.end();
    else this.socket.shutdown();
  }

  onData(bytes: Uint8Array): void {
    this.receive(bytes);
  }

  onDrain(): void {
    this.#isBlocked = false;
    this.flush();
  }

  onPeerEnded(): void {
    this.#hasPeerEnded = true;
    if (this.#isShutDown) this.socket.end();
    else this.peerEnded();
  }

  onSocketClosed(error: Error | undefined): void {
    this.dropUnsent();
    const isLost = error !== undefined;
    this.finish(isLost ? new Fault("link-closed", "the connection was lost") : undefined);
  }

  protected terminate(): void {
    this.dropUnsent();
    // The system may still be sending the last lines, which a reset would discard.
    if (this.#isShutDown) this.socket.end();
    else this.socket.terminate();
  }
}
