/** Web addresses in a text, bare or as `[text](address)`. */

export interface Link {
  /** As typed. */
  readonly text: string;
  readonly href: string;
  /** The target's host, set only if the text does not show it. */
  readonly host?: string;
  /** True for `[text](address)`, where the text is not the address. */
  readonly isNamed?: true;
}

/** In UTF-16 code units. Longer addresses remain text. */
const LENGTH_MAX = 2_000;
const LINK_TEXT = /^[^\s<>"'`]+/;
/** At the end of an address, these characters belong to the surrounding sentence or emphasis. */
const TRAILING = ".,:;!?]}*_~";

/**
 * @param at offset of `http://`, `https://` or `www.`
 * @returns the consumed characters; `link` is `undefined` if they are plain text
 */
export function linkAt(
  text: string,
  at: number,
): { readonly consumed: string; readonly link: Link | undefined } {
  const found = LINK_TEXT.exec(text.slice(at, at + LENGTH_MAX))?.[0] ?? "";
  const typed = trimTrailing(found);
  const href = hrefOf(typed);
  if (href === undefined) return { consumed: typed, link: undefined };
  const link = { text: typed, href: href.href };
  const isTyped = typedHost(typed) === href.hostname;
  return { consumed: typed, link: isTyped ? link : { ...link, host: href.host } };
}

const NAMED = /\[([^[\]\n]{1,200})\]\((https?:\/\/[^\s()<>"'`]{1,2000})\)/iy;

/** @param at offset of `[` */
export function namedLinkAt(
  text: string,
  at: number,
): { readonly length: number; readonly link: Link } | undefined {
  NAMED.lastIndex = at;
  const [whole, label = "", typed = ""] = NAMED.exec(text) ?? [];
  const href = whole === undefined ? undefined : hrefOf(typed);
  if (whole === undefined || href === undefined || label.trim() === "") return undefined;
  const link: Link = { text: label.trim(), href: href.href, isNamed: true };
  const showsHost = link.text.toLowerCase() === href.host;
  return { length: whole.length, link: showsHost ? link : { ...link, host: href.host } };
}

function hrefOf(typed: string): URL | undefined {
  const isBare = /^www\./i.test(typed);
  const whole = isBare ? `https://${typed}` : typed;
  if (!URL.canParse(whole)) return undefined;
  const url = new URL(whole);
  const isWeb = url.protocol === "http:" || url.protocol === "https:";
  // A user name before the host could make an address look like a different address.
  if (!isWeb || url.username !== "" || url.password !== "") return undefined;
  return isBare && !/^www\.[^.]+\../.test(url.hostname) ? undefined : url;
}

function typedHost(typed: string): string | undefined {
  const authority = /^(?:https?:[/\\]+)?([^/\\?#]*)/i.exec(typed)?.[1];
  return authority?.toLowerCase().replace(/:\d*$/, "");
}

/** Keeps a closing bracket if the address contains the matching opening bracket. */
function trimTrailing(found: string): string {
  let trailing = found.split(")").length - found.split("(").length;
  let end = found.length;
  for (; end > 0; end--) {
    const last = found[end - 1] ?? "";
    if (last === ")" && trailing > 0) trailing--;
    else if (!TRAILING.includes(last)) break;
  }
  return found.slice(0, end);
}
