import {
  CLUSTER_PLACES_MAX,
  SIBLING_FORGET_MS,
  SIBLING_GATHER_MS,
  SIBLING_TELL_EVERY_MS,
  SIBLINGS_MAX,
} from "../../base/limits-cluster.ts";
import type { Clock } from "../../io/clock.ts";
import { meansTheSame } from "../../wire/host.ts";
import { formatPlace, type ServerPlace } from "../../wire/invite.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { Siblings } from "./siblings.ts";

export interface ClusterPlacesOptions {
  readonly clock: Clock;
  readonly siblings: Pick<Siblings, "tell" | "isFollowing">;
  /** Where users reach this server; undefined: not known yet. */
  readonly own: () => ServerPlace | undefined;
  /** Sessions in which an account is in. */
  readonly members: () => Iterable<ClientConnection>;
  /** They are other ones than before, for whoever is interested. */
  readonly changed: (places: readonly ServerPlace[]) => void;
}

interface Sibling {
  readonly place: ServerPlace;
  heardAt: number;
}

/**
 * Where users reach the servers of this cluster: each tells the others, and each tells its own
 * users, who go there when this one is gone.
 */
export class ClusterPlaces {
  readonly #options: ClusterPlacesOptions;
  /** By name. Bounded by SIBLINGS_MAX. */
  readonly #siblings = new Map<string, Sibling>();
  /** As it was told last. */
  #told = "";
  #cancelTick = () => {};
  #cancelTelling: (() => void) | undefined;

  constructor(options: ClusterPlacesOptions) {
    this.#options = options;
  }

  start(): void {
    this.#tick();
  }

  /** Users reach it somewhere from now on. */
  placed(): void {
    this.#tell();
  }

  /** The others hear that users do not reach it here any more. */
  stop(): void {
    this.#cancelTick();
    this.#cancelTelling?.();
    this.#options.siblings.tell({ kind: "place" });
  }

  /** This server first, then those that live, in one order on all servers. */
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

  /** Somebody is in: before anything else is told. */
  entered(client: ClientConnection): void {
    client.tell({ kind: "servers", places: this.#for(client) });
  }

  /** One that writes nothing any more is not where users should go. */
  get #own(): ServerPlace | undefined {
    return this.#options.siblings.isFollowing() ? this.#options.own() : undefined;
  }

  /** What leads nowhere from there is not said. */
  #for({ link }: ClientConnection): ServerPlace[] {
    const means = ({ host }: ServerPlace) => meansTheSame(link.remote.host, host);
    return this.all.filter(means).slice(0, CLUSTER_PLACES_MAX);
  }

  /** What changes in one moment is told once; one who has just come must not wait for our turn. */
  #soon(): void {
    this.#cancelTelling ??= this.#options.clock.after(SIBLING_GATHER_MS, () => {
      this.#cancelTelling = undefined;
      this.#tell();
    });
  }

  #tell(): void {
    const { siblings, members, changed } = this.#options;
    const place = this.#own;
    siblings.tell({ kind: "place", ...(place === undefined ? {} : { place }) });
    const { all } = this;
    const told = all.map(formatPlace).join();
    if (told === this.#told) return;
    this.#told = told;
    changed(all);
    for (const client of members()) this.entered(client);
  }

  #tick(): void {
    const { clock } = this.#options;
    const isSilent = ({ heardAt }: Sibling) => clock.now() - heardAt >= SIBLING_FORGET_MS;
    const silent = [...this.#siblings].filter(([, sibling]) => isSilent(sibling));
    // Who hears nobody is cut off itself, and says nothing of the others.
    if (silent.length < this.#siblings.size) {
      for (const [node] of silent) this.#siblings.delete(node);
    }
    this.#tell();
    this.#cancelTick = clock.after(SIBLING_TELL_EVERY_MS, () => this.#tick());
  }
}
