/** `ModelStore`: events in, the next immutable model out. Loads the pages that the model needs. */

import { asFault } from "../base/fault.ts";
import type { RoomId, Sha256 } from "../base/ids.ts";
import { PAGE_RECORDS_MAX } from "../base/limits.ts";
import { SCROLL_PAGE_RECORDS } from "../base/limits-page.ts";
import { defined } from "../base/values.ts";
import { type ChatRecord, fieldsIn } from "../core/client/chat-record.ts";
import { inboxRecords } from "../core/client/inbox.ts";
import type { ModelEffect, ModelEvent } from "../core/model/event.ts";
import { hasNoItem } from "../core/model/item.ts";
import { isMembership } from "../core/model/membership.ts";
import { roomOf } from "../core/model/selectors.ts";
import type { Model } from "../core/model/state.ts";
import { emptyModel, updateAll } from "../core/model/update.ts";
import type { RoomPrefs } from "../core/rooms/prefs.ts";
import type { Clock } from "../io/clock.ts";
import { CHANGE_KINDS } from "../wire/kinds.ts";
import type { RequestFields } from "../wire/messages.ts";
import { DisplayNames } from "./display-names.ts";
import {
  type HistoryPage,
  type HistorySource,
  queryHistory,
  queryInbox,
  queryUsers,
  type SendRequest,
  searchFields,
} from "./link/queries.ts";
import { WriteLimits } from "./write-limits.ts";

type Effect<Kind extends ModelEffect["kind"]> = Extract<ModelEffect, { kind: Kind }>;
export type UiEffect = Effect<"read" | "notify" | "keep-draft">;

/** Maximum number of members listed. In larger rooms, users search for members by name. */
const MEMBERS_MAX = 5 * PAGE_RECORDS_MAX;

/** Bounds the joins and departures that a view loads with the messages before or behind them. */
const MEMBERSHIP_PAGES_MAX = 4;

const RECORDS_AFTER_MAX = 10_000;

/** Pages of changes that are searched for those of an old message. */
const CHANGE_PAGES_MAX = 20;

export interface ModelStoreOptions {
  readonly nextFrame: (callback: () => void) => void;
  readonly sha256: Sha256;
  readonly clock: Pick<Clock, "unixMs">;
  readonly itemsMax?: number | undefined;
  readonly request: SendRequest;
  /** Also opens the records of sealed rooms. */
  readonly history: HistorySource;
  /** Performs the effects that concern the user interface. */
  readonly perform: (effect: UiEffect) => void;
}

/** Reports the next immutable `model` to subscribers at most once per frame. */
export class ModelStore {
  #model: Model;
  #events: ModelEvent[] = [];
  #isFlushing = false;
  #hasConnected = false;
  #isAwaitingFrame = false;
  readonly #listeners = new Set<() => void>();
  readonly #displayNames;
  readonly #writeLimits;

  constructor(private readonly options: ModelStoreOptions) {
    this.#model = emptyModel(options.itemsMax);
    this.#displayNames = new DisplayNames(options.request, (event) => this.enqueue(event));
    this.#writeLimits = new WriteLimits(options.request, (event) => this.enqueue(event));
  }

  get model(): Model {
    return this.#model;
  }

  /** The model after all events, also those that the next frame would apply. */
  get current(): Model {
    if (this.#events.length > 0) this.update();
    return this.#model;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  enqueue(event: ModelEvent): void {
    this.#events.push(event);
    if (this.#isAwaitingFrame || this.#isFlushing) return;
    this.#isAwaitingFrame = true;
    this.options.nextFrame(() => {
      this.#isAwaitingFrame = false;
      this.update();
    });
  }

  applyNow(event: ModelEvent): void {
    this.#events.push(event);
    this.update();
  }

  dropEvents(): void {
    this.#events = [];
  }

  /** Shows the fault of a failed promise in the model. */
  reportFailure(promise: Promise<unknown>): void {
    promise.catch((error: unknown) => {
      this.applyNow({ kind: "fault", fault: asFault(error) });
    });
  }

  /** Resolves when the condition is true for the current or a later model. */
  until(isTrue: () => boolean): Promise<void> {
    this.update();
    return new Promise((resolve) => {
      const check = () => {
        if (!isTrue()) return;
        stop();
        resolve();
      };
      const stop = this.subscribe(check);
      check();
    });
  }

  /** Applies all events to the model without waiting for the next frame. */
  update(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      while (this.#events.length > 0) {
        const events = this.#events;
        this.#events = [];
        const { model, effects } = updateAll(this.#model, events);
        this.#model = model;
        for (const event of events) {
          this.#displayNames.note(event);
          this.#writeLimits.note(event);
        }
        for (const effect of effects) this.#perform(effect);
      }
    } finally {
      this.#isFlushing = false;
    }
    if (this.#model.connection.kind === "online") {
      this.#displayNames.ask();
      this.#writeLimits.ask(this.#model);
    }
    for (const listener of [...this.#listeners]) listener();
  }

  async record(target: string, seq: number): Promise<ChatRecord | undefined> {
    const { records } = await this.#history({ target, after: seq - 1, before: seq + 1, limit: 1 });
    return records[0];
  }

  /** The record, followed by the votes, reactions and edits that change it. */
  async recordWithChanges(target: string, seq: number): Promise<readonly ChatRecord[]> {
    const record = await this.record(target, seq);
    return record === undefined ? [] : [record, ...(await this.#laterChanges(target, [record]))];
  }

  /** Changes of these records that were recorded after the last of them. */
  async #laterChanges(target: string, records: readonly ChatRecord[]): Promise<ChatRecord[]> {
    const seqs = new Set(records.map(({ seq }) => seq));
    const found: ChatRecord[] = [];
    let after = records.at(-1)?.seq;
    for (let pages = 0; after !== undefined && pages < CHANGE_PAGES_MAX; pages++) {
      const range = { target, kinds: [...CHANGE_KINDS], after, limit: PAGE_RECORDS_MAX };
      const page = await this.#history(range);
      for (const change of page.records) {
        const { seq, re, also = [] } = fieldsIn(change);
        if (![seq, re, ...also].some((changed) => seqs.has(Number(changed ?? 0)))) continue;
        // A reaction can be erased later.
        seqs.add(change.seq);
        found.push(change);
      }
      after = page.more ? page.records.at(-1)?.seq : undefined;
    }
    return found;
  }

  /**
   * Returns the records after `seq`, at most RECORDS_AFTER_MAX.
   * @throws {Fault} of the request
   */
  async recordsAfter(target: string, seq: number): Promise<readonly ChatRecord[]> {
    const found: ChatRecord[] = [];
    for (let more = true; more && found.length < RECORDS_AFTER_MAX; ) {
      const after = found.at(-1)?.seq ?? seq;
      const page = await this.#history({ target, after, limit: PAGE_RECORDS_MAX });
      found.push(...page.records);
      more = page.more && page.records.length > 0;
    }
    return found;
  }

  /** Returns the seq of the first item at or after a time. */
  async firstSince(target: string, sinceUnixMs: number): Promise<number | undefined> {
    const page = { after: 0, since: sinceUnixMs, limit: SCROLL_PAGE_RECORDS };
    const { records } = await this.#history({ target, ...page });
    return records.find((record) => !hasNoItem(record))?.seq;
  }

  #perform(effect: ModelEffect): void {
    switch (effect.kind) {
      case "page":
        void this.#loadPage(effect);
        return;
      case "members":
        void this.#loadMembers(effect.room, effect.target);
        return;
      case "search":
        void this.#search(effect);
        return;
      case "thread":
        void this.#loadThread(effect);
        return;
      case "calls":
        void this.#loadCalls();
        return;
      case "count":
        void this.#loadUnread(effect);
        return;
      case "follow":
        return this.reportFailure(this.#follow(effect));
      case "prefs-set": {
        const fields = { room: effect.room, ...definedPrefs(effect.prefs) };
        const set = () => this.options.request("prefs-set", fields);
        return this.reportFailure(this.#firstConnection().then(set));
      }
      case "read":
        // The server learns of it when the user can no longer undo it.
        if (this.#model.allRead?.has(effect.room) === true) return;
        return this.options.perform(effect);
      default:
        return this.options.perform(effect);
    }
  }

  async #loadPage({ room, target, side, seq }: Effect<"page">): Promise<void> {
    try {
      await this.#firstConnection();
      const page = await this.#page(target, side, seq);
      this.enqueue({ kind: "page", room, side, seq, ...page });
    } catch (error) {
      this.enqueue({ kind: "page-failed", room, side, seq, fault: asFault(error) });
    }
  }

  /**
   * The restored model is shown before the first connection. What it requests then is no failure of
   * the user's.
   */
  async #firstConnection(): Promise<void> {
    if (!this.#hasConnected) await this.until(() => this.#model.connection.kind === "online");
    this.#hasConnected = true;
  }

  async #search({ query, before }: Effect<"search">): Promise<void> {
    try {
      const page = { before, limit: SCROLL_PAGE_RECORDS };
      const found = await this.#history({ ...searchFields(query), ...page });
      this.enqueue({ kind: "found", query, records: found.records, hasMore: found.more });
    } catch (error) {
      this.enqueue({ kind: "search-failed", query, fault: asFault(error) });
    }
  }

  async #loadUnread({ room, target, n }: Effect<"count">): Promise<void> {
    try {
      const { first } = await this.options.request("unread", { room, after: n });
      if (first === undefined) return;
      const records = await this.recordsAfter(target, first.seq - 1);
      this.enqueue({ kind: "counted", room, records });
    } catch (error) {
      // The server's number stays.
      asFault(error);
    }
  }

  async #loadCalls(): Promise<void> {
    const { request, sha256 } = this.options;
    try {
      const pages = await queryInbox(request);
      const calls = pages.flatMap((page) => page.calls);
      const reasons = new Map(
        calls.flatMap(({ seq, reason }) => (reason === "thread" ? [] : [[seq, reason] as const])),
      );
      const replies = pages.flatMap(({ threads }) => threads.map(({ last }) => last));
      const called = new Set([...reasons.keys(), ...replies]);
      const records = inboxRecords(pages, sha256).filter(
        (record) => called.has(record.seq) || called.has(fieldsIn(record).seq ?? 0),
      );
      this.enqueue({ kind: "called", records, reasons });
    } catch (error) {
      asFault(error);
    }
  }

  async #follow({ room, seq, on, read }: Effect<"follow">): Promise<void> {
    await this.#firstConnection();
    await this.options.request("follow", { room, seq, on, read });
  }

  async #loadThread(effect: Effect<"thread">): Promise<void> {
    const { room, target, root, before, changesTo } = effect;
    try {
      const query = searchFields({ input: "", text: "", target, re: root });
      const [first, replies, changes] = await Promise.all([
        before === undefined ? this.record(target, root) : undefined,
        this.#history({ ...query, ...defined({ before }), limit: SCROLL_PAGE_RECORDS }),
        changesTo === undefined ? undefined : this.#changes(target, root, changesTo),
      ]);
      const { records: found, more: hasOlder } = replies;
      const records = [...(first === undefined ? [] : [first]), ...found, ...(changes ?? [])];
      this.enqueue({ kind: "thread-page", room, root, before, records, hasOlder });
    } catch (error) {
      this.enqueue({ kind: "thread-failed", room, root, fault: asFault(error) });
    }
  }

  async #changes(target: string, after: number, before: number): Promise<readonly ChatRecord[]> {
    const range = { target, kinds: [...CHANGE_KINDS], after, limit: PAGE_RECORDS_MAX };
    const bound = before === Number.MAX_SAFE_INTEGER ? {} : { before };
    return (await this.#history({ ...range, ...bound })).records;
  }

  async #loadMembers(room: RoomId, target: string): Promise<void> {
    try {
      const users = await queryUsers(this.options.request, target, MEMBERS_MAX);
      const members = users.map(({ user, online, role, mutedUntil, bot, invited, ...about }) => {
        const marks = { mutedUntilUnixMs: mutedUntil, isBot: bot, isInvited: invited };
        return { name: user, isOnline: online, role, ...marks, ...about };
      });
      this.enqueue({ kind: "members", room, members });
    } catch (error) {
      asFault(error);
    }
  }

  async #page(target: string, side: Effect<"page">["side"], seq: number) {
    if (side === "newer") {
      const { records, more } = await this.#fullPage({ target, after: seq });
      const later = more ? await this.#laterChanges(target, records) : [];
      return { records, later, hasOlder: true, hasNewer: more };
    }
    if (side === "older") {
      const before = seq === Number.MAX_SAFE_INTEGER ? {} : { before: seq };
      const { records, more } = await this.#fullPage({ target, ...before });
      const hasJumped = roomOf(this.#model, target)?.jump !== undefined;
      const later = hasJumped ? await this.#laterChanges(target, records) : [];
      return { records, later, hasOlder: more, hasNewer: true };
    }
    const half = SCROLL_PAGE_RECORDS / 2;
    const [older, newer] = await Promise.all([
      this.#fullPage({ target, before: seq + 1 }, half),
      this.#fullPage({ target, after: seq }, half),
    ]);
    const records = [...older.records, ...newer.records];
    // Votes and edits may lie far behind the messages to which the user jumps.
    const later = newer.more ? await this.#laterChanges(target, records) : [];
    return { records, later, hasOlder: older.more, hasNewer: newer.more };
  }

  /** Reads on while most of a page are joins and departures, which show as few rows. */
  async #fullPage(
    range: { readonly target: string; readonly before?: number; readonly after?: number },
    limit = SCROLL_PAGE_RECORDS,
  ): Promise<HistoryPage> {
    const isNewer = range.after !== undefined;
    let { records, more } = await this.#history({ ...range, limit });
    for (let pages = 1; more && pages < MEMBERSHIP_PAGES_MAX; pages++) {
      const shown = records.filter(({ kind }) => !isMembership({ kind })).length;
      const edge = (isNewer ? records.at(-1) : records[0])?.seq;
      if (shown >= limit / 4 || edge === undefined) break;
      const from = isNewer ? { after: edge } : { before: edge };
      const next = await this.#history({ target: range.target, ...from, limit: PAGE_RECORDS_MAX });
      records = isNewer ? [...records, ...next.records] : [...next.records, ...records];
      more = next.more;
    }
    return { records, more };
  }

  #history(fields: RequestFields<"history">): Promise<HistoryPage> {
    const { request, sha256, history, clock } = this.options;
    return history(fields, (query) => queryHistory(request, sha256, query, clock.unixMs()));
  }
}

function definedPrefs(prefs: RoomPrefs): RoomPrefs {
  return Object.fromEntries(Object.entries(prefs).filter(([, value]) => value !== undefined));
}
