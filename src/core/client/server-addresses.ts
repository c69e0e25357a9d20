/** Addresses of a server, and the order in which a client tries them. */

import { unlessFault } from "../../base/fault.ts";
import {
  ADVERTISED_DIALS_BURST,
  ADVERTISED_DIALS_PER_SECOND,
  CLUSTER_ADDRESSES_MAX,
} from "../../base/limits-cluster.ts";
import { checkHost, isOnSite, mayNameSameMachine } from "../../wire/host.ts";
import { formatAddress, type ServerAddress } from "../../wire/invite.ts";
import { TokenBucket } from "../rate.ts";

export interface ServerAddressesOptions {
  readonly configured: readonly [ServerAddress, ...ServerAddress[]];
  readonly advertised: readonly ServerAddress[];
  /**
   * Address of the last successful connection. Tried first, unless the user has just provided a
   * different address.
   */
  readonly last?: ServerAddress | undefined;
  readonly isExplicit: boolean;
  readonly now: number;
  readonly chance: number;
}

/** Addresses with at least this many failures rank equally. */
const FAILURES_MAX = 3;

interface Candidate {
  readonly address: ServerAddress;
  readonly isConfigured: boolean;
  failures: number;
}

/**
 * Addresses provided by the user, advertised by the server for its cluster, or discovered on the
 * LAN. Only the first are verified: the client dials the others at a limited rate, and never again
 * after a different server has answered at one of them.
 */
export class ServerAddresses {
  readonly #configured: readonly ServerAddress[];
  readonly #chance: number;
  readonly #dialRate: TokenBucket;
  #advertised: readonly ServerAddress[] = [];
  #discovered: readonly ServerAddress[] = [];
  #candidates = new Map<string, Candidate>();
  #last: ServerAddress | undefined;
  #isExplicit: boolean;
  readonly #foreign = new Set<string>();

  constructor({
    configured,
    advertised,
    last,
    isExplicit: isExplicitAddress,
    now,
    chance,
  }: ServerAddressesOptions) {
    this.#isExplicit = isExplicitAddress;
    this.#configured = configured.slice(0, CLUSTER_ADDRESSES_MAX);
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

  /** Whether the server may have moved to another address on the LAN. */
  get mayMove(): boolean {
    return this.#configured.some(({ host }) => isOnSite(host));
  }

  isConfigured(address: ServerAddress): boolean {
    return this.#candidates.get(formatAddress(address))?.isConfigured === true;
  }

  candidates(): ServerAddress[] {
    return [...this.#candidates.values()]
      .toSorted((a, b) => a.failures - b.failures)
      .map(({ address }) => address);
  }

  canDial(address: ServerAddress, now: number): boolean {
    return this.isConfigured(address) || this.#dialRate.take(now) === 0;
  }

  /**
   * Stores the cluster's addresses, sent by the server at `from`. An internet server may not
   * advertise addresses of this machine or the local network.
   * @returns true if the list changed
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

  isDiscovered(address: ServerAddress): boolean {
    const text = formatAddress(address);
    return this.#discovered.some((known) => formatAddress(known) === text);
  }

  /** Adds an address that announces the server's fingerprint. @returns false if it is known */
  addDiscovered(address: ServerAddress): boolean {
    if (this.isKnown(address)) return false;
    this.#discovered = [address, ...this.#discovered].slice(0, CLUSTER_ADDRESSES_MAX);
    this.#order();
    return true;
  }

  isKnown(address: ServerAddress): boolean {
    const text = formatAddress(address);
    return this.#candidates.has(text) || this.#foreign.has(text);
  }

  clearAdvertised(): boolean {
    const hadAddresses = this.#advertised.length > 0;
    const wasAdvertised = (last: ServerAddress) =>
      this.#advertised.some((address) => formatAddress(address) === formatAddress(last));
    if (this.#last !== undefined && !this.isConfigured(this.#last) && wasAdvertised(this.#last))
      this.#last = undefined;
    this.#advertised = [];
    this.#order();
    return hadAddresses;
  }

  succeeded(address: ServerAddress): boolean {
    const text = formatAddress(address);
    const known = this.#candidates.get(text);
    if (known !== undefined) known.failures = 0;
    const hasChanged = this.#last === undefined || formatAddress(this.#last) !== text;
    this.#last = address;
    this.#isExplicit = false;
    this.#order();
    return hasChanged;
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

  #order(): void {
    const at = Math.floor(this.#chance * this.#advertised.length);
    const others = [...this.#advertised.slice(at), ...this.#advertised.slice(0, at)];
    const last = this.#last === undefined ? [] : [this.#last];
    const named = this.#isExplicit ? this.#configured.slice(0, 1) : [];
    const configured = new Set(this.#configured.map(formatAddress));
    const before = this.#candidates;
    this.#candidates = new Map();
    const unverified = [...this.#discovered, ...others];
    for (const address of [...named, ...last, ...this.#configured, ...unverified]) {
      const text = formatAddress(address);
      if (this.#candidates.has(text) || this.#foreign.has(text)) continue;
      const failures = before.get(text)?.failures ?? 0;
      this.#candidates.set(text, { address, isConfigured: configured.has(text), failures });
    }
  }
}

/** Some systems parse a name that ends in a hexadecimal number as an IPv4 address. */
const HEX_SUFFIX = /(?:^|\.)0x[\da-f]*\.?$/i;

function canonicalAddress({ host, port }: ServerAddress): ServerAddress[] {
  if (port < 1 || port > 65_535 || HEX_SUFFIX.test(host)) return [];
  const kind = host.includes(":") ? "v6" : "v4-or-name";
  const checked = unlessFault(() => checkHost(host, kind));
  return checked === undefined ? [] : [{ host: checked, port }];
}
