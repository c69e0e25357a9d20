/** `chat admin` commands that list. */

import { counted, formatDuration, formatSize } from "../../base/sizes.ts";
import { formatUtc } from "../../base/time.ts";
import { unfinishedState } from "../../cli/chat/unfinished.ts";
import { enumFlag, type FlagDefs, flag, stringFlag } from "../../cli/command.ts";
import { allPages } from "../../cli/connect/lists.ts";
import { operatorList, operatorVerb } from "../../cli/connect/operator.ts";
import { printNotice } from "../../cli/context.ts";
import { formatTimestamp, renderJson, renderTable, styleOf } from "../../cli/output/render.ts";
import { printList, sizeCell, timeCell } from "../../cli/output/result.ts";
import type { Client } from "../../client/client.ts";
import { allRooms, fetchAll, type ListOrder } from "../../client/link/lists.ts";
import { withUtcTime } from "../../core/duration.ts";
import type { ImportedRoom } from "../../core/people/import-plan.ts";
import type { Answer } from "../../wire/messages.ts";

export const LIST_FLAGS = {
  find: stringFlag("TEXT", "Only names that contain this text"),
  reverse: flag("Reverse order"),
} as const satisfies FlagDefs;

function roomState({ locked, sealed, closed, vacant }: ImportedRoom): string {
  const marks = { locked, sealed, closed, empty: vacant };
  return Object.entries(marks)
    .flatMap(([word, isSet]) => (isSet === true ? [word] : []))
    .join(" ");
}

export const adminRooms = operatorList({
  summary: "List rooms, largest first",
  examples: ["chat admin rooms"],
  args: {
    sort: enumFlag(
      ["bytes", "name", "members", "records"],
      "Sort by file size, name, members, or messages",
      { default: "bytes", valueHint: "ORDER" },
    ),
    ...LIST_FLAGS,
  },
  fetch: (args, { client }) => allRooms(client.request, args),
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
    title: ({ title = "" }) => title,
  },
});

export type ListedFile = Answer<"all-files">["files"][number];

/** Also lists unfinished uploads, unless the server is too old. */
export function allFiles(client: Client, order: ListOrder): Promise<ListedFile[]> {
  return fetchAll(order, async (query) => {
    const answer = await client.request("all-files", { ...query, unfinished: true });
    return { page: answer.files, total: answer.total };
  });
}

export const adminFiles = operatorList({
  summary: "List files, largest first",
  examples: ["chat admin files --find report"],
  args: {
    sort: enumFlag(["bytes", "name", "user", "time"], "Sort by size, name, sender, or time", {
      default: "bytes",
      valueHint: "ORDER",
    }),
    ...LIST_FLAGS,
  },
  details:
    "Names of files in direct messages are hidden. To delete a file: chat admin erase NUMBER " +
    "--file ID, with a number listed here. To delete an unfinished upload: chat admin erase ID.",
  fetch: (args, { client }) => allFiles(client, args),
  json: ({ file: id, user: from, bytes, unfinished, ...entry }) => ({
    kind: "file",
    id,
    from,
    ...withUtcTime(entry, "time"),
    ...(unfinished === undefined
      ? { sizeBytes: bytes }
      : { sentBytes: bytes, unfinished: true, ...withUtcTime(unfinished, "expires") }),
  }),
  columns: {
    id: ({ file }) => file,
    size: ({ bytes }, style) => sizeCell(bytes, style),
    name: ({ name }) => name,
    from: ({ user }) => user,
    where: ({ rooms: roomNames }) => roomNames.join(" "),
    numbers: ({ seqs }) => seqs.join(" "),
    time: ({ time }, style) => timeCell(time, style),
    state: ({ unfinished }, style) =>
      unfinished &&
      unfinishedState({ ...unfinished, size: unfinished.sizeBytes }, (unixMs) =>
        formatTimestamp(unixMs, style),
      ),
  },
});

export const clients = operatorList({
  summary: "List connections",
  examples: ["chat admin clients"],
  args: {},
  async fetch(_args, { client }) {
    const entries: Answer<"clients">["clients"] = [];
    for (;;) {
      const after = entries.at(-1)?.client ?? 0;
      const { clients: page, more } = await client.request("clients", { after });
      entries.push(...page);
      if (!more || page.length === 0) return entries;
    }
  },
  json: (entry) => ({ kind: "client", ...withUtcTime(entry, "since") }),
  columns: {
    user: ({ user }) => user,
    as: ({ lane, operator }) => (lane ? "files" : operator ? "operator" : ""),
    address: ({ address }) => address,
    transport: ({ transport }) => transport,
    trip: ({ roundTripMs }) => (roundTripMs === undefined ? "" : `${roundTripMs} ms`),
    sent: ({ sentBytes }, style) => sizeCell(sentBytes, style),
    received: ({ receivedBytes }, style) => sizeCell(receivedBytes, style),
    since: ({ since }, style) => timeCell(since, style),
    program: ({ program }) => program,
    server: ({ server }) => server,
  },
});

export const transfers = operatorVerb({
  summary: "List active transfers",
  examples: ["chat admin transfers"],
  args: {},
  details: "Names of private files are hidden, as in chat admin files.",
  isQuery: () => true,
  async run(_args, { client, context }) {
    const { transfers: entries, more } = await client.request("transfers", {});
    printList(context, entries, {
      json: ({ file: id, ...entry }) => ({ kind: "transfer", id, ...withUtcTime(entry, "since") }),
      columns: {
        id: ({ file }) => file,
        direction: ({ direction }) => direction,
        user: ({ user }) => user,
        done: ({ doneBytes }, style) => sizeCell(doneBytes, style),
        size: ({ sizeBytes }, style) => sizeCell(sizeBytes, style),
        name: ({ name }) => name,
        address: ({ address }) => address,
        server: ({ server }) => server,
      },
    });
    if (more === 0 || context.json) return 0;
    printNotice(context, `${counted(more, "more transfer")} not listed`);
    return 0;
  },
});

type Stats = Answer<"stats">;
type ServerEntry = NonNullable<Stats["servers"]>[number];

function machineRow({ server, version, links, lanes, diskFreeBytes: free }: ServerEntry) {
  const spaceText = free === undefined ? "" : `, ${formatSize(free)} free`;
  return ["machine", `${server}: ${version}, ${counted(links - lanes, "connection")}${spaceText}`];
}

function statsRows(stats: Stats, nowUnixMs: number): readonly (readonly string[])[] {
  const logText = ({ records, bytes }: Stats["history"]) =>
    counted(records, "record") + (bytes === undefined ? "" : `, ${formatSize(bytes)}`);
  const { diskFreeBytes: free, keepFreeBytes: keep, files } = stats;
  const limitText = keep === undefined ? "" : `; below ${formatSize(keep)} only operators can post`;
  return [
    ["version", `${stats.version}, ${stats.runtime}, ${stats.platform}`],
    ["running for", formatDuration(Math.max(0, nowUnixMs - stats.since))],
    ["online", `${stats.online} of ${counted(stats.users, "account")}`],
    ["connections", `${stats.links - stats.lanes}, and ${counted(stats.lanes, "file transfer")}`],
    ["rooms", String(stats.rooms)],
    ["messages", `${stats.posts} since start`],
    ["history", logText(stats.history)],
    ["accounts", logText(stats.accounts)],
    ["files", `${counted(files.files, "file")}, ${formatSize(files.bytes)}`],
    [
      "unfinished files",
      `${counted(files.unfinished, "file")}, ${formatSize(files.unfinishedBytes)}`,
    ],
    ["memory", `${formatSize(stats.memoryBytes)}, heap ${formatSize(stats.heapBytes)}`],
    ["disk", free === undefined ? "" : `${formatSize(free)} free${limitText}`],
    ["sent", formatSize(stats.sentBytes)],
    ["received", formatSize(stats.receivedBytes)],
    ["queued", formatSize(stats.queuedBytes)],
    ...(stats.servers ?? []).map(machineRow),
  ];
}

export const stats = operatorVerb({
  summary: "Show server statistics",
  examples: ["chat admin stats"],
  args: {},
  details: "For monitoring, see also /metrics and chat admin stats --json.",
  isQuery: () => true,
  async run(_args, { client, context }) {
    const stats = await client.request("stats", {});
    const style = styleOf(context);
    if (style.format === "json") {
      const { servers, ...own } = stats;
      const lines = (servers ?? []).map((entry) => ({
        kind: "machine",
        ...withUtcTime(entry, "since"),
      }));
      const summary = { kind: "server-stats", ...own, since: formatUtc(stats.since) };
      context.stdout.write([summary, ...lines].map(renderJson).join(""));
      return 0;
    }
    const rows = statsRows(stats, context.clock.unixMs());
    context.stdout.write(renderTable(["what", "now"], rows, style));
    return 0;
  },
});

function roomLabel({ room, post, read }: Answer<"invites">["invites"][number]): string {
  if (post === undefined && read === undefined) return room ?? "";
  if (read === undefined) return `posts to ${post}`;
  return `${post === undefined ? "" : "posts to and "}reads ${post ?? read}`;
}

export const invites = operatorVerb({
  summary: "List or revoke invites",
  examples: ["chat admin invites", "chat admin invites --revoke ID"],
  args: { revoke: stringFlag("INVITE", "Revoke this invite") },
  isQuery: ({ revoke }) => revoke === undefined,
  async run({ revoke: invite }, { client, context }) {
    if (invite !== undefined) {
      await client.request("invite-revoke", { invite });
      return { json: { kind: "invite-revoked", invite }, text: `revoked invite ${invite}` };
    }
    const entries = await allPages(
      (after) => client.request("invites", after),
      (page) => page.invites,
    );
    return printList(context, entries, {
      json: (entry) => ({ kind: "invite", ...withUtcTime(entry, "expires") }),
      columns: {
        invite: (entry) => entry.invite,
        by: ({ by }) => by,
        uses: ({ usesLeft }) => usesLeft ?? "any",
        expires: ({ expires }, style) => timeCell(expires, style),
        room: roomLabel,
      },
    });
  },
});

export const bans = operatorList({
  summary: "List banned accounts and addresses",
  examples: ["chat admin bans"],
  args: {},
  fetch: (_args, { client }) =>
    allPages(
      (after) => client.request("bans", after),
      (page) => page.bans,
    ),
  json: (entry) => ({ kind: "ban", ...withUtcTime(entry, "until") }),
  columns: {
    target: ({ user, address }) => user ?? address,
    until: ({ until }, style) => timeCell(until, style),
    reason: ({ reason }) => reason,
  },
});
