/** Ends of polls with hidden results at their time, by a record, so that all readers see them. */

import { Fault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { timedRevealsOf } from "../../core/rooms/polls.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import { ballotKeyOf } from "../../crypto/voter.ts";
import type { LogRecord } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";

interface Reveal {
  readonly room: RoomId;
  readonly until: number;
}

export class PollReveals {
  /** Polls by their seq, at most POLLS_OPEN_MAX per room. */
  readonly #waiting = new Map<number, Reveal>();
  readonly #running = new Set<number>();

  constructor(private readonly options: ServerContext) {}

  start(): void {
    for (const room of this.options.rooms.withPolls()) this.#add(room);
  }

  onRecord(room: Room, { head }: LogRecord): void {
    if (head.kind === "text" && room.polls.has(head.seq)) this.#add(room);
  }

  tick(): void {
    const now = this.options.clock.unixMs();
    for (const [seq, reveal] of this.#waiting)
      if (reveal.until <= now && !this.#running.has(seq)) void this.#reveal(seq, reveal);
  }

  stop(): void {
    this.#waiting.clear();
  }

  #add(room: Room): void {
    for (const [seq, until] of timedRevealsOf(room))
      this.#waiting.set(seq, { room: room.id, until });
  }

  async #reveal(seq: number, { room }: Reveal): Promise<void> {
    const { rooms, kernel, identity } = this.options;
    const poll = rooms.get(room)?.polls.get(seq);
    // Its author or a moderator has ended the poll, or its room is gone.
    if (poll?.by === undefined) return void this.#waiting.delete(seq);
    const key = poll.hide === "end" ? ballotKeyOf(identity, seq) : undefined;
    const action = { kind: "poll", room, seq, author: poll.by, key, isDue: true } as const;
    this.#running.add(seq);
    try {
      await kernel.request(poll.by, { kind: "act", isOperator: false, action });
    } catch (error) {
      // The next tick tries again, unless another server of the cluster was faster.
      if (!(error instanceof Fault)) throw error;
    } finally {
      this.#running.delete(seq);
    }
  }
}
