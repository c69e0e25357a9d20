import { Fault } from "../../base/fault.ts";
import { Follower, type FollowerEvent } from "../../client/follower.ts";
import { ActiveLink } from "../../client/link/active-link.ts";
import type { Connection } from "../../client/link/connection.ts";
import type { Keys } from "../../client/link/keys.ts";
import { notLoggedIn } from "../../client/link/retry.ts";
import { OutboxQueue } from "../../client/outbox-queue.ts";
import { ReadReporter } from "../../client/reading.ts";
import { modelEventOf } from "../../client/server-events.ts";
import type { Hashing } from "../../client/transfer/hashing.ts";
import { greet } from "../../client/trust.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import type { ModelEvent } from "../../core/model/event.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import type { NoticeOf } from "../../wire/messages.ts";
import { type Platform, PROGRAM } from "../browser/environment.ts";
import { BrowserOutboxStore } from "../browser/outbox-store.ts";
import type { OpenTransfers, PageTransfers } from "../transfer/page-transfers.ts";

export interface AccountSessionOptions {
  readonly platform: Platform;
  readonly hashing: Hashing;
  readonly keys: Keys;
  readonly fingerprint: Fingerprint;
  readonly user: string;
  readonly loadTransfers: () => Promise<OpenTransfers>;
  /** What is kept under a former name or key is filed under these when it resolves. */
  readonly moved: Promise<void>;
  readonly tell: (event: ModelEvent) => void;
  readonly happened: (event: NoticeOf<"event">) => void;
  /** A record of the rooms of this account. @param head its bytes as they came */
  readonly saw: (head: Uint8Array, record: ChatRecord) => void;
  readonly hole: (fault: Fault, again: boolean) => void;
}

/** One account that is in, over any number of links: all that outlives one of them. */
export class AccountSession {
  /** As the server calls them now. */
  user: string;
  readonly fingerprint: Fingerprint;
  readonly moved: Promise<void>;
  readonly follower: Follower;
  readonly posts: OutboxQueue;
  readonly #parts: AccountSessionOptions;
  readonly #reporter: ReadReporter;
  /** A page has a button for those who will not wait. */
  readonly #activeLink = new ActiveLink(() => undefined);
  /** What was left is taken over. */
  readonly #opened: Promise<void>;
  #transfers: Promise<PageTransfers> | undefined;
  #isLeft = false;

  constructor(parts: AccountSessionOptions) {
    const { platform, user, fingerprint, moved, tell, hole, hashing } = parts;
    const { clock, entropy } = platform;
    this.#parts = parts;
    this.user = user;
    this.fingerprint = fingerprint;
    this.moved = moved;
    this.follower = new Follower("all", undefined, hashing.sha256, {
      event: (event) => this.#followed(event),
      hole,
    });
    const owner = { user, fingerprint };
    const store = new BrowserOutboxStore(platform, moved);
    this.posts = new OutboxQueue({ clock, entropy, store, tell });
    this.#opened = Promise.resolve(this.posts.open(owner, true));
    this.#opened.catch(() => undefined); // `begin` tells it.
    this.#reporter = new ReadReporter(clock);
  }

  /** Takes over what earlier pages left; once, with the first link. @throws Fault store-… */
  begin(): Promise<void> {
    return this.#restore(this.#opened);
  }

  /** Takes over what pages that are gone since have left. @throws Fault store-… */
  adopt(): Promise<void> {
    return this.#restore(this.posts.adopt());
  }

  /** Transfers go on also where posts that were left could not be read. */
  async #restore(posts: void | Promise<void>): Promise<void> {
    const [adopted] = await Promise.allSettled([posts]); // And with them what was to be moved.
    await this.#restoreTransfers();
    if (adopted.status === "rejected") throw adopted.reason;
  }

  async #restoreTransfers(): Promise<void> {
    try {
      await (await this.transfers()).restore();
    } catch (error) {
      if (!this.#isLeft) throw error;
    }
  }

  /** @throws Fault not-logged-in, unreachable: their code cannot be fetched now */
  async transfers(): Promise<PageTransfers> {
    this.#transfers ??= this.#openTransfers();
    const opening = this.#transfers;
    try {
      return await opening;
    } catch (error) {
      if (this.#transfers === opening) this.#transfers = undefined; // The next one tries again.
      throw error;
    }
  }

  async #openTransfers(): Promise<PageTransfers> {
    const { platform, hashing, keys: verifier, loadTransfers, tell } = this.#parts;
    const { clock, entropy } = platform;
    const { user, fingerprint } = this;
    const owner = { user, fingerprint };
    const open = await loadTransfers().catch((cause: unknown) => {
      throw new Fault("unreachable", "a part of the page could not be fetched", { cause });
    });
    if (this.#isLeft) throw notLoggedIn();
    const activeLink = this.#activeLink;
    const said = { clock, entropy, verifier, program: PROGRAM };
    const lane = (connection: Connection) => greet(connection, said);
    const channels = { clock, entropy, activeLink, hashing, greet: lane };
    return open({ platform, owner, channels, tell });
  }

  connected(connection: Connection): void {
    this.follower.connected();
    connection.listen((notice) => this.follower.notice(notice));
    if (connection.isClosed) return;
    this.posts.connected(connection);
    const { user, fingerprint } = this;
    this.#activeLink.found({ connection, user, fingerprint });
    this.#reporter.connected(connection);
  }

  lost(): void {
    this.posts.lost();
    this.#activeLink.lost();
  }

  read(room: string, n: number): void {
    this.#reporter.note(room, n);
  }

  /** Tells what was read now: the page may be about to close. */
  flush(): void {
    this.#reporter.flush();
  }

  leave(): void {
    this.#reporter.clear();
    this.#activeLink.left(notLoggedIn());
    this.posts.leave(notLoggedIn());
    this.#isLeft = true;
    void this.#transfers?.then((transfers) => transfers.leave(), ignored);
  }

  /** Resolves when what is known of uploads is kept. */
  async written(): Promise<void> {
    const transfers = await this.#transfers?.catch(ignored);
    await transfers?.uploads.written();
  }

  #followed(event: FollowerEvent): void {
    if (event.kind === "account" && event.notice.kind === "event") {
      return this.#parts.happened(event.notice);
    }
    if (event.kind === "record") this.#parts.saw(event.head, event.record);
    const told = modelEventOf(event);
    if (told !== undefined) this.#parts.tell(told);
  }
}

/** Who waits for it hears of it. */
function ignored(): void {}
