import { SAMPLES_KEPT_MAX, SAMPLES_PAGE_MAX } from "../../base/limits-page.ts";
import type { Answer } from "../../wire/messages.ts";

/** What a server counts at one moment. Posts and bytes are totals since its start. */
export interface Sample {
  /** Unix ms. */
  readonly time: number;
  readonly posts: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** Connections, logged in or not. */
  readonly links: number;
  /** Accounts that are in on at least one. */
  readonly online: number;
  readonly memoryBytes: number;
  /** Undefined: nobody has asked the disk, or it does not say. */
  readonly diskFreeBytes: number | undefined;
}

const COLUMNS = [
  ...(["time", "posts", "receivedBytes", "sentBytes"] as const),
  ...(["links", "online", "memoryBytes", "diskFreeBytes"] as const),
] as const satisfies readonly (keyof Sample)[];
/** Of these a sample tells how many came since the one before. */
const GROWING: ReadonlySet<keyof Sample> = new Set(["posts", "receivedBytes", "sentBytes"]);

/**
 * The last hour of a server, a sample a second: a ring, so that it takes the same memory on each
 * day. Samples are numbered from 1; who asks says which it has seen last.
 */
export class Samples {
  readonly #sinceMs: number;
  /** Column by column, each a ring. */
  readonly #kept = new Map(COLUMNS.map((name) => [name, new Float64Array(SAMPLES_KEPT_MAX)]));
  #before: Sample | undefined;
  #last = 0;

  /** @param sinceMs when the server began, Unix ms: numbers of another run mean nothing */
  constructor(sinceMs: number) {
    this.#sinceMs = sinceMs;
  }

  take(sample: Sample): void {
    if (this.#before?.diskFreeBytes === undefined && sample.diskFreeBytes !== undefined) {
      this.#kept.get("diskFreeBytes")?.fill(sample.diskFreeBytes); // As it was all the time.
    }
    for (const [name, column] of this.#kept) {
      const value = sample[name] ?? 0;
      // The first one has nothing before it that it could have grown from.
      const before = GROWING.has(name) ? (this.#before?.[name] ?? value) : 0;
      column[this.#last % SAMPLES_KEPT_MAX] = Math.max(0, Math.floor(value - before));
    }
    this.#before = sample;
    this.#last++;
  }

  /** @param after number of the last sample that the asker has; of another run: all are sent */
  page(after: number): Answer<"samples"> {
    const oldest = Math.max(0, this.#last - SAMPLES_KEPT_MAX);
    const from = after > this.#last ? oldest : Math.max(after, oldest);
    const to = Math.min(this.#last, from + SAMPLES_PAGE_MAX);
    const column = (name: (typeof COLUMNS)[number]) =>
      Array.from({ length: to - from }, (_, index) => {
        return this.#kept.get(name)?.[(from + index) % SAMPLES_KEPT_MAX] ?? 0;
      });
    return {
      since: this.#sinceMs,
      last: to,
      more: to < this.#last,
      time: column("time"),
      posts: column("posts"),
      receivedBytes: column("receivedBytes"),
      sentBytes: column("sentBytes"),
      links: column("links"),
      online: column("online"),
      memoryBytes: column("memoryBytes"),
      ...(this.#before?.diskFreeBytes === undefined
        ? {}
        : { diskFreeBytes: column("diskFreeBytes") }),
    };
  }
}
