/**
 * Order between words and changes of one room: posts may be on their way to the disk together, but
 * a change of who is in (or of the room itself) goes alone. So a post is never recorded after the
 * leaving or kicking that it was checked before.
 */
export class Gate<Work> {
  readonly #rooms = new Map<string, Lane<Work>>(); // Only rooms with work under way.

  /** True: do it now, and call `done` when it is settled. False: it waits its turn. */
  enter(key: string, work: Work, alone: boolean): boolean {
    const lane = this.#rooms.get(key) ?? { running: 0, alone: false, waiting: [] };
    this.#rooms.set(key, lane);
    if (lane.waiting.length > 0 || !admits(lane, alone)) {
      lane.waiting.push({ work, alone });
      return false;
    }
    lane.running++;
    lane.alone = alone;
    return true;
  }

  /** @returns the work that has its turn now; each must be followed by its own `done` */
  done(key: string): Work[] {
    const lane = this.#rooms.get(key);
    if (lane === undefined) return [];
    lane.running--;
    if (lane.running === 0) lane.alone = false;
    const turn: Work[] = [];
    for (;;) {
      const next = lane.waiting[0];
      if (next === undefined || !admits(lane, next.alone)) break;
      lane.waiting.shift();
      lane.running++;
      lane.alone = next.alone;
      turn.push(next.work);
    }
    if (lane.running === 0 && lane.waiting.length === 0) this.#rooms.delete(key);
    return turn;
  }

  waiting(key: string): number {
    return this.#rooms.get(key)?.waiting.length ?? 0;
  }
}

interface Lane<Work> {
  running: number;
  /** What runs is a change: nothing else may start. */
  alone: boolean;
  readonly waiting: { readonly work: Work; readonly alone: boolean }[]; // Bounded by the hall.
}

function admits<Work>(lane: Lane<Work>, alone: boolean): boolean {
  return lane.running === 0 || (!alone && !lane.alone);
}
