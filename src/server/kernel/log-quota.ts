/** Limits on what an account may add to the logs: bytes per day, and the disk space kept free. */

import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import { TEXTS_BYTES_PER_DAY } from "../../base/limits.ts";
import { isName } from "../../base/names.ts";
import { formatSize } from "../../base/sizes.ts";
import { DailyQuota } from "../../core/rate.ts";
import type { Registry } from "../../core/rooms/accounts.ts";
import { CHARGES, RESERVED_FACTOR } from "../../core/rooms/charges.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import { bodyOf, contentBytes, type Draft, type LogRecord } from "../../wire/record.ts";
import type { BaseContext } from "./context.ts";

interface Disk {
  readonly isFull: boolean;
  spend(bytes: number): void;
  /** Reads the free space again. */
  check(): Promise<void>;
}

interface LogQuotaOptions extends Pick<BaseContext, "clock" | "settings"> {
  readonly disk: Disk | undefined;
  readonly isOperator: (user: UserId) => boolean;
  readonly registry: Pick<Registry, "find">;
}

/**
 * Counts the records of both logs as they are applied, so that it covers every way to write and all
 * servers of a cluster; records that name no account count only on the server that wrote them. A
 * restart resets the counts. Records in flight may exceed the limit.
 */
export class LogQuota {
  readonly #written;

  constructor(private readonly options: LogQuotaOptions) {
    this.#written = new DailyQuota(options.settings.textsBytesPerDay ?? TEXTS_BYTES_PER_DAY);
  }

  /** @param payer account that requested the drafts, if it may not be their author */
  refusal(drafts: readonly Draft[], payer?: UserId): Fault | undefined {
    let user: UserId | undefined;
    for (const { by, kind } of drafts) {
      const charged = payer ?? by;
      if (charged === "server") continue;
      if (CHARGES[kind] !== "reserved") return this.refusalOf(charged);
      user = charged;
    }
    if (user === undefined) return undefined;
    const isReached = this.#written.isReached(user, this.options.clock.unixMs(), RESERVED_FACTOR);
    return isReached ? this.refusalOf(user) : undefined;
  }

  /** Charges a record that does not name the account which requested it, such as a secret vote. */
  onAppended(record: LogRecord, payer: UserId): void {
    if (record.head.by !== "server") return;
    this.#written.count(payer, contentBytes(record), this.options.clock.unixMs());
  }

  refusalOf(user: UserId): Fault | undefined {
    const fault = this.#limitOf(user);
    return fault !== undefined && this.options.isOperator(user) ? undefined : fault;
  }

  /**
   * Programs have no operator rights, even if an operator created their token.
   * @throws {Fault} texts-limit or store-full
   */
  checkProgram(token: string): void {
    const fault = this.#limitOf(token);
    if (fault !== undefined) throw fault;
  }

  chargeProgram(token: string, bytes: number): void {
    this.#written.count(token, bytes, this.options.clock.unixMs());
  }

  onRecord(_room: Room, record: LogRecord): void {
    this.onAccountRecord(record);
  }

  onAccountRecord(record: LogRecord): void {
    const bytes = contentBytes(record);
    this.options.disk?.spend(bytes);
    const by = this.#payerOf(record);
    if (by !== "server") this.#written.count(by, bytes, this.options.clock.unixMs());
  }

  /** Account that added a member, although the record names the member as its author. */
  #payerOf(record: LogRecord): UserId | "server" {
    const { kind, by } = record.head;
    if (kind !== "join") return by;
    const { addedBy } = bodyOf(record, "join") ?? {};
    if (addedBy === undefined || !isName(addedBy)) return by;
    return this.options.registry.find(addedBy)?.id ?? by;
  }

  /** Without a retry time, so that outboxes report the refusal instead of waiting for hours. */
  #limitOf(key: string): Fault | undefined {
    const { clock, disk } = this.options;
    if (disk?.isFull === true) {
      void disk.check(); // Someone may have made space since the last check.
      return new Fault(
        "store-full",
        msg`the server's disk is nearly full; only operators can post`,
        { remedy: msg`contact the server's owner` },
      );
    }
    const unixMs = clock.unixMs();
    if (!this.#written.isReached(key, unixMs)) return undefined;
    const max = formatSize(this.#written.max);
    return new Fault("texts-limit", msg`you have reached the daily limit of ${max} of messages`, {
      remedy: this.#written.remedy(unixMs),
    });
  }
}
