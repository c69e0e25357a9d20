/** Buffer of events between the network and one reader. */

import { assert } from "../base/assert.ts";
import { EVENTS_BUFFERED_MAX } from "../base/limits.ts";
import type { ReadMark } from "./cursor-keeper.ts";
import type { ReaderEvent } from "./event.ts";

/** At or below this number of events the next link may fill the buffer again. */
const EVENTS_LOW = 1_024;
/** Limit for long texts, which fill memory before many events do. */
const EVENTS_BUFFERED_BYTES_MAX = 32 << 20;

interface Entry {
  readonly event: ReaderEvent;
  readonly sizeBytes: number;
  /** Position that counts as read once the event is. */
  mark: ReadMark | undefined;
}

/**
 * An event counts as seen when the reader asks for the one after it: after a crash the rest
 * repeats.
 */
export class EventBuffer {
  /** Bounded by the driver: it closes the link when `isFull`. */
  #entries: Entry[] = [];
  #first = 0;
  #sizeBytes = 0;
  #taken: Entry | undefined;
  #wake: (() => void) | undefined;
  #whenLow: (() => void) | undefined;
  #ended = false;
  readonly #seen: (mark: ReadMark) => void;

  /** @param seen called with the reader's position */
  constructor(seen: (mark: ReadMark) => void) {
    this.#seen = seen;
  }

  get #count(): number {
    return this.#entries.length - this.#first;
  }

  get isFull(): boolean {
    return this.#count >= EVENTS_BUFFERED_MAX || this.#sizeBytes >= EVENTS_BUFFERED_BYTES_MAX;
  }

  push(event: ReaderEvent): void {
    if (this.#ended) return;
    const sizeBytes = sizeBytesOf(event);
    this.#entries.push({ event, sizeBytes, mark: undefined });
    this.#sizeBytes += sizeBytes;
    if (event.kind === "closed") this.#ended = true;
    this.#wakeUp();
  }

  /** Sets the position that is reached once the reader has seen all events pushed so far. */
  mark(mark: ReadMark): void {
    const last = this.#count > 0 ? this.#entries.at(-1) : this.#taken;
    if (last === undefined) this.#seen(mark);
    else last.mark = mark;
  }

  /** Calls back once, when there is room for a catch-up. */
  whenLow(callback: () => void): void {
    this.#whenLow = callback;
    this.#tellLow();
  }

  /** Counts the event that the reader holds as seen, on an explicit close. */
  settle(): void {
    const mark = this.#taken?.mark;
    this.#taken = undefined;
    if (mark !== undefined) this.#seen(mark);
  }

  take(): ReaderEvent | undefined {
    this.settle();
    const entry = this.#entries[this.#first];
    if (entry === undefined) return undefined;
    this.#first += 1;
    this.#sizeBytes -= entry.sizeBytes;
    if (this.#first > EVENTS_LOW) this.#compact();
    this.#taken = entry;
    this.#tellLow();
    return entry.event;
  }

  /** Returns the next event; `undefined` after `closed`. One reader at a time. */
  async next(): Promise<ReaderEvent | undefined> {
    for (;;) {
      const event = this.take();
      if (event !== undefined || this.#ended) return event;
      assert(this.#wake === undefined, "one reader takes events");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #tellLow(): void {
    if (this.#count > EVENTS_LOW || this.#sizeBytes > EVENTS_BUFFERED_BYTES_MAX / 2) return;
    const whenLow = this.#whenLow;
    this.#whenLow = undefined;
    whenLow?.();
  }

  #compact(): void {
    this.#entries = this.#entries.slice(this.#first);
    this.#first = 0;
  }
}

function sizeBytesOf(event: ReaderEvent): number {
  switch (event.kind) {
    case "record":
      return event.sizeBytes;
    case "offered":
      return event.name.length;
    case "announced":
      return event.text.length;
    case "settled":
      return event.adopted?.body.text.length ?? 0;
    default:
      return 0;
  }
}
