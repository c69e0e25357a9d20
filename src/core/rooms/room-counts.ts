/** Number of named rooms or groups in use: in total, and by the user who created them. */

import type { UserId } from "../../base/ids.ts";

interface Counted {
  readonly maker: UserId | "server";
}

export class RoomCounts {
  readonly #rooms = new Set<Counted>();
  readonly #byMaker = new Map<UserId | "server", number>();

  get all(): number {
    return this.#rooms.size;
  }

  has(room: Counted): boolean {
    return this.#rooms.has(room);
  }

  of(maker: UserId): number {
    return this.#byMaker.get(maker) ?? 0;
  }

  set(room: Counted, isInUse: boolean): void {
    if (this.#rooms.has(room) === isInUse) return;
    const { maker } = room;
    const count = (this.#byMaker.get(maker) ?? 0) + (isInUse ? 1 : -1);
    if (count === 0) this.#byMaker.delete(maker);
    else this.#byMaker.set(maker, count);
    if (isInUse) this.#rooms.add(room);
    else this.#rooms.delete(room);
  }
}
