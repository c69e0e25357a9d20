/** Dialling of a server with several addresses. */

import { Fault, msg } from "../../base/fault.ts";
import { NEXT_ADDRESS_DELAY_MS } from "../../base/limits-cluster.ts";
import type { ServerPlaces } from "../../core/client/server-places.ts";
import type { Clock } from "../../io/clock.ts";
import type { Link } from "../../io/link/link.ts";
import { formatPlace, type ServerPlace } from "../../wire/invite.ts";
import { isPassing } from "./retry.ts";

export interface PlaceDialerOptions {
  readonly clock: Pick<Clock, "now" | "after">;
  readonly places: ServerPlaces;
  /** Makes one attempt to reach that address. @throws {Fault} unreachable, timeout, port-taken */
  readonly dial: (place: ServerPlace) => Promise<Link>;
}

/**
 * Dials the next address as soon as one fails, and in parallel if one has not answered within
 * NEXT_ADDRESS_DELAY_MS. The first link wins. If none connects, the fault is that of the first
 * address.
 */
export class PlaceDialer {
  readonly #options: PlaceDialerOptions;
  /** Addresses not tried yet, while it is unknown whether the last link is of use. */
  #left: readonly ServerPlace[] = [];
  #place: ServerPlace | undefined;

  constructor(options: PlaceDialerOptions) {
    this.#options = options;
  }

  /** Address of the last dialled link. */
  get place(): ServerPlace | undefined {
    return this.#place;
  }

  /** @throws {Fault} the fault of the first address */
  readonly dial = async (): Promise<Link> => {
    if (this.#left.length === 0) this.#left = this.#options.places.round();
    const race = new Race(this.#options, this.#left);
    this.#left = [];
    this.#place = undefined;
    const { place, link } = await race.run();
    this.#place = place;
    this.#left = race.untried(place);
    return link;
  };

  /**
   * Reports that the last dialled link was of no use. At an address that the server sent, anything
   * may answer: its faults are not the server's. Faults at an address that the user gave are
   * reported.
   * @returns the fault to report; `undefined` if another address remains to `dial`
   */
  elsewhere(fault: Fault): Fault | undefined {
    const { places } = this.#options;
    const place = this.#place;
    if (place === undefined || fault.code.startsWith("store-")) return fault;
    const isGiven = places.isGiven(place);
    if (fault.code === "fingerprint-changed" && !isGiven) places.foreign(place);
    else places.failed(place);
    if (isGiven && !isPassing(fault)) return fault;
    if (this.#left.length > 0) return undefined;
    if (isGiven) return fault;
    const sentence = msg`at ${formatPlace(place)} the server does not answer`;
    return new Fault("unreachable", sentence, { cause: fault });
  }

  /** Reports that the server has proved its identity there: the next dial starts a new round. */
  found(): void {
    this.#left = [];
  }
}

interface Won {
  readonly place: ServerPlace;
  readonly link: Link;
}

class Race {
  readonly #options: PlaceDialerOptions;
  readonly #waiting: ServerPlace[];
  readonly #failed = new Set<ServerPlace>();
  readonly #places: readonly ServerPlace[];
  readonly #result = Promise.withResolvers<Won>();
  #running = 0;
  #isOver = false;
  #failure: Fault | undefined;
  #cancel = () => {};

  constructor(options: PlaceDialerOptions, places: readonly ServerPlace[]) {
    this.#options = options;
    this.#places = places;
    this.#waiting = [...places];
  }

  run(): Promise<Won> {
    this.#next();
    return this.#result.promise;
  }

  untried(won: ServerPlace): ServerPlace[] {
    return this.#places.filter((place) => place !== won && !this.#failed.has(place));
  }

  #next(): void {
    const { clock, places, dial } = this.#options;
    this.#cancel();
    const place = this.#waiting.shift();
    if (place === undefined) return this.#endIfVain();
    if (!places.mayDial(place, clock.now())) return this.#next();
    this.#running++;
    dial(place).then(
      (link) => {
        this.#running--;
        if (this.#isOver) return link.destroy(); // Another address was faster.
        this.#settle();
        this.#result.resolve({ place, link });
      },
      (error: unknown) => {
        this.#running--;
        this.#failedAt(place, error);
      },
    );
    this.#cancel = clock.after(NEXT_ADDRESS_DELAY_MS, () => this.#next());
  }

  #failedAt(place: ServerPlace, error: unknown): void {
    if (!(error instanceof Fault)) {
      this.#settle();
      return this.#result.reject(error);
    }
    this.#failed.add(place);
    if (this.#isOver) return;
    this.#options.places.failed(place);
    if (place === this.#places[0]) this.#failure = error;
    this.#failure ??= error;
    this.#next();
  }

  #endIfVain(): void {
    if (this.#isOver || this.#running > 0) return;
    this.#settle();
    this.#result.reject(this.#failure ?? new Fault("unreachable", "there is no place to dial now"));
  }

  #settle(): void {
    this.#isOver = true;
    this.#cancel();
  }
}
