/** Schedule of push notifications for messages that stay unread, with rate limits. */

import type { RoomId, UserId } from "../../base/ids.ts";
import {
  PUSH_ACCOUNT_BURST,
  PUSH_ACCOUNT_INTERVAL_MS,
  PUSH_BATCH_MS,
  PUSH_CHECK_INTERVAL_MS,
  PUSH_ROOM_INTERVAL_MS,
  PUSH_ROOMS_MAX,
  PUSH_SEALED_INTERVAL_MS,
  PUSH_WAIT_MS_MAX,
  PUSH_WATCH_MS,
} from "../../base/limits-page.ts";
import { setNewest } from "../evict.ts";
import { TokenBucket } from "../rate.ts";

export interface PushPreview {
  readonly from: string;
  readonly text: string;
  readonly isFileName?: boolean;
}

export interface PushCandidate {
  readonly room: RoomId;
  readonly seq: number;
  readonly n: number;
  readonly by: UserId;
  readonly isSealed: boolean;
  /** `undefined` if the room is sealed. */
  readonly preview: PushPreview | undefined;
}

export interface DuePush {
  readonly user: UserId;
  readonly latest: PushCandidate;
  readonly count: number;
}

/** Messages that one push counts at most. */
const PUSH_COUNT_MAX = 99;

interface PendingPush {
  /** At most PUSH_COUNT_MAX, the newest last. */
  readonly messages: PushCandidate[];
  readonly firstAt: number;
  dueAt: number;
}

interface UserState {
  readonly pending: Map<RoomId, PendingPush>;
  readonly pushedAt: Map<RoomId, number>;
  readonly rate: TokenBucket;
  idleSince: number;
}

export interface PushRecipients {
  /** False also for a message that was erased. */
  isUnread(user: UserId, candidate: PushCandidate): boolean;
  isOnline(user: UserId): boolean;
  /** True if the user is online but idle and has another device to notify. */
  isAway(user: UserId): boolean;
}

export class PushSchedule {
  readonly #users = new Map<UserId, UserState>();

  add(user: UserId, candidate: PushCandidate, now: number): void {
    const of = this.#stateOf(user, now);
    const known = of.pending.get(candidate.room);
    if (known !== undefined) {
      // A message can arrive twice: as a mention and as a reply.
      if (candidate.seq <= (known.messages.at(-1)?.seq ?? 0)) return;
      known.messages.push(candidate);
      if (known.messages.length > PUSH_COUNT_MAX) known.messages.shift();
      return;
    }
    const every = candidate.isSealed ? PUSH_SEALED_INTERVAL_MS : PUSH_ROOM_INTERVAL_MS;
    const last = of.pushedAt.get(candidate.room) ?? Number.NEGATIVE_INFINITY;
    const dueAt = Math.max(now + PUSH_BATCH_MS, last + every);
    const waiting = { messages: [candidate], firstAt: now, dueAt };
    setNewest(of.pending, candidate.room, waiting, PUSH_ROOMS_MAX);
  }

  forget(user: UserId): void {
    this.#users.delete(user);
  }

  takeDue(now: number, recipients: PushRecipients): DuePush[] {
    const due: DuePush[] = [];
    for (const [user, of] of this.#users) {
      for (const [room, entry] of of.pending) {
        if (now < entry.dueAt) continue;
        const { messages, firstAt } = entry;
        const unread = messages.filter((message) => recipients.isUnread(user, message));
        const latest = unread.at(-1);
        if (now - firstAt >= PUSH_WAIT_MS_MAX || latest === undefined) {
          of.pending.delete(room);
          continue;
        }
        if (recipients.isOnline(user) && !recipients.isAway(user)) {
          if (now - firstAt >= PUSH_WATCH_MS) of.pending.delete(room);
          else entry.dueAt = now + PUSH_CHECK_INTERVAL_MS;
          continue;
        }
        const waitMs = of.rate.take(now);
        if (waitMs > 0) {
          entry.dueAt = now + waitMs;
          continue;
        }
        of.pending.delete(room);
        setNewest(of.pushedAt, room, now, PUSH_ROOMS_MAX);
        due.push({ user, latest, count: unread.length });
      }
      if (of.pending.size > 0) of.idleSince = now;
      else if (now - of.idleSince >= FORGET_MS) this.#users.delete(user);
    }
    return due;
  }

  get deadline(): number | undefined {
    let first: number | undefined;
    for (const { pending: waiting, idleSince } of this.#users.values()) {
      const ends = waiting.size === 0 ? [idleSince + FORGET_MS] : [];
      for (const at of [...ends, ...[...waiting.values()].map(({ dueAt }) => dueAt)]) {
        first = Math.min(first ?? at, at);
      }
    }
    return first;
  }

  #stateOf(user: UserId, now: number): UserState {
    const known = this.#users.get(user);
    if (known !== undefined) return known;
    const state: UserState = {
      pending: new Map(),
      pushedAt: new Map(),
      rate: new TokenBucket(1_000 / PUSH_ACCOUNT_INTERVAL_MS, PUSH_ACCOUNT_BURST, now),
      idleSince: now,
    };
    this.#users.set(user, state);
    return state;
  }
}

/**
 * An account can be forgotten after this time, because its rate limits and those of its rooms again
 * allow a full burst.
 */
const FORGET_MS = Math.max(PUSH_SEALED_INTERVAL_MS, PUSH_ACCOUNT_BURST * PUSH_ACCOUNT_INTERVAL_MS);
