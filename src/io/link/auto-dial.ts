/** Dialer for both transports: TCP first, then also UDP if TCP does not answer. */

import { Fault, type FaultCode } from "../../base/fault.ts";
import {
  TRANSPORT_FALLBACK_DELAY_MS,
  TRANSPORT_PROBATION_MS,
  TRANSPORT_REFUSAL_GRACE_MS,
} from "../../base/limits.ts";
import type { Clock } from "../clock.ts";
import type { Dial, DialOptions, Link } from "./link.ts";

export type DialTransport = "tcp" | "udp";

/** Fault codes after which the other transport may succeed. */
const FALLBACK_CODES: ReadonlySet<FaultCode> = new Set(["unreachable", "timeout"]);
/** Fault codes of a link on which the server did not end the session. */
const LOST_CODES: ReadonlySet<FaultCode> = new Set(["unreachable", "timeout", "link-closed"]);
/** A server that restarts loses one link. */
const LOST_LINKS_MAX = 2;

export interface AutoDialOptions {
  readonly dials: Readonly<Record<DialTransport, Dial>>;
  readonly clock: Clock;
  readonly first: DialTransport;
  readonly remembersTransport: boolean;
}

/**
 * Uses the first link that opens. If both transports fail, throws the preferred one's fault. If a
 * transport that has worked before now refuses connections, the server is probably restarting, so
 * the fallback waits for TRANSPORT_REFUSAL_GRACE_MS.
 *
 * A path may open connections and then drop their data, for example behind a firewall or a link
 * with a smaller MTU. A link that receives nothing, or two that are lost within
 * TRANSPORT_PROBATION_MS of opening, therefore let later calls begin with the other transport.
 */
export class AutoDialer {
  #lastWorking: DialTransport | undefined;
  #failingSince: number | undefined;
  /** Transport that opens links but does not carry their data. */
  #avoided: DialTransport | undefined;
  #lostLinks = 0;

  constructor(private readonly options: AutoDialOptions) {}

  readonly dial: Dial = async (options) => {
    const { dials, clock, remembersTransport } = this.options;
    const usual = (remembersTransport ? this.#lastWorking : undefined) ?? this.options.first;
    const first = this.#avoided === undefined ? usual : other(this.#avoided);
    const now = clock.now();
    const isNew =
      this.#failingSince === undefined || now - this.#failingSince < TRANSPORT_REFUSAL_GRACE_MS;
    const waitsForFirst = first === this.#lastWorking && isNew;
    const race = new Race({ dials, clock, first, target: options, waitsForFirst });
    try {
      const { link, transport } = await race.run();
      this.#lastWorking = transport;
      this.#failingSince = undefined;
      const openedAt = clock.now();
      link.failed = (fault) => this.#linkFailed(transport, clock.now() - openedAt, fault);
      return link;
    } catch (error) {
      this.#failingSince ??= now;
      throw error;
    }
  };

  #linkFailed(transport: DialTransport, ageMs: number, { code }: Fault): boolean {
    if (ageMs >= TRANSPORT_PROBATION_MS) this.#lostLinks = 0;
    if (ageMs >= TRANSPORT_PROBATION_MS || !LOST_CODES.has(code)) return false;
    this.#lostLinks = code === "timeout" ? LOST_LINKS_MAX : this.#lostLinks + 1;
    if (this.#lostLinks < LOST_LINKS_MAX) return false;
    const isFirstChange = this.#avoided === undefined;
    this.#lostLinks = 0;
    this.#avoided = transport;
    return isFirstChange;
  }
}

function other(transport: DialTransport): DialTransport {
  return transport === "tcp" ? "udp" : "tcp";
}

interface Winner {
  readonly link: Link;
  readonly transport: DialTransport;
}

interface RaceOptions {
  readonly dials: Readonly<Record<DialTransport, Dial>>;
  readonly clock: Clock;
  readonly first: DialTransport;
  readonly target: DialOptions;
  readonly waitsForFirst: boolean;
}

class Race {
  readonly #transports: DialTransport[];
  readonly #result = Promise.withResolvers<Winner>();
  #running = 0;
  #isSettled = false;
  #failure: Fault | undefined;
  #cancel = () => {};

  constructor(private readonly options: RaceOptions) {
    this.#transports = [options.first, other(options.first)];
  }

  run(): Promise<Winner> {
    this.#dialNext();
    return this.#result.promise;
  }

  #dialNext(): void {
    this.#cancel();
    const transport = this.#transports.shift();
    if (transport === undefined) return;
    const { dials, clock, target } = this.options;
    this.#running += 1;
    dials[transport](target).then(
      (link) => {
        if (this.#isSettled) return link.destroy();
        this.#settle();
        this.#result.resolve({ link, transport });
      },
      (error: unknown) => this.#onFailure(transport, error),
    );
    this.#cancel = clock.after(TRANSPORT_FALLBACK_DELAY_MS, () => this.#dialNext());
  }

  #onFailure(transport: DialTransport, error: unknown): void {
    this.#running -= 1;
    if (this.#isSettled) return;
    if (!(error instanceof Fault) || !FALLBACK_CODES.has(error.code)) {
      this.#settle();
      return this.#result.reject(error);
    }
    const { first, waitsForFirst } = this.options;
    if (transport === first) this.#failure = error;
    if (this.#transports.length > 0 && !waitsForFirst) return this.#dialNext();
    if (this.#running > 0) return;
    this.#settle();
    this.#result.reject(this.#failure);
  }

  #settle(): void {
    this.#isSettled = true;
    this.#cancel();
  }
}
