/** Writes in progress: a stop waits for them, and their faults are reported. */

import { Fault } from "../../base/fault.ts";
import { DRAIN_TIMEOUT_MS } from "../../base/limits.ts";
import type { Clock } from "../../io/clock.ts";
import type { Log } from "../../io/log/log.ts";
import type { Draft, LogRecord } from "../../wire/record.ts";
import type { ServerEvent } from "../session/event.ts";
import { redacted } from "../session/redacted-fault.ts";
import type { WrittenLog } from "./kernel.ts";

const ALONE = {};

export class PendingWrites {
  readonly #clock: Clock;
  readonly #onTrouble: (fault: Fault) => void;
  #underWay = 0;
  /** Running tasks that may still write. */
  #held = 0;
  #onIdle: (() => void) | undefined;
  #done = 0;
  #tookMs = 0;

  constructor(clock: Clock, onEvent: (event: ServerEvent) => void) {
    this.#clock = clock;
    this.#onTrouble = (fault) => {
      if (fault.code === "store-failed") onEvent({ kind: "failed", fault });
      if (fault.code === "store-full") onEvent({ kind: "full", fault });
    };
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** Number of completed writes and their total time, including sync and queueing. */
  get timing(): { readonly count: number; readonly tookMs: number } {
    return { count: this.#done, tookMs: this.#tookMs };
  }

  /** @throws whatever the task throws */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    const startedAt = this.#begin();
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#onTrouble(error);
      throw redacted(error);
    } finally {
      this.#settled(startedAt);
    }
  }

  /** Runs a task that pauses between its writes: a stop waits until the task is over. */
  async hold<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#held++;
    try {
      return await work();
    } finally {
      this.#held--;
      this.#checkIdle();
    }
  }

  /** Returns the log with its writes tracked. */
  watched(log: WrittenLog): WrittenLog {
    return {
      appendThen: (drafts, _options, done) => this.append(log, { drafts }, done),
      erase: (seq, eraseSeq) => this.run(() => log.erase(seq, eraseSeq)),
    };
  }

  /** Runs the follow-up before the write counts as completed, since it may start further writes. */
  append(
    log: Pick<Log, "appendThen">,
    { drafts, follows }: { readonly drafts: readonly Draft[]; readonly follows?: number },
    done: (outcome: LogRecord | Fault) => void,
  ): void {
    const startedAt = this.#begin();
    log.appendThen(drafts, follows === undefined ? ALONE : { follows }, (outcome) => {
      const isFault = outcome instanceof Fault;
      done(isFault ? redacted(outcome) : outcome);
      this.#settled(startedAt);
      if (isFault) this.#onTrouble(outcome);
    });
  }

  /** Resolves when nothing is in flight, or after DRAIN_TIMEOUT_MS at the latest. */
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
    return this.#underWay === 0 && this.#held === 0;
  }

  #checkIdle(): void {
    if (this.#isIdle) this.#onIdle?.();
  }

  #begin(): number {
    this.#underWay++;
    return this.#clock.now();
  }

  #settled(startedAt: number): void {
    this.#done++;
    this.#tookMs += this.#clock.now() - startedAt;
    this.#underWay--;
    this.#checkIdle();
  }
}
