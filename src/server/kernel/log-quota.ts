/** Limits on what an account may add to the logs: bytes per day, and the disk space kept free. */

import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import { TEXTS_BYTES_PER_DAY } from "../../base/limits.ts";
import { formatSize } from "../../base/sizes.ts";
import { DailyQuota } from "../../core/rate.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import type { RecordKind } from "../../wire/kinds.ts";
import { contentBytes, type Draft, type LogRecord } from "../../wire/record.ts";
import type { BaseContext } from "./context.ts";

/**
 * Never refused: records that log in, protect or remove something. Each follows a refusable record
 * or a slow check of a password, so that they cannot fill the disk.
 */
const UNLIMITED_KINDS: ReadonlySet<RecordKind> = new Set([
  ...(["erase", "kick", "leave", "remove", "device", "device-gone", "password"] as const),
  ...(["account-gone", "irc-password-gone", "invite-gone", "prefs-erase", "avatar-gone"] as const),
]);

interface Disk {
  readonly isFull: boolean;
  spend(bytes: number): void;
  /** Reads the free space again. */
  check(): Promise<void>;
}

interface LogQuotaOptions extends Pick<BaseContext, "clock" | "settings"> {
  readonly disk: Disk | undefined;
  readonly isOperator: (user: UserId) => boolean;
}

/**
 * Counts the records of both logs as they are applied, so that it covers every way to write and
 * all servers of a cluster. A restart resets it. Records in flight may exceed it.
 */
export class LogQuota {
  readonly #written;

  constructor(private readonly options: LogQuotaOptions) {
    this.#written = new DailyQuota(options.settings.textsBytesPerDay ?? TEXTS_BYTES_PER_DAY);
  }

  refusal(drafts: readonly Draft[]): Fault | undefined {
    const limited = drafts.find(({ by, kind }) => by !== "server" && !UNLIMITED_KINDS.has(kind));
    return limited === undefined ? undefined : this.refusalOf(limited.by as UserId);
  }

  refusalOf(user: UserId): Fault | undefined {
    const fault = this.#limitOf(user);
    return fault !== undefined && this.options.isOperator(user) ? undefined : fault;
  }

  /**
   * Programs have no operator rights, even if an operator created their token.
   * @throws {Fault} texts-limit or store-full
   */
  chargeProgram(token: string, bytes: number): void {
    const fault = this.#limitOf(token);
    if (fault !== undefined) throw fault;
    this.#written.count(token, bytes, this.options.clock.unixMs());
  }

  onRecord(_room: Room, record: LogRecord): void {
    this.onAccountRecord(record);
  }

  onAccountRecord(record: LogRecord): void {
    const bytes = contentBytes(record);
    this.options.disk?.spend(bytes);
    const { by } = record.head;
    if (by !== "server") this.#written.count(by, bytes, this.options.clock.unixMs());
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
