/** A chat client without a user interface: connections, log-in, posts and files. */

import { Fault, msg } from "../base/fault.ts";
import { LOGIN_TIMEOUT_MS } from "../base/limits.ts";
import { foldName } from "../base/names.ts";
import { proposeName } from "../base/new-names.ts";
import { dateOf, formatLocalSince } from "../base/time.ts";
import type { ChatRecord } from "../core/client/chat-record.ts";
import type { Receipt } from "../core/client/outbox.ts";
import type { OpenFileCipher } from "../crypto/seal/file-cipher.ts";
import { sha256 } from "../crypto/sha256.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { Link } from "../io/link/link.ts";
import type { KeptPlaces } from "../io/state/client-state.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import type { ServerPlace } from "../wire/invite.ts";
import type { PostBody, RequestFields } from "../wire/messages.ts";
import { AccountLink, type LinkedAccount, type LogIn } from "./account-link.ts";
import { AccountReader } from "./account-reader.ts";
import { type AuditAlarm, type AuditedLink, type AuditOutcome, LogAuditor } from "./auditor.ts";
import type { GreetedLink } from "./connection-loop.ts";
import { CursorKeeper } from "./cursor-keeper.ts";
import {
  greetedEvent,
  type LinkEvent,
  linkEventOf,
  type ReaderEvent,
  type SessionEvent,
} from "./event.ts";
import { EventBuffer } from "./event-buffer.ts";
import type { FollowMode } from "./follower.ts";
import type { Connection, LinkStats, ServerNotice } from "./link/connection.ts";
import type { Keys } from "./link/keys.ts";
import { type Ask, type HistoryPage, queryHistory } from "./link/queries.ts";
import {
  leftUnfinished,
  leftUnsent,
  notConnected,
  notLoggedIn,
  unconfirmed,
  withoutMajority,
} from "./link/retry.ts";
import { unlessStalled } from "./link/stalled.ts";
import type { Credentials, Entered, LoginManner } from "./login.ts";
import { pin } from "./pinning.ts";
import type { ClientStores } from "./ports.ts";
import { AccountFiles } from "./sealed/account-files.ts";
import type { SealedHome } from "./sealed/sealing.ts";
import type { Hashing } from "./transfer/hashing.ts";
import { Transfers } from "./transfer/transfers.ts";
import { type Greeted, greet } from "./trust.ts";
import { Whereabouts } from "./whereabouts.ts";

export interface ClientParts {
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Makes one attempt to reach the server. @throws {Fault} unreachable, timeout, port-taken */
  readonly dial: (place: ServerPlace) => Promise<Link>;
  readonly state: ClientStores;
  readonly keys: Keys;
  readonly hashing: Hashing;
  readonly fileCipher?: OpenFileCipher;
  /** If absent, sealed rooms can neither be read nor written. */
  readonly sealed?: SealedHome;
}

export interface ClientOptions {
  /** The server's address in the pin store: `HOST:PORT`, always in the same spelling. */
  readonly address: string;
  /** Addresses that the user gave, best first; default `address` alone. */
  readonly places?: readonly [ServerPlace, ...ServerPlace[]] | undefined;
  /** Further addresses that a server with that key has sent to this home. */
  readonly kept?: KeptPlaces | undefined;
  /** False if the user did not name the server now, so that the last address may come first. */
  readonly isNamed?: boolean | undefined;
  readonly program: string;
  readonly credentials?: Credentials | undefined;
  /** Server fingerprint expected by the user or an invite. */
  readonly fingerprint?: Fingerprint | undefined;
  /** Refuses a server whose fingerprint nobody has confirmed. */
  readonly strict?: boolean;
  readonly follow: FollowMode;
  /** Sends the unsent posts of earlier runs; default true. */
  readonly adopt?: boolean;
  /** Makes this account and server the default of this home. */
  readonly changesDefaults?: boolean;
  /** Reconnects after a loss (default), or ends. */
  readonly reconnect?: boolean;
  /**
   * For commands that end by themselves: fails after a while without a connection or a majority.
   */
  readonly isBrief?: boolean;
  /**
   * False: `read` yields nothing. For a user interface with a model, which subscribes: it has no
   * cursor, so that each run begins with the rooms and asks for pages of them.
   */
  readonly isRead?: boolean;
  /** False: the caller asks for proofs of the log itself. */
  readonly audits?: boolean;
  /** Called when the server's log fails the audit, before the client ends. */
  readonly onAlarm?: (alarm: AuditAlarm) => void;
}

export interface Membership {
  readonly user: string;
  readonly account: string;
  readonly registered: boolean;
}

interface Stay extends LinkedAccount {
  readonly reader: AccountReader;
}

/** Secrets come from flags, the environment, or a user at a terminal. */
const PROGRAM_MANNER: LoginManner = {
  triesAgain: false,
  refused: (mayRegister) =>
    `give the password (CHAT_PASSWORD)${
      mayRegister ? ", or for a new name the room password (CHAT_ROOM_PASSWORD)" : ""
    }`,
  taken: (user) => {
    const other = proposeName(user, new Set([foldName(user)]));
    return `give its password (CHAT_PASSWORD), or choose another name, as in ${other}`;
  },
  newcomer: "give it as CHAT_ROOM_PASSWORD, or use an invite",
};

export class Client extends AccountLink<Stay> {
  readonly #parts: ClientParts;
  readonly #options: ClientOptions;
  readonly #events: EventBuffer;
  readonly #listeners = new Set<(event: SessionEvent) => void>();
  readonly transfers: AccountFiles;
  readonly #whereabouts: Whereabouts;
  #end: { readonly fault: Fault | undefined } | undefined;
  readonly #cursors: CursorKeeper;
  readonly #auditor: LogAuditor;
  #hasMajority = true;
  /** Called when the rooms of the current link are known. */
  #listed = () => {};
  #lostAt: number | undefined;
  #alarm: Fault | undefined;

  constructor(parts: ClientParts, options: ClientOptions) {
    const { address, program, reconnect = true, isBrief, isRead = true, audits = true } = options;
    const whereabouts = new Whereabouts({ ...parts, ...options });
    super(
      {
        ...{ ...parts, ...whereabouts.ways, address, program, manner: PROGRAM_MANNER },
        ...{ reconnects: reconnect ? "always" : "never", keepsPassword: true },
        ...{ hurries: true, showsStalls: !isRead },
        ...(isBrief === true ? { answerWithinMs: LOGIN_TIMEOUT_MS } : {}),
      },
      {
        state: (state) => this.#stands(linkEventOf(state)),
        event: (event) => this.#happened(event),
        greeted: (greeted) => this.#trust(greeted),
        account: (greeted, asked, known) => this.#accountOf(greeted, asked, known),
        entered: (_, login) => this.#entered(login),
        takes: (notice, link) => this.#takes(notice, link),
        connected: (_, { link }) => {
          if (isBrief === true) this.#endUnlessListed(link.connection);
        },
        audit: (act) => {
          if (audits) act(this.#auditor);
        },
        whenReady: (callback) => this.#events.whenLow(callback),
      },
    );
    this.#parts = parts;
    this.#options = options;
    this.#whereabouts = whereabouts;
    const { clock, keys: verifier, state, hashing } = parts;
    const { uploads, logs } = state;
    const transfers = new Transfers({
      ...{ clock, entropy: parts.entropy, activeLink: this.activeLink, hashing },
      ...(isBrief === true ? { hasMajority: () => this.#hasMajority } : {}),
      confirmed: (seq) => this.confirmed(seq),
      greet: (connection) => greet(connection, { ...parts, verifier, program }),
    });
    this.transfers = new AccountFiles({
      ...{ transfers, hashing, cipher: parts.fileCipher, uploads },
      session: () => this.loggedIn.session,
    });
    this.#cursors = new CursorKeeper(state, clock);
    const offset = (unixMs: number) => -dateOf(unixMs).getTimezoneOffset();
    const moment = (unixMs: number) => formatLocalSince(unixMs, clock.unixMs(), offset);
    this.#auditor = new LogAuditor({ clock, verifier, logs, moment }, (alarm) =>
      this.#alarmed(alarm),
    );
    this.#events = new EventBuffer((mark) => this.#cursors.note(mark));
  }

  /** Account name as the server spells it; `undefined` if not logged in. */
  get user(): string | undefined {
    return this.account?.session.user;
  }

  /** Read state and ignored users; `undefined` before the log-in. */
  get reading(): AccountReader | undefined {
    return (this.account ?? this.former)?.reader;
  }

  /** Marks the room as read up to record `n`, for a user interface that counts by itself. */
  readUpTo(room: string, n: number): void {
    this.account?.session.read(room, n);
  }

  get fingerprint(): Fingerprint | undefined {
    return this.loop.greeted?.fingerprint;
  }

  /** Address at which the server was reached. */
  get place(): ServerPlace | undefined {
    return this.#whereabouts.place;
  }

  get cluster(): readonly ServerPlace[] {
    return this.#whereabouts.told;
  }

  get isConnected(): boolean {
    return this.loop.connection !== undefined;
  }

  /** False while the server's cluster is known to have no majority. */
  get hasMajority(): boolean {
    return this.#hasMajority;
  }

  get stats(): LinkStats | undefined {
    return this.loop.connection?.stats;
  }

  /**
   * Reaches the server once and logs in, then reconnects after every loss. Resolves when logged in;
   * the event `connected` follows when the rooms are known.
   * @throws {Fault} if it cannot be reached or refuses
   */
  async connect(): Promise<Membership | undefined> {
    const { credentials } = this.#options;
    try {
      if (credentials !== undefined) return membershipOf(await this.#enter(credentials));
      await this.loop.open();
    } catch (error) {
      if (error instanceof Fault) void this.#finish(error);
      throw error;
    }
    return undefined;
  }

  /** Logs in; tries the other nodes if one has no majority. @throws {Fault} */
  async #enter(credentials: Credentials): Promise<Entered> {
    try {
      return await this.loop.enter(credentials);
    } catch (error) {
      const isSplit = error instanceof Fault && error.code === "no-majority";
      const isKnown = this.loop.greeted?.welcome.majority === false;
      // The other nodes were tried already if the welcome reported no majority.
      if (!isSplit || isKnown || !this.#whereabouts.withoutMajority()) throw error;
      this.loop.leave();
      return await this.loop.enter(credentials);
    }
  }

  /** Receives every event as it happens. @returns a function that ends the subscription */
  subscribe(listener: (event: SessionEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Yields events in order, at the pace of one reader; ends after `closed`. An event counts as seen
   * when the next one is requested. A reader that is too slow loses the link until it has caught
   * up.
   */
  async *read(): AsyncGenerator<ReaderEvent, void, undefined> {
    for (;;) {
      const event = await this.#events.next();
      if (event === undefined) return;
      if (event.kind === "closed") this.#cursors.flush(); // The reader may end with this event.
      yield event;
    }
  }

  /**
   * Resolves when the server has the post on disk, over however many links that takes.
   * @throws {Fault} if the server refused it, too-many (10,000 are pending), interrupted (closed)
   */
  post(target: string, body: PostBody): Promise<Receipt> {
    if (this.#end !== undefined) return Promise.reject(leftUnsent());
    if (this.account === undefined) return Promise.reject(notLoggedIn());
    this.loop.awaited();
    return this.account.session.posts.post(target, body);
  }

  /**
   * Resolves when a post would not wait long, for writers faster than the network.
   * @throws {Fault} as `drain`
   */
  ready(): Promise<void> {
    return this.#unlessStalled(this.account?.session.posts.ready());
  }

  /**
   * Resolves when every post is settled, stored or refused.
   * @throws {Fault} no-majority, timeout: the server confirms none of them; they stay stored
   */
  drain(): Promise<void> {
    return this.#unlessStalled(this.account?.session.posts.drained());
  }

  async #unlessStalled(settled = Promise.resolve()): Promise<void> {
    if (this.unsent === 0) return settled;
    const faultOf = (stillMs: number) => {
      const silent = stillMs >= POSTS_STALLED_MS ? new Fault("timeout", SILENT) : undefined;
      const why = this.#hasMajority ? silent : withoutMajority();
      return why && unconfirmed(this.unsent, why);
    };
    await unlessStalled(this.#parts.clock, settled, () => this.unsent, faultOf);
  }

  /**
   * Sends a request without the retry after a rate limit, for requests whose order matters.
   * @throws {Fault} as `request`
   */
  readonly requestOnce: Ask = async (kind, fields) => {
    const { connection } = this.loop;
    if (connection === undefined) throw notConnected();
    return new Promise((resolve, reject) => {
      connection.askThen(kind, fields, (outcome) => {
        if (outcome.kind === "refused") return reject(outcome.fault);
        const { answer } = outcome;
        if ("seq" in answer) this.confirmed(answer.seq);
        resolve(answer);
      });
    });
  };

  /** The link on which proofs of the log are requested. @throws {Fault} not-logged-in */
  get audited(): AuditedLink {
    const audited = this.account?.session.audited;
    if (audited === undefined) throw notLoggedIn();
    return audited;
  }

  /** Asks for proofs of all that this device has read, and judges them. @throws {Fault} */
  audit(): Promise<AuditOutcome> {
    return this.#auditor.all(this.audited);
  }

  /** Waits for proofs in flight, before a program ends. @throws {Fault} log-… */
  async proved(): Promise<void> {
    await this.#auditor.settled();
    if (this.#alarm !== undefined) throw this.#alarm;
  }

  /** Returns a page of the past, oldest first; it counts as read. @throws {Fault} */
  async history(fields: RequestFields<"history">): Promise<HistoryPage> {
    const saw = (head: Uint8Array, record: ChatRecord) => this.#auditor.saw(head, record);
    return this.historyWith(fields, (asked) => queryHistory(this.request, sha256, asked, saw));
  }

  /**
   * Logs in, or registers, on the current link.
   * @throws {Fault} already-logged-in, and as `connect`
   */
  async login(credentials: Credentials): Promise<Membership> {
    const { user } = this;
    if (user !== undefined) throw new Fault("already-logged-in", msg`you are logged in as ${user}`);
    if (this.loop.connection === undefined) throw notConnected();
    return membershipOf(await this.loop.enter(credentials));
  }

  /**
   * Waits for the posts, then logs out; the link stays. `forget`: this device must log in with a
   * password again.
   */
  override async logout(forget = false): Promise<void> {
    const { session } = this.loggedIn;
    await this.drain();
    session.flush();
    await super.logout(forget);
    const { fingerprint } = this;
    if (forget && fingerprint !== undefined) {
      this.#parts.state.unenrol(fingerprint, session.user);
    }
    this.#emit({ kind: "left" });
    void this.#auditor.write();
    session.leave();
  }

  /** Closes immediately and refuses unconfirmed posts. Resolves when the goodbye is sent. */
  async close(): Promise<void> {
    this.#events.settle();
    this.account?.session.flush();
    await this.#finish(undefined);
    await this.#auditor.close();
  }

  #trust(greeted: Greeted): void {
    const { address, fingerprint: given, strict = false } = this.#options;
    this.#cursors.flush(); // Data stored under an old key moves with it.
    const news = pin(greeted, this.#parts, { address, given, strict });
    this.#whereabouts.found();
    if (news !== undefined) this.#tell(news);
  }

  #accountOf(greeted: Greeted, asked: string, known: Stay | undefined) {
    const { state } = this.#parts;
    const { fingerprint } = greeted;
    return {
      account: known ?? this.#newStay(fingerprint, asked),
      presence: this.#options.follow !== "none",
      isEnrolled: state.enrolment(fingerprint, asked) !== undefined,
      forgotten: () => state.unenrol(fingerprint, asked),
    };
  }

  #entered({ link, entered, asked, isRenamed }: LogIn<Stay>): void {
    const { state } = this.#parts;
    const { greeted } = link;
    const { fingerprint, welcome } = greeted;
    const { user, account } = entered.account;
    state.enrol(fingerprint, user, account);
    if (user.toLowerCase() !== asked.toLowerCase()) {
      this.#cursors.flush(); // Renamed: the old name in this home leads to the new one.
      state.moveUser(fingerprint, asked, user);
    }
    this.#note(fingerprint, user);
    this.#emit(greetedEvent(greeted, { keepsKey: true }));
    this.#emit({ kind: "entered", user, isRenamed });
    const elsewhere = this.#whereabouts.entered(fingerprint);
    if (elsewhere !== undefined) this.#tell(elsewhere);
    this.#hasMajority = welcome.majority !== false;
  }

  /** @returns whether the notice concerns only the server's cluster */
  #takes(notice: ServerNotice, { connection, greeted }: GreetedLink): boolean {
    if (notice.kind === "majority" && !notice.on && this.#leavesFor(greeted)) return true;
    if (notice.kind === "majority") this.#hasMajority = notice.on;
    return this.#whereabouts.notice(notice, greeted.fingerprint, connection);
  }

  /** Ends a link on which the server never lists the rooms. */
  #endUnlessListed(connection: Connection): void {
    const late = () => connection.close(new Fault("timeout", SILENT));
    this.#listed = this.#parts.clock.after(LOGIN_TIMEOUT_MS, late);
    connection.onClosed(() => this.#listed());
  }

  /** Another machine of the cluster may have the majority that this one has just lost. */
  #leavesFor({ welcome }: Greeted): boolean {
    if (welcome.majority === false || !this.#whereabouts.withoutMajority()) return false;
    this.loop.mend(withoutMajority(), false);
    return true;
  }

  /** Stops sending; the fault ends the link and the client. */
  #alarmed(alarm: AuditAlarm): void {
    this.#alarm = alarm.fault;
    this.#options.onAlarm?.(alarm);
    this.loop.mend(alarm.fault, true);
  }

  #note(fingerprint: Fingerprint, user: string): void {
    const { clock, state } = this.#parts;
    const { address, changesDefaults } = this.#options;
    state.noteServer(address, clock.unixMs(), changesDefaults);
    state.noteUser(fingerprint, user, clock.unixMs(), changesDefaults);
  }

  #newStay(known: Fingerprint, user: string): Stay {
    const { state, sealed: home } = this.#parts;
    const { follow, adopt: adopts = true, isRead = true } = this.#options;
    // The server's key and the account's name may change meanwhile.
    const place = () => ({
      fingerprint: this.fingerprint ?? known,
      user: this.account === stay ? session.user : user,
    });
    this.#cursors.flush(); // An account that was logged in before on this client may log in again.
    const session = this.newSession({
      ...{ sha256, follow, adopts, outboxes: state.outboxes, hasPrefs: !isRead },
      after: follow === "all" && isRead ? state.cursor(known, user) : undefined,
      sealed: { home, load: async () => (await import("./sealed/code.ts")).SEALED_CODE },
      pin: async (reader) => state.logs.pin(reader),
      sayLeft: () => this.transfers.sayLeft(),
    });
    const reader = new AccountReader(follow, () => session.rooms, {
      event: (event) => this.#push(event),
      cursor: (seq) => {
        if (follow === "all") this.#events.mark({ ...place(), seq });
      },
      rewind: (seq) => {
        if (follow === "all") this.#cursors.rewind({ ...place(), seq });
      },
      read: (room, n) => session.read(room, n),
    });
    const stay = { session, reader };
    return stay;
  }

  #happened(event: SessionEvent): void {
    this.#emit(event);
    if (event.kind === "caught-up") this.#listed();
    this.account?.reader.pass(event);
  }

  #emit(event: SessionEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  #push(event: ReaderEvent): void {
    if (this.#options.isRead === false) return;
    this.#events.push(event);
    if (!this.#events.isFull) return;
    // Nobody reads: drop the link, and reconnect for the rest when there is room.
    this.loop.mend(new Fault("too-many", "what is received is not read fast enough"), true);
  }

  /** Emits to subscribers and to the reader. */
  #tell(event: Extract<LinkEvent, ReaderEvent>): void {
    this.#emit(event);
    this.#push(event);
  }

  #stands(event: LinkEvent | undefined): void {
    if (event === undefined) {
      this.#lostAt = undefined;
      return;
    }
    if (event.kind !== "lost" && event.kind !== "retrying") this.#emit(event);
    if (event.kind === "stopped") void this.#finish(event.fault);
    if (event.kind !== "lost" && event.kind !== "retrying") return;
    this.#whereabouts.lost();
    const now = this.#parts.clock.now();
    this.#lostAt ??= now;
    if (this.#options.isBrief === true && now - this.#lostAt >= LINK_LOST_MS) {
      queueMicrotask(() => void this.#finish(event.fault));
    }
    this.#tell(event);
  }

  #finish(fault: Fault | undefined): Promise<void> {
    if (this.#end !== undefined) return Promise.resolve();
    this.#end = { fault };
    const transferFault = fault ?? leftUnfinished();
    this.account?.session.leave(fault ?? leftUnsent(), transferFault);
    this.activeLink.left(transferFault);
    const closed = this.loop.close(fault ?? leftUnsent());
    this.#cursors.flush();
    this.#tell({ kind: "closed", fault });
    return closed;
  }
}

/** How long a brief command waits for another link: enough for a server to restart. */
const LINK_LOST_MS = 45_000;
/**
 * How long a brief command waits for the next answer to its posts: by then a dead link is detected.
 */
const POSTS_STALLED_MS = 60_000;
const SILENT = "the server does not answer";

function membershipOf({ account, registered }: Entered): Membership {
  return { user: account.user, account: account.account, registered };
}
