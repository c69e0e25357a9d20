/** The addresses of a server, and the order in which to try them. */

import { asFault } from "../../base/fault.ts";
import {
  ADVERTISED_DIALS_BURST,
  ADVERTISED_DIALS_PER_SECOND,
  CLUSTER_ADDRESSES_MAX,
} from "../../base/limits-cluster.ts";
import { checkHost, mayNameSameMachine } from "../../wire/host.ts";
import { formatAddress, type ServerAddress } from "../../wire/invite.ts";
import { TokenBucket } from "../rate.ts";

export interface ServerAddressesOptions {
  /** Addresses from the user, the best first. */
  readonly configured: readonly [ServerAddress, ...ServerAddress[]];
  /** Addresses from the server in an earlier run. */
  readonly advertised: readonly ServerAddress[];
  /**
   * Address of the last successful connection; tried first, unless the user has just given another.
   */
  readonly last?: ServerAddress | undefined;
  readonly isExplicit: boolean;
  readonly now: number;
  /** From 0 up to, not including, 1: selects the first of the server's addresses to try. */
  readonly chance: number;
}

/** Number of failures that count; beyond that addresses rank equally. */
const FAILURES_MAX = 3;

interface Candidate {
  readonly address: ServerAddress;
  readonly isConfigured: boolean;
  failures: number;
}

/**
 * Addresses of a client's server: from the user, and from the server itself for the rest of its
 * cluster. The latter are unverified: they are dialled at a bounded rate, and not again once a
 * different server has answered there.
 */
export class ServerAddresses {
  readonly #configured: readonly ServerAddress[];
  readonly #chance: number;
  readonly #dialRate: TokenBucket;
  #advertised: readonly ServerAddress[] = [];
  /**
   * Keyed by their text, in the order of attempts. At most twice CLUSTER_ADDRESSES_MAX plus one.
   */
  #candidates = new Map<string, Candidate>();
  #last: ServerAddress | undefined;
  /** No connection has succeeded yet: the user's addresses come first. */
  #isExplicit: boolean;
  /** Addresses where a different server answered. Bounded by `told`. */
  readonly #foreign = new Set<string>();

  constructor({
    configured: given,
    advertised,
    last,
    isExplicit: isNamed,
    now,
    chance,
  }: ServerAddressesOptions) {
    this.#isExplicit = isNamed;
    this.#configured = given.slice(0, CLUSTER_ADDRESSES_MAX);
    this.#chance = chance;
    this.#dialRate = new TokenBucket(ADVERTISED_DIALS_PER_SECOND, ADVERTISED_DIALS_BURST, now);
    this.#last = last;
    this.#advertised = advertised.slice(0, CLUSTER_ADDRESSES_MAX);
    this.#order();
  }

  get advertised(): readonly ServerAddress[] {
    return this.#advertised;
  }

  get last(): ServerAddress | undefined {
    return this.#last;
  }

  isConfigured(address: ServerAddress): boolean {
    return this.#candidates.get(formatAddress(address))?.isConfigured === true;
  }

  /** Addresses to dial, in order: those with the fewest failures first. */
  candidates(): ServerAddress[] {
    return [...this.#candidates.values()]
      .toSorted((a, b) => a.failures - b.failures)
      .map(({ address }) => address);
  }

  mayDial(address: ServerAddress, now: number): boolean {
    return this.isConfigured(address) || this.#dialRate.take(now) === 0;
  }

  /**
   * Stores the cluster's addresses from the server at the address `from`. A server on the internet
   * cannot refer to this machine or to the local network.
   * @returns whether the list changed
   */
  setAdvertised(addresses: readonly ServerAddress[], from: string): boolean {
    const valid = addresses
      .flatMap(canonicalAddress)
      .filter(({ host }) => mayNameSameMachine(from, host))
      .slice(0, CLUSTER_ADDRESSES_MAX);
    const before = this.#advertised.map(formatAddress).join();
    if (valid.map(formatAddress).join() === before) return false;
    this.#advertised = valid;
    for (const text of this.#foreign) {
      if (!valid.some((address) => formatAddress(address) === text)) this.#foreign.delete(text);
    }
    this.#order();
    return true;
  }

  /** Removes the cluster's addresses. @returns whether there were any */
  clearAdvertised(): boolean {
    const hadAddresses = this.#advertised.length > 0;
    this.#advertised = [];
    if (this.#last !== undefined && !this.isConfigured(this.#last)) this.#last = undefined;
    this.#order();
    return hadAddresses;
  }

  /** Records a successful connection. @returns whether the previous one was to another address */
  succeeded(address: ServerAddress): boolean {
    const known = this.#candidates.get(formatAddress(address));
    if (known !== undefined) known.failures = 0;
    const isOther = this.#last === undefined || !isSame(this.#last, address);
    this.#last = address;
    this.#isExplicit = false;
    this.#order();
    return isOther;
  }

  failed(address: ServerAddress): void {
    const known = this.#candidates.get(formatAddress(address));
    if (known !== undefined) known.failures = Math.min(known.failures + 1, FAILURES_MAX);
  }

  markForeign(address: ServerAddress): void {
    if (this.isConfigured(address)) return;
    this.#foreign.add(formatAddress(address));
    this.#order();
  }

  /** Order: the last good one, the user's, then the others from a random start. */
  #order(): void {
    const at = Math.floor(this.#chance * this.#advertised.length);
    const others = [...this.#advertised.slice(at), ...this.#advertised.slice(0, at)];
    const last = this.#last === undefined ? [] : [this.#last];
    const named = this.#isExplicit ? this.#configured.slice(0, 1) : [];
    const configured = new Set(this.#configured.map(formatAddress));
    const before = this.#candidates;
    this.#candidates = new Map();
    for (const address of [...named, ...last, ...this.#configured, ...others]) {
      const text = formatAddress(address);
      if (this.#candidates.has(text) || this.#foreign.has(text)) continue;
      const failures = before.get(text)?.failures ?? 0;
      this.#candidates.set(text, {
        address,
        isConfigured: configured.has(text),
        failures,
      });
    }
  }
}

function isSame(a: ServerAddress, b: ServerAddress): boolean {
  return formatAddress(a) === formatAddress(b);
}

/** Some systems parse such names as IPv4 addresses. */
const HEX_SUFFIX = /(?:^|\.)0x[\da-f]*\.?$/i;

function canonicalAddress({ host, port }: ServerAddress): ServerAddress[] {
  if (port < 1 || port > 65_535 || HEX_SUFFIX.test(host)) return [];
  try {
    return [{ host: checkHost(host, host.includes(":") ? "v6" : "v4-or-name"), port }];
  } catch (error) {
    asFault(error);
    return [];
  }
}
