import { Fault } from "../../base/fault.ts";
import { EventStage } from "../../client/event-stage.ts";
import { Follower, type FollowerEvent } from "../../client/follower.ts";
import { ActiveLink } from "../../client/link/active-link.ts";
import type { Connection } from "../../client/link/connection.ts";
import type { Keys } from "../../client/link/keys.ts";
import type { Ask } from "../../client/link/queries.ts";
import { notLoggedIn } from "../../client/link/retry.ts";
import type { PostEvent } from "../../client/outbox-driver.ts";
import { OutboxQueue } from "../../client/outbox-queue.ts";
import { PrefsKeeper } from "../../client/prefs.ts";
import { ReadReporter } from "../../client/reading.ts";
import type { HistoryView } from "../../client/sealed/claims.ts";
import type { SealedNews } from "../../client/sealed/rooms.ts";
import { Sealing } from "../../client/sealed/sealing.ts";
import { modelEventOf } from "../../client/server-events.ts";
import type { Hashing } from "../../client/transfer/hashing.ts";
import { type Greeted, greet, serverKeys } from "../../client/trust.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import { withMentions } from "../../core/client/mentions.ts";
import type { ModelEvent } from "../../core/model/event.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import type { ServerPlace } from "../../wire/invite.ts";
import type { NoticeOf } from "../../wire/messages.ts";
import { type Platform, PROGRAM } from "../browser/environment.ts";
import { BrowserOutboxStore } from "../browser/outbox-store.ts";
import { sealedDatabaseOf } from "../browser/preferences.ts";
import type { Attached } from "../transfer/attached.ts";
import type { SealedPageParts } from "../transfer/page-files.ts";
import type { OpenTransfers, PageTransfers } from "../transfer/page-transfers.ts";
import { fetching, type SealedPart, sealedHome, sealRefusal } from "./sealing.ts";

export interface AccountSessionOptions {
  readonly platform: Platform;
  readonly hashing: Hashing;
  readonly keys: Keys;
  readonly fingerprint: Fingerprint;
  readonly user: string;
  readonly ask: Ask;
  readonly loadTransfers: () => Promise<OpenTransfers>;
  /** Left out: sealed rooms are not read. */
  readonly loadSealed: (() => Promise<SealedPart>) | undefined;
  /** What is kept under a former name or key is filed under these when it resolves. */
  readonly moved: Promise<void>;
  readonly tell: (event: ModelEvent) => void;
  /** A file that a page which is gone has left above the box. */
  readonly attach: (target: string, one: Attached) => void;
  readonly happened: (event: NoticeOf<"event">) => void;
  /** A record of the rooms of this account. @param head its bytes as they came */
  readonly saw: (head: Uint8Array, record: ChatRecord) => void;
  /** The keys of its sealed rooms were an older copy, or damaged: they are others now. */
  readonly cameAnew: (reason: "copy" | "damaged") => void;
  /** A sealed room needs its user's attention. @param changed whose key has changed, if one has */
  readonly remarked: (changed: string | undefined) => void;
  /** A new device shows that it knows the code of this one. */
  readonly linkAsked: (asked: NoticeOf<"link-asked">) => void;
  /** Somebody let this account into a sealed room. */
  readonly invited: (invitation: NoticeOf<"invited">) => void;
  /** Where users reach the servers of the cluster. */
  readonly servers: (places: readonly ServerPlace[]) => void;
  readonly hole: (fault: Fault, again: boolean) => void;
}

/** Of a link: how the server calls the account, and who it is. */
export interface AccountPlace {
  readonly account: string;
  readonly greeted: Greeted;
}

type Seal = NonNullable<ConstructorParameters<typeof OutboxQueue>[0]["seal"]>;

/** One account that is in, over any number of links: all that outlives one of them. */
export class AccountSession {
  /** As the server calls them now. */
  user: string;
  readonly fingerprint: Fingerprint;
  readonly moved: Promise<void>;
  readonly follower: Follower;
  readonly posts: OutboxQueue;
  readonly sealing: Sealing;
  /** Why nothing is sealed or opened here; undefined: it is. */
  readonly sealRefusal: Fault | undefined;
  readonly #parts: AccountSessionOptions;
  readonly #reporter: ReadReporter;
  readonly #prefs: PrefsKeeper;
  /** A page has a button for those who will not wait. */
  readonly #activeLink = new ActiveLink(() => undefined);
  /** What was left is taken over. */
  readonly #opened: Promise<void>;
  #transfers: Promise<PageTransfers> | undefined;
  #isLeft = false;
  /** Of the present link. */
  #areRoomsKnown = false;
  /** Bounded by the transfers of the page. */
  #onRooms: (() => void)[] = [];
  /** Its id. */
  #account: string | undefined;
  /** The server of the present link. */
  #greeted: Greeted | undefined;

  constructor(parts: AccountSessionOptions) {
    const { platform, user, fingerprint, moved, tell, hole, hashing, keys } = parts;
    const { clock, entropy } = platform;
    this.#parts = parts;
    this.user = user;
    this.fingerprint = fingerprint;
    this.moved = moved;
    this.sealRefusal = sealRefusal(platform, keys);
    this.sealing = this.#newSealing();
    const full = () => hole(new Fault("too-many", "sealed rooms are read too slowly"), false);
    const stage = new EventStage(this.sealing, (event) => this.#followed(event), full);
    this.follower = new Follower("all", undefined, hashing.sha256, {
      event: (event) => stage.pass(event),
      hole,
    });
    const owner = { user, fingerprint };
    const store = new BrowserOutboxStore(platform, moved);
    const seal: Seal = (posts) => this.sealing.seal(posts);
    const pinned = () => this.sealing.pinned();
    const told = (event: PostEvent) => {
      if (event.kind === "settled") this.sealing.settled(event.key, event.outcome);
      tell(event);
    };
    this.posts = new OutboxQueue({
      ...{ clock, entropy, store, seal, pinned, tell: told },
      kept: (outbox, post) => this.sealing.kept(outbox, post),
      opened: (outbox, posts) => this.sealing.opened(outbox, posts),
    });
    this.#opened = Promise.resolve(this.posts.open(owner, true));
    this.#opened.catch(() => undefined); // `begin` tells it.
    this.#reporter = new ReadReporter(clock);
    this.#prefs = new PrefsKeeper(clock, tell);
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
    const { platform, hashing, keys: verifier, loadTransfers, tell, attach } = this.#parts;
    const { clock, entropy } = platform;
    const { user, fingerprint } = this;
    const owner = { user, fingerprint };
    const open = await fetching(loadTransfers)();
    if (this.#isLeft) throw notLoggedIn();
    const activeLink = this.#activeLink;
    const said = { clock, entropy, verifier, program: PROGRAM };
    const lane = (connection: Connection) => greet(connection, said);
    const channels = { clock, entropy, activeLink, hashing, greet: lane };
    const say = (to: string, text: string) =>
      void this.posts.post(to, withMentions({ text })).catch(() => undefined); // It is shown.
    return open({ platform, owner, channels, sealed: this.#sealedFiles(), say, attach, tell });
  }

  #sealedFiles(): SealedPageParts {
    return {
      sealing: this.sealing,
      views: () => this.follower.rooms,
      post: (target, body) => this.posts.post(target, body),
      load: async () => (await this.#load()).SealedFiles,
      known: () => this.#roomsKnown(),
    };
  }

  /** Resolves when the present link has told all rooms, or the account is left. */
  #roomsKnown(): Promise<void> {
    if (this.#areRoomsKnown || this.#isLeft) return Promise.resolve();
    return new Promise((resolve) => this.#onRooms.push(resolve));
  }

  #load(): Promise<SealedPart> {
    const { loadSealed } = this.#parts;
    return fetching(loadSealed ?? (() => Promise.reject(new Error("there is none"))))();
  }

  #newSealing(): Sealing {
    const { platform, keys, ask, loadSealed } = this.#parts;
    const { clock, entropy } = platform;
    const load = () => this.#load();
    const isOn = loadSealed !== undefined && this.sealRefusal === undefined;
    const home = isOn ? sealedHome(platform, load) : undefined;
    const rooms = () => this.follower.rooms;
    const refusal = this.sealRefusal;
    const tell = (news: SealedNews) => {
      // Why a page takes no part stands in its rooms.
      if (news.kind === "came-anew") this.#parts.cameAnew(news.reason);
      else if (news.kind === "sealed-remark") this.#parts.remarked(undefined);
      else if (news.kind === "identity-changed") this.#parts.remarked(news.user);
      else if (news.kind === "sealed-fault" && refusal === undefined) {
        this.#parts.tell({ kind: "fault", fault: news.fault });
      }
    };
    const history = () => this.#history();
    return new Sealing({ clock, entropy, keys, home, refusal, load, ask, rooms, tell, history });
  }

  /** What the server has proved to this page, for others to compare. */
  #history(): HistoryView | undefined {
    const { keys: verifier, platform } = this.#parts;
    const { user, fingerprint } = this;
    const greeted = this.#greeted;
    if (greeted === undefined) return undefined;
    const reader = { fingerprint, formers: greeted.formers, user };
    const pin = async () => (await this.#load()).logPinsOf(platform.store).pin(reader);
    return { verifier, keys: serverKeys(greeted), pin };
  }

  /** This device is forgotten: what it has of sealed rooms goes, too. */
  forget(): void {
    const { databases } = this.#parts.platform;
    if (this.#account !== undefined) {
      databases?.factory.deleteDatabase(sealedDatabaseOf(this.#account));
    }
  }

  connected(connection: Connection, { account, greeted }: AccountPlace): void {
    this.#account = account;
    this.#greeted = greeted;
    const { formers } = greeted;
    const { user: name, fingerprint: key } = this;
    this.sealing.connected({ fingerprint: key, formers, account, user: name });
    this.#areRoomsKnown = false;
    this.follower.connected();
    connection.listen((notice) => {
      if (notice.kind === "servers") this.#parts.servers(notice.places);
      else this.follower.notice(notice);
    });
    if (connection.isClosed) return;
    this.#prefs.connected(connection);
    this.posts.connected(connection);
    const { user, fingerprint } = this;
    this.#activeLink.found({ connection, user, fingerprint });
    this.#reporter.connected(connection);
  }

  lost(): void {
    this.#greeted = undefined;
    this.posts.lost();
    this.sealing.lost();
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
    this.#prefs.left();
    this.#activeLink.left(notLoggedIn());
    this.posts.leave(notLoggedIn());
    this.sealing.left();
    this.#isLeft = true;
    for (const resolve of this.#onRooms.splice(0)) resolve();
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
    if (event.kind === "account") {
      const { notice } = event;
      if (notice.kind === "prefs-set" || notice.kind === "save") this.#prefs.changed(notice);
      if (event.notice.kind === "invited") return this.#parts.invited(event.notice);
      if (event.notice.kind === "link-asked") return this.#parts.linkAsked(event.notice);
      if (event.notice.kind === "key-packages-low") return this.sealing.stock();
    }
    if (event.kind === "record") this.#parts.saw(event.head, event.record);
    const told = modelEventOf(event);
    if (told !== undefined) this.#parts.tell(told);
    if (event.kind === "room") this.sealing.roomTold(event.room);
    if (event.kind !== "caught-up") return;
    this.#areRoomsKnown = true;
    for (const resolve of this.#onRooms.splice(0)) resolve();
    this.sealing.caughtUp(true, async () => (await this.transfers()).sayLeft());
  }
}

/** Who waits for it hears of it. */
function ignored(): void {}
