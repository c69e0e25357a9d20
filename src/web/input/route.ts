/** Routes: a room or user, and perhaps a message, in the page's address. */

import { isName } from "../../base/names.ts";

export interface Route {
  /** As in posts and requests: `lobby`, `@bob`. */
  readonly target: string;
  readonly seq: number | undefined;
}

/** Accepts `%40` for `@`, because some programs encode it. */
const ROUTE = /^#\/(@|%40)?([^/]+)(?:\/(\d{1,16}))?\/?$/i;

/**
 * Reports whether the hash is a route. Only routes stay in the address; other hashes may be
 * secrets.
 */
export function isRouteHash(hash: string): boolean {
  return hash.startsWith("#/");
}

/**
 * Parses `#/lobby`, `#/lobby/184`, `#/@ana`, `#/@ana/184`. A room's name is never only digits, so
 * the second part is always a message.
 * @param hash untrusted
 * @returns `undefined` if it names nothing
 */
export function readRoute(hash: string): Route | undefined {
  const [, at, name = "", digits = ""] = ROUTE.exec(hash) ?? [];
  if (!isName(name)) return undefined;
  const seq = Number(digits);
  const isSeq = Number.isSafeInteger(seq) && seq > 0;
  return { target: at === undefined ? name : `@${name}`, seq: isSeq ? seq : undefined };
}

/** Formats a route. Names contain only URL-safe characters. */
export function formatRoute({ target, seq }: Route): string {
  return seq === undefined ? `#/${target}` : `#/${target}/${seq}`;
}
