/** Room settings of the account, for a model. */

import type { RoomId } from "../base/ids.ts";
import { isMutedAt, type RoomPrefs } from "../core/rooms/prefs.ts";
import type { Clock } from "../io/clock.ts";
import type { NoticeOf } from "../wire/messages.ts";
import type { PrefsEvent } from "./event.ts";
import type { Connection } from "./link/connection.ts";

/** Longest delay of timers in browsers and in Bun. */
const WAIT_MS_MAX = 0x7fffffff;

/** Emits the settings as the server stores them, and again when the mute of a room expires. */
export class PrefsKeeper {
  readonly #clock: Clock;
  readonly #tell: (event: PrefsEvent) => void;
  readonly #muted = new Map<RoomId, RoomPrefs>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, tell: (event: PrefsEvent) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /**
   * Requests the settings on a new link. Older servers do not know the request: the model then has
   * none.
   */
  connected(connection: Pick<Connection, "askThen">): void {
    connection.askThen("prefs", {}, (outcome) => {
      if (outcome.kind !== "answered") return;
      this.#muted.clear();
      const { rooms, saved } = outcome.answer;
      this.#tell({
        kind: "prefs",
        rooms: rooms.map(({ room, ...prefs }) => {
          return { room: room as RoomId, ...this.#heard(room as RoomId, prefs) };
        }),
        saved: saved.map(({ room, seq }) => ({ room: room as RoomId, seq })),
      });
      this.#wait();
    });
  }

  changed(notice: NoticeOf<"prefs-set" | "save">): void {
    const room = notice.room as RoomId;
    if (notice.kind === "save") return this.#tell({ ...notice, room });
    const { kind, muted, favourite, hidden, unread } = notice;
    const prefs = this.#heard(room, { muted, favourite, hidden, unread });
    this.#tell({ kind, room, prefs });
    this.#wait();
  }

  /** The account has logged out or changed. */
  left(): void {
    this.#cancel?.();
    this.#muted.clear();
  }

  /** Returns the settings without an expired mute. */
  #heard(room: RoomId, prefs: RoomPrefs): RoomPrefs {
    const { muted, ...rest } = prefs;
    this.#muted.delete(room);
    if (muted === undefined || muted === 0) return prefs;
    if (!isMutedAt(prefs, this.#clock.unixMs())) return rest;
    this.#muted.set(room, prefs);
    return prefs;
  }

  #wait(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const ends = [...this.#muted.values()].map(({ muted = 0 }) => muted);
    if (ends.length === 0) return;
    const waitMs = Math.min(...ends) - this.#clock.unixMs();
    this.#cancel = this.#clock.after(Math.min(Math.max(waitMs, 0), WAIT_MS_MAX), () => {
      for (const [room, prefs] of [...this.#muted]) {
        const now = this.#heard(room, prefs);
        if (now !== prefs) this.#tell({ kind: "prefs-set", room, prefs: now });
      }
      this.#wait();
    });
  }
}
