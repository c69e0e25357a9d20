/** CHATHISTORY, read markers, and the playback of missed messages. */

import { Fault } from "../../base/fault.ts";
import { counted } from "../../base/sizes.ts";
import { formatUtc, UNIX_MS_MAX } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import type { IrcLine, LineFields } from "../../wire/irc/line.ts";
import type { RequestFields } from "../../wire/messages.ts";
import type { ChatRecord } from "../client/chat-record.ts";
import { type ChangeMap, noteChange, withEditedText } from "../model/changes.ts";
import { CAP } from "./capabilities.ts";
import type { Channel } from "./channels.ts";
import type { Asking, IrcTask } from "./command-run.ts";
import { HISTORY_MAX } from "./information.ts";
import { PLAYED_EVENTS, PLAYED_MESSAGES } from "./kinds.ts";
import { findAccount, HOST, seqOfMessageId } from "./server.ts";
import type { IrcSession } from "./session.ts";
import { BURST_MAX, BURST_MS, ShownTimes, type TimedRecord } from "./shown-times.ts";

/** A client without CHATHISTORY receives at most this number of missed messages per room. */
const PLAYBACK_MAX = 50;
/** Bounds the memory of a query. No further page is read once its records have this size. */
const HISTORY_BYTES_MAX = 256 << 10;
/** Records that are read at once, which takes about 1 ms. */
const PAGE_MAX = 100;
const PAGE_UNITS = 200;
const RECORD_UNITS = 4;
const BODY_BYTES_PER_UNIT = 128;
/**
 * Records examined around a time. If more records share the time, they were imported, and pages may
 * repeat some of them.
 */
const AROUND_MAX = 4 * BURST_MAX;
const CONVERSATIONS_MAX = 100;

// CHATHISTORY

export function* chatHistory(session: IrcSession, line: IrcLine): IrcTask {
  const [verb = "", target = ""] = line.params;
  const subcommand = verb.toUpperCase();
  const fail = (code: string, text: string) =>
    session.fail("CHATHISTORY", code, [subcommand, ...(target === "" ? [] : [target])], text);
  if (subcommand === "TARGETS") return yield* sendTargets(session, line);
  const channel = conversationAt(session, target);
  const query = parseQuery(session, subcommand, line.params.slice(2));
  if (query === undefined) return fail("INVALID_PARAMS", "invalid selector or limit");
  if (channel === undefined) {
    const partner = findAccount(session.server, target)?.name;
    if (partner !== undefined) return yield* session.batch("chathistory", [target], []);
    return fail("INVALID_TARGET", "messages of this target cannot be retrieved");
  }
  try {
    const records = yield* readQuery(session, channel, query);
    const lines = yield* historyLines(session, channel, records);
    // Clients may match the batch to their request without folding its case.
    yield* session.batch("chathistory", [target], lines);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    fail("MESSAGE_ERROR", error.message);
  }
}

export function conversationAt(session: IrcSession, target: string): Channel | undefined {
  const name = target.startsWith("#") ? target : findAccount(session.server, target)?.name;
  return name === undefined ? undefined : session.channelNamed(name);
}

/** Position between records: exclusive, and `undefined` at either end of the history. */
interface Selector {
  readonly seq?: number;
  readonly unixMs?: number;
}

interface Query {
  readonly kind: "before" | "after" | "around" | "between";
  readonly from: Selector;
  readonly to: Selector;
  readonly limit: number;
}

function parseQuery(
  session: IrcSession,
  subcommand: string,
  params: readonly string[],
): Query | undefined {
  const [first = "", second = "", third = ""] = params;
  const isBetween = subcommand === "BETWEEN";
  const limit = parseLimit(isBetween ? third : second);
  const isLatest = subcommand === "LATEST" && first === "*";
  const from = isLatest ? {} : parseSelector(session, first);
  const to = isBetween ? parseSelector(session, second) : {};
  if (limit === undefined || from === undefined || to === undefined) return undefined;
  switch (subcommand) {
    case "BEFORE":
      return { kind: "before", from: {}, to: from, limit };
    case "LATEST":
      return { kind: "before", from, to: {}, limit };
    case "AFTER":
      return { kind: "after", from, to: {}, limit };
    case "AROUND":
      return { kind: "around", from, to: from, limit };
    case "BETWEEN":
      return isBefore(from, to)
        ? { kind: "after", from, to, limit }
        : { kind: "before", from: to, to: from, limit };
    default:
      return undefined;
  }
}

function parseLimit(text: string): number | undefined {
  if (!/^\d{1,9}$/.test(text)) return undefined;
  return Math.min(HISTORY_MAX, Math.max(1, Number(text)));
}

function parseSelector(session: IrcSession, text: string): Selector | undefined {
  const [, kind, value = ""] = /^(msgid|timestamp)=(.+)$/.exec(text) ?? [];
  if (kind === "msgid") {
    const seq = seqOfMessageId(session.server, value);
    return seq === undefined ? undefined : { seq };
  }
  const unixMs = kind === "timestamp" ? parseTime(value) : undefined;
  return unixMs === undefined ? undefined : { unixMs };
}

function parseTime(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(text)) return undefined;
  const unixMs = Date.parse(text);
  return unixMs >= 0 && unixMs <= UNIX_MS_MAX ? unixMs : undefined;
}

function isBefore(a: Selector, b: Selector): boolean {
  if (a.seq !== undefined && b.seq !== undefined) return a.seq <= b.seq;
  return (a.unixMs ?? 0) <= (b.unixMs ?? Number.POSITIVE_INFINITY);
}

function isMixed({ from, to }: Query): boolean {
  const [ids, times] = [
    [from.seq, to.seq],
    [from.unixMs, to.unixMs],
  ];
  return ids.some((seq) => seq !== undefined) && times.some((unixMs) => unixMs !== undefined);
}

function* readQuery(
  session: IrcSession,
  channel: Channel,
  query: Query,
): Asking<readonly ChatRecord[]> {
  const { kind, from, to, limit } = query;
  if (kind !== "around") {
    const records = yield* readRecords(session, channel, query);
    if (records.length > 0 || !isMixed(query)) return records;
    // Only the records show whether an id is after a time.
    return yield* readRecords(session, channel, { kind: "before", from: to, to: from, limit });
  }
  const half = Math.ceil(limit / 2);
  const older = yield* readRecords(session, channel, {
    ...({ kind: "before", from: {}, to: from, limit: limit - half } as const),
  });
  const atOrAfter =
    from.seq === undefined ? { unixMs: (from.unixMs ?? 0) - 1 } : { seq: from.seq - 1 };
  const newer = yield* readRecords(session, channel, {
    ...({ kind: "after", from: atOrAfter, to: {}, limit: half } as const),
  });
  return [...older, ...newer];
}

/**
 * Never ends a page between records that share a time, because the client may request the next page
 * by this time.
 */
function* readRecords(
  session: IrcSession,
  channel: Channel,
  { kind, from, to, limit }: Query,
): Asking<readonly ChatRecord[]> {
  if (limit === 0) return [];
  const kinds = session.has(CAP.playback) ? PLAYED_EVENTS : PLAYED_MESSAGES;
  const lower = yield* lowerBounds(session, channel, from, kinds);
  const upper = yield* upperBounds(session, channel, to, kinds);
  const isForward = kind === "after";
  // With `after`, pages start at the oldest record; otherwise the newest ones are wanted.
  const { after = 0, ...since } = lower;
  const bounds = { ...upper, ...since, after: isForward ? after : undefined };
  for (let count = limit + 1; ; count *= 2) {
    const page = yield* readPages(session, channel, bounds, kinds, count);
    const inside = page.filter(({ seq }) => seq > after);
    const records = yield* withShownTimes(session, channel, inside);
    const isComplete = page.length < count || inside.length < page.length;
    const whole =
      isComplete && records.length < count ? records : cutPage(records, count - 1, isForward);
    if (whole.length > 0 || isComplete) return whole;
    if (count > HISTORY_MAX) return records;
  }
}

/** @returns at most `limit` records; none if more of them than that share a time */
function cutPage(
  records: readonly ChatRecord[],
  limit: number,
  isForward: boolean,
): readonly ChatRecord[] {
  const timeAt = (at: number) => records[at]?.timeUnixMs;
  if (isForward) {
    let end = Math.min(limit, records.length);
    while (end > 0 && end < records.length && timeAt(end - 1) === timeAt(end)) end--;
    return records.slice(0, end);
  }
  let start = Math.max(0, records.length - limit);
  while (start > 0 && start < records.length && timeAt(start - 1) === timeAt(start)) start++;
  return records.slice(start);
}

type Bounds = Pick<RequestFields<"history">, "since" | "until" | "before" | "after" | "from">;

function* lowerBounds(
  session: IrcSession,
  channel: Channel,
  { seq, unixMs }: Selector,
  kinds: readonly string[],
): Asking<Pick<Bounds, "since" | "after">> {
  if (seq !== undefined) return { after: seq };
  if (unixMs === undefined) return {};
  const records = yield* recordsAround(session, channel, unixMs, kinds);
  const after = records.findLast(({ timeUnixMs }) => timeUnixMs <= unixMs)?.seq ?? 0;
  return { since: burstStart(unixMs), after };
}

function* upperBounds(
  session: IrcSession,
  channel: Channel,
  { seq, unixMs }: Selector,
  kinds: readonly string[],
): Asking<Pick<Bounds, "until" | "before">> {
  if (seq !== undefined) return { before: seq };
  if (unixMs === undefined) return {};
  const records = yield* recordsAround(session, channel, unixMs, kinds);
  const before = records.find(({ timeUnixMs }) => timeUnixMs >= unixMs)?.seq;
  return before === undefined ? { until: unixMs } : { before };
}

function burstStart(unixMs: number): number {
  return Math.max(0, unixMs - BURST_MS);
}

/** Records that may be shown at this time, with the times at which they are shown. */
function* recordsAround(
  session: IrcSession,
  channel: Channel,
  unixMs: number,
  kinds: readonly string[],
): Asking<readonly TimedRecord[]> {
  const until = Math.min(UNIX_MS_MAX, unixMs + 1);
  const bounds = { since: burstStart(unixMs), until };
  const records = yield* readMapped(session, channel, bounds, kinds, AROUND_MAX, timesOnly);
  return yield* withShownTimes(session, channel, records);
}

/** @param records without a gap */
function* withShownTimes<Item extends TimedRecord>(
  session: IrcSession,
  channel: Channel,
  records: readonly Item[],
): Asking<readonly Item[]> {
  const [first] = records;
  if (first === undefined) return [];
  const bounds = { since: burstStart(first.timeUnixMs), before: first.seq };
  const previous = yield* readMapped(
    session,
    channel,
    bounds,
    PLAYED_MESSAGES,
    BURST_MAX,
    timesOnly,
  );
  const times = new ShownTimes();
  for (const record of previous) times.next(record);
  return records.map((record) => {
    const timeUnixMs = times.next(record);
    return timeUnixMs === record.timeUnixMs ? record : { ...record, timeUnixMs };
  });
}

function timesOnly({ seq, kind, timeUnixMs }: ChatRecord): TimedRecord {
  return { seq, kind, timeUnixMs };
}

/** A page of the server has a limited number of bytes, so a query may need several. */
export function readPages(
  session: IrcSession,
  channel: Channel,
  bounds: Bounds,
  kinds: readonly string[],
  limit: number,
): Asking<readonly ChatRecord[]> {
  const whole = (record: ChatRecord) => record;
  return readMapped(session, channel, bounds, kinds, limit, whole, HISTORY_BYTES_MAX);
}

/** @param map reduces records of unlimited size */
function* readMapped<Item extends TimedRecord>(
  session: IrcSession,
  channel: Channel,
  bounds: Bounds,
  kinds: readonly string[],
  limit: number,
  map: (record: ChatRecord) => Item,
  bytesMax = Number.POSITIVE_INFINITY,
): Asking<readonly Item[]> {
  const found: Item[] = [];
  let bytes = 0;
  let at = bounds;
  while (found.length < limit && bytes < bytesMax) {
    session.charge(PAGE_UNITS);
    const answer = yield* session.ask("history", {
      target: targetOf(channel),
      kinds: [...kinds],
      limit: Math.min(PAGE_MAX, limit - found.length),
      ...at,
    });
    yield* session.turn();
    const page = session.readPage(answer.records);
    const pageBytes = answer.records.reduce((total, { body }) => total + (body?.length ?? 0), 0);
    bytes += pageBytes;
    session.charge(RECORD_UNITS * page.length + pageBytes / BODY_BYTES_PER_UNIT);
    const isForward = bounds.after !== undefined;
    if (isForward) found.push(...page.map(map));
    else found.unshift(...page.map(map));
    const next = isForward ? page.at(-1)?.seq : page[0]?.seq;
    if (!answer.more || next === undefined) break;
    at = isForward ? { ...at, after: next } : { ...at, before: next };
  }
  return found;
}

export function targetOf({ isDirect, name }: Channel): string {
  return isDirect ? `@${name}` : name.slice(1);
}

/** Renders records with the text of the last edit of each message. */
function* historyLines(
  session: IrcSession,
  channel: Channel,
  records: readonly ChatRecord[],
  isPlayback = false,
): Asking<Iterable<LineFields>> {
  const changes = yield* editsOf(session, channel, records);
  return Iterator.from(records).flatMap((record) => {
    // The record may have been erased since it was read.
    if (session.server.rooms.isErased(record.seq)) return [];
    return session.renderFor(channel, withEditedText(record, changes), isPlayback);
  });
}

function* editsOf(
  session: IrcSession,
  channel: Channel,
  records: readonly ChatRecord[],
): Asking<ChangeMap> {
  const edits = records.flatMap(({ seq }) => session.server.rooms.editsOf(seq).at(-1) ?? []);
  const [first] = edits.sort((a, b) => a - b);
  const changes: ChangeMap = new Map();
  if (first === undefined) return changes;
  const bounds = { after: first - 1, before: (edits.at(-1) ?? first) + 1 };
  const pages = yield* readPages(session, channel, bounds, ["edit"], HISTORY_MAX);
  for (const record of pages) noteChange(changes, record);
  return changes;
}

/** Lists conversations whose newest message is between two times, the oldest first. */
function* sendTargets(session: IrcSession, { params }: IrcLine): IrcTask {
  const [, first = "", second = "", limitText = ""] = params;
  const from = parseSelector(session, first)?.unixMs;
  const to = parseSelector(session, second)?.unixMs;
  const limit = parseLimit(limitText);
  if (from === undefined || to === undefined || limit === undefined) {
    return session.fail("CHATHISTORY", "INVALID_PARAMS", ["TARGETS"], "invalid times or limit");
  }
  const [since, until] = [Math.min(from, to) + 1, Math.max(0, Math.max(from, to) - 1)];
  const found: { readonly name: string; readonly unixMs: number }[] = [];
  for (const channel of [...session.channels.values()].slice(0, CONVERSATIONS_MAX)) {
    if (channel.isSealed) continue;
    try {
      const last = yield* readPages(session, channel, {}, PLAYED_MESSAGES, 1);
      const [newest] = yield* withShownTimes(session, channel, last);
      const unixMs = newest?.timeUnixMs ?? 0;
      if (unixMs >= since && unixMs <= until) found.push({ name: channel.name, unixMs });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (!session.channels.has(channel.id)) continue; // Left while its message was read.
      return session.fail("CHATHISTORY", "MESSAGE_ERROR", ["TARGETS"], error.message);
    }
  }
  found.sort((a, b) => a.unixMs - b.unixMs);
  // The next page begins after the last time, so all conversations of this time are listed.
  const lastUnixMs = found[limit - 1]?.unixMs ?? Number.POSITIVE_INFINITY;
  const listed = found.filter(({ unixMs }) => unixMs <= lastUnixMs);
  const lines = listed.map(({ name, unixMs }) => {
    const params = ["TARGETS", name, formatUtc(unixMs)];
    return { source: HOST, command: "CHATHISTORY", params };
  });
  yield* session.batch("draft/chathistory-targets", [], lines);
}

// Missed messages

/** Shows a client without CHATHISTORY what its account has not read. */
export function* playMissed(session: IrcSession): IrcTask {
  for (const { id, name } of session.channels.values()) {
    const { called, caller } = session.server.rooms.get(id) ?? {};
    if (called === undefined || called !== session.account?.id) continue;
    const by = caller && session.server.registry.nameOf(caller);
    session.notice(`${name}: ${by ?? "a moderator"} calls on you`);
  }
  if (session.has(CAP.history)) return;
  let calls: readonly ChatRecord[] | undefined;
  for (const channel of [...session.channels.values()]) {
    if (channel.unread === 0 || channel.isSealed) continue;
    try {
      const records = yield* readPages(session, channel, {}, PLAYED_MESSAGES, PLAYBACK_MAX);
      const readN = Math.max(channel.readN, yield* joinedN(session, channel, records));
      const missed = records.filter(({ n }) => n > readN && n <= channel.skipToN);
      // Own messages do not count as unread.
      const unread = missed.filter(({ from }) => from !== session.nick).length;
      const firstN = records[0]?.n ?? 0;
      let earlier: readonly ChatRecord[] = [];
      // Older messages exceed the limit of messages or of bytes.
      if (firstN > readN && unread < channel.unread) {
        const last = `only the last ${unread} of your unread messages follow`;
        session.notice(`${channel.name}: ${last}`);
        calls ??= yield* unreadCalls(session);
        earlier = calls.filter(({ room, n }) => room.id === channel.id && n > readN && n < firstN);
        if (earlier.length > 0) {
          session.notice(`${channel.name}: ${counted(earlier.length, "earlier message")} for you`);
        }
      }
      const shown = yield* withShownTimes(session, channel, [...earlier, ...missed]);
      const lines = yield* historyLines(session, channel, shown, true);
      if (!session.channels.has(channel.id)) continue; // Left while its messages were read.
      yield* session.batch("chathistory", [channel.name], lines);
      yield* markRead(session, channel, missed.at(-1)?.n ?? readN);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (!session.channels.has(channel.id)) continue;
      session.notice(`missed messages of ${channel.name} cannot be shown: ${error.message}`);
    }
  }
}

/** Returns the unread messages that call the account, the newest of them if there are many. */
function* unreadCalls(session: IrcSession): Asking<readonly ChatRecord[]> {
  const { calls, records } = yield* session.ask("inbox", {});
  const called = new Set(calls.map(({ seq }) => seq));
  return session.readPage(records).filter(({ seq }) => called.has(seq));
}

/**
 * Finds the account's last join among the records. A crash of the server may have lost the read
 * position that the join set.
 *
 * @returns its `n`, or 0
 */
function* joinedN(
  session: IrcSession,
  channel: Channel,
  [first]: readonly ChatRecord[],
): Asking<number> {
  if (channel.isDirect || first === undefined) return 0;
  const bounds = { after: first.seq, from: session.nick };
  const joins = yield* readPages(session, channel, bounds, ["join"], HISTORY_MAX);
  return joins.at(-1)?.n ?? 0;
}

export function* pong(session: IrcSession, { params }: IrcLine): IrcTask {
  const confirmed = session.deliveries?.confirmed(params.at(-1) ?? "") ?? [];
  for (const [room, n] of confirmed) {
    const channel = session.channels.get(room);
    try {
      if (channel !== undefined) yield* markRead(session, channel, n);
    } catch (error) {
      // PONG has no reply. The position stays where it was.
      if (!(error instanceof Fault)) throw error;
    }
  }
}

/** Logs out first, because the client may keep the connection open. */
export function* quit(session: IrcSession, { params: [reason = ""] }: IrcLine): IrcTask {
  try {
    if (session.account !== undefined) yield* session.ask("logout", {});
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
  session.close(reason === "" ? "quit" : `quit: ${reason}`);
}

function* markRead(session: IrcSession, channel: Channel, n: number): Asking<void> {
  if (n <= channel.readN) return;
  channel.readN = n;
  yield* session.ask("read", { room: channel.id, n });
}

// Read markers

/** @see https://ircv3.net/specs/extensions/read-marker */
export function* readMarker(session: IrcSession, { params }: IrcLine): IrcTask {
  const [target = "", selector] = params;
  const channel = conversationAt(session, target);
  const unixMs = selector === undefined ? undefined : parseSelector(session, selector)?.unixMs;
  if (selector !== undefined && unixMs === undefined) {
    return session.fail("MARKREAD", "INVALID_PARAMS", [target], "invalid timestamp");
  }
  // A client marks a new conversation before its first message.
  if (channel === undefined) {
    return session.send({ source: HOST, command: "MARKREAD", params: [target, "*"] });
  }
  if (unixMs === undefined) return yield* sendReadMarker(session, channel);
  try {
    const { after = 0, since } = yield* lowerBounds(session, channel, { unixMs }, PLAYED_EVENTS);
    const bounds = after === 0 ? defined({ until: since }) : { before: after + 1 };
    const [newest] = yield* readPages(session, channel, bounds, PLAYED_EVENTS, 1);
    if (newest !== undefined) yield* markRead(session, channel, newest.n);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return session.fail("MARKREAD", "INTERNAL_ERROR", [target], error.message);
  }
  yield* sendReadMarker(session, channel);
}

/** Finds the last record that the account has read. Its position in the log is not known. */
function* lastRead(session: IrcSession, channel: Channel): Asking<readonly ChatRecord[]> {
  const isRead = ({ n }: ChatRecord) => n <= channel.readN;
  const page = yield* readPages(session, channel, {}, PLAYED_EVENTS, PAGE_MAX);
  let found: readonly ChatRecord[] = page.filter(isRead).slice(-1);
  let [low, high] = [0, found.length > 0 ? 0 : (page[0]?.seq ?? 0)];
  while (low + 1 < high) {
    const middle = Math.floor((low + high) / 2);
    const before = yield* readPages(session, channel, { before: middle + 1 }, PLAYED_EVENTS, 1);
    const isAllRead = before.every(isRead);
    if (isAllRead) found = before;
    if (isAllRead) low = middle;
    else high = before[0]?.seq ?? middle;
  }
  return found;
}

/** Sends the time of the last message that the account has read; `*` if it is unknown. */
export function* sendReadMarker(session: IrcSession, channel: Channel): IrcTask {
  const send = (value: string) =>
    session.send({ source: HOST, command: "MARKREAD", params: [channel.name, value] });
  if (channel.readN === 0) return send("*");
  try {
    const [last] = yield* withShownTimes(session, channel, yield* lastRead(session, channel));
    send(last === undefined ? "*" : `timestamp=${formatUtc(last.timeUnixMs)}`);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    send("*");
  }
}
