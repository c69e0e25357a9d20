/** Typing indicators sent by this client. */

import { TYPING_MS } from "../../base/limits.ts";
import type { RoomState } from "../../core/model/state.ts";

/** Interval at which an indicator is refreshed, in ms. Half the time after which it expires. */
const REFRESH_INTERVAL_MS = TYPING_MS / 2;

export class TypingNotifier {
  readonly #now: () => number;
  readonly #send: (room: string, on: boolean) => void;
  #room: string | undefined;
  #sentAt = 0;

  constructor(now: () => number, send: (room: string, on: boolean) => void) {
    this.#now = now;
    this.#send = send;
  }

  /** @param text the composer's text after a key press */
  typed({ id, isSealed, isClosed }: RoomState, text: string): void {
    if (isSealed || isClosed) return;
    const isSameRoom = this.#room === id;
    if (!isMessageText(text)) {
      if (isSameRoom) this.#send(id, false);
      return this.sent();
    }
    const now = this.#now();
    if (isSameRoom && now - this.#sentAt < REFRESH_INTERVAL_MS) return;
    this.#room = id;
    this.#sentAt = now;
    this.#send(id, true);
  }

  /** Ends the indicator without a request, because the message itself ends it for readers. */
  sent(): void {
    this.#room = undefined;
  }
}

function isMessageText(text: string): boolean {
  return text.trim() !== "" && (!text.startsWith("/") || /^\/(?:\/|me\s)/.test(text));
}
