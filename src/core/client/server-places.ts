/** The addresses of a server, and the order in which to try them. */

import { asFault } from "../../base/fault.ts";
import {
  CLUSTER_PLACES_MAX,
  TOLD_DIALS_BURST,
  TOLD_DIALS_PER_SECOND,
} from "../../base/limits-cluster.ts";
import { checkHost, meansTheSame } from "../../wire/host.ts";
import { formatPlace, type ServerPlace } from "../../wire/invite.ts";
import { TokenBucket } from "../rate.ts";

export interface ServerPlacesOptions {
  /** Where the user says that it is, the best first. */
  readonly given: readonly [ServerPlace, ...ServerPlace[]];
  /** What it has told an earlier run. */
  readonly told: readonly ServerPlace[];
  /** Where an earlier run was in last; it comes first, unless the user has named another now. */
  readonly last?: ServerPlace | undefined;
  readonly isNamed: boolean;
  readonly now: number;
  /** From 0 up to, not including, 1: where to begin with what was told. */
  readonly chance: number;
}

/** Failures that count; beyond that one place is as bad as another. */
const FAILURES_MAX = 3;

interface Known {
  readonly place: ServerPlace;
  readonly isGiven: boolean;
  failures: number;
}

/**
 * Where a client's server is: as the user says, and as the server itself says of the others of its
 * cluster. What was told is that server's word alone: it is dialled at a bounded pace, and not
 * again once another server has answered there.
 */
export class ServerPlaces {
  readonly #given: readonly ServerPlace[];
  readonly #chance: number;
  readonly #pace: TokenBucket;
  #told: readonly ServerPlace[] = [];
  /** By their text, in the order in which they are tried. Twice CLUSTER_PLACES_MAX, and one. */
  #known = new Map<string, Known>();
  #last: ServerPlace | undefined;
  /** Nobody was in anywhere yet: the user's word comes first. */
  #isNamed: boolean;
  /** Another server has answered there. Bounded by what was told. */
  readonly #foreign = new Set<string>();

  constructor({ given, told, last, isNamed, now, chance }: ServerPlacesOptions) {
    this.#isNamed = isNamed;
    this.#given = given.slice(0, CLUSTER_PLACES_MAX);
    this.#chance = chance;
    this.#pace = new TokenBucket(TOLD_DIALS_PER_SECOND, TOLD_DIALS_BURST, now);
    this.#last = last;
    this.#told = told.slice(0, CLUSTER_PLACES_MAX);
    this.#order();
  }

  /** As the server has said it last. */
  get told(): readonly ServerPlace[] {
    return this.#told;
  }

  get last(): ServerPlace | undefined {
    return this.#last;
  }

  /** Whether the user has named it. */
  isGiven(place: ServerPlace): boolean {
    return this.#known.get(formatPlace(place))?.isGiven === true;
  }

  /** What to dial, one after the other: those first that have failed least. */
  round(): ServerPlace[] {
    return [...this.#known.values()]
      .toSorted((one, other) => one.failures - other.failures)
      .map(({ place }) => place);
  }

  /** Asked before each attempt. */
  mayDial(place: ServerPlace, now: number): boolean {
    return this.isGiven(place) || this.#pace.take(now) === 0;
  }

  /**
   * The server that was met at the address `from` says where its cluster is. One out in the world
   * cannot mean this machine, or a machine of this network.
   * @returns whether that is something else than before
   */
  tell(places: readonly ServerPlace[], from: string): boolean {
    const sound = places
      .flatMap(soundPlace)
      .filter(({ host }) => meansTheSame(from, host))
      .slice(0, CLUSTER_PLACES_MAX);
    const before = this.#told.map(formatPlace).join();
    if (sound.map(formatPlace).join() === before) return false;
    this.#told = sound;
    for (const text of this.#foreign) {
      if (!sound.some((place) => formatPlace(place) === text)) this.#foreign.delete(text);
    }
    this.#order();
    return true;
  }

  /** The server tells of no cluster any more. @returns whether it did before */
  forget(): boolean {
    const had = this.#told.length > 0;
    this.#told = [];
    if (this.#last !== undefined && !this.isGiven(this.#last)) this.#last = undefined;
    this.#order();
    return had;
  }

  /** In there. @returns whether an earlier run, or link, was elsewhere */
  reached(place: ServerPlace): boolean {
    const known = this.#known.get(formatPlace(place));
    if (known !== undefined) known.failures = 0;
    const isOther = this.#last === undefined || !isSame(this.#last, place);
    this.#last = place;
    this.#isNamed = false;
    this.#order();
    return isOther;
  }

  failed(place: ServerPlace): void {
    const known = this.#known.get(formatPlace(place));
    if (known !== undefined) known.failures = Math.min(known.failures + 1, FAILURES_MAX);
  }

  /** Another server answers there. */
  foreign(place: ServerPlace): void {
    if (this.isGiven(place)) return;
    this.#foreign.add(formatPlace(place));
    this.#order();
  }

  /** The last good one, then what the user said, then the others, from anywhere among them. */
  #order(): void {
    const at = Math.floor(this.#chance * this.#told.length);
    const others = [...this.#told.slice(at), ...this.#told.slice(0, at)];
    const last = this.#last === undefined ? [] : [this.#last];
    const named = this.#isNamed ? this.#given.slice(0, 1) : [];
    const given = new Set(this.#given.map(formatPlace));
    const before = this.#known;
    this.#known = new Map();
    for (const place of [...named, ...last, ...this.#given, ...others]) {
      const text = formatPlace(place);
      if (this.#known.has(text) || this.#foreign.has(text)) continue;
      const failures = before.get(text)?.failures ?? 0;
      this.#known.set(text, { place, isGiven: given.has(text), failures });
    }
  }
}

function isSame(one: ServerPlace, other: ServerPlace): boolean {
  return formatPlace(one) === formatPlace(other);
}

/** What some systems read as an address of IPv4, though it looks like a name. */
const NUMBER_AT_END = /(?:^|\.)0x[\da-f]*\.?$/i;

/** As a user might have typed it; else nothing. */
function soundPlace({ host, port }: ServerPlace): ServerPlace[] {
  if (port < 1 || port > 65_535 || NUMBER_AT_END.test(host)) return [];
  try {
    return [{ host: checkHost(host, host.includes(":") ? "v6" : "v4-or-name"), port }];
  } catch (error) {
    asFault(error);
    return [];
  }
}
