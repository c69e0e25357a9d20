import { Fault } from "../base/fault.ts";
import type { FileId, RoomId } from "../base/ids.ts";
import {
  type ChatRecord,
  type RoomView,
  readHead,
  resolveRecord,
  roomViewOf,
} from "../core/chat-record.ts";
import type { ModelEvent } from "../core/model-event.ts";
import { Timeline, type TimelineEffect } from "../core/timeline.ts";
import type { ServerNotice } from "../io/connection.ts";
import type { NoticeOf } from "../wire/messages.ts";
import { pageSha256 } from "./hash.ts";

export interface NoticesSink {
  readonly event: (event: ModelEvent) => void;
  /** The server's window: what an operator who watches is told. */
  readonly happened: (event: NoticeOf<"event">) => void;
  /** `again`: asking once more is in vain. */
  readonly hole: (fault: Fault, again: boolean) => void;
}

/**
 * Makes events of what the server tells one account: checks records against their heads, names
 * their rooms, notices what is missing. Lives as long as the account is in. A page keeps no words
 * over a reload: it begins with the newest of each room.
 */
export class Notices {
  readonly #sink: NoticesSink;
  readonly #timeline = new Timeline();
  /** Bounded by the timeline. */
  readonly #rooms = new Map<string, RoomView>();

  constructor(sink: NoticesSink) {
    this.#sink = sink;
  }

  /** What to ask the next link for. */
  get after(): number | undefined {
    return this.#timeline.after;
  }

  connected(): void {
    this.#timeline.handle({ kind: "connected", after: this.after });
  }

  /** @throws Fault frame-malformed, too-many: the server's doing */
  notice(notice: ServerNotice): void {
    switch (notice.kind) {
      case "room":
        return this.#room(notice);
      case "room-gone":
        this.#rooms.delete(notice.room);
        this.#perform(this.#timeline.handle({ kind: "gone", room: notice.room }));
        return this.#sink.event({ kind: "room-gone", room: notice.room as RoomId });
      case "record":
        return this.#record(notice);
      case "caught-up":
        this.#perform(this.#timeline.handle({ kind: "caught-up", seq: notice.seq }));
        return this.#sink.event({ kind: "caught-up" });
      case "presence":
        return this.#sink.event({ ...notice, room: notice.room as RoomId });
      case "read":
        return this.#sink.event({ ...notice, room: notice.room as RoomId });
      case "ignored":
        return this.#sink.event(notice);
      case "offered": {
        const { room, file, from, name, size } = notice;
        const ids = { room: room as RoomId, file: file as FileId };
        return this.#sink.event({ kind: "offered", ...ids, from, name, sizeBytes: size });
      }
      case "event":
        return this.#sink.happened(notice);
      default: // Greetings and farewells are the connection's.
        return;
    }
  }

  #room(notice: NoticeOf<"room">): void {
    const { room, n, skipped, behind } = notice;
    this.#rooms.set(room, roomViewOf(notice));
    const effects = this.#timeline.handle({ kind: "room", room, n, skipped, behind });
    this.#sink.event({ ...notice, room: room as RoomId });
    this.#perform(effects);
  }

  #record(wire: NoticeOf<"record">): void {
    const headed = readHead(wire);
    const { room, n, seq } = headed.head;
    const view = this.#rooms.get(room);
    if (view === undefined) return; // Of a room that is gone.
    const effects = this.#timeline.handle({ kind: "record", room, n, seq });
    if (effects[0]?.kind === "show") {
      const record: ChatRecord = resolveRecord(headed, view, pageSha256);
      this.#sink.event({ kind: "record", record });
    }
    this.#perform(effects);
  }

  #perform(effects: readonly TimelineEffect[]): void {
    for (const effect of effects) {
      if (effect.kind !== "hole") continue;
      const { room, expected, got, again } = effect;
      const name = this.#rooms.get(room)?.name ?? room;
      const sentence = `the server left out ${got - expected} records of '${name}' (n ${expected})`;
      const remedy = "ask the server's owner to run chat verify";
      this.#sink.hole(new Fault("log-corrupt", sentence, { remedy }), again);
    }
  }
}
