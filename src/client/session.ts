/** An account over any number of connections: what it follows, posts, seals and has read. */

import { asFault, Fault } from "../base/fault.ts";
import type { Sha256 } from "../base/ids.ts";
import type { LogPin } from "../core/client/audit.ts";
import type { RoomView } from "../core/client/chat-record.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { LogReader } from "../io/state/log-pins.ts";
import type { AuditedLink } from "./auditor.ts";
import type { GreetedLink } from "./connection-loop.ts";
import type { AccountEvent } from "./event.ts";
import { EventStage } from "./event-stage.ts";
import { Follower, type FollowerEvent, type FollowMode, type LinkInfo } from "./follower.ts";
import type { ActiveLink } from "./link/active-link.ts";
import type { ServerNotice } from "./link/connection.ts";
import type { Keys } from "./link/keys.ts";
import type { Ask } from "./link/queries.ts";
import { notLoggedIn } from "./link/retry.ts";
import type { Entered } from "./login.ts";
import type { PostEvent } from "./outbox-driver.ts";
import { OutboxQueue, type OutboxStore } from "./outbox-queue.ts";
import { PrefsKeeper } from "./prefs.ts";
import { ReadReporter } from "./reading.ts";
import type { HistoryView } from "./sealed/claims.ts";
import { Sealing, type SealingParts } from "./sealed/sealing.ts";
import { type Greeted, serverKeys } from "./trust.ts";

export interface AccountSessionParts {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly keys: Keys;
  readonly sha256: Sha256;
  readonly follow: FollowMode;
  readonly after?: number | undefined;
  /** False if the user interface shows no settings of rooms. */
  readonly hasPrefs: boolean;
  readonly outboxes: OutboxStore;
  readonly adopts: boolean;
  readonly sealed: Pick<SealingParts, "home" | "refusal" | "load">;
  readonly ask: Ask;
  /** Returns the newest checkpoint of the log that this device has accepted. */
  readonly pin: (reader: LogReader) => Promise<LogPin | undefined>;
  readonly activeLink: ActiveLink;
  /** Receives every event, in order. */
  readonly emit: (event: AccountEvent) => void;
  /** Announces files of sealed rooms whose upload has ended. */
  readonly sayLeft: () => Promise<void>;
  /** A record is missing. `again`: true if another request cannot bring it. */
  readonly hole: (fault: Fault, again: boolean) => void;
}

export class AccountSession {
  readonly #parts: AccountSessionParts;
  readonly #follower: Follower;
  readonly #reporter: ReadReporter;
  readonly #prefs: PrefsKeeper | undefined;
  readonly sealing: Sealing;
  #posts: OutboxQueue;
  #adopted: void | Promise<void> = undefined;
  #link: LinkInfo | undefined;
  #audited: AuditedLink | undefined;
  /** Greeting of the server on the current link. */
  #greeted: Greeted | undefined;

  constructor(parts: AccountSessionParts) {
    this.#parts = parts;
    const { clock, entropy, keys, sealed, ask, emit, follow, after, sha256, hole } = parts;
    const rooms = () => this.rooms;
    const history = () => this.#history();
    this.sealing = new Sealing({
      clock,
      entropy,
      keys,
      ...sealed,
      ask,
      rooms,
      tell: emit,
      history,
    });
    this.#posts = this.#newPosts();
    this.#reporter = new ReadReporter(clock);
    this.#prefs = parts.hasPrefs ? new PrefsKeeper(clock, emit) : undefined;
    const full = () => hole(new Fault("too-many", "sealed rooms are read too slowly"), false);
    const stage = new EventStage(this.sealing, (event) => this.#event(event), full);
    const sink = { event: (event: FollowerEvent) => stage.pass(event), hole };
    this.#follower = new Follower(follow, after, sha256, sink);
  }

  /** Account name as the server spells it now. */
  get user(): string {
    return this.#link?.user ?? "";
  }

  /** Cursor to request from the next link. */
  get after(): number | undefined {
    return this.#follower.after;
  }

  get rooms(): RoomView[] {
    return this.#follower.rooms;
  }

  get audited(): AuditedLink | undefined {
    return this.#audited;
  }

  get posts(): OutboxQueue {
    return this.#posts;
  }

  /** Resolves when posts of earlier runs are read; rejects if the store fails. */
  get adopted(): void | Promise<void> {
    return this.#adopted;
  }

  /**
   * Logs in on a new link, and receives from now on.
   * @param takes reports whether a notice was handled and is not for the account
   * @throws {Fault} store-…
   */
  connected(
    address: string,
    { connection, greeted }: GreetedLink,
    { account, registered }: Entered,
    takes: (notice: ServerNotice) => boolean,
  ): void {
    const { fingerprint, formers, welcome } = greeted;
    const { user, account: id } = account;
    const place = { fingerprint, user };
    const { transport } = connection.link;
    const { server, text } = welcome;
    this.#greeted = greeted;
    this.#link = { ...place, address, server: server.name, transport, welcome: text, registered };
    const rooms = () => this.rooms;
    const reader = { ...place, formers };
    this.#audited = { connection, address, reader, key: server.key, rooms };
    this.sealing.connected({ ...place, account: id, formers });
    this.#adopted = this.#posts.open(place, this.#parts.adopts);
    if (this.#adopted instanceof Promise) this.#adopted.catch(asFault); // Reported by its reader.
    this.#follower.connected(this.#link);
    connection.listen((notice) => {
      if (!takes(notice)) this.#follower.notice(notice);
    });
    if (connection.isClosed) return;
    this.#reporter.connected(connection);
    this.#prefs?.connected(connection);
    this.#posts.connected(connection);
    this.#parts.activeLink.found({ connection, ...place });
  }

  lost(): void {
    this.#greeted = undefined;
    this.#parts.activeLink.lost();
    this.#posts.lost();
    this.sealing.lost();
  }

  /** Logs out. The same account may enter again, and resumes where it was. */
  leave(fault: Fault = notLoggedIn(), transferFault = fault): void {
    this.#greeted = undefined;
    this.#reporter.clear();
    this.#prefs?.left();
    this.sealing.left();
    this.#parts.activeLink.left(transferFault);
    this.#posts.leave(fault);
    this.#posts = this.#newPosts();
  }

  read(room: string, n: number): void {
    this.#reporter.note(room, n);
  }

  /** Sends pending read positions: the link is about to end. */
  flush(): void {
    this.#reporter.flush();
  }

  #newPosts(): OutboxQueue {
    const { clock, entropy, outboxes: store, emit } = this.#parts;
    const { sealing } = this;
    const tell = (event: PostEvent) => {
      if (event.kind === "settled") sealing.settled(event.key, event.outcome);
      emit(event);
    };
    return new OutboxQueue({ clock, entropy, store, sealing, tell });
  }

  #event(event: FollowerEvent): void {
    if (event.kind === "prefs-set" || event.kind === "save") return this.#prefs?.changed(event);
    if (event.kind === "key-packages-low") return this.sealing.stock();
    this.#parts.emit(event);
    if (event.kind === "room") this.sealing.roomTold(event.room);
    if (event.kind !== "caught-up") return;
    this.sealing.caughtUp(this.#parts.follow !== "none", () => this.#parts.sayLeft());
  }

  /** Returns this device's view of the server's log, for other devices to compare. */
  #history(): HistoryView | undefined {
    const greeted = this.#greeted;
    const audited = this.#audited;
    if (greeted === undefined || audited === undefined) return undefined;
    const { keys: verifier, pin } = this.#parts;
    return { verifier, keys: serverKeys(greeted), pin: () => pin(audited.reader) };
  }
}
