/** Past decisions of operators and moderators, read from the history and the accounts log. */

import type { RoomId, UserId } from "../../base/ids.ts";
import { PAGE_READS_QUEUED_MAX } from "../../base/limits.ts";
import { DECISIONS_PAGE_MAX, DECISIONS_SEARCHED_MAX } from "../../base/limits-page.ts";
import { defined } from "../../base/values.ts";
import { latestTime } from "../../core/log/order.ts";
import { isConfidential, targetUser } from "../../core/rooms/rooms.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { kindsWith } from "../../wire/kinds.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";
import { isNotice } from "../../wire/messages-incoming.ts";
import type { LogRecord } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";
import { decisionOf } from "./decisions.ts";
import type { EventFeed } from "./event-feed.ts";

interface PastDecisionsOptions extends ServerContext {
  readonly eventFeed: Pick<EventFeed, "describe">;
}

const ROOM_KINDS = kindsWith("decision");
/** A new password is relevant even if its record was erased. */
const KINDS_READ_BY_HEAD: ReadonlySet<string> = new Set(["password", "irc-password"]);
/** Pictures take up to 88 kB. */
const READ_BATCH_RECORDS = 100;
const HISTORY_BYTES_MAX = 512 * 1024;

type DecisionEvent = Answer<"decisions">["events"][number];

interface FoundDecision {
  readonly seq: number;
  readonly event: DecisionEvent;
}

interface SearchResult {
  readonly decisions: readonly FoundDecision[];
  readonly from: number;
  /** Start of the complete part of the result, in Unix ms; `undefined` if nothing is missing. */
  readonly sinceMs: number | undefined;
}

export class PastDecisions {
  readonly #reading;

  constructor(private readonly options: PastDecisionsOptions) {
    this.#reading = new TaskQueue({
      running: Number.POSITIVE_INFINITY,
      waiting: PAGE_READS_QUEUED_MAX,
      slots: options.pageReads,
    });
  }

  readonly handlers = { decisions: (request) => this.#page(request) } satisfies SomeHandlers;

  async #page(request: RequestOf<"decisions">): Promise<Answer<"decisions">> {
    const found = [
      await this.#accountDecisions(request),
      await this.#roomDecisions(request),
    ] as const;
    // Before this time, one of the logs may contain decisions that the search has not reached.
    const sinceMs = Math.max(...found.map((result) => result.sinceMs ?? 0));
    const all = found
      .flatMap(({ decisions }) => decisions)
      .filter(({ event }) => event.time >= sinceMs);
    all.sort((a, b) => a.event.time - b.event.time);
    const page = new Set(all.slice(-DECISIONS_PAGE_MAX));
    const [accounts, history] = found.map((result) => nextBefore(result, page)) as [number, number];
    return {
      events: [...page].map(({ event }) => event),
      next: accounts > 1 || history > 1 ? { accounts, history } : undefined,
    };
  }

  async #accountDecisions({
    since = 0,
    until,
    before,
  }: RequestOf<"decisions">): Promise<SearchResult> {
    const { accounts } = this.options;
    let from = Math.min(before?.accounts ?? Number.MAX_SAFE_INTEGER, accounts.head() + 1);
    if (until !== undefined) from = await this.#firstAfter(until, from);
    const lowest = Math.max(1, from - DECISIONS_SEARCHED_MAX);
    const past: FoundDecision[] = [];
    const passwords = new Map<string, FoundDecision>();
    let oldestMs: number | undefined;
    while (from > lowest && past.length < DECISIONS_PAGE_MAX) {
      const low = Math.max(lowest, from - READ_BATCH_RECORDS);
      const records = await this.#accountRecords(low, from - 1);
      for (const record of records.toReversed()) {
        if (latestTime(record.head, accounts.falls) >= since)
          past.push(...this.#decisionsIn(record, passwords));
      }
      from = low;
      const [oldest] = records;
      oldestMs = oldest && latestTime(oldest.head, accounts.falls);
      if (oldestMs === undefined || oldestMs < since) from = 1;
    }
    past.sort((a, b) => a.seq - b.seq);
    return { decisions: past, from, sinceMs: from > 1 ? oldestMs : undefined };
  }

  #decisionsIn(record: LogRecord, passwords: Map<string, FoundDecision>): FoundDecision[] {
    const { registry } = this.options;
    const { kind, room, seq } = record.head;
    if (record.bodyBytes === undefined && !KINDS_READ_BY_HEAD.has(kind)) return [];
    const used = kind === "reset" ? passwords.get(room) : undefined;
    if (kind === "reset" || kind === "password") passwords.delete(room);
    const decision = decisionOf(record, registry, kind === "password");
    if (decision === undefined) return [];
    const event = this.#describe({ kind: "decided", ...decision }, record.head.time);
    if (event === undefined) return used === undefined ? [] : [used];
    if (kind === "password") {
      passwords.set(room as UserId, { seq, event });
      return [];
    }
    return [{ seq, event }, ...(used === undefined ? [] : [used])];
  }

  async #roomDecisions(request: RequestOf<"decisions">): Promise<SearchResult> {
    const { rooms, history } = this.options;
    if (request.before?.history === 1) return { decisions: [], from: 1, sinceMs: undefined };
    const { records, oldest } = await this.#records(request);
    const past = records.flatMap((record): FoundDecision[] => {
      const room = rooms.get(record.head.room as RoomId);
      const isOfName = record.head.kind === "rename" && targetUser(record) !== undefined;
      if (room === undefined || isConfidential(room) || isOfName) return [];
      const event = this.#describe({ kind: "record", record, room }, record.head.time);
      return event === undefined ? [] : [{ seq: record.head.seq, event }];
    });
    return {
      decisions: past,
      from: oldest?.seq ?? 1,
      sinceMs: oldest && latestTime(oldest, history.falls),
    };
  }

  /** Reads each kind separately, because the index finds rare kinds without reading the others. */
  async #records({
    since,
    until,
    before,
  }: RequestOf<"decisions">): Promise<{
    readonly records: readonly LogRecord[];
    readonly oldest: LogRecord["head"] | undefined;
  }> {
    const records: LogRecord[] = [];
    let oldest: LogRecord["head"] | undefined;
    for (const kind of ROOM_KINDS) {
      const query = defined({
        kinds: new Set([kind]),
        sinceMs: since,
        untilMs: until,
        from: "newest" as const,
        beforeSeq: before?.history,
        limit: DECISIONS_PAGE_MAX,
        bytesMax: HISTORY_BYTES_MAX,
      });
      const page = await this.#reading.run(() => this.options.archive.page(query));
      records.push(...page.records);
      const first = page.records[0]?.head;
      if (page.more && first !== undefined && first.seq > (oldest?.seq ?? 0)) oldest = first;
    }
    const from = oldest?.seq ?? 1;
    const all = records.filter(({ head }) => head.seq >= from);
    return { records: all.sort((a, b) => a.head.seq - b.head.seq), oldest };
  }

  #describe(event: Parameters<EventFeed["describe"]>[0], time: number): DecisionEvent | undefined {
    const details = this.options.eventFeed.describe(event);
    if (details === undefined) return undefined;
    const described = { event: event.kind, time, ...details };
    return isNotice({ kind: "event", ...described }) ? described : undefined;
  }

  #accountRecords(from: number, to: number): Promise<LogRecord[]> {
    return this.#reading.run(() => Array.fromAsync(this.options.accounts.read(from, to)));
  }

  async #firstAfter(unixMs: number, to: number): Promise<number> {
    const { accounts } = this.options;
    let [low, high] = [1, to];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      let time = Number.POSITIVE_INFINITY;
      const [record] = await this.#accountRecords(middle, middle);
      if (record !== undefined) time = latestTime(record.head, accounts.falls);
      if (time > unixMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function nextBefore({ decisions, from }: SearchResult, page: ReadonlySet<FoundDecision>): number {
  const remaining = decisions.findLast((decision) => !page.has(decision));
  return remaining === undefined ? from : remaining.seq + 1;
}
