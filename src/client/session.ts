/** Session of an account across connections: its rooms, posts, keys and read positions. */

import { utf8Encode } from "../base/bytes.ts";
import { asFault, Fault, msg } from "../base/fault.ts";
import type { RoomId, Sha256 } from "../base/ids.ts";
import {
  CALLS_LISTED_MAX,
  MESSAGE_BEFORE_LOGIN_BYTES_MAX,
  READ_NOTICE_INTERVAL_MS,
} from "../base/limits.ts";
import type { ChatRecord, RoomView } from "../core/client/chat-record.ts";
import type { Receipt } from "../core/client/outbox.ts";
import type { QueuedBody } from "../core/client/queued-body.ts";
import type { ReadReport } from "../core/model/event.ts";
import { isSameName } from "../core/model/item.ts";
import { isMutedAt, type RoomPrefs } from "../core/rooms/prefs.ts";
import { LOBBY } from "../core/rooms/rooms.ts";
import { type Clock, TIMER_MS_MAX } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { LogPins } from "../io/state/log-pins.ts";
import type { OutboxOwner } from "../io/state/outbox-store.ts";
import type { NoticeOf } from "../wire/messages.ts";
import type { AuditedLink } from "./auditor.ts";
import type { ClientEvent, LinkInfo, PrefsEvent } from "./event.ts";
import type { Transfers } from "./files/transfers.ts";
import { Follower, type FollowerEvent, type FollowMode } from "./follower.ts";
import type { ActiveLink } from "./link/active-link.ts";
import type { Connection, ServerNotice } from "./link/connection.ts";
import { type GreetedServer, serverKeys } from "./link/greeting.ts";
import type { Keys } from "./link/keys.ts";
import type { SendRequest } from "./link/queries.ts";
import { notLoggedIn } from "./link/retry.ts";
import type { GreetedLink, LoginResult } from "./login.ts";
import type { PostEvent } from "./outbox-driver.ts";
import { OutboxQueue, type OutboxQueueOptions, type OutboxQueueStore } from "./outbox-queue.ts";
import type { HistoryView } from "./sealed/claims.ts";
import type { ProvedPeople } from "./sealed/room.ts";
import { Sealing, type SealingOptions } from "./sealed/sealing.ts";

/** A message before log-in has space for its other fields. */
const EARLY_TEXT_BYTES_MAX = MESSAGE_BEFORE_LOGIN_BYTES_MAX / 2;

export interface AccountSessionOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly keys: Keys;
  readonly sha256: Sha256;
  readonly people: ProvedPeople;
  readonly follow: FollowMode;
  readonly after?: number | undefined;
  readonly hasPrefs: boolean;
  readonly outboxes: OutboxQueueStore;
  readonly adoptsUnsent: boolean;
  readonly messages?: OutboxQueueOptions["messages"];
  readonly sealed: Pick<SealingOptions, "home" | "refusal" | "load">;
  readonly request: SendRequest;
  readonly logs: Pick<LogPins, "pin" | "replaced">;
  readonly activeLink: ActiveLink;
  /** `LogAuditor.checked`; returns `undefined` for a client that does not audit. */
  readonly historyChecked: (connection?: Connection) => Promise<void> | undefined;
  readonly emit: (event: ClientEvent) => void;
  readonly transfers: () => Pick<Transfers, "ownUploads">;
  /** `isRepeated` is true if another request cannot deliver the missing record. */
  readonly gap: (fault: Fault, isRepeated: boolean) => void;
}

export class AccountSession {
  readonly #follower: Follower;
  readonly #reporter: ReadReporter;
  readonly #prefs: PrefsTracker | undefined;
  readonly sealing: Sealing;
  #posts: OutboxQueue;
  #adoption: void | Promise<void> = undefined;
  #link: LinkInfo | undefined;
  /** Account of an earlier process, until the first log-in. */
  #restored: OutboxOwner | undefined;
  #hasEarlyPost = false;
  #auditedLink: AuditedLink | undefined;
  #greeted: GreetedServer | undefined;

  constructor(private readonly options: AccountSessionOptions) {
    const { clock, entropy, keys, sealed, request, emit, follow, after, sha256, gap } = options;
    const rooms = () => this.rooms;
    const history = () => this.#historyView();
    const { people } = options;
    const own = { clock, entropy, keys, people, request, rooms, emit, history };
    const uploads = () => options.transfers().ownUploads(this.user);
    this.sealing = new Sealing({ ...own, ...sealed, uploads, followsRooms: follow !== "none" });
    this.#posts = this.#newOutboxQueue();
    this.#reporter = new ReadReporter(clock, () => options.historyChecked());
    this.#prefs = options.hasPrefs ? new PrefsTracker(clock, emit) : undefined;
    const onOverflow = () =>
      gap(new Fault("too-many", msg`messages arrive faster than they can be decrypted`), false);
    const stage = new EventStage(this.sealing, (event) => this.#handleEvent(event), onOverflow);
    const sink = { event: (event: FollowerEvent) => stage.pass(event), gap };
    this.#follower = new Follower(follow, after, { sha256, clock }, sink);
  }

  get user(): string {
    return this.#link?.user ?? this.#restored?.user ?? "";
  }

  get after(): number | undefined {
    return this.#follower.after;
  }

  get rooms(): RoomView[] {
    return this.#follower.rooms;
  }

  get auditedLink(): AuditedLink | undefined {
    return this.#auditedLink;
  }

  get posts(): OutboxQueue {
    return this.#posts;
  }

  get adoption(): void | Promise<void> {
    return this.#adoption;
  }

  /**
   * @param handleNotice returns true for notices that the follower must not handle
   * @throws {Fault} store-… if the store fails
   */
  connected(
    address: string,
    { connection, greeted }: GreetedLink,
    { account, registered }: LoginResult,
    handleNotice: (notice: ServerNotice) => boolean,
  ): void {
    const { fingerprint, formers, welcome } = greeted;
    const { user, account: id } = account;
    const identity = { fingerprint, user };
    const { transport } = connection.link;
    const { server, text } = welcome;
    this.#greeted = greeted;
    this.#link = {
      ...identity,
      address,
      server: server.name,
      transport,
      welcome: text,
      registered,
    };
    const rooms = () => this.rooms;
    const reader = { ...identity, formers };
    const own = { account: id, deviceKey: this.options.keys.device.publicKey };
    const keys = serverKeys(greeted);
    this.#auditedLink = { connection, address, reader, key: server.key, keys, rooms, own };
    this.sealing.connected({ ...identity, account: id, formers });
    this.#adoption = this.#posts.open(identity, this.options.adoptsUnsent);
    if (this.#adoption instanceof Promise) this.#adoption.catch(asFault);
    this.#follower.connected(this.#link);
    connection.listen((notice) => {
      if (!handleNotice(notice)) this.#follower.notice(notice);
    });
    if (connection.isClosed) return;
    this.#reporter.connected(connection);
    this.#prefs?.connected(connection);
    this.#posts.connected(connection);
    this.options.activeLink.connected({ connection, ...identity });
  }

  /**
   * Accepts posts before the first log-in, and continues after the records of an earlier process.
   * @throws {Fault} store-… if the store fails
   */
  restore(owner: OutboxOwner, after: number | undefined): void {
    this.#restored = owner;
    this.#adoption = this.#posts.open(owner, this.options.adoptsUnsent);
    if (after !== undefined) this.#follower.resume(after);
  }

  /**
   * Stores a post that is sent directly behind the log-in. A refused log-in also refuses the post.
   * @returns `undefined` if the post must wait for the log-in
   */
  postEarly(owner: OutboxOwner, to: string, body: QueuedBody): Promise<Receipt> | undefined {
    if (!isSameName(to, LOBBY)) return undefined; // Other targets may be encrypted by now.
    if (utf8Encode(body.text).length > EARLY_TEXT_BYTES_MAX) return undefined;
    const adoption = this.#posts.open(owner, this.options.adoptsUnsent);
    if (adoption instanceof Promise || this.#posts.size > 0) return undefined;
    const receipt = this.#posts.post(to, body);
    this.#posts.flush();
    this.#hasEarlyPost = true;
    return receipt;
  }

  loginSent(connection: Connection): void {
    if (!this.#hasEarlyPost) return;
    this.#hasEarlyPost = false;
    this.#posts.connected(connection);
    this.#posts.flush();
  }

  lost(): void {
    this.#greeted = undefined;
    this.options.activeLink.lost();
    this.#posts.lost();
    this.sealing.lost();
  }

  /** The session resumes if the same account logs in later. */
  logOut(fault: Fault = notLoggedIn(), transferFault = fault): void {
    this.#greeted = undefined;
    this.#reporter.clear();
    this.#prefs?.loggedOut();
    this.sealing.loggedOut();
    this.options.activeLink.loggedOut(transferFault);
    this.#posts.close(fault);
    this.#posts = this.#newOutboxQueue();
  }

  markRead(room: string, report: ReadReport): void {
    this.#reporter.report(room, report);
  }

  flush(): void {
    this.#reporter.flush();
  }

  #newOutboxQueue(): OutboxQueue {
    const { clock, entropy, outboxes: store, messages, emit, historyChecked } = this.options;
    const { sealing } = this;
    const emitPost = (event: PostEvent) => {
      if (event.kind === "settled") sealing.settled(event.renumbered ?? event.key, event.outcome);
      emit(event);
    };
    const own = { clock, entropy, store, sealing, messages };
    return new OutboxQueue({ ...own, historyChecked, emit: emitPost });
  }

  #handleEvent(event: FollowerEvent): void {
    if (event.kind === "prefs-set" || event.kind === "save" || event.kind === "follow") {
      return this.#prefs?.changed(event);
    }
    if (event.kind === "key-packages-low") return this.sealing.stock();
    if (event.kind === "group-info-lost") return this.sealing.publishGroupInfo(event.room);
    if (event.kind === "group-device-revoked")
      return this.sealing.removeRevoked(event.room, event.user);
    this.options.emit(event);
    if (event.kind === "room") this.sealing.roomListed(event.view);
    if (event.kind === "caught-up") this.sealing.caughtUp();
  }

  #historyView(): HistoryView | undefined {
    const greeted = this.#greeted;
    const audited = this.#auditedLink;
    if (greeted === undefined || audited === undefined) return undefined;
    const { keys: verifier, logs } = this.options;
    const { keys, reader } = audited;
    return {
      verifier,
      keys,
      pin: async () => logs.pin(reader),
      accepted: async () => logs.replaced(reader),
    };
  }
}

/** Emits the settings each time the server stores them, and again when a room's mute expires. */
export class PrefsTracker {
  readonly #muted = new Map<RoomId, RoomPrefs>();
  #cancel: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly emit: (event: PrefsEvent) => void,
  ) {}

  connected(connection: Pick<Connection, "requestThen">): void {
    connection.requestThen("prefs", {}, (outcome) => {
      if (outcome.kind !== "answered") return;
      this.#muted.clear();
      const { rooms, saved, follows } = outcome.answer;
      this.emit({
        kind: "prefs",
        rooms: rooms.map(({ room, ...prefs }) => {
          return { room: room as RoomId, ...this.#trackMute(room as RoomId, prefs) };
        }),
        saved: saved.map(({ room, seq }) => ({ room: room as RoomId, seq })),
        follows: follows?.map((follow) => ({ ...follow, room: follow.room as RoomId })),
      });
      this.#scheduleExpiry();
    });
  }

  changed(notice: NoticeOf<"prefs-set" | "save" | "follow">): void {
    const room = notice.room as RoomId;
    if (notice.kind !== "prefs-set") return this.emit({ ...notice, room });
    const { kind, room: _, ...changed } = notice;
    this.emit({ kind, room, prefs: this.#trackMute(room, changed) });
    this.#scheduleExpiry();
  }

  loggedOut(): void {
    this.#cancel?.();
    this.#muted.clear();
  }

  #trackMute(room: RoomId, prefs: RoomPrefs): RoomPrefs {
    const { muted, ...unmutedPrefs } = prefs;
    this.#muted.delete(room);
    if (muted === undefined || muted === 0) return prefs;
    if (!isMutedAt(prefs.muted, this.clock.unixMs())) return unmutedPrefs;
    this.#muted.set(room, prefs);
    return prefs;
  }

  #scheduleExpiry(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const mutedUntil = [...this.#muted.values()].map(({ muted = 0 }) => muted);
    if (mutedUntil.length === 0) return;
    const delayMs = Math.min(...mutedUntil) - this.clock.unixMs();
    this.#cancel = this.clock.after(Math.min(Math.max(delayMs, 0), TIMER_MS_MAX), () => {
      for (const [room, prefs] of [...this.#muted]) {
        const current = this.#trackMute(room, prefs);
        if (current !== prefs) this.emit({ kind: "prefs-set", room, prefs: current });
      }
      this.#scheduleExpiry();
    });
  }
}

/** Reports read positions to the server. */
export class ReadReporter {
  readonly #unsent = new Map<string, ReadReport>();
  #connection: Pick<Connection, "isClosed" | "requestThen"> | undefined;
  #cancel: (() => void) | undefined;
  #awaited: Promise<void> | undefined;

  /** @param checked as `historyChecked`: new messages may have the numbers of lost ones */
  constructor(
    private readonly clock: Clock,
    private readonly checked: () => Promise<void> | undefined,
  ) {}

  connected(connection: Pick<Connection, "isClosed" | "requestThen">): void {
    this.#connection = connection;
    this.flush();
  }

  report(room: string, { n, calls = [] }: ReadReport): void {
    const unsent = this.#unsent.get(room);
    const all = [...(unsent?.calls ?? []), ...calls].slice(-CALLS_LISTED_MAX);
    this.#unsent.set(room, { n: Math.max(n, unsent?.n ?? 0), calls: all });
    this.#cancel ??= this.clock.after(READ_NOTICE_INTERVAL_MS, () => this.flush());
  }

  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const connection = this.#connection;
    if (connection === undefined || connection.isClosed || this.#unsent.size === 0) return;
    const checked = this.checked();
    if (checked !== undefined) return this.#flushAfter(checked);
    for (const [room, { n, calls = [] }] of this.#unsent) {
      // Ignore the outcome: either the user has left the room, or a later report supersedes this
      // one.
      const fields = { room, n, ...(calls.length > 0 ? { calls: [...calls] } : {}) };
      connection.requestThen("read", fields, () => undefined);
    }
    this.#unsent.clear();
  }

  #flushAfter(checked: Promise<void>): void {
    if (this.#awaited === checked) return;
    this.#awaited = checked;
    void checked.then(() => {
      if (this.#awaited === checked) this.flush();
    });
  }

  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#connection = undefined;
    this.#unsent.clear();
  }
}

/** Maximum number of events queued behind sealed records. Decrypting so many takes seconds. */
const QUEUED_EVENTS_MAX = 20_000;
/** Maximum number of records decrypted in one step. Larger batches delay the first record. */
const OPEN_BATCH_MAX = 64;

interface RecordOpener {
  needsOpening(record: ChatRecord): boolean;
  openRecords(records: readonly ChatRecord[]): Promise<readonly ChatRecord[]>;
}

/**
 * Queues events behind a record that is being decrypted. All events pass through synchronously in a
 * client without sealed rooms.
 * @internal
 */
export class EventStage {
  #queue: FollowerEvent[] = [];
  #isOpening = false;

  constructor(
    private readonly opener: RecordOpener,
    private readonly emit: (event: FollowerEvent) => void,
    private readonly onOverflow: () => void,
  ) {}

  pass(event: FollowerEvent): void {
    if (!this.#isOpening && !this.#mustOpen(event)) return this.emit(event);
    if (event.kind === "listing") this.#queue = this.#queue.filter(survivesNewLink);
    this.#queue.push(event);
    if (this.#queue.length === QUEUED_EVENTS_MAX) this.onOverflow();
    if (!this.#isOpening) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#isOpening = true;
    try {
      while (this.#queue.length > 0) await this.#openBatch();
    } finally {
      this.#isOpening = false;
    }
  }

  async #openBatch(): Promise<void> {
    const batch = this.#queue.splice(0, Math.max(1, this.#batchLength()));
    const sealed = batch.flatMap((event) =>
      event.kind === "record" && this.#mustOpen(event) ? [event.record] : [],
    );
    const decrypted = sealed.length === 0 ? [] : await this.opener.openRecords(sealed);
    const records = new Map(sealed.map((record, index) => [record, decrypted[index] ?? record]));
    for (const event of batch) {
      const record = event.kind === "record" ? records.get(event.record) : undefined;
      this.emit(event.kind === "record" && record !== undefined ? { ...event, record } : event);
    }
  }

  #batchLength(): number {
    const [first] = this.#queue;
    if (first?.kind !== "record" || !this.#mustOpen(first)) return 1;
    const { id } = first.record.room;
    let length = 0;
    for (let records = 0; length < this.#queue.length; length++) {
      const event = this.#queue[length];
      if (event?.kind === "cursor") continue;
      if (event?.kind !== "record" || event.record.room.id !== id) break;
      if (!this.#mustOpen(event) || ++records > OPEN_BATCH_MAX) break;
    }
    return length;
  }

  #mustOpen(event: FollowerEvent): boolean {
    return event.kind === "record" && this.opener.needsOpening(event.record);
  }
}

/** Returns false for events that the server repeats on each link (its rooms and `caught-up`). */
function survivesNewLink(event: FollowerEvent): boolean {
  return event.kind !== "caught-up" && (event.kind !== "room" || event.isChanged);
}
