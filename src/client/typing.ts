/** Typing indicators sent by this client. */

import { TYPING_MS } from "../base/limits.ts";
import type { RoomState } from "../core/model/state.ts";

/** Refreshes an indicator at half of its lifetime. */
const REFRESH_INTERVAL_MS = TYPING_MS / 2;

export class TypingNotifier {
  #room: string | undefined;
  #sentAt = 0;

  constructor(
    private readonly now: () => number,
    private readonly send: (room: string, on: boolean) => void,
  ) {}

  report({ id, isSealed, isClosed }: RoomState, text: string): void {
    if (isSealed || isClosed) return;
    const isSameRoom = this.#room === id;
    if (!isMessageText(text)) {
      if (isSameRoom) this.send(id, false);
      return this.sent();
    }
    const now = this.now();
    if (isSameRoom && now - this.#sentAt < REFRESH_INTERVAL_MS) return;
    this.#room = id;
    this.#sentAt = now;
    this.send(id, true);
  }

  /** Sends no request, because the message itself ends the indicator for other users. */
  sent(): void {
    this.#room = undefined;
  }
}

function isMessageText(text: string): boolean {
  return text.trim() !== "" && (!text.startsWith("/") || /^\/(?:\/|me\s)/.test(text));
}
