/** Addresses of the cluster's servers, exchanged between servers and sent to users. */

import {
  CLUSTER_PLACES_MAX,
  SIBLING_FORGET_MS,
  SIBLING_GATHER_MS,
  SIBLING_TELL_EVERY_MS,
  SIBLINGS_MAX,
} from "../../base/limits-cluster.ts";
import { meansTheSame } from "../../wire/host.ts";
import { formatPlace, type ServerPlace } from "../../wire/invite.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { ClientConnection } from "../session/client-connection.ts";

export interface ClusterPlacesOptions extends ServerContext {
  readonly changed: (places: readonly ServerPlace[]) => void;
}

interface Sibling {
  readonly place: ServerPlace;
  heardAt: number;
}

/**
 * Each server sends its address to the others, and all addresses to its own users, who reconnect to
 * another server when this one is gone.
 */
export class ClusterPlaces {
  readonly #options: ClusterPlacesOptions;
  /** By name. Bounded by SIBLINGS_MAX. */
  readonly #siblings = new Map<string, Sibling>();
  /** Addresses as last sent. */
  #told = "";
  #cancelTick = () => {};
  #cancelTelling: (() => void) | undefined;

  constructor(options: ClusterPlacesOptions) {
    this.#options = options;
  }

  start(): void {
    this.#tick();
  }

  /** Users can reach this server at an address from now on. */
  placed(): void {
    this.#tell();
  }

  /** Notifies the others that users can no longer reach this server. */
  stop(): void {
    this.#cancelTick();
    this.#cancelTelling?.();
    this.#options.siblings.tell({ kind: "place" });
  }

  /** This server first, then the other live ones, in the same order on all servers. */
  get all(): readonly ServerPlace[] {
    const own = this.#own;
    const others = new Map<string, ServerPlace>();
    for (const { place } of this.#siblings.values()) others.set(formatPlace(place), place);
    if (own !== undefined) others.delete(formatPlace(own));
    const sorted = [...others].toSorted(([one], [other]) => (one < other ? -1 : 1));
    return [...(own === undefined ? [] : [own]), ...sorted.map(([, place]) => place)];
  }

  heard(node: string, place: ServerPlace | undefined): void {
    const known = this.#siblings.get(node);
    if (place === undefined) {
      if (this.#siblings.delete(node)) this.#soon();
      return;
    }
    if (known === undefined && this.#siblings.size >= SIBLINGS_MAX) return;
    const heardAt = this.#options.clock.now();
    if (known !== undefined && formatPlace(known.place) === formatPlace(place)) {
      known.heardAt = heardAt;
      return;
    }
    this.#siblings.set(node, { place, heardAt });
    this.#soon();
  }

  /** A user has logged in: sends the addresses before anything else. */
  entered(client: ClientConnection): void {
    client.tell({ kind: "servers", places: this.#for(client) });
  }

  /** `undefined` if this server cannot write: users should not go there. */
  get #own(): ServerPlace | undefined {
    return this.#options.siblings.isFollowing() ? this.#options.places()[0] : undefined;
  }

  /** Omits addresses that the client cannot reach. */
  #for({ link }: ClientConnection): ServerPlace[] {
    const means = ({ host }: ServerPlace) => meansTheSame(link.remote.host, host);
    return this.all.filter(means).slice(0, CLUSTER_PLACES_MAX);
  }

  /** Combines simultaneous changes; a new server must not wait for the next regular message. */
  #soon(): void {
    this.#cancelTelling ??= this.#options.clock.after(SIBLING_GATHER_MS, () => {
      this.#cancelTelling = undefined;
      this.#tell();
    });
  }

  #tell(): void {
    const { siblings, peers, changed } = this.#options;
    const place = this.#own;
    siblings.tell({ kind: "place", ...(place === undefined ? {} : { place }) });
    const { all } = this;
    const told = all.map(formatPlace).join();
    if (told === this.#told) return;
    this.#told = told;
    changed(all);
    for (const client of peers.members()) this.entered(client);
  }

  #tick(): void {
    const { clock } = this.#options;
    const isSilent = ({ heardAt }: Sibling) => clock.now() - heardAt >= SIBLING_FORGET_MS;
    const silent = [...this.#siblings].filter(([, sibling]) => isSilent(sibling));
    // A server that hears none of the others is cut off itself, and keeps their addresses.
    if (silent.length < this.#siblings.size) {
      for (const [node] of silent) this.#siblings.delete(node);
    }
    this.#tell();
    this.#cancelTick = clock.after(SIBLING_TELL_EVERY_MS, () => this.#tick());
  }
}
