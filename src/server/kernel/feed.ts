/** Subscriptions to the records of both logs. */

import type { UserId } from "../../base/ids.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import type { LogRecord } from "../../wire/record.ts";

/** State of an account before a record replaced it. */
export interface PreviousAccountState {
  readonly hadReset: boolean;
}

type HistorySubscriber = (room: Room, record: LogRecord) => void;
type AccountsSubscriber = (record: LogRecord, before: PreviousAccountState) => void;
type ActivitySubscriber = (user: UserId) => void;

/**
 * Subscribers are called once per record, in the order of their subscriptions, in the tick in which
 * the log reports the record and before any request is settled.
 */
export class Feed {
  readonly #historySubscribers: HistorySubscriber[] = [];
  readonly #accountsSubscribers: AccountsSubscriber[] = [];
  readonly #activitySubscribers: ActivitySubscriber[] = [];

  /** Subscribes to the history; the rooms have applied the record by then. */
  subscribeHistory(...subscribers: readonly HistorySubscriber[]): void {
    this.#historySubscribers.push(...subscribers);
  }

  /** Subscribes to the accounts; the registry has applied the record by then. */
  subscribeAccounts(...subscribers: readonly AccountsSubscriber[]): void {
    this.#accountsSubscribers.push(...subscribers);
  }

  /** Subscribes to signs at this server that a user is there: reading or typing. */
  subscribeActivity(...subscribers: readonly ActivitySubscriber[]): void {
    this.#activitySubscribers.push(...subscribers);
  }

  emitRecord(room: Room, record: LogRecord): void {
    for (const subscriber of this.#historySubscribers) subscriber(room, record);
  }

  emitAccountRecord(record: LogRecord, before: PreviousAccountState): void {
    for (const subscriber of this.#accountsSubscribers) subscriber(record, before);
  }

  emitActivity(user: UserId): void {
    for (const subscriber of this.#activitySubscribers) subscriber(user);
  }
}
