/** Addresses of a host, and the attempts to connect to them in turn. */

import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { withTimeout } from "../clock.ts";

/** Both families of a host with two networks. */
const ADDRESSES_MAX = 4;
/** Names that were resolved for a dial are in the system's cache. */
const RESOLVE_AGAIN_MS = 500;

const LOCALHOST = /^(?:.+\.)?localhost\.?$/i;
const LOOPBACK: readonly LookupAddress[] = [
  { address: "127.0.0.1", family: 4 },
  { address: "::1", family: 6 },
];

/**
 * Returns the addresses of the system's resolver. Containers without /etc/hosts do not resolve
 * `localhost`, which means this machine everywhere (RFC 6761, section 6.3).
 * @throws {Error} with the resolver's code
 */
export async function lookupHost(host: string): Promise<readonly LookupAddress[]> {
  try {
    return await lookup(host, { all: true });
  } catch (error) {
    if (LOCALHOST.test(host)) return LOOPBACK;
    throw error;
  }
}

/**
 * Returns at most ADDRESSES_MAX addresses.
 * @throws {Error} with the resolver's code
 */
export async function resolveAddresses(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  const found = alternateFamilies(await lookupHost(host));
  if (found.length === 0) throw Object.assign(new Error("no address"), { code: "ENOTFOUND" });
  return found.slice(0, ADDRESSES_MAX);
}

/**
 * Returns the addresses in the resolver's order, but with alternating families, because a network
 * often carries only one of them (RFC 8305, section 4).
 * @internal
 */
export function alternateFamilies(found: readonly LookupAddress[]): string[] {
  const preferred = found[0]?.family;
  const queues = [
    found.filter(({ family }) => family === preferred),
    found.filter(({ family }) => family !== preferred),
  ];
  return found.flatMap((_, i) => queues.flatMap((queue) => queue[i]?.address ?? []));
}

/** Reports whether the resolver answers, for the message about a dial that timed out. */
export async function resolves(host: string): Promise<boolean> {
  const answered = resolveAddresses(host).then(
    () => true,
    () => true,
  );
  return await withTimeout(answered, RESOLVE_AGAIN_MS, () => false);
}

/**
 * Connects to the first address that answers. Each address gets an equal share of the remaining
 * time, so that one that never answers leaves time for the next.
 * @param connect rejects after the time that it is given
 * @throws the failure of the last address
 */
export async function connectInTurn<Connected>(
  addresses: readonly string[],
  timeoutMs: number,
  connect: (address: string, timeoutMs: number) => Promise<Connected>,
): Promise<Connected> {
  const until = performance.now() + timeoutMs;
  let failure: unknown;
  for (const [i, address] of addresses.entries()) {
    const shareMs = (until - performance.now()) / (addresses.length - i);
    if (shareMs <= 0) break;
    try {
      return await connect(address, shareMs);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
