/** Limits on the number of links per address. */

import {
  LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX,
  LINKS_MAX,
  LINKS_PER_ADDRESS_MAX,
  LINKS_RESERVED,
} from "../../base/limits.ts";

interface Counts {
  unauthenticated: number;
  members: number;
}

export class AddressLimits {
  readonly #counts = new Map<string, Counts>();
  readonly #linksMax: number;
  #links = 0;

  constructor(linksMax = LINKS_MAX) {
    this.#linksMax = linksMax;
  }

  accepts(host: string): boolean {
    // The reserved links are for the operator, who connects from the server's own machine.
    const reserved = isLoopback(host) ? LINKS_RESERVED : 0;
    if (this.#links >= this.#linksMax + reserved) return false;
    const counts = this.#counts.get(addressKey(host));
    if (counts === undefined || isLoopback(host)) return true;
    return (
      counts.unauthenticated < LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX &&
      counts.unauthenticated + counts.members < LINKS_PER_ADDRESS_MAX
    );
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

export function isLoopback(host: string): boolean {
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
