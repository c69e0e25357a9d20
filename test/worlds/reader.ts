import type { ReaderEvent } from "../../src/client/event.ts";
import type { ChatRecord } from "../../src/core/client/chat-record.ts";
import type { Platform } from "./platform.ts";
import { check } from "./reference-model.ts";

export class Reader {
  readonly user: string;
  readonly name: string;
  readonly #platform: Platform;
  readonly #pardoned = new Map<string, Set<number>>();
  readonly #seen = new Map<string, Set<number>>();

  constructor(platform: Platform, user: string, name: string) {
    this.#platform = platform;
    this.user = user;
    this.name = name;
  }

  begin(program: string): DisplayedRecords {
    return new DisplayedRecords(this.#platform, this, program);
  }

  /**
   * Excuses records that the server skipped, with a count, for a program that was new in the room.
   */
  pardon(room: string, n: number): void {
    const pardoned = this.#pardoned.get(room) ?? new Set();
    this.#pardoned.set(room, pardoned.add(n));
  }

  forget(): void {
    this.#seen.clear();
  }

  note(record: ChatRecord): void {
    const seen = this.#seen.get(record.room.id) ?? new Set();
    this.#seen.set(record.room.id, seen.add(record.n));
  }

  get id(): string {
    return this.#platform.model.idOf(this.user) ?? "";
  }

  checkWhole(): void {
    for (const [room, seen] of this.#seen) this.#checkRoom(room, seen);
  }

  checkComplete(): void {
    const { model } = this.#platform;
    for (const [room, { name }] of model.rooms) {
      const last = model.visibleRecords(room).at(-1)?.head;
      if (last === undefined || !model.isMember(this.id, room)) continue;
      const isThere = this.#seen.get(room)?.has(last.n) === true;
      check(isThere, () => `${this.name} never saw n ${last.n} of ${name ?? room}`);
    }
    this.checkWhole();
  }

  #checkRoom(room: string, seen: ReadonlySet<number>): void {
    const { model } = this.#platform;
    const first = Math.min(...seen);
    const last = Math.max(...seen);
    for (const record of model.visibleRecords(room)) {
      const { n } = record.head;
      if (n < first || n > last || seen.has(n)) continue;
      const isPardoned = this.#pardoned.get(room)?.has(n) === true;
      const isPast = isPardoned || model.isBeforeJoin(this.id, record);
      check(isPast, () => `${this.name} never saw n ${n} of ${model.nameOfRoom(room) ?? room}`);
    }
  }
}

export class DisplayedRecords {
  readonly #platform: Platform;
  readonly #reader: Reader;
  readonly #program: string;
  readonly #last = new Map<string, number>();
  #rooms = new Set<string>();
  #isCaughtUp = false;
  readonly #skipped = new Map<string, number>();

  constructor(platform: Platform, reader: Reader, program: string) {
    this.#platform = platform;
    this.#reader = reader;
    this.#program = program;
  }

  event(event: ReaderEvent): void {
    const { clock, trace } = this.#platform;
    const name = this.#program;
    if (event.kind === "record") {
      trace.note(`${clock.now()} ${name} shows ${event.record.seq}`);
      this.#record(event.record);
    } else if (event.kind === "skipped") {
      const { room: id } = event;
      trace.note(`${clock.now()} ${name} skips ${event.count} of ${id}`);
      this.#skipped.set(id, (this.#skipped.get(id) ?? 0) + event.count);
    } else if (event.kind === "room-gone") {
      this.#last.delete(event.room);
      this.#rooms.delete(event.room);
      this.#skipped.delete(event.room);
    } else if (event.kind !== "presence") {
      if (event.kind === "connected") this.#greet(event.rooms.map(({ id }) => id));
      if (event.kind === "caught-up") this.#isCaughtUp = true;
      if (event.kind === "room") this.#meet(event.room);
      trace.note(`${clock.now()} ${name} ${event.kind}`);
    }
  }

  #greet(rooms: readonly string[]): void {
    for (const id of rooms) this.#meet(id);
    this.#rooms = new Set(rooms);
  }

  #meet(id: string): void {
    if (!this.#rooms.has(id)) this.#last.delete(id);
    this.#rooms.add(id);
  }

  #record(record: ChatRecord): void {
    const { model } = this.#platform;
    const { n, seq } = record;
    const { id, name } = record.room;
    const head = model.records[seq - 1]?.head;
    const isReal = head?.room === id && head.n === n && head.kind === record.kind;
    check(isReal, () => `${this.#program} saw seq ${seq}, which is another one`);
    const isFit = record.state === "whole" || (record.state === "erased" && model.isErased(seq));
    check(isFit, () => `seq ${seq} is ${record.state}`);
    const last = this.#last.get(id);
    const skipped = this.#skipped.get(id) ?? 0;
    if (last === undefined) {
      // An earlier program of this home may have received the previous records.
      for (let left = n - skipped; left < n; left++) this.#reader.pardon(id, left);
    } else {
      const hidden = model.rooms.get(id)?.records.slice(last, n - 1) ?? [];
      const missing = hidden.filter(({ head }) => head.kind !== "room").length;
      check(n > last, () => `${this.#program} saw n ${n} of ${name} after ${last}`);
      // The wire watch checks whether the server may skip these records.
      if (skipped > 0 || !this.#isCaughtUp)
        for (const { head } of hidden) this.#reader.pardon(id, head.n);
      check(missing <= skipped, () => `${this.#program}: ${name} goes from ${last} to ${n}`);
    }
    this.#skipped.delete(id);
    this.#last.set(id, n);
    this.#reader.note(record);
  }
}
