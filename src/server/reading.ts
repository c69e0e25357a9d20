import { unreachable } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import type { RoomId, UserId } from "../base/ids.ts";
import { READ_TOLD_EVERY_MS } from "../base/limits.ts";
import { checkName } from "../base/names.ts";
import type { Account, Registry } from "../core/registry.ts";
import { accountIn, type Room, type Rooms } from "../core/room.ts";
import type { Clock } from "../io/clock.ts";
import type { Log } from "../io/log.ts";
import type { RequestOf } from "../wire/messages.ts";
import type { LogRecord } from "../wire/record.ts";
import type { ReadingRequest } from "./desk.ts";
import type { Marks } from "./marks.ts";
import type { Peer } from "./peer.ts";

export interface ReadingOptions {
  readonly clock: Clock;
  readonly rooms: Rooms;
  readonly registry: Registry;
  readonly accounts: Pick<Log, "append">;
  readonly marks: Marks;
  readonly peersOf: (user: UserId) => Iterable<Peer>;
}

/** How far people have read, and whom they ignore: of the account, so the same on each device. */
export class Reading {
  readonly #options: ReadingOptions;
  /** What the other devices are to be told of: rooms, each with the device that read last. */
  readonly #untold = new Map<UserId, Map<Room, Peer | undefined>>(); // Emptied every second.
  #cancel: (() => void) | undefined;

  constructor(options: ReadingOptions) {
    this.#options = options;
  }

  async serve(peer: Peer, account: Account, request: ReadingRequest): Promise<void> {
    switch (request.kind) {
      case "read":
        this.#read(peer, account, request);
        return peer.answer(request.ref, {});
      case "ignore":
        await this.#ignore(account, request);
        return peer.answer(request.ref, {});
      case "ignored":
        return peer.answer(request.ref, { users: this.#ignoredBy(account) });
      default:
        return unreachable(request);
    }
  }

  /** Before the first record: whoever is ignored is not shown. */
  arrived(peer: Peer, account: Account): void {
    if (account.ignored.size > 0) peer.tell({ kind: "ignored", users: this.#ignoredBy(account) });
  }

  upTo(user: UserId, room: RoomId): number {
    return this.#options.marks.marks.of(user, room);
  }

  unread(user: UserId, room: Room): number {
    return Math.max(0, room.lastN - this.upTo(user, room.id));
  }

  /** What one says oneself needs no reading, if all before it was read; nor what was before. */
  recorded(room: Room, record: LogRecord): void {
    const { head } = record;
    if (head.by === "server") return;
    const { marks } = this.#options.marks;
    const gone = head.kind === "kick" ? accountIn(record) : undefined;
    if (gone !== undefined && marks.forget(gone, room.id)) this.#options.marks.touch();
    const isNext = marks.of(head.by, room.id) === head.n - 1;
    if (isNext || head.kind === "join") this.#advance(head.by, room, head.n, undefined);
    if (head.kind === "leave" && marks.forget(head.by, room.id)) this.#options.marks.touch();
  }

  /** Tells what is still to be told and keeps what is still to be kept. */
  async close(): Promise<void> {
    this.#cancel?.();
    this.#tellAll();
    await this.#options.marks.close();
  }

  /** @throws Fault not-member: also of a room that there is not */
  #read(peer: Peer, { id }: Account, { room: asked, n }: RequestOf<"read">): void {
    const room = this.#options.rooms.get(asked as RoomId);
    if (room?.members.has(id) !== true) throw new Fault("not-member", "you do not read that room");
    this.#advance(id, room, Math.min(n, room.lastN), peer);
  }

  #advance(user: UserId, room: Room, n: number, by: Peer | undefined): void {
    const { marks, clock } = this.#options;
    if (!marks.marks.advance(user, room.id, n)) return;
    marks.touch();
    const rooms = this.#untold.get(user) ?? new Map<Room, Peer | undefined>();
    this.#untold.set(user, rooms.set(room, by));
    this.#cancel ??= clock.after(READ_TOLD_EVERY_MS, () => this.#tellAll());
  }

  #tellAll(): void {
    this.#cancel = undefined;
    for (const [user, rooms] of this.#untold) {
      const peers = [...this.#options.peersOf(user)];
      if (peers.length < 2) continue; // It knows what it has shown.
      for (const peer of peers) {
        for (const [room, by] of rooms) {
          if (peer === by) continue;
          peer.tell({ kind: "read", room: room.id, n: this.upTo(user, room.id) });
        }
      }
    }
    this.#untold.clear();
  }

  /** @throws Fault user-unknown, not-allowed, too-many, store-… */
  async #ignore(account: Account, { user, on }: RequestOf<"ignore">): Promise<void> {
    const { registry, accounts, peersOf } = this.#options;
    const other = registry.find(checkName(user, "person's name"));
    if (other === undefined) throw new Fault("user-unknown", `there is no '${user}' here`);
    const draft = registry.ignoreDraft(account, other.id, on);
    if (draft === undefined) return;
    await accounts.append(draft, { expect: account.lastSeq }); // The list stays within its bound.
    const users = this.#ignoredBy(account);
    for (const peer of peersOf(account.id)) peer.tell({ kind: "ignored", users });
  }

  #ignoredBy(account: Account): string[] {
    const names = [...account.ignored].map((id) => this.#options.registry.nameOf(id));
    return names.filter((name) => name !== undefined);
  }
}
