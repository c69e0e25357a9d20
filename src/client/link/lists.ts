/** Complete lists of accounts and rooms, for operators. */

import type { AccountEntry } from "../../core/people/class-list.ts";
import type { ImportedRoom } from "../../core/people/import-plan.ts";
import type { Answer } from "../../wire/messages.ts";
import type { SendRequest } from "./queries.ts";

/**
 * In alphabetical order. With other sort keys, a list begins with the newest time or the largest
 * number.
 */
const FROM_A: ReadonlySet<string> = new Set(["name", "user"]);

export interface ListOrder {
  readonly find?: string | undefined;
  readonly reverse: boolean;
  readonly sort: string;
}

interface ListPage<Item> {
  readonly page: readonly Item[];
  readonly total: number;
}

export async function fetchAll<Item>(
  { find, reverse, sort }: ListOrder,
  requestPage: (query: {
    find?: string;
    sort: string;
    down: boolean;
    skip: number;
  }) => Promise<ListPage<Item>>,
): Promise<Item[]> {
  const query = { sort, down: FROM_A.has(sort) === reverse, find: find || undefined };
  const items: Item[] = [];
  for (;;) {
    const { page, total } = await requestPage({ ...query, skip: items.length });
    items.push(...page);
    if (page.length === 0 || items.length >= total) return items;
  }
}

export function allAccounts(
  request: SendRequest,
  order: ListOrder,
  memberships = false,
): Promise<AccountEntry[]> {
  return fetchAll(order, async (query) => {
    const answer = await request("accounts", { ...query, memberships });
    return { page: accountsOf(answer), total: answer.total };
  });
}

/** @internal */
export function accountsOf({
  accounts: page,
  memberships,
  former,
}: Answer<"accounts">): AccountEntry[] {
  if (memberships === undefined || former === undefined) return page;
  const rows = Map.groupBy(memberships, ({ user }) => user);
  const names = Map.groupBy(former, ({ user }) => user);
  return page.map((entry) => {
    const own = rows.get(entry.user) ?? [];
    return {
      ...entry,
      rooms: own.flatMap(({ room, left }) => (left === true ? [] : [room])),
      left: own.flatMap(({ room, left }) => (left === true ? [room] : [])),
      moderates: own.flatMap(({ room, moderator }) => (moderator === true ? [room] : [])),
      former: names.get(entry.user)?.map(({ name }) => name) ?? [],
    };
  });
}

export function allRooms(
  request: SendRequest,
  order: ListOrder,
  former = false,
): Promise<ImportedRoom[]> {
  return fetchAll(order, async (query) => {
    const answer = await request("all-rooms", { ...query, former });
    return { page: roomsOf(answer), total: answer.total };
  });
}

/** @internal */
export function roomsOf({ rooms: page, former }: Answer<"all-rooms">): ImportedRoom[] {
  if (former === undefined) return page;
  const names = Map.groupBy(former, ({ room }) => room);
  return page.map((entry) => {
    return { ...entry, former: names.get(entry.room)?.map(({ name }) => name) ?? [] };
  });
}
