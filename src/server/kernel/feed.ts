import type { Room } from "../../core/rooms/rooms.ts";
import type { LogRecord } from "../../wire/record.ts";

/** State of the accounts that a record of theirs has replaced. */
export interface BeforeDecision {
  /** The account had a reset code. */
  readonly hadReset: boolean;
}

type OnRecorded = (room: Room, record: LogRecord) => void;
type OnDecided = (record: LogRecord, before: BeforeDecision) => void;

/**
 * Subscribers to the records of both logs. Each is called once per record, in the order in which it
 * subscribed, in the tick in which the log reports the record and before any request is settled.
 */
export class Feed {
  readonly #onRecorded: OnRecorded[] = [];
  readonly #onDecided: OnDecided[] = [];

  /** Subscribes to the history; its record is applied to the rooms by then. */
  onRecorded(...subscribers: readonly OnRecorded[]): void {
    this.#onRecorded.push(...subscribers);
  }

  /** Subscribes to the accounts; their record is applied to the registry by then. */
  onDecided(...subscribers: readonly OnDecided[]): void {
    this.#onDecided.push(...subscribers);
  }

  recorded(room: Room, record: LogRecord): void {
    for (const subscriber of this.#onRecorded) subscriber(room, record);
  }

  decided(record: LogRecord, before: BeforeDecision): void {
    for (const subscriber of this.#onDecided) subscriber(record, before);
  }
}
