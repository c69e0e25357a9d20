/**
 * Lock on a room. Commands of different users share it, unless they change the room itself. A
 * user's change of membership runs beside no other command of the user, so a post checked before
 * its author's departure is never recorded after the departure.
 */

import { assert } from "../../base/assert.ts";
import type { UserId } from "../../base/ids.ts";

/** `exclusive` excludes all other commands, `own` those of the same user, and `post` neither. */
export type LockMode = "exclusive" | "own" | "post";

export interface Claim<Command> {
  readonly command: Command;
  readonly mode: LockMode;
  readonly user: UserId | undefined;
}

export class RoomLock<Command> {
  readonly #rooms = new Map<string, LockQueue<Command>>();

  /** @returns true if the command may run now and must end with `release`; false if it is queued */
  acquire(key: string, claim: Claim<Command>): boolean {
    let queue = this.#rooms.get(key);
    if (queue === undefined) {
      queue = { running: 0, own: 0, isExclusive: false, users: new Map(), waiting: [] };
      this.#rooms.set(key, queue);
    }
    if (queue.waiting.length > 0 || !canRun(queue, claim)) {
      queue.waiting.push(claim);
      return false;
    }
    start(queue, claim);
    return true;
  }

  /** @returns queued commands that may run now; each must end with its own `release` */
  release(key: string, claim: Omit<Claim<Command>, "command">): readonly Claim<Command>[] {
    const queue = this.#rooms.get(key);
    assert(queue !== undefined && queue.running > 0, "only a running command releases its lock");
    end(queue, claim);
    if (queue.waiting.length === 0) {
      if (queue.running === 0) this.#rooms.delete(key);
      return NONE;
    }
    const runnable: Claim<Command>[] = [];
    for (;;) {
      const next = queue.waiting[0];
      if (next === undefined || !canRun(queue, next)) break;
      queue.waiting.shift();
      start(queue, next);
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

  /** Number of running commands with mode `own`. */
  runningOwn(key: string): number {
    return this.#rooms.get(key)?.own ?? 0;
  }
}

const NONE: readonly never[] = [];
const OWN = -1;

interface LockQueue<Command> {
  running: number;
  own: number;
  isExclusive: boolean;
  /** Number of running posts of each user, or `OWN`. */
  readonly users: Map<UserId | undefined, number>;
  readonly waiting: Claim<Command>[];
}

type Holder = Omit<Claim<unknown>, "command">;

function canRun(queue: LockQueue<unknown>, { mode, user }: Holder): boolean {
  if (queue.running === 0) return true;
  if (queue.isExclusive || mode === "exclusive") return false;
  const running = queue.users.get(user);
  return mode === "own" ? running === undefined : running !== OWN;
}

function start(queue: LockQueue<unknown>, { mode, user }: Holder): void {
  queue.running++;
  if (mode === "exclusive") queue.isExclusive = true;
  else if (mode === "post") queue.users.set(user, (queue.users.get(user) ?? 0) + 1);
  else {
    queue.own++;
    queue.users.set(user, OWN);
  }
}

function end(queue: LockQueue<unknown>, { mode, user }: Holder): void {
  queue.running--;
  if (mode === "exclusive") {
    queue.isExclusive = false;
    return;
  }
  if (mode === "own") queue.own--;
  const posts = queue.users.get(user) ?? 0;
  if (posts > 1) queue.users.set(user, posts - 1);
  else queue.users.delete(user);
}
