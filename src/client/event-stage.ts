import { SEALED_WAITING_MAX } from "../base/limits-sealed.ts";
import type { ChatRecord } from "../core/client/chat-record.ts";
import type { FollowerEvent } from "./follower.ts";

/** Opens records of sealed rooms. */
export interface RecordOpener {
  /** Whether this one has to be opened. */
  opens(record: ChatRecord): boolean;
  /** Never rejects. */
  open(record: ChatRecord): Promise<ChatRecord>;
}

/**
 * Keeps what a follower tells in order while some of it takes time: what follows a record that is
 * being opened waits for it. Where nothing is sealed all of it passes at once.
 */
export class EventStage {
  readonly #opener: RecordOpener;
  readonly #next: (event: FollowerEvent) => void;
  /** More waits than there should: the link is to be given up for a while. */
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
    if (event.kind === "connected") this.#waiting = this.#waiting.filter(isOfAnyLink);
    this.#waiting.push(event);
    if (this.#waiting.length === SEALED_WAITING_MAX) this.#full();
    if (!this.#isOpening) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isOpening = true;
    for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) {
      if (event.kind === "record" && this.#mustOpen(event)) {
        const record = await this.#opener.open(event.record);
        this.#next({ ...event, record });
      } else this.#next(event);
    }
    this.#isOpening = false;
  }

  #mustOpen(event: FollowerEvent): boolean {
    return event.kind === "record" && this.#opener.opens(event.record);
  }
}

/** Which rooms there are, and that all were told, the present link says for itself. */
function isOfAnyLink(event: FollowerEvent): boolean {
  return event.kind !== "caught-up" && (event.kind !== "room" || event.isNews);
}
