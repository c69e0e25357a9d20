/** `chat history`, which prints stored messages. */

import { Fault } from "../base/fault.ts";
import type { RoomId } from "../base/ids.ts";
import { FIRST_RECORDS, GREP_BYTES_MAX, PAGE_RECORDS_MAX } from "../base/limits.ts";
import { formatTarget, type Name, type Target } from "../base/names.ts";
import { defined } from "../base/values.ts";
import { displayRecords } from "../cli/chat/console.ts";
import { defineVerb, type FlagDefs, type FlagValues, flag, stringFlag } from "../cli/command.ts";
import { untilConnected, withClient } from "../cli/connect/client.ts";
import { historyPages } from "../cli/connect/lists.ts";
import { type Context, faultLine, printNotice } from "../cli/context.ts";
import { usageFault } from "../cli/errors.ts";
import {
  parseRoomName,
  parseUserName,
  SERVER_ARGUMENT,
  SERVER_FLAGS,
  timeFlag,
} from "../cli/flags.ts";
import { FolderHistory, type FolderQuery } from "../cli/history/folder.ts";
import { DamageReport, UnreadableRuns } from "../cli/output/damage.ts";
import { type DisplayRecord, renderRecord, styleOf } from "../cli/output/render.ts";
import type { Client } from "../client/client.ts";
import type { ChatRecord } from "../core/client/chat-record.ts";
import { bodyMatcher } from "../core/client/grep.ts";
import { isSameName } from "../core/model/item.ts";
import { READ_KINDS, type RecordKind } from "../wire/kinds.ts";

export interface HistoryOptions {
  readonly target: Target | undefined;
  readonly from: Name | undefined;
  readonly sinceMs: number | undefined;
  readonly untilMs: number | undefined;
  readonly grep: string | undefined;
  readonly ignoreCase: boolean;
  readonly kinds: ReadonlySet<RecordKind> | undefined;
  readonly last: number | undefined;
  readonly isOverview: boolean;
}

export const FILTER_FLAGS = {
  room: stringFlag("ROOM", "Only this room", { parse: parseRoomName }),
  with: stringFlag("@NAME", "Only direct messages with this user", { parse: parseUserName }),
  from: stringFlag("NAME", "Only messages from this user", { parse: parseUserName }),
  since: stringFlag("T", "ISO 8601, or 10m, 2h, 3d ago"),
  until: stringFlag("T", "ISO 8601, or 10m, 2h, 3d ago"),
  last: stringFlag("N", "Only the last N messages that match the other filters", {
    integer: { min: 1, max: Number.MAX_SAFE_INTEGER },
  }),
  grep: stringFlag("TEXT", "Only messages that contain this text"),
  exact: flag("Make --grep case-sensitive"),
  ignoreCase: flag("Ignore case (default)", { alias: "i" }),
  kind: stringFlag(
    "KIND,...",
    "Only these kinds: text, action, topic, file, join, leave, kick, ...",
    { choices: [...READ_KINDS], list: true },
  ),
  files: flag("Only files"),
} as const satisfies FlagDefs;

type FilterFlags = FlagValues<typeof FILTER_FLAGS>;

/** @throws {Fault} usage */
export function historyOptions(context: Context, flags: FilterFlags): HistoryOptions {
  const target = targetOf(flags);
  const { from, last, grep, exact, ignoreCase } = flags;
  if (exact && ignoreCase) {
    throw usageFault("--exact and --ignore-case cannot be combined", "use only one of them");
  }
  const kinds = kindsOf(flags);
  if (Buffer.byteLength(grep ?? "") > GREP_BYTES_MAX) {
    throw usageFault(`search text can have at most ${GREP_BYTES_MAX} bytes`, "shorten it");
  }
  const sinceMs = timeFlag(context, flags.since, "start");
  const untilMs = timeFlag(context, flags.until, "end");
  const isOverview = [target, from, sinceMs, untilMs, grep, last, kinds].every(
    (filter) => filter === undefined,
  );
  return { target, from, sinceMs, untilMs, grep, ignoreCase: !exact, kinds, last, isOverview };
}

function kindsOf({ kind, files }: FilterFlags): ReadonlySet<RecordKind> | undefined {
  if (kind === undefined) return files ? new Set(["file"]) : undefined;
  if (files) {
    throw usageFault("--files and --kind cannot be combined", "use only one of them");
  }
  return new Set([...READ_KINDS].filter((known) => kind.split(",").includes(known)));
}

function targetOf({ room, with: person }: FilterFlags): Target | undefined {
  if (room !== undefined && person !== undefined) {
    throw usageFault("--room and --with cannot be combined", "use only one of them");
  }
  if (room !== undefined) return { kind: "room", name: room };
  return person === undefined ? undefined : { kind: "person", name: person };
}

export const command = defineVerb({
  args: {
    at: SERVER_ARGUMENT,
    data: stringFlag("DIR", "Read a server's folder directly"),
    ...FILTER_FLAGS,
    follow: flag("Keep printing new messages", { alias: "f" }),
    ...SERVER_FLAGS,
  },
  details: "Without filters, prints the last 50 messages of each room and conversation, merged.",
  async run(args, context) {
    const options = historyOptions(context, args);
    const { data } = args;
    if (data === undefined) {
      const client = {
        argument: args.at,
        mode: "login",
        follow: args.follow ? "live" : "none",
      } as const;
      return withClient(
        context,
        args,
        { ...client, printsData: !args.follow, reconnect: args.follow },
        (open) => fromServer(context, open.client, options, args.follow),
      );
    }
    if (args.at !== undefined || args.server !== undefined || args.follow) {
      throw new Fault("usage", "--data cannot be combined with a server or --follow", {
        remedy: "remove --data, or the server and --follow",
      });
    }
    return fromFolder(context, data, options);
  },
});

class Printer {
  readonly #style;
  readonly #gaps: UnreadableRuns | undefined;

  constructor(
    private readonly context: Context,
    me: string | undefined,
    private readonly damage: DamageReport,
  ) {
    this.#style = styleOf(context, { me });
    this.#gaps = context.json ? undefined : new UnreadableRuns(me);
  }

  print(records: readonly DisplayRecord[]): Promise<void> {
    this.damage.add(records);
    return this.#write(this.#gaps?.fold(records) ?? records);
  }

  /** Must be called after the last stored record. */
  end(): Promise<void> {
    return this.#write(this.#gaps?.remaining() ?? []);
  }

  async #write(records: readonly DisplayRecord[]): Promise<void> {
    this.context.stdout.write(records.map((record) => renderRecord(record, this.#style)).join(""));
    await this.context.stdout.drained();
  }
}

async function fromServer(
  context: Context,
  client: Client,
  options: HistoryOptions,
  follow: boolean,
): Promise<number> {
  const events = client.read();
  const { user } = await untilConnected(events);
  const damage = new DamageReport();
  const printer = new Printer(context, user, damage);
  const printPage = (records: readonly ChatRecord[]) =>
    printer.print(displayRecords(records, user));
  let lastSeq = 0;
  for await (const records of serverPages(client, options)) {
    await printPage(records);
    lastSeq = records.at(-1)?.seq ?? lastSeq;
  }
  await printer.end();
  if (!follow) damage.check();
  if (!follow) return 0;
  if (damage.fault !== undefined) printNotice(context, faultLine(damage.fault));
  const matches = recordMatcher(options);
  for await (const event of events) {
    if (event.kind === "closed") throw event.fault ?? new Fault("link-closed", "the server closed");
    if (event.kind !== "record") continue;
    const { record } = event;
    if (record.seq <= lastSeq || !matches(record)) continue;
    await printPage([record]);
    if (record.state === "damaged")
      printNotice(context, `record ${record.seq} is damaged or withheld`);
  }
  return 0;
}

async function* serverPages(client: Client, options: HistoryOptions): AsyncGenerator<ChatRecord[]> {
  if (options.isOverview) {
    const overview: ChatRecord[] = [];
    for (const room of client.rooms) {
      overview.push(...(await lastRecords(client, { target: formatTarget(room) }, FIRST_RECORDS)));
    }
    yield overview.sort((a, b) => a.seq - b.seq);
    return;
  }
  const { target, from, grep, sinceMs, untilMs, ignoreCase } = options;
  const query = {
    ...defined({ from, grep, since: sinceMs, until: untilMs }),
    ...defined({ target: target && formatTarget(target), ignoreCase: ignoreCase || undefined }),
    ...kindsQuery(options.kinds),
  };
  if (options.last !== undefined) {
    yield await lastRecords(client, query, options.last);
    return;
  }
  yield* historyPages(client, query);
}

/** Older servers, which do not know `kinds`, support `files`. */
function kindsQuery(kinds: HistoryOptions["kinds"]): Pick<Query, "files" | "kinds"> {
  if (kinds === undefined) return {};
  return kinds.size === 1 && kinds.has("file") ? { files: true } : { kinds: [...kinds] };
}

type Query = Omit<Parameters<Client["history"]>[0], "limit">;

async function lastRecords(client: Client, query: Query, count: number): Promise<ChatRecord[]> {
  const pages: ChatRecord[][] = [];
  let missing = count;
  let before: number | undefined;
  while (missing > 0) {
    const { records, more } = await client.history({
      ...query,
      ...defined({ before }),
      limit: Math.min(missing, PAGE_RECORDS_MAX),
    });
    pages.unshift(records);
    missing -= records.filter(({ sealed }) => sealed !== "carrier").length;
    const first = records[0];
    if (!more || first === undefined) break;
    before = first.seq;
  }
  return pages.flat();
}

function recordMatcher(options: HistoryOptions): (record: ChatRecord) => boolean {
  const { target, grep, ignoreCase, kinds } = options;
  const matchesBody = grep === undefined ? undefined : bodyMatcher(grep, ignoreCase);
  return ({ room, from, kind, body }) => {
    const isTarget = target?.kind === room.kind && isSameName(room.name, target.name);
    if (target !== undefined && !isTarget) return false;
    if (options.from !== undefined && !isSameName(from, options.from)) return false;
    if (kinds !== undefined && !kinds.has(kind as RecordKind)) return false;
    return matchesBody?.(body) ?? true;
  };
}

async function fromFolder(
  context: Context,
  data: string,
  options: HistoryOptions,
): Promise<number> {
  using folder = await FolderHistory.open(data);
  const damage = new DamageReport(`restore a backup; see chat verify --data ${data}`);
  const printer = new Printer(context, undefined, damage);
  for await (const page of folderPages(folder, options)) await printer.print(page);
  await printer.end();
  damage.check();
  return 0;
}

async function* folderPages(
  folder: FolderHistory,
  options: HistoryOptions,
): AsyncGenerator<readonly DisplayRecord[]> {
  const { target, from, grep, sinceMs, untilMs, ignoreCase } = options;
  const query: FolderQuery = {
    kinds: options.kinds ?? READ_KINDS,
    ...defined({ rooms: target && new Set(folder.find(target)), by: from && folder.userId(from) }),
    ...defined({ grep, sinceMs, untilMs, ignoreCase }),
  };
  if (options.isOverview) {
    const last = (room: RoomId) => folder.last({ ...query, rooms: new Set([room]) }, FIRST_RECORDS);
    const overview = await Array.fromAsync(folder.rooms, last);
    yield overview.flat().sort((a, b) => a.seq - b.seq);
  } else if (options.last !== undefined) {
    yield await folder.last(query, options.last);
  } else {
    yield* folder.pages(query);
  }
}
