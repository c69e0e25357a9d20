/**
 * Lock on a room. Posts and joins share it, but any other change runs alone, so a post checked
 * before its author's departure is never recorded after the departure.
 */

export class RoomLock<Command> {
  readonly #rooms = new Map<string, LockQueue<Command>>();

  /** @returns true if the command may run now and must end with `release`; false if it is queued */
  acquire(key: string, command: Command, exclusive: boolean): boolean {
    const queue = this.#rooms.get(key);
    if (queue === undefined) {
      this.#rooms.set(key, { running: 1, exclusive, waiting: [] });
      return true;
    }
    if (queue.waiting.length > 0 || !canRun(queue, exclusive)) {
      queue.waiting.push({ command, exclusive });
      return false;
    }
    queue.running++;
    queue.exclusive = exclusive;
    return true;
  }

  /** @returns queued commands that may run now; each must end with its own `release` */
  release(key: string): readonly Queued<Command>[] {
    const queue = this.#rooms.get(key);
    if (queue === undefined) return NONE;
    queue.running--;
    if (queue.waiting.length === 0) {
      if (queue.running === 0) this.#rooms.delete(key);
      return NONE;
    }
    const runnable: Queued<Command>[] = [];
    for (;;) {
      const next = queue.waiting[0];
      if (next === undefined || !canRun(queue, next.exclusive)) break;
      queue.waiting.shift();
      queue.running++;
      queue.exclusive = next.exclusive;
      runnable.push(next);
    }
    return runnable;
  }

  isIdle(key: string): boolean {
    return !this.#rooms.has(key);
  }

  waiting(key: string): number {
    return this.#rooms.get(key)?.waiting.length ?? 0;
  }
}

const NONE: readonly never[] = [];

interface Queued<Command> {
  readonly command: Command;
  readonly exclusive: boolean;
}

interface LockQueue<Command> {
  running: number;
  exclusive: boolean;
  readonly waiting: Queued<Command>[];
}

function canRun<Command>(queue: LockQueue<Command>, exclusive: boolean): boolean {
  return queue.running === 0 || (!exclusive && !queue.exclusive);
}
