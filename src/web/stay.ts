import type { Fault } from "../base/fault.ts";
import type { ModelEvent } from "../core/model-event.ts";
import type { Connection } from "../io/connection.ts";
import { Footing } from "../io/footing.ts";
import type { Hashing } from "../io/hashing.ts";
import { notLoggedIn } from "../io/loss.ts";
import { ReadReporter } from "../io/read-reporter.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import type { NoticeOf } from "../wire/messages.ts";
import { Downloads } from "./downloads.ts";
import { greet } from "./greet.ts";
import { Notices } from "./notices.ts";
import { PostQueue } from "./post-queue.ts";
import type { Surroundings } from "./surroundings.ts";
import { Uploads } from "./uploads.ts";

export interface StayParts {
  readonly surroundings: Surroundings;
  readonly hashing: Hashing;
  readonly fingerprint: Fingerprint;
  readonly user: string;
  readonly tell: (event: ModelEvent) => void;
  readonly happened: (event: NoticeOf<"event">) => void;
  readonly hole: (fault: Fault, again: boolean) => void;
}

/** One account that is in, over any number of links: all that outlives one of them. */
export class Stay {
  readonly user: string;
  readonly fingerprint: Fingerprint;
  readonly notices: Notices;
  readonly posts: PostQueue;
  readonly uploads: Uploads;
  readonly downloads: Downloads;
  readonly #reporter: ReadReporter;
  /** A page has a button for those who will not wait. */
  readonly #footing = new Footing(() => undefined);
  #connection: Connection | undefined;

  constructor(parts: StayParts) {
    const { surroundings, user, fingerprint, tell, happened, hole, hashing } = parts;
    const { clock, entropy } = surroundings;
    this.user = user;
    this.fingerprint = fingerprint;
    this.notices = new Notices({ event: tell, happened, hole });
    const owner = { user, fingerprint };
    this.posts = new PostQueue(surroundings, owner, tell);
    const footing = this.#footing;
    const lanes = {
      clock,
      entropy,
      footing,
      hashing,
      greet: (lane: Connection) => greet(lane, surroundings),
    };
    this.uploads = new Uploads({ surroundings, owner, lanes, tell });
    this.downloads = new Downloads({ surroundings, owner, lanes, tell });
    this.#reporter = new ReadReporter(clock, (room, n) => this.#report(room, n));
  }

  /** Takes over what earlier pages left; once, with the first link. */
  async begin(): Promise<void> {
    await this.posts.open();
    await this.uploads.restore();
    await this.downloads.restore();
  }

  /** Takes over what pages that are gone since have left. */
  async adopt(): Promise<void> {
    await this.posts.adopt();
    await this.uploads.restore();
    await this.downloads.restore();
  }

  connected(connection: Connection): void {
    this.#connection = connection;
    this.notices.connected();
    connection.listen((notice) => this.notices.notice(notice));
    if (connection.isClosed) return;
    this.posts.connected(connection);
    const { user, fingerprint } = this;
    this.#footing.found({ connection, user, fingerprint });
    this.#reporter.flush();
  }

  lost(): void {
    this.#connection = undefined;
    this.posts.lost();
    this.#footing.lost();
  }

  read(room: string, n: number): void {
    this.#reporter.note(room, n);
  }

  /** Tells what was read now: the page may be about to close. */
  flush(): void {
    this.#reporter.flush();
  }

  leave(): void {
    this.#connection = undefined;
    this.#reporter.clear();
    this.#footing.left(notLoggedIn());
    this.posts.leave();
    this.uploads.leave();
    this.downloads.leave();
  }

  #report(room: string, n: number): boolean {
    const connection = this.#connection;
    if (connection === undefined || connection.isClosed) return false;
    // A refusal tells nothing new: the room is left, or the next report goes further.
    connection.askThen("read", { room, n }, () => undefined);
    return true;
  }
}
