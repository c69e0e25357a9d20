import { isName } from "../../base/names.ts";

/** What the page's address names: a room or a person, and perhaps one message there. */
export interface Route {
  /** As posts and requests name it: `lobby`, `@bob`. */
  readonly target: string;
  readonly seq: number | undefined;
}

/** In addresses that programs have written anew, `@` may be `%40`. */
const ROUTE = /^#\/(@|%40)?([^/]+)(?:\/(\d{1,16}))?\/?$/i;

/** Only these stay in the address. Anything else behind `#` may be a secret. */
export function isRouteHash(hash: string): boolean {
  return hash.startsWith("#/");
}

/**
 * `#/lobby`, `#/lobby/184`, `#/@ana`, `#/@ana/184`. A room's name is no number alone, so that the
 * second part is always a message.
 * @param hash written by a stranger, as it may be
 * @returns undefined: it names nothing
 */
export function readRoute(hash: string): Route | undefined {
  const [, at, name = "", digits = ""] = ROUTE.exec(hash) ?? [];
  if (!isName(name)) return undefined;
  const seq = Number(digits);
  const isSeq = Number.isSafeInteger(seq) && seq > 0;
  return { target: at === undefined ? name : `@${name}`, seq: isSeq ? seq : undefined };
}

/** Names have only characters that stand in addresses as they are. */
export function formatRoute({ target, seq }: Route): string {
  return seq === undefined ? `#/${target}` : `#/${target}/${seq}`;
}
