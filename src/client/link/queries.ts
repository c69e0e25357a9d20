/** Requests that are answered in pages. */

import type { Sha256 } from "../../base/ids.ts";
import { type ChatRecord, readPage } from "../../core/client/chat-record.ts";
import type { Answer, RequestFields, RequestKind } from "../../wire/messages.ts";

/**
 * Sends a request on the current link.
 * @throws {Fault} link-closed without a link, and the server's refusal
 */
export type SendRequest = <Kind extends RequestKind>(
  kind: Kind,
  fields: RequestFields<Kind>,
) => Promise<Answer<Kind>>;

export interface HistoryPage {
  readonly records: ChatRecord[];
  readonly more: boolean;
}

/** Requests a page from the server. @throws {Fault} if the request fails */
export type FetchPage = (fields: RequestFields<"history">) => Promise<HistoryPage>;

/**
 * Returns one page of the history, with each record verified against the commitments in its head.
 * @param onRecord called for each record with its head as received
 * @throws {Fault} if the request fails, frame-malformed if a record is invalid
 */
export async function queryHistory(
  request: SendRequest,
  sha256: Sha256,
  fields: RequestFields<"history">,
  onRecord?: (head: Uint8Array, record: ChatRecord) => void,
): Promise<HistoryPage> {
  const { records: heads, ...page } = await request("history", fields);
  const records = readPage({ ...page, records: heads }, sha256);
  for (const [i, record] of records.entries())
    onRecord?.(heads[i]?.head ?? new Uint8Array(), record);
  return { records, more: page.more };
}

/**
 * Returns the members of a room or, if no room is given, the accounts of the server.
 * @param countMax number of users after which no further page is requested
 * @throws {Fault} if a request fails
 */
export async function queryUsers(
  request: SendRequest,
  room?: string,
  countMax = Number.POSITIVE_INFINITY,
): Promise<Answer<"who">["users"]> {
  const users: Answer<"who">["users"] = [];
  for (;;) {
    const after = users.at(-1)?.user;
    const page = await request("who", {
      ...(room === undefined ? {} : { room }),
      ...(after === undefined ? {} : { after }),
    });
    users.push(...page.users);
    // A faulty server may report another page but send no users.
    if (!page.more || page.users.length === 0 || users.length >= countMax) return users;
  }
}
