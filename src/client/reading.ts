import type { RoomId } from "../base/ids.ts";
import type { ChatRecord } from "../core/client/chat-record.ts";
import type { Clock } from "../io/clock.ts";
import type { AccountFeed } from "./account-feed.ts";
import type { Connection } from "./link/connection.ts";
import { ReadReporter } from "./read-reporter.ts";

/** What the reader in front of this client has read, and whom they do not want to read. */
export class Reading {
  readonly #reporter: ReadReporter;
  #feed: AccountFeed | undefined;
  #connection: Connection | undefined;

  constructor(clock: Clock) {
    this.#reporter = new ReadReporter(clock, (room, n) => this.#send(room, n));
  }

  /** Another link; what is not reported yet goes with it. */
  follow(feed: AccountFeed, connection: Connection): void {
    if (this.#feed !== feed) this.#reporter.clear();
    this.#feed = feed;
    this.#connection = connection;
    this.#reporter.flush();
  }

  /** Somebody has seen this record, and with it all before it in its room. */
  seen({ room, n }: ChatRecord): void {
    const upTo = this.#feed?.reads.read(room.id, n);
    if (upTo !== undefined) this.#reporter.note(room.id, upTo);
  }

  /** Words of others in the room that no device of the account has shown. */
  unread(room: RoomId): number {
    return this.#feed?.reads.unread(room) ?? 0;
  }

  ignores(user: string | undefined): boolean {
    return this.#feed?.ignores(user) === true;
  }

  /** Reports what is not reported: before a link is let go. */
  flush(): void {
    this.#reporter.flush();
  }

  #send(room: string, n: number): boolean {
    const connection = this.#connection;
    if (connection === undefined || connection.isClosed) return false;
    // A refusal tells nothing new: the room is left, or the next report goes further.
    connection.askThen("read", { room, n }, () => {});
    return true;
  }
}
