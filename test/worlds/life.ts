import { concatBytes } from "../../src/base/bytes.ts";
import type { Clock } from "../../src/io/clock.ts";
import type { Link, LinkCounters, LinkHandlers } from "../../src/io/link/link.ts";
import type { Log } from "../../src/io/log/log.ts";
import { withFields } from "./with-fields.ts";

export interface LinkWatch {
  sent?(bytes: Uint8Array): Uint8Array | undefined;
  received?(bytes: Uint8Array): void;
  followed?(topic: string): void;
  unfollowed?(topic: string): void;
  closed?(): void;
}

/**
 * Run of a program. After its end, its timers do not fire, its promises do not settle, and its
 * links carry nothing.
 */
export class Life {
  readonly clock: Clock;
  #isAlive = true;
  readonly #onEnd: (() => void)[] = [];

  constructor(clock: Clock, wallMs: () => number) {
    this.clock = {
      now: () => clock.now(),
      unixMs: () => clock.unixMs() + wallMs(),
      after: (delayMs, callback) =>
        clock.after(delayMs, () => {
          if (this.#isAlive) callback();
        }),
    };
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  onEnd(callback: () => void): void {
    this.#onEnd.push(callback);
  }

  end(): void {
    this.#isAlive = false;
    for (const callback of this.#onEnd.splice(0)) callback();
  }

  hold<Value>(promise: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => {
          if (this.#isAlive) resolve(value);
        },
        (error: unknown) => {
          if (this.#isAlive) reject(error);
        },
      );
    });
  }

  log(log: Log): Log {
    return withFields(log, {
      append: (draft) => this.hold(log.append(draft)),
      appendThen: (drafts, options, settle) => {
        log.appendThen(drafts, options, (outcome) => {
          if (this.#isAlive) settle(outcome);
        });
      },
      erase: (seq, eraseSeq) => this.hold(log.erase(seq, eraseSeq)),
      follow: (from, onRecord) =>
        this.hold(
          log.follow(from, (record) => {
            if (this.#isAlive) onRecord(record);
          }),
        ),
    });
  }

  link(link: Link, watch: LinkWatch = {}): Link {
    return new HeldLink(this, link, watch);
  }
}

class HeldLink implements Link {
  readonly #life: Life;
  readonly #link: Link;
  readonly #watch: LinkWatch;

  constructor(life: Life, link: Link, watch: LinkWatch) {
    this.#life = life;
    this.#link = link;
    this.#watch = watch;
  }

  get transport(): Link["transport"] {
    return this.#link.transport;
  }

  get remote(): Link["remote"] {
    return this.#link.remote;
  }

  get certificateHash(): Uint8Array {
    return this.#link.certificateHash;
  }

  receive(handlers: LinkHandlers): void {
    this.#link.receive({
      message: (bytes) => {
        if (!this.#life.isAlive) return;
        this.#watch.received?.(bytes);
        handlers.message(bytes);
      },
      closed: (fault) => {
        this.#watch.closed?.();
        if (this.#life.isAlive) handlers.closed(fault);
      },
    });
  }

  send(head: Uint8Array, tail = new Uint8Array(0)): boolean {
    if (!this.#life.isAlive) return false;
    const message = concatBytes(head, tail);
    const bytes = this.#watch.sent === undefined ? message : this.#watch.sent(message);
    return bytes === undefined ? true : this.#link.send(bytes);
  }

  follow(topic: string): void {
    if (!this.#life.isAlive) return;
    this.#watch.followed?.(topic);
    this.#link.follow(topic);
  }

  unfollow(topic: string): void {
    if (!this.#life.isAlive) return;
    this.#watch.unfollowed?.(topic);
    this.#link.unfollow(topic);
  }

  drained(): Promise<void> {
    return this.#life.hold(this.#link.drained());
  }

  queuedBytes(): number {
    return this.#link.queuedBytes();
  }

  counters(): LinkCounters {
    return this.#link.counters();
  }

  async openChannel(): Promise<Link> {
    return this.#life.link(await this.#link.openChannel());
  }

  close(): void {
    if (this.#life.isAlive) this.#link.close();
  }

  destroy(): void {
    if (this.#life.isAlive) this.#link.destroy();
  }
}
