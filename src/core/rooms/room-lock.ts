/**
 * Lock on a room. Commands of different users share it, unless they change the room itself. A
 * user's change of membership runs beside no other command of the user, so a post checked before
 * its author's departure is never recorded after the departure.
 *
 * Users take turns, so that no user's commands delay those of another by more than one exclusive
 * command: each user has a queue, shared commands wait only for their user's earlier ones and for
 * one exclusive command, and exclusive commands run in the order of a round robin of the users.
 * @see Brandenburg and Anderson, "Reader-Writer Synchronization for Shared-Memory Multiprocessor
 * Real-Time Systems" (2009): phase-fair locks
 */

import { assert } from "../../base/assert.ts";
import type { UserId } from "../../base/ids.ts";

/** `exclusive` excludes all other commands, `own` those of the same user, and `post` neither. */
export type LockMode = "exclusive" | "own" | "post";

export interface Claim<Command> {
  readonly command: Command;
  readonly mode: LockMode;
  readonly user: UserId;
}

export class RoomLock<Command> {
  readonly #rooms = new Map<string, LockState<Command>>();
  readonly #open = new Set<LockState<Command>>();

  /** @returns true if the command may run now and must end with `release`; false if it is queued */
  acquire(key: string, claim: Claim<Command>): boolean {
    let state = this.#rooms.get(key);
    if (state === undefined) {
      state = new LockState();
      this.#rooms.set(key, state);
    }
    return state.acquire(claim);
  }

  /** @returns queued commands that may run now; each must end with its own `release` */
  release(key: string, claim: Claim<Command>): readonly Claim<Command>[] {
    const state = this.#stateOf(key);
    const runnable = state.release(claim);
    if (state.isIdle) this.#rooms.delete(key);
    if (state.isOpen) this.#open.add(state);
    return runnable;
  }

  /**
   * Ends the turn of shared commands that began with an exclusive one's `release`: those that
   * arrive later wait for the next exclusive one. Until then, a post may start the next of its
   * outbox.
   */
  endTurn(): void {
    if (this.#open.size === 0) return;
    for (const state of this.#open) state.isOpen = false;
    this.#open.clear();
  }

  /**
   * Ends a running command that needs another mode, and queues it before its user's other commands.
   * @returns queued commands that may run now, as `release` does; this one may be among them
   */
  requeue(key: string, claim: Claim<Command>, mode: LockMode): readonly Claim<Command>[] {
    return this.#stateOf(key).release(claim, { ...claim, mode });
  }

  isIdle(key: string): boolean {
    return !this.#rooms.has(key);
  }

  /** Number of the user's queued commands. */
  waiting(key: string, user: UserId): number {
    return this.#rooms.get(key)?.waiting(user) ?? 0;
  }

  /** Number of running commands with mode `own`. */
  runningOwn(key: string): number {
    return this.#rooms.get(key)?.own ?? 0;
  }

  #stateOf(key: string): LockState<Command> {
    const state = this.#rooms.get(key);
    assert(state !== undefined, "only a running command releases its lock");
    return state;
  }
}

const NONE: readonly never[] = [];
const OWN = -1;

class LockState<Command> {
  own = 0;
  /** Shared commands may start although an exclusive one waits. */
  isOpen = false;
  #running = 0;
  /** User of the running exclusive command. */
  #holder: UserId | undefined;
  /** Number of running posts of each user, or `OWN`. */
  readonly #users = new Map<UserId, number>();
  readonly #queues = new Map<UserId, Claim<Command>[]>();
  /** Users whose next command is shared and waits for an exclusive one. */
  readonly #shared = new Set<UserId>();
  /** Users whose next command is exclusive, in the order of their turns. */
  readonly #exclusive = new Set<UserId>();

  get isIdle(): boolean {
    return this.#running === 0;
  }

  waiting(user: UserId): number {
    return this.#queues.get(user)?.length ?? 0;
  }

  acquire(claim: Claim<Command>): boolean {
    const { user } = claim;
    const queue = this.#queues.size === 0 ? undefined : this.#queues.get(user);
    if (queue !== undefined) {
      queue.push(claim);
      return false;
    }
    if (this.#canRun(claim)) {
      this.#start(claim);
      return true;
    }
    this.#queues.set(user, [claim]);
    this.#enlist(claim);
    return false;
  }

  /** @param next the same command in another mode */
  release(claim: Claim<Command>, next?: Claim<Command>): readonly Claim<Command>[] {
    const { user, mode } = claim;
    this.#end(claim);
    if (next === undefined && this.#queues.size === 0) return NONE;
    if (next !== undefined) this.#queues.set(user, [next, ...(this.#queues.get(user) ?? [])]);
    const runnable: Claim<Command>[] = [];
    if (this.#isShared) this.#resume(user, runnable);
    else this.#enlist(this.#queues.get(user)?.[0]);
    // Shared commands run before the next exclusive one, even if it has waited for longer.
    if (mode === "exclusive") this.#resumeShared(runnable);
    if (this.#running === 0) this.#resumeExclusive(runnable);
    return runnable;
  }

  /** Shared commands wait once an exclusive one does, so that it has a turn. */
  get #isShared(): boolean {
    return this.#holder === undefined && (this.#exclusive.size === 0 || this.isOpen);
  }

  #canRun(claim: Claim<Command>): boolean {
    if (this.#running === 0) return true;
    return this.#isShared && claim.mode !== "exclusive" && !this.#isBlocked(claim);
  }

  /** Reports whether a shared command must wait for its user's earlier one. */
  #isBlocked({ mode, user }: Claim<Command>): boolean {
    const running = this.#users.get(user);
    return mode === "own" ? running !== undefined : running === OWN;
  }

  #enlist(next: Claim<Command> | undefined): void {
    if (next === undefined) return;
    if (next.mode === "exclusive") {
      // Otherwise, a user's second turn would precede the first turns of others.
      if (next.user !== this.#holder) this.#exclusive.add(next.user);
    } else if (!this.#isBlocked(next)) {
      this.#shared.add(next.user);
    }
  }

  #resume(user: UserId, runnable: Claim<Command>[]): void {
    for (;;) {
      const next = this.#queues.get(user)?.[0];
      if (next === undefined) return;
      if (next.mode === "exclusive" || this.#isBlocked(next)) return this.#enlist(next);
      this.#startNext(user, runnable);
    }
  }

  #resumeShared(runnable: Claim<Command>[]): void {
    const users = [...this.#shared];
    this.#shared.clear();
    for (const user of users) this.#resume(user, runnable);
    this.isOpen = runnable.length > 0;
  }

  #resumeExclusive(runnable: Claim<Command>[]): void {
    const [user] = this.#exclusive;
    if (user === undefined) return;
    this.#exclusive.delete(user);
    this.isOpen = false;
    this.#startNext(user, runnable);
  }

  #startNext(user: UserId, runnable: Claim<Command>[]): void {
    const queue = this.#queues.get(user);
    const next = queue?.shift();
    assert(queue !== undefined && next !== undefined, "a user in a list has a queued command");
    if (queue.length === 0) this.#queues.delete(user);
    this.#start(next);
    runnable.push(next);
  }

  #start({ mode, user }: Claim<Command>): void {
    this.#running++;
    if (mode === "exclusive") this.#holder = user;
    else if (mode === "post") this.#users.set(user, (this.#users.get(user) ?? 0) + 1);
    else {
      this.own++;
      this.#users.set(user, OWN);
    }
  }

  #end({ mode, user }: Claim<Command>): void {
    assert(this.#running > 0, "only a running command releases its lock");
    this.#running--;
    if (mode === "exclusive") {
      this.#holder = undefined;
      return;
    }
    if (mode === "own") this.own--;
    const posts = this.#users.get(user) ?? 0;
    if (posts > 1) this.#users.set(user, posts - 1);
    else this.#users.delete(user);
  }
}
