/** Retention, which erases records older than their room's limit. */

import { ignoreFault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { RETENTION_CHECK_INTERVAL_MS } from "../../base/limits.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import type { LogRecord } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { MassErasure } from "./mass-erasure.ts";

interface RetentionOptions extends ServerContext {
  readonly erasure: Pick<MassErasure, "ofRoom">;
}

export class Retention {
  /** Seq up to which all expired records are erased, in memory only. At most ROOMS_MAX entries. */
  readonly #doneUpTo = new Map<RoomId, number>();
  #isSweeping = false;
  #isStopped = false;
  #cancel = () => {};

  constructor(private readonly options: RetentionOptions) {}

  start(): void {
    this.#sweep();
  }

  #sweep(): void {
    this.#cancel();
    if (this.#isStopped) return;
    this.#cancel = this.options.clock.after(RETENTION_CHECK_INTERVAL_MS, () => this.#sweep());
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    void this.#sweepAll().finally(() => {
      this.#isSweeping = false;
    });
  }

  onRecord(_room: Room, record: LogRecord): void {
    if (record.head.kind === "retention") this.#sweep();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  async #sweepAll(): Promise<void> {
    for (const id of [...this.options.rooms.retained()]) {
      // The code that accesses the disk reports its faults. The next sweep resumes here.
      await this.#sweepRoom(id).catch(ignoreFault);
    }
  }

  async #sweepRoom(id: RoomId): Promise<void> {
    const { clock, rooms, erasure, history } = this.options;
    for (;;) {
      const retention = rooms.get(id)?.retention;
      if (retention === undefined || this.#isStopped) return;
      const { by, keepMs } = retention;
      const untilMs = clock.expiryUnixMs() - keepMs;
      const after = this.#doneUpTo.get(id) ?? 0;
      // Records before a correction of the time are at least as old as the correction, even if a
      // wrong clock stamped them with a later time.
      const { seq: fallSeq = 0 } = history.falls.findLast(({ time }) => time <= untilMs) ?? {};
      const isBeforeFall = after < fallSeq;
      const until = isBeforeFall ? { beforeSeq: fallSeq } : { untilMs };
      const { last, more } = await erasure.ofRoom(by, id, until, after);
      const doneUpTo = isBeforeFall && !more ? fallSeq : last;
      if (doneUpTo !== undefined) this.#doneUpTo.set(id, doneUpTo);
      if (!more && !isBeforeFall) return;
    }
  }
}
