/** Polls that the board's wall shows: counted from the records, as clients count them. */

import { type ChangeMap, NO_CHANGES, noteChange } from "../../../core/model/changes.ts";
import { pollView } from "../../../core/model/poll.ts";
import type { PollView } from "../../../core/model/state.ts";
import { pollRulesOf } from "../../../core/rooms/polls.ts";
import { isConfidential, type Room } from "../../../core/rooms/rooms.ts";
import { CLOSED_POLL_MS } from "../../../ui/wall/wall-view.ts";
import { type LogRecord, parseBody } from "../../../wire/record.ts";

/** Newest polls that are counted. Only one is shown. */
const POLLS_MAX = 20;

interface CountedPoll {
  readonly room: Room;
  /** Id of the author's account. */
  readonly by: string;
  readonly text: string;
  endedUnixMs: number;
}

export interface ShownPoll {
  readonly room: Room;
  readonly poll: PollView;
}

export class WallPolls {
  readonly #polls = new Map<number, CountedPoll>();
  readonly #changes: ChangeMap = new Map();
  /** Counted polls, until a record changes them. */
  readonly #views = new Map<number, PollView>();

  /** @param nameOf name of an account by its id */
  constructor(private readonly nameOf: (id: string) => string | undefined) {}

  note(record: LogRecord, room: Room): void {
    if (isConfidential(room) || room.isSealed === true) return;
    const { kind, seq, time, n, by, id } = record.head;
    if (kind !== "text" && kind !== "vote" && kind !== "poll" && kind !== "erase") return;
    const body = parseBody(record);
    if (body === undefined) return;
    if (kind === "text") {
      if (pollRulesOf(body["poll"]) === undefined || this.#polls.has(seq)) return;
      const endedUnixMs = Number.POSITIVE_INFINITY;
      this.#polls.set(seq, { room, by, text: String(body["text"] ?? ""), endedUnixMs });
      this.#limit();
    } else if (kind === "erase") {
      for (const erased of [body["seq"], ...((body["also"] as unknown[] | undefined) ?? [])]) {
        this.#forget(Number(erased));
      }
      return;
    } else if (!this.#polls.has(Number(body[kind === "vote" ? "re" : "seq"]))) return;
    const ended = kind === "poll" ? this.#polls.get(Number(body["seq"])) : undefined;
    if (ended !== undefined) ended.endedUnixMs = time;
    const view = { id: room.id, kind: "room", name: room.name ?? "", topic: "" } as const;
    const facts = { seq, n, timeUnixMs: time, kind, id, room: view, from: this.nameOf(by) };
    const changed = noteChange(this.#changes, { ...facts, state: "whole", body });
    for (const poll of changed) this.#views.delete(poll);
  }

  /**
   * Returns the newest open poll, or else the last one that has just ended.
   * @param isShown whether polls of the author in the room are shown
   */
  newest(
    unixMs: number,
    isShown: (room: Room, by: string) => boolean = () => true,
  ): ShownPoll | undefined {
    let last: ShownPoll | undefined;
    for (const [seq, { room, by, text, endedUnixMs }] of [...this.#polls].sort(
      ([a], [b]) => b - a,
    )) {
      if (endedUnixMs + CLOSED_POLL_MS < unixMs) continue;
      if (isConfidential(room) || !isShown(room, by)) continue;
      const poll =
        this.#views.get(seq) ?? pollView(text, this.#changes.get(seq) ?? NO_CHANGES, undefined);
      if (poll === undefined) continue;
      this.#views.set(seq, poll);
      if (!poll.isClosed) return { room, poll };
      last ??= { room, poll };
    }
    return last;
  }

  #limit(): void {
    for (const seq of this.#polls.keys()) {
      if (this.#polls.size <= POLLS_MAX) return;
      this.#forget(seq);
    }
  }

  #forget(seq: number): void {
    this.#polls.delete(seq);
    this.#changes.delete(seq);
    this.#views.delete(seq);
  }
}
