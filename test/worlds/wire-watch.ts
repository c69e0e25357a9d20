import { Fault } from "../../src/base/fault.ts";
import {
  CATCH_UP_BYTES_MAX,
  CATCH_UP_RECORDS_MAX,
  LINE_BYTES_MAX,
  SEND_QUEUE_BYTES_MAX,
} from "../../src/base/limits.ts";
import type { Clock } from "../../src/io/clock.ts";
import type { Link } from "../../src/io/link/link.ts";
import { decode } from "../../src/wire/codec.ts";
import { REQUESTS, type Request, type WireRecord } from "../../src/wire/messages.ts";
import type { Platform } from "./platform.ts";
import { Typists, type Wish, wishOf } from "./settings.ts";
import { demand, HOSTILE, type Witness } from "./witness.ts";

const HOSTS_HOSTILE = new RegExp(`^${HOSTILE}`);

/** One link as the server's end has it. */
export interface Watched {
  readonly link: Link;
  /** Account id of who is in; undefined: nobody. */
  user: string | undefined;
  /** Per room the `n` of the record that must come next. */
  readonly next: Map<string, number>;
  readonly topics: Set<string>;
  /** Requests by `ref` that wait for their answer. */
  readonly asked: Map<number, Request>;
  /** What was set by the account, and it has to be told of in the same moment. */
  readonly owed: Map<string, string>;
  /** Its client keeps to the protocol. */
  readonly isHonest: boolean;
}

interface Told {
  readonly kind: string;
  readonly ref?: number;
  readonly text?: string;
  readonly pins?: readonly number[];
  readonly users?: readonly unknown[];
  readonly rooms?: readonly Readonly<Record<string, unknown>>[];
  readonly saved?: readonly Readonly<Record<string, unknown>>[];
  readonly room?: string;
  readonly n?: number;
  readonly skipped?: number;
  readonly head?: Uint8Array;
  readonly records?: readonly WireRecord[];
}

/** Reads along with all that the server says: who may hear it, and that nothing is left out. */
export class WireWatch {
  readonly #witness: Witness;
  readonly #links = new Set<Watched>();
  readonly #fail: (error: unknown) => void;
  readonly #clock: Clock;
  readonly #asked: Set<string>;
  readonly #typists = new Typists();

  constructor({ witness, clock, asked, fail }: Platform) {
    this.#witness = witness;
    this.#clock = clock;
    this.#asked = asked;
    this.#fail = fail;
  }

  get links(): ReadonlySet<Watched> {
    return this.#links;
  }

  open(link: Link): Watched {
    const watched: Watched = {
      ...{ link, user: undefined, next: new Map(), topics: new Set<string>() },
      ...{ asked: new Map(), owed: new Map() },
      isHonest: !HOSTS_HOSTILE.test(link.remote.host),
    };
    this.#links.add(watched);
    return watched;
  }

  closed(watched: Watched): void {
    this.#links.delete(watched);
  }

  entered(watched: Watched, user: string): void {
    watched.user = user;
    watched.next.clear();
  }

  left(watched: Watched): void {
    watched.user = undefined;
    watched.next.clear();
    watched.owed.clear();
  }

  /** A server is asked something. */
  received(watched: Watched, bytes: Uint8Array): void {
    const message = requestIn(bytes);
    if (message === undefined) return;
    watched.asked.set(message.ref, message);
    // What strangers and hostile members send is not what somebody wanted to ask.
    if (watched.isHonest) this.#asked.add(message.kind);
    const { user } = watched;
    if (user === undefined) return;
    if (message.kind === "read") this.#witness.settings.shown(user, message.room, message.n);
    if (message.kind === "typing" && message.on) {
      this.#typists.said(user, message.room, this.#clock.now());
    }
  }

  changed(user: string, { key, value }: Wish): void {
    for (const watched of this.#links) if (watched.user === user) watched.owed.set(key, value);
  }

  sent(watched: Watched, bytes: Uint8Array): void {
    this.#guarded(() => this.#tell(watched, toldIn(bytes)));
  }

  published(topic: string, bytes: Uint8Array): void {
    this.#guarded(() => {
      const told = toldIn(bytes);
      for (const watched of this.#links) {
        if (watched.topics.has(topic)) this.#tell(watched, told);
      }
    });
  }

  /** All that the server owes to those who are in was said. */
  checkComplete(): void {
    for (const watched of this.#links) {
      const { user, next, owed } = watched;
      if (user === undefined) continue;
      demand(owed.size === 0, () => `${user} was not told of ${[...owed.keys()]}`);
      for (const [room, { records, name }] of this.#witness.rooms) {
        if (!this.#witness.isMember(user, room)) continue;
        const told = (next.get(room) ?? 0) - 1;
        const last = records.length;
        demand(told === last, () => `${user} was told ${told} of ${last} in ${name ?? room}`);
      }
    }
  }

  /** A broken promise is the world's to report: the server must not catch it. */
  #guarded(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#fail(error);
    }
  }

  #tell(watched: Watched, told: Told): void {
    const queued = watched.link.queuedBytes();
    demand(queued <= SEND_QUEUE_BYTES_MAX, () => `${queued} bytes are queued for one reader`);
    if (told.kind === "records") {
      for (const { head } of told.records ?? []) this.#record(watched, head);
    }
    if (told.kind === "room") this.#room(watched, told);
    if (told.kind === "presences") this.#right(watched, told.room ?? "", 0);
    if (told.kind === "typing") this.#typing(watched, told);
    if (told.kind === "prefs-set" || told.kind === "save") this.#setting(watched, told);
    if (told.kind === "announced") {
      const { announced } = this.#witness.settings;
      demand(told.text === announced, () => `'${told.text}' is told, and not '${announced}'`);
    }
    if (told.kind === "ignored") this.#ignored(watched, told);
    if (told.kind === "ok") this.#answer(watched, told);
    if (told.kind === "fault") watched.asked.delete(told.ref ?? 0);
    if (told.kind === "room-gone") watched.next.delete(told.room ?? "");
    if (told.kind === "ok" && Array.isArray(told.records)) {
      // Asked by whoever was in then; the answer may come after they logged out.
      for (const record of told.records) {
        const { room, seq } = headOf(record.head);
        if (watched.user !== undefined) this.#right(watched, room, seq);
      }
    }
  }

  #typing(watched: Watched, { room = "", users = [] }: Told): void {
    this.#right(watched, room, 0);
    for (const name of users) {
      const user = this.#witness.idOf(String(name)) ?? "";
      const may =
        this.#witness.isMember(user, room) &&
        this.#typists.mayBeNamed(user, room, this.#clock.now());
      demand(may, () => `${name} is said to write to '${room}'`);
    }
  }

  #setting(watched: Watched, told: Told): void {
    const { key, value } = wishOf({ ...told });
    const { user = "" } = watched;
    const is = this.#witness.settings.valueOf(user, key);
    demand(is === value, () => `${user} is told '${value}' for ${key}, and not '${is}'`);
    watched.owed.delete(key);
  }

  #ignored({ user = "" }: Watched, { users = [] }: Told): void {
    const told = users.map((name) => this.#witness.idOf(String(name))).sort();
    const is = [...this.#witness.settings.ignoredBy(user)].sort();
    // An account that is gone has no name any more.
    demand(
      told.every((item) => is.includes(item ?? "")),
      () => `${user} is told of ${users}, and ignores ${is}`,
    );
  }

  #answer(watched: Watched, told: Told): void {
    const request = watched.asked.get(told.ref ?? 0);
    watched.asked.delete(told.ref ?? 0);
    const { user } = watched;
    if (request === undefined || user === undefined) return;
    const { settings } = this.#witness;
    if (request.kind === "ignored") this.#ignored(watched, told);
    if (request.kind === "prefs") {
      const set = [...(told.rooms ?? []), ...(told.saved ?? [])].map(wishOf);
      const given = set.map(({ key, value }) => `${key} ${value}`).sort();
      const is = settings.allOf(user);
      demand(Bun.deepEquals(given, is), () => `${user} has set ${is}, and is told ${given}`);
    }
    if (request.kind === "readers") this.#readers(user, request.seq, told.users ?? []);
  }

  #readers(user: string, seq: number, users: readonly unknown[]): void {
    const { settings, records, rooms } = this.#witness;
    const { by, room, n } = records[seq - 1]?.head ?? { by: "", room: "", n: 0 };
    demand(by === user, () => `${user} is told who has read what ${by} said`);
    if (users.length === 0) return;
    const isShown = settings.showsReaders(room, n, rooms.get(room)?.pair ?? []);
    demand(isShown, () => `readers of seq ${seq} are named, and nobody wanted it`);
    for (const name of users) {
      const reader = this.#witness.idOf(String(name)) ?? "";
      const has = this.#witness.isMember(reader, room) && settings.hasRead(reader, room, n);
      demand(has && reader !== user, () => `${name} is said to have read seq ${seq}`);
    }
  }

  #room(watched: Watched, { room = "", n = 0, skipped = 0, pins = [] }: Told): void {
    this.#right(watched, room, 0);
    const pinned = this.#witness.settings.pinsOf(room);
    demand(Bun.deepEquals(pins, pinned), () => `'${room}' has pins ${pinned}, and says ${pins}`);
    const next = watched.next.get(room) ?? n;
    const isFine = n >= next && n - next <= skipped;
    demand(isFine, () => `${watched.user}: '${room}' goes on at ${n} instead of ${next}`);
    if (skipped > 0 && !watched.next.has(room)) this.#checkTooMuch(room, n);
    watched.next.set(room, n);
  }

  /** Records are left out only where those from `n` on are as much as one device is sent. */
  #checkTooMuch(room: string, n: number): void {
    const sent = this.#witness.rooms.get(room)?.records.slice(n - 1) ?? [];
    const bytes = sent.reduce((sum, { bodyBytes }) => sum + (bodyBytes?.length ?? 0), 0);
    const isTooMuch =
      sent.length >= CATCH_UP_RECORDS_MAX || bytes > CATCH_UP_BYTES_MAX - LINE_BYTES_MAX;
    demand(isTooMuch, () => `'${room}': skipped to ${n} for ${sent.length} records`);
  }

  #record(watched: Watched, bytes: Uint8Array | undefined): void {
    const { room, n, seq } = headOf(bytes);
    this.#right(watched, room, seq);
    const durable = this.#witness.records.length;
    demand(seq <= durable, () => `seq ${seq} is told, but only ${durable} are durable`);
    const next = watched.next.get(room);
    demand(n === next, () => `${watched.user} is told n ${n} of '${room}' instead of ${next}`);
    watched.next.set(room, n + 1);
  }

  #right({ user }: Watched, room: string, seq: number): void {
    const isAllowed = user !== undefined && this.#witness.mayRead(user, room, seq);
    demand(isAllowed, () => `${user} is told of '${room}' (seq ${seq}) without being in it`);
  }
}

/** Undefined: it is none, or comes from somebody who does not keep to the protocol. */
function requestIn(bytes: Uint8Array): Request | undefined {
  try {
    const incoming = decode(bytes);
    if (incoming.kind !== "message") return undefined;
    const { message } = incoming;
    return message.kind in REQUESTS ? (message as Request) : undefined;
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

function toldIn(bytes: Uint8Array): Told {
  const incoming = decode(bytes);
  demand(incoming.kind === "message", () => "the server says what the schema does not know");
  return incoming.message as Told;
}

function headOf(bytes: Uint8Array | undefined): { room: string; n: number; seq: number } {
  const head = JSON.parse(Buffer.from(bytes ?? []).toString()) as {
    readonly room: string;
    readonly n: number;
    readonly seq: number;
  };
  return head;
}
