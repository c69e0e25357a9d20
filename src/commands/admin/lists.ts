/** Lists of all accounts, rooms and files, by the same requests as the server's window. */

import { formatSize } from "../../base/sizes.ts";
import {
  defineVerb,
  enumFlag,
  type FlagDefs,
  type FlagValues,
  flag,
  stringFlag,
} from "../../cli/command.ts";
import { ADMIN_FLAGS, withOperator } from "../../cli/connect/operator.ts";
import type { Context } from "../../cli/context.ts";
import {
  type JsonObject,
  moment,
  renderJson,
  renderTable,
  type Style,
  styleOf,
} from "../../cli/output/render.ts";
import type { Client } from "../../client/client.ts";
import { inUtc } from "../../core/duration.ts";
import type { Answer } from "../../wire/messages.ts";

const LIST_FLAGS = {
  find: stringFlag("TEXT", "Only with this in the name"),
  reverse: flag("The other way round"),
  ...ADMIN_FLAGS,
} as const satisfies FlagDefs;

/** `name` and `user` sort from A; times and numbers from the newest and largest. */
const FROM_A: ReadonlySet<string> = new Set(["name", "user"]);

interface Listed<One> {
  readonly page: readonly One[];
  readonly total: number;
}

/** All pages of a list, in the requested order. @throws Fault */
export async function whole<One>(
  { find, reverse, sort }: { find?: string | undefined; reverse: boolean; sort: string },
  ask: (asked: {
    find?: string;
    sort: string;
    down: boolean;
    skip: number;
  }) => Promise<Listed<One>>,
): Promise<One[]> {
  const asked = { sort, down: FROM_A.has(sort) === reverse, ...(find ? { find } : {}) };
  const all: One[] = [];
  for (;;) {
    const { page, total } = await ask({ ...asked, skip: all.length });
    all.push(...page);
    if (page.length === 0 || all.length >= total) return all;
  }
}

interface Shown<One> {
  readonly json: (one: One) => JsonObject;
  readonly heads: readonly string[];
  readonly row: (one: One, style: Style) => readonly string[];
}

/** Lists entries as an operator. */
function listed<One>(
  context: Context,
  args: FlagValues<typeof LIST_FLAGS>,
  all: (client: Client) => Promise<readonly One[]>,
  { json, heads, row }: Shown<One>,
): Promise<number> {
  return withOperator(context, args, async ({ client }) => {
    const found = await all(client);
    const style = styleOf(context);
    const rows = () =>
      renderTable(
        heads,
        found.map((one) => row(one, style)),
        style,
      );
    context.stdout.write(
      style.format === "json" ? found.map((one) => renderJson(json(one))).join("") : rows(),
    );
    return 0;
  });
}

/** Formatted for users, or plain for programs. */
function size(bytes: number, { format }: Style): string {
  return format === "text" ? formatSize(bytes) : String(bytes);
}

type AccountEntry = Answer<"accounts">["accounts"][number];

function stateOf({ online, banned }: AccountEntry): string {
  if (banned) return "banned";
  return online ? "online" : "offline";
}

export const accounts = defineVerb({
  args: {
    sort: enumFlag(
      ["name", "since", "seen", "devices", "bytes"],
      "By name, registration, last visit, devices, or size of files",
      { default: "name", valueHint: "ORDER" },
    ),
    online: flag("Only who is online"),
    ...LIST_FLAGS,
  },
  run(args, context) {
    const all = async (client: Client) => {
      const found = await whole(args, async (asked) => {
        const { accounts: page, total } = await client.request("accounts", asked);
        return { page, total };
      });
      return args.online ? found.filter(({ online }) => online) : found;
    };
    return listed<AccountEntry>(context, args, all, {
      json: ({ bytes, ...one }) => ({
        kind: "account",
        ...inUtc(inUtc(one, "since"), "seen"),
        sizeBytes: bytes,
      }),
      heads: ["user", "state", "role", "seen", "since", "devices", "password", "files"],
      row: (one, style) => [
        one.user,
        stateOf(one),
        one.operator ? "operator" : "member",
        one.seen === undefined ? "" : moment(one.seen, style),
        moment(one.since, style),
        String(one.devices),
        one.password ? "yes" : "no",
        size(one.bytes, style),
      ],
    });
  },
});

type RoomEntry = Answer<"all-rooms">["rooms"][number];

function marksOf({ locked, sealed, closed, vacant }: RoomEntry): string {
  const marks = [
    locked ? "locked" : "",
    sealed ? "sealed" : "",
    closed ? "closed" : "",
    vacant ? "empty" : "",
  ];
  return marks.filter((one) => one !== "").join(" ");
}

export const rooms = defineVerb({
  args: {
    sort: enumFlag(
      ["bytes", "name", "members", "records"],
      "By size of files, name, members, or messages",
      { default: "bytes", valueHint: "ORDER" },
    ),
    ...LIST_FLAGS,
  },
  run(args, context) {
    const all = (client: Client) =>
      whole(args, async (asked) => {
        const { rooms: page, total } = await client.request("all-rooms", asked);
        return { page, total };
      });
    return listed<RoomEntry>(context, args, all, {
      json: ({ bytes, vacant: empty = false, ...one }) => ({
        kind: "room",
        ...one,
        empty,
        sizeBytes: bytes,
      }),
      heads: ["room", "members", "records", "files", "size", "state", "topic"],
      row: (one, style) => [
        one.room,
        String(one.members),
        String(one.records),
        String(one.files),
        size(one.bytes, style),
        marksOf(one),
        one.topic,
      ],
    });
  },
});

type FileEntry = Answer<"all-files">["files"][number];

export const files = defineVerb({
  args: {
    sort: enumFlag(["bytes", "name", "user", "time"], "By size, name, sender, or time", {
      default: "bytes",
      valueHint: "ORDER",
    }),
    ...LIST_FLAGS,
  },
  details:
    "Of a file between two people its name is not told. chat admin erase NUMBER erases one, by " +
    "its numbers here.",
  run(args, context) {
    const all = (client: Client) =>
      whole(args, async (asked) => {
        const { files: page, total } = await client.request("all-files", asked);
        return { page, total };
      });
    return listed<FileEntry>(context, args, all, {
      json: ({ file: id, user: from, bytes, ...one }) => ({
        kind: "file",
        id,
        from,
        ...inUtc(one, "time"),
        sizeBytes: bytes,
      }),
      heads: ["id", "size", "name", "from", "where", "numbers", "time"],
      row: (one, style) => [
        one.file,
        size(one.bytes, style),
        one.name ?? "",
        one.user,
        one.rooms.join(" "),
        one.seqs.join(" "),
        moment(one.time, style),
      ],
    });
  },
});
