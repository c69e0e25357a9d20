/** Unread calls of accounts, and `inbox`, which lists what an account has not read. */

import { asFault } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import {
  CALLS_BYTES_MAX,
  CALLS_LISTED_MAX,
  CALLS_REPLAYED_MAX,
  FIRST_RECORDS,
  INBOX_LAST_MAX,
  INBOX_ROOMS_MAX,
  PAGE_BYTES_MAX,
  READ_POSITIONS_SAVE_INTERVAL_MS,
} from "../../base/limits.ts";
import { isName } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import {
  CALLS,
  type Call,
  Calls,
  calledBy,
  type MessageBody,
  mentionsIn,
} from "../../core/calls/calls.ts";
import { erasuresOf } from "../../core/log/erasures.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { isCountedAuthor } from "../../core/rooms/counted.ts";
import { type CountedFollow, EVERYWHERE, isMutedAt } from "../../core/rooms/prefs.ts";
import { type Room, targetUser } from "../../core/rooms/rooms.ts";
import { hasTrait } from "../../wire/kinds.ts";
import type { Answer, CallReason, RequestOf } from "../../wire/messages.ts";
import { bodyOf, type LogRecord } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";
import { StateFile, type StateFileLocation } from "../queue/state-file.ts";
import { roomEntry, wireRecord } from "./broadcast.ts";
import type { HistoryQuota } from "./history-quota.ts";
import type { PrefsService } from "./prefs.ts";
import type { ReadPositionService } from "./read-positions.ts";
import type { RecordLookup } from "./record-lookup.ts";

interface CallOptions extends ServerContext {
  readonly readPositions: Pick<ReadPositionService, "unread" | "unreadRange" | "upTo" | "isRead">;
  readonly recordLookup: RecordLookup;
  readonly historyQuota: HistoryQuota;
  readonly prefs: Pick<PrefsService, "followsOf">;
  /** Sends the room's calls to the user's clients. */
  readonly refresh: (user: UserId, room: Room) => void;
}

type InboxRoom = Answer<"inbox">["rooms"][number];
type InboxCall = Answer<"inbox">["calls"][number];
type Follows = ReadonlyMap<number, CountedFollow>;

export class CallService {
  readonly #calls = new Calls();
  /** Stored in `calls.json`. A start finds what it lacks in the last records of the history. */
  readonly #file: StateFile<typeof CALLS>;
  readonly #keywords = new Map<UserId, readonly string[]>();
  #isOpen = false;

  constructor(
    private readonly options: CallOptions,
    location: StateFileLocation | undefined,
  ) {
    const { clock, warn } = options;
    this.#file = new StateFile(location, {
      name: "calls.json",
      sizeBytesMax: CALLS_BYTES_MAX,
      writeDelayMs: READ_POSITIONS_SAVE_INTERVAL_MS,
      clock,
      warn,
      consequence: "older mentions are not listed as unread",
      schema: CALLS,
      format: () => this.#calls.format(),
    });
  }

  readonly handlers = {
    inbox: (request, { account }) => this.#inbox(account, request),
  } satisfies SomeHandlers;

  async start(): Promise<void> {
    const { rooms, history, registry, sequencer } = this.options;
    for (const account of registry.all()) this.#setKeywords(account);
    const stored = this.#file.open();
    const idOf = (id: string) =>
      rooms.get(id as RoomId)?.id ?? registry.get(id as UserId)?.id ?? id;
    if (stored !== undefined) this.#calls.load(stored, idOf);
    // Records that are missing here may exist in the cluster.
    if (!sequencer.isShared) this.#calls.limit(rooms.head);
    const calls = this.#calls;
    while (calls.head < rooms.head) {
      const from = Math.max(calls.head + 1, rooms.head - CALLS_REPLAYED_MAX + 1);
      for await (const record of history.read(from)) {
        if (record.head.seq > rooms.head) break;
        const room = rooms.get(record.head.room as RoomId);
        if (room !== undefined && !rooms.isErased(record.head.seq)) this.#note(room, record);
        calls.head = record.head.seq;
      }
    }
    this.#isOpen = true;
  }

  onRecord(room: Room, record: LogRecord): void {
    if (!this.#isOpen) return;
    this.#note(room, record);
    this.#calls.head = record.head.seq;
    this.#file.markDirty();
  }

  onAccountRecord({ head }: LogRecord): void {
    const account = this.options.registry.get(head.room as UserId);
    if (account !== undefined) this.#setKeywords(account);
  }

  #setKeywords({ id, prefs }: Account): void {
    const keywords = prefs?.rooms.get(EVERYWHERE)?.keywords;
    if (keywords === undefined) this.#keywords.delete(id);
    else this.#keywords.set(id, keywords);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** Returns the unread calls of the account in the room, the oldest first. */
  unread(account: Account, room: Room, follows?: Follows): readonly Call[] {
    const noted = this.#calls.of(account.id, room.id);
    if (noted.length === 0) return noted;
    const { readPositions } = this.options;
    // A log-in asks for each room, and the threads of all rooms are many.
    const isInThreads = noted.some(({ root }) => root !== undefined);
    const threads = follows ?? (isInThreads ? this.#follows(account) : undefined);
    const isRead = ({ seq, n, root = 0 }: Call) => {
      const thread = threads?.get(root);
      if (thread !== undefined) return seq <= thread.read;
      return readPositions.isRead(account.id, room.id, n);
    };
    this.#calls.drop(room.id, account.id, isRead);
    return noted.filter((call) => !isRead(call) && isCountedAuthor(call.by, account));
  }

  /** Returns the newest calls by messages that the room itself shows as unread. */
  inRoom(account: Account, room: Room): { readonly calls?: { seq: number; n: number }[] } {
    const upTo = this.options.readPositions.upTo(account.id, room.id);
    const calls = this.unread(account, room).filter(({ n }) => n > upTo);
    const newest = calls.slice(-CALLS_LISTED_MAX).map(({ seq, n }) => ({ seq, n }));
    return newest.length === 0 ? {} : { calls: newest };
  }

  #note(room: Room, record: LogRecord): void {
    const { kind, by } = record.head;
    if (kind === "erase") {
      this.#calls.dropErased(room.id, new Set(erasuresOf(record)));
    } else if (kind === "edit") this.#noteEdit(room, record);
    else if (kind === "remove") this.#calls.dropRoom(room.id);
    else if (kind === "leave" && by !== "server") this.#calls.drop(room.id, by);
    else if (kind === "kick") {
      const kicked = targetUser(record);
      if (kicked !== undefined) this.#calls.drop(room.id, kicked);
    } else this.#noteMessage(room, record);
  }

  /** As `calledBy`. */
  called(room: Room, body: MessageBody): Map<UserId, CallReason> {
    const { registry, engine } = this.options;
    return calledBy(room, body, {
      find: (name) => registry.find(name)?.id,
      isOnline: (user) => engine.isOnline(user),
      keywords: this.#keywords,
    });
  }

  #noteMessage(room: Room, record: LogRecord): void {
    const { seq, n, kind, by } = record.head;
    if (by === "server" || !hasTrait(kind, "message")) return;
    if (room.isSealed === true || room.pair !== undefined) return;
    const body = bodyOf(record, kind) ?? {};
    if (body.imported !== undefined || body.notice === true) return;
    const isInThread = body.thread === true && body.re !== undefined;
    const place = defined({ seq, n, by, root: isInThread ? body.re : undefined });
    for (const [user, reason] of this.called(room, body)) {
      if (user !== by) this.#calls.add(room.id, user, { ...place, reason });
    }
    if (body.re !== undefined && !isInThread) void this.#noteAnswer(room, place, body.re);
  }

  async #noteAnswer(room: Room, place: Omit<Call, "reason">, answered: number): Promise<void> {
    const { recordLookup, refresh } = this.options;
    const counted = room.messageCount.authorOf(answered);
    const find = async () => {
      const found = await recordLookup.find(place.by, answered, { rooms: new Set([room.id]) });
      return found?.head.by;
    };
    const author = counted ?? (await find().catch(asFault));
    if (typeof author !== "string" || author === "server" || author === place.by) return;
    if (!room.members.has(author) || this.options.rooms.isErased(place.seq)) return;
    this.#calls.add(room.id, author, { ...place, reason: "reply" });
    this.#file.markDirty();
    // A client that has not loaded the answered message cannot know whose it is.
    if (this.#isOpen && !room.messageCount.isRecent(answered, FIRST_RECORDS)) refresh(author, room);
  }

  /** An edit can end a mention but not begin one. */
  #noteEdit(room: Room, record: LogRecord): void {
    const { seq: edited, text, mentions } = bodyOf(record, "edit") ?? {};
    if (edited === undefined || text === undefined) return;
    const names = mentionsIn(defined({ text, mentions }));
    const { registry } = this.options;
    const named = new Set(
      names.map((name) => (isName(name) ? registry.find(name)?.id : undefined)),
    );
    this.#calls.endMentions(room.id, edited, (user) => named.has(user));
  }

  #follows(account: Account): Follows {
    return new Map(this.options.prefs.followsOf(account).map((follow) => [follow.seq, follow]));
  }

  async #inbox(account: Account, { after }: RequestOf<"inbox">): Promise<Answer<"inbox">> {
    const { rooms, registry } = this.options;
    const follows = this.#follows(account);
    const threads = [...follows].flatMap(([seq, { room, on, unread = 0, last = seq }]) =>
      on && unread > 0 ? [{ room, seq, unread, last }] : [],
    );
    const entries: InboxRoom[] = [];
    const calls: InboxCall[] = [];
    const joined = [...rooms.roomsOf(account.id)];
    const previous = after === undefined ? -1 : joined.findIndex(({ id }) => id === after);
    // If the account has left the room in the meantime, the list ends.
    const isLost = after !== undefined && previous === -1;
    const rest = isLost ? [] : joined.slice(previous + 1);
    let more = false;
    for (const room of rest) {
      const unread = this.#unreadIn(account, room, follows);
      if (unread === undefined) continue;
      more = entries.length === INBOX_ROOMS_MAX;
      if (more) break;
      entries.push(unread.entry);
      calls.push(...unread.calls);
    }
    calls.sort((a, b) => a.seq - b.seq);
    const listed = calls.slice(-CALLS_LISTED_MAX);
    const invitations = [...rooms.roomsInviting(account.id)].flatMap((room) => {
      const inviter = room.invited.get(account.id);
      const by = registry.nameOf(inviter ?? "server");
      const isHidden = inviter !== undefined && account.ignored.has(inviter);
      return room.name === undefined || isHidden ? [] : [defined({ room: room.name, by })];
    });
    const lasts = [...entries, ...threads].flatMap(({ last }) => last ?? []).sort((a, b) => b - a);
    const seqs = new Set([...listed.map(({ seq }) => seq), ...lasts.slice(0, INBOX_LAST_MAX)]);
    const firsts = entries.flatMap(({ first, muted }) => (muted === true ? [] : (first ?? [])));
    const [since] = await this.#records(account, firsts.length === 0 ? [] : [Math.min(...firsts)]);
    return {
      rooms: entries,
      calls: listed,
      threads,
      invitations,
      ...defined({ since: since?.head.time }),
      records: (await this.#records(account, seqs)).map((record) => wireRecord(record, registry)),
      more,
    };
  }

  #unreadIn(
    account: Account,
    room: Room,
    follows: Follows,
  ): { readonly entry: InboxRoom; readonly calls: readonly InboxCall[] } | undefined {
    const { readPositions, registry, clock } = this.options;
    const unread = readPositions.unread(account, room);
    const called = this.unread(account, room, follows);
    const known = new Set(called.map(({ seq }) => seq));
    const replies = this.#repliesIn(account, room, follows).filter(({ seq }) => !known.has(seq));
    const isCalled = room.called === account.id;
    const count = called.length + replies.length + Number(isCalled);
    if (unread === 0 && count === 0) return undefined;
    const { first, last } = readPositions.unreadRange(account, room);
    const muted = account.prefs?.rooms.get(room.id)?.muted;
    const entry = {
      ...roomEntry(room, account.id, registry),
      unread,
      calls: count,
      ...defined({ first, last, muted: isMutedAt(muted, clock.unixMs()) || undefined }),
    };
    const calls = called.map(({ seq, reason, root }) =>
      defined({ room: room.id, seq, reason, root }),
    );
    return { entry, calls: [...calls, ...replies] };
  }

  /** Returns the unread replies in threads that the account follows. */
  #repliesIn(account: Account, room: Room, follows: Follows): InboxCall[] {
    const calls: InboxCall[] = [];
    for (const [root, { replies }] of room.threads) {
      const { on, read } = follows.get(root) ?? { on: false, read: 0 };
      if (!on) continue;
      for (const [seq, by] of replies) {
        if (seq > read && isCountedAuthor(by, account))
          calls.push({ room: room.id, seq, reason: "thread", root });
      }
    }
    return calls;
  }

  async #records({ id }: Account, seqs: Iterable<number>): Promise<LogRecord[]> {
    const { rooms, recordLookup, historyQuota } = this.options;
    historyQuota.check(id);
    const found: LogRecord[] = [];
    let bytes = 0;
    for (const seq of [...seqs].sort((a, b) => a - b)) {
      const records = await recordLookup.message(id, seq, rooms);
      bytes += records.reduce((sum, { bodyBytes }) => sum + (bodyBytes?.length ?? 0), 0);
      if (bytes > PAGE_BYTES_MAX) break;
      const isReader = ({ head }: LogRecord) =>
        rooms.get(head.room as RoomId)?.members.has(id) === true;
      found.push(...records.filter(isReader));
    }
    historyQuota.count(id, found);
    return found;
  }
}
