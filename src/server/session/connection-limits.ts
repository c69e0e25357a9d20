/** Limits on the links per address and on HTTP requests. */

import {
  FLOODERS_MAX,
  HTTP_REQUESTS_BURST,
  HTTP_REQUESTS_PER_SECOND,
  HTTP_REQUESTS_PER_TURN_MAX,
  HTTP_REQUESTS_PIPELINED_MAX,
  LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX,
  LINKS_MAX,
  LINKS_PER_ADDRESS_SHARE,
  LINKS_RESERVED,
} from "../../base/limits.ts";
import { TokenBuckets } from "../../core/rate.ts";
import type { Clock } from "../../io/clock.ts";
import type { Address } from "../../io/link/link.ts";

interface Counts {
  unauthenticated: number;
  members: number;
}

/** Limit that a link exceeds: of the server, of its address, before a log-in, or of a flood. */
export type LinkRefusal = "server" | "address" | "logins" | "flood";

export interface AddressLimitsOptions {
  readonly linksMax?: number | undefined;
  readonly perAddressMax?: number | undefined;
  readonly beforeLoginMax?: number | undefined;
}

/**
 * Accounts pay for their own links, so that a whole site may be behind one address. It leaves some
 * links to others.
 */
export class AddressLimits {
  readonly #counts = new Map<string, Counts>();
  readonly #max: Readonly<Record<LinkRefusal, number>>;
  #links = 0;

  constructor({ linksMax = LINKS_MAX, perAddressMax, beforeLoginMax }: AddressLimitsOptions = {}) {
    this.#max = {
      server: linksMax,
      address: perAddressMax ?? Math.floor(linksMax * LINKS_PER_ADDRESS_SHARE),
      logins: beforeLoginMax ?? LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX,
      flood: 0,
    };
  }

  /** Returns the limit that prevents another link of the address. */
  refusalOf(host: string): LinkRefusal | undefined {
    const isOwn = isOwnHost(host);
    // The reserved links are for the operator, who connects from the server's own machine.
    if (this.#links >= this.#max.server + (isOwn ? LINKS_RESERVED : 0)) return "server";
    const counts = this.#counts.get(addressKey(host));
    if (counts === undefined || isOwn) return undefined;
    const { unauthenticated, members } = counts;
    if (unauthenticated + members >= this.#max.address) return "address";
    return unauthenticated >= this.#max.logins ? "logins" : undefined;
  }

  max(refusal: LinkRefusal): number {
    return this.#max[refusal];
  }

  opened(host: string): void {
    this.#links++;
    this.#of(host).unauthenticated++;
  }

  loggedIn(host: string): void {
    const counts = this.#of(host);
    counts.unauthenticated--;
    counts.members++;
  }

  loggedOut(host: string): void {
    const counts = this.#of(host);
    counts.unauthenticated++;
    counts.members--;
  }

  moved(from: string, to: string, isMember: boolean): void {
    this.closed(from, isMember);
    this.opened(to);
    if (isMember) this.loggedIn(to);
  }

  closed(host: string, wasMember: boolean): void {
    this.#links--;
    const counts = this.#of(host);
    if (wasMember) counts.members--;
    else counts.unauthenticated--;
    if (counts.unauthenticated + counts.members === 0) this.#counts.delete(addressKey(host));
  }

  #of(host: string): Counts {
    const key = addressKey(host);
    const counts = this.#counts.get(key) ?? { unauthenticated: 0, members: 0 };
    this.#counts.set(key, counts);
    return counts;
  }
}

export function isOwnHost(host: string): boolean {
  return host === "::1" || addressKey(host).startsWith("127.");
}

export function addressSender(host: string): string {
  return `address:${addressKey(host)}`;
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * Returns an IPv4 address, or the /64 of an IPv6 address, because a single user controls a whole
 * /64.
 */
export function addressKey(host: string): string {
  if (!host.includes(":")) return host;
  const mapped = MAPPED.exec(host)?.[1];
  if (mapped !== undefined) return mapped;
  const [left = "", right = ""] = host.split("::");
  const head = left.split(":").filter((group) => group !== "");
  const tail = right.split(":").filter((group) => group !== "");
  const zeros = Math.max(0, 8 - head.length - tail.length);
  const groups = host.includes("::") ? [...head, ...Array(zeros).fill("0"), ...tail] : head;
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}

export class RequestRateLimiter {
  readonly #inTurn = new Map<string, number>();
  #countInTurn = 0;
  readonly #buckets = new TokenBuckets(HTTP_REQUESTS_PER_SECOND, HTTP_REQUESTS_BURST, FLOODERS_MAX);

  constructor(private readonly clock: Pick<Clock, "now" | "after">) {}

  allows({ host, port }: Address): boolean {
    if (this.#countInTurn === 0) this.clock.after(0, () => this.#endTurn());
    if (this.#countInTurn >= HTTP_REQUESTS_PER_TURN_MAX) return false;
    this.#countInTurn++;
    const connection = `${host} ${port}`;
    const count = (this.#inTurn.get(connection) ?? 0) + 1;
    this.#inTurn.set(connection, count);
    if (count > HTTP_REQUESTS_PIPELINED_MAX) return false;
    // Loopback is exempt, because a local proxy forwards all clients from that address.
    const now = this.clock.now();
    return isOwnHost(host) || this.#buckets.of(addressKey(host), now).take(now) === 0;
  }

  #endTurn(): void {
    this.#inTurn.clear();
    this.#countInTurn = 0;
  }
}
