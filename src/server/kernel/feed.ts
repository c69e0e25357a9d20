/** Subscriptions to the records of both logs. */

import type { UserId } from "../../base/ids.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import type { LogRecord } from "../../wire/record.ts";

/** State of an account before a record replaced it. */
export interface BeforeDecision {
  readonly hadReset: boolean;
}

type OnRecorded = (room: Room, record: LogRecord) => void;
type OnDecided = (record: LogRecord, before: BeforeDecision) => void;
type OnActed = (user: UserId) => void;

/**
 * Subscribers are called once per record, in the order of their subscriptions, in the tick in which
 * the log reports the record and before any request is settled.
 */
export class Feed {
  readonly #onRecorded: OnRecorded[] = [];
  readonly #onDecided: OnDecided[] = [];
  readonly #onActed: OnActed[] = [];

  /** Subscribes to the history; the rooms have applied the record by then. */
  onRecorded(...subscribers: readonly OnRecorded[]): void {
    this.#onRecorded.push(...subscribers);
  }

  /** Subscribes to the accounts; the registry has applied the record by then. */
  onDecided(...subscribers: readonly OnDecided[]): void {
    this.#onDecided.push(...subscribers);
  }

  /** Subscribes to signs at this server that a user is there: reading or typing. */
  onActed(...subscribers: readonly OnActed[]): void {
    this.#onActed.push(...subscribers);
  }

  recorded(room: Room, record: LogRecord): void {
    for (const subscriber of this.#onRecorded) subscriber(room, record);
  }

  decided(record: LogRecord, before: BeforeDecision): void {
    for (const subscriber of this.#onDecided) subscriber(record, before);
  }

  acted(user: UserId): void {
    for (const subscriber of this.#onActed) subscriber(user);
  }
}
