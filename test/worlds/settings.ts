import { isDirect, type RoomId } from "../../src/base/ids.ts";
import { PINS_MAX, TYPING_INTERVAL_MS, TYPING_MS } from "../../src/base/limits.ts";
import { erasuresOf } from "../../src/core/log/erasures.ts";
import { EVERYWHERE } from "../../src/core/rooms/prefs.ts";
import { MESSAGE_KINDS } from "../../src/wire/kinds.ts";
import { type LogRecord, parseBody } from "../../src/wire/record.ts";
import { InvariantViolation } from "./disk-world.ts";

type Body = Readonly<Record<string, unknown>>;

export interface SettingChange {
  readonly key: string;
  readonly value: string;
}

/** Requested change, with the range of values in which it may have taken effect. */
export interface RequestedChange extends SettingChange {
  readonly user: string;
  readonly requestedAt: number;
  acknowledgedAt: number | undefined;
}

export const SERVER_WIDE = "house";

interface RoomState {
  /** `n` of the newest record. */
  end: number;
  readonly seqs: Set<number>;
  pins: number[];
  readonly receipts: Map<string, number>;
}

/** Settings and pins, derived from the records only. Shares no code with the server's fold. */
export class Settings {
  readonly #values = new Map<string, Map<string, string[]>>();
  readonly #ignored = new Map<string, Set<string>>();
  readonly #rooms = new Map<string, RoomState>();
  readonly #messages = new Map<number, string>();
  readonly #erased = new Set<number>();
  readonly blanked = new Set<number>();
  readonly #read = new Map<string, number>();

  noteHistory(record: LogRecord): void {
    const { kind, room: id, seq, n, by } = record.head;
    const room = this.#room(id);
    room.seqs.add(seq);
    room.end = Math.max(room.end, n);
    if (MESSAGE_KINDS.has(kind)) this.#messages.set(seq, id);
    if (by !== "server") this.noteRead(by, id, n);
    if (kind === "erase") {
      for (const erased of erasuresOf(record)) {
        this.#erased.add(erased);
        room.pins = room.pins.filter((item) => item !== erased);
      }
    }
    const body = parseBody(record) ?? {};
    if (kind === "pin") this.#pin(room, record, body);
    if (kind === "receipts" && body["on"] === true) {
      const isOn = isDirect(id as RoomId) ? room.receipts.has(by) : room.receipts.size > 0;
      if (isOn) throw new InvariantViolation(`seq ${seq}: receipts are on already`);
      room.receipts.set(by, n);
    } else if (kind === "receipts") {
      if (isDirect(id as RoomId)) room.receipts.delete(by);
      else room.receipts.clear();
    }
  }

  #pin(room: RoomState, { head }: LogRecord, body: Body): void {
    const seq = Number(body["seq"]);
    const violation = (what: string) =>
      new InvariantViolation(`seq ${head.seq} pins ${seq}: ${what}`);
    if (this.#messages.get(seq) !== head.room) throw violation("it is no message of that room");
    const isPinned = room.pins.includes(seq);
    if (isPinned === (body["on"] === true)) throw violation("it is so already");
    room.pins = room.pins.filter((item) => item !== seq);
    if (body["on"] !== true) return;
    if (this.#erased.has(seq)) throw violation("it was erased");
    room.pins.push(seq);
    if (room.pins.length > PINS_MAX) throw violation("these are too many");
  }

  noteAccount(record: LogRecord): void {
    const { kind, room: user } = record.head;
    const body = parseBody(record) ?? {};
    for (const erased of erasuresOf(record)) this.blanked.add(erased);
    if (kind === "prefs") this.#prefs(user, body);
    if (kind === "announcement")
      this.#set(SERVER_WIDE, { key: "announced", value: String(body["text"]) });
    if (kind === "registration") {
      this.#set(SERVER_WIDE, {
        key: "registration",
        value: body["closed"] === true ? "closed" : "",
      });
    }
    if (kind === "ignore") {
      const ignored = this.#ignored.get(user) ?? new Set();
      this.#ignored.set(user, ignored);
      if (body["on"] === true) ignored.add(String(body["user"]));
      else ignored.delete(String(body["user"]));
    }
  }

  #prefs(user: string, body: Body): void {
    const all = body["all"] as Readonly<Record<string, readonly Body[]>> | undefined;
    const next = new Map<string, string>();
    for (const one of Object.values(all ?? {}).flat()) {
      const { key, value } = settingChangeOf(one);
      next.set(key, value);
    }
    const wish = settingChangeOf(body);
    if (all !== undefined) {
      for (const [key, values] of this.#values.get(user) ?? []) {
        const [was, is] = [values.at(-1) ?? "", next.get(key) ?? ""];
        if (key === wish.key || was === is) continue;
        // A server drops at its start what refers to records beyond the end of a room.
        if (is === this.#withoutLost(key, was)) {
          this.#set(user, { key, value: is });
          continue;
        }
        throw new InvariantViolation(
          `'${key}' of ${user} is '${next.get(key)}' after '${values.at(-1)}'`,
        );
      }
    }
    const isOwnOfServer = body["room"] === EVERYWHERE && body["seq"] !== undefined;
    this.#set(user, isOwnOfServer ? { ...wish, value: next.get(wish.key) ?? "" } : wish);
  }

  #withoutLost(key: string, value: string): string | undefined {
    if (!key.startsWith("room ") || value === "") return undefined;
    const end = this.#rooms.get(key.slice("room ".length))?.end ?? Number.POSITIVE_INFINITY;
    const [muted, favourite, hidden, unread] = JSON.parse(value.slice(3));
    const kept = (flag: string | undefined, n: number) =>
      flag === "+" && n <= end ? n : undefined;
    return settingChangeOf({
      room: key.slice("room ".length),
      muted: value[0] === "+" ? muted : undefined,
      favourite,
      hidden: kept(value[1], hidden),
      unread: kept(value[2], unread),
    }).value;
  }

  #set(user: string, { key, value }: SettingChange): void {
    const values = this.#values.get(user) ?? new Map<string, string[]>();
    this.#values.set(user, values);
    values.set(key, [...(values.get(key) ?? [""]), value]);
  }

  valueOf(user: string, key: string): string {
    return this.#values.get(user)?.get(key)?.at(-1) ?? "";
  }

  get announced(): string {
    return this.valueOf(SERVER_WIDE, "announced");
  }

  allOf(user: string): string[] {
    const set = [...(this.#values.get(user) ?? [])].map(([key, values]) => [key, values.at(-1)]);
    return set.flatMap(([key, value]) => (value ? [`${key} ${value}`] : [])).sort();
  }

  expectChange(claims: RequestedChange[], user: string, wish: SettingChange): () => void {
    const last = () => (this.#values.get(user)?.get(wish.key)?.length ?? 1) - 1;
    const expectChange: RequestedChange = {
      ...wish,
      user,
      requestedAt: last(),
      acknowledgedAt: undefined,
    };
    claims.push(expectChange);
    return () => {
      expectChange.acknowledgedAt = last();
    };
  }

  checkAcknowledged(claims: readonly RequestedChange[]): void {
    const reached = new Map<string, number>();
    for (const { user, key, value, requestedAt, acknowledgedAt } of claims) {
      if (acknowledgedAt === undefined) continue;
      const values = this.#values.get(user)?.get(key) ?? [""];
      const from = Math.max(requestedAt, reached.get(key) ?? 0);
      const at = values.findIndex((one, index) => index >= from && one === value);
      if (at < 0 || at > acknowledgedAt) {
        throw new InvariantViolation(
          `'${value}' for ${key} of ${user} was acknowledged, and never so`,
        );
      }
      reached.set(key, at);
    }
  }

  ignoredBy(user: string): ReadonlySet<string> {
    return this.#ignored.get(user) ?? new Set();
  }

  /** Reports whether the account has ever ignored someone. */
  hasIgnored(user: string): boolean {
    return this.#ignored.has(user);
  }

  pinsOf(room: string): readonly number[] {
    return this.#room(room).pins;
  }

  noteRead(user: string, room: string, n: number): void {
    const key = `${user} ${room}`;
    this.#read.set(key, Math.max(n, this.#read.get(key) ?? 0));
  }

  hasRead(user: string, room: string, n: number): boolean {
    return (this.#read.get(`${user} ${room}`) ?? 0) >= n;
  }

  areReadersVisible(room: string, n: number, pair: readonly string[]): boolean {
    const { receipts } = this.#room(room);
    const wanted = pair.length > 0 ? pair : [...receipts.keys()].slice(0, 1);
    const isOn = wanted.length > 0 && wanted.every((user) => receipts.has(user));
    return isOn && [...receipts.values()].every((since) => since < n);
  }

  #room(id: string): RoomState {
    const values = this.#rooms.get(id);
    if (values !== undefined) return values;
    const room = { end: 0, seqs: new Set<number>(), pins: [], receipts: new Map<string, number>() };
    this.#rooms.set(id, room);
    return room;
  }
}

export function settingChangeOf(body: Body): SettingChange {
  const { room, seq, on, muted, favourite, hidden, unread, thread, read } = body;
  if (read !== undefined) return { key: `thread ${thread ?? seq}`, value: `${on} ${read}` };
  if (seq !== undefined) return { key: `saved ${seq}`, value: on === false ? "" : String(room) };
  const isSet = [muted, hidden, unread].some((item) => item !== undefined) || favourite === true;
  const value = JSON.stringify(
    [muted, favourite === true, hidden, unread].map((item) => item ?? 0),
  );
  const set = [muted, hidden, unread].map((item) => (item === undefined ? "-" : "+")).join("");
  return { key: `room ${room}`, value: isSet ? `${set}${value}` : "" };
}

export class Typists {
  readonly #at = new Map<string, number>();

  noteTyping(user: string, room: string, now: number): void {
    this.#at.set(`${user} ${room}`, now);
  }

  mayBeListed(user: string, room: string, now: number): boolean {
    const at = this.#at.get(`${user} ${room}`) ?? Number.NEGATIVE_INFINITY;
    return now - at <= TYPING_MS + TYPING_INTERVAL_MS;
  }
}
