/** Acceptances of different histories by the processes of one CHAT_HOME. */

import type { StateDatabase } from "./schema.ts";

/**
 * A process that runs while another one accepts a restored server's history still knows the former
 * history, whose numbers now denote other messages. Until it ends, it must store none of them.
 */
export class AcceptedHistories {
  #known: number;

  constructor(private readonly database: StateDatabase) {
    this.#known = this.#newest();
  }

  /** Call when this process itself has accepted a history. */
  accepted(): void {
    this.#known = this.#newest();
  }

  /** Reports whether another process has accepted a different history of this server. */
  isReplaced(fingerprint: string): boolean {
    const sql = "SELECT 1 FROM replaced_logs WHERE fingerprint = ? AND at > ? LIMIT 1";
    return this.database.value(sql, fingerprint, this.#known) !== undefined;
  }

  #newest(): number {
    return this.database.value<number | null>("SELECT max(at) FROM replaced_logs") ?? 0;
  }
}
