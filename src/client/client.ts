import { Fault, type FaultCode } from "../base/fault.ts";
import { ID_BYTES, outboxId } from "../base/ids.ts";
import { Backoff } from "../core/backoff.ts";
import type { Receipt } from "../core/outbox.ts";
import type { Identity } from "../crypto/identity.ts";
import { sha256 } from "../crypto/sha256.ts";
import type { ClientState } from "../io/client-state.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { Link, LinkCounters } from "../io/link.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import type { Answer, PostBody, RequestFields, RequestKind } from "../wire/messages.ts";
import { Connection } from "./connection.ts";
import { type Credentials, type Entered, Entry } from "./entry.ts";
import type { ClientEvent } from "./event.ts";
import { EventBuffer } from "./event-buffer.ts";
import { type FollowMode, Follower } from "./follower.ts";
import { leftUnsent, Posts } from "./posts.ts";
import { type ChatRecord, type RoomView, readPage } from "./record.ts";
import { type Greeted, greet, judge } from "./trust.ts";

export interface ClientParts {
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** One attempt to reach the server. @throws Fault unreachable, timeout, port-taken */
  readonly dial: () => Promise<Link>;
  readonly state: ClientState;
  readonly device: Identity;
}

export interface ClientOptions {
  /** The server as its pin is filed: `HOST:PORT`, always in the same spelling. */
  readonly address: string;
  /** `chat/VERSION`. */
  readonly program: string;
  /** Left out: only greet, and log in later. */
  readonly credentials?: Credentials | undefined;
  /** What the user or an invite says the server's fingerprint is. */
  readonly fingerprint?: Fingerprint | undefined;
  /** Refuse a server that nobody vouched for. */
  readonly strict?: boolean;
  readonly follow: FollowMode;
  /** After a loss: try again for ever (default), or end. */
  readonly reconnect?: boolean;
}

export interface Membership {
  readonly user: string;
  readonly account: string;
  readonly registered: boolean;
}

/** One account that is in, over any number of links. */
interface Stay {
  readonly user: string;
  readonly credentials: Credentials;
  readonly follower: Follower;
}

/** Another attempt may find things mended; with the rest a person has to do something. */
const PASSING: ReadonlySet<FaultCode> = new Set([
  "unreachable",
  "timeout",
  "link-closed",
  "shutting-down",
  "port-taken",
  "store-full",
  "store-failed",
  "log-conflict",
  "internal",
  "too-many",
  "too-fast",
]);
/** Cursors wait for the disk when stored: so often a second is enough. */
const CURSOR_EVERY_MS = 500;
/** How long a farewell may take. */
const CLOSE_WITHIN_MS = 1_000;

/** A chat client without a face: links, log-in, posts and reconnection. Tells all by its events. */
export class Client {
  readonly #parts: ClientParts;
  readonly #options: ClientOptions;
  readonly #backoff = new Backoff();
  readonly #events: EventBuffer;
  #connection: Connection | undefined;
  #greeted: Greeted | undefined;
  #stay: Stay | undefined;
  #posts: Posts;
  #end: { readonly fault: Fault | undefined } | undefined;
  #cancelRetry: (() => void) | undefined;
  #cursor: { readonly user: string; readonly seq: number } | undefined;
  #cancelCursor: (() => void) | undefined;

  constructor(parts: ClientParts, options: ClientOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#posts = this.#newPosts();
    this.#events = new EventBuffer((seq) => this.#seen(seq));
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
  get counters(): LinkCounters | undefined {
    return this.#connection?.link.counters();
  }

  get rooms(): RoomView[] {
    return this.#stay?.follower.rooms ?? [];
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

  /** Asks on the present link. @throws Fault as the server refused it, link-closed without a link */
  async request<Kind extends RequestKind>(
    kind: Kind,
    fields: RequestFields<Kind>,
  ): Promise<Answer<Kind>> {
    const connection = this.#connection;
    if (connection === undefined) throw notConnected();
    return connection.ask(kind, fields);
  }

  /** A page of the past, oldest first. @throws Fault */
  async history(fields: RequestFields<"history">): Promise<{ records: ChatRecord[]; more: boolean }> {
    const page = await this.request("history", fields);
    return { records: readPage(page, sha256), more: page.more };
  }

  /** Changes the password, here and for the next link. @throws Fault */
  async passwd(password: string): Promise<void> {
    await this.request("passwd", { password });
    const stay = this.#stay;
    if (stay !== undefined) {
      this.#stay = { ...stay, credentials: { ...stay.credentials, password } };
    }
  }

  /** Logs in, or registers, on the present link. @throws Fault already-logged-in, and as `connect` */
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
    await this.request("logout", forget ? { forget } : {});
    if (forget && this.#greeted !== undefined) {
      this.#parts.state.unenrol(this.#greeted.fingerprint, stay.user);
    }
    this.#connection?.listen(undefined);
    this.#stay = undefined;
    this.#posts.abandon(notLoggedIn()); // Of those that came while it waited.
    this.#posts = this.#newPosts();
  }

  /** Leaves at once: what is not confirmed is refused. Resolves when the farewell is out. */
  async close(): Promise<void> {
    const connection = this.#connection;
    this.#finish(undefined);
    if (connection === undefined) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#parts.clock.after(CLOSE_WITHIN_MS, resolve);
      connection.gone.then(() => {
        cancel();
        resolve();
      });
    });
  }

  async #establish(credentials: Credentials | undefined): Promise<Membership | undefined> {
    const { clock } = this.#parts;
    const link = await this.#parts.dial();
    const connection = new Connection(link, clock);
    try {
      const greeted = await greet(connection, this.#parts, this.#options.program);
      this.#trust(greeted);
      const membership =
        credentials === undefined
          ? undefined
          : await this.#enter(connection, greeted, credentials);
      if (connection.isClosed) throw connection.lostBy;
      if (this.#end !== undefined) throw this.#end.fault ?? leftUnsent();
      this.#greeted = greeted;
      this.#connection = connection;
      this.#backoff.reset();
      connection.onClosed((fault) => this.#lost(fault));
      return membership;
    } catch (error) {
      connection.close();
      throw error;
    }
  }
}
