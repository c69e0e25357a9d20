import type { OutboxId, RoomId, UserId } from "../../src/base/ids.ts";
import { LogOrder } from "../../src/core/log/order.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { asDamaged, type Draft, type LogRecord, sealDraft } from "../../src/wire/record.ts";
import { encodeLine } from "../encode-line.ts";

export const ANA = "uAAAAAAAAAAA" as UserId;
export const BEN = "uBBBBBBBBBBB" as UserId;
export const EVE = "uEEEEEEEEEEE" as UserId;
export const ROOM = "rRRRRRRRRRRR" as RoomId;
export const BOX = "AAAAAAAAAAA" as OutboxId;
export const OTHER_BOX = "BBBBBBBBBBB" as OutboxId;

export class Ledger {
  readonly records: LogRecord[] = [];
  readonly #order = new LogOrder();
  time = 1_800_000_000_000;

  append(draft: Draft): LogRecord {
    const sealed = sealDraft(draft, new Uint8Array(16), sha256);
    const position = {
      seq: this.#order.seq + 1,
      n: this.#order.lastN(draft.room) + 1,
      time: Math.max(this.time, this.#order.time),
    };
    const { record } = encodeLine(sealed, position, this.#order.seq);
    this.#order.advance(record.head);
    this.records.push(record);
    return record;
  }

  write(kind: Draft["kind"], room: string, by: string, body: unknown): LogRecord {
    return this.append({ kind, room: room as RoomId, by: by as UserId, id: "", body });
  }

  damaged(kind: Draft["kind"], room: string, by: string, body: unknown): LogRecord {
    return asDamaged(this.write(kind, room, by, body));
  }

  erased(kind: Draft["kind"], room: string, by: string, body: unknown): LogRecord {
    const { head, headBytes } = this.write(kind, room, by, body);
    return { head, headBytes, erased: head.seq + 1 };
  }
}
