import type { RoomId } from "../base/ids.ts";
import type { ChatRecord } from "../core/chat-record.ts";
import type { Clock } from "../io/clock.ts";
import type { Connection } from "../io/connection.ts";
import { ReadReporter } from "../io/read-reporter.ts";
import type { Follower } from "./follower.ts";

/** What the reader in front of this client has read, and whom they do not want to read. */
export class Reading {
  readonly #reporter: ReadReporter;
  #follower: Follower | undefined;
  #connection: Connection | undefined;

  constructor(clock: Clock) {
    this.#reporter = new ReadReporter(clock, (room, n) => this.#send(room, n));
  }

  /** Another link; what is not reported yet goes with it. */
  follow(follower: Follower, connection: Connection): void {
    if (this.#follower !== follower) this.#reporter.clear();
    this.#follower = follower;
    this.#connection = connection;
    this.#reporter.flush();
  }

  /** Somebody has seen this record, and with it all before it in its room. */
  seen({ room, n }: ChatRecord): void {
    const upTo = this.#follower?.reads.read(room.id, n);
    if (upTo !== undefined) this.#reporter.note(room.id, upTo);
  }

  /** Records of the room that no device of the account has shown. */
  unread(room: RoomId): number {
    return this.#follower?.reads.unread(room) ?? 0;
  }

  ignores(user: string | undefined): boolean {
    return this.#follower?.ignores(user) === true;
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
