/**
 * State of one IRC connection, which is a client of chat's protocol on one side and exchanges IRC
 * lines on the other. Lines run in order, and each completes before the next one starts.
 */

import { unreachable } from "../../base/assert.ts";
import { utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { ID_BYTES, outboxId, type RoomId } from "../../base/ids.ts";
import {
  type IrcLine,
  IrcLineBuffer,
  type LineFault,
  type LineFields,
  NO_TAGS,
  parseIrcLine,
} from "../../wire/irc/line.ts";
import { IGNORABLE_KINDS } from "../../wire/kinds.ts";
import {
  type Answer,
  type Notice,
  type NoticeOf,
  type RequestFields,
  type RequestKind,
  WIRE_VERSION,
  type WireRecord,
} from "../../wire/messages.ts";
import { PostCodec } from "../../wire/post-message.ts";
import { newestVersion } from "../../wire/since.ts";
import { type ChatRecord, readHead } from "../client/chat-record.ts";
import type { TokenBucket } from "../rate.ts";
import type { Account } from "../rooms/accounts.ts";
import { DEFAULT_HEARTBEAT, Session, type SessionEffect } from "../session/session.ts";
import { SmallMap } from "../small-map.ts";
import { AWAY_TEXT } from "./away.ts";
import { CAP } from "./capabilities.ts";
import { type Channel, completeJoin, isBoxedChannel, showChannel } from "./channels.ts";
import {
  type Asking,
  CommandRun,
  hasOnlyEcho,
  type IrcTask,
  isSimplePost,
  type Wanted,
} from "./command-run.ts";
import { commandFor } from "./commands.ts";
import { Deliveries } from "./deliveries.ts";
import { formatSafely } from "./format.ts";
import { sendReadMarker } from "./history.ts";
import { ircRow } from "./kinds.ts";
import { labelOf, type OpenBatch } from "./messages.ts";
import { ERR } from "./numeric.ts";
import { showAccountChanges } from "./own-account.ts";
import { isNickOnline, showMonitored } from "./people.ts";
import { Registration } from "./registration.ts";
import { eventTags, joinOf, renderIrcRecord } from "./render.ts";
import { findAccount, HOST, type IrcServer, userMask } from "./server.ts";
import {
  type SharedMessage,
  SharedRecord,
  type SharedRecords,
  sharedNotice,
} from "./shared-message.ts";
import { cleanIrc } from "./text.ts";

export type IrcEffect =
  | { readonly kind: "write"; readonly bytes: Uint8Array }
  /** To the server, in chat's protocol. */
  | { readonly kind: "transmit"; readonly bytes: Uint8Array }
  /**
   * The driver must call `resume` after this time, in a turn of the payer. Replaces an earlier
   * effect of this kind.
   */
  | { readonly kind: "resume"; readonly ms: number }
  | { readonly kind: "close"; readonly isFlood: boolean };

/** The driver stops reading beyond this number of unread bytes. Exceeds the longest line. */
const UNREAD_BYTES_HIGH = 16 << 10;
/**
 * The driver may deliver another read of a socket (512 KiB) and a WebSocket message (1 MiB) before
 * it stops.
 */
const UNREAD_BYTES_MAX = 2 << 20;
/** Pause for a client that exceeds its rate. After it, several lines can run together. */
const PACE_MS = 20;
/** Posts of one connection that are on their way to the disk, so that they share its syncs. */
const OVERLAPPING_POSTS_MAX = 64;
/** Registration needs few bytes (SASL: 400 per line). */
const BYTES_BEFORE_LOGIN_MAX = 8 << 10;
/** Some clients request each capability with a line of its own. */
const LINES_BEFORE_LOGIN_MAX = 64;
/** Work of one turn. A unit is about 5 µs: an entry that is examined, or BYTES_PER_UNIT. */
const TURN_UNITS = 128;
const LINE_UNITS = 2;
const BYTES_PER_UNIT = 64;
/** More replies to a labelled command do not wait for its end. */
const REPLIES_HELD_MAX = 64;
const REGISTRATION_MS = 120_000;
/** A record normally arrives within milliseconds of its answer. */
const RECORD_WAIT_MS = 10_000;
/** Messages that arrive while missed ones are fetched. Further ones are shown at once. */
const HELD_MESSAGES_MAX = 1_000;
const PING_AFTER_MS = 120_000;
const CLOSE_AFTER_MS = 240_000;
const SCRAM_NONCE_BYTES = 32;
/** Shared, because each tick of each connection would otherwise leave an array behind. */
const NO_EFFECTS: readonly IrcEffect[] = [];
const NOBODY: ReadonlySet<string> = new Set();

export class IrcSession {
  readonly channels = new SmallMap<RoomId, Channel>();
  readonly registration: Registration;
  readonly outbox: string;
  #counter = 0;
  caps = 0;
  openBatch: OpenBatch | undefined;
  /** User that an INVITE of this connection invites. Its reply takes the place of the record. */
  inviting: string | undefined;
  welcome: string | undefined;
  account: Account | undefined;
  ignored = NOBODY;
  /** Accounts watched with MONITOR and whether they were online, by nick in lower case. */
  readonly monitored = new Map<string, { readonly nick: string; isOnline: boolean }>();
  /** `undefined` until the first delivery to a client that reports no read positions. */
  deliveries: Deliveries | undefined;
  readonly #protocol: Session;
  readonly #lines = new IrcLineBuffer();
  #linesBeforeLogin = 0;
  /** True during a turn of the account. */
  #isRunning = false;
  #turnUnits = 0;
  /** Units that are not yet charged. */
  #unpaidUnits = 0;
  /** Time of the next turn; `undefined` if there is nothing to run. */
  #resumeAt: number | undefined;
  #hasPeerEnded = false;
  readonly #unshown = new Set<Channel>();
  #isJoining = false;
  readonly #dueMarkers = new Set<Channel>();
  /** Number of the account's last record that this connection has shown. */
  ownN: number | undefined;
  #isAccountDue = false;
  #shownNick = "";
  #away: string | undefined;
  #lastRename = "";
  /** A change arrives once per common room. */
  readonly #shownAways = new Map<string, string | undefined>();
  readonly #held: SharedMessage[] = [];
  #holds = false;
  #effects: IrcEffect[] = [];
  #out = "";
  readonly #runs: CommandRun[] = [];
  #current: CommandRun | undefined;
  #next: IrcLine | LineFault | undefined;
  #batches = 0;
  #receivedBytes = 0;
  #receivedAt: number;
  #pingedAt = Number.NEGATIVE_INFINITY;
  readonly #openedAt: number;
  #isClosed = false;

  /** @param address payer before the log-in */
  constructor(
    readonly server: IrcServer,
    private readonly address: string,
    public now: number,
  ) {
    this.#openedAt = now;
    this.#receivedAt = now;
    this.outbox = outboxId(server.entropy(ID_BYTES));
    this.#protocol = new Session("client", now, DEFAULT_HEARTBEAT, new PostCodec());
    this.registration = new Registration(this);
  }

  start(): readonly IrcEffect[] {
    const nonce = this.server.entropy(SCRAM_NONCE_BYTES);
    this.#perform(
      this.#protocol.notify({
        kind: "hello",
        versions: [WIRE_VERSION],
        client: "irc (IRC)",
        nonce,
        knows: newestVersion(),
      }),
    );
    return this.#take();
  }

  /** True if the driver should stop reading until the commands so far are complete. */
  get isBusy(): boolean {
    return this.#lines.unreadBytes > UNREAD_BYTES_HIGH;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** All connections of an account share its turns and its pace. */
  get payer(): string {
    return this.account?.id ?? this.address;
  }

  get #budgets(): readonly TokenBucket[] {
    return [this.server.work, this.server.pace].map((all) => all.of(this.payer, this.now));
  }

  get nick(): string {
    return this.account?.name ?? this.registration.nick ?? "*";
  }

  has(cap: number): boolean {
    return (this.caps & cap) === cap;
  }

  receive(chunk: Uint8Array, now: number): readonly IrcEffect[] {
    if (this.#isClosed) return NO_EFFECTS;
    this.now = now;
    this.#receivedAt = now;
    this.#receivedBytes += chunk.length;
    if (!this.registration.isComplete && this.#receivedBytes > BYTES_BEFORE_LOGIN_MAX) {
      this.close("too many bytes before the log-in", true);
      return this.#take();
    }
    this.#lines.push(chunk);
    if (this.#lines.unreadBytes > UNREAD_BYTES_MAX) this.close("too many lines at once", true);
    this.#wake(0);
    return this.#take();
  }

  #malformed(fault: LineFault): void {
    switch (fault) {
      case "empty":
        return;
      case "control-character":
        return this.numeric(ERR.unknownCommand, "*", "the line contains NUL or a bare CR");
      case "malformed":
        return this.numeric(ERR.unknownCommand, "*", "the line has no command");
      default:
        return this.numeric(ERR.inputTooLong, "the line is too long");
    }
  }

  /** Handles a message that the server sends to this connection alone. */
  receiveMessage(bytes: Uint8Array, now: number): readonly IrcEffect[] {
    this.now = now;
    const effects = this.#protocol.receive(bytes, now);
    this.#perform(effects);
    // An answer meets no condition, and a client has many posts in flight.
    if (effects.some(({ kind }) => kind === "notice")) this.#continue();
    return this.#take();
  }

  /** Handles a message published to a room. */
  deliver(message: SharedMessage, now: number): readonly IrcEffect[] {
    if (this.#isClosed) return NO_EFFECTS;
    this.now = now;
    this.#show(message);
    this.#continue();
    return this.#take();
  }

  /** Closes the connection after the lines so far, as the client sends no more. */
  peerEnded(now: number): readonly IrcEffect[] {
    this.now = now;
    this.#hasPeerEnded = true;
    this.#wake(0);
    return this.#take();
  }

  /** Runs commands for one turn. The driver calls it only while the client reads its answers. */
  resume(now: number): readonly IrcEffect[] {
    if (this.#isClosed || this.#resumeAt === undefined) return NO_EFFECTS;
    this.now = now;
    const debtsMs = this.#budgets.map((budget) => budget.debtMs(now));
    const waitMs = Math.max(this.#resumeAt - now, ...debtsMs);
    this.#resumeAt = undefined;
    if (waitMs > 0) this.#wake(Math.max(PACE_MS, waitMs));
    else this.#runTurn();
    return this.#take();
  }

  tick(now: number): readonly IrcEffect[] {
    this.now = now;
    this.#shownAways.clear();
    this.#continue();
    if (!this.registration.isComplete && now >= this.#openedAt + REGISTRATION_MS) {
      this.close("the log-in took too long");
    }
    if (now >= this.#receivedAt + CLOSE_AFTER_MS) this.close("ping timeout");
    else if (now >= Math.max(this.#receivedAt, this.#pingedAt) + PING_AFTER_MS) {
      this.#pingedAt = now;
      this.#emit({ command: "PING", params: [HOST] });
    }
    this.#showOwnName();
    return this.#take();
  }

  /** @param isFlood true if the client must not reconnect for a while */
  close(reason: string, isFlood = false): void {
    if (this.#isClosed) return;
    this.#emit({ command: "ERROR", params: [reason] });
    this.#flush();
    this.#effects.push({ kind: "close", isFlood });
    this.linkClosed();
  }

  /** @throws {Fault} in the command if the server refuses the request */
  *ask<Kind extends RequestKind>(request: Kind, fields: RequestFields<Kind>): Asking<Answer<Kind>> {
    return (yield { kind: "request", request, fields }) as Answer<Kind>;
  }

  /** Waits until a message from the server meets the condition, for at most RECORD_WAIT_MS. */
  *until(isMet: () => boolean): Asking<void> {
    if (!isMet()) yield { kind: "until", isMet };
  }

  /** Ends the turn if it is spent. Long answers call it after each entry. */
  *turn(): Asking<void> {
    const isSpent = !this.#isRunning || this.#turnUnits >= TURN_UNITS;
    if (isSpent) yield { kind: "pause", ms: 0 };
  }

  /** @param units work other than the bytes of replies, such as entries examined */
  charge(units: number): void {
    this.#turnUnits += units;
    this.#unpaidUnits += units;
  }

  /** Numbers the current command's post, so that its record can be recognized. */
  nextCounter(): number {
    const counter = ++this.#counter;
    if (this.#current !== undefined) this.#current.postId = `${this.outbox}.${counter}`;
    return counter;
  }

  /** Sends a reply of the current command. */
  send(line: LineFields): void {
    const run = this.#current;
    if (run?.replies === undefined) {
      return this.#emitReply(run?.batch === undefined ? line : inBatch(line, run.batch));
    }
    run.replies.push(line);
    if (run.replies.length === REPLIES_HELD_MAX) this.#openReplies(run, run.replies);
  }

  numeric(code: string, ...params: string[]): void {
    this.send({ source: HOST, command: code, params: [this.nick, ...params] });
  }

  knowsFail(command: string): boolean {
    return this.has(CAP.standardReplies) || SPECIFIED_COMMANDS.has(command);
  }

  /** Standard reply, or a NOTICE to clients without them. */
  fail(command: string, code: string, context: readonly string[], text: string): void {
    const params = [command, code, ...context, text];
    if (this.knowsFail(command) || code === "INVALID_UTF8") {
      return this.send({ source: HOST, command: "FAIL", params });
    }
    const subject = command === "*" ? context.join(" ") : command;
    this.notice(subject === "" ? text : `${subject}: ${text}`);
  }

  notice(text: string): void {
    this.send({ source: HOST, command: "NOTICE", params: [this.nick, text] });
  }

  /** Sends lines as one batch if the client supports batches, over as many turns as they take. */
  *batch(type: string, params: readonly string[], lines: Iterable<LineFields>): Asking<void> {
    const id = this.has(CAP.batch) ? this.#batchId() : undefined;
    const marker = (...fields: string[]) => {
      if (id !== undefined) this.send({ source: HOST, command: "BATCH", params: fields });
    };
    marker(`+${id}`, type, ...params);
    for (const line of lines) {
      this.send(id === undefined ? line : inBatch(line, id));
      yield* this.turn();
    }
    marker(`-${id}`);
  }

  channelNamed(name: string): Channel | undefined {
    const folded = name.toLowerCase();
    for (const channel of this.channels.values()) {
      // Names are ASCII, so only those of the same length can be equal.
      if (channel.name.length !== name.length || channel.hasLeft) continue;
      if (channel.name.toLowerCase() === folded) return channel;
    }
    return undefined;
  }

  /**
   * While held, messages of rooms wait until `release`, so that missed ones come first.
   *
   * @returns false if they were held already
   */
  hold(): boolean {
    const isNew = !this.#holds;
    this.#holds = true;
    return isNew;
  }

  release(): void {
    this.#holds = false;
    for (const message of this.#held.splice(0)) this.#show(message);
  }

  // Commands

  /** Requests a turn, unless an earlier one is pending. */
  #wake(ms: number): void {
    const at = this.now + ms;
    if (this.#resumeAt !== undefined && this.#resumeAt <= at) return;
    this.#resumeAt = at;
    this.#effects.push({ kind: "resume", ms });
  }

  #runTurn(): void {
    this.#turnUnits = 0;
    this.#isRunning = true;
    for (const run of [...this.#runs]) {
      if (run.isPausing && this.now >= run.pausedUntil) this.#step(run, () => run.task.next());
    }
    let hasMore = true;
    while (hasMore && !this.#isClosed && this.#turnUnits < TURN_UNITS) hasMore = this.#runNext();
    this.#isRunning = false;
    if (hasMore) this.#wake(0);
    for (const run of this.#runs) {
      if (run.isPausing) this.#wake(Math.max(0, run.pausedUntil - this.now));
    }
    if (this.#hasPeerEnded && this.#isIdle) this.close("end of input");
  }

  get #isIdle(): boolean {
    const isGreeted = this.#protocol.phase !== "greeting";
    return isGreeted && this.#runs.length === 0 && this.#resumeAt === undefined;
  }

  /** @returns false if there is nothing to run now */
  #runNext(): boolean {
    // Requests are possible only after the server's greeting.
    if (this.#protocol.phase === "greeting") return false;
    const [marker] = this.#dueMarkers;
    if (marker !== undefined && this.#runs.length === 0) {
      this.#dueMarkers.delete(marker);
      this.#start(new CommandRun(sendReadMarker(this, marker)));
      return true;
    }
    if (this.#isAccountDue && this.#runs.length === 0) {
      this.#isAccountDue = false;
      this.#start(new CommandRun(showAccountChanges(this)));
      return true;
    }
    const line = this.#nextLine();
    if (line === undefined || !this.#mayStart(line)) return false;
    if (this.registration.isComplete) {
      const waitMs = this.server.lines.of(this.payer, this.now).take(this.now);
      if (waitMs > 0) {
        this.#wake(Math.max(PACE_MS, waitMs));
        return false;
      }
    } else if (++this.#linesBeforeLogin > LINES_BEFORE_LOGIN_MAX) {
      this.close("too many lines before the log-in", true);
      return false;
    }
    this.charge(LINE_UNITS);
    this.#next = undefined;
    if (typeof line === "string") this.#malformed(line);
    else this.#run(line);
    return true;
  }

  #nextLine(): IrcLine | LineFault | undefined {
    if (this.#next === undefined) {
      const bytes = this.#lines.next();
      if (bytes !== undefined) this.#next = bytes === "too-long" ? bytes : parseIrcLine(bytes);
    }
    return this.#next;
  }

  #mayStart(line: IrcLine | LineFault): boolean {
    if (this.#runs.length === 0) return true;
    if (typeof line === "string" || this.#runs.length >= OVERLAPPING_POSTS_MAX) return false;
    return isSimplePost(line) && this.#runs.every(({ mayOverlap }) => mayOverlap);
  }

  #run(line: IrcLine): void {
    if (!this.registration.isComplete && isHttp(line)) return this.close("this is an IRC server");
    const label = this.has(CAP.label | CAP.batch) ? labelOf(this, line) : undefined;
    const { target = "" } = this.openBatch ?? {};
    const isOnlyEcho = hasOnlyEcho(line) || (line.command === "BATCH" && target.startsWith("#"));
    this.#start(new CommandRun(commandFor(this, line), label, isSimplePost(line), isOnlyEcho));
  }

  #start(run: CommandRun): void {
    this.#runs.push(run);
    this.#step(run, () => run.task.next());
  }

  #step(run: CommandRun, advance: () => IteratorResult<Wanted, void>): void {
    let next = advance;
    for (;;) {
      let result: IteratorResult<Wanted, void> | undefined;
      run.ref = undefined;
      run.until = undefined;
      run.isPausing = false;
      const outer = this.#current;
      this.#current = run;
      try {
        result = next();
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        this.fail("*", "CANNOT_COMPLETE", [], error.message);
      } finally {
        this.#current = outer;
      }
      if (result === undefined || result.done === true) return this.#finish(run);
      const immediate = this.#waitFor(run, result.value);
      if (immediate === undefined) return;
      next = immediate;
    }
  }

  /** @returns how to go on if the command need not wait */
  #waitFor(run: CommandRun, wanted: Wanted): (() => IteratorResult<Wanted, void>) | undefined {
    switch (wanted.kind) {
      case "request": {
        const fields = wanted.fields as RequestFields<RequestKind>;
        const { ref, effects } = this.#protocol.request(wanted.request, fields);
        const [first] = effects;
        if (first?.kind === "refused") return () => run.task.throw(first.fault);
        run.ref = ref;
        this.#perform(effects);
        return undefined;
      }
      case "until":
        run.until = wanted.isMet;
        run.untilBefore = this.now + RECORD_WAIT_MS;
        return undefined;
      case "pause":
        run.isPausing = true;
        run.pausedUntil = this.now + wanted.ms;
        this.#wake(wanted.ms);
        return undefined;
      default:
        return unreachable(wanted);
    }
  }

  #continue(): void {
    if (this.#runs.length === 0) return;
    for (const run of [...this.#runs]) {
      const isMet = run.until !== undefined && (run.until() || this.now >= run.untilBefore);
      if (isMet) this.#step(run, () => run.task.next());
    }
  }

  #finish(run: CommandRun): void {
    this.#runs.splice(this.#runs.indexOf(run), 1);
    if (run.replies !== undefined) this.#reply(run, run.replies);
    else if (run.batch !== undefined) this.#emitReply(batchEnd(run.batch));
    // During a turn, its loop starts the next line.
    if (!this.#isRunning) this.#wake(0);
  }

  /** The label is on the batch that the command sends alone, or on a batch around its replies. */
  #openReplies(run: CommandRun, lines: readonly LineFields[]): void {
    const [first] = lines;
    run.replies = undefined;
    if (first?.command !== "BATCH" || isOneBatch(lines)) run.batch = this.#batchId();
    this.#openLabelled(run.label ?? "", lines, run.batch);
  }

  #reply(run: CommandRun, lines: readonly LineFields[]): void {
    run.replies = undefined;
    this.#sendLabelled(run.label ?? "", lines);
  }

  #sendLabelled(label: string, lines: readonly LineFields[]): void {
    const [first] = lines;
    if (first === undefined) {
      return this.#emitReply({ tags: { label }, source: HOST, command: "ACK", params: [] });
    }
    const isOne = lines.length === 1 || isOneBatch(lines);
    const id = isOne ? undefined : this.#batchId();
    this.#openLabelled(label, lines, id);
    if (id !== undefined) this.#emitReply(batchEnd(id));
  }

  /** @param batch id of a batch around the lines; without one, the first line has the label */
  #openLabelled(label: string, lines: readonly LineFields[], batch: string | undefined): void {
    const [first, ...rest] = lines;
    if (batch === undefined && first !== undefined) {
      this.#emitReply({ ...first, tags: { label, ...first.tags } });
      for (const line of rest) this.#emitReply(line);
      return;
    }
    const id = batch ?? "";
    const params = [`+${id}`, "labeled-response"];
    this.#emitReply({ tags: { label }, source: HOST, command: "BATCH", params });
    for (const line of lines) this.#emitReply(inBatch(line, id));
  }

  #answered(ref: number, advance: (task: IrcTask) => IteratorResult<Wanted, void>): void {
    const run = this.#runs.find((item) => item.ref === ref);
    if (run !== undefined) this.#step(run, () => advance(run.task));
  }

  #batchId(): string {
    return `b${++this.#batches}`;
  }

  // Messages of the server

  #perform(effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case "transmit":
          this.#flush();
          this.#effects.push({ kind: "transmit", bytes: effect.bytes });
          break;
        case "answered":
          this.#answered(effect.ref, (task) => task.next(effect.reply.answer));
          break;
        case "refused":
          this.#answered(effect.ref, (task) => task.throw(effect.fault));
          break;
        case "notice":
          this.#notice(effect.notice as Notice);
          break;
        case "close":
          this.close(effect.fault?.message ?? "the server closed the connection");
          break;
        default:
          break;
      }
    }
  }

  #notice(notice: Notice): void {
    if (notice.kind === "welcome") {
      this.welcome = notice.text === undefined ? undefined : cleanIrc(notice.text);
      return this.#wake(0);
    }
    this.#show(sharedNotice(this.server, notice));
  }

  #show(message: SharedMessage): void {
    if (this.#holds && isHoldable(message)) {
      if (this.#held.length < HELD_MESSAGES_MAX) return void this.#held.push(message);
      // The client expects no messages before the welcome. Its next log-in shows missed ones.
      if (!this.registration.isComplete) return this.close("the registration took too long");
    }
    if (message.kind === "records") {
      if (this.#showTogether(message)) return;
      for (const shared of message.records) this.#showRecord(shared);
      return;
    }
    const { notice } = message;
    switch (notice.kind) {
      case "room":
        return this.#roomChanged(notice);
      case "room-gone":
        return this.#roomGone(notice.room as RoomId);
      case "presences":
        return this.#presences(notice);
      case "typing":
        return this.#typing(notice);
      case "read":
        return this.#read(notice.room as RoomId, notice.n);
      case "ignored":
        this.ignored = new Set(notice.users);
        return;
      case "display-name":
        if (this.has(CAP.setName)) {
          const params = [notice.text || notice.user];
          this.send({ source: userMask(notice.user), command: "SETNAME", params });
        }
        return;
      case "caught-up":
        return this.registration.onCaughtUp();
      case "announced":
        return this.#announced(notice);
      case "invited":
        return this.#invited(notice);
      default:
        return;
    }
  }

  #roomChanged(notice: NoticeOf<"room">): void {
    const id = notice.room as RoomId;
    const known = this.channels.get(id);
    const isDirect = notice.with !== undefined;
    const name = isDirect ? (notice.with ?? "*") : `#${notice.name ?? ""}`;
    if (known?.hasLeft === true) return;
    if (notice.sealed === true && !isDirect) {
      if (known !== undefined) this.#part(known, "this room is now encrypted");
      return;
    }
    const room = this.server.rooms.get(id);
    const channel: Channel = known ?? {
      id,
      name,
      isDirect,
      isSealed: false,
      hasLeft: false,
      skipToN: this.#skipToN(notice),
      seenSeq: 0,
      readN: notice.read ?? 0,
      unread: notice.unread ?? 0,
      typing: [],
      isBoxed: room !== undefined && isBoxedChannel(this, room),
      refusedUntil: Number.NEGATIVE_INFINITY,
    };
    channel.isSealed = notice.sealed === true;
    if (known !== undefined) {
      // A rename of the partner is a record only of their other rooms.
      if (isDirect && known.name !== name) this.#userRenamed(known.name, name);
      return;
    }
    this.channels.set(id, channel);
    if (isDirect || !this.registration.isComplete) return;
    if (this.#isJoining) this.#unshown.add(channel);
    else this.#showJoined(channel);
  }

  /**
   * Records up to the user's own join are history, which IRC clients fetch themselves. A new
   * conversation has no history.
   */
  #skipToN({ room, behind, n, with: partner }: NoticeOf<"room">): number {
    if (behind !== true) return n - 1;
    return partner === undefined ? (this.server.rooms.get(room as RoomId)?.lastN ?? 0) : 0;
  }

  #showJoined(channel: Channel): void {
    this.#unshown.delete(channel);
    showChannel(this, channel);
    this.#start(new CommandRun(completeJoin(this, channel)));
  }

  /** Until the end, a JOIN command shows its channel itself, as a reply. */
  beginJoin(): void {
    this.#isJoining = true;
  }

  /** @returns true if the command must show the channel */
  endJoin(channel: Channel | undefined): boolean {
    this.#isJoining = false;
    const isDue = channel !== undefined && this.#unshown.delete(channel);
    for (const other of this.#unshown) this.#showJoined(other);
    return isDue;
  }

  #roomGone(id: RoomId): void {
    const channel = this.channels.get(id);
    if (channel === undefined) return;
    this.#part(channel, "the room was removed");
  }

  #part(channel: Channel, reason: string): void {
    this.channels.delete(channel.id);
    if (channel.isDirect || channel.hasLeft || !this.registration.isComplete) return;
    const params = [channel.name, reason];
    this.#emit({ source: userMask(this.nick), command: "PART", params });
  }

  /** Writes the lines that all readers share, without a look at each record. */
  #showTogether(message: SharedRecords): boolean {
    const [first] = message.records;
    const last = message.records.at(-1);
    if (first === undefined || last === undefined || !message.isUniform) return false;
    const channel = this.channels.get(first.room);
    if (channel === undefined) return true;
    const isNew = first.record.seq > channel.seenSeq && first.record.n > channel.skipToN;
    const isPersonal =
      channel.isDirect ||
      this.#unshown.has(channel) ||
      this.ignored.size > 0 ||
      message.isBy(this.nick);
    if (!isNew || isPersonal) return false;
    this.#showEchoes();
    channel.seenSeq = last.record.seq;
    this.#countDelivery(channel, last.record.n);
    this.#write(message.bytes(this.caps, channel.name));
    return true;
  }

  #showRecord(shared: SharedRecord): void {
    const { record, room } = shared;
    const channel = this.channels.get(room);
    if (channel === undefined || record.seq <= channel.seenSeq) return;
    channel.seenSeq = record.seq;
    if (record.n <= channel.skipToN) return;
    if (this.#unshown.has(channel)) this.#showJoined(channel);
    this.#countDelivery(channel, record.n);
    const isMine = record.from !== undefined && record.from === this.account?.name;
    if (record.kind === "rename") return this.#renamed(channel, record);
    if (isHiddenFrom(record, this.ignored)) return;
    const isOwnPost = record.id.startsWith(this.outbox);
    const isToSelf = channel.isDirect && channel.name === this.nick;
    if (isOwnPost && !isToSelf && !this.has(CAP.echo)) return;
    if (record.kind === "join" && isMine) return;
    if (isMine && this.inviting !== undefined && isInvitation(record, this.inviting)) return;
    if (record.kind === "sealed") return this.#sealedMessage(channel, record, isMine);
    const isRemoval = record.kind === "kick" && record.body?.["name"] === this.nick;
    if ((record.kind === "leave" && isMine) || isRemoval) channel.hasLeft = true;
    const run = isMine ? this.#runOf(record) : undefined;
    if (run?.replies === undefined) this.#showEchoes();
    if (run !== undefined || channel.isDirect || record.kind === "file") {
      const lines = this.renderFor(channel, record);
      if (run?.hasOnlyEcho === true) this.#reply(run, lines);
      else if (run?.replies !== undefined) run.replies.push(...lines);
      else for (const line of lines) this.#emit(line);
      // The echo, which the label belongs to, is not the delivery.
      const isBoth = isOwnPost && isToSelf && this.has(CAP.echo);
      if (isBoth) for (const line of lines) this.#emit(line);
      return;
    }
    this.#write(shared.bytes(this.caps, channel.name));
  }

  /** Sends the echoes that wait for further replies to their command, as a later record follows. */
  #showEchoes(): void {
    for (const run of this.#runs) {
      if (run.replies?.some(isEcho) === true) this.#openReplies(run, run.replies);
    }
  }

  #countDelivery(channel: Channel, n: number): void {
    const reportsReading = this.has(CAP.history) || this.has(CAP.readMarker);
    if (reportsReading) return;
    this.deliveries ??= new Deliveries(this.server.askSchedule);
    this.deliveries.wrote(channel.id, n);
  }

  /** Finds the labelled command that caused the record. */
  #runOf(record: ChatRecord): CommandRun | undefined {
    return this.#runs.find(({ replies, postId }) => {
      if (replies === undefined) return false;
      if (postId !== undefined) return postId === record.id;
      return ircRow(record.kind).as !== "message";
    });
  }

  readPage(records: readonly WireRecord[]): ChatRecord[] {
    return records.map((record) => new SharedRecord(this.server, readHead(record)).record);
  }

  renderFor(channel: Channel, record: ChatRecord, isPlayback = false): LineFields[] {
    if (isHiddenFrom(record, this.ignored)) return [];
    const isMine = record.from === this.account?.name;
    const to = channel.isDirect && !isMine ? this.nick : channel.name;
    return renderIrcRecord(record, {
      server: this.server,
      // WeeChat 4 shows a batch within the batch of missed messages after all others.
      caps: isPlayback ? this.caps & ~CAP.multiline : this.caps,
      to,
      reader: this.nick,
      showsTime: isPlayback && !this.has(CAP.time),
    });
  }

  #sealedMessage(channel: Channel, { from = "*" }: ChatRecord, isMine: boolean): void {
    if (!channel.isDirect || isMine) return;
    this.notice(`${from} sent you an encrypted message; read it in chat`);
  }

  #renamed(channel: Channel, record: ChatRecord): void {
    const { from, body } = record;
    const { was = "", name = "", user } = (body ?? {}) as Readonly<Record<string, string>>;
    if (user !== undefined) return this.#userRenamed(was, name);
    const before = channel.name;
    channel.name = `#${name}`;
    if (this.has(CAP.rename)) {
      const params = [before, channel.name, ""];
      const tags = eventTags(record, this);
      this.#emit({ tags, source: userMask(from ?? this.nick), command: "RENAME", params });
      return;
    }
    const params = [before, `renamed to ${channel.name}`];
    this.#emit({ source: userMask(this.nick), command: "PART", params });
    this.#showJoined(channel);
  }

  /** The record is in each room of the renamed user, but a client must see one NICK. */
  #userRenamed(was: string, name: string): void {
    if (this.#lastRename === `${was}>${name}`) return;
    this.#lastRename = `${was}>${name}`;
    for (const channel of this.channels.values()) {
      if (channel.isDirect && channel.name === was) channel.name = name;
    }
    if (was === this.#shownNick) return this.#showOwnName();
    this.#emit({ source: userMask(was), command: "NICK", params: [name] });
  }

  /** The user may be in no room whose records would report the new name. */
  #showOwnName(): void {
    if (!this.registration.isComplete || this.#shownNick === this.nick) return;
    if (this.#shownNick !== "") {
      this.#emit({ source: userMask(this.#shownNick), command: "NICK", params: [this.nick] });
    }
    this.#shownNick = this.nick;
  }

  /** Before the log-in, the reason is stored until the account is known. */
  setAway(reason: string | undefined): void {
    this.#away = reason;
    if (this.account !== undefined) this.server.away.set(this.account.id, this, reason);
  }

  loggedIn(account: Account): void {
    this.account = account;
    this.server.away.set(account.id, this, this.#away);
  }

  /** An absence lasts as long as the connection that set it. */
  linkClosed(): void {
    this.#isClosed = true;
    if (this.account !== undefined) this.server.away.set(this.account.id, this, undefined);
  }

  accountChanged(): void {
    this.#isAccountDue = true;
    this.#wake(0);
  }

  checkAccount(now: number): readonly IrcEffect[] {
    this.now = now;
    if (this.registration.isComplete) this.accountChanged();
    return this.#take();
  }

  showAway(name: string, reason: string | undefined, now: number): readonly IrcEffect[] {
    this.now = now;
    this.#sendAway(name, reason);
    return this.#take();
  }

  /** True if the client is notified of absences even without a common room. */
  watches(name: string): boolean {
    return this.has(CAP.extendedMonitor) && this.monitored.has(name.toLowerCase());
  }

  showJoin(channel: Channel): void {
    const tags = this.has(CAP.accountTag) ? { account: this.nick } : {};
    this.send({ ...joinOf(this.server, this.nick, channel.name, this.caps), tags });
  }

  /** Another device has read. A marker needs the time of the message, which a task requests. */
  #read(id: RoomId, n: number): void {
    const channel = this.channels.get(id);
    // The server repeats it after an erasure, for clients that count unread messages.
    if (channel === undefined || channel.readN === n) return;
    channel.readN = n;
    if (!this.has(CAP.readMarker)) return;
    this.#dueMarkers.add(channel);
    this.#wake(0);
  }

  #presences({ online, offline }: NoticeOf<"presences">): void {
    if (!this.has(CAP.awayNotify)) return;
    for (const name of online) {
      const account = findAccount(this.server, name);
      this.#sendAway(name, account && this.server.away.of(account.id));
    }
    for (const name of offline) this.#sendAway(name, AWAY_TEXT);
  }

  #sendAway(name: string, reason: string | undefined): void {
    if (!this.has(CAP.awayNotify) || !this.registration.isComplete || name === this.nick) return;
    const shown = this.#shownAways;
    if (shown.has(name) && shown.get(name) === reason) return;
    shown.set(name, reason);
    const params = reason === undefined ? [] : [reason];
    this.#emit({ source: userMask(name), command: "AWAY", params });
  }

  #typing({ room, users }: NoticeOf<"typing">): void {
    const channel = this.channels.get(room as RoomId);
    if (channel === undefined || !this.has(CAP.tags)) return;
    const show = (name: string, state: "active" | "done") => {
      if (name === this.nick || this.ignored.has(name)) return;
      const to = channel.isDirect ? this.nick : channel.name;
      const tags = { "+typing": state };
      this.#emit({ tags, source: userMask(name), command: "TAGMSG", params: [to] });
    };
    for (const name of users) show(name, "active");
    for (const name of channel.typing) if (!users.includes(name)) show(name, "done");
    channel.typing = users;
  }

  #invited({ room, by, sealed }: NoticeOf<"invited">): void {
    if (sealed !== false || !this.registration.hasShownInvitations) return;
    const source = by === undefined ? HOST : userMask(by);
    const tags = this.has(CAP.accountTag) ? { account: by } : {};
    this.#emit({ tags, source, command: "INVITE", params: [this.nick, `#${room}`] });
  }

  #announced({ text }: NoticeOf<"announced">): void {
    for (const line of cleanIrc(text).split("\n")) this.notice(line);
  }

  /** Must be called after each change, because no notice reports accounts without a common room. */
  checkMonitored(now: number): readonly IrcEffect[] {
    this.now = now;
    for (const entry of this.monitored.values()) {
      const isOnline = isNickOnline(this, entry.nick);
      if (isOnline === entry.isOnline) continue;
      entry.isOnline = isOnline;
      showMonitored(this, [entry]);
    }
    return this.#take();
  }

  // Output

  #emit(line: LineFields): void {
    this.#out += `${formatSafely({ ...line, tags: this.#allowedTags(line.tags) })}\r\n`;
  }

  #emitReply(line: LineFields): void {
    const before = this.#out.length;
    this.#emit(line);
    this.charge((this.#out.length - before) / BYTES_PER_UNIT);
  }

  #allowedTags(tags: LineFields["tags"]): NonNullable<LineFields["tags"]> {
    if (tags === undefined || this.has(CAP.tags)) return tags ?? NO_TAGS;
    const { time, account, batch, label } = tags;
    return { time, account, batch, label };
  }

  #write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#flush();
    this.#effects.push({ kind: "write", bytes });
  }

  #flush(): void {
    if (this.#out === "") return;
    this.#effects.push({ kind: "write", bytes: utf8Encode(this.#out) });
    this.#out = "";
  }

  #take(): readonly IrcEffect[] {
    const token = this.deliveries?.due(this.now);
    if (token !== undefined) this.#emit({ command: "PING", params: [token] });
    this.#flush();
    if (this.#unpaidUnits > 0) {
      for (const budget of this.#budgets) budget.spend(this.now, this.#unpaidUnits);
    }
    this.#unpaidUnits = 0;
    if (this.#effects.length === 0) return NO_EFFECTS;
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}

/** Their specifications define standard replies, so clients that send them know FAIL. */
const SPECIFIED_COMMANDS: ReadonlySet<string> = new Set([
  ...["BATCH", "CHATHISTORY", "MARKREAD", "REDACT", "RENAME", "SETNAME"],
]);

function inBatch(line: LineFields, batch: string): LineFields {
  return { ...line, tags: { batch, ...line.tags } };
}

function batchEnd(id: string): LineFields {
  return { source: HOST, command: "BATCH", params: [`-${id}`] };
}

function isOneBatch(lines: readonly LineFields[]): boolean {
  const [opened, closed] = [lines[0]?.params[0] ?? "", lines.at(-1)?.params[0] ?? ""];
  return lines[0]?.command === "BATCH" && closed === opened.replace("+", "-");
}

function isEcho({ command }: LineFields): boolean {
  return command === "PRIVMSG" || command === "NOTICE" || command === "TAGMSG";
}

function isInvitation({ kind, body }: ChatRecord, name: string): boolean {
  return kind === "admission" && body?.["name"] === name;
}

function isHiddenFrom({ kind, from }: ChatRecord, ignored: ReadonlySet<string>): boolean {
  return IGNORABLE_KINDS.has(kind) && from !== undefined && ignored.has(from);
}

function isHoldable(message: SharedMessage): boolean {
  return message.kind === "records" || message.notice.kind === "typing";
}

function isHttp({ command, params }: IrcLine): boolean {
  const isMethod = command === "GET" || command === "POST" || command === "HEAD";
  return isMethod || params.at(-1)?.startsWith("HTTP/") === true;
}
