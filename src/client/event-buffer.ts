/** Event buffer between the network and a single reader. */

import { assert } from "../base/assert.ts";
import { EVENTS_BUFFERED_MAX } from "../base/limits.ts";
import type { Clock } from "../io/clock.ts";
import type { ReaderEvent } from "./event.ts";
import type { CursorStore } from "./ports.ts";

/** Number of buffered events below which the client may reconnect after an overflow. */
const EVENTS_LOW_MAX = 1_024;
/** Maximum number of buffered bytes. Long texts reach it before the limit on events. */
const EVENTS_BUFFERED_BYTES_MAX = 32 << 20;

interface Entry {
  readonly event: ReaderEvent;
  readonly sizeBytes: number;
  mark: ReadMark | undefined;
}

/**
 * An event counts as read when the reader requests the next one. Unread events are delivered again
 * after a crash.
 */
export class EventBuffer {
  #entries: Entry[] = [];
  #first = 0;
  #sizeBytes = 0;
  #current: Entry | undefined;
  #wake: (() => void) | undefined;
  #whenLow: (() => void) | undefined;
  #isClosed = false;

  constructor(private readonly onRead: (mark: ReadMark) => void) {}

  get #count(): number {
    return this.#entries.length - this.#first;
  }

  get isFull(): boolean {
    return this.#count >= EVENTS_BUFFERED_MAX || this.#sizeBytes >= EVENTS_BUFFERED_BYTES_MAX;
  }

  push(event: ReaderEvent): void {
    if (this.#isClosed) return;
    const sizeBytes = sizeBytesOf(event);
    this.#entries.push({ event, sizeBytes, mark: undefined });
    this.#sizeBytes += sizeBytes;
    if (event.kind === "closed") this.#isClosed = true;
    this.#wakeUp();
  }

  mark(mark: ReadMark): void {
    const last = this.#count > 0 ? this.#entries.at(-1) : this.#current;
    if (last === undefined) this.onRead(mark);
    else last.mark = mark;
  }

  whenLow(callback: () => void): void {
    this.#whenLow = callback;
    this.#notifyLow();
  }

  markCurrentRead(): void {
    const mark = this.#current?.mark;
    this.#current = undefined;
    if (mark !== undefined) this.onRead(mark);
  }

  shift(): ReaderEvent | undefined {
    this.markCurrentRead();
    const entry = this.#entries[this.#first];
    if (entry === undefined) return undefined;
    this.#first += 1;
    this.#sizeBytes -= entry.sizeBytes;
    if (this.#first > EVENTS_LOW_MAX) this.#compact();
    this.#current = entry;
    this.#notifyLow();
    return entry.event;
  }

  /** Returns `undefined` after `closed`. Supports one reader at a time. */
  async next(): Promise<ReaderEvent | undefined> {
    for (;;) {
      const event = this.shift();
      if (event !== undefined || this.#isClosed) return event;
      assert(this.#wake === undefined, "one reader consumes the events");
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

  #notifyLow(): void {
    if (this.#count > EVENTS_LOW_MAX || this.#sizeBytes > EVENTS_BUFFERED_BYTES_MAX / 2) return;
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

interface ReadMark {
  readonly fingerprint: string;
  readonly user: string;
  readonly seq: number;
}

/** Lets several cursors share one write. A crash causes some events to be repeated. */
const WRITE_DELAY_MS = 500;

/** Delayed writes of read cursors. */
export class CursorWriter {
  #mark: ReadMark | undefined;
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(
    private readonly state: CursorStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Writes an account's first cursor immediately. Without a stored cursor, the next start would
   * request only the latest messages, as for a new user.
   */
  schedule(mark: ReadMark): void {
    if (this.#isStopped) return;
    const { user, fingerprint } = this.#mark ?? mark;
    if (user !== mark.user || fingerprint !== mark.fingerprint) this.flush();
    const hasPending = this.#mark !== undefined;
    this.#mark = mark;
    const isFirst = !hasPending && this.state.cursor(mark.fingerprint, mark.user) === undefined;
    if (isFirst) return this.flush();
    this.#cancel ??= this.clock.after(WRITE_DELAY_MS, () => this.flush());
  }

  flush(): void {
    const mark = this.#mark;
    this.discard();
    if (mark !== undefined) this.state.advanceCursor(mark.fingerprint, mark.user, mark.seq);
  }

  discard(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#mark = undefined;
  }

  /** Leaves all later events unread. */
  stop(): void {
    this.discard();
    this.#isStopped = true;
  }

  rewind(mark: ReadMark): void {
    this.flush();
    this.state.rewindCursor(mark.fingerprint, mark.user, mark.seq);
  }
}
