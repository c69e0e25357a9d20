/** Information of the server's window: connections, running transfers, and the server itself. */

import { Fault } from "../../base/fault.ts";
import { counted, formatLeft, formatSize } from "../../base/sizes.ts";
import { formatUtc } from "../../base/time.ts";
import { argument, defineVerb, enumFlag } from "../../cli/command.ts";
import { ADMIN_FLAGS, done, personOf, withOperator } from "../../cli/connect/operator.ts";
import { say } from "../../cli/context.ts";
import { moment, renderJson, renderTable, type Style, styleOf } from "../../cli/output/render.ts";
import type { Client } from "../../client/client.ts";
import { inUtc } from "../../core/duration.ts";
import type { Answer } from "../../wire/messages.ts";

type ClientEntry = Answer<"clients">["clients"][number];
type TransferEntry = Answer<"transfers">["transfers"][number];

async function allClients(client: Client): Promise<ClientEntry[]> {
  const all: ClientEntry[] = [];
  for (;;) {
    const after = all.at(-1)?.client ?? 0;
    const { clients, more } = await client.request("clients", { after });
    all.push(...clients);
    if (!more || clients.length === 0) return all;
  }
}

function size(bytes: number | undefined, { format }: Style): string {
  if (bytes === undefined) return "";
  return format === "text" ? formatSize(bytes) : String(bytes);
}

export const clients = defineVerb({
  args: ADMIN_FLAGS,
  run(args, context) {
    return withOperator(context, args, async ({ client }) => {
      const style = styleOf(context);
      const all = await allClients(client);
      if (style.format === "json") {
        const line = (one: ClientEntry) => renderJson({ kind: "client", ...inUtc(one, "since") });
        context.stdout.write(all.map(line).join(""));
        return 0;
      }
      const rows = all.map((one) => [
        one.user ?? "",
        one.lane ? "files" : one.operator ? "operator" : "",
        one.address,
        one.transport,
        one.roundTripMs === undefined ? "" : `${one.roundTripMs} ms`,
        size(one.sentBytes, style),
        size(one.receivedBytes, style),
        moment(one.since, style),
        one.program,
        one.server ?? "",
      ]);
      const heads = [
        ...(["user", "as", "address", "transport", "trip", "sent", "received"] as const),
        ...(["since", "program", "server"] as const),
      ];
      context.stdout.write(renderTable(heads, rows, style));
      return 0;
    });
  },
});

export const transfers = defineVerb({
  args: ADMIN_FLAGS,
  details: "The name of a private file is hidden, as in chat admin files.",
  run(args, context) {
    return withOperator(context, args, async ({ client }) => {
      const style = styleOf(context);
      const { transfers: all, more } = await client.request("transfers", {});
      if (style.format === "json") {
        const line = ({ file: id, ...one }: TransferEntry) =>
          renderJson({ kind: "transfer", id, ...inUtc(one, "since") });
        context.stdout.write(all.map(line).join(""));
        return 0;
      }
      const rows = all.map((one) => [
        one.file,
        one.direction,
        one.user,
        size(one.doneBytes, style),
        size(one.sizeBytes, style),
        one.name ?? "",
        one.address,
        one.server ?? "",
      ]);
      const heads = ["id", "direction", "user", "done", "size", "name", "address", "server"];
      context.stdout.write(renderTable(heads, rows, style));
      if (more > 0)
        say(context, `${counted(more, "transfer")} more ${more === 1 ? "is" : "are"} not listed`);
      return 0;
    });
  },
});

const DIRECTIONS = ["up", "down"] as const;

export const cancel = defineVerb({
  args: {
    id: argument("The file, as chat admin transfers lists it"),
    name: argument("Who sends or takes it"),
    direction: enumFlag([...DIRECTIONS], "Only what they send (up), or take (down)", {
      valueHint: "WAY",
    }),
    ...ADMIN_FLAGS,
  },
  details: "What there is of a file that is being sent is removed.",
  run(args, context) {
    const user = personOf(args.name);
    return withOperator(context, args, async ({ client }) => {
      const ways = args.direction === undefined ? DIRECTIONS : [args.direction];
      let none: unknown;
      let ended = 0;
      for (const direction of ways) {
        try {
          await client.request("cancel", { file: args.id, user, direction });
        } catch (error) {
          if (!(error instanceof Fault) || error.code !== "not-found") throw error;
          none = error;
          continue;
        }
        ended++;
        const way = direction === "up" ? "sends" : "takes";
        const line = { kind: "cancelled", id: args.id, user, direction };
        done(context, line, `what ${user} ${way} of ${args.id} is cancelled`);
      }
      if (ended === 0) throw none;
      return 0;
    });
  },
});

type Stats = Answer<"stats">;
type ServerEntry = NonNullable<Stats["servers"]>[number];

function machineRow({ server, version, links, lanes, diskFreeBytes: free }: ServerEntry) {
  const room = free === undefined ? "" : `, ${formatSize(free)} free`;
  return ["machine", `${server}: ${version}, ${counted(links - lanes, "connection")}${room}`];
}

function statsRows(stats: Stats, nowUnixMs: number): readonly (readonly string[])[] {
  const log = ({ records, bytes }: Stats["history"]) =>
    counted(records, "record") + (bytes === undefined ? "" : `, ${formatSize(bytes)}`);
  const { diskFreeBytes: free, keepFreeBytes: keep, files } = stats;
  const floor = keep === undefined ? "" : `; below ${formatSize(keep)} files are refused`;
  return [
    ["version", `${stats.version}, ${stats.runtime}, ${stats.platform}`],
    ["running for", formatLeft(Math.max(0, nowUnixMs - stats.since))],
    ["online", `${stats.online} of ${counted(stats.users, "account")}`],
    ["connections", `${stats.links - stats.lanes}, and ${counted(stats.lanes, "file transfer")}`],
    ["rooms", String(stats.rooms)],
    ["messages", `${stats.posts} since the start`],
    ["history", log(stats.history)],
    ["accounts", log(stats.accounts)],
    ["files", `${counted(files.files, "file")}, ${formatSize(files.bytes)}`],
    [
      "unfinished files",
      `${counted(files.unfinished, "file")}, ${formatSize(files.unfinishedBytes)}`,
    ],
    ["memory", `${formatSize(stats.memoryBytes)}, heap ${formatSize(stats.heapBytes)}`],
    ["disk", free === undefined ? "" : `${formatSize(free)} free${floor}`],
    ["sent", formatSize(stats.sentBytes)],
    ["received", formatSize(stats.receivedBytes)],
    ["queued", formatSize(stats.queuedBytes)],
    ...(stats.servers ?? []).map(machineRow),
  ];
}

export const stats = defineVerb({
  args: ADMIN_FLAGS,
  details: "For programs that watch a server there is /metrics: see chat admin stats --json, too.",
  run(args, context) {
    return withOperator(context, args, async ({ client }) => {
      const told = await client.request("stats", {});
      const style = styleOf(context);
      if (style.format === "json") {
        const { servers, ...own } = told;
        const lines = (servers ?? []).map((one) => ({ kind: "machine", ...inUtc(one, "since") }));
        const whole = { kind: "server-stats", ...own, since: formatUtc(told.since) };
        context.stdout.write([whole, ...lines].map(renderJson).join(""));
        return 0;
      }
      const rows = statsRows(told, context.clock.unixMs());
      context.stdout.write(renderTable(["what", "now"], rows, style));
      return 0;
    });
  },
});
