/** Tracker for writes in progress: a stop waits for them, and their faults are reported. */

import { Fault } from "../../base/fault.ts";
import { DRAIN_TIMEOUT_MS } from "../../base/limits.ts";
import type { Clock } from "../../io/clock.ts";
import type { Log } from "../../io/log/log.ts";
import type { Draft, LogRecord } from "../../wire/record.ts";
import type { ServerEvent } from "../session/event.ts";
import { redacted } from "../session/redacted-fault.ts";
import type { WrittenLog } from "./kernel.ts";
import type { LogQuota } from "./log-quota.ts";

const NO_OPTIONS = {};

export class PendingWrites {
  readonly #clock: Clock;
  readonly #quota: Pick<LogQuota, "refusal">;
  readonly #onFault: (fault: Fault) => void;
  #inFlight = 0;
  #runningTasks = 0;
  #onIdle: (() => void) | undefined;
  #completed = 0;
  #durationMs = 0;

  constructor(
    clock: Clock,
    onEvent: (event: ServerEvent) => void,
    quota: Pick<LogQuota, "refusal">,
  ) {
    this.#clock = clock;
    this.#quota = quota;
    this.#onFault = (fault) => {
      if (fault.code === "store-failed") onEvent({ kind: "failed", fault });
      if (fault.code === "store-full") onEvent({ kind: "full", fault });
    };
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get timing(): { readonly count: number; readonly durationMs: number } {
    return { count: this.#completed, durationMs: this.#durationMs };
  }

  async runWrite<Result>(task: () => Promise<Result>): Promise<Result> {
    const startedAt = this.#begin();
    try {
      return await task();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#onFault(error);
      throw redacted(error);
    } finally {
      this.#complete(startedAt);
    }
  }

  async trackTask<Result>(task: () => Promise<Result>): Promise<Result> {
    this.#runningTasks++;
    try {
      return await task();
    } finally {
      this.#runningTasks--;
      this.#checkIdle();
    }
  }

  tracked(log: WrittenLog): WrittenLog {
    return {
      appendThen: (drafts, _options, done) => this.append(log, { drafts }, done),
      erase: (seq, eraseSeq) => this.runWrite(() => log.erase(seq, eraseSeq)),
    };
  }

  append(
    log: Pick<Log, "appendThen">,
    { drafts, follows }: { readonly drafts: readonly Draft[]; readonly follows?: number },
    done: (outcome: LogRecord | Fault) => void,
  ): void {
    const startedAt = this.#begin();
    const refusal = this.#quota.refusal(drafts);
    if (refusal !== undefined) {
      // Asynchronous like a write, because thousands of refused changes may wait for each other.
      return queueMicrotask(() => {
        done(refusal);
        this.#complete(startedAt);
      });
    }
    log.appendThen(drafts, follows === undefined ? NO_OPTIONS : { follows }, (outcome) => {
      const isFault = outcome instanceof Fault;
      done(isFault ? redacted(outcome) : outcome);
      this.#complete(startedAt);
      if (isFault) this.#onFault(outcome);
    });
  }

  /** Resolves when no write is in flight, but after DRAIN_TIMEOUT_MS at the latest. */
  drained(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#clock.after(DRAIN_TIMEOUT_MS, resolve);
      this.#onIdle = () => {
        cancel();
        resolve();
      };
    });
  }

  get #isIdle(): boolean {
    return this.#inFlight === 0 && this.#runningTasks === 0;
  }

  #checkIdle(): void {
    if (this.#isIdle) this.#onIdle?.();
  }

  #begin(): number {
    this.#inFlight++;
    return this.#clock.now();
  }

  #complete(startedAt: number): void {
    this.#completed++;
    this.#durationMs += this.#clock.now() - startedAt;
    this.#inFlight--;
    this.#checkIdle();
  }
}
