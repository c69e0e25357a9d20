import { unreachable } from "../base/assert.ts";
import type { Fault } from "../base/fault.ts";
import type { OutboxId } from "../base/ids.ts";
import { OUTBOX_IN_FLIGHT_MAX } from "../base/limits.ts";
import { Outbox, type OutboxEffect, type OutboxInput, type Receipt } from "../core/outbox.ts";
import type { Clock } from "../io/clock.ts";
import type { PostBody } from "../wire/messages.ts";
import type { Connection } from "./connection.ts";

/** A writer that reads from a file or a pipe waits above this; a person never gets there. */
const PENDING_LOW = 2 * OUTBOX_IN_FLIGHT_MAX;

/** Drives one outbox: gives each post a promise, carries it over links, keeps its time. */
export class Posts {
  readonly #id: OutboxId;
  readonly #clock: Clock;
  readonly #outbox = new Outbox();
  /** By key; as many as the outbox holds. */
  readonly #waiting = new Map<number, PromiseWithResolvers<Receipt>>();
  #key = 0;
  #connection: Connection | undefined;
  #cancelTimer: (() => void) | undefined;
  readonly #onSettled: { readonly sizeMax: number; readonly resolve: () => void }[] = [];

  constructor(id: OutboxId, clock: Clock) {
    this.#id = id;
    this.#clock = clock;
  }

  get size(): number {
    return this.#outbox.size;
  }

  /** Resolves when it is on the server's disk. @throws Fault as the server refused it for good */
  post(to: string, body: PostBody): Promise<Receipt> {
    const key = ++this.#key;
    const waiting = Promise.withResolvers<Receipt>();
    this.#waiting.set(key, waiting);
    this.#handle({ kind: "post", key, to, body });
    return waiting.promise;
  }

  connected(connection: Connection): void {
    this.#connection = connection;
    this.#handle({ kind: "connected" });
  }

  lost(): void {
    this.#connection = undefined;
    this.#handle({ kind: "lost" });
  }

  /** Nobody will send any more. */
  abandon(fault: Fault): void {
    this.#connection = undefined;
    this.#handle({ kind: "abandoned", fault });
    this.#cancelTimer?.();
  }

  /** Resolves when all is settled, one way or the other. */
  drained(): Promise<void> {
    return this.#below(0);
  }

  /** Resolves when another post will not have to wait long. */
  ready(): Promise<void> {
    return this.#below(PENDING_LOW);
  }

  #below(sizeMax: number): Promise<void> {
    if (this.#outbox.size <= sizeMax) return Promise.resolve();
    return new Promise((resolve) => this.#onSettled.push({ sizeMax, resolve }));
  }

  #handle(input: OutboxInput): void {
    for (const effect of this.#outbox.handle(input, this.#clock.now())) this.#perform(effect);
    this.#arm();
  }

  #perform(effect: OutboxEffect): void {
    switch (effect.kind) {
      case "send":
        return this.#send(effect);
      case "settled":
        return this.#settled(effect);
      default:
        return unreachable(effect);
    }
  }

  #send({ counter, to, body }: Extract<OutboxEffect, { kind: "send" }>): void {
    const connection = this.#connection;
    connection?.askThen("post", { outbox: this.#id, counter, to, body }, (outcome) => {
      // What a dying link refuses was not refused by the server: the next link sends it again.
      if (this.#connection !== connection || connection.isClosed) {
        if (outcome.kind === "refused") return;
      }
      if (outcome.kind === "answered") {
        this.#handle({ kind: "acked", counter, receipt: outcome.answer });
      } else {
        this.#handle({ kind: "refused", counter, fault: outcome.fault });
      }
    });
  }

  #settled({ key, outcome }: Extract<OutboxEffect, { kind: "settled" }>): void {
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    if (outcome.kind === "durable") waiting?.resolve(outcome.receipt);
    else waiting?.reject(outcome.fault);
    const size = this.#outbox.size;
    for (let i = this.#onSettled.length - 1; i >= 0; i--) {
      if (size > (this.#onSettled[i]?.sizeMax ?? 0)) continue;
      for (const { resolve } of this.#onSettled.splice(i, 1)) resolve();
    }
  }

  #arm(): void {
    const deadline = this.#outbox.deadline();
    if (deadline === undefined || this.#cancelTimer !== undefined) return;
    const delayMs = Math.max(1, Math.ceil(deadline - this.#clock.now()));
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#cancelTimer = undefined;
      this.#handle({ kind: "tick" });
    });
  }
}
