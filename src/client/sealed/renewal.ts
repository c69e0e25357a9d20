/** Schedule for renewing this device's keys in sealed rooms. */

import { utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { RoomId, Sha256 } from "../../base/ids.ts";
import { RENEW_JITTER_MS, RENEW_MESSAGES, RENEW_MS } from "../../base/limits-sealed.ts";
import type { Clock } from "../../io/clock.ts";
import { Mutex } from "../../io/disk/mutex.ts";
import type { RoomTransaction } from "./room-state.ts";

export interface RenewalOptions {
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly device: string;
}

/** Key renewal locks out attackers who have stolen keys. It never delays posts. */
export class Renewal {
  readonly #options: RenewalOptions;
  readonly #mutex = new Mutex();
  readonly #failed = new Set<RoomId>();

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  connected(): void {
    this.#failed.clear();
  }

  isDue({ room, row, group }: Pick<RoomTransaction, "room" | "row" | "group">): boolean {
    if (row?.status !== "in" || group === undefined || this.#failed.has(room)) return false;
    if ((row.sentSince ?? 0) >= RENEW_MESSAGES) return true;
    // Rows from earlier versions lack this field.
    const { renewedUnixMs } = row;
    if (renewedUnixMs === undefined) return false;
    const ageMs = this.#options.clock.unixMs() - renewedUnixMs;
    // The clock was wrong at the last renewal, so the age is unknown.
    if (ageMs < -RENEW_JITTER_MS) return true;
    return ageMs >= RENEW_MS + this.#jitterMs(room, renewedUnixMs);
  }

  /**
   * Returns a delay that is the same for all processes of a folder, but differs between devices and
   * renewals.
   */
  #jitterMs(room: RoomId, renewedUnixMs: number): number {
    const hash = this.#options.sha256(
      utf8Encode(`${this.#options.device} ${room} ${renewedUnixMs}`),
    );
    const fraction = new DataView(hash.buffer, hash.byteOffset).getUint32(0) / 2 ** 32;
    return Math.floor(fraction * RENEW_JITTER_MS);
  }

  run(room: RoomId, renew: () => Promise<void>): Promise<void> {
    return this.#mutex.run(async () => {
      try {
        await renew();
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        if (error.code === "link-closed" || error.code === "interrupted") throw error;
        this.#failed.add(room);
      }
    });
  }
}
