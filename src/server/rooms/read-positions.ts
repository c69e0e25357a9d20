/** Read positions and ignored users of accounts. */

import { Fault, msg } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import {
  READ_NOTICE_INTERVAL_MS,
  READ_POSITIONS_BYTES_MAX,
  READ_POSITIONS_SAVE_INTERVAL_MS,
} from "../../base/limits.ts";
import { checkName } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { READ_POSITIONS, ReadPositions } from "../../core/rooms/read-positions.ts";
import { type Room, targetUser } from "../../core/rooms/rooms.ts";
import { requireUser } from "../../core/rooms/targets.ts";
import { bodyOf, type LogRecord } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";
import { StateFile, type StateFileLocation } from "../queue/state-file.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { MemberState } from "../session/connection-state.ts";
import type { FanOut } from "./broadcast.ts";

interface ReadPositionOptions extends ServerContext {
  readonly fanOut: Pick<FanOut, "flush">;
  /** Sends the room's counts to the user's clients. */
  readonly refresh: (user: UserId, room: Room) => void;
}

/** Clients that are to receive a read position: all, or all but the one that reported it. */
type Recipients = "all" | { readonly except: ClientConnection | undefined };

export class ReadPositionService {
  readonly #context: ReadPositionOptions;
  /** Stored in `marks.json`. Losing a position only makes messages unread again. */
  readonly #file: StateFile<typeof READ_POSITIONS>;
  readonly #positions = new ReadPositions();
  readonly #unsent = new Map<UserId, Map<Room, Recipients>>();
  #cancel: (() => void) | undefined;

  constructor(context: ReadPositionOptions, location: StateFileLocation | undefined) {
    this.#context = context;
    const { clock, warn } = context;
    this.#file = new StateFile(location, {
      name: "marks.json",
      sizeBytesMax: READ_POSITIONS_BYTES_MAX,
      writeDelayMs: READ_POSITIONS_SAVE_INTERVAL_MS,
      clock,
      warn,
      consequence: "read messages become unread again",
      schema: READ_POSITIONS,
      format: () => this.#positions.format(),
    });
  }

  readonly handlers = {
    read: ({ room: roomId, n, calls = [] }, { client, account: { id } }) => {
      const room = this.#context.rooms.get(roomId as RoomId);
      if (room?.members.has(id) !== true)
        throw new Fault("not-member", msg`you are not a member of this room`);
      const upTo = Math.min(n, room.lastN);
      const known = calls.filter((call) => call <= room.lastN);
      this.#advance(id, room, upTo, client, known);
      const { feed, siblings } = this.#context;
      feed.emitActivity(id);
      const read = defined({ calls: known.length === 0 ? undefined : known });
      siblings.publish({ kind: "read", user: id, room: room.id, n: upTo, ...read });
    },
    ignore: async ({ user, on }, { account }) => {
      const { registry, kernel } = this.#context;
      const ignored = requireUser(registry, checkName(user, "person's name"));
      await kernel.transact(() => {
        const draft = registry.ignoreDraft(account, ignored.id, on);
        return draft === undefined ? [] : [draft];
      });
    },
    ignored: (_, { account }) => ({ users: this.#ignoredBy(account) }),
  } satisfies SomeHandlers;

  start(): void {
    const stored = this.#file.open();
    if (stored !== undefined) this.#positions.load(stored);
    const { rooms, sequencer } = this.#context;
    // Records that are missing here may exist in the cluster.
    if (sequencer.isShared) return;
    // After a loss of records, new messages have the numbers of lost ones.
    const isChanged = this.#positions.limit((room) => rooms.endOf(room));
    if (isChanged) this.#file.markDirty();
  }

  /** Sends the ignored users before the first record, so that their messages stay hidden. */
  onLogin(client: ClientConnection, { account }: MemberState): void {
    if (account.ignored.size > 0)
      client.notify({ kind: "ignored", users: this.#ignoredBy(account) });
  }

  upTo(user: UserId, room: RoomId): number {
    return this.#positions.of(user, room);
  }

  /** `n` of the calls beyond the read position that were read. */
  readCalls(user: UserId, room: RoomId): { readonly readCalls?: number[] } {
    const calls = this.#positions.calls(user, room);
    return calls.length === 0 ? {} : { readCalls: [...calls] };
  }

  isRead(user: UserId, room: RoomId, n: number): boolean {
    return this.#positions.isRead(user, room, n);
  }

  unread(account: Account, room: Room, before?: number): number {
    return room.messageCount.countOthers(account, this.upTo(account.id, room.id), before);
  }

  unreadRange(account: Account, room: Room): { readonly first?: number; readonly last?: number } {
    return room.messageCount.rangeOfOthers(account, this.upTo(account.id, room.id));
  }

  onAccountRecord(record: LogRecord): void {
    if (record.head.kind !== "ignore") return;
    const { registry, rooms, peers, refresh } = this.#context;
    const account = registry.get(record.head.room as UserId);
    const author = bodyOf(record, "ignore")?.user as UserId | undefined;
    if (account === undefined || author === undefined) return;
    const clients = peers.of(account.id);
    if (clients.length === 0) return;
    const users = this.#ignoredBy(account);
    for (const client of clients) client.notify({ kind: "ignored", users });
    for (const room of rooms.roomsOf(account.id)) {
      const upTo = this.upTo(account.id, room.id);
      if (room.messageCount.hasAfter(author, upTo)) refresh(account.id, room);
    }
  }

  /**
   * The read position advances past a user's own message only if everything before it has been
   * read.
   */
  onRecord(room: Room, record: LogRecord): void {
    const { head } = record;
    if (head.kind === "erase") this.#recount(room);
    if (head.by === "server") return;
    const positions = this.#positions;
    const isRemoved = head.kind === "remove" && this.#context.rooms.endOf(room.id) === undefined;
    if (isRemoved && positions.forgetRoom(room.id)) this.#file.markDirty();
    const kicked = head.kind === "kick" ? targetUser(record) : undefined;
    if (kicked !== undefined && positions.forget(kicked, room.id)) this.#file.markDirty();
    const isNext = positions.of(head.by, room.id) === head.n - 1;
    if (isNext || head.kind === "join") this.#advance(head.by, room, head.n, undefined);
    if (head.kind === "leave" && positions.forget(head.by, room.id)) this.#file.markDirty();
  }

  async close(): Promise<void> {
    this.#cancel?.();
    this.#sendAll();
    await this.#file.close();
  }

  advanceTo(
    user: UserId,
    id: RoomId,
    { n, calls }: { readonly n: number; readonly calls?: readonly number[] | undefined },
  ): void {
    const room = this.#context.rooms.get(id);
    if (room?.members.has(user) === true) this.#advance(user, room, n, undefined, calls);
  }

  /** The account's own records have the account as their room. */
  ownShown(user: UserId): number {
    const n = this.#positions.of(user, ownRoom(user));
    return n > 1 ? n : 0;
  }

  showOwn(user: UserId, n: number): void {
    if (this.#positions.advance(user, ownRoom(user), n)) this.#file.markDirty();
  }

  #advance(
    user: UserId,
    room: Room,
    n: number,
    by: ClientConnection | undefined,
    calls: readonly number[] = [],
  ): void {
    const hasAdvanced = this.#positions.advance(user, room.id, n);
    const hasRead = this.#positions.readCalls(user, room.id, calls);
    if (!hasAdvanced && !hasRead) return;
    this.#file.markDirty();
    const isForAll = this.#unsent.get(user)?.get(room) === "all";
    this.#notifyLater(user, room, isForAll ? "all" : { except: by });
  }

  /** A client cannot know whether an erased message that it has not loaded was unread. */
  #recount(room: Room): void {
    for (const user of room.members) {
      const isBehind = this.upTo(user, room.id) < room.lastN - 1;
      if (isBehind && this.#context.peers.of(user).length > 0) this.#notifyLater(user, room, "all");
    }
  }

  #notifyLater(user: UserId, room: Room, recipients: Recipients): void {
    const rooms = this.#unsent.get(user) ?? new Map<Room, Recipients>();
    this.#unsent.set(user, rooms.set(room, recipients));
    this.#cancel ??= this.#context.clock.after(READ_NOTICE_INTERVAL_MS, () => this.#sendAll());
  }

  #sendAll(): void {
    this.#cancel = undefined;
    // The counts include records that the clients have not received yet.
    this.#context.fanOut.flush();
    for (const [user, rooms] of this.#unsent) {
      const peers = this.#context.peers.of(user);
      // An account's only device knows its own position, unless the account also reads on another
      // server.
      const isOnlyDevice = peers.length < 2 && !this.#context.sequencer.isShared;
      for (const client of peers) {
        for (const [room, recipients] of rooms) {
          if (recipients !== "all" && (isOnlyDevice || client === recipients.except)) continue;
          const { account } = client;
          if (account === undefined) continue;
          const [n, unread] = [this.upTo(user, room.id), this.unread(account, room)];
          const { first } = unread === 0 ? {} : this.unreadRange(account, room);
          const readCalls = this.readCalls(user, room.id);
          const counts = { n, unread, ...defined({ first }), ...readCalls };
          client.notify({ kind: "read", room: room.id, ...counts });
        }
      }
    }
    this.#unsent.clear();
  }

  #ignoredBy(account: Account): string[] {
    const names = [...account.ignored].map((id) => this.#context.registry.nameOf(id));
    return names.filter((name) => name !== undefined);
  }
}

function ownRoom(user: UserId): RoomId {
  return user as string as RoomId;
}
