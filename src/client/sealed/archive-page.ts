/** History pages that merge the server's records with this device's archive. */

import { PAGE_BYTES_MAX } from "../../base/limits.ts";
import type { ChatRecord, RoomView } from "../../core/client/chat-record.ts";
import { bodyMatcher } from "../../core/client/grep.ts";
import { isSameName } from "../../core/model/item.ts";
import type { RequestFields } from "../../wire/messages.ts";
import type { HistoryPage } from "../link/queries.ts";
import { openedRecord } from "./body.ts";
import type { ArchivedRow } from "./rows.ts";

type Query = RequestFields<"history">;

/**
 * The server knows neither the text nor the kind of a sealed message, so such queries need the
 * archive. `sealed` and `all` match every sealed message.
 */
export function needsArchive({ grep = "", files, kinds }: Query): boolean {
  const isOfKinds = kinds !== undefined && !kinds.includes("sealed") && !kinds.includes("all");
  return grep !== "" || files === true || isOfKinds;
}

export function matcherOf(
  query: Query,
): (room: RoomView, seq: number, row: ArchivedRow) => ChatRecord | undefined {
  const { grep = "", ignoreCase = false, from, since, until, files } = query;
  const kinds = files === true ? ["file"] : query.kinds;
  const matchesBody = bodyMatcher(grep, ignoreCase);
  return (room, seq, row) => {
    // The server itself returns the records of group changes.
    if (row.kind !== "said") return undefined;
    const { n, timeUnixMs, post, user, body } = row;
    const fields = body as Readonly<Record<string, unknown>>;
    if (since !== undefined && timeUnixMs < since) return undefined;
    if (until !== undefined && timeUnixMs > until) return undefined;
    if (from !== undefined && !isSameName(user, from)) return undefined;
    if (kinds !== undefined && !kinds.includes(String(fields["kind"]))) return undefined;
    if (grep !== "" && !matchesBody(fields)) return undefined;
    const head = { seq, n, timeUnixMs, room, from: user, id: post };
    return openedRecord({ ...head, kind: "sealed", state: "whole", body: undefined }, row);
  };
}

/** Keeps the records nearest to the start of the page, within the page's limits. */
export class PageBuilder {
  readonly #limit: number;
  /** 1: ascending from `after`; -1: descending from `before`. */
  readonly #direction: 1 | -1;
  #records: { readonly record: ChatRecord; readonly sizeBytes: number }[] = [];
  #bytes = 0;
  #end: number | undefined;

  constructor({ limit, after }: Query) {
    this.#limit = limit;
    this.#direction = after === undefined ? -1 : 1;
  }

  get more(): boolean {
    return this.#end !== undefined;
  }

  isBeyond(seq: number): boolean {
    return this.#end !== undefined && (seq - this.#end) * this.#direction >= 0;
  }

  addAll({ records, more }: HistoryPage): void {
    const farthest = this.#direction === -1 ? records[0] : records.at(-1);
    for (const record of records) {
      // Skip the records of sealed files, which the archive describes, except the farthest record,
      // where the next page starts.
      if (record.sealed !== "carrier" || record === farthest) this.add(record);
    }
    // This source has more records beyond its farthest one, so the page must end there to remain
    // complete.
    if (more && farthest !== undefined) this.#endAfter(farthest.seq);
  }

  add(record: ChatRecord): boolean {
    const { seq } = record;
    if (this.isBeyond(seq)) return false;
    const index =
      this.#records.findLastIndex((entry) => (seq - entry.record.seq) * this.#direction >= 0) + 1;
    if (this.#records[index - 1]?.record.seq === seq) return true;
    const sizeBytes = sizeOf(record);
    this.#records.splice(index, 0, { record, sizeBytes });
    this.#bytes += sizeBytes;
    while (this.#isFull()) this.#end = this.#drop();
    return !this.isBeyond(seq);
  }

  page(): HistoryPage {
    const records = this.#records.map(({ record }) => record);
    return { records: this.#direction === 1 ? records : records.reverse(), more: this.more };
  }

  /** A page holds at least one record, so that readers make progress. */
  #isFull(): boolean {
    const { length } = this.#records;
    return length > this.#limit || (this.#bytes > PAGE_BYTES_MAX && length > 1);
  }

  #endAfter(seq: number): void {
    const end = seq + this.#direction;
    if (!this.isBeyond(end)) this.#end = end;
    while (this.isBeyond(this.#records.at(-1)?.record.seq ?? Number.NaN)) this.#drop();
  }

  #drop(): number | undefined {
    const last = this.#records.pop();
    this.#bytes -= last?.sizeBytes ?? 0;
    return last?.record.seq;
  }
}

function sizeOf({ body }: ChatRecord): number {
  let chars = 0;
  for (const value of Object.values(body ?? {})) {
    if (typeof value === "string") chars += value.length;
  }
  return 200 + 2 * chars;
}
