import { Fault } from "../base/fault.ts";
import type { FileId, Sha256 } from "../base/ids.ts";
import {
  bodyText,
  type ChatRecord,
  type RoomView,
  readHead,
  resolveRecord,
  roomViewOf,
} from "../core/chat-record.ts";
import { Timeline, type TimelineEffect } from "../core/timeline.ts";
import type { ServerNotice } from "../io/connection.ts";
import type { NoticeOf, WireRecord } from "../wire/messages.ts";
import type { ClientEvent } from "./event.ts";
import { ReadState } from "./read-state.ts";

/** What a follower does with what it was told. */
export interface FollowerSink {
  event(event: ClientEvent, sizeBytes: number): void;
  /** Everything up to `seq` was told. */
  cursor(seq: number): void;
  /** The server knows less than an earlier run was told. */
  rewind(seq: number): void;
  /** `again`: asking once more is in vain. */
  hole(fault: Fault, again: boolean): void;
}

export type FollowMode =
  /** What was missed, then what happens. */
  | "all"
  /** What happens from now on; nothing is remembered for the next run. */
  | "live"
  /** No records at all: for commands that ask one thing. */
  | "none";

type Connected = Extract<ClientEvent, { kind: "connected" }>;

/** Beyond this many the rooms told so far have to do for `connected`. */
const HELD_EVENTS_MAX = 2_048;
/** Of programs, not of people: a room's making is told by its first join. */
const HIDDEN_KINDS: ReadonlySet<string> = new Set(["room"]);

/**
 * Makes events of what the server tells one account: gives records their rooms' names, drops what
 * was seen, notices what is missing. Lives as long as the account is in, over any number of links.
 */
export class Follower {
  readonly #mode: FollowMode;
  readonly #sha256: Sha256;
  readonly #sink: FollowerSink;
  readonly #timeline = new Timeline();
  readonly reads = new ReadState();
  /** Folded names of people whose words are not to be shown. Bounded by the server's answer. */
  #ignored: ReadonlySet<string> = new Set();
  /** Of the present link. Bounded by the timeline, or by this link's bytes in mode `none`. */
  #rooms = new Map<string, RoomView>();
  /** Of the links since the last that told of all rooms. */
  readonly #before = new Map<string, RoomView>();
  /** Until the rooms are known, that is until `caught-up`; bounded by HELD_EVENTS_MAX. */
  #held: { event: ClientEvent; sizeBytes: number }[] | undefined;
  #connected: Omit<Connected, "rooms"> | undefined;
  #asked: number | undefined;

  /** @param asked the cursor of an earlier run */
  constructor(mode: FollowMode, asked: number | undefined, sha256: Sha256, sink: FollowerSink) {
    this.#mode = mode;
    this.#asked = asked;
    this.#sha256 = sha256;
    this.#sink = sink;
  }

  /** What to ask the next link for. */
  get after(): number | undefined {
    const newest = Number.MAX_SAFE_INTEGER;
    if (this.#mode === "none") return newest;
    const after = this.#timeline.after ?? this.#asked;
    return this.#mode === "live" ? (after ?? newest) : after;
  }

  get rooms(): RoomView[] {
    return [...this.#rooms.values()];
  }

  ignores(user: string | undefined): boolean {
    return user !== undefined && this.#ignored.has(user.toLowerCase());
  }

  /** A new link is logged in, having asked for what follows `after`. */
  connected(event: Omit<Connected, "rooms">): void {
    const after = this.after;
    this.#asked = after === Number.MAX_SAFE_INTEGER ? undefined : after;
    this.#timeline.handle({ kind: "connected", after: this.#asked });
    for (const [id, view] of this.#rooms) this.#before.set(id, view);
    this.#rooms = new Map();
    this.#held ??= []; // A link that was lost before `caught-up` has left records here.
    this.#connected = event;
    this.#ignored = new Set();
  }

  /** @throws Fault frame-malformed, too-many: the server's doing */
  notice(notice: ServerNotice): void {
    switch (notice.kind) {
      case "room":
        return this.#room(notice);
      case "room-gone":
        return this.#gone(notice.room);
      case "record":
        return this.#mode === "none" ? undefined : this.#record(notice);
      case "caught-up":
        return this.#caughtUp(notice.seq);
      case "presence":
        return this.#presence(notice);
      case "read":
        return this.#read(notice);
      case "offered":
        return this.#offered(notice);
      case "ignored":
        this.#ignored = new Set(notice.users.map((user) => user.toLowerCase()));
        return;
      case "link-asked":
        return this.#sink.event(notice, 0);
      default: // Greetings and farewells are the connection's.
        return;
    }
  }

  #room(notice: NoticeOf<"room">): void {
    const view = roomViewOf(notice);
    const known = this.#rooms.get(view.id);
    this.#rooms.set(view.id, view);
    this.reads.room(view.id, notice.n - 1, notice.read ?? 1);
    if (this.#mode === "none") return;
    const isNews = known === undefined || known.topic !== view.topic || known.name !== view.name;
    if (this.#connected === undefined && isNews) this.#emit({ kind: "room", room: view });
    const { room, n, skipped, behind } = notice;
    this.#perform(this.#timeline.handle({ kind: "room", room, n, skipped, behind }));
  }

  #gone(id: string): void {
    // It may go before this link has told of it: whoever shows it knows it from the last one.
    const room = this.#rooms.get(id) ?? this.#before.get(id);
    this.#rooms.delete(id);
    this.#before.delete(id);
    this.reads.gone(id);
    if (this.#mode === "none") return;
    if (room !== undefined) this.#emit({ kind: "room-gone", room });
    this.#perform(this.#timeline.handle({ kind: "gone", room: id }));
  }

  #record(record: WireRecord): void {
    const headed = readHead(record);
    const { room: id, n, seq } = headed.head;
    const view = this.#rooms.get(id);
    if (view === undefined) return; // Of a room that is gone.
    const effects = this.#timeline.handle({ kind: "record", room: id, n, seq });
    if (effects[0]?.kind === "show") {
      const resolved = resolveRecord(headed, view, this.#sha256);
      this.#noteTopic(resolved);
      this.reads.record(id, n, HIDDEN_KINDS.has(resolved.kind));
      const sizeBytes = record.head.length + (record.body?.length ?? 0);
      if (!HIDDEN_KINDS.has(resolved.kind)) {
        this.#emit({ kind: "record", record: resolved }, sizeBytes);
      }
    }
    this.#perform(effects);
  }

  #noteTopic(record: ChatRecord): void {
    if (record.kind !== "topic" || record.state !== "whole") return;
    this.#rooms.set(record.room.id, { ...record.room, topic: bodyText(record, "topic") });
  }

  #caughtUp(seq: number): void {
    this.#before.clear();
    this.#release();
    this.#emit({ kind: "caught-up" });
    if (this.#mode === "none") return;
    if (seq < (this.#asked ?? 0)) this.#sink.rewind(seq);
    this.#perform(this.#timeline.handle({ kind: "caught-up", seq }));
  }

  #presence({ room: id, user, online }: NoticeOf<"presence">): void {
    const room = this.#rooms.get(id);
    if (room === undefined || this.#mode === "none") return;
    this.#emit({ kind: "presence", room, user, online });
  }

  #offered({ room: id, file, size, folder, ...said }: NoticeOf<"offered">): void {
    const room = this.#rooms.get(id);
    if (room === undefined || this.#mode === "none") return;
    const sizeBytes = size;
    this.#emit({ ...said, room, file: file as FileId, sizeBytes, folder }, said.name.length);
  }

  /** Another device has read on. */
  #read({ room: id, n }: NoticeOf<"read">): void {
    const room = this.#rooms.get(id);
    if (room === undefined || this.#mode === "none") return;
    if (this.reads.read(id, n) === undefined) return;
    this.#emit({ kind: "read", room, n, unread: this.reads.unread(id) });
  }

  #perform(effects: readonly TimelineEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === "cursor") this.#sink.cursor(effect.seq);
      if (effect.kind === "skipped") this.#skipped(effect.room, effect.count);
      if (effect.kind === "hole") this.#hole(effect);
    }
  }

  #skipped(id: string, count: number): void {
    const room = this.#rooms.get(id);
    if (room !== undefined) this.#emit({ kind: "skipped", room, count });
  }

  #hole({ room, expected, got, again }: Extract<TimelineEffect, { kind: "hole" }>): void {
    const name = this.#rooms.get(room)?.name ?? room;
    const sentence = `the server left out ${got - expected} records of '${name}' (n ${expected})`;
    const remedy = "ask the server's owner to run chat verify";
    this.#sink.hole(new Fault("log-corrupt", sentence, { remedy }), again);
  }

  #emit(event: ClientEvent, sizeBytes = 0): void {
    if (this.#held === undefined) {
      this.#sink.event(event, sizeBytes);
      return;
    }
    this.#held.push({ event, sizeBytes });
    if (this.#held.length >= HELD_EVENTS_MAX) this.#release();
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    const connected = this.#connected;
    this.#connected = undefined;
    if (connected !== undefined) this.#sink.event({ ...connected, rooms: this.rooms }, 0);
    for (const { event, sizeBytes } of held) this.#sink.event(event, sizeBytes);
  }
}
