/** Dials TCP first, and UDP in parallel if TCP does not answer. */

import { Fault, type FaultCode } from "../../base/fault.ts";
import { TRANSPORT_FALLBACK_DELAY_MS, TRANSPORT_REFUSAL_GRACE_MS } from "../../base/limits.ts";
import type { Clock } from "../clock.ts";
import type { Dial, DialOptions, Link } from "./link.ts";

/** Transport to a server. */
export type WayThere = "tcp" | "udp";

/** Only after these the other transport may succeed; other faults would be the same. */
const NO_WAY: ReadonlySet<FaultCode> = new Set(["unreachable", "timeout"]);

export interface AutoDialOptions {
  readonly dials: Readonly<Record<WayThere, Dial>>;
  readonly clock: Clock;
  readonly first: WayThere;
  /** The transport that worked is tried first the next time; otherwise always `first`. */
  readonly learns: boolean;
}

/**
 * Dials one transport, and the other one in parallel as soon as the first has failed or has not
 * answered within TRANSPORT_FALLBACK_DELAY_MS. The first link wins. If neither succeeds, the fault
 * is that of the preferred transport. A transport that has worked and now refuses usually means
 * that the server is restarting: for TRANSPORT_REFUSAL_GRACE_MS no other transport is tried.
 */
export class AutoDialer {
  readonly #options: AutoDialOptions;
  #worked: WayThere | undefined;
  /** Start of the failures of the transport that has worked. */
  #failingSince: number | undefined;

  constructor(options: AutoDialOptions) {
    this.#options = options;
  }

  readonly dial: Dial = async (options) => {
    const { dials, clock, learns } = this.#options;
    const first = (learns ? this.#worked : undefined) ?? this.#options.first;
    const now = clock.now();
    const isNew =
      this.#failingSince === undefined || now - this.#failingSince < TRANSPORT_REFUSAL_GRACE_MS;
    const isHeld = first === this.#worked && isNew;
    const race = new Race({ dials, clock, first, target: options, isHeld });
    try {
      const { link, way } = await race.run();
      this.#worked = way;
      this.#failingSince = undefined;
      return link;
    } catch (error) {
      this.#failingSince ??= now;
      throw error;
    }
  };
}

interface Won {
  readonly link: Link;
  readonly way: WayThere;
}

interface RaceOptions {
  readonly dials: Readonly<Record<WayThere, Dial>>;
  readonly clock: Clock;
  readonly first: WayThere;
  readonly target: DialOptions;
  /** An immediate failure decides alone. */
  readonly isHeld: boolean;
}

/** A dial over two transports. */
class Race {
  readonly #options: RaceOptions;
  readonly #ways: WayThere[];
  readonly #result = Promise.withResolvers<Won>();
  #running = 0;
  #isOver = false;
  #failure: Fault | undefined;
  #cancel = () => {};

  constructor(options: RaceOptions) {
    this.#options = options;
    this.#ways = options.first === "tcp" ? ["tcp", "udp"] : ["udp", "tcp"];
  }

  run(): Promise<Won> {
    this.#next();
    return this.#result.promise;
  }

  #next(): void {
    this.#cancel();
    const way = this.#ways.shift();
    if (way === undefined) return;
    const { dials, clock, target } = this.#options;
    this.#running += 1;
    dials[way](target).then(
      (link) => {
        if (this.#isOver) return link.destroy(); // The other one was faster.
        this.#settle();
        this.#result.resolve({ link, way });
      },
      (error: unknown) => this.#failed(way, error),
    );
    this.#cancel = clock.after(TRANSPORT_FALLBACK_DELAY_MS, () => this.#next());
  }

  #failed(way: WayThere, error: unknown): void {
    this.#running -= 1;
    if (this.#isOver) return;
    if (!(error instanceof Fault) || !NO_WAY.has(error.code)) {
      this.#settle();
      return this.#result.reject(error);
    }
    const { first, isHeld } = this.#options;
    if (way === first) this.#failure = error;
    if (this.#ways.length > 0 && !isHeld) return this.#next();
    if (this.#running > 0) return;
    this.#settle();
    this.#result.reject(this.#failure);
  }

  #settle(): void {
    this.#isOver = true;
    this.#cancel();
  }
}
