/** Reads paged lists to the end. */

import { PAGE_RECORDS_MAX } from "../../base/limits.ts";
import type { Client } from "../../client/client.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";

/** Servers before 0.2.0 send a single page without `next`. */
export async function allPages<Page extends { readonly next?: number | undefined }, Item>(
  requestPage: (after: { readonly after?: number }) => Promise<Page>,
  itemsOf: (page: Page) => readonly Item[],
): Promise<Item[]> {
  const items: Item[] = [];
  let after = 0;
  for (;;) {
    const page = await requestPage(after === 0 ? {} : { after });
    items.push(...itemsOf(page));
    if (page.next === undefined || page.next <= after) return items; // A malicious server may loop.
    after = page.next;
  }
}

export async function* historyPages(
  client: Pick<Client, "history">,
  query: Omit<Parameters<Client["history"]>[0], "after" | "before" | "limit">,
  afterSeq = 0,
): AsyncGenerator<ChatRecord[], void, undefined> {
  for (let after = afterSeq; ; ) {
    const { records, more } = await client.history({ ...query, after, limit: PAGE_RECORDS_MAX });
    if (records.length > 0) yield records;
    const last = records.at(-1);
    if (!more || last === undefined) return;
    after = last.seq;
  }
}

export function filePages(client: Client, afterSeq = 0): ReturnType<typeof historyPages> {
  return historyPages(client, { files: true }, afterSeq);
}
