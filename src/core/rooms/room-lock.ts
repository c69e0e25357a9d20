/**
 * Lock of one room: posts may be in flight together, but a change of membership (or of the room
 * itself) runs alone. A post is therefore never recorded after a departure that it was checked
 * before.
 */

export class RoomLock<Command> {
  readonly #rooms = new Map<string, LockQueue<Command>>(); // Only rooms with commands in progress.

  /** True: run it now, and call `done` when it is settled. False: it is queued. */
  acquire(key: string, command: Command, exclusive: boolean): boolean {
    const lane = this.#rooms.get(key);
    if (lane === undefined) {
      this.#rooms.set(key, { running: 1, exclusive, waiting: [] });
      return true;
    }
    if (lane.waiting.length > 0 || !canRun(lane, exclusive)) {
      lane.waiting.push({ command, exclusive });
      return false;
    }
    lane.running++;
    lane.exclusive = exclusive;
    return true;
  }

  /** @returns the commands to run now; each must be followed by its own `done` */
  release(key: string): readonly Command[] {
    const lane = this.#rooms.get(key);
    if (lane === undefined) return NONE;
    lane.running--;
    if (lane.waiting.length === 0) {
      if (lane.running === 0) this.#rooms.delete(key);
      return NONE;
    }
    const ready: Command[] = [];
    for (;;) {
      const next = lane.waiting[0];
      if (next === undefined || !canRun(lane, next.exclusive)) break;
      lane.waiting.shift();
      lane.running++;
      lane.exclusive = next.exclusive;
      ready.push(next.command);
    }
    return ready;
  }

  isIdle(key: string): boolean {
    return !this.#rooms.has(key);
  }

  waiting(key: string): number {
    return this.#rooms.get(key)?.waiting.length ?? 0;
  }
}

const NONE: readonly never[] = [];

interface LockQueue<Command> {
  running: number;
  /** A change is running: nothing else may start. */
  exclusive: boolean;
  /** Bounded by the room engine. */
  readonly waiting: { readonly command: Command; readonly exclusive: boolean }[];
}

function canRun<Command>(lane: LockQueue<Command>, exclusive: boolean): boolean {
  return lane.running === 0 || (!exclusive && !lane.exclusive);
}
