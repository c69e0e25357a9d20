/** Chat client without a user interface: connections, log-in, posts and files. */

import { Fault, ignoreFault, msg } from "../base/fault.ts";
import type { RoomId } from "../base/ids.ts";
import { ANSWER_TIMEOUT_MS, LOGIN_TIMEOUT_MS, SILENCE_MS_MAX } from "../base/limits.ts";
import { foldName } from "../base/names.ts";
import { proposeName } from "../base/new-names.ts";
import { dateOf, formatLocalSince } from "../base/time.ts";
import type { ChatRecord } from "../core/client/chat-record.ts";
import type { Receipt } from "../core/client/outbox.ts";
import type { QueuedBody } from "../core/client/queued-body.ts";
import type { ModelSnapshot } from "../core/model/snapshot.ts";
import type { OpenFileCipher } from "../crypto/seal/file-cipher.ts";
import { sha256 } from "../crypto/sha256.ts";
import { type Clock, delay } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { StoredAddresses } from "../io/state/client-state.ts";
import type { LogReader } from "../io/state/log-pins.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import type { ServerAddress } from "../wire/invite.ts";
import type { RequestFields } from "../wire/messages.ts";
import { AccountReader } from "./account-reader.ts";
import type { AuditAlarm, AuditedLink, AuditOutcome, LogAuditor } from "./auditor.ts";
import {
  type AccountLogin,
  ChatClient,
  type ChatEffect,
  type LinkedSession,
} from "./chat-client.ts";
import type { LoopState } from "./connection-loop.ts";
import {
  type ClientEvent,
  greetedEvent,
  type LinkEvent,
  linkEventOf,
  type ReaderEvent,
} from "./event.ts";
import { CursorWriter, EventBuffer } from "./event-buffer.ts";
import type { Hashing } from "./files/hashing.ts";
import type { MessageRequest, PreparedMessage } from "./files/message.ts";
import { Transfers } from "./files/transfers.ts";
import type { FollowMode } from "./follower.ts";
import type { EarlyRequest, LinkStats, ServerNotice } from "./link/connection.ts";
import type { GreetedServer } from "./link/greeting.ts";
import type { Keys } from "./link/keys.ts";
import { type HistoryPage, queryHistory, type SendRequest } from "./link/queries.ts";
import {
  interruptedPost,
  interruptedTransfer,
  noMajority,
  notConnected,
  notLoggedIn,
  unconfirmed,
} from "./link/retry.ts";
import { unlessStalled } from "./link/stalled.ts";
import type { Credentials, GreetedLink, LoginPolicy, LoginResult } from "./login.ts";
import type { ModelStoreOptions } from "./model-store.ts";
import type { AdoptedPost, MessageOwner, OutboxQueue } from "./outbox-queue.ts";
import type { ClientStores } from "./ports.ts";
import type { SealedHome } from "./sealed/sealing.ts";
import { type DialAddress, type FindOnLan, ServerLocator } from "./server-locator.ts";
import { pin } from "./trust.ts";

export interface ClientDependencies {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly dial: DialAddress;
  readonly findOnLan?: FindOnLan | undefined;
  readonly state: ClientStores;
  readonly keys: Keys;
  readonly hashing: Hashing;
  readonly fileCipher?: OpenFileCipher;
  readonly sealed?: SealedHome;
}

export interface ClientOptions {
  readonly address: string;
  readonly addresses?: readonly [ServerAddress, ...ServerAddress[]] | undefined;
  readonly storedAddresses?: StoredAddresses | undefined;
  /** `false` for the default server, whose last address may be dialled first. */
  readonly isServerExplicit?: boolean | undefined;
  readonly program: string;
  readonly credentials?: Credentials | undefined;
  /** Called when the client logs in to a server that accepts posts before its answer. */
  readonly onLogin?: ((post: EarlyPost) => void) | undefined;
  /** First requests of the command, sent with the log-in if the server accepts them. */
  readonly early?: readonly EarlyRequest[] | undefined;
  /** First message of the command, likewise, if it has one small file. */
  readonly earlyMessage?: MessageRequest | undefined;
  readonly fingerprint?: Fingerprint | undefined;
  readonly strict?: boolean;
  readonly follow: FollowMode;
  readonly adoptsUnsent?: boolean;
  readonly changesDefaults?: boolean;
  readonly reconnect?: boolean;
  /**
   * True for commands that end by themselves. They fail after a while without a connection or a
   * cluster majority.
   */
  readonly isOneShot?: boolean;
  /**
   * True if answers time out as with `isOneShot`, for a command that follows the server until it
   * has everything.
   */
  readonly limitsAnswers?: boolean;
  /** Whether the program reads events with `read`, which needs a cursor. Default: true. */
  readonly hasReader?: boolean;
  /** Model of a user interface. Without it, the model stays empty. */
  readonly model?: Pick<ModelStoreOptions, "nextFrame" | "itemsMax"> | undefined;
  readonly audits?: boolean;
  readonly onAlarm?: (alarm: AuditAlarm) => void;
}

/** Sends a post with the log-in. Returns `undefined` if the post must wait for the answer. */
export type EarlyPost = (to: string, body: QueuedBody) => Promise<Receipt> | undefined;

/** User interface of a client. */
export interface Presenter {
  perform(effect: ChatEffect): void;
  /** Receives events, also those emitted before the interface was attached. */
  event?(event: ClientEvent): void;
  /** Whether the interface has shown a message of its user. Default: true. */
  isDisplayed?(seq: number): boolean;
}

export interface Membership {
  readonly user: string;
  readonly account: string;
  readonly registered: boolean;
}

interface ClientAccount extends LinkedSession {
  readonly reader: AccountReader;
}

const PROGRAM_LOGIN_POLICY: LoginPolicy = {
  retriesOnLink: false,
  refusedRemedy: (newNames) => {
    const forNew = newNames === "invite" ? "CHAT_INVITE" : "CHAT_ROOM_PASSWORD";
    return (
      `set CHAT_PASSWORD${newNames === undefined ? "" : `, or ${forNew} to register a new name`}` +
      "; if you have a card with a code: chat passwd --reset"
    );
  },
  takenRemedy: (user) => {
    const other = proposeName(user, new Set([foldName(user)]));
    return (
      `set CHAT_PASSWORD, or choose another name, such as ${other}` +
      "; if you have a card with a code: chat passwd --reset"
    );
  },
  registrationRemedy: "set CHAT_ROOM_PASSWORD or use an invite",
};

/** Maximum number of events kept until the user interface is attached. */
const EARLY_EVENTS_MAX = 1_024;
/** Counting what is left unread in a room takes longer than printing a record. */
const PRINTED_DELAY_MS = 50;

/** Client of a program with a data folder: pins, cursors, and a stream of events to read. */
export class Client extends ChatClient<ClientAccount> {
  readonly #events: EventBuffer;
  readonly #listeners = new Set<(event: ClientEvent) => void>();
  readonly transfers: Transfers;
  readonly #locator: ServerLocator;
  /** Users who have logged out of this client, and whose accounts have a password. */
  readonly #signedOut = new Set<string>();
  #hasPassword = false;
  #closed: { readonly fault: Fault | undefined } | undefined;
  readonly #cursors: CursorWriter;
  #restoredFingerprint: Fingerprint | undefined;
  /** Fault of posts while the server reports that it records nothing. */
  #majorityFault: Fault | undefined;
  /** True from the log-in until the server has listed all rooms. */
  #isListing = false;
  #cancelListingTimeout = () => {};
  #lostAt: number | undefined;
  #presenter: Presenter | undefined;
  readonly #earlyEvents: ClientEvent[] = [];
  #lastAnnouncement = "";
  /** Last printed record of each room that the model does not know as read. */
  readonly #printed = new Map<RoomId, number>();
  /** Last printed reply of each thread. */
  readonly #printedReplies = new Map<number, number>();
  #cancelPrinted: (() => void) | undefined;
  /** First requests of the command, until a log-in is sent. */
  readonly #early: EarlyRequest[];
  #earlyMessage: PreparedMessage | undefined;
  #messages: MessageOwner | undefined;

  constructor(
    private readonly deps: ClientDependencies,
    private readonly options: ClientOptions,
  ) {
    const { address, program, reconnect = true, isOneShot, limitsAnswers = false } = options;
    const { hasReader = true, audits = true, model, onAlarm = () => undefined } = options;
    const { clock, keys: verifier, state, hashing } = deps;
    const locator = new ServerLocator({ ...deps, ...options });
    const offset = (unixMs: number) => -dateOf(unixMs).getTimezoneOffset();
    super({
      ...deps,
      ...locator.dialing,
      address,
      program,
      policy: PROGRAM_LOGIN_POLICY,
      sha256,
      reconnects: reconnect ? "always" : "never",
      remembersPassword: true,
      retriesOnUse: true,
      reportsStalls: !hasReader || isOneShot === true,
      stallMs: isOneShot === true ? SILENCE_MS_MAX : undefined,
      model,
      audit: {
        logs: state.logPins,
        formatTime: (unixMs) => formatLocalSince(unixMs, clock.unixMs(), offset),
        isAutomatic: audits,
        onAlarm: (alarm) => {
          onAlarm(alarm);
          // A command that is repeated after it failed must not send its messages twice.
          if (isOneShot === true) this.#posts?.refuseUnsent(alarm.fault);
        },
      },
      answerTimeoutMs: isOneShot === true || limitsAnswers ? ANSWER_TIMEOUT_MS : undefined,
    });
    this.#locator = locator;
    this.#early = [...(options.early ?? [])];
    this.transfers = new Transfers({
      clock,
      entropy: deps.entropy,
      activeLink: this.activeLink,
      hashing,
      uploads: state.uploads,
      cipher: deps.fileCipher,
      session: () => this.member.session,
      majorityFault: isOneShot === true ? () => this.#majorityFault : undefined,
      untilPosted: isOneShot === true ? (settled) => this.#unlessStalled(settled) : undefined,
      confirmed: (seq) => this.confirmed(seq),
      historyChecked: this.historyChecked,
      verifier,
      program,
    });
    this.#cursors = new CursorWriter(state, clock);
    this.#events = new EventBuffer((mark) => this.#cursors.schedule(mark));
  }

  get #posts(): OutboxQueue | undefined {
    return this.account?.session.posts;
  }

  get fingerprint(): Fingerprint | undefined {
    return this.loop.greeted?.fingerprint ?? this.#restoredFingerprint;
  }

  get serverAddress(): ServerAddress | undefined {
    return this.#locator.address;
  }

  get cluster(): readonly ServerAddress[] {
    return this.#locator.clusterAddresses;
  }

  get isConnected(): boolean {
    return this.loop.connection !== undefined;
  }

  get majorityFault(): Fault | undefined {
    return this.#majorityFault;
  }

  get stats(): LinkStats | undefined {
    return this.loop.connection?.stats;
  }

  /**
   * Reconnects after every loss. Resolves after the log-in, before the event `connected`.
   * @throws {Fault} if the server is unreachable or refuses
   */
  async connect(): Promise<Membership | undefined> {
    const { credentials, earlyMessage } = this.options;
    try {
      // The upload after the log-in reports a fault of its file.
      this.#earlyMessage = await (earlyMessage && this.transfers.prepare(earlyMessage))?.catch(
        ignoreFault,
      );
      if (credentials !== undefined) return membershipOf(await this.#logIn(credentials));
      await this.loop.open();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { size: unsent = 0 } = this.entering?.session.posts ?? {};
      void this.#finish(error);
      throw unsent === 0 ? error : unconfirmed(unsent, error);
    }
    return undefined;
  }

  async #logIn(credentials: Credentials): Promise<LoginResult> {
    try {
      return await this.loop.logIn(credentials);
    } catch (error) {
      const lacksMajority = error instanceof Fault && error.code === "no-majority";
      const wasReported = this.loop.greeted?.welcome.majority === false;
      // If the welcome already reported the lack of a majority, the other nodes have been tried.
      if (!lacksMajority || wasReported || !this.#locator.majorityLost()) throw error;
      this.loop.disconnect();
      return await this.loop.logIn(credentials);
    }
  }

  /**
   * Opens with what an earlier process has read, and connects in the background until it succeeds.
   * Faults that do not pass close the client.
   * @throws {Fault} store-… if the store fails
   */
  start(fingerprint: Fingerprint, user: string, snapshot: ModelSnapshot | undefined): void {
    const { credentials, hasReader = true } = this.options;
    const account = this.#newAccount(fingerprint, user);
    account.session.restore({ fingerprint, user }, hasReader ? undefined : snapshot?.after);
    this.#restoredFingerprint = fingerprint;
    this.restoreAccount(account);
    this.auditor.restored({ fingerprint, formers: [], user });
    if (snapshot !== undefined) this.store.applyNow(snapshot.event);
    this.loop.start(credentials);
  }

  subscribe(listener: (event: ClientEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Yields events until `closed`. An event counts as read when the reader requests the next one. A
   * slow reader causes the client to close the link until the reader has caught up.
   */
  async *read(): AsyncGenerator<ReaderEvent, void, undefined> {
    for (;;) {
      const event = await this.#events.next();
      if (event === undefined) return;
      // Flush first, because the reader may exit on this event.
      if (event.kind === "closed") this.#cursors.flush();
      yield event;
    }
  }

  /** Continues the messages with files whose posts are refused from now on. */
  continueMessages(owner: MessageOwner): void {
    this.#messages = owner;
  }

  /** Attaches the user interface. */
  present(presenter: Presenter): void {
    this.#presenter = presenter;
    for (const event of this.#earlyEvents.splice(0)) presenter.event?.(event);
  }

  /** Takes the posts that an earlier run of the same command has queued under the key. */
  async takeQueued(key: string): Promise<readonly AdoptedPost[]> {
    return (await this.#posts?.takeAdopted(key)) ?? [];
  }

  /** The command has reported all of its posts, so that a repetition is a new message. */
  forgetReported(): void {
    this.#posts?.forgetKept();
  }

  override post(target: string, body: QueuedBody): Promise<Receipt> {
    if (this.#closed !== undefined) return Promise.reject(interruptedPost());
    // Refused like those that the alarm has found.
    if (this.options.isOneShot === true && this.alarm !== undefined)
      return Promise.reject(this.alarm);
    return super.post(target, body);
  }

  ready(): Promise<void> {
    return this.#unlessStalled(this.#posts?.ready());
  }

  /**
   * Resolves when the server has sent nothing for this long, although it was asked to, or when
   * there has been no link for this long. Ends waits for rate limits.
   */
  async untilUnresponsive(ms: number): Promise<void> {
    for (;;) {
      const { connection } = this.loop;
      connection?.stopWaiting();
      connection?.probe(0);
      const receivedAt = connection?.lastReceivedAt;
      await delay(this.deps.clock, ms);
      const current = this.loop.connection;
      if (current === undefined || current.lastReceivedAt === receivedAt) return;
    }
  }

  /** Reports the posts that are still queued on disk. */
  unsentFault(): Fault | undefined {
    const { unsent } = this;
    const cause = this.#posts?.heldFault ?? new Fault("timeout", NO_ANSWER);
    return unsent === 0 ? undefined : unconfirmed(unsent, cause);
  }

  /**
   * Resolves when every post is stored or refused.
   * @throws {Fault} no-majority, timeout or admin-pending; unsettled posts remain queued on disk
   */
  drain(): Promise<void> {
    return this.#unlessStalled(this.#posts?.drained());
  }

  async #unlessStalled(settled = Promise.resolve()): Promise<void> {
    if (this.unsent === 0) return settled;
    const faultOf = (stalledMs: number) => {
      const timeout =
        stalledMs >= POSTS_STALL_TIMEOUT_MS ? new Fault("timeout", NO_ANSWER) : undefined;
      const held = this.#posts?.heldFault;
      const cause = held ?? this.#majorityFault ?? timeout;
      return cause && unconfirmed(this.unsent, cause);
    };
    await unlessStalled(this.deps.clock, settled, () => this.unsent, faultOf);
  }

  readonly requestOnce: SendRequest = async (kind, fields) => {
    const { connection } = this.loop;
    if (connection === undefined) throw notConnected();
    return new Promise((resolve, reject) => {
      connection.requestThen(kind, fields, (outcome) => {
        if (outcome.kind === "refused") return reject(outcome.fault);
        const { answer } = outcome;
        if ("seq" in answer) this.confirmed(answer.seq);
        resolve(answer);
      });
    });
  };

  get auditedLink(): AuditedLink {
    const audited = this.account?.session.auditedLink;
    if (audited === undefined) throw notLoggedIn();
    return audited;
  }

  /** @param known pins of a witness, instead of this device's */
  audit(known?: Parameters<LogAuditor["auditAll"]>[1]): Promise<AuditOutcome> {
    return this.auditor.auditAll(this.auditedLink, known);
  }

  async auditSettled(): Promise<void> {
    await this.auditor.settled();
    if (this.alarm !== undefined) throw this.alarm;
  }

  async history(fields: RequestFields<"history">): Promise<HistoryPage> {
    const observe = (head: Uint8Array, record: ChatRecord) => this.auditor.observe(head, record);
    const ask = () =>
      this.historyWith(fields, (query) =>
        queryHistory(this.request, sha256, query, this.deps.clock.unixMs(), observe),
      );
    return ask().catch(async (error: unknown) => {
      // The page may be what the former path did not carry.
      if (this.options.isOneShot !== true || this.loop.state.kind !== "waiting") throw error;
      await this.activeLink.next(AbortSignal.timeout(LINK_LOSS_TIMEOUT_MS));
      return ask();
    });
  }

  async login(credentials: Credentials): Promise<Membership> {
    const { user } = this;
    if (user !== undefined)
      throw new Fault("already-logged-in", msg`you are already logged in as ${user}`);
    if (this.loop.connection === undefined) throw notConnected();
    return membershipOf(await this.loop.logIn(credentials));
  }

  /**
   * Waits until all posts are settled and keeps the link open. The next log-in of this client needs
   * the password, if the account has one. `forget` unenrols this device, so that also later clients
   * need it.
   */
  async logout(forget = false): Promise<void> {
    const { session } = this.member;
    await this.drain();
    this.reportPrinted();
    await this.endSession(forget ? { forget } : {});
    if (this.#hasPassword) this.#signedOut.add(session.user.toLowerCase());
    const { fingerprint } = this;
    if (forget && fingerprint !== undefined) {
      this.deps.state.unenrol(fingerprint, session.user);
      this.deps.state.messages.removeAll({ fingerprint, user: session.user });
    }
    this.#emit({ kind: "left" });
    void this.auditor.write();
    session.logOut();
  }

  /** @param isUnresponsive the server does not answer, so do not wait until it closes the link */
  async close(isUnresponsive = false): Promise<void> {
    this.#events.markCurrentRead();
    this.reportPrinted();
    if (!isUnresponsive) await this.transfers.interruptStreams();
    const finished = this.#finish(undefined);
    if (!isUnresponsive) await finished;
    await this.auditor.close();
  }

  /** Marks what the reader has printed as read: this record, and those before it. */
  markPrinted({ room, n }: ChatRecord): void {
    this.#printed.set(room.id, n);
    this.#schedulePrinted();
  }

  /** Marks a message that calls the user as read, but not those before it. */
  markCallPrinted(room: RoomId, n: number): void {
    this.store.enqueue({ kind: "printed-call", room, n });
    this.store.update();
  }

  /** Marks a reply in a followed thread as read, with those before it, but not its room. */
  markReplyPrinted(root: number, seq: number): void {
    this.#printedReplies.set(root, seq);
    this.#schedulePrinted();
  }

  #schedulePrinted(): void {
    this.#cancelPrinted ??= this.deps.clock.after(PRINTED_DELAY_MS, () => this.#applyPrinted());
  }

  /** Tells the server now what was printed, so that its next answer does not count that. */
  reportPrinted(): void {
    this.#applyPrinted();
    this.account?.session.flush();
  }

  #applyPrinted(): void {
    this.#cancelPrinted?.();
    this.#cancelPrinted = undefined;
    for (const [room, n] of this.#printed) this.store.enqueue({ kind: "printed", room, n });
    for (const [root, seq] of this.#printedReplies)
      this.store.enqueue({ kind: "printed-reply", root, seq });
    this.#printed.clear();
    this.#printedReplies.clear();
    this.store.update();
  }

  /** Leaves all events from now on unread, because nobody receives the output. */
  stopMarking(): void {
    this.#cursors.stop();
  }

  /** Ends the client with a fault, because its home can no longer store anything. */
  fail(fault: Fault): void {
    this.#cursors.discard();
    void this.#finish(fault);
  }

  protected override greeted(greeted: GreetedServer): void {
    const { address, fingerprint: given, strict = false } = this.options;
    // Flush before `pin` moves the data stored under the server's old key.
    this.#cursors.flush();
    const event = pin(greeted, this.deps, { address, requested: given, strict });
    this.#locator.confirmAddress();
    if (event !== undefined) this.#publish(event);
  }

  /** Only commands that post with their log-in need a proof before it. */
  protected override expectedReader(): LogReader | undefined {
    const { address, credentials, onLogin, earlyMessage } = this.options;
    if (credentials === undefined || (onLogin ?? earlyMessage) === undefined) return undefined;
    const { state } = this.deps;
    const { user } = credentials;
    const fingerprint = state.pin(address)?.fingerprint ?? state.onlyServerOf(user);
    return fingerprint === undefined ? undefined : { fingerprint, formers: [], user };
  }

  protected override accountFor(
    greeted: GreetedServer,
    requestedName: string,
    known: ClientAccount | undefined,
  ) {
    const { state } = this.deps;
    const { onLogin } = this.options;
    const { fingerprint } = greeted;
    const account = known ?? this.#newAccount(fingerprint, requestedName);
    const { session } = account;
    const beforeSignature = ({ connection }: GreetedLink) => {
      const owner = { fingerprint, user: requestedName };
      const isProved = this.auditor.isProved(connection) || !this.isAuditing;
      if (isProved) onLogin?.((to, body) => session.postEarly(owner, to, body));
      const message = isProved ? this.#earlyMessage : undefined;
      this.#earlyMessage = undefined;
      const upload = message?.earlyRequest(owner);
      return () => {
        if (upload !== undefined && connection.requestEarly(...upload))
          message?.post((to, body) => session.postEarly(owner, to, body));
        session.loginSent(connection);
        for (const request of this.#early.splice(0)) connection.requestEarly(...request);
        this.requestProofsEarly(connection, greeted, requestedName);
      };
    };
    return {
      account,
      beforeSignature,
      presence: this.options.follow !== "none",
      isEnrolled: state.enrolment(fingerprint, requestedName) !== undefined,
      mayUseKey: !this.#signedOut.has(requestedName.toLowerCase()),
      // Unsent messages stay: a restored server does not know a device either. They belong to the
      // account, and continue after its next log-in.
      onUnenrolled: () => state.unenrol(fingerprint, requestedName),
    };
  }

  protected override loggedIn(
    _account: ClientAccount,
    { link, result, requestedName, isRenamed }: AccountLogin<ClientAccount>,
  ): void {
    const { state } = this.deps;
    const { greeted } = link;
    const { fingerprint, welcome } = greeted;
    const { user, account, hasPassword } = result.account;
    this.#hasPassword = hasPassword === true;
    this.#signedOut.delete(user.toLowerCase());
    state.enrol(fingerprint, user, account);
    if (user.toLowerCase() !== requestedName.toLowerCase()) {
      // The account was renamed, and the old name redirects to the new one.
      this.#cursors.flush();
      state.moveUser(fingerprint, requestedName, user);
    }
    this.#rememberDefaults(fingerprint, user);
    this.#emit(greetedEvent(greeted, { keepsKey: true }));
    this.#emit({ kind: "entered", user, isRenamed });
    const event = this.#locator.loggedIn(fingerprint);
    if (event !== undefined) this.#publish(event);
    this.#noteMajority(welcome.majority !== false, welcome.refusal);
  }

  protected override handleNotice(
    notice: ServerNotice,
    { connection, greeted }: GreetedLink,
  ): boolean {
    if (notice.kind === "majority") {
      const { on, refusal } = notice;
      if (!on && this.#leaveMinority(greeted, refusal)) return true;
      this.#noteMajority(on, refusal);
    }
    return this.#locator.notice(notice, greeted.fingerprint, connection);
  }

  protected override whenReady(callback: () => void): void {
    this.#events.whenLow(callback);
  }

  protected override isDisplayed(seq: number): boolean {
    return this.#presenter?.isDisplayed?.(seq) ?? true;
  }

  protected override perform(effect: ChatEffect): void {
    this.#presenter?.perform(effect);
  }

  protected override connected(
    _account: ClientAccount,
    { link: { connection } }: AccountLogin<ClientAccount>,
  ): void {
    // The notices that arrived together with the answer to the log-in are already handled.
    if (this.options.isOneShot !== true || !this.#isListing) return;
    const timeOut = () => connection.close(new Fault("timeout", NO_ANSWER));
    this.#cancelListingTimeout = this.deps.clock.after(LOGIN_TIMEOUT_MS, timeOut);
    connection.onClosed(() => this.#cancelListingTimeout());
  }

  #noteMajority(on: boolean, refusal: string | undefined): void {
    this.#majorityFault = on ? undefined : noMajority(refusal);
  }

  /** Leaves a node that has lost the majority for a different node, which may still have it. */
  #leaveMinority({ welcome }: GreetedServer, refusal: string | undefined): boolean {
    if (welcome.majority === false || !this.#locator.majorityLost()) return false;
    this.loop.reconnect(noMajority(refusal), false);
    return true;
  }

  #rememberDefaults(fingerprint: Fingerprint, user: string): void {
    const { clock, state } = this.deps;
    const { address, changesDefaults } = this.options;
    const { rememberedAddress } = this.#locator;
    const last = state.lastServer();
    const hasMoved =
      rememberedAddress !== address &&
      last !== undefined &&
      state.pin(last)?.fingerprint === fingerprint;
    state.setLastServer(rememberedAddress, clock.unixMs(), changesDefaults === true || hasMoved);
    state.setLastUser(fingerprint, user, clock.unixMs(), changesDefaults);
  }

  #newAccount(known: Fingerprint, user: string): ClientAccount {
    const { state, sealed: home } = this.deps;
    const { follow, adoptsUnsent = true, hasReader = true, model } = this.options;
    const identity = () => ({
      fingerprint: this.fingerprint ?? known,
      user: this.account === account ? session.user : user,
    });
    this.#cursors.flush();
    const session = this.newSession({
      follow,
      adoptsUnsent,
      outboxes: state.outboxes,
      messages: () => this.#messages,
      hasPrefs: model !== undefined,
      after: follow === "all" && hasReader ? state.cursor(known, user) : undefined,
      sealed: { home, load: async () => (await import("./sealed/code.ts")).SEALED_CODE },
      logs: state.logPins,
      transfers: () => this.transfers,
    });
    const reader = new AccountReader(follow, () => session.rooms, {
      event: (event) => this.#push(event),
      cursor: (seq) => {
        if (follow === "all") this.#events.mark({ ...identity(), seq });
      },
      rewind: (seq) => {
        if (follow === "all") this.#cursors.rewind({ ...identity(), seq });
      },
    });
    const account = { session, reader };
    return account;
  }

  protected override handleEvent(event: ClientEvent): void {
    if (this.#isRepeated(event)) return super.handleEvent(event);
    this.#emit(event);
    // A reader hides the records of ignored people before the next frame.
    if (event.kind === "listing" || event.kind === "ignored") this.store.update();
    if (event.kind === "listing") this.#isListing = true;
    if (event.kind === "caught-up") {
      this.#isListing = false;
      this.#cancelListingTimeout();
    }
    this.account?.reader.handle(event);
  }

  /** Whether an event only repeats what the server has sent, or what this device has reported. */
  #isRepeated(event: ClientEvent): boolean {
    // A known position comes again with a new number of unread messages.
    if (event.kind === "read")
      return event.n <= (this.store.current.rooms.get(event.room)?.read ?? 0);
    // The announcement comes after each connection.
    if (event.kind !== "announced") return false;
    const announcement = `${event.time} ${event.text}`;
    const isRepeated = announcement === this.#lastAnnouncement;
    this.#lastAnnouncement = announcement;
    return isRepeated;
  }

  #emit(event: ClientEvent): void {
    super.handleEvent(event);
    for (const listener of [...this.#listeners]) listener(event);
    if (this.#presenter?.event !== undefined) return this.#presenter.event(event);
    if (event.kind === "record" || this.#presenter !== undefined) return;
    this.#earlyEvents.push(event);
    if (this.#earlyEvents.length > EARLY_EVENTS_MAX) this.#earlyEvents.shift();
  }

  #push(event: ReaderEvent): void {
    if (this.options.hasReader === false) return;
    this.#events.push(event);
    if (!this.#events.isFull) return;
    // The reader is too slow, so disconnect until the buffer has room again.
    this.loop.reconnect(
      new Fault("too-many", msg`messages arrive faster than they are read`),
      true,
    );
  }

  #publish(event: Extract<LinkEvent, ReaderEvent>): void {
    this.#emit(event);
    this.#push(event);
  }

  protected override stateChanged(state: LoopState): void {
    const event = linkEventOf(state);
    if (event === undefined) {
      this.#lostAt = undefined;
      return;
    }
    if (event.kind !== "lost" && event.kind !== "retrying") this.#emit(event);
    if (event.kind === "stopped") void this.#finish(event.fault);
    if (event.kind !== "lost" && event.kind !== "retrying") return;
    this.#locator.lost();
    const now = this.deps.clock.now();
    this.#lostAt ??= now;
    if (this.options.isOneShot === true && now - this.#lostAt >= LINK_LOSS_TIMEOUT_MS) {
      queueMicrotask(() => void this.#finish(event.fault));
    }
    this.#publish(event);
  }

  #finish(fault: Fault | undefined): Promise<void> {
    if (this.#closed !== undefined) return Promise.resolve();
    this.#closed = { fault };
    this.#cancelPrinted?.();
    const transferFault = fault ?? interruptedTransfer();
    const { session } = this.account ?? this.entering ?? {};
    session?.logOut(fault ?? interruptedPost(), transferFault);
    this.activeLink.loggedOut(transferFault);
    const closed = this.loop.close(fault ?? interruptedPost());
    this.#cursors.flush();
    this.#publish({ kind: "closed", fault });
    return closed;
  }
}

/** Maximum wait of a one-shot command for reconnection. A server restarts within this time. */
const LINK_LOSS_TIMEOUT_MS = 45_000;
/** Maximum wait of a one-shot command for progress. A dead link is detected sooner. */
const POSTS_STALL_TIMEOUT_MS = 60_000;
const NO_ANSWER = "the server does not answer";

function membershipOf({ account, registered }: LoginResult): Membership {
  return { user: account.user, account: account.account, registered };
}
