/** Requests that the server answers in pages. */

import type { Sha256 } from "../../base/ids.ts";
import { UPLOADS_PAGE_MAX, UPLOADS_PER_ACCOUNT_MAX } from "../../base/limits.ts";
import { defined } from "../../base/values.ts";
import { type ChatRecord, readPage } from "../../core/client/chat-record.ts";
import type { SearchQuery } from "../../core/model/state.ts";
import { OPEN_MESSAGE_KINDS } from "../../wire/kinds.ts";
import type { Answer, RequestFields, RequestKind } from "../../wire/messages.ts";

export type SendRequest = <Kind extends RequestKind>(
  kind: Kind,
  fields: RequestFields<Kind>,
) => Promise<Answer<Kind>>;

export interface HistoryPage {
  readonly records: ChatRecord[];
  readonly more: boolean;
}

export type FetchPage = (fields: RequestFields<"history">) => Promise<HistoryPage>;

export type HistorySource = (
  fields: RequestFields<"history">,
  ask: FetchPage,
) => Promise<HistoryPage>;

/**
 * Verifies each record against the commitments in its head.
 * @param nowUnixMs tells which erased records have expired
 * @param onRecord called with the bytes of each head as received
 * @throws {Fault} frame-malformed if a record is invalid
 */
export async function queryHistory(
  request: SendRequest,
  sha256: Sha256,
  fields: RequestFields<"history">,
  nowUnixMs?: number,
  onRecord?: (head: Uint8Array, record: ChatRecord) => void,
): Promise<HistoryPage> {
  const { records: heads, ...page } = await request("history", fields);
  const records = readPage({ ...page, records: heads }, sha256, nowUnixMs);
  for (const [i, record] of records.entries())
    onRecord?.(heads[i]?.head ?? new Uint8Array(), record);
  return { records, more: page.more };
}

/** Without a text, searches only messages, because most events match any filter. */
export function searchFields(query: SearchQuery): Omit<RequestFields<"history">, "limit"> {
  const { grep, ignoreCase, words, target, from, files, re } = query;
  const { sinceUnixMs: since, untilUnixMs: until } = query;
  const kinds = files === true ? undefined : [...OPEN_MESSAGE_KINDS];
  return {
    ...defined((words ?? grep) === undefined ? { kinds } : { grep, ignoreCase, words }),
    ...defined({ target, from, files, re, since, until }),
  };
}

/**
 * Returns the members of a room or, without a room, the server's accounts.
 * @param countMax number of users after which no further page is requested
 */
export async function queryUsers(
  request: SendRequest,
  room?: string,
  countMax = Number.POSITIVE_INFINITY,
): Promise<Answer<"who">["users"]> {
  const users: Answer<"who">["users"] = [];
  for (;;) {
    const after = users.at(-1)?.user;
    const page = await request("who", { room, after });
    users.push(...page.users);
    // A faulty server may announce another page but send no users.
    if (!page.more || page.users.length === 0 || users.length >= countMax) return users;
  }
}

/** The number of rooms of an account has a limit, but a malicious server may send any number. */
const INBOX_PAGES_MAX = 64;

/** Returns the pages of the account's inbox. */
export async function queryInbox(request: SendRequest): Promise<readonly Answer<"inbox">[]> {
  const pages: Answer<"inbox">[] = [];
  while (pages.length < INBOX_PAGES_MAX) {
    const after = pages.at(-1)?.rooms.at(-1)?.room;
    const page = await request("inbox", defined({ after }));
    pages.push(page);
    // A faulty server may announce another page but send no rooms.
    if (!page.more || page.rooms.length === 0) break;
  }
  return pages;
}

export type UnfinishedUpload = Answer<"uploads">["uploads"][number];

const UPLOAD_PAGES_MAX = Math.ceil(UPLOADS_PER_ACCOUNT_MAX / UPLOADS_PAGE_MAX);

/**
 * Lists the account's uploads that are not posted yet, sorted by file.
 * @param handed also lists messages that other accounts have handed over to it
 */
export async function listUploads(
  request: SendRequest,
  handed?: true,
): Promise<readonly UnfinishedUpload[]> {
  const found: UnfinishedUpload[] = [];
  for (let page = 0; page < UPLOAD_PAGES_MAX; page++) {
    const last = found.at(-1)?.file;
    const { uploads, more } = await request("uploads", { after: last, handed });
    const next = uploads.filter(({ file }) => last === undefined || file > last);
    found.push(...next);
    // A malicious server may repeat a page.
    if (!more || next.length === 0) break;
  }
  return found;
}
