import { isDirect, type RoomId } from "../../src/base/ids.ts";
import { PINS_MAX, TYPING_INTERVAL_MS, TYPING_MS } from "../../src/base/limits.ts";
import { erasuresOf } from "../../src/core/log/erasures.ts";
import { MESSAGE_KINDS } from "../../src/wire/kinds.ts";
import { type LogRecord, parseBody } from "../../src/wire/record.ts";
import { BrokenPromise } from "./disk-world.ts";

type Body = Readonly<Record<string, unknown>>;

export interface Wish {
  readonly key: string;
  readonly value: string;
}

/** A wish that a server was asked for, by which of the values of its time it may be counted. */
export interface Claim extends Wish {
  readonly user: string;
  readonly asked: number;
  granted: number | undefined;
}

export const HOUSE = "house";

interface RoomState {
  readonly seqs: Set<number>;
  pins: number[];
  /** Since which `n` each wants authors to see who has read. */
  readonly receipts: Map<string, number>;
}

/**
 * What accounts have set of their rooms and what rooms have pinned, by the records alone: it shares
 * no code with the server's fold.
 */
export class Settings {
  readonly #values = new Map<string, Map<string, string[]>>();
  readonly #ignored = new Map<string, Set<string>>();
  readonly #rooms = new Map<string, RoomState>();
  readonly #words = new Map<number, string>(); // Seqs of words, each with its room.
  readonly #erased = new Set<number>();
  readonly blanked = new Set<number>();
  /** By account and room, the highest `n` that one of its devices has said it has read. */
  readonly #read = new Map<string, number>();

  noteHistory(record: LogRecord): void {
    const { kind, room: id, seq, n, by } = record.head;
    const room = this.#room(id);
    room.seqs.add(seq);
    if (MESSAGE_KINDS.has(kind)) this.#words.set(seq, id);
    if (by !== "server") this.shown(by, id, n);
    if (kind === "erase") {
      for (const gone of erasuresOf(record)) {
        this.#erased.add(gone);
        room.pins = room.pins.filter((item) => item !== gone);
      }
    }
    const body = parseBody(record) ?? {};
    if (kind === "pin") this.#pin(room, record, body);
    if (kind === "receipts" && body["on"] === true) {
      const isOn = isDirect(id as RoomId) ? room.receipts.has(by) : room.receipts.size > 0;
      if (isOn) throw new BrokenPromise(`seq ${seq}: receipts are on already`);
      room.receipts.set(by, n);
    } else if (kind === "receipts") {
      if (isDirect(id as RoomId)) room.receipts.delete(by);
      else room.receipts.clear();
    }
  }

  #pin(room: RoomState, { head }: LogRecord, body: Body): void {
    const seq = Number(body["seq"]);
    const broken = (what: string) => new BrokenPromise(`seq ${head.seq} pins ${seq}: ${what}`);
    if (this.#words.get(seq) !== head.room) throw broken("it is no message of that room");
    const isPinned = room.pins.includes(seq);
    if (isPinned === (body["on"] === true)) throw broken("it is so already");
    room.pins = room.pins.filter((item) => item !== seq);
    if (body["on"] !== true) return;
    if (this.#erased.has(seq)) throw broken("it was erased");
    room.pins.push(seq);
    if (room.pins.length > PINS_MAX) throw broken("these are too many");
  }

  noteAccount(record: LogRecord): void {
    const { kind, room: user } = record.head;
    const body = parseBody(record) ?? {};
    if (kind === "prefs-erase" || kind === "account-gone") {
      for (const gone of erasuresOf(record)) this.blanked.add(gone);
    }
    if (kind === "prefs") this.#prefs(user, body);
    if (kind === "announcement")
      this.#set(HOUSE, { key: "announced", value: String(body["text"]) });
    if (kind === "registration") {
      this.#set(HOUSE, { key: "registration", value: body["closed"] === true ? "closed" : "" });
    }
    if (kind === "ignore") {
      const ignored = this.#ignored.get(user) ?? new Set();
      this.#ignored.set(user, ignored);
      if (body["on"] === true) ignored.add(String(body["user"]));
      else ignored.delete(String(body["user"]));
    }
  }

  #prefs(user: string, body: Body): void {
    const all = body["all"] as { rooms: readonly Body[]; saved: readonly Body[] } | undefined;
    const next = new Map<string, string>();
    for (const one of [...(all?.rooms ?? []), ...(all?.saved ?? [])]) {
      const { key, value } = wishOf(one);
      next.set(key, value);
    }
    const wish = wishOf(body);
    if (all !== undefined) {
      // It says all that holds: nothing that was acknowledged may be missing.
      for (const [key, known] of this.#values.get(user) ?? []) {
        if (key === wish.key || (known.at(-1) ?? "") === (next.get(key) ?? "")) continue;
        throw new BrokenPromise(
          `'${key}' of ${user} is '${next.get(key)}' after '${known.at(-1)}'`,
        );
      }
    }
    this.#set(user, wish);
  }

  #set(user: string, { key, value }: Wish): void {
    const values = this.#values.get(user) ?? new Map<string, string[]>();
    this.#values.set(user, values);
    values.set(key, [...(values.get(key) ?? [""]), value]);
  }

  valueOf(user: string, key: string): string {
    return this.#values.get(user)?.get(key)?.at(-1) ?? "";
  }

  get announced(): string {
    return this.valueOf(HOUSE, "announced");
  }

  allOf(user: string): string[] {
    const set = [...(this.#values.get(user) ?? [])].map(([key, values]) => [key, values.at(-1)]);
    return set.flatMap(([key, value]) => (value ? [`${key} ${value}`] : [])).sort();
  }

  /** The devices of one link ask in this order. @returns what is called when it is acknowledged */
  claim(claims: Claim[], user: string, wish: Wish): () => void {
    const last = () => (this.#values.get(user)?.get(wish.key)?.length ?? 1) - 1;
    const claim: Claim = { ...wish, user, asked: last(), granted: undefined };
    claims.push(claim);
    return () => {
      claim.granted = last();
    };
  }

  /** What was acknowledged was so at some time, and in the order in which it was asked for. */
  checkClaims(claims: readonly Claim[]): void {
    const reached = new Map<string, number>();
    for (const { user, key, value, asked, granted } of claims) {
      if (granted === undefined) continue;
      const values = this.#values.get(user)?.get(key) ?? [""];
      const from = Math.max(asked, reached.get(key) ?? 0);
      const at = values.findIndex((one, index) => index >= from && one === value);
      if (at < 0 || at > granted) {
        throw new BrokenPromise(`'${value}' for ${key} of ${user} was acknowledged, and never so`);
      }
      reached.set(key, at);
    }
  }

  ignoredBy(user: string): ReadonlySet<string> {
    return this.#ignored.get(user) ?? new Set();
  }

  pinsOf(room: string): readonly number[] {
    return this.#room(room).pins;
  }

  /** Some device of the account has said that it has read so far, or its owner has spoken. */
  shown(user: string, room: string, n: number): void {
    const key = `${user} ${room}`;
    this.#read.set(key, Math.max(n, this.#read.get(key) ?? 0));
  }

  /** Whether this reader may be named for what was said in the room as its record `n`. */
  hasRead(user: string, room: string, n: number): boolean {
    return (this.#read.get(`${user} ${room}`) ?? 0) >= n;
  }

  /** Whether readers of that record are shown to its author; `pair`: of a conversation. */
  showsReaders(room: string, n: number, pair: readonly string[]): boolean {
    const { receipts } = this.#room(room);
    const wanted = pair.length > 0 ? pair : [...receipts.keys()].slice(0, 1);
    const isOn = wanted.length > 0 && wanted.every((user) => receipts.has(user));
    return isOn && [...receipts.values()].every((since) => since < n);
  }

  #room(id: string): RoomState {
    const known = this.#rooms.get(id);
    if (known !== undefined) return known;
    const room = { seqs: new Set<number>(), pins: [], receipts: new Map<string, number>() };
    this.#rooms.set(id, room);
    return room;
  }
}

export function wishOf(body: Body): Wish {
  const { room, seq, on, muted, favourite, hidden, unread } = body;
  if (seq !== undefined) return { key: `saved ${seq}`, value: on === false ? "" : String(room) };
  const isSet = [muted, hidden, unread].some((item) => item !== undefined) || favourite === true;
  const value = JSON.stringify(
    [muted, favourite === true, hidden, unread].map((item) => item ?? 0),
  );
  const set = [muted, hidden, unread].map((item) => (item === undefined ? "-" : "+")).join("");
  return { key: `room ${room}`, value: isSet ? `${set}${value}` : "" };
}

/** Who said when, in one life of a server, that something is written: it is kept nowhere else. */
export class Typists {
  readonly #at = new Map<string, number>();

  said(user: string, room: string, now: number): void {
    this.#at.set(`${user} ${room}`, now);
  }

  mayBeNamed(user: string, room: string, now: number): boolean {
    const at = this.#at.get(`${user} ${room}`) ?? Number.NEGATIVE_INFINITY;
    return now - at <= TYPING_MS + TYPING_INTERVAL_MS;
  }
}
