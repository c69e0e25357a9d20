/** Ordered queue of a follower's events while records of sealed rooms are opened. */

import type { ChatRecord } from "../core/client/chat-record.ts";
import type { FollowerEvent } from "./follower.ts";

/** Most events that wait for sealed records to be opened: some seconds of work. */
const SEALED_WAITING_MAX = 20_000;
/** Records opened in one step: the first is shown only when the last is open. */
const SEALED_TOGETHER_MAX = 64;

export interface RecordOpener {
  opens(record: ChatRecord): boolean;
  /** @param records of one room, in order. @returns as many. Never rejects. */
  open(records: readonly ChatRecord[]): Promise<readonly ChatRecord[]>;
}

/**
 * Events after a record that is being opened wait for it. Without sealed rooms all pass
 * immediately.
 */
export class EventStage {
  readonly #opener: RecordOpener;
  readonly #next: (event: FollowerEvent) => void;
  /** Called when too many events wait: the link should be dropped for a while. */
  readonly #full: () => void;
  #waiting: FollowerEvent[] = []; // Bounded by SEALED_WAITING_MAX.
  #isOpening = false;

  constructor(opener: RecordOpener, next: (event: FollowerEvent) => void, full: () => void) {
    this.#opener = opener;
    this.#next = next;
    this.#full = full;
  }

  pass(event: FollowerEvent): void {
    if (!this.#isOpening && !this.#mustOpen(event)) return this.#next(event);
    if (event.kind === "listing") this.#waiting = this.#waiting.filter(isOfAnyLink);
    this.#waiting.push(event);
    if (this.#waiting.length === SEALED_WAITING_MAX) this.#full();
    if (!this.#isOpening) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isOpening = true;
    while (this.#waiting.length > 0) {
      const run = this.#waiting.splice(0, Math.max(1, this.#runLength()));
      const sealed = run.flatMap((event) =>
        event.kind === "record" && this.#mustOpen(event) ? [event.record] : [],
      );
      const opened = sealed.length === 0 ? [] : await this.#opener.open(sealed);
      const records = new Map(sealed.map((record, at) => [record, opened[at] ?? record]));
      for (const event of run) {
        const record = event.kind === "record" ? records.get(event.record) : undefined;
        this.#next(event.kind === "record" && record !== undefined ? { ...event, record } : event);
      }
    }
    this.#isOpening = false;
  }

  /**
   * Returns how many events to process together: waiting records of one room share a transaction.
   */
  #runLength(): number {
    const [first] = this.#waiting;
    if (first?.kind !== "record" || !this.#mustOpen(first)) return 1;
    const { id } = first.record.room;
    let length = 0;
    for (let records = 0; length < this.#waiting.length; length++) {
      const event = this.#waiting[length];
      if (event?.kind === "cursor") continue; // One follows each record.
      if (event?.kind !== "record" || event.record.room.id !== id) break;
      if (!this.#mustOpen(event) || ++records > SEALED_TOGETHER_MAX) break;
    }
    return length;
  }

  #mustOpen(event: FollowerEvent): boolean {
    return event.kind === "record" && this.#opener.opens(event.record);
  }
}

/**
 * Reports whether the event stays valid on a new link, which lists rooms and `caught-up` itself.
 */
function isOfAnyLink(event: FollowerEvent): boolean {
  return event.kind !== "caught-up" && (event.kind !== "room" || event.isNews);
}
