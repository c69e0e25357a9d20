/** `chat admin` commands `clients`, `transfers`, `cancel` and `stats`. */

import { Fault } from "../../base/fault.ts";
import { counted, formatDuration, formatSize } from "../../base/sizes.ts";
import { formatUtc } from "../../base/time.ts";
import { argument, defineVerb, enumFlag } from "../../cli/command.ts";
import { ADMIN_FLAGS, operatorVerb, userNameOf, withOperator } from "../../cli/connect/operator.ts";
import { printNotice } from "../../cli/context.ts";
import { renderJson, renderTable, styleOf } from "../../cli/output/render.ts";
import { printList, printResult, sizeCell, timeCell } from "../../cli/output/result.ts";
import type { Client } from "../../client/client.ts";
import { withUtcTime } from "../../core/duration.ts";
import type { Answer } from "../../wire/messages.ts";

type ClientEntry = Answer<"clients">["clients"][number];

async function allClients(client: Client): Promise<ClientEntry[]> {
  const entries: ClientEntry[] = [];
  for (;;) {
    const after = entries.at(-1)?.client ?? 0;
    const { clients, more } = await client.request("clients", { after });
    entries.push(...clients);
    if (!more || clients.length === 0) return entries;
  }
}

export const clients = operatorVerb({
  args: {},
  isQuery: () => true,
  async run(_args, context, client) {
    return printList(context, await allClients(client), {
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
  },
});

export const transfers = operatorVerb({
  args: {},
  details: "Names of private files are hidden, as in chat admin files.",
  isQuery: () => true,
  async run(_args, context, client) {
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

const DIRECTIONS = ["up", "down"] as const;

export const cancel = defineVerb({
  args: {
    id: argument("File ID, as listed by chat admin transfers"),
    name: argument("User who uploads or downloads it"),
    direction: enumFlag([...DIRECTIONS], "Only uploads (up) or downloads (down)", {
      valueHint: "WAY",
    }),
    ...ADMIN_FLAGS,
  },
  details: "Removes the incomplete upload of a file that is being sent.",
  run(args, context) {
    const user = userNameOf(args.name);
    return withOperator(context, args, async ({ client }) => {
      const directions = args.direction === undefined ? DIRECTIONS : [args.direction];
      let notFound: unknown;
      let cancelled = 0;
      for (const direction of directions) {
        try {
          await client.request("cancel", { file: args.id, user, direction });
        } catch (error) {
          if (!(error instanceof Fault) || error.code !== "not-found") throw error;
          notFound = error;
          continue;
        }
        cancelled++;
        const transfer = direction === "up" ? "upload" : "download";
        const line = { kind: "cancelled", id: args.id, user, direction };
        printResult(context, line, `cancelled the ${transfer} of ${args.id} by ${user}`);
      }
      if (cancelled === 0) throw notFound;
      return 0;
    });
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
  args: {},
  details: "For monitoring, see also /metrics and chat admin stats --json.",
  isQuery: () => true,
  async run(_args, context, client) {
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
