/** An account's room settings, for a model. */

import type { RoomId } from "../base/ids.ts";
import { isMutedAt, type RoomPrefs } from "../core/rooms/prefs.ts";
import type { Clock } from "../io/clock.ts";
import type { NoticeOf } from "../wire/messages.ts";
import type { PrefsEvent } from "./event.ts";
import type { Connection } from "./link/connection.ts";

/** Maximum timer delay in browsers and in Bun, in ms. */
const TIMER_MS_MAX = 0x7fffffff;

/** Emits the settings each time the server stores them, and again when a room's mute expires. */
export class PrefsTracker {
  readonly #clock: Clock;
  readonly #emit: (event: PrefsEvent) => void;
  readonly #muted = new Map<RoomId, RoomPrefs>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, emit: (event: PrefsEvent) => void) {
    this.#clock = clock;
    this.#emit = emit;
  }

  /** Older servers do not know the request. */
  connected(connection: Pick<Connection, "requestThen">): void {
    connection.requestThen("prefs", {}, (outcome) => {
      if (outcome.kind !== "answered") return;
      this.#muted.clear();
      const { rooms, saved } = outcome.answer;
      this.#emit({
        kind: "prefs",
        rooms: rooms.map(({ room, ...prefs }) => {
          return { room: room as RoomId, ...this.#trackMute(room as RoomId, prefs) };
        }),
        saved: saved.map(({ room, seq }) => ({ room: room as RoomId, seq })),
      });
      this.#scheduleExpiry();
    });
  }

  changed(notice: NoticeOf<"prefs-set" | "save">): void {
    const room = notice.room as RoomId;
    if (notice.kind === "save") return this.#emit({ ...notice, room });
    const { kind, muted, favourite, hidden, unread } = notice;
    const prefs = this.#trackMute(room, { muted, favourite, hidden, unread });
    this.#emit({ kind, room, prefs });
    this.#scheduleExpiry();
  }

  loggedOut(): void {
    this.#cancel?.();
    this.#muted.clear();
  }

  #trackMute(room: RoomId, prefs: RoomPrefs): RoomPrefs {
    const { muted, ...unmutedPrefs } = prefs;
    this.#muted.delete(room);
    if (muted === undefined || muted === 0) return prefs;
    if (!isMutedAt(prefs.muted, this.#clock.unixMs())) return unmutedPrefs;
    this.#muted.set(room, prefs);
    return prefs;
  }

  #scheduleExpiry(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const mutedUntil = [...this.#muted.values()].map(({ muted = 0 }) => muted);
    if (mutedUntil.length === 0) return;
    const delayMs = Math.min(...mutedUntil) - this.#clock.unixMs();
    this.#cancel = this.#clock.after(Math.min(Math.max(delayMs, 0), TIMER_MS_MAX), () => {
      for (const [room, prefs] of [...this.#muted]) {
        const current = this.#trackMute(room, prefs);
        if (current !== prefs) this.#emit({ kind: "prefs-set", room, prefs: current });
      }
      this.#scheduleExpiry();
    });
  }
}
