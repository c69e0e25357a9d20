/** Addresses of a server's machines, as a client uses them over any number of links. */

import type { Fault } from "../base/fault.ts";
import { ServerPlaces } from "../core/client/server-places.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { Link } from "../io/link/link.ts";
import type { KeptPlaces } from "../io/state/client-state.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import { formatPlace, parseServerAddress, type ServerPlace } from "../wire/invite.ts";
import type { LinkEvent } from "./event.ts";
import type { Connection, ServerNotice } from "./link/connection.ts";
import { PlaceDialer } from "./link/place-dialer.ts";
import { SilenceProbe } from "./link/silence-probe.ts";
import type { PlaceStore } from "./ports.ts";

export interface WhereaboutsOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly dial: (place: ServerPlace) => Promise<Link>;
  readonly state: PlaceStore;
  readonly address: string;
  readonly places?: readonly [ServerPlace, ...ServerPlace[]] | undefined;
  readonly kept?: KeptPlaces | undefined;
  readonly isNamed?: boolean | undefined;
}

export class Whereabouts {
  readonly #options: WhereaboutsOptions;
  readonly #places: ServerPlaces;
  readonly #dialer: PlaceDialer;
  /** Address that the user expects. */
  #expected: ServerPlace | undefined;
  #isIn = false;
  /** The server of the current link has sent the addresses of its cluster. */
  #isTold = false;

  constructor(options: WhereaboutsOptions) {
    this.#options = options;
    const { clock, entropy, dial, address, ...known } = options;
    const [byte = 0] = entropy(1);
    const { places: given = [parseServerAddress(address)], kept, isNamed = true } = known;
    const { told, last } = kept ?? { told: [], last: undefined };
    const chance = byte / 256;
    this.#places = new ServerPlaces({ given, told, last, isNamed, now: clock.now(), chance });
    this.#dialer = new PlaceDialer({ clock, dial, places: this.#places });
    [this.#expected] = this.#places.round();
  }

  get ways(): {
    readonly dial: () => Promise<Link>;
    readonly elsewhere: (fault: Fault) => Fault | undefined;
  } {
    return { dial: this.#dialer.dial, elsewhere: (fault) => this.#dialer.elsewhere(fault) };
  }

  get place(): ServerPlace | undefined {
    return this.#dialer.place;
  }

  get told(): readonly ServerPlace[] {
    return this.#places.told;
  }

  found(): void {
    this.#dialer.found();
  }

  /** @returns an event for the user if it is another machine than expected */
  entered(fingerprint: Fingerprint): Extract<LinkEvent, { kind: "elsewhere" }> | undefined {
    const { place } = this.#dialer;
    if (place === undefined) return undefined;
    this.#isIn = true;
    this.#isTold = false;
    const [from, to] = [this.#expected ?? place, place].map(formatPlace);
    this.#expected = place;
    if (this.#places.reached(place) && this.#places.told.length > 0) this.#keep(fingerprint);
    if (from === undefined || to === undefined || from === to) return undefined;
    return { kind: "elsewhere", from, to };
  }

  /** @returns whether the notice was handled here */
  notice(notice: ServerNotice, fingerprint: Fingerprint, connection: Connection): boolean {
    const { remote } = connection.link;
    if (notice.kind === "servers") {
      if (!this.#isTold) this.#watch(connection);
      this.#isTold = true;
      if (this.#places.tell(notice.places, remote.host)) this.#keep(fingerprint);
      return true;
    }
    // A cluster would have sent its addresses by now.
    if (notice.kind === "caught-up" && !this.#isTold && this.#places.forget()) {
      this.#options.state.forgetServerPlaces(fingerprint);
    }
    return false;
  }

  /**
   * Reports that the server of the current link has lost its majority: the others are dialled
   * first.
   * @returns whether there are others
   */
  withoutMajority(): boolean {
    const { place } = this.#dialer;
    if (place !== undefined) this.#places.failed(place);
    return this.#places.round().length > 1;
  }

  /** Handles the loss of a link, or a failed attempt. */
  lost(): void {
    const { place } = this.#dialer;
    if (!this.#isIn && place !== undefined) this.#places.failed(place);
    this.#isIn = false;
  }

  #watch(connection: Connection): void {
    const { clock, dial } = this.#options;
    const { place } = this.#dialer;
    if (place === undefined) return;
    const onSilent = () => this.#places.failed(place);
    new SilenceProbe({ clock, connection, onSilent, dial: () => dial(place) });
  }

  #keep(fingerprint: Fingerprint): void {
    const { told, last } = this.#places;
    this.#options.state.keepServerPlaces(fingerprint, { told, last });
  }
}
