/** Normalizes addresses for comparison. */

import type { Address } from "../link/link.ts";

const MAPPED = "::ffff:";

/** Normalizes an address: an IPv4 client of an IPv6 socket is an IPv4 client. */
export function normalAddress(host: string, port: number): Address {
  const plain = host.toLowerCase();
  const isMapped = plain.startsWith(MAPPED) && plain.includes(".");
  return { host: isMapped ? plain.slice(MAPPED.length) : plain, port };
}

/** Reports whether a host is this machine, so that no other machine sees the bytes. */
export function isLoopback(host: string): boolean {
  const { host: plain } = normalAddress(host, 0);
  return plain === "localhost" || plain === "::1" || /^127(\.\d{1,3}){3}$/.test(plain);
}
