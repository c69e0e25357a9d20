import { foldCase } from "../../base/case-fold.ts";
import { PAGE_BYTES_MAX } from "../../base/limits.ts";
import type { ChatRecord, RoomView } from "../../core/client/chat-record.ts";
import { isSame } from "../../core/model/item.ts";
import type { RequestFields } from "../../wire/messages.ts";
import type { HistoryPage } from "../link/queries.ts";
import { openedRecord } from "./body.ts";
import type { KeptRow } from "./rows.ts";

type Query = RequestFields<"history">;

/** What people search in, as the server does where it can read. */
const SEARCHED_FIELDS = ["text", "topic", "name"] as const;

/**
 * Whether the server cannot tell what of a sealed room belongs to the answer: it knows neither the
 * words nor their kinds. To `sealed` and `all` belongs everything.
 */
export function needsArchive({ grep = "", files, kinds }: Query): boolean {
  const isOfKinds = kinds !== undefined && !kinds.includes("sealed") && !kinds.includes("all");
  return grep !== "" || files === true || isOfKinds;
}

/** @returns the row as a record if the query asks for it */
export function matcherOf(
  query: Query,
): (room: RoomView, seq: number, row: KeptRow) => ChatRecord | undefined {
  const { grep = "", ignoreCase = false, from, since, until, files } = query;
  const kinds = files === true ? ["file"] : query.kinds;
  const needle = ignoreCase ? foldCase(grep) : grep;
  const holds = (words: unknown) =>
    typeof words === "string" && (ignoreCase ? foldCase(words) : words).includes(needle);
  return (room, seq, row) => {
    // Changes of the group are the server's to tell.
    if (row.kind !== "said") return undefined;
    const { n, timeUnixMs, post, user, body } = row;
    const fields = body as Readonly<Record<string, unknown>>;
    if (since !== undefined && timeUnixMs < since) return undefined;
    if (until !== undefined && timeUnixMs > until) return undefined;
    if (from !== undefined && !isSame(user, from)) return undefined;
    if (kinds !== undefined && !kinds.includes(String(fields["kind"]))) return undefined;
    if (grep !== "" && !SEARCHED_FIELDS.some((name) => holds(fields[name]))) return undefined;
    const place = { seq, n, timeUnixMs, room, from: user, id: post };
    return openedRecord({ ...place, kind: "sealed", state: "whole", body: undefined }, row);
  };
}

/**
 * The records that belong on one page, whatever they come from: those that are nearest to where the
 * page begins, as many as its limits allow.
 */
export class PageBuilder {
  readonly #limit: number;
  /** 1: ascending from `after`; -1: descending from `before`. */
  readonly #way: 1 | -1;
  /** The nearest first. */
  #records: { readonly record: ChatRecord; readonly sizeBytes: number }[] = [];
  #bytes = 0;
  /** Of the first seq that no longer belongs here; all behind it is left for other pages. */
  #end: number | undefined;

  constructor({ limit, after }: Query) {
    this.#limit = limit;
    this.#way = after === undefined ? -1 : 1;
  }

  /** Something is left for other pages. */
  get more(): boolean {
    return this.#end !== undefined;
  }

  /** Whether this record, and so all that are farther off, is for other pages. */
  isBeyond(seq: number): boolean {
    return this.#end !== undefined && (seq - this.#end) * this.#way >= 0;
  }

  /** A page of the same query from another source, that may go on. */
  addAll({ records, more }: HistoryPage): void {
    const farthest = this.#way === -1 ? records[0] : records.at(-1);
    for (const record of records) {
      // What files are, the archive knows; the last one keeps the place from which to go on.
      if (record.sealed !== "carrier" || record === farthest) this.add(record);
    }
    // What is farther off may not be next.
    if (more && farthest !== undefined) this.#endBehind(farthest.seq);
  }

  /** @returns false: the page has no room for it, nor for any that is farther off */
  add(record: ChatRecord): boolean {
    const { seq } = record;
    if (this.isBeyond(seq)) return false;
    const at = this.#records.findLastIndex((one) => (seq - one.record.seq) * this.#way >= 0) + 1;
    if (this.#records[at - 1]?.record.seq === seq) return true;
    const sizeBytes = sizeOf(record);
    this.#records.splice(at, 0, { record, sizeBytes });
    this.#bytes += sizeBytes;
    while (this.#isFull()) this.#end = this.#drop();
    return !this.isBeyond(seq);
  }

  /** Oldest first. */
  page(): HistoryPage {
    const records = this.#records.map(({ record }) => record);
    return { records: this.#way === 1 ? records : records.reverse(), more: this.more };
  }

  /** One record is always there: else no reader would ever get past it. */
  #isFull(): boolean {
    const { length } = this.#records;
    return length > this.#limit || (this.#bytes > PAGE_BYTES_MAX && length > 1);
  }

  #endBehind(seq: number): void {
    const end = seq + this.#way;
    if (!this.isBeyond(end)) this.#end = end;
    while (this.isBeyond(this.#records.at(-1)?.record.seq ?? Number.NaN)) this.#drop();
  }

  #drop(): number | undefined {
    const last = this.#records.pop();
    this.#bytes -= last?.sizeBytes ?? 0;
    return last?.record.seq;
  }
}

/** About what it holds in memory. */
function sizeOf({ body }: ChatRecord): number {
  let chars = 0;
  for (const value of Object.values(body ?? {})) {
    if (typeof value === "string") chars += value.length;
  }
  return 200 + 2 * chars;
}
