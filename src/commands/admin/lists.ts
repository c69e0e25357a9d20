/** `chat admin` commands `accounts`, `rooms` and `files`. */

import { enumFlag, type FlagDefs, flag, stringFlag } from "../../cli/command.ts";
import { operatorVerb } from "../../cli/connect/operator.ts";
import { printList, sizeCell, timeCell } from "../../cli/output/result.ts";
import type { Client } from "../../client/client.ts";
import { withUtcTime } from "../../core/duration.ts";
import type { Answer } from "../../wire/messages.ts";

const LIST_FLAGS = {
  find: stringFlag("TEXT", "Only names that contain this text"),
  reverse: flag("Reverse order"),
} as const satisfies FlagDefs;

/**
 * In alphabetical order. With other sort keys, a list begins with the newest time or the largest
 * number.
 */
const FROM_A: ReadonlySet<string> = new Set(["name", "user"]);

interface ListOrder {
  readonly find?: string | undefined;
  readonly reverse: boolean;
  readonly sort: string;
}

interface ListPage<Item> {
  readonly page: readonly Item[];
  readonly total: number;
}

async function fetchAll<Item>(
  { find, reverse, sort }: ListOrder,
  requestPage: (query: {
    find?: string;
    sort: string;
    down: boolean;
    skip: number;
  }) => Promise<ListPage<Item>>,
): Promise<Item[]> {
  const query = { sort, down: FROM_A.has(sort) === reverse, ...(find ? { find } : {}) };
  const items: Item[] = [];
  for (;;) {
    const { page, total } = await requestPage({ ...query, skip: items.length });
    items.push(...page);
    if (page.length === 0 || items.length >= total) return items;
  }
}

export const accounts = operatorVerb({
  args: {
    sort: enumFlag(
      ["name", "since", "seen", "devices", "bytes"],
      "Sort by name, registration, last visit, devices, or file size",
      { default: "name", valueHint: "ORDER" },
    ),
    online: flag("Only online users"),
    ...LIST_FLAGS,
  },
  isQuery: () => true,
  async run(args, context, client) {
    const items = await fetchAll(args, async (query) => {
      const { accounts: page, total } = await client.request("accounts", query);
      return { page, total };
    });
    const accountsShown = args.online ? items.filter(({ online }) => online) : items;
    return printList(context, accountsShown, {
      json: ({ bytes, ...entry }) => ({
        kind: "account",
        ...withUtcTime(withUtcTime(entry, "since"), "seen"),
        sizeBytes: bytes,
      }),
      columns: {
        user: ({ user }) => user,
        state: ({ online, banned }) => (banned ? "banned" : online ? "online" : "offline"),
        role: ({ operator }) => (operator ? "operator" : "member"),
        seen: ({ seen }, style) => timeCell(seen, style),
        since: ({ since }, style) => timeCell(since, style),
        devices: ({ devices }) => devices,
        password: ({ password }) => (password ? "yes" : "no"),
        files: ({ bytes }, style) => sizeCell(bytes, style),
      },
    });
  },
});

type RoomEntry = Answer<"all-rooms">["rooms"][number];

function roomState({ locked, sealed, closed, vacant }: RoomEntry): string {
  const marks = { locked, sealed, closed, empty: vacant };
  return Object.entries(marks)
    .flatMap(([word, isSet]) => (isSet === true ? [word] : []))
    .join(" ");
}

export const rooms = operatorVerb({
  args: {
    sort: enumFlag(
      ["bytes", "name", "members", "records"],
      "Sort by file size, name, members, or messages",
      { default: "bytes", valueHint: "ORDER" },
    ),
    ...LIST_FLAGS,
  },
  isQuery: () => true,
  async run(args, context, client) {
    return printList(context, await allRooms(client, args), {
      json: ({ bytes, vacant: empty = false, ...entry }) => ({
        kind: "room",
        ...entry,
        empty,
        sizeBytes: bytes,
      }),
      columns: {
        room: ({ room }) => room,
        members: ({ members }) => members,
        records: ({ records }) => records,
        files: ({ files }) => files,
        size: ({ bytes }, style) => sizeCell(bytes, style),
        state: roomState,
        topic: ({ topic }) => topic,
      },
    });
  },
});

export function allRooms(client: Client, order: ListOrder): Promise<RoomEntry[]> {
  return fetchAll(order, async (query) => {
    const { rooms: page, total } = await client.request("all-rooms", query);
    return { page, total };
  });
}

export const files = operatorVerb({
  args: {
    sort: enumFlag(["bytes", "name", "user", "time"], "Sort by size, name, sender, or time", {
      default: "bytes",
      valueHint: "ORDER",
    }),
    ...LIST_FLAGS,
  },
  details:
    "Names of files in direct messages are hidden. To delete a file: chat admin erase NUMBER, " +
    "with a number listed here.",
  isQuery: () => true,
  async run(args, context, client) {
    const items = await fetchAll(args, async (query) => {
      const { files: page, total } = await client.request("all-files", query);
      return { page, total };
    });
    return printList(context, items, {
      json: ({ file: id, user: from, bytes, ...entry }) => ({
        kind: "file",
        id,
        from,
        ...withUtcTime(entry, "time"),
        sizeBytes: bytes,
      }),
      columns: {
        id: ({ file }) => file,
        size: ({ bytes }, style) => sizeCell(bytes, style),
        name: ({ name }) => name,
        from: ({ user }) => user,
        where: ({ rooms: roomNames }) => roomNames.join(" "),
        numbers: ({ seqs }) => seqs.join(" "),
        time: ({ time }, style) => timeCell(time, style),
      },
    });
  },
});
