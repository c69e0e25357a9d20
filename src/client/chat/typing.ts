/** Typing indicators that this client sends. */

import { TYPING_MS } from "../../base/limits.ts";
import type { RoomState } from "../../core/model/state.ts";

/** Interval of refreshes: half the time after which an indicator expires. */
const TOLD_EVERY_MS = TYPING_MS / 2;

/** Sends typing indicators no more often than the server needs. */
export class TypingTeller {
  readonly #now: () => number;
  readonly #tell: (room: string, on: boolean) => void;
  #room: string | undefined;
  #toldAt = 0;

  constructor(now: () => number, tell: (room: string, on: boolean) => void) {
    this.#now = now;
    this.#tell = tell;
  }

  /** @param text content of the composer after a key press */
  typed({ id, isSealed, isClosed }: RoomState, text: string): void {
    if (isSealed || isClosed) return;
    const isHere = this.#room === id;
    if (!isSaying(text)) {
      if (isHere) this.#tell(id, false);
      return this.sent();
    }
    const now = this.#now();
    if (isHere && now - this.#toldAt < TOLD_EVERY_MS) return;
    this.#room = id;
    this.#toldAt = now;
    this.#tell(id, true);
  }

  /** Sends nothing: the message itself ends the indicator for readers. */
  sent(): void {
    this.#room = undefined;
  }
}

function isSaying(text: string): boolean {
  return text.trim() !== "" && (!text.startsWith("/") || /^\/(?:\/|me\s)/.test(text));
}
