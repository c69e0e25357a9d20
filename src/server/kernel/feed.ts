/** Subscriptions to records of the history and of the accounts log, and to other changes. */

import type { UserId } from "../../base/ids.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import type { LogRecord } from "../../wire/record.ts";

export interface PreviousAccountState {
  readonly hadReset: boolean;
}

type HistorySubscriber = (room: Room, record: LogRecord) => void;
type AccountsSubscriber = (record: LogRecord, before: PreviousAccountState) => void;
type ActivitySubscriber = (user: UserId) => void;

/**
 * Calls each subscriber once per record, in the order of subscription, before any request is
 * settled.
 */
export class Feed {
  readonly #historySubscribers: HistorySubscriber[] = [];
  readonly #accountsSubscribers: AccountsSubscriber[] = [];
  readonly #activitySubscribers: ActivitySubscriber[] = [];
  readonly #presenceSubscribers: (() => void)[] = [];

  subscribeHistory(...subscribers: readonly HistorySubscriber[]): void {
    this.#historySubscribers.push(...subscribers);
  }

  subscribeAccounts(...subscribers: readonly AccountsSubscriber[]): void {
    this.#accountsSubscribers.push(...subscribers);
  }

  subscribeActivity(...subscribers: readonly ActivitySubscriber[]): void {
    this.#activitySubscribers.push(...subscribers);
  }

  subscribePresence(subscriber: () => void): void {
    this.#presenceSubscribers.push(subscriber);
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

  /** An account may have come online or gone offline, even one without rooms. */
  emitPresence(): void {
    for (const subscriber of this.#presenceSubscribers) subscriber();
  }
}
