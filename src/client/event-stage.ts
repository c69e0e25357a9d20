/** Ordered queue of a follower's events while records of sealed rooms are decrypted. */

import type { ChatRecord } from "../core/client/chat-record.ts";
import type { FollowerEvent } from "./follower.ts";

/** Maximum number of events queued behind sealed records. Decrypting so many takes seconds. */
const QUEUED_EVENTS_MAX = 20_000;
/** Maximum number of records decrypted in one step. Larger batches delay the first record. */
const OPEN_BATCH_MAX = 64;

export interface RecordOpener {
  needsOpening(record: ChatRecord): boolean;
  openRecords(records: readonly ChatRecord[]): Promise<readonly ChatRecord[]>;
}

/**
 * Queues events behind a record that is being decrypted. All events pass through synchronously in a
 * client without sealed rooms.
 */
export class EventStage {
  #queue: FollowerEvent[] = [];
  #isOpening = false;

  constructor(
    private readonly opener: RecordOpener,
    private readonly emit: (event: FollowerEvent) => void,
    private readonly onOverflow: () => void,
  ) {}

  pass(event: FollowerEvent): void {
    if (!this.#isOpening && !this.#mustOpen(event)) return this.emit(event);
    if (event.kind === "listing") this.#queue = this.#queue.filter(survivesNewLink);
    this.#queue.push(event);
    if (this.#queue.length === QUEUED_EVENTS_MAX) this.onOverflow();
    if (!this.#isOpening) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#isOpening = true;
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, Math.max(1, this.#batchLength()));
      const sealed = batch.flatMap((event) =>
        event.kind === "record" && this.#mustOpen(event) ? [event.record] : [],
      );
      const decrypted = sealed.length === 0 ? [] : await this.opener.openRecords(sealed);
      const records = new Map(sealed.map((record, index) => [record, decrypted[index] ?? record]));
      for (const event of batch) {
        const record = event.kind === "record" ? records.get(event.record) : undefined;
        this.emit(event.kind === "record" && record !== undefined ? { ...event, record } : event);
      }
    }
    this.#isOpening = false;
  }

  #batchLength(): number {
    const [first] = this.#queue;
    if (first?.kind !== "record" || !this.#mustOpen(first)) return 1;
    const { id } = first.record.room;
    let length = 0;
    for (let records = 0; length < this.#queue.length; length++) {
      const event = this.#queue[length];
      if (event?.kind === "cursor") continue;
      if (event?.kind !== "record" || event.record.room.id !== id) break;
      if (!this.#mustOpen(event) || ++records > OPEN_BATCH_MAX) break;
    }
    return length;
  }

  #mustOpen(event: FollowerEvent): boolean {
    return event.kind === "record" && this.opener.needsOpening(event.record);
  }
}

/** Returns false for events that the server repeats on each link (its rooms and `caught-up`). */
function survivesNewLink(event: FollowerEvent): boolean {
  return event.kind !== "caught-up" && (event.kind !== "room" || event.isChanged);
}
