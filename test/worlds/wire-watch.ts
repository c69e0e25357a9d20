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
import { check, HOSTILE, type ReferenceModel } from "./reference-model.ts";
import { type SettingChange, settingChangeOf, Typists } from "./settings.ts";

const HOSTS_HOSTILE = new RegExp(`^${HOSTILE}`);

export interface Watched {
  readonly link: Link;
  user: string | undefined;
  readonly next: Map<string, number>;
  readonly topics: Set<string>;
  readonly requests: Map<number, Request>;
  /** Settings that the account changed; the server must report them immediately. */
  readonly pending: Map<string, string>;
  readonly isHonest: boolean;
}

interface ServerMessage {
  readonly kind: string;
  readonly ref?: number;
  readonly text?: string;
  readonly pins?: readonly number[];
  readonly users?: readonly unknown[];
  readonly rooms?: readonly Readonly<Record<string, unknown>>[];
  readonly saved?: readonly Readonly<Record<string, unknown>>[];
  readonly follows?: readonly Readonly<Record<string, unknown>>[];
  readonly room?: string;
  readonly n?: number;
  readonly skipped?: number;
  readonly head?: Uint8Array;
  readonly records?: readonly WireRecord[];
}

export class WireWatch {
  readonly #model: ReferenceModel;
  readonly #links = new Set<Watched>();
  readonly #fail: (error: unknown) => void;
  readonly #clock: Clock;
  readonly #sentKinds: Set<string>;
  readonly #typists = new Typists();

  constructor({ model, clock, sentKinds, fail }: Platform) {
    this.#model = model;
    this.#clock = clock;
    this.#sentKinds = sentKinds;
    this.#fail = fail;
  }

  get links(): ReadonlySet<Watched> {
    return this.#links;
  }

  open(link: Link): Watched {
    const watched: Watched = {
      link,
      user: undefined,
      next: new Map(),
      topics: new Set<string>(),
      requests: new Map(),
      pending: new Map(),
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
    watched.pending.clear();
  }

  received(watched: Watched, bytes: Uint8Array): void {
    const message = requestIn(bytes);
    if (message === undefined) return;
    watched.requests.set(message.ref, message);
    // Requests of unauthenticated and hostile clients do not count as covered.
    if (watched.isHonest) this.#sentKinds.add(message.kind);
    const { user } = watched;
    if (user === undefined) return;
    if (message.kind === "read") this.#model.settings.noteRead(user, message.room, message.n);
    if (message.kind === "typing" && message.on) {
      this.#typists.noteTyping(user, message.room, this.#clock.now());
    }
  }

  changed(user: string, { key, value }: SettingChange): void {
    for (const watched of this.#links) if (watched.user === user) watched.pending.set(key, value);
  }

  sent(watched: Watched, bytes: Uint8Array): void {
    this.#guarded(() => this.#checkMessage(watched, parseServerMessage(bytes)));
  }

  published(topic: string, bytes: Uint8Array): void {
    this.#guarded(() => {
      const message = parseServerMessage(bytes);
      for (const watched of this.#links) {
        if (watched.topics.has(topic)) this.#checkMessage(watched, message);
      }
    });
  }

  checkComplete(): void {
    for (const watched of this.#links) {
      const { user, next, pending } = watched;
      if (user === undefined) continue;
      check(pending.size === 0, () => `${user} did not receive ${[...pending.keys()]}`);
      for (const [room, { records, name }] of this.#model.rooms) {
        if (!this.#model.isMember(user, room)) continue;
        const lastSent = (next.get(room) ?? 0) - 1;
        const last = records.length;
        check(
          lastSent === last,
          () => `${user} received ${lastSent} of ${last} records in ${name ?? room}`,
        );
      }
    }
  }

  /** Reports a violation to the world; the server must not catch it. */
  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#fail(error);
    }
  }

  #checkMessage(watched: Watched, message: ServerMessage): void {
    const queued = watched.link.queuedBytes();
    check(queued <= SEND_QUEUE_BYTES_MAX, () => `${queued} bytes are queued for one reader`);
    if (message.kind === "records") {
      for (const { head } of message.records ?? []) this.#record(watched, head);
    }
    if (message.kind === "room") this.#room(watched, message);
    if (message.kind === "presences") this.#checkPermission(watched, message.room ?? "", 0);
    if (message.kind === "typing") this.#typing(watched, message);
    if (["prefs-set", "save", "follow"].includes(message.kind)) this.#setting(watched, message);
    if (message.kind === "announced") {
      const { announced } = this.#model.settings;
      check(
        message.text === announced,
        () => `'${message.text}' is announced instead of '${announced}'`,
      );
    }
    if (message.kind === "ignored") this.#ignored(watched, message);
    if (message.kind === "ok") this.#answer(watched, message);
    if (message.kind === "fault") watched.requests.delete(message.ref ?? 0);
    if (message.kind === "room-gone") watched.next.delete(message.room ?? "");
    if (message.kind === "ok" && Array.isArray(message.records)) {
      // The request belongs to an earlier session; its answer may arrive after the log-out.
      for (const record of message.records) {
        const { room, seq } = headOf(record.head);
        if (watched.user !== undefined) this.#checkPermission(watched, room, seq);
      }
    }
  }

  #typing(watched: Watched, { room = "", users = [] }: ServerMessage): void {
    this.#checkPermission(watched, room, 0);
    for (const name of users) {
      const user = this.#model.idOf(String(name)) ?? "";
      const isTyping =
        this.#model.isMember(user, room) &&
        this.#typists.mayBeListed(user, room, this.#clock.now());
      check(isTyping, () => `${name} is reported to type in '${room}'`);
    }
  }

  #setting(watched: Watched, message: ServerMessage): void {
    const { key, value } = settingChangeOf({ ...message });
    const { user = "" } = watched;
    const is = this.#model.settings.valueOf(user, key);
    check(is === value, () => `${user} received '${value}' for ${key} instead of '${is}'`);
    watched.pending.delete(key);
  }

  #ignored({ user = "" }: Watched, { users = [] }: ServerMessage): void {
    const ids = users.map((name) => this.#model.idOf(String(name))).sort();
    const is = [...this.#model.settings.ignoredBy(user)].sort();
    check(
      ids.every((item) => is.includes(item ?? "")),
      () => `${user} received the ignored users ${users} instead of ${is}`,
    );
  }

  #answer(watched: Watched, message: ServerMessage): void {
    const request = watched.requests.get(message.ref ?? 0);
    watched.requests.delete(message.ref ?? 0);
    const { user } = watched;
    if (request === undefined || user === undefined) return;
    const { settings } = this.#model;
    if (request.kind === "ignored") this.#ignored(watched, message);
    if (request.kind === "prefs") {
      const { rooms = [], saved = [], follows = [] } = message;
      const set = [...rooms, ...saved, ...follows].map(settingChangeOf);
      const given = set.map(({ key, value }) => `${key} ${value}`).sort();
      const is = settings.allOf(user);
      check(Bun.deepEquals(given, is), () => `${user} has set ${is}, but received ${given}`);
    }
    if (request.kind === "readers") this.#readers(user, request.seq, message.users ?? []);
  }

  #readers(user: string, seq: number, users: readonly unknown[]): void {
    const { settings, records, rooms } = this.#model;
    const { by, room, n } = records[seq - 1]?.head ?? { by: "", room: "", n: 0 };
    check(by === user, () => `${user} received the readers of a message by ${by}`);
    if (users.length === 0) return;
    const areVisible = settings.areReadersVisible(room, n, rooms.get(room)?.pair ?? []);
    check(areVisible, () => `readers of seq ${seq} are listed although receipts are off`);
    for (const name of users) {
      const reader = this.#model.idOf(String(name)) ?? "";
      const hasRead = this.#model.isMember(reader, room) && settings.hasRead(reader, room, n);
      check(hasRead && reader !== user, () => `${name} is reported to have read seq ${seq}`);
    }
  }

  #room(watched: Watched, { room = "", n = 0, skipped = 0, pins = [] }: ServerMessage): void {
    this.#checkPermission(watched, room, 0);
    const pinned = this.#model.settings.pinsOf(room);
    check(
      Bun.deepEquals(pins, pinned),
      () => `'${room}' has pins ${pinned}, but the notice has ${pins}`,
    );
    const next = watched.next.get(room) ?? n;
    const isFine = n >= next && n - next <= skipped;
    check(isFine, () => `${watched.user}: '${room}' continues at ${n} instead of ${next}`);
    if (skipped > 0 && !watched.next.has(room)) this.#checkSkipped(room, n);
    watched.next.set(room, n);
  }

  /** Checks that the server skips records only if the following ones reach the catch-up limit. */
  #checkSkipped(room: string, n: number): void {
    const sent = this.#model.rooms.get(room)?.records.slice(n - 1) ?? [];
    const bytes = sent.reduce((sum, { bodyBytes }) => sum + (bodyBytes?.length ?? 0), 0);
    const isTooMuch =
      sent.length >= CATCH_UP_RECORDS_MAX || bytes > CATCH_UP_BYTES_MAX - LINE_BYTES_MAX;
    check(isTooMuch, () => `'${room}': skipped to ${n} for ${sent.length} records`);
  }

  #record(watched: Watched, bytes: Uint8Array | undefined): void {
    const { room, n, seq } = headOf(bytes);
    this.#checkPermission(watched, room, seq);
    const durable = this.#model.records.length;
    check(seq <= durable, () => `seq ${seq} was sent, but only ${durable} are durable`);
    const next = watched.next.get(room);
    check(n === next, () => `${watched.user} received n ${n} of '${room}' instead of ${next}`);
    watched.next.set(room, n + 1);
  }

  #checkPermission({ user }: Watched, room: string, seq: number): void {
    const isAllowed = user !== undefined && this.#model.mayRead(user, room, seq);
    check(isAllowed, () => `${user} received '${room}' (seq ${seq}) without being a member`);
  }
}

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

function parseServerMessage(bytes: Uint8Array): ServerMessage {
  const incoming = decode(bytes);
  check(incoming.kind === "message", () => "the server says what the schema does not know");
  return incoming.message as ServerMessage;
}

function headOf(bytes: Uint8Array | undefined): { room: string; n: number; seq: number } {
  const head = JSON.parse(Buffer.from(bytes ?? []).toString()) as {
    readonly room: string;
    readonly n: number;
    readonly seq: number;
  };
  return head;
}
