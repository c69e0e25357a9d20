import { parsePostId } from "../../src/core/rooms/dedup.ts";
import type { Draft, Head, LogRecord } from "../../src/wire/record.ts";
import { check } from "../worlds/disk-world.ts";
import { Ledger } from "./ledger.ts";

/** A log whose records are checked as they are appended, independently of the room engine. */
export class CheckedLedger {
  readonly ledger = new Ledger();
  readonly #members = new Map<string, Set<string>>();
  readonly #roomOf = new Map<string, string>();
  readonly #closed = new Set<string>();
  readonly #postIds = new Set<string>();
  readonly #muted = new Set<string>();
  readonly #erased = new Set<number>();
  readonly #edits = new Map<number, number[]>();
  readonly #highest = new Map<string, number>();

  append(draft: Draft): LogRecord {
    const record = this.ledger.append(draft);
    this.#checkRecord(record);
    return record;
  }

  #checkManagement(head: Head, body: Record<string, unknown>, members: Set<string>): void {
    const name = [...this.#roomOf].find(([, room]) => room === head.room)?.[0];
    check(name !== undefined && name !== "lobby", "a room that is there, and not the lobby");
    if (head.kind === "close") {
      if (body["on"] === true) this.#closed.add(head.room);
      else this.#closed.delete(head.room);
      return;
    }
    if (body["user"] !== undefined) return;
    const isUsed = members.size > 0 || this.#isRetained(head.room);
    if (body["vacant"] === true && isUsed) return; // Another server added a member meanwhile.
    this.#roomOf.delete(name);
    if (head.kind === "remove") return members.clear();
    const next = String(body["name"]).toLowerCase();
    check(!this.#roomOf.has(next), `one room is called ${next}`);
    this.#roomOf.set(next, head.room);
  }

  #isRetained(room: string): boolean {
    return (
      [room, `topic ${room}`].some((item) => this.#postIds.has(item)) || this.#closed.has(room)
    );
  }

  #checkRecord({ head, bodyBytes }: LogRecord): void {
    const body = JSON.parse(Buffer.from(bodyBytes ?? []).toString()) as Record<string, unknown>;
    const members = this.#members.get(head.room) ?? new Set<string>();
    if (head.kind === "room") {
      const made = String(body["name"] ?? head.room).toLowerCase();
      check(!this.#roomOf.has(made), `one room is called ${made}`);
      this.#roomOf.set(made, head.room);
      this.#members.set(head.room, new Set((body["direct"] as string[] | undefined) ?? []));
      return;
    }
    if (!this.#members.has(head.room)) return; // The log refused the creation of this room.
    if (head.kind === "join") {
      check(!members.has(head.by), "nobody joins twice");
      members.add(head.by);
      return;
    }
    if (MANAGEMENT_KINDS.has(head.kind)) return this.#checkManagement(head, body, members);
    if (ORDER.has(head.kind)) return this.#checkOrder(head, body, members);
    const isMessage = head.kind !== "leave";
    check(
      !isMessage || !this.#closed.has(head.room),
      `nobody writes what is closed (${head.kind})`,
    );
    check(members.has(head.by), `nothing is recorded after its author left (${head.kind})`);
    const isMuted = this.#muted.has(`${head.room} ${head.by}`);
    check(!isMuted || head.kind === "leave", `nobody who is muted speaks (${head.kind})`);
    if (head.kind === "edit") {
      const seq = Number(body["seq"]);
      check(!this.#erased.has(seq), "nothing is changed after it was erased");
      this.#edits.set(seq, [...(this.#edits.get(seq) ?? []), head.seq]);
    }
    if (head.kind === "leave") members.delete(head.by);
    if (head.kind === "topic" && body["topic"] === "") this.#postIds.delete(`topic ${head.room}`);
    else if (head.kind === "topic") this.#postIds.add(`topic ${head.room}`);
    if (head.kind === "text") this.#postIds.add(head.room);
    const id = parsePostId(head.id);
    if (id === undefined) return;
    const box = `${head.by} ${id.outbox}`;
    check(id.counter > (this.#highest.get(box) ?? 0), "each post once, in the order of its outbox");
    this.#highest.set(box, id.counter);
  }

  #checkOrder(head: Head, body: Record<string, unknown>, members: Set<string>): void {
    const user = String(body["user"]);
    if (head.kind === "kick") {
      check(members.has(user), "only members are removed");
      members.delete(user);
    }
    const key = `${head.room} ${user}`;
    if (head.kind === "mute" && body["on"] === true) this.#muted.add(key);
    if (head.kind === "mute" && body["on"] !== true) this.#muted.delete(key);
    if (head.kind !== "erase") return;
    const seq = Number(body["seq"]);
    check(!this.#erased.has(seq), "nothing is erased twice");
    this.#erased.add(seq);
    const also = JSON.stringify(body["also"]);
    const known = JSON.stringify(this.#edits.get(seq) ?? []);
    check(also === known, "an erasing names all edits before it");
  }
}

const MANAGEMENT_KINDS: ReadonlySet<string> = new Set(["rename", "close", "remove"]);
const ORDER: ReadonlySet<string> = new Set(["kick", "mute", "grant", "erase"]);
