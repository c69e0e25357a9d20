/** Routes: a room or user, and optionally a message, in the page's address. */

import { isName } from "../../base/names.ts";

export interface Route {
  readonly target: string;
  readonly seq: number | undefined;
}

/** Accepts `%40` for `@`, because some programs encode it. */
const ROUTE = /^#\/(@|%40)?([^/]+)(?:\/(\d{1,16}))?\/?$/i;

/** Any other hash may be a secret, so the page removes it from the address. */
export function isRouteHash(hash: string): boolean {
  return hash.startsWith("#/");
}

/**
 * Parses `#/lobby`, `#/lobby/184`, `#/@ana`, `#/@ana/184`. The second segment is always a message,
 * because room names never consist of digits only.
 * @returns `undefined` if the hash is not a route
 */
export function readRoute(hash: string): Route | undefined {
  const [, at, name = "", digits = ""] = ROUTE.exec(hash) ?? [];
  if (!isName(name)) return undefined;
  const seq = Number(digits);
  const isSeq = Number.isSafeInteger(seq) && seq > 0;
  return { target: at === undefined ? name : `@${name}`, seq: isSeq ? seq : undefined };
}

/** Names contain only URL-safe characters, so no encoding is needed. */
export function formatRoute({ target, seq }: Route): string {
  return seq === undefined ? `#/${target}` : `#/${target}/${seq}`;
}
