import { Fault } from "../../src/base/fault.ts";
import type { RoomId } from "../../src/base/ids.ts";
import type { ChatRecord } from "../../src/core/client/chat-record.ts";
import type { ModelEffect, ModelEvent } from "../../src/core/model/event.ts";
import type { Notified } from "../../src/core/model/selectors.ts";
import type { Model } from "../../src/core/model/state.ts";
import { emptyModel, updateAll } from "../../src/core/model/update.ts";

const FIRST = 5;
const CATCH_UP = 8;
const PAGE = 4;
const HIDDEN = new Set(["room", "erase"]);

interface WorldRecord extends ChatRecord {
  erased?: boolean;
}

export class ModelWorld {
  readonly me = "ana";
  readonly log: WorldRecord[] = [];
  readonly positions = new Map<string, number>();
  readonly joined = new Set<string>();
  model: Model = emptyModel();
  #wire: ModelEvent[] = [];
  isLinked = false;
  #seenSeq: number | undefined;
  readonly requests: Extract<ModelEffect, { kind: "page" }>[] = [];
  #posts = 0;
  readonly notified: Notified[] = [];

  record(
    room: string,
    from: string,
    kind: string,
    body: Record<string, unknown>,
    id = "",
  ): WorldRecord {
    const record: WorldRecord = {
      seq: this.log.length + 1,
      n: this.of(room).length + 1,
      timeUnixMs: 1_000_000 * (this.log.length + 1),
      kind,
      room: { kind: "room", name: room, id: room as RoomId, topic: "" },
      from,
      id,
      state: "whole",
      body,
    };
    this.log.push(record);
    if (from === this.me && (this.positions.get(room) ?? 1) === record.n - 1) {
      this.positions.set(room, record.n);
    }
    if (kind === "erase") this.#blank([body["seq"], ...((body["also"] as number[]) ?? [])]);
    if (!this.isLinked || !this.joined.has(room)) return record;
    this.#wire.push({ kind: "record", record });
    if (kind === "erase") this.#sendPosition(room);
    return record;
  }

  of(room: string): WorldRecord[] {
    return this.log.filter((record) => record.room.id === room);
  }

  unread(room: string, before = Number.POSITIVE_INFINITY): number {
    const read = this.positions.get(room) ?? 1;
    const others = this.of(room).filter((record) => this.#isCounted(record));
    return others.filter(({ n }) => n > read && n < before).length;
  }

  /** Unread messages that mention the user, by their last edit. */
  mentions(room: string): number[] {
    const all = this.of(room);
    const unread = all.filter(({ n }) => n > (this.positions.get(room) ?? 1));
    const calling = unread.filter((record) => {
      const edits = all.filter(({ kind, body }) => kind === "edit" && body?.["seq"] === record.seq);
      const texts = [record, ...edits].map(({ body }) => body?.["text"]);
      return this.#isCounted(record) && texts.every((text) => `${text}`.includes("@ana"));
    });
    return calling.map(({ seq }) => seq);
  }

  #isCounted({ from, kind, erased }: WorldRecord): boolean {
    return from !== this.me && kind === "text" && erased !== true;
  }

  join(room: string): void {
    if (this.joined.has(room)) return;
    this.joined.add(room);
    this.positions.set(room, this.of(room).length + 1);
    this.record(room, this.me, "join", {});
    if (this.isLinked) this.#wire.pop();
    if (this.isLinked) this.#sendRoom(room, 0, FIRST, false);
  }

  leave(room: string): void {
    if (!this.joined.delete(room)) return;
    this.positions.delete(room);
    if (this.isLinked) this.#wire.push({ kind: "room-gone", room: room as RoomId });
  }

  readElsewhere(room: string, n: number): void {
    const upTo = Math.min(n, this.of(room).length);
    if (!this.joined.has(room) || upTo <= (this.positions.get(room) ?? 1)) return;
    this.positions.set(room, upTo);
    if (this.isLinked) this.#sendPosition(room);
  }

  #sendPosition(room: string): void {
    const n = this.positions.get(room) ?? 1;
    this.#wire.push({ kind: "read", room: room as RoomId, n, unread: this.unread(room) });
  }

  link(): void {
    this.lose();
    this.isLinked = true;
    this.notify({ kind: "entered", user: this.me });
    const after = this.#seenSeq;
    for (const room of this.joined) {
      if (after === undefined) this.#sendRoom(room, 0, FIRST, false);
      else this.#sendRoom(room, after, CATCH_UP, true);
    }
    this.#wire.push({ kind: "caught-up" });
  }

  lose(): void {
    this.isLinked = false;
    this.#wire = [];
    this.requests.length = 0;
  }

  deliver(count = Number.POSITIVE_INFINITY): void {
    const events = this.#wire.splice(0, Math.min(count, this.#wire.length));
    this.notify(...events);
    if (this.isLinked && this.#wire.length === 0 && this.model.isCaughtUp) {
      this.#seenSeq = this.log.length;
    }
  }

  answer(): void {
    const effect = this.requests.shift();
    if (effect === undefined || !this.isLinked) return;
    this.deliver(); // Answers never overtake earlier messages.
    const { room, side, seq } = effect;
    const readable = this.of(room).filter(({ kind }) => !HIDDEN.has(kind));
    const older = readable.filter((item) => item.seq < seq + (side === "around" ? 1 : 0));
    const newer = readable.filter((item) => item.seq > seq);
    const records =
      side === "older"
        ? older.slice(-PAGE)
        : side === "newer"
          ? newer.slice(0, PAGE)
          : [...older.slice(-PAGE), ...newer.slice(0, PAGE)];
    const [hasOlder, hasNewer] = [older.length > PAGE, newer.length > PAGE];
    this.notify({ kind: "page", room, side, seq, records: records.map(seen), hasOlder, hasNewer });
  }

  notify(...events: readonly ModelEvent[]): void {
    const { model, effects } = updateAll(this.model, events);
    this.model = model;
    for (const effect of effects) {
      if (effect.kind === "page") this.requests.push(effect);
      if (effect.kind === "notify") {
        const { room, item } = effect;
        const { n, seq, mentionsMe } = item;
        this.notified.push({ room, n, seq, mentionsMe });
      }
      if (effect.kind === "read" && this.joined.has(effect.room)) {
        const known = this.positions.get(effect.room) ?? 1;
        this.positions.set(effect.room, Math.max(known, effect.n));
      }
    }
  }

  post(room: string, text: string): () => void {
    const id = `AAAAAAAAAAA.${++this.#posts}`;
    const written = { to: room, body: { text }, writtenUnixMs: 0 };
    this.notify({ kind: "posted", key: id, id, ...written });
    return () => {
      if (!this.joined.has(room)) {
        const fault = new Fault("not-member", "not there");
        this.notify({ kind: "settled", key: id, outcome: { kind: "refused", fault } });
        return;
      }
      const { seq, n, timeUnixMs } = this.record(room, this.me, "text", { text }, id);
      const receipt = { seq, n, time: timeUnixMs };
      this.notify({ kind: "settled", key: id, outcome: { kind: "durable", receipt } });
    };
  }

  #sendRoom(room: string, after: number, most: number, isKnown: boolean): void {
    const all = this.of(room);
    const unseen = all.filter(({ seq }) => seq > after);
    const sent = unseen.slice(-most);
    const n = all.length - sent.length + 1;
    const skipped = isKnown ? unseen.length - sent.length : 0;
    const read = this.positions.get(room) ?? 1;
    const unread = this.unread(room, n);
    this.#wire.push({ kind: "room", room: room as RoomId, name: room, n, skipped, read, unread });
    for (const record of sent) this.#wire.push({ kind: "record", record: seen(record) });
  }

  #blank(seqs: readonly unknown[]): void {
    for (const record of this.log) if (seqs.includes(record.seq)) record.erased = true;
  }
}

function seen({ erased, ...record }: WorldRecord): ChatRecord {
  return erased === true ? { ...record, state: "erased", body: undefined } : record;
}
