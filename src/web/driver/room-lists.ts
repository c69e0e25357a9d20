/** List of the server's rooms, shared by all that shows rooms of which the user is no member. */

import { MINUTE_MS } from "../../base/time.ts";
import type { SendRequest } from "../../client/link/queries.ts";
import type { Answer } from "../../wire/messages.ts";

export type ListedRoom = Answer<"rooms">["rooms"][number];

const PAGES_MAX = 20;

interface FetchedList {
  readonly rooms: Promise<readonly ListedRoom[]>;
  readonly untilMs: number;
}

export class RoomLists {
  #latest: FetchedList | undefined;

  constructor(
    private readonly request: SendRequest,
    private readonly now: () => number,
  ) {}

  /** Returns the rooms page by page. */
  async *pages(): AsyncGenerator<readonly ListedRoom[]> {
    let after: string | undefined;
    for (let page = 0; page < PAGES_MAX; page++) {
      const { rooms, more } = await this.request("rooms", { after });
      yield rooms;
      after = rooms.at(-1)?.room;
      if (!more) return;
    }
  }

  /** Returns a list that is at most a minute old, so that many messages share one request. */
  recent(): Promise<readonly ListedRoom[]> {
    const nowMs = this.now();
    if (this.#latest !== undefined && nowMs < this.#latest.untilMs) return this.#latest.rooms;
    const rooms = this.#all();
    this.#latest = { rooms, untilMs: nowMs + MINUTE_MS };
    rooms.catch(() => {
      this.#latest = undefined;
    });
    return rooms;
  }

  async #all(): Promise<readonly ListedRoom[]> {
    const rooms: ListedRoom[] = [];
    for await (const page of this.pages()) rooms.push(...page);
    return rooms;
  }
}
