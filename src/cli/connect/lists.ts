/** Requests that are repeated until all pages are read or erased. */

import { PAGE_RECORDS_MAX } from "../../base/limits.ts";
import type { Client } from "../../client/client.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import { type Context, printNotice } from "../context.ts";

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

export function pageQuery<Query extends object>(query: Query, after = 0) {
  return { ...query, after, limit: PAGE_RECORDS_MAX };
}

export async function* historyPages(
  client: Pick<Client, "history">,
  query: Omit<Parameters<Client["history"]>[0], "after" | "before" | "limit">,
  afterSeq = 0,
): AsyncGenerator<ChatRecord[], void, undefined> {
  for (let after = afterSeq; ; ) {
    const { records, more } = await client.history(pageQuery(query, after));
    if (records.length > 0) yield records;
    const last = records.at(-1);
    if (!more || last === undefined) return;
    after = last.seq;
  }
}

export const FILE_QUERY = { files: true } as const;

export function filePages(client: Client, afterSeq = 0): ReturnType<typeof historyPages> {
  return historyPages(client, FILE_QUERY, afterSeq);
}

/**
 * Erases all messages of an account, including those posted during the erasure. An interrupted run
 * can be repeated.
 * @param account account to erase; the user's own account if `user` is absent
 * @returns number of erased records
 * @throws {Fault} if the server refuses a request; link-closed
 */
export async function eraseAll(
  context: Context,
  client: Pick<Client, "request">,
  account: { readonly user?: string },
): Promise<number> {
  let erased = 0;
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page: { erased: number; next?: number | undefined } = await client.request("erase-all", {
      ...account,
      after,
    });
    erased += page.erased;
    after = page.next;
    if (after !== undefined && !context.json)
      printNotice(context, `deleted ${erased} messages so far`);
  }
  return erased;
}
