/** `chat history`, which prints stored messages. */

import { Fault } from "../base/fault.ts";
import type { RoomId } from "../base/ids.ts";
import { FIRST_RECORDS, PAGE_RECORDS_MAX } from "../base/limits.ts";
import { formatTarget, type Name, parseRoom, type Target } from "../base/names.ts";
import { counted } from "../base/sizes.ts";
import { defined } from "../base/values.ts";
import { displayRecords } from "../cli/chat/console.ts";
import {
  defineVerb,
  type FlagDefs,
  type FlagValues,
  flag,
  noFlag,
  stringFlag,
} from "../cli/command.ts";
import { type ConnectOptions, untilConnected, withClient } from "../cli/connect/client.ts";
import { historyPages, pageQuery } from "../cli/connect/lists.ts";
import { type Context, faultLine, printNotice } from "../cli/context.ts";
import { usageFault } from "../cli/errors.ts";
import {
  parseUserName,
  SERVER_ARGUMENT,
  SERVER_FLAGS,
  type ServerFlags,
  timeFlag,
} from "../cli/flags.ts";
import { FolderHistory, type FolderQuery } from "../cli/history/folder.ts";
import { MessageCommand } from "../cli/history/message-command.ts";
import { HistoryPrinter, textHits, wordHits } from "../cli/history/printer.ts";
import { checkRegex, RegexThread } from "../cli/history/regex-thread.ts";
import type { Hits } from "../cli/output/color.ts";
import { DamageReport, UnreadableCount } from "../cli/output/damage.ts";
import { Pager } from "../cli/output/pager.ts";
import type { DisplayRecord } from "../cli/output/render.ts";
import { quoteArgument } from "../cli/shell-quote.ts";
import type { Client } from "../client/client.ts";
import { ignoredNow } from "../client/ignored-people.ts";
import type { ChatRecord } from "../core/client/chat-record.ts";
import { bodyMatcher, checkGrep, searchedTexts } from "../core/client/grep.ts";
import { roomAt } from "../core/client/room-names.ts";
import { isSameName } from "../core/model/item.ts";
import { TaskQueue } from "../io/task-queue.ts";
import { OPEN_MESSAGE_KINDS, READ_KINDS, type RecordKind } from "../wire/kinds.ts";

export interface HistoryOptions {
  /** Any of these rooms and people; empty for all. */
  readonly targets: readonly Target[];
  readonly from: Name | undefined;
  readonly sinceMs: number | undefined;
  readonly untilMs: number | undefined;
  readonly grep: string | undefined;
  readonly ignoreCase: boolean;
  readonly words: string[] | undefined;
  readonly regex: string | undefined;
  readonly kinds: ReadonlySet<RecordKind> | undefined;
  readonly last: number | undefined;
  readonly isOverview: boolean;
  readonly usesPager: boolean;
  readonly numbers: boolean;
}

export const FILTER_FLAGS = {
  room: stringFlag("ROOM", "Only this room", { parse: parseRoom, alias: "r", many: true }),
  with: stringFlag("@NAME", "Only direct messages with this user", {
    parse: parseUserName,
    many: true,
  }),
  from: stringFlag("NAME", "Only messages from this user", { parse: parseUserName }),
  since: stringFlag("T", "2026-11-20, 09:00, yesterday, 2h or '2 hours ago'; or ISO 8601"),
  until: stringFlag("T", "The same"),
  last: stringFlag("N", "Only the last N messages that match the other filters", {
    integer: { min: 1, max: Number.MAX_SAFE_INTEGER },
    alias: "n",
    synonym: "limit",
  }),
  grep: stringFlag("TEXT", "Only messages that contain this text"),
  regex: stringFlag("RE", "Only messages that match this regular expression", {
    parse: checkRegex,
  }),
  exact: flag("Make --grep or --regex case-sensitive"),
  ignoreCase: flag("Ignore case (default)", { alias: "i" }),
  kind: stringFlag(
    "KIND,...",
    "Only these kinds: text, action, topic, file, join, leave, kick, ...",
    { choices: [...READ_KINDS], list: true },
  ),
  files: flag("Only files"),
  numbers: flag("On a terminal: with the numbers of messages"),
  pager: noFlag("Print without a pager"),
} as const satisfies FlagDefs;

/** Records of these kinds, which would displace the messages of a large room, must be asked for. */
const UNLISTED_KINDS: ReadonlySet<string> = new Set(["join", "leave"]);
const LISTED_KINDS: ReadonlySet<RecordKind> = READ_KINDS.difference(UNLISTED_KINDS);

type FilterFlags = FlagValues<typeof FILTER_FLAGS>;

/** @throws {Fault} usage */
export function historyOptions(context: Context, flags: FilterFlags): HistoryOptions {
  const targets = targetsOf(flags);
  const { from, last, grep, regex, exact, ignoreCase } = flags;
  if (exact && ignoreCase) {
    throw usageFault("--exact and --ignore-case cannot be combined", "use only one of them");
  }
  if (grep !== undefined && regex !== undefined) {
    throw usageFault("--grep and --regex cannot be combined", "use only one of them");
  }
  const kinds = kindsOf(flags);
  checkGrep(grep ?? "");
  const sinceMs = timeFlag(context, flags.since, "start");
  const untilMs = timeFlag(context, flags.until, "end");
  const isUnfiltered = [from, sinceMs, untilMs, grep, regex, last, kinds].every(
    (filter) => filter === undefined,
  );
  const isOverview = isUnfiltered && targets.length === 0;
  const text = { grep, words: undefined, regex, ignoreCase: !exact };
  const usesPager = flags.pager;
  const time = { sinceMs, untilMs, last };
  const { numbers } = flags;
  return { targets, from, ...time, ...text, kinds, isOverview, usesPager, numbers };
}

function kindsOf({ kind, files }: FilterFlags): ReadonlySet<RecordKind> | undefined {
  if (kind === undefined) return files ? new Set(["file"]) : undefined;
  if (files) {
    throw usageFault("--files and --kind cannot be combined", "use only one of them");
  }
  return new Set([...READ_KINDS].filter((known) => kind.split(",").includes(known)));
}

function targetsOf({ room: rooms, with: people }: FilterFlags): readonly Target[] {
  const targets: readonly Target[] = [
    ...rooms.map((name) => ({ kind: "room" as const, name })),
    ...people.map((name) => ({ kind: "person" as const, name })),
  ];
  return [...new Map(targets.map((each) => [formatTarget(each).toLowerCase(), each])).values()];
}

export const command = defineVerb({
  args: {
    at: SERVER_ARGUMENT,
    data: stringFlag("DIR", "Read a server's folder directly"),
    ...FILTER_FLAGS,
    follow: flag("Keep printing new messages", { alias: "f" }),
    exec: stringFlag("CMD [ARG]...", "With --follow: run a command for each message instead", {
      many: true,
      rest: true,
    }),
    ...SERVER_FLAGS,
  },
  details: `Without filters, prints the last 50 messages of each room and conversation, merged.
Joins and departures only with --kind join,leave.
--exec runs without a shell, one message at a time: as JSON on standard input, and as CHAT_ROOM,
CHAT_FROM, CHAT_SEQ and CHAT_TEXT in the environment. For new messages only: --since 0s.`,
  async run(args, context) {
    const { exec } = args;
    if (exec.length > 0 && !args.follow) {
      throw usageFault("--exec needs --follow", "write chat history --follow --exec CMD");
    }
    const found = historyOptions(context, args);
    // Other records run no command unless `--kind` names them.
    const options =
      exec.length > 0 ? { ...found, kinds: found.kinds ?? OPEN_MESSAGE_KINDS } : found;
    await showHistory(context, args, options);
    return 0;
  },
});

interface HistoryArgs extends ServerFlags {
  readonly at?: string | undefined;
  readonly data?: string | undefined;
  readonly follow?: boolean;
  readonly exec?: readonly string[];
}

/**
 * Prints what a server, or the folder of a server, has of these messages.
 * @returns how many records were printed
 */
export async function showHistory(
  context: Context,
  { follow = false, exec = [], ...args }: HistoryArgs,
  options: HistoryOptions,
): Promise<number> {
  if (args.data === undefined) {
    let printed = 0;
    const client = {
      argument: args.at,
      mode: "login",
      follow: follow ? "live" : "none",
      early: earlyRequests(options),
    } as const;
    await withClient(
      context,
      args,
      { ...client, printsData: !follow, reconnect: follow },
      async (open) => {
        printed = await fromServer(context, open.client, options, { follow, exec });
        return 0;
      },
    );
    return printed;
  }
  if (args.at !== undefined || args.server !== undefined || follow) {
    throw new Fault("usage", "--data cannot be combined with a server or --follow", {
      remedy: "remove --data, or the server and --follow",
    });
  }
  return fromFolder(context, args.data, options);
}

/** The past opens a pager on a terminal, as `git log` does. */
function openPager(context: Context, options: HistoryOptions): Pager | undefined {
  return options.usesPager && !context.json ? Pager.open(context) : undefined;
}

async function fromServer(
  context: Context,
  client: Client,
  options: HistoryOptions,
  { follow, exec }: { readonly follow: boolean; readonly exec: readonly string[] },
): Promise<number> {
  const events = client.read();
  const { user } = await untilConnected(events);
  const damage = new DamageReport();
  const unreadable = new UnreadableCount();
  using filter = new RegexFilter(options);
  await using pager = follow ? undefined : openPager(context, options);
  const printer =
    exec.length > 0
      ? new MessageCommand(context, exec, user)
      : new HistoryPrinter(
          context,
          printerOptions(options, user, pager, () => filter.hits),
        );
  const isAlerting = exec.length > 0 && options.from === undefined;
  const isIgnored = isAlerting ? await ignoredNow(client) : () => false;
  const printPage = (records: readonly ChatRecord[]) => {
    const rows = displayRecords(
      records.filter(({ from }) => !isIgnored(from)),
      user,
    );
    damage.add(rows);
    unreadable.add(rows);
    printed += rows.length;
    return printer.print(rows);
  };
  let printed = 0;
  let lastSeq = 0;
  const overview = new Overview();
  for await (const records of serverPages(client, options, filter, overview)) {
    await printPage(records);
    lastSeq = records.at(-1)?.seq ?? lastSeq;
    if (pager?.isQuit === true) return printed;
  }
  if (printer instanceof HistoryPrinter) await printer.end();
  overview.report(context);
  if (unreadable.text !== "") printNotice(context, unreadable.text);
  const faults = [damage.fault, unreadable.waitingFault].filter((fault) => fault !== undefined);
  const [worst] = faults;
  if (!follow && worst !== undefined) throw worst;
  if (!follow) return printed;
  for (const fault of faults) printNotice(context, faultLine(fault));
  const matches = recordMatcher(options);
  for await (const event of events) {
    if (event.kind === "closed") throw event.fault ?? new Fault("link-closed", "the server closed");
    if (event.kind !== "record") continue;
    const { record } = event;
    if (record.seq <= lastSeq || !matches(record)) continue;
    await printPage(await filter.chatRecords([record]));
    if (record.state === "damaged")
      printNotice(context, `record ${record.seq} is damaged or withheld`);
  }
  return printed;
}

function printerOptions(
  { targets, numbers }: HistoryOptions,
  me: string | undefined,
  pager: Pager | undefined,
  hits: () => Hits | undefined,
) {
  return { me, pager, hits, numbers, hasOnePlace: targets.length === 1 };
}

/**
 * Rooms of an overview that are requested at the same time, because a distant server takes long for
 * each.
 */
const ROOMS_READ_AT_ONCE = 16;

async function* serverPages(
  client: Client,
  options: HistoryOptions,
  filter: RegexFilter,
  overview: Overview,
): AsyncGenerator<ChatRecord[]> {
  if (options.isOverview) {
    const reading = new TaskQueue({ running: ROOMS_READ_AT_ONCE });
    const pages = client.rooms.map((room) => {
      const query = { target: formatTarget(room), kinds: listedKinds(options) };
      return reading.run(() => lastRecords(client, query, FIRST_RECORDS + 1, filter));
    });
    yield overview.merge(await Promise.all(pages));
    return;
  }
  const queries = queriesOf(options);
  const { last } = options;
  if (last !== undefined) {
    const rooms = await Promise.all(
      queries.map((query) => lastRecords(client, query, last, filter)),
    );
    const records = rooms.flat().sort((a, b) => a.seq - b.seq);
    yield records.slice(-last);
    return;
  }
  const pages = queries.map((query) => historyPages(client, query));
  for await (const page of mergedPages(pages)) yield await filter.chatRecords(page);
}

interface OpenPages {
  readonly pages: AsyncGenerator<ChatRecord[]>;
  rest: ChatRecord[];
  isEnded: boolean;
}

/** Merges the records of several rooms by their numbers, and reads a page of each ahead. */
async function* mergedPages(
  sources: readonly AsyncGenerator<ChatRecord[]>[],
): AsyncGenerator<ChatRecord[]> {
  const open = sources.map((pages): OpenPages => ({ pages, rest: [], isEnded: false }));
  for (;;) {
    for (const source of open) {
      while (source.rest.length === 0 && !source.isEnded) {
        const { value, done } = await source.pages.next();
        if (done === true) source.isEnded = true;
        else source.rest = [...value];
      }
    }
    const filled = open.filter(({ rest }) => rest.length > 0);
    if (filled.length === 0) return;
    // Everything up to the lowest last number is complete.
    const until = Math.min(
      ...filled.map(({ rest, isEnded }) =>
        isEnded ? Number.POSITIVE_INFINITY : (rest.at(-1)?.seq ?? 0),
      ),
    );
    const ready: ChatRecord[] = [];
    for (const source of filled) {
      const cut = source.rest.findIndex(({ seq }) => seq > until);
      ready.push(...source.rest.splice(0, cut < 0 ? source.rest.length : cut));
    }
    yield ready.sort((a, b) => a.seq - b.seq);
  }
}

/** The last messages of each room, merged, which says that rooms have more. */
class Overview {
  #cutRooms = 0;

  /** @param rooms last messages of each room, one more than are printed */
  merge<Row extends DisplayRecord | ChatRecord>(rooms: readonly (readonly Row[])[]): Row[] {
    return rooms.flatMap((rows) => this.#latest(rows)).sort((a, b) => a.seq - b.seq);
  }

  #latest<Row extends DisplayRecord | ChatRecord>(rows: readonly Row[]): readonly Row[] {
    if (rows.length <= FIRST_RECORDS) return rows;
    this.#cutRooms++;
    return rows.slice(-FIRST_RECORDS);
  }

  report(context: Context): void {
    if (this.#cutRooms === 0) return;
    printNotice(
      context,
      `older messages of ${counted(this.#cutRooms, "room")} are not printed; ` +
        "add --room, --with or --since",
    );
  }
}

/** Returns a query for each room and person, or one for all. */
function queriesOf(options: HistoryOptions): readonly Query[] {
  const { targets, from, grep, words, sinceMs, untilMs, ignoreCase } = options;
  const all = {
    ...defined({ from, grep, words, since: sinceMs, until: untilMs }),
    ...defined({ ignoreCase: ignoreCase || undefined }),
    kinds: listedKinds(options),
  };
  if (targets.length === 0) return [all];
  return targets.map((target) => ({ ...all, target: formatTarget(target) }));
}

function listedKinds({ kinds = LISTED_KINDS }: HistoryOptions): RecordKind[] {
  return [...kinds];
}

/**
 * First request of `serverPages`; none for an overview, which depends on the list of rooms. The
 * server must not learn the text of a search before the client knows which rooms are encrypted.
 */
function earlyRequests(options: HistoryOptions): ConnectOptions["early"] {
  const { isOverview, last, regex, grep, words } = options;
  const [query, ...others] = queriesOf(options);
  if (isOverview || grep !== undefined || words !== undefined) return [];
  if (query === undefined || others.length > 0) return [];
  const fields =
    last === undefined
      ? pageQuery(query)
      : { ...query, limit: lastLimit(last, regex !== undefined) };
  return [["history", fields]];
}

function lastLimit(missing: number, isFiltered: boolean): number {
  return isFiltered ? PAGE_RECORDS_MAX : Math.min(missing, PAGE_RECORDS_MAX);
}

type Query = Omit<Parameters<Client["history"]>[0], "limit">;

async function lastRecords(
  client: Client,
  query: Query,
  count: number,
  filter: RegexFilter,
): Promise<ChatRecord[]> {
  const pages: ChatRecord[][] = [];
  let missing = count;
  let before: number | undefined;
  while (missing > 0) {
    const { records, more } = await client.history({
      ...query,
      ...defined({ before }),
      limit: lastLimit(missing, filter.isActive),
    });
    const found = (await filter.chatRecords(records)).slice(-missing);
    pages.unshift(found);
    missing -= found.length;
    const first = records[0];
    if (!more || first === undefined) break;
    before = first.seq;
  }
  return pages.flat();
}

/** Filter of `--regex`. Passes everything without a regular expression. */
class RegexFilter implements Disposable {
  readonly #thread: RegexThread | undefined;
  readonly #options: Pick<HistoryOptions, "grep" | "ignoreCase" | "words">;

  constructor(options: Pick<HistoryOptions, "grep" | "regex" | "ignoreCase" | "words">) {
    const { regex, ignoreCase } = options;
    this.#options = options;
    if (regex !== undefined) this.#thread = new RegexThread(regex, ignoreCase);
  }

  get isActive(): boolean {
    return this.#thread !== undefined;
  }

  /** Matches the found parts of messages, for marking. */
  get hits(): Hits | undefined {
    const { grep = "", ignoreCase, words } = this.#options;
    if (words !== undefined) return wordHits(words);
    return textHits([grep, ...(this.#thread?.hits ?? [])], ignoreCase);
  }

  async chatRecords(records: ChatRecord[]): Promise<ChatRecord[]> {
    return this.#thread?.filter(records, ({ body }) => searchedTexts(body)) ?? records;
  }

  async displayRecords(records: readonly DisplayRecord[]): Promise<readonly DisplayRecord[]> {
    return this.#thread?.filter(records, (record) => searchedTexts({ ...record })) ?? records;
  }

  [Symbol.dispose](): void {
    this.#thread?.close();
  }
}

function recordMatcher(options: HistoryOptions): (record: ChatRecord) => boolean {
  const { targets, kinds } = options;
  const isIn = (room: ChatRecord["room"]) =>
    targets.some((target) => roomAt([room], formatTarget(target)) !== undefined);
  const matchesBody = bodyMatcher(options);
  return ({ room, from, kind, body }) => {
    if (targets.length > 0 && !isIn(room)) return false;
    if (options.from !== undefined && !isSameName(from, options.from)) return false;
    const isListed = kinds?.has(kind as RecordKind) ?? !UNLISTED_KINDS.has(kind);
    if (!isListed) return false;
    return matchesBody?.(body) ?? true;
  };
}

async function fromFolder(
  context: Context,
  data: string,
  options: HistoryOptions,
): Promise<number> {
  using folder = await FolderHistory.open(data, context.clock.unixMs());
  const damage = new DamageReport(
    `restore a backup; see chat verify --data ${quoteArgument(data)}`,
  );
  using filter = new RegexFilter(options);
  await using pager = openPager(context, options);
  const unreadable = new UnreadableCount();
  const hits = () => filter.hits;
  const printer = new HistoryPrinter(context, printerOptions(options, undefined, pager, hits));
  const overview = new Overview();
  let printed = 0;
  for await (const page of folderPages(folder, options, filter, overview)) {
    damage.add(page);
    unreadable.add(page);
    printed += page.length;
    await printer.print(page);
    if (pager?.isQuit === true) return printed;
  }
  await printer.end();
  overview.report(context);
  if (unreadable.text !== "") printNotice(context, unreadable.text);
  damage.check();
  return printed;
}

async function* folderPages(
  folder: FolderHistory,
  options: HistoryOptions,
  filter: RegexFilter,
  overview: Overview,
): AsyncGenerator<readonly DisplayRecord[]> {
  const { targets, from, grep, words, sinceMs, untilMs, ignoreCase } = options;
  const found = targets.flatMap((target) => [...folder.find(target)]);
  const query: FolderQuery = {
    kinds: options.kinds ?? LISTED_KINDS,
    ...defined({
      rooms: targets.length === 0 ? undefined : new Set(found),
      by: from && folder.userId(from),
    }),
    ...defined({ grep, words, sinceMs, untilMs, ignoreCase }),
  };
  if (options.isOverview) {
    const count = FIRST_RECORDS + 1;
    const last = (room: RoomId) => folder.last({ ...query, rooms: new Set([room]) }, count);
    yield overview.merge(await Array.fromAsync(folder.rooms, last));
  } else if (options.last !== undefined && !filter.isActive) {
    yield await folder.last(query, options.last);
  } else {
    let last: readonly DisplayRecord[] = [];
    for await (const page of folder.pages(query)) {
      const found = await filter.displayRecords(page);
      if (options.last === undefined) yield found;
      else last = [...last, ...found].slice(-options.last);
    }
    yield last;
  }
}
