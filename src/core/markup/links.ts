/** Web addresses in a text. There is no `[text](address)`, so a text cannot hide its target. */

export interface Link {
  /** As typed. */
  readonly text: string;
  readonly href: string;
  /** The host that the browser will contact; absent if the typed authority shows it. */
  readonly host?: string;
}

/** Longer ones are text. */
const LENGTH_MAX = 2_000;
const LINK_TEXT = /^[^\s<>"'`]+/;
/** At the end of an address these belong to the sentence, or to the emphasis around it. */
const TRAILING = ".,:;!?]}*_~";

/**
 * @param at offset of `http://`, `https://` or `www.`
 * @returns the characters consumed; `link` is `undefined` if they are only text
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

function hrefOf(typed: string): URL | undefined {
  const isBare = /^www\./i.test(typed);
  const whole = isBare ? `https://${typed}` : typed;
  if (!URL.canParse(whole)) return undefined;
  const url = new URL(whole);
  const isWeb = url.protocol === "http:" || url.protocol === "https:";
  // A name before the host makes an address look like another one.
  if (!isWeb || url.username !== "" || url.password !== "") return undefined;
  return isBare && !/^www\.[^.]+\../.test(url.hostname) ? undefined : url;
}

/** The authority as typed, in lower case and without its port; browsers treat `\\` as `/`. */
function typedHost(typed: string): string | undefined {
  const authority = /^(?:https?:[/\\]+)?([^/\\?#]*)/i.exec(typed)?.[1];
  return authority?.toLowerCase().replace(/:\d*$/, "");
}

/** Keeps a closing bracket whose opening one is inside the address. */
function trimTrailing(found: string): string {
  let spare = found.split(")").length - found.split("(").length;
  let end = found.length;
  for (; end > 0; end--) {
    const last = found[end - 1] ?? "";
    if (last === ")" && spare > 0) spare--;
    else if (!TRAILING.includes(last)) break;
  }
  return found.slice(0, end);
}
