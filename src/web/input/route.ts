/** Routes: a room or user, and optionally a message, in the page's address. */

import { boxNames, isName } from "../../base/names.ts";

export interface PageRoute {
  readonly target: string;
  readonly seq: number | undefined;
  /** Tag of the server to which a copied link belongs. */
  readonly server?: string | undefined;
}

/** 60 bits, so that tags of two servers differ. A forged tag only opens a message here. */
const TAG_LENGTH = 10;

/** Accepts `%40` for `@`, because some programs encode it. */
const ROUTE = /^#\/(@|%40)?([^/]+)(?:\/(\d{1,16})(?:\/([\w-]{10}))?)?\/?$/i;

/** Opens the dialog about the server's root certificate, also before login. */
export const TRUST_HASH = "#trust";

/** Address of the help, and of a question or tab in it. */
export const HELP_HASH = /^#help(?:\/([a-z]{1,40}))?$/i;

/** Any other hash may be a secret, so the page removes it from the address. */
export function isRouteHash(hash: string): boolean {
  return hash.startsWith("#/") || hash === TRUST_HASH || HELP_HASH.test(hash);
}

/**
 * Parses `#/lobby`, `#/lobby/184`, `#/lobby/184/TAG`, `#/@ana`, `#/@ana/184`. The second segment is
 * always a message, because room names never consist of digits only.
 * @returns `undefined` if the hash is not a route
 */
export function readRoute(hash: string): PageRoute | undefined {
  const [, at, name = "", digits = "", server] = ROUTE.exec(hash) ?? [];
  const isBox = at === undefined && boxNames(name) !== undefined;
  if (!isName(name) && !isBox) return undefined;
  const seq = Number(digits);
  const isSeq = Number.isSafeInteger(seq) && seq > 0;
  return { target: at === undefined ? name : `@${name}`, seq: isSeq ? seq : undefined, server };
}

/** Names contain only URL-safe characters, so no encoding is needed. */
export function formatRoute({ target, seq, server }: PageRoute): string {
  const segments = [target, seq, server].filter((segment) => segment !== undefined);
  return `#/${segments.join("/")}`;
}

/** @param fingerprint with or without its prefix */
export function serverTag(fingerprint: string): string {
  return fingerprint.replace("SHA256:", "").slice(0, TAG_LENGTH);
}

export type PageAddress = Pick<URL, "origin" | "pathname">;

/**
 * Returns the route of a link to a message on this server, whose address may be unknown here.
 * @param page address of this page
 */
export function linkedRoute(
  href: string,
  page: PageAddress,
  fingerprint: string,
): PageRoute | undefined {
  const url = URL.parse(href);
  const { server, ...route } = readRoute(url?.hash ?? "") ?? { target: "", seq: undefined };
  if (url === null || route.target === "" || url.search !== "") return undefined;
  if (server !== undefined) return server === serverTag(fingerprint) ? route : undefined;
  return url.origin === page.origin && url.pathname === page.pathname ? route : undefined;
}

const LINK = /https?:\/\/[^\s#]{1,300}#\/[^\s/]{1,40}\/\d{1,16}(?:\/[\w-]{10})?/gi;
const LINKS_MAX = 3;

/** Returns the first messages on this server to which a text has links. */
export function linkedMessages(text: string, page: PageAddress, fingerprint: string): PageRoute[] {
  const routes = [...text.matchAll(LINK)]
    .slice(0, LINKS_MAX)
    .flatMap(([href]) => linkedRoute(href, page, fingerprint) ?? []);
  return [...new Map(routes.map((route) => [formatRoute(route), route])).values()];
}

/**
 * Returns the fragment that opens a target as an account of this browser.
 * @param target empty for the place that opens first
 */
export function accountHash(user: string, target: string): string {
  return `#as=${user}/${target}`;
}

/** @returns `undefined` if the fragment names no account */
export function readAccountHash(hash: string): { user: string; route: string } | undefined {
  const [, user = "", target = ""] = /^#as=([^/]+)\/(.*)$/s.exec(hash) ?? [];
  return isName(user) ? { user, route: target && `#/${target}` } : undefined;
}
