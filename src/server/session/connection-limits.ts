import {
  LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX,
  LINKS_MAX,
  LINKS_PER_ADDRESS_MAX,
  LINKS_RESERVED,
} from "../../base/limits.ts";

interface Counts {
  entering: number;
  members: number;
}

/** How many links each address holds, before and after log-in. Loopback is this machine: exempt. */
export class Addresses {
  readonly #counts = new Map<string, Counts>(); // At most one entry a link.
  readonly #linksMax: number;
  #links = 0;

  constructor(linksMax = LINKS_MAX) {
    this.#linksMax = linksMax;
  }

  admits(host: string): boolean {
    // The operator can connect from the server's own machine when the server is full.
    const reserved = isLoopback(host) ? LINKS_RESERVED : 0;
    if (this.#links >= this.#linksMax + reserved) return false;
    const counts = this.#counts.get(addressKey(host));
    if (counts === undefined || isLoopback(host)) return true;
    return (
      counts.entering < LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX &&
      counts.entering + counts.members < LINKS_PER_ADDRESS_MAX
    );
  }

  opened(host: string): void {
    this.#links++;
    this.#of(host).entering++;
  }

  entered(host: string): void {
    const counts = this.#of(host);
    counts.entering--;
    counts.members++;
  }

  left(host: string): void {
    const counts = this.#of(host);
    counts.entering++;
    counts.members--;
  }

  closed(host: string, wasMember: boolean): void {
    this.#links--;
    const counts = this.#of(host);
    if (wasMember) counts.members--;
    else counts.entering--;
    if (counts.entering + counts.members === 0) this.#counts.delete(addressKey(host));
  }

  #of(host: string): Counts {
    const key = addressKey(host);
    const counts = this.#counts.get(key) ?? { entering: 0, members: 0 };
    this.#counts.set(key, counts);
    return counts;
  }
}

export function isLoopback(host: string): boolean {
  return host === "::1" || addressKey(host).startsWith("127.");
}

/** The key by which clients of one address share their turns before log-in. */
export function addressSender(host: string): string {
  return `address:${addressKey(host)}`;
}

/** An IPv4 address as systems with both families spell it. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** IPv4 whole; IPv6 by its /64, since one person owns all of that. */
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
