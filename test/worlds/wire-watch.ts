import {
  CATCH_UP_BYTES_MAX,
  CATCH_UP_RECORDS_MAX,
  LINE_BYTES_MAX,
  SEND_QUEUE_BYTES_MAX,
} from "../../src/base/limits.ts";
import type { Link } from "../../src/io/link/link.ts";
import { decode } from "../../src/wire/codec.ts";
import type { WireRecord } from "../../src/wire/messages.ts";
import { demand, type Witness } from "./witness.ts";

/** One link as the server's end has it. */
export interface Watched {
  readonly link: Link;
  /** Account id of who is in; undefined: nobody. */
  user: string | undefined;
  /** Per room the `n` of the record that must come next. */
  readonly next: Map<string, number>;
  readonly topics: Set<string>;
}

interface Told {
  readonly kind: string;
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

  constructor(witness: Witness, fail: (error: unknown) => void) {
    this.#witness = witness;
    this.#fail = fail;
  }

  get links(): ReadonlySet<Watched> {
    return this.#links;
  }

  open(link: Link): Watched {
    const watched = { link, user: undefined, next: new Map(), topics: new Set<string>() };
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
      const { user, next } = watched;
      if (user === undefined) continue;
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
    if (told.kind === "record") this.#record(watched, told.head);
    if (told.kind === "records") {
      for (const { head } of told.records ?? []) this.#record(watched, head);
    }
    if (told.kind === "room") this.#room(watched, told);
    if (told.kind === "presence") this.#right(watched, told.room ?? "", 0);
    if (told.kind === "room-gone") watched.next.delete(told.room ?? "");
    if (told.kind === "ok" && Array.isArray(told.records)) {
      // Asked by whoever was in then; the answer may come after they logged out.
      for (const record of told.records) {
        const { room, seq } = headOf(record.head);
        if (watched.user !== undefined) this.#right(watched, room, seq);
      }
    }
  }

  #room(watched: Watched, { room = "", n = 0, skipped = 0 }: Told): void {
    this.#right(watched, room, 0);
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
