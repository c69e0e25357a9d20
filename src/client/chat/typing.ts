import { TYPING_MS } from "../../base/limits.ts";
import type { RoomState } from "../../core/model/state.ts";

/** While one goes on, the server is told again before it would think that one has ended. */
const TOLD_EVERY_MS = TYPING_MS / 2;

/** Tells the server that something is being written, and no more often than it has to know. */
export class TypingTeller {
  readonly #now: () => number;
  readonly #tell: (room: string, on: boolean) => void;
  #room: string | undefined;
  #toldAt = 0;

  constructor(now: () => number, tell: (room: string, on: boolean) => void) {
    this.#now = now;
    this.#tell = tell;
  }

  /** @param text what stands in the composer, since a key was pressed */
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

  /** Readers see by the message that it is written. */
  sent(): void {
    this.#room = undefined;
  }
}

/** A command is no message: nobody waits for it. */
function isSaying(text: string): boolean {
  return text.trim() !== "" && (!text.startsWith("/") || /^\/(?:\/|me\s)/.test(text));
}
