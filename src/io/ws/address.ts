/** Normalises addresses for comparison. */

import type { Address } from "../link/link.ts";

const MAPPED = "::ffff:";

export function normalizeAddress(host: string, port: number): Address {
  const lowerCase = host.toLowerCase();
  const isMapped = lowerCase.startsWith(MAPPED) && lowerCase.includes(".");
  return { host: isMapped ? lowerCase.slice(MAPPED.length) : lowerCase, port };
}

export function isLoopback(host: string): boolean {
  const { host: lowerCase } = normalizeAddress(host, 0);
  return lowerCase === "localhost" || lowerCase === "::1" || /^127(\.\d{1,3}){3}$/.test(lowerCase);
}
