/** `unread`, which sums up the unread messages of a room. */

import { Fault, msg } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import {
  PAGE_BYTES_MAX,
  PAGE_READS_PER_ACCOUNT_MAX,
  PAGE_READS_QUEUED_MAX,
  UNREAD_AUTHORS_MAX,
  UNREAD_LISTED_MAX,
} from "../../base/limits.ts";
import { defined } from "../../base/values.ts";
import {
  contentsOf,
  newestListed,
  summarizeUnread,
  type UnreadContent,
} from "../../core/calls/unread.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { filesIn } from "../../core/rooms/files.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import type { PageQuery } from "../../io/log/log.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";
import { type LogRecord, parseBody } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";
import type { CallService } from "./calls.ts";
import type { HistoryQuota } from "./history-quota.ts";
import type { ReadPositionService } from "./read-positions.ts";
import type { RecordLookup } from "./record-lookup.ts";

interface UnreadOptions extends ServerContext {
  readonly readPositions: Pick<ReadPositionService, "upTo">;
  readonly calls: Pick<CallService, "unread">;
  readonly recordLookup: Pick<RecordLookup, "find">;
  readonly historyQuota: HistoryQuota;
}

export class UnreadService {
  readonly #reading;

  constructor(private readonly options: UnreadOptions) {
    this.#reading = new TaskQueue({
      running: PAGE_READS_PER_ACCOUNT_MAX,
      waiting: PAGE_READS_QUEUED_MAX,
      slots: options.pageReads,
      pauseClock: options.clock,
    });
  }

  readonly handlers = {
    unread: (request, { account }) => this.#summary(account, request),
  } satisfies SomeHandlers;

  async #summary(
    account: Account,
    { room: id, after }: RequestOf<"unread">,
  ): Promise<Answer<"unread">> {
    const { registry, historyQuota, readPositions, calls, recordLookup } = this.options;
    const { id: user } = account;
    historyQuota.check(user);
    const room = this.#member(user, id);
    const read = after ?? readPositions.upTo(user, room.id);
    const messages = room.messageCount.listOthers(account, read);
    const [start, end] = [messages[0], messages.at(-1)];
    const records = start && end ? await this.#withContents(user, room, start.seq, end.seq) : [];
    const found =
      start && (await recordLookup.find(user, start.seq, { rooms: new Set([room.id]) }));
    // The account may have left the room in the meantime.
    this.#member(user, id);
    historyQuota.count(user, records);
    const contents = new Map(records.map((record) => [record.head.seq, contentsIn(record)]));
    const summary = summarizeUnread(
      messages,
      (author) => room.moderators.has(author),
      (seq) => contents.get(seq) ?? [],
    );
    const named = <Value>([author, value]: readonly [UserId, Value]) => {
      const name = registry.nameOf(author);
      return name === undefined ? [] : [[name, value] as const];
    };
    const people = summary.people.slice(0, UNREAD_AUTHORS_MAX).flatMap(named);
    const called = calls.unread(account, room).filter(({ n }) => n > read);
    return {
      unread: summary.unread,
      read,
      ...defined({ since: found?.head.time, first: summary.first, last: summary.last }),
      authors: summary.people.length,
      people: people.map(([user, unread]) => ({ user, unread })),
      calls: newestListed(called).map(({ seq, n }) => ({ seq, n })),
      moderators: summary.moderators
        .flatMap(named)
        .map(([user, own]) => ({ user, messages: [...own] })),
      photos: [...summary.contents.photos],
      files: [...summary.contents.files],
      polls: [...summary.contents.polls],
    };
  }

  #member(user: UserId, id: string): Room {
    const room = this.options.rooms.get(id as RoomId);
    if (room?.members.has(user) === true) return room;
    throw new Fault("not-member", msg`you are not a member of this room`);
  }

  /** Returns the newest messages with files, and the newest polls. */
  async #withContents(
    user: UserId,
    { id, isSealed }: Room,
    first: number,
    last: number,
  ): Promise<readonly LogRecord[]> {
    if (isSealed === true) return [];
    const newestOf = async (query: Pick<PageQuery, "kinds" | "polls">) => {
      const found: LogRecord[] = [];
      for (let more = true; more && found.length < UNREAD_LISTED_MAX; ) {
        const beforeSeq = found[0]?.head.seq ?? last + 1;
        const range = { ...query, rooms: new Set([id]), afterSeq: first - 1, beforeSeq };
        const limits = { limit: UNREAD_LISTED_MAX, bytesMax: PAGE_BYTES_MAX };
        const page = await this.#reading.runFor(user, () =>
          this.options.archive.page({ ...range, ...limits, from: "newest" }),
        );
        found.unshift(...page.records);
        more = page.more && page.records.length > 0;
      }
      return found;
    };
    const files = await newestOf({ kinds: new Set(["file"]) });
    const polls = await newestOf({ kinds: new Set(["text"]), polls: true });
    return [...files, ...polls];
  }
}

function contentsIn(record: LogRecord): readonly UnreadContent[] {
  const body = parseBody(record) ?? {};
  return contentsOf(filesIn(body), body["poll"]);
}
