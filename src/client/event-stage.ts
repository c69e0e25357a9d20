/** Ordered queue of a follower's events while records of sealed rooms are decrypted. */

import type { ChatRecord } from "../core/client/chat-record.ts";
import type { FollowerEvent } from "./follower.ts";

/**
 * Maximum number of events queued behind sealed records. Decrypting that many takes a few seconds.
 */
const QUEUED_EVENTS_MAX = 20_000;
/** Maximum number of records decrypted in one step. Larger batches delay the first record. */
const OPEN_BATCH_MAX = 64;

export interface RecordOpener {
  needsOpening(record: ChatRecord): boolean;
  /**
   * @param records records of one room, in order
   * @returns the same number of records; never rejects
   */
  openRecords(records: readonly ChatRecord[]): Promise<readonly ChatRecord[]>;
}

/**
 * Queues events behind a record that is being decrypted. Without sealed rooms, all events pass
 * through synchronously.
 */
export class EventStage {
  readonly #opener: RecordOpener;
  readonly #emit: (event: FollowerEvent) => void;
  /** Called when the queue is full. The link is then closed until the queue has room. */
  readonly #onOverflow: () => void;
  #queue: FollowerEvent[] = []; // At most QUEUED_EVENTS_MAX.
  #isOpening = false;

  constructor(opener: RecordOpener, emit: (event: FollowerEvent) => void, onOverflow: () => void) {
    this.#opener = opener;
    this.#emit = emit;
    this.#onOverflow = onOverflow;
  }

  pass(event: FollowerEvent): void {
    if (!this.#isOpening && !this.#mustOpen(event)) return this.#emit(event);
    if (event.kind === "listing") this.#queue = this.#queue.filter(survivesNewLink);
    this.#queue.push(event);
    if (this.#queue.length === QUEUED_EVENTS_MAX) this.#onOverflow();
    if (!this.#isOpening) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#isOpening = true;
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, Math.max(1, this.#batchLength()));
      const sealed = batch.flatMap((event) =>
        event.kind === "record" && this.#mustOpen(event) ? [event.record] : [],
      );
      const decrypted = sealed.length === 0 ? [] : await this.#opener.openRecords(sealed);
      const records = new Map(sealed.map((record, index) => [record, decrypted[index] ?? record]));
      for (const event of batch) {
        const record = event.kind === "record" ? records.get(event.record) : undefined;
        this.#emit(event.kind === "record" && record !== undefined ? { ...event, record } : event);
      }
    }
    this.#isOpening = false;
  }

  /**
   * Returns the number of queued records to decrypt together. Records of the same room share a
   * transaction.
   */
  #batchLength(): number {
    const [first] = this.#queue;
    if (first?.kind !== "record" || !this.#mustOpen(first)) return 1;
    const { id } = first.record.room;
    let length = 0;
    for (let records = 0; length < this.#queue.length; length++) {
      const event = this.#queue[length];
      if (event?.kind === "cursor") continue; // A cursor follows each record.
      if (event?.kind !== "record" || event.record.room.id !== id) break;
      if (!this.#mustOpen(event) || ++records > OPEN_BATCH_MAX) break;
    }
    return length;
  }

  #mustOpen(event: FollowerEvent): boolean {
    return event.kind === "record" && this.#opener.needsOpening(event.record);
  }
}

/**
 * Reports whether the event stays valid on a new link. The server sends its own rooms and
 * `caught-up` on each link.
 */
function survivesNewLink(event: FollowerEvent): boolean {
  return event.kind !== "caught-up" && (event.kind !== "room" || event.isChanged);
}
