/** Addresses of peers and URLs of requests, normalised for comparison. */

import { tryUrl } from "../../base/decode.ts";
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

/**
 * HTTP/1.0, which proxies use for health checks, does not require a Host header; without one, Bun
 * returns a bare path.
 * @returns `undefined` if the host is invalid
 */
export function requestUrl({ url, headers }: Request): URL | undefined {
  const hasNoHost = (headers.get("host") ?? "") === "";
  const full = url.startsWith("/") && hasNoHost ? `http://localhost${url}` : url;
  return tryUrl(full);
}
