/** Clock of a server, which decides what has expired and corrects the time of the logs. */

import * as v from "valibot";
import { Fault, msg } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import { formatDuration } from "../../base/sizes.ts";
import { jsonLine } from "../../base/text.ts";
import { formatUtc, MINUTE_MS } from "../../base/time.ts";
import { ClockCheck, type ClockReading, type ClockStatus } from "../../core/clock-check.ts";
import type { Clock } from "../../io/clock.ts";
import type { Log } from "../../io/log/log.ts";
import { count } from "../../wire/field.ts";
import type { KindWith } from "../../wire/kinds.ts";
import type { Draft } from "../../wire/record.ts";
import { StateFile, type StateFileLocation } from "../queue/state-file.ts";
import type { ObservedEvent } from "../session/event.ts";
import { NodeStates } from "./node-states.ts";
import { requireActor, type SomeHandlers } from "./service.ts";
import { Transactions } from "./transactions.ts";

export interface ExpiryClock extends Clock {
  /** Time for decisions that delete or expire something; never ahead of what can be believed. */
  expiryUnixMs(): number;
  status(): ClockStatus;
  /** @param unixMs wall clock of another server of the cluster; `undefined` if it stops */
  noteClock(node: string, unixMs: number | undefined): void;
}

export interface ServerClockOptions {
  readonly clock: Clock;
  readonly history: Log;
  readonly accounts: Log;
  readonly location: StateFileLocation | undefined;
  readonly onEvent: (event: ObservedEvent) => void;
}

/**
 * 2026, when this program was written. With an earlier time, which clocks without a battery show,
 * all messages would soon have expired.
 */
const ACCEPTED_MS_MIN = 1_767_225_600_000;
/** Ends a loop of corrections, for example if two servers of a cluster disagree about the time. */
const CORRECTION_INTERVAL_MS = 60 * 60_000;
/** Clocks that are set by hand differ by less. */
const DIFFERENCE_MS_MAX = 5 * MINUTE_MS;

export const CLOCK_FILE = v.object({ believedMs: count, isDoubted: v.boolean() });

export class ServerClock implements ExpiryClock {
  readonly #file;
  /** Wall clocks of the other servers when the monotonic clock of this one shows 0. */
  readonly #others;
  #wasAmongOthers = true;
  #check: ClockCheck;
  #stored: ReturnType<ClockCheck["value"]> | undefined;
  #wasPlausible = true;
  #correctedAt = Number.NEGATIVE_INFINITY;
  #settling: Promise<void> | undefined;

  constructor(private readonly options: ServerClockOptions) {
    this.#check = new ClockCheck(undefined, this.#newestMs, this.#reading);
    this.#others = new NodeStates<number>(options.clock);
    this.#file = new StateFile(options.location, {
      name: "clock.json",
      sizeBytesMax: 256,
      writeDelayMs: 0,
      clock: options.clock,
      warn: (fault) => options.onEvent({ kind: "warning", fault }),
      consequence: "the clock is compared with the newest record only",
      schema: CLOCK_FILE,
      format: () => jsonLine({ ...this.#stored }),
    });
  }

  now(): number {
    return this.options.clock.now();
  }

  unixMs(): number {
    return this.options.clock.unixMs();
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.options.clock.after(delayMs, callback);
  }

  expiryUnixMs(): number {
    const reading = this.#reading;
    this.#check.observe(reading);
    return Math.min(this.#check.expiryMs(reading), this.#middle(reading));
  }

  noteClock(node: string, unixMs: number | undefined): void {
    if (unixMs === undefined || unixMs < ACCEPTED_MS_MIN) this.#others.delete(node);
    else this.#others.set(node, unixMs - this.now());
  }

  /**
   * Time of the middle one of the servers of a cluster, or the earlier of two: what expires is gone
   * from all of them, so that one clock must not decide it.
   */
  #middle({ unixMs, now }: ClockReading): number {
    if (this.#others.size === 0) return unixMs;
    for (const node of this.#others.expired()) this.#others.delete(node);
    const others = [...this.#others].map(([, at]) => at + now);
    const all = [unixMs, ...others].sort((a, b) => a - b);
    return all[Math.floor((all.length - 1) / 2)] ?? unixMs;
  }

  status(): ClockStatus {
    return this.#check.status(this.#reading);
  }

  readonly handlers = {
    clock: async ({ accept }, { actor }) => {
      if (accept === true) await this.#accept(requireActor(actor).user);
      return this.status();
    },
  } satisfies SomeHandlers;

  /** Corrects the logs before the first record of this run. */
  async start(): Promise<void> {
    this.#stored = this.#file.open();
    this.#check = new ClockCheck(this.#stored, this.#newestMs, this.#reading);
    await this.#settle();
  }

  tick(): void {
    this.#settling ??= this.#settle().finally(() => {
      this.#settling = undefined;
    });
  }

  async #accept(by: UserId): Promise<void> {
    const { plausible, now } = this.status();
    if (plausible) return;
    if (now < ACCEPTED_MS_MIN) {
      throw new Fault("not-allowed", `the clock shows ${formatUtc(now)}`, {
        remedy: "set it first",
      });
    }
    const { accounts } = this.options;
    await new Transactions(accounts).run(() => [clockDraft("server-clock", now, by)]);
    this.#check.accept(this.#reading);
    this.#correctedAt = Number.NEGATIVE_INFINITY;
    await this.#settling;
    await this.#settle();
  }

  async close(): Promise<void> {
    await this.#settling;
    this.#stored = this.#check.value(this.#reading, this.#newestMs);
    this.#file.markDirty();
    await this.#file.close();
  }

  get #reading(): ClockReading {
    const { clock } = this.options;
    return { unixMs: clock.unixMs(), now: clock.now() };
  }

  get #newestMs(): number {
    const { history, accounts } = this.options;
    return Math.max(history.time, accounts.time);
  }

  async #settle(): Promise<void> {
    try {
      this.#check.observe(this.#reading);
      await this.#store();
      this.#report();
      await this.#correct();
      await this.#store();
    } catch (error) {
      // The next tick retries.
      if (!(error instanceof Fault)) throw error;
      this.options.onEvent({ kind: "warning", fault: error });
    }
  }

  /** Stores a doubt, so that a restart does not believe the records that this run stamps. */
  async #store(): Promise<void> {
    const value = this.#check.value(this.#reading, this.#newestMs);
    if (value.isDoubted === (this.#stored?.isDoubted ?? false)) return;
    this.#stored = value;
    this.#file.markDirty();
    await this.#file.sync();
  }

  #report(): void {
    this.#reportDifference();
    const status = this.status();
    if (status.plausible === this.#wasPlausible) return;
    this.#wasPlausible = status.plausible;
    this.options.onEvent({ kind: "clock", status });
  }

  #reportDifference(): void {
    const reading = this.#reading;
    const differsMs = reading.unixMs - this.#middle(reading);
    const isAmongOthers = differsMs < DIFFERENCE_MS_MAX;
    if (isAmongOthers === this.#wasAmongOthers) return;
    this.#wasAmongOthers = isAmongOthers;
    if (isAmongOthers) return;
    const ahead = formatDuration(Math.round(differsMs / MINUTE_MS) * MINUTE_MS);
    const text = msg`the clock of this server is ${ahead} ahead of those of its cluster`;
    const remedy = msg`set it; until then, what expires waits for the others`;
    this.options.onEvent({ kind: "warning", fault: new Fault("internal", text, { remedy }) });
  }

  async #correct(): Promise<void> {
    const { history, accounts } = this.options;
    const { now } = this.#reading;
    if (now - this.#correctedAt < CORRECTION_INTERVAL_MS) return;
    for (const [log, kind] of [
      [accounts, "server-clock"],
      [history, "clock"],
    ] as const) {
      const to = this.#check.correction(this.#reading, log.time);
      if (to === undefined) continue;
      this.#correctedAt = now;
      await log.append(clockDraft(kind, to, "server"));
    }
  }
}

function clockDraft(kind: KindWith<"sets-time">, to: number, by: Draft["by"]): Draft {
  return { kind, room: CLOCK_ROOM, by, id: "", body: { to } };
}

const CLOCK_ROOM = "clock" as RoomId;
