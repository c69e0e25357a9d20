import { Fault } from "../base/fault.ts";
import type { RoomView } from "../core/client/chat-record.ts";
import type { Receipt } from "../core/client/outbox.ts";
import { sha256 } from "../crypto/sha256.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import type { PostBody, RequestFields } from "../wire/messages.ts";
import { AccountFeed, type ConnectedEvent, connectedEvent } from "./account-feed.ts";
import { CursorKeeper } from "./cursor-keeper.ts";
import type { ClientEvent } from "./event.ts";
import { EventBuffer } from "./event-buffer.ts";
import { ActiveLink } from "./link/active-link.ts";
import { Connection, type LinkStats } from "./link/connection.ts";
import { isPassing, leftUnfinished, leftUnsent, notConnected, notLoggedIn } from "./link/retry.ts";
import { type Credentials, Login, type LoginManner } from "./login.ts";
import type { ClientOptions, ClientParts } from "./options.ts";
import { OutboxQueue } from "./outbox-queue.ts";
import { pin } from "./pinning.ts";
import { type Ask, type HistoryPage, queryHistory } from "./queries.ts";
import { Reading } from "./reading.ts";
import { Redial } from "./redial.ts";
import { Transfers } from "./transfer/transfers.ts";
import { type Greeted, greet } from "./trust.ts";

export interface Membership {
  readonly user: string;
  readonly account: string;
  readonly registered: boolean;
}

/** One account that is in, over any number of links. */
interface Stay {
  readonly user: string;
  readonly credentials: Credentials;
  readonly feed: AccountFeed;
}

/** Secrets come by flags, by the environment, or from a user at a terminal. */
const PROGRAM_MANNER: LoginManner = {
  triesAgain: false,
  refused: (mayRegister) =>
    `give the password (CHAT_PASSWORD)${
      mayRegister ? ", or for a new name the room password (CHAT_ROOM_PASSWORD)" : ""
    }`,
  taken: "give its password (CHAT_PASSWORD), or choose another name",
  newcomer: "give it as CHAT_ROOM_PASSWORD, or use an invite",
};

/** How long a farewell may take. */
const CLOSE_WITHIN_MS = 1_000;

/** A chat client without a face: links, log-in, posts and reconnection. Tells all by its events. */
export class Client {
  readonly #parts: ClientParts;
  readonly #options: ClientOptions;
  readonly #redial: Redial;
  readonly #events: EventBuffer;
  /** What was read, and whom one does not want to read. */
  readonly reading: Reading;
  /** Files that are sent and fetched. */
  readonly transfers: Transfers;
  readonly #activeLink = new ActiveLink(() => this.#redial.awaited());
  #connection: Connection | undefined;
  #greeted: Greeted | undefined;
  #stay: Stay | undefined;
  /** Whoever logged out last on this client: coming back, they go on where they were. */
  #left: Stay | undefined;
  #posts: OutboxQueue;
  #end: { readonly fault: Fault | undefined } | undefined;
  readonly #cursors: CursorKeeper;
  /** A link that is not in yet. */
  #opening: Connection | undefined;
  /** The next link is to fill a hole that this one had. */
  #isMending = false;

  constructor(parts: ClientParts, options: ClientOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#redial = new Redial(parts);
    this.#posts = this.#newPosts();
    this.reading = new Reading(parts.clock);
    const { program } = options;
    this.transfers = new Transfers({
      clock: parts.clock,
      entropy: parts.entropy,
      activeLink: this.#activeLink,
      uploads: parts.state.uploads,
      hashing: parts.hashing,
      greet: (connection) => greet(connection, { ...parts, verifier: parts.keys, program }),
    });
    this.#cursors = new CursorKeeper(parts.state, parts.clock);
    this.#events = new EventBuffer((mark) => this.#cursors.note(mark));
  }

  /** Whose name the server knows us by; undefined: not logged in. */
  get user(): string | undefined {
    return this.#stay?.user;
  }

  get fingerprint(): Fingerprint | undefined {
    return this.#greeted?.fingerprint;
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /** Of the present link. */
  get stats(): LinkStats | undefined {
    return this.#connection?.stats;
  }

  get rooms(): RoomView[] {
    return this.#stay?.feed.rooms ?? [];
  }

  /**
   * Reaches the server once and logs in; from then on every loss is mended. Resolves when logged
   * in; the event `connected` follows when the rooms are known.
   * @throws Fault whatever kept it from getting there
   */
  async connect(): Promise<Membership | undefined> {
    try {
      return await this.#establish(this.#options.credentials);
    } catch (error) {
      if (error instanceof Fault) this.#finish(error);
      throw error;
    }
  }

  /** What happens, in order; ends after `closed`. One reader. */
  async *events(): AsyncGenerator<ClientEvent, void, undefined> {
    for (;;) {
      const event = await this.#events.next();
      if (event === undefined) return;
      if (event.kind === "closed") this.#cursors.flush(); // The reader may end with this one.
      yield event;
    }
  }

  /**
   * Resolves when the server has it on disk, however many links that takes.
   * @throws Fault as the server refused it, too-many (10,000 wait already), interrupted (closed)
   */
  post(target: string, body: PostBody): Promise<Receipt> {
    if (this.#end !== undefined) return Promise.reject(leftUnsent());
    if (this.#stay === undefined) return Promise.reject(notLoggedIn());
    this.#redial.awaited();
    return this.#posts.post(target, body);
  }

  /** Resolves when a post would not have to wait long: for writers faster than the network. */
  ready(): Promise<void> {
    return this.#posts.ready();
  }

  /** Resolves when every post is settled, one way or the other. */
  drain(): Promise<void> {
    return this.#posts.drained();
  }

  /** Asks on the present link. @throws Fault as the server refused it, link-closed without one */
  readonly request: Ask = async (kind, fields) => {
    const connection = this.#connection;
    if (connection === undefined) throw notConnected();
    this.#posts.flush(); // Whoever says something and leaves has said it first.
    return connection.ask(kind, fields);
  };

  /** A page of the past, oldest first. @throws Fault */
  history(fields: RequestFields<"history">): Promise<HistoryPage> {
    return queryHistory(this.request, sha256, fields);
  }

  /** Changes the password, here and for the next link. @throws Fault */
  async passwd(password: string): Promise<void> {
    await this.request("passwd", { password });
    const stay = this.#stay;
    if (stay !== undefined) {
      this.#stay = { ...stay, credentials: { ...stay.credentials, password } };
    }
  }

  /** Logs in, or registers, on this very link. @throws Fault already-logged-in, and as `connect` */
  async login(credentials: Credentials): Promise<Membership> {
    const { user } = this;
    if (user !== undefined) throw new Fault("already-logged-in", `you are logged in as ${user}`);
    if (this.#connection === undefined || this.#greeted === undefined) throw notConnected();
    return this.#enter(this.#connection, this.#greeted, credentials);
  }

  /** Waits for the posts, then logs out; the link stays. `forget`: this device must ask again. */
  async logout(forget = false): Promise<void> {
    const stay = this.#stay;
    if (stay === undefined) throw notLoggedIn();
    await this.drain();
    this.reading.flush();
    await this.#bid(forget);
    if (forget && this.#greeted !== undefined) {
      this.#parts.state.unenrol(this.#greeted.fingerprint, stay.user);
    }
    this.#connection?.listen(undefined);
    this.#left = stay;
    this.#stay = undefined;
    this.#activeLink.left(notLoggedIn());
    this.#posts.leave(notLoggedIn()); // Of those that came while it waited.
    this.#posts = this.#newPosts();
  }

  /** Nothing that is written from now on may follow the farewell: outside it would be refused. */
  async #bid(forget: boolean): Promise<void> {
    const connection = this.#connection;
    this.#posts.lost();
    try {
      await this.request("logout", forget ? { forget } : {});
    } catch (error) {
      const isStill = connection !== undefined && connection === this.#connection;
      if (isStill && !connection.isClosed) this.#posts.connected(connection);
      throw error;
    }
  }

  /** Leaves at once: what is not confirmed is refused. Resolves when the farewell is out. */
  async close(): Promise<void> {
    const connection = this.#connection;
    this.#events.settle();
    this.reading.flush();
    this.#finish(undefined);
    await connection?.goneWithin(CLOSE_WITHIN_MS);
  }

  async #establish(credentials: Credentials | undefined): Promise<Membership | undefined> {
    const link = await this.#parts.dial();
    const connection = new Connection(link, this.#parts.clock);
    this.#opening = connection;
    try {
      if (this.#end !== undefined) throw this.#end.fault ?? leftUnsent(); // While it was dialled.
      const { program } = this.#options;
      const verifier = this.#parts.keys;
      const greeted = await greet(connection, { ...this.#parts, verifier, program });
      this.#trust(greeted);
      if (credentials !== undefined) return await this.#enter(connection, greeted, credentials);
      this.#adopt(connection, greeted);
      return undefined;
    } catch (error) {
      connection.close();
      throw error;
    } finally {
      this.#opening = undefined;
    }
  }

  #trust(greeted: Greeted): void {
    const { address, fingerprint: given, strict = false, onPinned } = this.#options;
    this.#cursors.flush(); // What is filed under an old key moves with it.
    const news = pin(greeted, this.#parts, { address, given, strict });
    if (news === undefined) return;
    if (onPinned === undefined) this.#events.push(news);
    else onPinned(news);
  }

  async #enter(
    connection: Connection,
    greeted: Greeted,
    credentials: Credentials,
  ): Promise<Membership> {
    const { clock, state, keys } = this.#parts;
    const { fingerprint } = greeted;
    const feed = this.#feedOf(fingerprint, credentials.user);
    const context = {
      ...{ connection, greeted, clock, keys, after: feed.after, manner: PROGRAM_MANNER },
      presence: this.#options.follow !== "none",
      isEnrolled: state.enrolment(fingerprint, credentials.user) !== undefined,
      forgotten: () => state.unenrol(fingerprint, credentials.user),
    };
    const entered = await new Login(context, credentials).enter();
    const { user, account } = entered.account;
    state.enrol(fingerprint, user, account);
    if (user.toLowerCase() !== credentials.user.toLowerCase()) {
      this.#cursors.flush(); // Renamed: the name by which this home knew it leads to another one.
      state.moveUser(greeted.fingerprint, credentials.user, user);
    }
    this.#note(greeted, user);
    // Nothing waits from here on: what the server sends next must find its listener.
    this.#adopt(connection, greeted);
    const { password } = entered;
    this.#stay = { user, feed, credentials: { user, mode: "login", password } };
    this.#redial.succeeded();
    const owner = { fingerprint: greeted.fingerprint, user };
    this.#posts.open(owner, this.#options.adopt ?? true);
    this.#follow(
      connection,
      feed,
      connectedEvent(this.#options.address, connection, greeted, entered),
    );
    if (!connection.isClosed) {
      this.#posts.connected(connection);
      this.#activeLink.found({ connection, ...owner });
    }
    return { user, account, registered: entered.registered };
  }

  #note({ fingerprint }: Greeted, user: string): void {
    const { clock, state } = this.#parts;
    const { address, changesDefaults } = this.#options;
    state.noteServer(address, clock.unixMs(), changesDefaults);
    state.noteUser(fingerprint, user, clock.unixMs(), changesDefaults);
  }

  /** The link is the client's from now on: its end is a loss. */
  #adopt(connection: Connection, greeted: Greeted): void {
    if (this.#connection === connection) return;
    if (connection.isClosed) throw connection.lostBy;
    if (this.#end !== undefined) throw this.#end.fault ?? leftUnsent();
    this.#connection = connection;
    this.#greeted = greeted;
    connection.onClosed((fault) => this.#lost(fault));
  }

  #follow(connection: Connection, feed: AccountFeed, connected: ConnectedEvent): void {
    feed.connected(connected);
    this.reading.follow(feed, connection);
    connection.listen((notice) => feed.notice(notice));
  }

  #feedOf(fingerprint: Fingerprint, user: string): AccountFeed {
    const left = this.#left;
    const isBack = left?.user.toLowerCase() === user.toLowerCase();
    const known = this.#stay?.feed ?? (isBack ? left?.feed : undefined);
    return known ?? this.#newFeed(fingerprint, user);
  }

  #newFeed(known: Fingerprint, user: string): AccountFeed {
    const { follow } = this.#options;
    // The server may change its key while one stays, and what it calls the account.
    const place = () => ({
      fingerprint: this.#greeted?.fingerprint ?? known,
      user: this.#stay?.feed === feed ? this.#stay.user : user,
    });
    this.#cursors.flush(); // Somebody may come back who was in on this client before.
    const cursor = follow === "all" ? this.#parts.state.cursor(known, user) : undefined;
    const feed: AccountFeed = new AccountFeed(follow, cursor, sha256, {
      event: (event, sizeBytes) => this.#tell(event, sizeBytes),
      cursor: (seq) => {
        if (follow === "all") this.#events.mark({ ...place(), seq });
      },
      rewind: (seq) => {
        if (follow === "all") this.#cursors.rewind({ ...place(), seq });
      },
      hole: (fault, again) => {
        this.#isMending = !again;
        this.#connection?.close(fault);
      },
    });
    return feed;
  }

  #newPosts(): OutboxQueue {
    const { clock, entropy, state } = this.#parts;
    return new OutboxQueue({
      clock,
      entropy,
      store: state.outboxes,
      tell: (event) => {
        if (event.kind !== "settled" || event.adopted === undefined) return;
        const { to: target, body } = event.adopted;
        const { text, action } = body;
        this.#events.push(
          { kind: "adopted", target, text, action, outcome: event.outcome },
          text.length,
        );
      },
    });
  }

  #tell(event: ClientEvent, sizeBytes: number): void {
    this.#events.push(event, sizeBytes);
    if (!this.#events.isFull) return;
    // Nobody reads: let the link go, and come back for the rest when there is room.
    this.#connection?.close(new Fault("too-many", "what is received is not read fast enough"));
  }

  #lost(fault: Fault | undefined): void {
    this.#connection = undefined;
    this.#activeLink.lost();
    if (this.#end !== undefined) return;
    this.#posts.lost();
    const isMending = this.#isMending;
    this.#isMending = false;
    const why = fault ?? new Fault("link-closed", "the server closed the connection");
    if (isMending || isPassing(why)) this.#retry("lost", why);
    else this.#finish(why);
  }

  #retry(kind: "lost" | "retrying", fault: Fault): void {
    if (this.#options.reconnect === false) {
      this.#finish(fault);
      return;
    }
    const isAwaited = this.#posts.size > 0 || this.#activeLink.isAwaited;
    const retryInMs = this.#redial.after(fault, isAwaited, () =>
      this.#events.whenLow(() => void this.#reconnect()),
    );
    this.#events.push({ kind, fault, retryInMs });
  }

  async #reconnect(): Promise<void> {
    if (this.#end !== undefined) return;
    try {
      await this.#establish(this.#stay?.credentials);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (this.#end !== undefined) return;
      if (isPassing(error)) this.#retry("retrying", error);
      else this.#finish(error);
    }
  }

  #finish(fault: Fault | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { fault };
    this.#redial.cancel();
    this.#activeLink.left(fault ?? leftUnfinished());
    this.#posts.leave(fault ?? leftUnsent());
    this.#opening?.close();
    this.#connection?.close();
    this.#connection = undefined;
    this.#cursors.flush();
    this.#events.push({ kind: "closed", fault });
  }
}
