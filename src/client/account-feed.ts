import { unreachable } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import type { FileId, Sha256 } from "../base/ids.ts";
import type { ChatRecord, RoomView } from "../core/client/chat-record.ts";
import { WORD_KINDS } from "../wire/kinds.ts";
import type { NoticeOf } from "../wire/messages.ts";
import type { ClientEvent } from "./event.ts";
import { EventStage, type RecordOpener } from "./event-stage.ts";
import { type AccountNotice, Follower, type FollowerEvent, type FollowMode } from "./follower.ts";
import type { Connection, ServerNotice } from "./link/connection.ts";
import type { Entered } from "./login.ts";
import { ReadState } from "./read-state.ts";
import type { Greeted } from "./trust.ts";

export interface AccountFeedSink {
  /** All of it, before anything is made of it: for a face with a model. */
  followed?(event: FollowerEvent): void;
  event(event: ClientEvent, sizeBytes: number): void;
  /** A record of this account. @param head its bytes as they came */
  saw(head: Uint8Array, record: ChatRecord): void;
  /** Everything up to `seq` was told. */
  cursor(seq: number): void;
  /** The server knows less than an earlier run was told. */
  rewind(seq: number): void;
  /** `again`: asking once more is in vain. */
  hole(fault: Fault, again: boolean): void;
  /** Left out: nothing is sealed for this reader. */
  readonly opener?: RecordOpener;
  /** Others may soon not be able to let this device into sealed rooms. */
  lowOnKeyPackages?(): void;
}

export type ConnectedEvent = Omit<Extract<ClientEvent, { kind: "connected" }>, "rooms">;

/** Beyond this many the rooms told so far have to do for `connected`. */
const HELD_EVENTS_MAX = 2_048;
/** Of programs, not of people: a room's making is told by its first join. */
const HIDDEN_KINDS: ReadonlySet<string> = new Set(["room"]);

/**
 * What a client's reader is told of one account: `connected` with all rooms before everything else
 * of a link, no records that are only for programs, and what is unread.
 */
export class AccountFeed {
  readonly #mode: FollowMode;
  readonly #sink: AccountFeedSink;
  readonly #follower: Follower;
  readonly reads = new ReadState();
  /** Folded names of people whose words are not to be shown. Bounded by the server's answer. */
  #ignored: ReadonlySet<string> = new Set();
  /** Until the rooms are known, that is until `caught-up`; bounded by HELD_EVENTS_MAX. */
  #held: { event: ClientEvent; sizeBytes: number }[] | undefined;
  #connected: ConnectedEvent | undefined;
  /** Folded. */
  #me = "";

  /** @param asked the cursor of an earlier run */
  constructor(mode: FollowMode, asked: number | undefined, sha256: Sha256, sink: AccountFeedSink) {
    this.#mode = mode;
    this.#sink = sink;
    const { opener } = sink;
    const full = () => sink.hole(new Fault("too-many", "sealed rooms are read too slowly"), false);
    const stage =
      opener === undefined
        ? undefined
        : new EventStage(opener, (event) => this.#event(event), full);
    this.#follower = new Follower(mode, asked, sha256, {
      event: (event) => (stage === undefined ? this.#event(event) : stage.pass(event)),
      hole: (fault, again) => sink.hole(fault, again),
    });
  }

  /** What to ask the next link for. */
  get after(): number | undefined {
    return this.#follower.after;
  }

  get rooms(): RoomView[] {
    return this.#follower.rooms;
  }

  ignores(user: string | undefined): boolean {
    return user !== undefined && this.#ignored.has(user.toLowerCase());
  }

  /** A new link is logged in, having asked for what follows `after`. */
  connected(event: ConnectedEvent): void {
    this.#follower.connected(() => {
      this.#held ??= []; // A link that was lost before `caught-up` has left records here.
      this.#connected = event;
      this.#me = event.user.toLowerCase();
      this.#ignored = new Set();
    });
  }

  /** @throws Fault frame-malformed, too-many: the server's doing */
  notice(notice: ServerNotice): void {
    this.#follower.notice(notice);
  }

  #event(event: FollowerEvent): void {
    this.#sink.followed?.(event);
    switch (event.kind) {
      case "connected":
        return event.begin();
      case "room":
        return this.#room(event);
      case "room-gone":
        this.reads.gone(event.id);
        if (event.room === undefined || this.#mode === "none") return;
        return this.#emit({ kind: "room-gone", room: event.room });
      case "record":
        this.#sink.saw(event.head, event.record);
        return this.#record(event.record, event.sizeBytes);
      case "skipped":
      case "presence":
        return this.#emit(event);
      case "caught-up":
        this.#release(event.rooms);
        return this.#emit({ kind: "caught-up" });
      case "cursor":
        return this.#sink.cursor(event.seq);
      case "rewind":
        return this.#sink.rewind(event.seq);
      case "in-room":
        return this.#inRoom(event.room, event.notice);
      case "account":
        return this.#account(event.notice);
      default:
        return unreachable(event);
    }
  }

  #room({ room, isNews, notice }: Extract<FollowerEvent, { kind: "room" }>): void {
    this.reads.room(room.id, notice.n - 1, notice.read ?? 1, notice.unread);
    if (this.#mode === "none" || this.#connected !== undefined || !isNews) return;
    this.#emit({ kind: "room", room });
  }

  #record(record: ChatRecord, sizeBytes: number): void {
    const hidden = HIDDEN_KINDS.has(record.kind) || record.sealed === "carrier";
    const counts =
      !hidden && WORD_KINDS.has(record.kind) && record.from?.toLowerCase() !== this.#me;
    this.reads.record(record.room.id, record.n, { hidden, counts });
    if (!hidden) this.#emit({ kind: "record", record }, sizeBytes);
  }

  #inRoom(room: RoomView, notice: NoticeOf<"typing" | "read" | "offered">): void {
    if (notice.kind === "typing") return; // Only a model shows it: it is old in a moment.
    if (notice.kind === "offered") {
      if (room.isSealed === true) return; // What it is, a message says when it is there.
      const { file, size, folder, ...rest } = notice;
      const event = { ...rest, room, file: file as FileId, sizeBytes: size, folder };
      return this.#emit(event, notice.name.length);
    }
    const { n, unread } = notice;
    if (this.reads.read(room.id, n, unread) === undefined) return;
    this.#emit({ kind: "read", room, n, unread: this.reads.unread(room.id) });
  }

  #account(notice: AccountNotice): void {
    if (notice.kind === "invited") this.#sink.event(notice, 0);
    if (notice.kind === "key-packages-low") this.#sink.lowOnKeyPackages?.();
    if (notice.kind === "link-asked") this.#sink.event(notice, 0);
    if (notice.kind === "announced") this.#sink.event(notice, notice.text.length);
    if (notice.kind === "disk-low") this.#sink.event(notice, 0);
    if (notice.kind === "majority") this.#emit(notice);
    if (notice.kind === "ignored") {
      this.#ignored = new Set(notice.users.map((user) => user.toLowerCase()));
    }
  }

  #emit(event: ClientEvent, sizeBytes = 0): void {
    if (this.#held === undefined) {
      this.#sink.event(event, sizeBytes);
      return;
    }
    this.#held.push({ event, sizeBytes });
    if (this.#held.length >= HELD_EVENTS_MAX) this.#release();
  }

  #release(rooms = this.rooms as readonly RoomView[]): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    const connected = this.#connected;
    this.#connected = undefined;
    if (connected !== undefined) this.#sink.event({ ...connected, rooms }, 0);
    for (const { event, sizeBytes } of held) this.#sink.event(event, sizeBytes);
  }
}

export function connectedEvent(
  address: string,
  { link }: Connection,
  { welcome, fingerprint }: Greeted,
  { account, registered }: Entered,
): ConnectedEvent {
  return {
    kind: "connected",
    server: welcome.server.name,
    address,
    user: account.user,
    transport: link.transport,
    fingerprint,
    welcome: welcome.text,
    registered,
  };
}
