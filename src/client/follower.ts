/** Follower that turns one account's notices into verified, ordered events. */

import { Fault } from "../base/fault.ts";
import type { RoomId, Sha256 } from "../base/ids.ts";
import {
  type ChatRecord,
  fieldsIn,
  type RoomView,
  readHead,
  resolveRecord,
  roomViewOf,
} from "../core/client/chat-record.ts";
import { Timeline, type TimelineEffect } from "../core/client/timeline.ts";
import type { Clock } from "../io/clock.ts";
import type { NoticeOf, WireRecord } from "../wire/messages.ts";
import type { AccountNotice, LinkInfo, RoomEvent, RoomNoticeKind } from "./event.ts";
import type { ServerNotice } from "./link/connection.ts";

export type FollowerEvent = RoomEvent | AccountNotice;

export interface FollowerSink {
  event(event: FollowerEvent): void;
  /** `isRepeated` is true if another request cannot deliver the missing records. */
  gap(fault: Fault, isRepeated: boolean): void;
}

/** `all`: missed, then new records; `live`: new records; `none`: neither records nor presence. */
export type FollowMode = "all" | "live" | "none";

/**
 * Verifies records against their heads, drops duplicates and detects gaps. Remains in use across
 * links while the account is logged in.
 */
export class Follower {
  readonly #timeline = new Timeline();
  #rooms = new Map<string, RoomView>();
  readonly #previousRooms = new Map<string, RoomView>();
  #requestedCursor: number | undefined;

  constructor(
    private readonly mode: FollowMode,
    cursor: number | undefined,
    private readonly parts: { readonly sha256: Sha256; readonly clock: Pick<Clock, "unixMs"> },
    private readonly sink: FollowerSink,
  ) {
    this.#requestedCursor = cursor;
  }

  get after(): number | undefined {
    const newest = Number.MAX_SAFE_INTEGER;
    if (this.mode === "none") return newest;
    const after = this.#timeline.after ?? this.#requestedCursor;
    return this.mode === "live" ? (after ?? newest) : after;
  }

  get rooms(): RoomView[] {
    return [...this.#rooms.values()];
  }

  /** Continues where an earlier process has stopped. */
  resume(after: number | undefined): void {
    this.#requestedCursor = after;
  }

  connected(link: LinkInfo): void {
    const after = this.after;
    this.#requestedCursor = after === Number.MAX_SAFE_INTEGER ? undefined : after;
    this.#timeline.handle({ kind: "connected", after: this.#requestedCursor });
    for (const [id, view] of this.#rooms) this.#previousRooms.set(id, view);
    this.#rooms = new Map();
    this.sink.event({ kind: "listing", link });
  }

  /** @throws {Fault} frame-malformed or too-many if the server violates the protocol */
  notice(notice: ServerNotice): void {
    switch (notice.kind) {
      case "room":
        return this.#room(notice);
      case "room-gone":
        return this.#removeRoom(notice.room as RoomId);
      case "records":
        if (this.mode === "none") return;
        // After a gap the link is about to be closed, so later records are useless.
        for (const record of notice.records) if (!this.#record(record)) return;
        return;
      case "caught-up":
        return this.#caughtUp(notice.seq);
      case "presences":
        return this.#presences(notice);
      case "typing":
      case "read":
      case "offered":
        return this.#roomNotice(notice);
      case "guess-delay":
        return;
      default:
        return this.sink.event(notice);
    }
  }

  #roomNotice(notice: NoticeOf<RoomNoticeKind>): void {
    const room = notice.room as RoomId;
    if (this.#rooms.has(room) && this.mode !== "none") this.sink.event({ ...notice, room });
  }

  #presences(notice: NoticeOf<"presences">): void {
    const room = notice.room as RoomId;
    if (!this.#rooms.has(room) || this.mode === "none") return;
    const emitAs = (online: boolean) => (user: string) =>
      this.sink.event({ kind: "presence", room, user, online });
    notice.online.forEach(emitAs(true));
    notice.offline.forEach(emitAs(false));
    for (const change of notice.statuses ?? [])
      this.sink.event({ kind: "status", room, ...change });
  }

  #room(notice: NoticeOf<"room">): void {
    const reported = roomViewOf(notice);
    const known = this.#rooms.get(reported.id);
    // A sealed room stays sealed even if the server later reports it as open.
    const wasSealed = (known ?? this.#previousRooms.get(reported.id))?.isSealed === true;
    const isBoxed = notice.rules?.post === "private" && notice.moderates !== true;
    const view = { ...reported, ...(wasSealed && { isSealed: true }), ...(isBoxed && { isBoxed }) };
    this.#rooms.set(view.id, view);
    const isChanged =
      known === undefined ||
      known.title !== view.title ||
      known.topic !== view.topic ||
      known.name !== view.name ||
      known.isSealed !== view.isSealed;
    this.sink.event({ ...notice, room: view.id, view, isChanged });
    if (this.mode === "none") return;
    const { room, n, skipped, behind } = notice;
    this.#perform(this.#timeline.handle({ kind: "room", room, n, skipped, behind }));
  }

  #removeRoom(room: RoomId): void {
    this.#rooms.delete(room);
    this.#previousRooms.delete(room);
    this.sink.event({ kind: "room-gone", room });
    if (this.mode !== "none") this.#perform(this.#timeline.handle({ kind: "gone", room }));
  }

  #record(wire: WireRecord): boolean {
    const headed = readHead(wire);
    const { room: id, n, seq } = headed.head;
    const view = this.#rooms.get(id);
    if (view === undefined) return true;
    const effects = this.#timeline.handle({ kind: "record", room: id, n, seq });
    if (effects[0]?.kind === "show") {
      const { sha256, clock } = this.parts;
      const record = resolveRecord(headed, view, sha256, clock.unixMs());
      this.#updateRoom(record);
      const sizeBytes = wire.head.length + (wire.body?.length ?? 0);
      this.sink.event({ kind: "record", record, head: wire.head, sizeBytes });
    }
    this.#perform(effects);
    return !effects.some(({ kind }) => kind === "gap");
  }

  #updateRoom(record: ChatRecord): void {
    if (record.state !== "whole") return;
    const { keepMs } = record.body ?? {};
    if (record.kind === "retention") {
      const retentionMs = typeof keepMs === "number" ? keepMs : undefined;
      this.#rooms.set(record.room.id, { ...record.room, keepMs: retentionMs });
    }
    if (record.kind === "group")
      this.#rooms.set(record.room.id, { ...record.room, isSealed: true });
    if (record.kind !== "topic") return;
    this.#rooms.set(record.room.id, { ...record.room, topic: fieldsIn(record).topic ?? "" });
  }

  #caughtUp(seq: number): void {
    this.#previousRooms.clear();
    this.sink.event({ kind: "caught-up", rooms: this.rooms });
    if (this.mode === "none") return;
    if (seq < (this.#requestedCursor ?? 0)) this.sink.event({ kind: "rewind", seq });
    this.#perform(this.#timeline.handle({ kind: "caught-up", seq }));
  }

  #perform(effects: readonly TimelineEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === "cursor") this.sink.event(effect);
      if (effect.kind === "skipped") this.sink.event({ ...effect, room: effect.room as RoomId });
      if (effect.kind === "gap") this.#reportGap(effect);
    }
  }

  #reportGap({
    room,
    expected,
    received: got,
    again: isRepeated,
  }: Extract<TimelineEffect, { kind: "gap" }>): void {
    const name = this.#rooms.get(room)?.name ?? room;
    const count = got - expected;
    const text = `the server omitted ${count} records of '${name}', starting with ${expected}`;
    const remedy = "ask the server's owner to run chat verify";
    this.sink.gap(new Fault("log-corrupt", text, { remedy }), isRepeated);
  }
}
