/** Packed table of calls: 38 bytes for each call, and 6 for each account and room with calls. */

import { CALL_REASONS, type CallReason } from "../../wire/messages.ts";
import { NumberedIds } from "./numbered-ids.ts";

export interface CallRow {
  readonly seq: number;
  readonly n: number;
  readonly reason: CallReason;
  readonly by: string;
  readonly isAnswer: boolean;
  /** Root of the thread that the message is in; 0 if it is in none. */
  readonly root: number;
}

/** Columns of `#numbers`, which may exceed 32 bits. A dropped row has no seq. */
const [SEQ, N, NUMBERS] = [0, 1, 2];
/** Columns of `#words`. `ROOT` is the distance from the root to the message, if it fits. */
const [ROOM, USER, OLDER, AUTHOR, ROOT, WORDS] = [0, 1, 2, 3, 4, 5];
/** Bits of `AUTHOR` below the number of the author. */
const REASON_BITS = 4;
/** Added to the number of the reason of a mention that is an answer. */
export const ANSWER_BIT = 8;
const REASON_MASK = 7;
const WHY_MASK = ANSWER_BIT | REASON_MASK;
const NO_ROW = 0xff_ff_ff_ff;
const DISTANCE_MAX = 0xff_ff_ff_ff;
const ROWS_MIN = 64;
/** Dropping one call walks through all of its chain, so that several are dropped at a time. */
const EXCESS_DIVISOR = 8;
/** More rows would be copied less often, but take more unused space. */
const GROWTH_DIVISOR = 16;
/** Ids for each row beyond which the unused ones are forgotten. */
const ID_FACTOR = 2;
/** Part of the index that is in use when each row belongs to another pair. */
const INDEX_LOAD = 0.7;
/** Spread the numbers of rooms and users over the index. */
const [ROOM_FACTOR, USER_FACTOR] = [0x9e_37_79_b1, 0x85_eb_ca_6b];

/**
 * The calls of a user in a room are a chain of rows, the newest first. The index, a hash table,
 * finds its first row. Dropped rows take space until the table is copied.
 */
export class CallTable {
  #numbers = new Float64Array(0);
  #words = new Uint32Array(0);
  /** Length of the chain, in its first row. */
  #lengths = new Uint16Array(0);
  /** Numbers of first rows, each plus 1; 0 if a slot is unused. */
  #index = new Uint32Array(1);
  #rooms = new NumberedIds();
  #users = new NumberedIds();
  /** Number of rows, with the dropped ones. */
  #end = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Returns the calls of the user in the room, the oldest first. */
  of(room: string, user: string): CallRow[] {
    return this.#chain(room, user)
      .map((row) => this.#call(row))
      .reverse();
  }

  find(room: string, user: string, seq: number): CallRow | undefined {
    let row = this.#newest(room, user);
    while (row !== NO_ROW && this.#seq(row) > seq) row = this.#word(row, OLDER);
    return row === NO_ROW || this.#seq(row) < seq ? undefined : this.#call(row);
  }

  /** Adds a call in the order of seqs, or replaces the one with the same seq. */
  set(room: string, user: string, call: CallRow): void {
    if (this.#end * NUMBERS === this.#numbers.length) this.#copy();
    const roomNumber = this.#rooms.add(room);
    const userNumber = this.#users.add(user);
    const slot = this.#slot(roomNumber, userNumber);
    const first = this.#first(slot);
    const isDropped = first !== NO_ROW && this.#seq(first) === 0;
    let newer = NO_ROW;
    let older = isDropped ? NO_ROW : first;
    while (older !== NO_ROW && this.#seq(older) > call.seq) {
      newer = older;
      older = this.#word(older, OLDER);
    }
    if (older !== NO_ROW && this.#seq(older) === call.seq) return this.#write(older, call);
    const row = isDropped ? first : this.#end++;
    this.#size++;
    const length = first === NO_ROW || isDropped ? 0 : (this.#lengths[first] ?? 0);
    this.#words[row * WORDS + ROOM] = roomNumber;
    this.#words[row * WORDS + USER] = userNumber;
    this.#words[row * WORDS + OLDER] = older;
    this.#write(row, call);
    if (newer === NO_ROW) this.#index[slot] = row + 1;
    else this.#words[newer * WORDS + OLDER] = row;
    this.#lengths[this.#first(slot)] = length + 1;
  }

  /** Drops all but the newest calls of the user in the room, once there are an eighth more. */
  limit(room: string, user: string, max: number): void {
    const newest = this.#newest(room, user);
    const length = newest === NO_ROW ? 0 : (this.#lengths[newest] ?? 0);
    if (length <= max + max / EXCESS_DIVISOR) return;
    this.#drop(this.#chain(room, user).slice(max));
  }

  /** Drops the calls of the user in the room for which the function returns true. */
  dropOf(room: string, user: string, isDropped: (call: CallRow) => boolean): void {
    this.#drop(this.#chain(room, user).filter((row) => isDropped(this.#call(row))));
  }

  /** Drops calls by some messages in the room or in all; the function may keep some of them. */
  dropBy(
    isMessage: (seq: number) => boolean,
    room?: string,
    isDropped: (call: CallRow, user: string) => boolean = () => true,
  ): void {
    const rows = this.#rows(room, isMessage);
    this.#drop(rows.filter((row) => isDropped(this.#call(row), this.#user(row))));
  }

  /** Returns the room with the most calls, and their seqs. */
  largest(): { readonly room: string; readonly seqs: readonly number[] } {
    const sizes = new Uint32Array(this.#rooms.length);
    let largest = 0;
    for (const row of this.#rows()) {
      const room = this.#word(row, ROOM);
      const size = (sizes[room] ?? 0) + 1;
      sizes[room] = size;
      if (size > (sizes[largest] ?? 0)) largest = room;
    }
    const room = this.#rooms.id(largest);
    return { room, seqs: this.#rows(room).map((row) => this.#seq(row)) };
  }

  *[Symbol.iterator](): Generator<{ room: string; user: string; calls: readonly CallRow[] }> {
    for (const row of this.#rows()) {
      if (this.#first(this.#slotOf(row)) !== row) continue;
      const [room, user] = [this.#rooms.id(this.#word(row, ROOM)), this.#user(row)];
      yield { room, user, calls: this.of(room, user) };
    }
  }

  #drop(rows: readonly number[]): void {
    for (const row of rows) this.#numbers[row * NUMBERS + SEQ] = 0;
    for (const slot of new Set(rows.map((row) => this.#slotOf(row)))) this.#relink(slot);
    this.#size -= rows.length;
    if (this.#end > ROWS_MIN && this.#size < this.#end / 2) this.#copy();
  }

  /** Takes the dropped rows out of a chain. If no other one is left, its first row remains. */
  #relink(slot: number): void {
    let last = this.#first(slot);
    let length = 0;
    for (let row = last; row !== NO_ROW; row = this.#word(row, OLDER)) {
      if (this.#seq(row) === 0) continue;
      if (length++ === 0) this.#index[slot] = row + 1;
      else this.#words[last * WORDS + OLDER] = row;
      last = row;
    }
    this.#words[last * WORDS + OLDER] = NO_ROW;
    this.#lengths[this.#first(slot)] = length;
  }

  /** Makes space for calls that will be added, and for their users. */
  reserve(calls: number, users: number): void {
    if (this.#size + calls > this.#numbers.length / NUMBERS) this.#copy(calls);
    this.#users.reserve(users);
  }

  /** Copies the rows to a table with space for more, without the dropped ones. */
  #copy(added = Math.ceil(this.#size / GROWTH_DIVISOR)): void {
    const capacity = Math.max(ROWS_MIN, this.#size + added);
    const numbers = new Float64Array(capacity * NUMBERS);
    const words = new Uint32Array(capacity * WORDS);
    const lengths = new Uint16Array(capacity);
    const rooms = new IdCopier(this.#rooms, this.#size);
    const users = new IdCopier(this.#users, this.#size);
    const copies = new Uint32Array(this.#end).fill(NO_ROW);
    let end = 0;
    for (let row = 0; row < this.#end; row++) {
      const seq = this.#seq(row);
      if (seq === 0) continue;
      copies[row] = end;
      numbers[end * NUMBERS + SEQ] = seq;
      numbers[end * NUMBERS + N] = this.#numbers[row * NUMBERS + N] ?? 0;
      const author = this.#word(row, AUTHOR);
      const by = users.copy(author >>> REASON_BITS) << REASON_BITS;
      words[end * WORDS + ROOM] = rooms.copy(this.#word(row, ROOM));
      words[end * WORDS + USER] = users.copy(this.#word(row, USER));
      words[end * WORDS + OLDER] = this.#word(row, OLDER);
      lengths[end] = this.#lengths[row] ?? 0;
      words[end * WORDS + AUTHOR] = by | (author & WHY_MASK);
      words[end * WORDS + ROOT] = this.#word(row, ROOT);
      end++;
    }
    for (let at = OLDER; at < end * WORDS; at += WORDS) {
      const older = words[at] ?? NO_ROW;
      words[at] = older === NO_ROW ? NO_ROW : (copies[older] ?? NO_ROW);
    }
    const firsts = this.#index;
    [this.#numbers, this.#words, this.#lengths, this.#end] = [numbers, words, lengths, end];
    [this.#rooms, this.#users] = [rooms.ids, users.ids];
    this.#index = new Uint32Array(Math.ceil(capacity / INDEX_LOAD));
    for (const next of firsts) {
      const row = next === 0 ? NO_ROW : (copies[next - 1] ?? NO_ROW);
      if (row !== NO_ROW) this.#index[this.#slotOf(row)] = row + 1;
    }
  }

  #write(row: number, { seq, n, reason, by, isAnswer, root }: CallRow): void {
    const distance = root === 0 ? 0 : seq - root;
    const why = CALL_REASONS.indexOf(reason) + (isAnswer ? ANSWER_BIT : 0);
    this.#numbers[row * NUMBERS + SEQ] = seq;
    this.#numbers[row * NUMBERS + N] = n;
    this.#words[row * WORDS + AUTHOR] = (this.#users.add(by) << REASON_BITS) | why;
    this.#words[row * WORDS + ROOT] = distance > DISTANCE_MAX ? 0 : distance;
  }

  #call(row: number): CallRow {
    const [author, distance] = [this.#word(row, AUTHOR), this.#word(row, ROOT)];
    const seq = this.#seq(row);
    return {
      seq,
      n: this.#numbers[row * NUMBERS + N] ?? 0,
      reason: CALL_REASONS[author & REASON_MASK] ?? "mention",
      by: this.#users.id(author >>> REASON_BITS),
      isAnswer: (author & ANSWER_BIT) !== 0,
      root: distance === 0 ? 0 : seq - distance,
    };
  }

  #seq(row: number): number {
    return this.#numbers[row * NUMBERS + SEQ] ?? 0;
  }

  #word(row: number, column: number): number {
    return this.#words[row * WORDS + column] ?? 0;
  }

  #user(row: number): string {
    return this.#users.id(this.#word(row, USER));
  }

  /** Rows of the user in the room, the newest first. */
  #chain(room: string, user: string): number[] {
    const rows: number[] = [];
    for (let row = this.#newest(room, user); row !== NO_ROW; row = this.#word(row, OLDER)) {
      rows.push(row);
    }
    return rows;
  }

  #newest(room: string, user: string): number {
    const roomNumber = this.#rooms.find(room);
    const userNumber = this.#users.find(user);
    if (roomNumber === undefined || userNumber === undefined) return NO_ROW;
    const row = this.#first(this.#slot(roomNumber, userNumber));
    return row === NO_ROW || this.#seq(row) === 0 ? NO_ROW : row;
  }

  /** Rows of the room, or all. */
  #rows(room?: string, isMessage?: (seq: number) => boolean): number[] {
    const number = room === undefined ? undefined : this.#rooms.find(room);
    const rows: number[] = [];
    if (room !== undefined && number === undefined) return rows;
    const [numbers, words, end] = [this.#numbers, this.#words, this.#end];
    for (let row = 0; row < end; row++) {
      const seq = numbers[row * NUMBERS + SEQ] ?? 0;
      const isListed = seq !== 0 && (number === undefined || words[row * WORDS + ROOM] === number);
      if (isListed && isMessage?.(seq) !== false) rows.push(row);
    }
    return rows;
  }

  #first(slot: number): number {
    const next = this.#index[slot] ?? 0;
    return next === 0 ? NO_ROW : next - 1;
  }

  #slotOf(row: number): number {
    return this.#slot(this.#word(row, ROOM), this.#word(row, USER));
  }

  /** Slot of the room and the user, or the unused one for them. */
  #slot(room: number, user: number): number {
    const { length } = this.#index;
    const hash = Math.imul(room, ROOM_FACTOR) ^ Math.imul(user, USER_FACTOR);
    for (let slot = (hash >>> 0) % length; ; slot = slot + 1 === length ? 0 : slot + 1) {
      const row = this.#first(slot);
      if (row === NO_ROW) return slot;
      if (this.#word(row, ROOM) === room && this.#word(row, USER) === user) return slot;
    }
  }
}

/** Renumbers ids if most of them are no longer in use. */
class IdCopier {
  readonly ids: NumberedIds;
  /** The new numbers, each plus 1. */
  readonly #numbers: Uint32Array | undefined;

  constructor(
    private readonly before: NumberedIds,
    rows: number,
  ) {
    const isKept = before.length <= Math.max(ROWS_MIN, ID_FACTOR * rows);
    this.ids = isKept ? before : new NumberedIds();
    this.#numbers = isKept ? undefined : new Uint32Array(before.length);
  }

  copy(number: number): number {
    if (this.#numbers === undefined) return number;
    const known = this.#numbers[number] ?? 0;
    if (known !== 0) return known - 1;
    const added = this.ids.add(this.before.id(number));
    this.#numbers[number] = added + 1;
    return added;
  }
}
